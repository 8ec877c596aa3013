#include "analysis.h"

#include <stdlib.h>
#include <string.h>

#include "error_code.h"
#include "event_message.h"

/* --- copies ----------------------------------------------------------------------------------------------------- */

static Str copy(Analysis *out, Str s, size_t limit)
{
    s = str_slice(s, 0, limit);
    out->row->kept_bytes += s.len;
    return arena_str(out->run, s);
}

/* The first line, and each continuation line that names an error. */
static Str text_quote(Arena *a, Str message)
{
    if (message.len <= LIMIT_QUOTE) {
        return message;
    }
    VEC(Str) parts = {0};
    Str rest = message, line;
    size_t used = 0;
    for (bool first = true; str_split(&rest, '\n', &line) && used < LIMIT_QUOTE; first = false) {
        CodeHit hit;
        size_t from = 0;
        line = str_slice(line, 0, LIMIT_QUOTE - used);
        if (first || str_has(line, STR("Exception")) || error_code_next(line, &from, &hit)) {
            *VEC_ADD(a, &parts) = line;
            *VEC_ADD(a, &parts) = STR("\n");
            used += line.len + 1;
        }
    }
    return arena_join(a, parts.at, parts.count ? parts.count - 1 : 0);
}

/* Its strings in a row, for events that nobody has words for; (NULL) is what the Windows Installer fills up with. */
static Str strings_quote(Arena *a, const Event *ev)
{
    VEC(Str) parts = {0};
    for (size_t i = 0; i < ev->field_count; i++) {
        const Field *f = &ev->fields[i];
        if (str_eq(f->name, STR("Binary")) || !f->value.len || str_eq(f->value, STR("(NULL)"))) {
            continue;
        }
        if (parts.count) {
            *VEC_ADD(a, &parts) = STR("; ");
        }
        if (f->name.len && !str_starts_nocase(f->name, STR("param"))) {
            *VEC_ADD(a, &parts) = f->name;
            *VEC_ADD(a, &parts) = STR("=");
        }
        *VEC_ADD(a, &parts) = str_trim(f->value);
    }
    return arena_join(a, parts.at, parts.count);
}

/* As Event Viewer shows it. The catalogue's words stand here and nowhere else: matching does not see a quote. */
static Str event_log_quote(Arena *a, const Event *ev)
{
    Str name = ev->provider_alias.len ? ev->provider_alias : ev->provider;
    Str text = ev->message.len ? ev->message : event_message(a, ev);
    return arena_join(
        a, (Str[]){name, arena_format(a, " %u: ", (unsigned)ev->id), text.len ? text : strings_quote(a, ev)}, 3);
}

static Str fields_quote(Arena *a, const Event *ev)
{
    VEC(Str) parts = {0};
    for (size_t i = 0; i < ev->field_count; i++) {
        if (parts.count) {
            *VEC_ADD(a, &parts) = STR(", ");
        }
        *VEC_ADD(a, &parts) = ev->fields[i].name;
        *VEC_ADD(a, &parts) = STR(" ");
        *VEC_ADD(a, &parts) = ev->fields[i].value;
    }
    return arena_join(a, parts.at, parts.count);
}

static Str quote_of(Arena *a, const Event *ev)
{
    return ev->service == SERVICE_EVENT_LOG ? event_log_quote(a, ev)
           : ev->message.len                ? text_quote(a, ev->message)
                                            : fields_quote(a, ev);
}

