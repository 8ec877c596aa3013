/* The draft's files: the signature, and three cases made of what the bundle holds around the marked line. Sources take
 * the names they have on a VM, event logs the form of event XML. */
#include <string.h>

#include "base/timestamp.h"
#include "draft_parts.h"

#define BACKUP_FOLDER "Microsoft.Azure.RecoveryServices.VMSnapshot"
#define TICKS_1970    INT64_C(621355968000000000) /* of .NET, which count from the year 1 */

static void draft_file(Draft *draft, Arena *run, const Str *path, size_t parts, Str text)
{
    *VEC_ADD(run, &draft->files) = (DraftFile){arena_join(run, path, parts), text};
}

#define FILE_ADD(draft, run, text, ...)                                                                                \
    draft_file(draft, run, (const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str), text)

/* --- the signature ---------------------------------------------------------------------------------------------- */

static Str rule_name(Arena *run, Str id)
{
    uint8_t *name = ARENA_NEW(run, uint8_t, id.len);
    for (size_t i = 0; i < id.len; i++) {
        name[i] = id.at[i] == '-' ? '_' : id.at[i];
    }
    return arena_join(run, (Str[]){{name, id.len}, STR("_seen")}, 2);
}

static void put_value(Writing *w, Str value, bool quoted)
{
    if (quoted) {
        put_quoted(w, value);
    } else {
        put(w, value);
    }
}

/* A plain value means what it says: its wildcards are none. */
static Str escaped(Arena *run, Str value)
{
    Writing w = {.a = run};
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.at[i], next = i + 1 < value.len ? value.at[i + 1] : 0;
        bool special = c == '*' || c == '?' || (c == '\\' && (next == '*' || next == '?' || next == '\\'));
        if (special) {
            put(&w, STR("\\"));
        }
        put(&w, str_slice(value, i, i + 1));
    }
    return written(&w);
}

static void put_test(Writing *w, const DraftTest *t)
{
    PUT(w, STR("    "), t->field, STR(":"));
    for (size_t i = 0; i < t->values.count; i++) {
        put(w, t->values.count > 1 ? STR("\n      - ") : STR(" "));
        put_value(w, escaped(w->a, t->values.at[i]), t->quoted);
    }
    put(w, STR("\n"));
}

static void put_logsource(Writing *w, const LogSource *s)
{
    PUT(w, STR("logsource: {product: "), s->product, s->service.len ? STR(", service: ") : STR(", category: "),
        s->service.len ? s->service : s->category, STR("}\n"));
}

static Str span_text(Arena *run, int64_t ns)
{
    int64_t minutes = ns / NS_MINUTE;
    return minutes % 1440 == 0 && minutes > 1440 ? arena_format(run, "%dd", (int)(minutes / 1440))
           : minutes % 60 == 0                   ? arena_format(run, "%dh", (int)(minutes / 60))
                                                 : arena_format(run, "%dm", (int)minutes);
}

static void put_window(Writing *w, const Marked *m)
{
    if (m->bundle_window) {
        PUT(w, STR("      window: bundle          # no failed backup lies near it; anywhere in the bundle will do\n"));
    } else if (m->windowed) {
        PUT(w, STR("      window: {before: "), span_text(w->a, m->before_ns), STR(", after: "),
            span_text(w->a, m->after_ns), STR("}   # around the failed backup; no wider than the trouble needs\n"));
    }
}

