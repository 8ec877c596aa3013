#include "coverage.h"

#include <stdlib.h>

#define PICKED "only events that somebody picked out are in the bundle"

const char *row_status_name(RowStatus status)
{
    static const char *const names[] = {"read", "partial", "damaged", "skipped", "unread"};
    return names[status];
}

static void span_grow(Span *span, int64_t ns)
{
    if (span->from_ns == TIME_NONE) {
        *span = (Span){ns, ns};
    } else if (ns < span->from_ns) {
        span->from_ns = ns;
    } else if (ns > span->to_ns) {
        span->to_ns = ns;
    }
}

/* Logs are written in the order of their ids, up (a file) or down (an export, newest first): nearly every record
 * extends the run before it. */
static void id_add(SourceRow *row, Arena *run, uint64_t id, int64_t ns)
{
    IdRun *last = row->runs.count ? &row->runs.at[row->runs.count - 1] : NULL;
    bool joins = last && last->suspect == row->suspect;
    if (joins && id == last->last + 1) {
        last->last = id;
        last->last_ns = ns;
    } else if (joins && last->first > 0 && id == last->first - 1) {
        last->first = id;
        last->first_ns = ns;
    } else if (row->runs.count < LIMIT_ID_RUNS && row->kept_bytes < row->kept_room) {
        if (last) {
            last->lost_after = row->lost;
        }
        row->kept_bytes += 2 * sizeof(IdRun);
        *VEC_ADD(run, &row->runs) = (IdRun){id, id, ns, ns, row->suspect, row->lost, NULL};
    } else {
        row->runs_full = true;
    }
    row->lost = NULL;
}

void coverage_hole(SourceRow *row, Arena *run, Span span, const char *why)
{
    Hole *last = row->holes.count ? &row->holes.at[row->holes.count - 1] : NULL;
    if (last && span.from_ns <= last->span.to_ns && span.to_ns >= last->span.from_ns) {
        span_grow(&last->span, span.from_ns);
        span_grow(&last->span, span.to_ns);
    } else if (row->holes.count < LIMIT_ID_RUNS) {
        row->kept_bytes += 2 * sizeof(Hole);
        *VEC_ADD(run, &row->holes) = (Hole){span, why};
    } else {
        row->runs_full = true; /* a hole nobody knows of must not prove an absence */
    }
}

static bool is_state(Service service)
{
    return service >= SERVICE_EPISODE;
}

static void computer_add(SourceRow *row, Arena *run, Str computer)
{
    for (size_t i = 0; computer.len && i < sizeof row->computers / sizeof *row->computers; i++) {
        if (!row->computers[i].len) {
            row->computers[i] = arena_str(run, computer);
        }
        if (str_eq(row->computers[i], computer)) {
            return;
        }
    }
}

void coverage_add(SourceRow *row, Arena *run, const Event *ev)
{
    row->events++;
    if (ev->time_ns == TIME_NONE || ev->trust >= TRUST_INHERITED || is_state(ev->service)) {
        return;
    }
    bool event_log = ev->service == SERVICE_EVENT_LOG;
    if (!event_log && str_find_byte(ev->message, '*', 0) != STR_NOT_FOUND &&
        str_has(ev->message, STR("***REDACTED***"))) {
        int64_t before = row->span.from_ns == TIME_NONE ? ev->time_ns : row->span.to_ns;
        coverage_hole(row, run, (Span){before < ev->time_ns ? before : ev->time_ns, ev->time_ns},
                      "lines were redacted");
    }
    span_grow(ev->trust == TRUST_LOCAL ? &row->local : &row->span, ev->time_ns);
    row->time_digits = ev->time_digits > row->time_digits ? ev->time_digits : row->time_digits;
    row->trust = ev->trust > row->trust ? ev->trust : row->trust;
    if (!event_log) {
        return;
    }
    if (!row->channel.len && ev->channel.len) {
        bool forwarded =
            str_has_nocase(row->path, STR("ForwardedEvents")); /* its events name the channel they came from */
        row->channel = forwarded ? STR("ForwardedEvents") : arena_str(run, ev->channel);
    }
    row->picked = row->picked || (ev->text_only && ev->channel.len && !str_eq_nocase(ev->channel, row->channel));
    computer_add(row, run, ev->computer);
    if (ev->computer.len && (row->computer_ns == TIME_NONE || ev->time_ns >= row->computer_ns)) {
        row->computer_ns = ev->time_ns;
        if (!str_eq(row->computer, ev->computer)) {
            row->computer = arena_str(run, ev->computer);
        }
    }
    if (!str_eq_nocase(row->channel, ev->channel)) {
        row->mixed = true;
    } else if (!ev->is_line) {
        id_add(row, run, ev->record, ev->time_ns);
    }
}

