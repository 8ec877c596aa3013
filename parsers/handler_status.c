/* Status of an extension: Packages/Plugins/<handler>/<version>/Status/<sequence>.status
 *
 *   [{"version":"1.0","timestampUTC":"2019-06-06T23:52:59Z","status":{"operation":"Enable","status":"success","code":1,
 *     "taskId":"…","substatus":[{"name":"{\"status\":{\"status\":\"error\", …}}","status":"success","code":"0"}]}}]
 *
 * The backup extension reports every finished run as a success outside; the result is the document in
 * substatus[0].name.
 * Format: bundle-formats.md section 5.3. */
#include "extension_status.h"

static Bid bid(Str path, Str head)
{
    bool shape = json_head_has(head, STR("\"status\"")) && !json_head_has(head, STR("ggregateStatus\"")) &&
                 !json_head_has(head, STR("\"heartbeat\"")) && !json_head_has(head, STR("\"runtimeSettings\"")) &&
                 (json_head_has(head, STR("\"substatus\"")) || json_head_has(head, STR("\"operation\"")) ||
                  json_head_has(head, STR("\"timestampUTC\"")));
    return shape ? BID_SHAPE : handler_numbered(path, STR(".status")) ? BID_NAME : BID_NO;
}

/* A status calls itself what it likes ("Enable"); only a dotted name is that of a handler. */
static Str handler_of(const HandlerPlace *place, const ExtensionStatus *s)
{
    return place->handler.len               ? place->handler
           : str_has(s->name, STR("."))     ? s->name
           : s->task_id.len || s->ticks.len ? STR(BACKUP_HANDLER)
                                            : s->name;
}

static bool says_anything(const ExtensionStatus *s)
{
    return s->outer.len || s->status.len || s->task_id.len || s->messages.len || s->time.ns != TIME_NONE;
}

/* The line of the message, if it stands there as it is; else the first. */
static void place_event(Event *ev, const JsonText *doc)
{
    size_t end = 0;
    while (end < ev->message.len && end < 40 && ev->message.at[end] >= ' ' && ev->message.at[end] < 0x7F &&
           ev->message.at[end] != '"' && ev->message.at[end] != '\\' && ev->message.at[end] != '/') {
        end++;
    }
    JsonPlace place = {0};
    json_text_seek(doc, &place, str_slice(ev->message, 0, end));
    ev->is_line = true;
    ev->record = place.line;
}

static void status_event(const JsonText *doc, const ExtensionStatus *s, Source *src, Analysis *out)
{
    HandlerPlace place = handler_place(src, STR(".status"));
    FieldList fields = {0};
    field_put(&fields, STR("Handler"), handler_of(&place, s));
    field_put(&fields, STR("Version"), place.version);
    field_put(&fields, STR("Sequence"), place.sequence);
    field_put(&fields, STR("Status"), s->status);
    field_put(&fields, STR("OuterStatus"), s->outer);
    field_put(&fields, STR("Code"), s->code);
    field_put(&fields, STR("TaskId"), s->task_id);
    field_put(&fields, STR("ErrorCodeName"), s->error_name);
    field_put(&fields, STR("Message"), s->messages);
    Event ev = {.service = SERVICE_STATUS,
                .mark = MARK_STATUS,
                .level = extension_level(s->status),
                .message = s->messages,
                .fields = fields.at,
                .field_count = fields.count};
    bool dated = s->time.ns != TIME_NONE;
    event_stamp(&ev, src, dated ? s->time : extension_ticks(s->ticks), dated ? s->time_text : s->ticks);
    place_event(&ev, doc);
    analysis_add(out, src, &ev);
}

static Status parse(Source *src, Arena *scratch, Analysis *out)
{
    JsonText doc;
    json_text_open(&doc, src, scratch, out);
    ExtensionStatus s = extension_status_read(json_text_item(doc.root, 0), doc.broken, scratch);
    if (says_anything(&s)) {
        status_event(&doc, &s, src, out);
    } else {
        json_text_foreign(&doc, src, out, "no status in the JSON");
    }
    if (s.broken && !doc.broken) {
        analysis_diag_line(out, src, 1, "the result inside the status is cut");
        doc.status = status_worse(doc.status, ST_PARTIAL);
    }
    json_text_close(&doc);
    return doc.status;
}

const Parser parser_handler_status = {
    .name = "handler_status",
    .reads = "status of an extension (<sequence>.status)",
    .service = SERVICE_STATUS,
    .bid = bid,
    .parse = parse,
};
