/* The contract: design of the JSON report, and docs/report.schema.json. Keys keep their order; what is unknown is left
 * out. Whatever a caller may rely on is a word or a form listed there. */
#include <stdlib.h>

#include "base/secret.h"
#include "error_code.h"
#include "report_formats.h"
#include "secret.h"

#define FIELDS_MOST 40
#define FIELD_BYTES 1000
#define BINARY_MOST 128

typedef struct Json {
    Sink *out;
    bool more; /* a comma is due before the next item */
} Json;

static void comma(Json *j)
{
    if (j->more) {
        sink_put(j->out, ",");
    }
    j->more = true;
}

static void key(Json *j, const char *name)
{
    comma(j);
    sink_put(j->out, "\"");
    sink_put(j->out, name);
    sink_put(j->out, "\":");
}

static void open(Json *j, const char *name, const char *bracket)
{
    if (name) {
        key(j, name);
    } else {
        comma(j);
    }
    sink_put(j->out, bracket);
    j->more = false;
}

static void shut(Json *j, const char *bracket)
{
    sink_put(j->out, bracket);
    j->more = true;
}

static void text(Json *j, const char *name, Str value)
{
    if (value.len) {
        key(j, name);
        sink_json(j->out, value);
    }
}

static void word(Json *j, const char *name, const char *value)
{
    text(j, name, value ? str_of(value) : (Str){0});
}

static void number(Json *j, const char *name, uint64_t value)
{
    key(j, name);
    sink_format(j->out, "%llu", (unsigned long long)value);
}

static void stamp(Json *j, const char *name, int64_t ns, unsigned digits)
{
    if (ns != TIME_NONE && ns != INT64_MAX) {
        key(j, name);
        sink_put(j->out, "\"");
        sink_time(j->out, ns, digits);
        sink_put(j->out, "\"");
    }
}

static void texts(Json *j, const char *name, const Str *values, size_t count)
{
    open(j, name, "[");
    for (size_t i = 0; i < count; i++) {
        if (values[i].len) {
            comma(j);
            sink_json(j->out, values[i]);
        }
    }
    shut(j, "]");
}

static Str row_path(const SourceRow *row)
{
    return row->path.len ? row->path : STR("(no name)");
}

/* Where a kept event stands: source, and line or record. */
static void place(Json *j, const Kept *kept)
{
    text(j, "source", row_path(kept->row));
    if (kept->quote_at || kept->ev.is_line) {
        number(j, kept->ev.is_line ? "line" : "record", kept->quote_at ? kept->quote_at : 1);
    }
}

/* --- bundle, sources -------------------------------------------------------------------------------------------- */

static Str bundle_label(const Bundle *b)
{
    return b->name.len ? b->name : b->path && *b->path ? str_of(b->path) : STR("-");
}

static void put_bundle(Json *j, const char *name, const Bundle *b)
{
    open(j, name, "{");
    text(j, "name", bundle_label(b));
    word(j, "kind", bundle_kind_name(b->kind));
    text(j, "collection_mode", b->collection_mode);
    stamp(j, "collected", b->collected_ns, b->collected_ns % NS_SECOND ? b->digits_last : 0);
    text(j, "machine", b->machine);
    stamp(j, "time_first", b->time_first, b->digits_first);
    stamp(j, "time_last", b->time_last, b->digits_last);
    text(j, "note", b->note);
    if (b->inputs.count) {
        open(j, "inputs", "[");
        for (size_t i = 0; i < b->inputs.count; i++) {
            put_bundle(j, NULL, &b->inputs.at[i]);
        }
        shut(j, "]");
    }
    shut(j, "}");
}

static void put_zone(Json *j, const SourceRow *row)
{
    int64_t minutes = row->zone_ns / NS_MINUTE;
    unsigned size = (unsigned)llabs(minutes);
    open(j, "time_zone", "{");
    key(j, "offset");
    sink_format(j->out, "\"%c%02u:%02u\"", minutes < 0 ? '-' : '+', size / 60, size % 60);
    word(j, "trust", trust_name(row->trust));
    shut(j, "}");
}

