/* What the agent reports of itself and of all extensions: WindowsAzure/Logs/AggregateStatus/aggregatestatus*.json
 *
 *   {"version":"1.1","timestampUTC":"2018-09-21T02:56:40Z","aggregateStatus":{"guestAgentStatus":{"status":"Ready", …},
 *     "handlerAggregateStatus":[{"handlerName":"…","handlerVersion":"1.0.70.0","status":"NotReady","code":1009, …}]},
 * …}
 *
 * Format: bundle-formats.md section 5.2. */
#include "extension_status.h"

typedef struct Aggregate {
    JsonText doc;
    Source *src;
    Arena *a;
    Analysis *out;
    Str time_text; /* of the whole file */
} Aggregate;

static Bid bid(Str path, Str head)
{
    size_t slash = str_rfind_byte(path, '/');
    Str name = slash == STR_NOT_FOUND ? path : str_from(path, slash + 1);
    bool shape = json_head_has(head, STR("\"aggregateStatus\"")) ||
                 json_head_has(head, STR("\"handlerAggregateStatus\"")) ||
                 json_head_has(head, STR("\"guestAgentStatus\""));
    return shape                                                                                   ? BID_SHAPE
           : str_starts_nocase(name, STR("aggregatestatus")) && str_has_nocase(name, STR(".json")) ? BID_NAME
                                                                                                   : BID_NO;
}

static void add(Aggregate *g, Event *ev, const FieldList *fields, const JsonPlace *place, Str time_text)
{
    Timestamp time = extension_time(time_text);
    bool own = time.ns != TIME_NONE;
    event_stamp(ev, g->src, own ? time : extension_time(g->time_text), own ? time_text : g->time_text);
    ev->service = ev->service ? ev->service : SERVICE_AGGREGATESTATUS;
    ev->is_line = true;
    ev->record = place->line;
    ev->offset = place->offset;
    ev->fields = fields->at;
    ev->field_count = fields->count;
    analysis_add(g->out, g->src, ev);
}

static void agent_event(Aggregate *g, const json_t *agent)
{
    FieldList fields = {0};
    Str status = json_text_str(g->a, json_text_at(agent, "status")), message = extension_message(agent, g->a);
    field_put(&fields, STR("Handler"), STR("GuestAgent"));
    field_put(&fields, STR("Version"), json_text_str(g->a, json_text_at(agent, "version")));
    field_put(&fields, STR("Status"), status);
    field_put(&fields, STR("Code"), json_text_str(g->a, json_text_at(agent, "code")));
    field_put(&fields, STR("Message"), message);
    JsonPlace place = {0};
    json_text_seek(&g->doc, &place, STR("\"guestAgentStatus\""));
    Event ev = {.mark = MARK_AGGREGATE, .level = extension_level(status), .message = message};
    add(g, &ev, &fields, &place, STR(""));
}

/* The agent's word and the extension's, one a line. */
static Str both(Arena *a, Str one, Str other)
{
    Str parts[] = {one, STR("\n"), other};
    return !other.len || str_has(one, other) ? one : !one.len ? other : arena_join(a, parts, 3);
}

/* The backup extension's own status, as its *.status file holds it, which a disk inspection in mode diagnostic leaves
 * out. Without a mark: which run it is the result of, the event of the agent tells. */
static void backup_event(Aggregate *g, const ExtensionStatus *s, const FieldList *of_handler, const JsonPlace *place)
{
    static const char *const same[] = {"Handler", "Version", "Sequence", "TaskId", "ErrorCodeName"};
    FieldList fields = {0};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        for (size_t k = 0; k < of_handler->count; k++) {
            const Field *f = &of_handler->at[k];
            if (str_eq(f->name, str_of(same[i]))) {
                field_put(&fields, f->name, f->value);
            }
        }
    }
    field_put(&fields, STR("Status"), s->status);
    field_put(&fields, STR("OuterStatus"), s->outer);
    field_put(&fields, STR("Code"), s->code);
    field_put(&fields, STR("Message"), s->messages);
    Event ev = {.service = SERVICE_STATUS, .level = extension_level(s->status), .message = s->messages};
    add(g, &ev, &fields, place, s->time_text);
}