static Kept *keep(Analysis *out, const Event *ev)
{
    Kept *kept = ARENA_NEW(out->run, Kept, 1);
    Field *fields = ARENA_NEW(out->run, Field, ev->field_count);
    kept->ev = *ev;
    kept->row = out->row;
    for (size_t i = 0; i < ev->field_count; i++) {
        fields[i] = (Field){copy(out, ev->fields[i].name, LIMIT_QUOTE), copy(out, ev->fields[i].value, LIMIT_QUOTE)};
    }
    kept->ev.fields = fields;
    kept->ev.provider = copy(out, ev->provider, LIMIT_QUOTE);
    kept->ev.provider_alias = copy(out, ev->provider_alias, LIMIT_QUOTE);
    kept->ev.channel = copy(out, ev->channel, LIMIT_QUOTE);
    kept->ev.computer = copy(out, ev->computer, LIMIT_QUOTE);
    kept->ev.time_text = copy(out, ev->time_text, 64);
    kept->ev.message = copy(out, ev->message, LIMIT_QUOTE);
    Str quote = quote_of(&out->quoting, ev);
    kept->quote = quote.at == ev->message.at ? kept->ev.message : copy(out, quote, LIMIT_QUOTE);
    arena_reset(&out->quoting);
    kept->quote_at = ev->record;
    out->row->kept_bytes += sizeof *kept + ev->field_count * sizeof *fields + 3 * sizeof(Match);
    out->row->kept_count++;
    *VEC_ADD(out->run, &out->kept) = kept;
    return kept;
}

/* --- codes ------------------------------------------------------------------------------------------------------ */

static CodeMet *code_slot(Analysis *out, uint8_t family, uint32_t code)
{
    uint32_t slot = (code * 2654435761u + family) >> 16;
    for (;; slot++) {
        uint16_t *at = &out->code_slots[slot % (2 * LIMIT_CODES)];
        if (*at == 0 && out->codes.count < LIMIT_CODES) {
            CodeMet *met = VEC_ADD(out->run, &out->codes);
            *met =
                (CodeMet){.code = code, .family = family, .first_ns = TIME_NONE, .last_ns = TIME_NONE, .row = out->row};
            *at = (uint16_t)out->codes.count;
            return met;
        }
        CodeMet *met = *at ? &out->codes.at[*at - 1] : NULL;
        if (!met || (met->code == code && met->family == family)) {
            return met;
        }
    }
}

static bool is_earlier(const Event *ev, const SourceRow *row, const CodeMet *met)
{
    return met->first_ns == TIME_NONE || ev->time_ns < met->first_ns ||
           (ev->time_ns == met->first_ns && row->order < met->row->order);
}

static void code_add(Analysis *out, const Event *ev, uint8_t family, uint32_t code)
{
    CodeMet *met = code_slot(out, family, code);
    if (!met) {
        analysis_limit(out, "error codes", "more different error codes than are counted");
        return;
    }
    met->count++;
    *VEC_ADD(out->run, &out->met) = (CodeRef){code, family};
    if (ev->trust == TRUST_LOCAL) {
        return; /* when that was is not known yet */
    }
    if (ev->time_ns != TIME_NONE && is_earlier(ev, out->row, met)) {
        met->first_ns = ev->time_ns;
        met->time_digits = ev->time_digits;
        met->row = out->row;
    }
    met->last_ns = ev->time_ns > met->last_ns ? ev->time_ns : met->last_ns;
}

/* A code that one record repeats counts once. */
static void codes_of(Analysis *out, const Event *ev, Str text)
{
    CodeHit hit, seen[8];
    size_t from = 0, count = 0;
    while (count < sizeof seen / sizeof *seen && error_code_next(text, &from, &hit)) {
        bool again = false;
        for (size_t i = 0; i < count; i++) {
            again = again || (seen[i].code == hit.code && seen[i].family == hit.family);
        }
        if (!again) {
            seen[count++] = hit;
            code_add(out, ev, (uint8_t)hit.family, hit.code);
        }
    }
}

static void codes_scan(Analysis *out, const Event *ev)
{
    if (ev->service != SERVICE_EVENT_LOG || ev->text_only) {
        codes_of(out, ev, ev->message);
    }
    for (size_t i = 0; ev->service == SERVICE_EVENT_LOG && !ev->text_only && i < ev->field_count; i++) {
        codes_of(out, ev, ev->fields[i].value);
    }
    uint64_t status;
    if (str_u64(event_installer_status(ev), 10, &status) && status > 0 && status <= UINT32_MAX) {
        code_add(out, ev, CODE_MSI, (uint32_t)status);
    }
}

/* --- what is kept ----------------------------------------------------------------------------------------------- */