static Str signature_text(const DraftOptions *o, const Marked *m, const DraftRule *rule, Arena *run)
{
    Writing w = {.a = run};
    Str name = rule_name(run, o->id);
    PUT(&w,
        STR("# A draft, made from one line of a bundle. Fill in what says TODO; vmsift signatures lint names what is "
            "left.\n"
            "# signatures/README.md says what each key means.\n"
            "title: TODO what the line says, in a few words\nname: "),
        name, STR("\n"));
    put_logsource(&w, rule->source);
    PUT(&w, STR("detection:\n"
                "  line:   # what does not vary from machine to machine; take out what is not part of the sign\n"));
    for (size_t i = 0; i < rule->tests.count; i++) {
        put_test(&w, &rule->tests.at[i]);
    }
    PUT(&w, STR("  condition: line\n---\ntitle: TODO the cause, in a few words\nname: "), o->id,
        STR("\nlevel: medium\nvmsift:\n"
            "  cause: TODO one sentence that says what is wrong with the machine.\n"
            "  # applies_to: [the error codes of the portal that it explains]\n"
            "  conditions:\n    seen:\n      rule: "),
        name,
        STR("\n      says: TODO what was seen, as a piece of a sentence\n"
            "      basis: inferred         # take it out if a document names this evidence\n"
            "      distinguishing: true    # take it out if other causes show the same line\n"));
    put_window(&w, m);
    PUT(&w, STR("  when: seen\n"
                "  remedy:\n    - do: TODO what to do about it\n      reboot: false\n"
                "      # command, risk, undo, if_fails: where there is a command, and what it may break\n"
                "  references:\n    - document: TODO the document that describes the cause\n"));
    return written(&w);
}

/* --- sources ---------------------------------------------------------------------------------------------------- */

/* From the folder that is the same on all machines. */
static Str path_on_vm(Str path)
{
    static const char *const roots[] = {"/WindowsAzure/", "/Packages/", "/Windows/"};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        Str root = str_of(roots[i]);
        size_t at = str_find_nocase(path, root, 0);
        if (str_starts_nocase(path, str_from(root, 1))) {
            return path;
        }
        if (at != STR_NOT_FOUND) {
            return str_from(path, at + 1);
        }
    }
    return str_from(path, str_rfind_byte(path, '/') + 1);
}

/* A file of a run of an extension, below its folder. */
static Str run_file(Arena *run, const Event *ev, const char *folder, const char *ending)
{
    Str handler = event_field(ev, STR("Handler")), version = event_field(ev, STR("Version"));
    Str sequence = event_field(ev, STR("Sequence"));
    const Str parts[] = {STR("Packages/Plugins/"),
                         handler.len ? handler : STR(BACKUP_FOLDER),
                         STR("/"),
                         version.len ? version : STR("1.0.0.0"),
                         str_of(folder),
                         sequence.len ? sequence : STR("0"),
                         str_of(ending)};
    return arena_join(run, parts, sizeof parts / sizeof *parts);
}

static Str file_of(Arena *run, Mask *mask, const Event *ev, Str path)
{
    Writing w = {.a = run};
    if (ev->mark == MARK_SETTINGS) {
        return run_file(run, ev, "/RuntimeSettings/", ".settings");
    }
    switch (ev->service) {
    case SERVICE_EVENT_LOG:
        put(&w, STR("Windows/System32/winevt/Logs/"));
        for (Str rest = ev->channel, part; str_split(&rest, '/', &part);) {
            PUT(&w, part, rest.len ? STR("%4") : STR(".evtx.xml"));
        }
        return written(&w);
    case SERVICE_STATUS: return run_file(run, ev, "/Status/", ".status");
    case SERVICE_AGGREGATESTATUS: return STR("WindowsAzure/Logs/AggregateStatus/aggregatestatus.json");
    case SERVICE_REGISTRY_STATE: return STR("registry.reg");
    default: return masked_text(mask, path_on_vm(path));
    }
}

static void put_time(Writing *w, const Event *ev)
{
    char text[TIMESTAMP_ROOM];
    size_t n = timestamp_format(text, ev->time_ns, 7);
    put(w, arena_str(w->a, (Str){(uint8_t *)text, n}));
}

static void put_attribute(Writing *w, const char *name, Str value)
{
    if (value.len) {
        PUT(w, STR(" "), str_of(name), STR("='"));
        put_xml(w, value);
        put(w, STR("'"));
    }
}