static void handler_event(Aggregate *g, const json_t *handler, const JsonPlace *place)
{
    const json_t *settings = json_text_at(handler, "runtimeSettingsStatus/settingsStatus");
    ExtensionStatus s = extension_status_read(settings, g->doc.broken, g->a);
    Str status = json_text_str(g->a, json_text_at(handler, "status"));
    Str message = both(g->a, extension_message(handler, g->a), s.messages);
    Str handler_name = json_text_str(g->a, json_text_at(handler, "handlerName"));
    FieldList fields = {0};
    field_put(&fields, STR("Handler"), handler_name);
    field_put(&fields, STR("Version"), json_text_str(g->a, json_text_at(handler, "handlerVersion")));
    field_put(&fields, STR("Status"), status);
    field_put(&fields, STR("Code"), json_text_str(g->a, json_text_at(handler, "code")));
    const json_t *sequence = json_text_at(handler, "runtimeSettingsStatus/sequenceNumber");
    field_put(&fields, STR("Sequence"), json_text_str(g->a, sequence));
    field_put(&fields, STR("ExtensionStatus"), s.status);
    field_put(&fields, STR("ExtensionCode"), s.code);
    field_put(&fields, STR("TaskId"), s.task_id);
    field_put(&fields, STR("ErrorCodeName"), s.error_name);
    field_put(&fields, STR("Message"), message);
    Level level = extension_level(str_eq_nocase(s.status, STR("error")) ? s.status : status);
    Event ev = {.mark = MARK_AGGREGATE, .level = level, .message = message};
    add(g, &ev, &fields, place, s.time_text);
    if (s.time.ns != TIME_NONE && s.status.len && str_has_nocase(handler_name, STR("VMSnapshot"))) {
        backup_event(g, &s, &fields, place);
    }
}

static void machine_event(Aggregate *g, const json_t *os)
{
    FieldList fields = {0};
    Str computer = json_text_str(g->a, json_text_at(os, "computerName"));
    field_put(&fields, STR("Computer"), computer);
    field_put(&fields, STR("OsName"), json_text_str(g->a, json_text_at(os, "osName")));
    field_put(&fields, STR("OsVersion"), json_text_str(g->a, json_text_at(os, "osVersion")));
    field_put(&fields, STR("AgentVersion"), json_text_str(g->a, json_text_at(os, "version")));
    JsonPlace place = {0};
    json_text_seek(&g->doc, &place, STR("\"computerName\""));
    Event ev = {.mark = MARK_MACHINE, .level = LEVEL_INFO, .computer = computer};
    add(g, &ev, &fields, &place, STR(""));
}

/* By its path; in a broken document, where brackets may be lost, by its name anywhere. */
static const json_t *part(const Aggregate *g, const char *path, Str name)
{
    const json_t *value = json_text_at(g->doc.root, path);
    return value || !g->doc.broken ? value : json_text_find(g->doc.root, name);
}

/* False if there was nothing to tell. */
static bool read_all(Aggregate *g)
{
    g->time_text = json_text_str(g->a, json_text_at(g->doc.root, "timestampUTC"));
    const json_t *agent = part(g, "aggregateStatus/guestAgentStatus", STR("guestAgentStatus"));
    const json_t *aggregate = json_text_at(g->doc.root, "aggregateStatus"), *handler;
    const json_t *list = json_text_find(aggregate ? aggregate : g->doc.root, STR("handlerAggregateStatus"));
    const json_t *os = part(g, "guestOSInfo", STR("guestOSInfo"));
    JsonPlace place = {0};
    if (json_is_object(agent)) {
        agent_event(g, agent);
    }
    for (size_t i = 0; (handler = json_text_item(list, i)); i++) {
        if (json_is_string(json_text_at(handler, "handlerName"))) {
            json_text_seek(&g->doc, &place, STR("\"handlerName\""));
            handler_event(g, handler, &place);
        }
    }
    if (json_text_str(g->a, json_text_at(os, "computerName")).len) {
        machine_event(g, os);
    }
    return agent || list || os;
}

static Status parse(Source *src, Arena *scratch, Analysis *out)
{
    Aggregate g = {.src = src, .a = scratch, .out = out};
    json_text_open(&g.doc, src, scratch, out);
    if (!read_all(&g)) {
        json_text_foreign(&g.doc, src, out, "no status of an agent in the JSON");
    }
    json_text_close(&g.doc);
    return g.doc.status;
}

const Parser parser_aggregate_status = {
    .name = "aggregate_status",
    .reads = "status of the agent and all extensions (aggregatestatus.json)",
    .service = SERVICE_AGGREGATESTATUS,
    .bid = bid,
    .parse = parse,
};