static bool is_failure(Mark mark)
{
    return mark == MARK_ENABLE_FAILED || mark == MARK_INSTALL_FAILED || mark == MARK_RUN_ERROR ||
           mark == MARK_RUN_FAILED;
}

/* Other extensions report in order every few minutes; only their failures are part of the story. */
static bool mark_counts(const Event *ev)
{
    switch (ev->mark) {
    case MARK_NONE:
    case MARK_GOAL_STATE: return false;
    case MARK_ENABLE_BEGIN:
    case MARK_ENABLE_OK:
    case MARK_INSTALL_BEGIN:
    case MARK_INSTALL_OK:
    case MARK_COMMAND_BEGIN:
    case MARK_COMMAND_EXIT: return str_has_nocase(event_field(ev, STR("Handler")), STR("VMSnapshot"));
    default: return true;
    }
}

/* State is few and may be asked for by what is only known later: what the services were at the failure, the zone. */
static bool state_counts(const Event *ev)
{
    return ev->service == SERVICE_REGISTRY_STATE ||
           (ev->service == SERVICE_DISKINSPECT &&
            (event_field(ev, STR("Manifest")).len || event_field(ev, STR("Member")).len));
}

static bool is_grave(const Event *ev)
{
    return ev->level == LEVEL_CRITICAL || ev->level == LEVEL_ERROR ||
           (ev->level == LEVEL_WARNING && ev->service == SERVICE_EVENT_LOG) || is_failure(ev->mark);
}

static bool has_codes(const Event *ev)
{
    return is_grave(ev) || ev->service == SERVICE_VMSNAPSHOT || ev->service == SERVICE_STATUS ||
           ev->service == SERVICE_AGGREGATESTATUS || (ev->service == SERVICE_COMMANDEXECUTION && mark_counts(ev)) ||
           (ev->service == SERVICE_EVENT_LOG && str_eq_nocase(ev->provider, STR("MsiInstaller")));
}

/* Matches decide, the life cycle makes the episodes, the rest only illustrates: of a source with more of all than there
 * is room for, the lesser leave room for the greater. */
typedef enum Worth {
    WORTH_SHOWING = 4,
    WORTH_TELLING = 2,
    WORTH_DECIDING = 1
} Worth; /* part of the room: one in so many */

static bool has_room(const SourceRow *row, Worth worth)
{
    return row->kept_bytes < row->kept_room / worth && (worth != WORTH_SHOWING || row->kept_count < LIMIT_KEPT);
}

static bool within_limits(Analysis *out, Worth worth)
{
    SourceRow *row = out->row;
    if (has_room(row, worth)) {
        return true;
    }
    if (worth == WORTH_DECIDING) {
        row->kept_full = true;
        analysis_limit(out, "matches", "what matched later in this source was only counted");
    } else if (worth == WORTH_TELLING) {
        analysis_limit(out, "life-cycle events",
                       "later installations, life-cycle events and values of this source were only counted");
    }
    return false;
}

/* A near miss is worth keeping when it comes nearer than what there is, or there is room beside its equals. */
static bool near_keep(Analysis *out, const MatchResult *r)
{
    NearMiss *best = &out->near[r->rule->index];
    unsigned ours = r->passed * (unsigned)best->tests, theirs = best->passed * (unsigned)r->tests;
    if (best->count == 0 || ours > theirs) {
        *best = (NearMiss){r->passed, r->tests, 0};
    } else if (ours < theirs || best->count >= LIMIT_NEAR) {
        return false;
    }
    best->count++;
    return true;
}

static void keep_codes(Analysis *out, Kept *kept)
{
    CodeRef *codes = ARENA_NEW(out->run, CodeRef, out->met.count);
    for (size_t i = 0; i < out->met.count; i++) {
        codes[i] = out->met.at[i];
    }
    kept->codes = codes;
    kept->code_count = out->met.count;
    out->row->kept_bytes += out->met.count * sizeof *codes;
}