/* bare: only that there was one, for the span that the log covers. */
static void put_event(Writing *w, Mask *mask, const Event *ev, uint64_t record, bool bare)
{
    PUT(w, STR("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>\n <System>\n  <Provider"));
    put_attribute(w, "Name", ev->provider);
    put_attribute(w, "EventSourceName", ev->provider_alias);
    PUT(w, arena_format(w->a, "/>\n  <EventID>%u</EventID><Level>%d</Level>", (unsigned)ev->id, (int)ev->level),
        STR("<TimeCreated SystemTime='"));
    put_time(w, ev);
    PUT(w, arena_format(w->a, "'/>\n  <EventRecordID>%llu</EventRecordID><Channel>", (unsigned long long)record));
    put_xml(w, ev->channel);
    put(w, STR("</Channel><Computer>" DRAFT_MACHINE "</Computer>\n </System>\n <EventData>\n"));
    for (size_t i = 0; i < ev->field_count && !bare; i++) {
        const Field *f = &ev->fields[i];
        put(w, STR("  <Data"));
        put_attribute(w, "Name", f->name);
        put(w, STR(">"));
        put_xml(w, masked_value(mask, f->name, f->value));
        put(w, STR("</Data>\n"));
    }
    put(w, STR(" </EventData>\n</Event>\n"));
}

static void put_key(Writing *w, const char *key, Str value, bool more)
{
    put_json(w, str_of(key));
    put(w, STR(": "));
    put_json(w, value);
    put(w, more ? STR(", ") : STR(""));
}

static void put_said(Writing *w, Mask *mask, const Event *ev)
{
    put(w, STR("\"formattedMessage\": {\"lang\": \"en-US\", "));
    put_key(w, "message", masked_text(mask, event_field(ev, STR("Message"))), false);
    put(w, STR("}"));
}

static void put_number(Writing *w, const char *key, Str value)
{
    int64_t n;
    if (str_i64(value, &n)) {
        PUT(w, STR("\""), str_of(key), STR("\": "), value, STR(", "));
    }
}

static void put_status(Writing *w, Mask *mask, const Event *ev)
{
    put(w, STR("[{\"version\": \"1.0\", \"timestampUTC\": \""));
    put_time(w, ev);
    put(w, STR("\",\n  \"status\": {\"operation\": \"Enable\", "));
    put_key(w, "name", event_field(ev, STR("Handler")), true);
    put_key(w, "status", event_field(ev, STR("Status")), true);
    put_number(w, "code", event_field(ev, STR("Code")));
    Str task = event_field(ev, STR("TaskId"));
    if (task.len) {
        put_key(w, "taskId", masked_text(mask, task), true);
    }
    put_said(w, mask, ev);
    Str error = event_field(ev, STR("ErrorCodeName"));
    if (error.len) {
        put(w, STR(", \"telemetryData\": [{"));
        put_key(w, "Key", STR("extErrorCode"), true);
        put_key(w, "Value", error, false);
        put(w, STR("}]"));
    }
    put(w, STR("}}]\n"));
}

static void put_settings(Writing *w, Mask *mask, const Event *ev)
{
    put(w, STR("{\"runtimeSettings\": [{\"handlerSettings\": {\"publicSettings\": {"));
    put_key(w, "taskId", masked_text(mask, event_field(ev, STR("TaskId"))), true);
    put_key(w, "commandToExecute", event_field(ev, STR("Command")), true);
    put_key(w, "commandStartTimeUTCTicks", arena_format(w->a, "%lld", (long long)(ev->time_ns / 100 + TICKS_1970)),
            false);
    put(w, STR("}}}]}\n"));
}