static void put_holes(Json *j, const SourceRow *row)
{
    open(j, "holes", "[");
    for (size_t i = 0; i < row->holes.count; i++) {
        const Hole *hole = &row->holes.at[i];
        open(j, NULL, "{");
        stamp(j, "from", hole->span.from_ns, row->time_digits);
        stamp(j, "to", hole->span.to_ns, row->time_digits);
        word(j, "why", hole->why);
        shut(j, "}");
    }
    shut(j, "]");
}

static void put_source(Json *j, const SourceRow *row)
{
    open(j, NULL, "{");
    text(j, "path", row_path(row));
    word(j, "parser", row->parser);
    word(j, "kind", row->kind ? row->kind : "other");
    word(j, "status", row_status_name(row->status));
    number(j, "events", row->events);
    if (row->status < ROW_SKIPPED) {
        number(j, "size", row->size);
    }
    if (row->span.from_ns != TIME_NONE) {
        stamp(j, "time_first", row->span.from_ns, row->time_digits);
        stamp(j, "time_last", row->span.to_ns, row->time_digits);
        put_zone(j, row);
    }
    put_holes(j, row);
    text(j, "note", row->note);
    shut(j, "}");
}

/* --- episodes, changes ------------------------------------------------------------------------------------------ */

static void put_episode(Json *j, const Episode *e)
{
    open(j, NULL, "{");
    word(j, "kind", episode_kind_name(e->kind));
    stamp(j, "start", e->start_ns, e->time_digits);
    stamp(j, "end", e->end_ns, e->time_digits);
    word(j, "outcome", outcome_name(e->outcome));
    if (e->stage > 0) {
        number(j, "stage", (uint64_t)e->stage);
    }
    if (e->has_error) {
        key(j, "error");
        sink_format(j->out, "\"0x%08x\"", (unsigned)e->error);
    }
    text(j, "handler", e->handler);
    text(j, "task_id", e->task_id);
    if (e->evidence) {
        place(j, e->evidence);
    }
    shut(j, "}");
}

static void put_change(Json *j, const Change *c)
{
    open(j, NULL, "{");
    stamp(j, "time", c->time_ns, c->kept ? c->kept->ev.time_digits : 0);
    text(j, "what", c->what);
    if (c->kept) {
        place(j, c->kept);
    }
    shut(j, "}");
}

/* --- verdicts --------------------------------------------------------------------------------------------------- */

static void put_nearest(Json *j, const Match *near, Str why)
{
    open(j, "nearest", "{");
    place(j, near->kept);
    stamp(j, "time", kept_time(near->kept), near->kept->ev.time_digits);
    text(j, "quote", near->kept->quote);
    text(j, "why", why);
    shut(j, "}");
}

static void put_condition(Json *j, const ConditionResult *c)
{
    open(j, NULL, "{");
    text(j, "name", c->name);
    text(j, "says", c->says);
    word(j, "value", truth_name(c->value));
    word(j, "role", role_name(c->role));
    text(j, "why", c->why);
    if (c->near && c->near->kept) {
        put_nearest(j, c->near, c->near_why);
    }
    shut(j, "}");
}

static bool is_binary(const Field *f)
{
    size_t hex = 0;
    while (hex < f->value.len && byte_hex(f->value.at[hex]) >= 0) {
        hex++;
    }
    return f->value.len > BINARY_MOST && hex == f->value.len;
}

/* At most `most` bytes, whole characters only. */
static Str clipped(Str s, size_t most)
{
    size_t end = s.len < most ? s.len : most;
    while (end < s.len && end > 0 && (s.at[end] & 0xC0) == 0x80) {
        end--;
    }
    return str_slice(s, 0, end);
}