static int id_order(const void *a, const void *b)
{
    const IdRun *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static int time_order(const void *a, const void *b)
{
    const IdRun *x = a, *y = b;
    return x->first_ns != y->first_ns ? (x->first_ns < y->first_ns ? -1 : 1) : id_order(a, b);
}

/* Chunks of a log that went round, and records that were not written in the order of their ids. */
static void runs_join(SourceRow *row)
{
    size_t to = 0;
    qsort(row->runs.at, row->runs.count, sizeof *row->runs.at, id_order);
    for (size_t i = 1; i < row->runs.count; i++) {
        IdRun *a = &row->runs.at[to], *b = &row->runs.at[i];
        if (b->first == a->last + 1 && b->suspect == a->suspect) {
            a->last = b->last;
            a->last_ns = b->last_ns;
            a->lost_after = b->lost_after;
        } else {
            row->runs.at[++to] = *b;
        }
    }
    row->runs.count = to + 1;
}

static void hole_between(SourceRow *row, Arena *run, int64_t a_ns, int64_t b_ns, const char *why)
{
    coverage_hole(row, run, a_ns < b_ns ? (Span){a_ns, b_ns} : (Span){b_ns, a_ns}, why);
}

/* `a` ends before `b` begins, in time: what may be missing between them. */
static void runs_compare(SourceRow *row, Arena *run, const IdRun *a, const IdRun *b)
{
    const char *lost = a->lost_after ? a->lost_after : b->lost_before;
    if (a->suspect || b->suspect) {
        const char *why = a->suspect ? a->suspect : b->suspect;
        hole_between(row, run, a->last_ns, b->first_ns, why);
    } else if (b->first > a->last + 1) {
        hole_between(row, run, a->last_ns, b->first_ns, lost ? lost : "record ids are missing");
    } else if (b->first <= a->last && b->first_ns > a->last_ns) {
        hole_between(row, run, a->last_ns, b->first_ns, "record ids begin anew");
    }
}

/* A log whose first or last events are of another channel covers its own no longer than its records reach. */
static void other_channels(SourceRow *row, Arena *run, int64_t first_ns, int64_t last_ns)
{
    if (row->mixed && row->span.from_ns < first_ns) {
        coverage_hole(row, run, (Span){row->span.from_ns, first_ns}, "only events of other channels");
    }
    if (row->mixed && row->span.to_ns > last_ns) {
        coverage_hole(row, run, (Span){last_ns, row->span.to_ns}, "only events of other channels");
    }
}

void coverage_close(SourceRow *row, Arena *run)
{
    if (row->runs.count == 0) {
        return;
    }
    row->runs.at[row->runs.count - 1].lost_after = row->lost;
    runs_join(row);
    qsort(row->runs.at, row->runs.count, sizeof *row->runs.at, time_order);
    const IdRun *edge = &row->runs.at[0];
    for (size_t i = 0; i < row->runs.count; i++) {
        const IdRun *next = &row->runs.at[i];
        if (i > 0) {
            runs_compare(row, run, edge, next);
        }
        if (next->suspect) {
            hole_between(row, run, next->first_ns, next->last_ns, next->suspect);
        }
        edge = next->last_ns >= edge->last_ns ? next : edge;
    }
    other_channels(row, run, row->runs.at[0].first_ns, edge->last_ns);
}

/* --- questions -------------------------------------------------------------------------------------------------- */

static bool same_source(const SourceRow *row, const CoverageQuery *q)
{
    return row->service == q->service && (q->service != SERVICE_EVENT_LOG || str_eq_nocase(row->channel, q->channel));
}

static bool concerns(const SourceRow *row, const CoverageQuery *q)
{
    return row->events > 0 && same_source(row, q);
}

/* The moment up to which it tells all there was: its last event, of a whole event log the newest of its collection. */
static int64_t coverage_end(const SourceRow *row)
{
    int64_t end_ns = row->span.to_ns - row->doubt.early_ns;
    bool whole = row->service == SERVICE_EVENT_LOG && row->status == ROW_READ && row->gathering;
    return whole && row->gathering->events_end_ns > end_ns ? row->gathering->events_end_ns : end_ns;
}

/* How far a row reaches beyond `from`, where it covers that moment; `from` itself if it does not. */
static int64_t reach(const SourceRow *row, int64_t from, const char **why)
{
    if (row->span.from_ns == TIME_NONE || row->runs_full || row->kept_full || row->picked) {
        *why = row->kept_full ? "more of it matches than could be kept" : row->picked ? PICKED : *why;
        return from;
    }
    Span span = {row->span.from_ns + row->doubt.late_ns, coverage_end(row)};
    if (from < span.from_ns || from >= span.to_ns) {
        return from;
    }
    for (size_t i = 0; i < row->holes.count; i++) {
        const Hole *hole = &row->holes.at[i];
        if (hole->span.to_ns >= from && hole->span.from_ns <= span.to_ns) {
            *why = hole->why;
            span.to_ns = hole->span.from_ns > from ? hole->span.from_ns : from;
        }
    }
    return span.to_ns;
}

static bool begins_later(SourceRow *const *rows, size_t count, const CoverageQuery *q)
{
    for (size_t i = 0; i < count; i++) {
        if (concerns(rows[i], q) && rows[i]->span.from_ns != TIME_NONE && rows[i]->span.from_ns <= q->window.from_ns) {
            return false;
        }
    }
    return true;
}

/* No time is asked about, for nobody knows one: then such a source must be there, and all of it must have been read. */
static const char *lacks_anything(SourceRow *const *rows, size_t count, const CoverageQuery *q)
{
    const char *why = "it is not in the bundle";
    for (size_t i = 0; i < count; i++) {
        const SourceRow *row = rows[i];
        if (!concerns(row, q)) {
            continue;
        }
        if (row->picked) {
            why = why ? PICKED : NULL;
            continue;
        }
        if (row->status != ROW_READ || row->kept_full || row->holes.count) {
            return row->holes.count ? row->holes.at[0].why : "not all of it could be read";
        }
        why = NULL;
    }
    return why;
}

const char *coverage_absent(SourceRow *const *rows, size_t count, const CoverageQuery *q)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->absent && same_source(rows[i], q)) {
            return "a file of it was collected and is lost, most likely to the secret scanner";
        }
    }
    return NULL;
}