void analysis_add(Analysis *out, Source *src, const Event *ev)
{
    (void)src;
    if (out->tap) {
        out->tap(out->tap_with, ev);
        return;
    }
    if (out->watch) {
        out->watch(out->watch_with, out->row, ev);
    }
    Kept *kept = NULL;
    coverage_add(out->row, out->run, ev);
    const MatchResult *results;
    size_t count = out->matcher ? match_event(out->matcher, ev, &results) : 0;
    out->met.count = 0;
    if (has_codes(ev)) {
        codes_scan(out, ev);
    }
    bool must = mark_counts(ev) || state_counts(ev);
    if ((must || is_grave(ev) || out->met.count) && within_limits(out, must ? WORTH_TELLING : WORTH_SHOWING)) {
        kept = keep(out, ev);
    }
    for (size_t i = 0; i < count; i++) {
        const MatchResult *r = &results[i];
        if (r->truth == NO ? !near_keep(out, r) || !within_limits(out, WORTH_SHOWING)
                           : !within_limits(out, WORTH_DECIDING)) {
            continue;
        }
        kept = kept ? kept : keep(out, ev);
        *VEC_ADD(out->run, &out->matches) = (Match){r->rule, kept, r->truth, r->passed, r->tests, r->why};
    }
    if (kept) {
        keep_codes(out, kept);
    }
}

bool analysis_tells(const Event *ev)
{
    return mark_counts(ev) || is_grave(ev);
}

bool analysis_full(const SourceRow *row)
{
    return !has_room(row, WORTH_SHOWING);
}

bool analysis_wants(const Analysis *out, Str provider, Str provider_alias, uint32_t id, Str channel, Level level)
{
    return out->tap || out->watch || (level >= LEVEL_CRITICAL && level <= LEVEL_WARNING) ||
           str_eq_nocase(provider, STR("MsiInstaller")) ||
           (out->matcher && match_wants(out->matcher, provider, provider_alias, id, channel));
}

void analysis_open(Analysis *out, const RuleSet *rules, Arena *run)
{
    *out = (Analysis){.rules = rules, .run = run, .room = LIMIT_KEPT_ALL};
    out->code_slots = ARENA_NEW(run, uint16_t, 2 * LIMIT_CODES);
    if (rules) {
        out->matcher = matcher_open(rules);
        out->near = ARENA_NEW(run, NearMiss, rules->rule_count);
    }
}