static bool name_used(const Event *ev, size_t before, Str name)
{
    for (size_t i = 0; i < before; i++) {
        if (str_eq(ev->fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* The keys of one object differ: an unnamed datum is Data1, Data2 …, of a name that comes again the first counts. */
static void put_event_fields(Json *j, const Event *ev, Arena *a)
{
    unsigned unnamed = 0;
    for (size_t i = 0, put = 0; i < ev->field_count && put < FIELDS_MOST; i++) {
        const Field *f = &ev->fields[i];
        Str name = f->name.len ? f->name : arena_format(a, "Data%u", ++unnamed);
        if (!f->value.len || is_binary(f) || name_used(ev, f->name.len ? i : ev->field_count, name)) {
            continue;
        }
        put++;
        comma(j);
        sink_json(j->out, name);
        sink_put(j->out, ":");
        sink_json(j->out, secret_named(f->name) ? STR("***") : clipped(f->value, FIELD_BYTES));
    }
}

static void put_identity(Json *j, const Event *ev)
{
    static const struct {
        const char *name;
        size_t at;
    } parts[] = {{"Provider_Name", offsetof(Event, provider)},
                 {"Channel", offsetof(Event, channel)},
                 {"Computer", offsetof(Event, computer)}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!name_used(ev, ev->field_count, str_of(parts[i].name))) {
            text(j, parts[i].name, *(const Str *)(const void *)((const char *)ev + parts[i].at));
        }
    }
    if (!name_used(ev, ev->field_count, STR("EventID"))) {
        key(j, "EventID");
        sink_format(j->out, "\"%u\"", (unsigned)ev->id);
    }
}

static void put_fields(Json *j, const Event *ev)
{
    Arena scratch = {0};
    open(j, "fields", "{");
    if (ev->service == SERVICE_EVENT_LOG) {
        put_identity(j, ev);
    }
    put_event_fields(j, ev, &scratch);
    shut(j, "}");
    arena_free(&scratch);
}

static void put_evidence(Json *j, const Evidence *e)
{
    const Kept *kept = e->kept;
    open(j, NULL, "{");
    text(j, "condition", e->condition);
    stamp(j, "time", kept_time(kept), kept->ev.time_digits);
    text(j, "original_time", kept->ev.time_text);
    place(j, kept);
    text(j, "quote", kept->quote.len ? kept->quote : kept->ev.message);
    put_fields(j, &kept->ev);
    shut(j, "}");
}

/* Steps that decide a condition; none for one that is false already. */
static void put_verify(Json *j, const Verdict *v)
{
    open(j, "verify", "[");
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        for (size_t n = 0; c->condition && c->value != NO && n < c->condition->verify_count; n++) {
            open(j, NULL, "{");
            text(j, "do", c->condition->verify[n].step);
            text(j, "decides", c->condition->verify[n].decides);
            shut(j, "}");
        }
    }
    shut(j, "]");
}

static void put_ask(Json *j, const Verdict *v)
{
    open(j, "ask", "[");
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        if (!c->condition || !c->condition->ask_name.len || (c->value != UNKNOWN && !c->stated)) {
            continue;
        }
        open(j, NULL, "{");
        text(j, "name", c->condition->ask_name);
        text(j, "question", c->condition->ask_question);
        if (c->stated) {
            word(j, "answer", c->value == YES ? "yes" : "no");
        }
        shut(j, "}");
    }
    shut(j, "]");
}

static void put_remedy(Json *j, const Cause *cause)
{
    open(j, "remedy", "[");
    for (size_t i = 0; i < cause->remedy_count; i++) {
        const RemedyStep *r = &cause->remedy[i];
        open(j, NULL, "{");
        text(j, "do", r->step);
        text(j, "command", r->command);
        text(j, "risk", r->risk);
        text(j, "undo", r->undo);
        if (r->reboot) {
            key(j, "reboot");
            sink_put(j->out, "true");
        }
        text(j, "if_fails", r->if_fails);
        shut(j, "}");
    }
    shut(j, "]");
}

static void put_references(Json *j, const Cause *cause)
{
    open(j, "references", "[");
    for (size_t i = 0; i < cause->reference_count; i++) {
        open(j, NULL, "{");
        text(j, "document", cause->references[i].document);
        text(j, "section", cause->references[i].section);
        text(j, "url", cause->references[i].url);
        shut(j, "}");
    }
    shut(j, "]");
}

static void put_machines(Json *j, const Verdict *v)
{
    if (!v->machine.len) {
        return;
    }
    text(j, "machine", v->machine);
    open(j, "also", "[");
    for (size_t i = 0; i < v->also.count; i++) {
        open(j, NULL, "{");
        text(j, "machine", v->also.at[i].machine);
        word(j, "verdict", verdict_name(v->also.at[i].kind));
        shut(j, "}");
    }
    shut(j, "]");
}

static void put_verdict(Json *j, const Verdict *v, const AskedCode *code)
{
    open(j, NULL, "{");
    text(j, "id", v->cause->name);
    word(j, "verdict", verdict_name(v->kind));
    text(j, "title", v->cause->title);
    text(j, "cause", v->cause->cause);
    texts(j, "applies_to", v->cause->applies_to, v->cause->applies_to_count);
    if (code->name.len) {
        key(j, "applies");
        sink_put(j->out, v->applies ? "true" : "false");
    }
    open(j, "conditions", "[");
    for (size_t i = 0; i < v->conditions.count; i++) {
        put_condition(j, &v->conditions.at[i]);
    }
    shut(j, "]");
    open(j, "evidence", "[");
    for (size_t i = 0; i < v->evidence.count; i++) {
        put_evidence(j, &v->evidence.at[i]);
    }
    shut(j, "]");
    put_verify(j, v);
    put_ask(j, v);
    put_remedy(j, v->cause);
    if (v->explained_by) {
        text(j, "explained_by", v->explained_by->name);
    }
    put_machines(j, v);
    put_references(j, v->cause);
    shut(j, "}");
}

/* --- errors, collect next, diagnostics, limits ------------------------------------------------------------------ */

static void put_error(Json *j, const CodeMet *met)
{
    const ErrorCode *known = error_code_find((CodeFamily)met->family, met->code);
    bool hex = error_code_is_hex((CodeFamily)met->family);
    open(j, NULL, "{");
    key(j, "code");
    sink_format(j->out, hex ? "\"0x%08x\"" : "\"%u\"", (unsigned)met->code);
    word(j, "symbol", known ? known->symbol : NULL);
    word(j, "meaning", known ? known->meaning : NULL);
    number(j, "count", met->count);
    stamp(j, "first", met->first_ns, met->time_digits);
    stamp(j, "last", met->last_ns, met->time_digits);
    if (met->row) {
        text(j, "source", row_path(met->row));
    }
    shut(j, "}");
}

static void put_errors(Json *j, const Analysis *a)
{
    Arena scratch = {0};
    const CodeMet **codes = report_codes(a, &scratch);
    open(j, "errors", "[");
    for (size_t i = 0; i < a->codes.count; i++) {
        put_error(j, codes[i]);
    }
    shut(j, "]");
    arena_free(&scratch);
}

static void put_collect(Json *j, const Collect *c)
{
    open(j, NULL, "{");
    text(j, "source", c->title);
    text(j, "why", c->why);
    texts(j, "decides", c->decides.at, c->decides.count);
    texts(j, "how", c->how.at, c->how.count);
    text(j, "machine", c->machine);
    shut(j, "}");
}

static void put_absent(Json *j, const LedgerPart *part)
{
    open(j, NULL, "{");
    text(j, "source", part->titles.at[0]);
    text(j, "why", part->why);
    texts(j, "asked_by", part->asked_by.at, part->asked_by.count);
    texts(j, "how", part->how.at, part->how.count);
    text(j, "machine", part->machine);
    shut(j, "}");
}

static void put_trouble(Json *j, const Bundle *b)
{
    for (size_t i = 0; i < b->inputs.count; i++) {
        put_trouble(j, &b->inputs.at[i]);
    }
    if (b->trouble.len && !b->inputs.count) {
        open(j, NULL, "{");
        text(j, "source", bundle_label(b));
        text(j, "what", b->trouble);
        shut(j, "}");
    }
}

static void put_diagnostics(Json *j, const Report *report)
{
    open(j, "diagnostics", "[");
    put_trouble(j, report->bundle);
    for (size_t i = 0; i < report->analysis->rows.count; i++) {
        const SourceRow *row = report->analysis->rows.at[i];
        for (size_t n = 0; n < row->diagnostics.count; n++) {
            const Diagnostic *d = &row->diagnostics.at[n];
            open(j, NULL, "{");
            text(j, "source", row_path(row));
            number(j, d->is_line ? "line" : "offset", d->at);
            text(j, "what", d->what);
            shut(j, "}");
        }
    }
    shut(j, "]");
}

static void put_limits(Json *j, const Analysis *a)
{
    open(j, "limits", "[");
    for (size_t i = 0; i < a->rows.count; i++) {
        const SourceRow *row = a->rows.at[i];
        for (size_t n = 0; n < row->limits.count; n++) {
            open(j, NULL, "{");
            word(j, "limit", row->limits.at[n].limit);
            text(j, "source", row_path(row));
            text(j, "what", row->limits.at[n].what);
            shut(j, "}");
        }
        if (row->diagnostics_lost) {
            open(j, NULL, "{");
            word(j, "limit", "LIMIT_DIAGNOSTICS");
            text(j, "source", row_path(row));
            key(j, "what");
            sink_format(j->out, "\"%llu more diagnostics\"", (unsigned long long)row->diagnostics_lost);
            shut(j, "}");
        }
    }
    shut(j, "]");
}

/* What the user said that the portal shows. */
static void put_code(Json *j, const AskedCode *code)
{
    static const char *const where[] = {"guest", "platform", "outside"};
    if (!code->name.len) {
        return;
    }
    open(j, "portal_error", "{");
    text(j, "name", code->name);
    text(j, "meaning", code->meaning);
    if (code->known) {
        word(j, "cause_lies", where[code->known->where]);
        word(j, "message", code->known->message);
        word(j, "action", code->known->action);
        word(j, "document", code->known->source);
    }
    shut(j, "}");
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

#define EACH(j, name, list, put)                                                                                       \
    do {                                                                                                               \
        open(j, name, "[");                                                                                            \
        for (size_t i = 0; i < (list).count; i++) {                                                                    \
            put(j, (list).at[i]);                                                                                      \
        }                                                                                                              \
        shut(j, "]");                                                                                                  \
    } while (0)
#define EACH_AT(j, name, list, put)                                                                                    \
    do {                                                                                                               \
        open(j, name, "[");                                                                                            \
        for (size_t i = 0; i < (list).count; i++) {                                                                    \
            put(j, &(list).at[i]);                                                                                     \
        }                                                                                                              \
        shut(j, "]");                                                                                                  \
    } while (0)

void report_json(const Report *report, const ReportStyle *style, Sink *out)
{
    (void)style;
    Json json = {.out = out}, *j = &json;
    open(j, NULL, "{");
    word(j, "schema", "vmsift-report/1");
    put_bundle(j, "bundle", report->bundle);
    text(j, "headline", report->conclusion->headline);
    put_code(j, &report->code);
    EACH(j, "sources", report->analysis->rows, put_source);
    EACH_AT(j, "episodes", report->episodes->list, put_episode);
    EACH_AT(j, "changes", report->conclusion->changes, put_change);
    open(j, "verdicts", "[");
    for (size_t i = 0; i < report->conclusion->verdicts.count; i++) {
        put_verdict(j, &report->conclusion->verdicts.at[i], &report->code);
    }
    shut(j, "]");
    put_errors(j, report->analysis);
    EACH_AT(j, "collect_next", report->conclusion->collect, put_collect);
    EACH_AT(j, "absent", report->conclusion->absent, put_absent);
    put_diagnostics(j, report);
    put_limits(j, report->analysis);
    shut(j, "}");
    sink_put(out, "\n");
}

void report_ledger_json(const Report *report, const ReportStyle *style, Sink *out)
{
    (void)style;
    Json json = {.out = out}, *j = &json;
    open(j, NULL, "{");
    word(j, "schema", "vmsift-report/1");
    put_bundle(j, "bundle", report->bundle);
    EACH(j, "sources", report->analysis->rows, put_source);
    EACH_AT(j, "absent", report->conclusion->absent, put_absent);
    put_diagnostics(j, report);
    put_limits(j, report->analysis);
    shut(j, "}");
    sink_put(out, "\n");
}