const char *coverage_lacks(SourceRow *const *rows, size_t count, const CoverageQuery *q)
{
    if (q->service == SERVICE_EVENT_LOG && !q->channel.len) { /* a machine has hundreds, and any may hold it */
        return "nobody knows whether all logs of the machine are in the bundle";
    }
    const char *lost = coverage_absent(rows, count, q);
    if (lost) {
        return lost;
    }
    if (q->window.from_ns >= q->window.to_ns) {
        return lacks_anything(rows, count, q);
    }
    int64_t covered = q->window.from_ns;
    bool any = false;
    const char *why = NULL;
    for (bool more = true; more && covered < q->window.to_ns;) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            if (concerns(rows[i], q)) {
                any = true;
                int64_t to = reach(rows[i], covered, &why);
                more = more || to > covered;
                covered = to > covered ? to : covered;
            }
        }
    }
    if (covered >= q->window.to_ns) {
        return NULL;
    }
    return !any                           ? "it is not in the bundle"
           : why                          ? why
           : begins_later(rows, count, q) ? "it begins later"
                                          : "it ends before that time is over";
}

/* Of a source with more matches than could be kept, or without what was written last, no value can be said not to be
 * there. */
const char *coverage_lacks_registry(SourceRow *const *rows, size_t count, const RegistrySet *asked)
{
    RegistrySet told = {0};
    uint8_t room[REGISTRY_TARGET];
    size_t number;
    for (size_t i = 0; i < count; i++) {
        if (!rows[i]->kept_full && !rows[i]->past && !rows[i]->unflushed) {
            registry_set_join(&told, &rows[i]->registry);
        }
    }
    if (registry_set_empty(asked)) {
        return "such a value is not read here";
    }
    if (!registry_set_lacks(&told, asked, &number)) {
        return NULL;
    }
    bool system = str_starts_nocase(registry_value_target(number, room), STR("HKLM\\SYSTEM\\"));
    return system ? "no whole SYSTEM hive, and no export of that key, is in the bundle"
                  : "no whole SOFTWARE hive, and no export of that key, is in the bundle";
}