static void put_aggregate(Writing *w, Mask *mask, const Event *ev)
{
    put(w, STR("{\"version\": \"1.1\", \"timestampUTC\": \""));
    put_time(w, ev);
    put(w, STR("\",\n  \"aggregateStatus\": {\"handlerAggregateStatus\": [{"));
    put_key(w, "handlerName", event_field(ev, STR("Handler")), true);
    put_key(w, "handlerVersion", event_field(ev, STR("Version")), true);
    put_key(w, "status", event_field(ev, STR("Status")), true);
    put_number(w, "code", event_field(ev, STR("Code")));
    put_said(w, mask, ev);
    put(w, STR("}]}}\n"));
}

static void put_registry(Writing *w, const Event *ev)
{
    uint64_t number = 0;
    Str target = event_field(ev, STR("TargetObject"));
    size_t cut = str_rfind_byte(target, '\\');
    bool is_number = str_u64(event_field(ev, STR("Number")), 10, &number);
    PUT(w, STR("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE"), str_slice(target, 4, cut), STR("]\n"));
    put_json(w, str_from(target, cut + 1));
    put(w, STR("="));
    if (is_number && str_eq(event_field(ev, STR("ValueType")), STR("REG_DWORD"))) {
        put(w, arena_format(w->a, "dword:%08lx", (unsigned long)number));
    } else {
        put_json(w, event_field(ev, STR("Details")));
    }
    put(w, STR("\n"));
}

/* --- a bundle --------------------------------------------------------------------------------------------------- */

typedef struct Case { /* one of the three */
    const DraftOptions *o;
    const Marked *m;
    const DraftRule *rule;
    Mask *mask;
    Arena *run;
    Draft *draft;
    Str name;    /* its folder */
    bool other;  /* a near miss: the marked line says something else */
    bool absent; /* without the source of the marked line */
} Case;

/* What the rule asks for, replaced by something that it does not. */
static Str changed(const Case *c, Str text)
{
    const DraftRule *rule = c->rule;
    for (size_t t = rule->tests.count; t-- > 0;) {
        for (size_t i = 0; i < rule->tests.at[t].values.count && rule->tests.at[t].quoted; i++) {
            Str value = rule->tests.at[t].values.at[i];
            size_t at = str_find_nocase(text, value, 0);
            bool code = str_starts_nocase(value, STR("0x")) && value.len == 10;
            if (at != STR_NOT_FOUND && value.len) {
                Str other = !code                                     ? STR("something else")
                            : str_eq_nocase(value, STR("0x80004005")) ? STR("0x80070005")
                                                                      : STR("0x80004005");
                Str behind = changed(c, str_from(text, at + value.len));
                return arena_join(c->run, (Str[]){str_slice(text, 0, at), other, behind}, 3);
            }
        }
    }
    return text;
}

/* The marked event as a near miss has it. */
static Event neighbour(const Case *c)
{
    Event ev = c->m->seen.ev;
    Field *fields = ARENA_NEW(c->run, Field, ev.field_count);
    bool data = ev.service != SERVICE_EVENT_LOG || c->rule->tests.count > 2;
    for (size_t i = 0; i < ev.field_count; i++) {
        bool kept = str_eq(ev.fields[i].name, STR("TargetObject")) || str_eq(ev.fields[i].name, STR("ValueType")) ||
                    str_eq(ev.fields[i].name, STR("Handler"));
        fields[i] = (Field){ev.fields[i].name, kept ? ev.fields[i].value : changed(c, ev.fields[i].value)};
        uint64_t number;
        if (str_eq(fields[i].name, STR("Number")) && str_u64(fields[i].value, 10, &number)) {
            fields[i].value = arena_format(c->run, "%llu", (unsigned long long)(number ? number - 1 : 1));
        }
    }
    ev.fields = fields;
    ev.message = changed(c, ev.message);
    ev.id += !data;
    return ev;
}