void analysis_close(Analysis *out)
{
    matcher_close(out->matcher);
    out->matcher = NULL;
    arena_free(&out->quoting);
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

static void row_enter(Analysis *out, SourceRow *row)
{
    out->row = row;
    if (out->near) {
        memset(out->near, 0, out->rules->rule_count * sizeof *out->near);
        matcher_source(out->matcher);
    }
}

SourceRow *analysis_row(Analysis *out, Str path, uint64_t order, int64_t mtime_ns, unsigned share)
{
    SourceRow *row = ARENA_NEW(out->run, SourceRow, 1);
    *row = (SourceRow){.order = order,
                       .path = arena_str(out->run, path),
                       .kind = "other",
                       .span = {TIME_NONE, TIME_NONE},
                       .local = {TIME_NONE, TIME_NONE},
                       .computer_ns = TIME_NONE,
                       .mtime_ns = mtime_ns,
                       .kept_room = out->room / share < LIMIT_KEPT_BYTES ? out->room / share : LIMIT_KEPT_BYTES};
    *VEC_ADD(out->run, &out->rows) = row;
    row_enter(out, row);
    return row;
}

void analysis_row_again(Analysis *out, SourceRow *row)
{
    out->room += row->kept_bytes;
    row_enter(out, row);
}

void analysis_row_end(Analysis *out, SourceRow *row)
{
    out->room -= row->kept_bytes < out->room ? row->kept_bytes : out->room;
}

void analysis_adopt(Analysis *into, Analysis *from)
{
#define ADOPT(vec)                                                                                                     \
    for (size_t i = 0; i < from->vec.count; i++) {                                                                     \
        *VEC_ADD(into->run, &into->vec) = from->vec.at[i];                                                             \
    }
    ADOPT(rows)
    ADOPT(kept)
    ADOPT(matches)
    ADOPT(codes)
    arena_adopt(into->run, from->run);
    from->rows.count = from->kept.count = from->matches.count = from->codes.count = 0;
}

/* --- order ------------------------------------------------------------------------------------------------------ */

static int row_order(const void *a, const void *b)
{
    const SourceRow *x = *(SourceRow *const *)a, *y = *(SourceRow *const *)b;
    return (x->order > y->order) - (x->order < y->order);
}

static int kept_compare(const Kept *a, const Kept *b)
{
    if (a->ev.time_ns != b->ev.time_ns) {
        return a->ev.time_ns < b->ev.time_ns ? -1 : 1;
    }
    if (a->row->order != b->row->order) {
        return a->row->order < b->row->order ? -1 : 1;
    }
    return a->ev.offset != b->ev.offset ? (a->ev.offset < b->ev.offset ? -1 : 1)
                                        : (a->ev.record > b->ev.record) - (a->ev.record < b->ev.record);
}

static int kept_order(const void *a, const void *b)
{
    return kept_compare(*(Kept *const *)a, *(Kept *const *)b);
}

static int match_order(const void *a, const void *b)
{
    const Match *x = a, *y = b;
    int order = kept_compare(x->kept, y->kept);
    return order ? order : (x->rule->index > y->rule->index) - (x->rule->index < y->rule->index);
}

static int code_order(const void *a, const void *b)
{
    const CodeMet *x = a, *y = b;
    return x->family != y->family           ? (x->family < y->family ? -1 : 1)
           : x->code != y->code             ? (x->code < y->code ? -1 : 1)
           : x->first_ns != y->first_ns     ? (x->first_ns < y->first_ns ? -1 : 1)
           : x->row->order != y->row->order ? (x->row->order < y->row->order ? -1 : 1)
                                            : 0;
}

/* One entry a code, with the source that had it first. */
static void codes_join(Analysis *out)
{
    size_t to = 0;
    for (size_t i = 0; i < out->codes.count; i++) {
        CodeMet *c = &out->codes.at[i], *last = to ? &out->codes.at[to - 1] : NULL;
        if (last && last->code == c->code && last->family == c->family) {
            last->count += c->count;
            last->last_ns = c->last_ns > last->last_ns ? c->last_ns : last->last_ns;
        } else {
            out->codes.at[to++] = *c;
        }
    }
    out->codes.count = to;
}

/* After this, neither the number of workers nor their pace can be seen. */
void analysis_sort(Analysis *out)
{
#define SORT(vec, order) ((vec).count ? qsort((vec).at, (vec).count, sizeof *(vec).at, order) : (void)0)
    SORT(out->rows, row_order);
    for (size_t i = 0; i < out->rows.count; i++) {
        out->rows.at[i]->number = i;
    }
    SORT(out->kept, kept_order);
    SORT(out->matches, match_order);
    SORT(out->codes, code_order);
    codes_join(out);
}

/* --- diagnostics ------------------------------------------------------------------------------------------------ */

static Status diagnose(Analysis *out, uint64_t at, bool is_line, const char *what)
{
    if (out->row->diagnostics.count < LIMIT_DIAGNOSTICS) {
        *VEC_ADD(out->run, &out->row->diagnostics) = (Diagnostic){at, is_line, arena_str(out->run, str_of(what))};
    } else {
        out->row->diagnostics_lost++;
    }
    return ST_PARTIAL;
}

Status analysis_diag(Analysis *out, Source *src, uint64_t offset, const char *what)
{
    (void)src;
    return diagnose(out, offset, false, what);
}

Status analysis_diag_line(Analysis *out, Source *src, uint64_t line, const char *what)
{
    (void)src;
    return diagnose(out, line, true, what);
}

void analysis_limit(Analysis *out, const char *limit, const char *what)
{
    for (size_t i = 0; i < out->row->limits.count; i++) {
        if (str_eq(str_of(limit), str_of(out->row->limits.at[i].limit))) {
            return;
        }
    }
    *VEC_ADD(out->run, &out->row->limits) = (LimitRow){limit, arena_str(out->run, str_of(what))};
}

void analysis_note(Analysis *out, Str note)
{
    out->row->note = arena_str(out->run, note);
}