/* All that one file holds of the events around, and the marked one in its place. */
static void file_write(const Case *c, Str path, Str file)
{
    Writing w = {.a = c->run};
    uint64_t record = 100;
    const Marked *m = c->m;
    Event marked = c->other ? neighbour(c) : m->seen.ev;
    for (size_t i = 0; i < m->around.count; i++) {
        const Seen *s = &m->around.at[i];
        bool own = str_eq(path, m->path) && s->ev.record == m->seen.ev.record;
        const Event *ev = own ? &marked : &s->ev;
        if (!str_eq(s->path, path)) {
            continue;
        }
        if (ev->mark == MARK_SETTINGS) {
            put_settings(&w, c->mask, ev);
            break;
        }
        switch (ev->service) {
        case SERVICE_EVENT_LOG: put_event(&w, c->mask, ev, record++, !own); break;
        case SERVICE_STATUS: put_status(&w, c->mask, ev); break;
        case SERVICE_AGGREGATESTATUS: put_aggregate(&w, c->mask, ev); break;
        case SERVICE_REGISTRY_STATE: put_registry(&w, ev); break;
        default: PUT(&w, masked_text(c->mask, ev->message), STR("\n"));
        }
    }
    Str text = written(&w);
    bool log = m->around.count && str_ends(file, STR(".evtx.xml"));
    text = log ? arena_join(c->run, (Str[]){STR("<Events>\n"), text, STR("</Events>\n")}, 3) : text;
    FILE_ADD(c->draft, c->run, text, STR("fixtures/signatures/"), c->o->id, STR("/"), c->name, STR("/bundle/"), file);
}

static bool written_before(const Marked *m, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_eq(m->around.at[i].path, m->around.at[index].path)) {
            return true;
        }
    }
    return false;
}

static size_t bundle_write(const Case *c)
{
    size_t files = 0;
    for (size_t i = 0; i < c->m->around.count; i++) {
        const Seen *s = &c->m->around.at[i];
        if (!written_before(c->m, i) && !(c->absent && str_eq(s->path, c->m->path))) {
            file_write(c, s->path, file_of(c->run, c->mask, &s->ev, s->path));
            files++;
        }
    }
    return files;
}

static void case_write(const Case *c, const char *shows)
{
    Writing about = {.a = c->run};
    if (!bundle_write(c)) {
        *VEC_ADD(c->run, &c->draft->notes) =
            arena_join(c->run,
                       (Str[]){STR("A fixture 'source-missing' was not made: without "),
                               str_from(c->m->path, str_rfind_byte(c->m->path, '/') + 1),
                               c->m->failure ? STR(" nothing of the bundle tells of the failed backup")
                                             : STR(" nothing of the bundle tells of that time"),
                               STR(". Write it by hand, of the other logs of that time.")},
                       4);
        return;
    }
    PUT(&about, str_of(shows),
        STR("\nMade by vmsift signatures new; machines, people, addresses and ids that show themselves as such are "
            "invented.\n"));
    *VEC_ADD(c->run, &c->draft->cases) =
        arena_join(c->run, (Str[]){STR("fixtures/signatures/"), c->o->id, STR("/"), c->name}, 4);
    FILE_ADD(c->draft, c->run, written(&about), STR("fixtures/signatures/"), c->o->id, STR("/"), c->name,
             STR("/README.md"));
}

void draft_fixtures(const DraftOptions *o, const Marked *m, const DraftRule *rule, Mask *mask, Arena *run, Draft *draft)
{
    FILE_ADD(draft, run, signature_text(o, m, rule, run), STR("signatures/"), o->id, STR(".yml"));
    Case positive = {o, m, rule, mask, run, draft, STR("likely"), false, false};
    Case near = {o, m, rule, mask, run, draft, STR("near-miss-derived"), true, false};
    Case missing = {o, m, rule, mask, run, draft, STR("source-missing"), false, true};
    case_write(&positive, "The marked line, and the failed backup around it.");
    case_write(&near, "TODO: the same with another code or other words; better is a line that really looks alike.");
    case_write(&missing, "The same without the source of the marked line.");
}
