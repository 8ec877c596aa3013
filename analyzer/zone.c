#include "zone.h"

#include "zone_local.h"

#define STEP       (15 * NS_MINUTE)
#define STEPS_WEST 48 /* UTC-12:00 */
#define STEPS_EAST 56 /* UTC+14:00 */
/* The agent is up within minutes of the system; the extension writes its first line seconds after it was started. */
#define START_AFTER_BOOT (10 * NS_MINUTE)
#define LOG_AFTER_ENABLE (3 * NS_MINUTE)

typedef struct Moments {
    VEC(int64_t) boots, runs;
} Moments;

static Moments moments(const Analysis *analysis)
{
    Moments m = {0};
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Event *ev = &analysis->kept.at[i]->ev;
        bool certain = ev->trust == TRUST_STAMPED ||
                       (ev->trust == TRUST_INFERRED && ev->doubt.early_ns == 0 && ev->doubt.late_ns == 0);
        if (certain && ev->mark == MARK_BOOT) {
            *VEC_ADD(analysis->run, &m.boots) = ev->time_ns;
        } else if (ev->trust == TRUST_STAMPED && ev->service == SERVICE_COMMANDEXECUTION) {
            *VEC_ADD(analysis->run, &m.runs) = ev->time_ns;
        }
    }
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->service == SERVICE_VMSNAPSHOT && row->span.from_ns != TIME_NONE && row->trust == TRUST_STAMPED) {
            *VEC_ADD(analysis->run, &m.runs) = row->span.from_ns;
        }
    }
    return m;
}

static bool any_within(const int64_t *at, size_t count, int64_t from_ns, int64_t to_ns)
{
    for (size_t i = 0; i < count; i++) {
        if (at[i] >= from_ns && at[i] <= to_ns) {
            return true;
        }
    }
    return false;
}

/* Whether a mark finds a partner when `offset` is taken off its time. */
static bool pairs(const Kept *k, const Moments *m, int64_t offset)
{
    int64_t utc = k->ev.time_ns - offset;
    return k->ev.mark == MARK_AGENT_START    ? any_within(m->boots.at, m->boots.count, utc - START_AFTER_BOOT, utc)
           : k->ev.mark == MARK_ENABLE_BEGIN ? any_within(m->runs.at, m->runs.count, utc, utc + LOG_AFTER_ENABLE)
                                             : false;
}

static unsigned pairs_at(const Analysis *analysis, const SourceRow *row, const Moments *m, int64_t offset)
{
    unsigned count = 0;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        count += k->row == row && k->ev.time_ns != TIME_NONE && pairs(k, m, offset);
    }
    return count;
}

/* The one offset that pairs most; false when none does, or two do equally well and neither is UTC. */
static bool best_offset(const Analysis *analysis, const SourceRow *row, const Moments *m, int64_t *offset,
                        unsigned *count)
{
    unsigned at_best = 0;
    *count = pairs_at(analysis, row, m, 0);
    *offset = 0;
    for (int step = -STEPS_WEST; step <= STEPS_EAST; step++) {
        unsigned n = step ? pairs_at(analysis, row, m, step * STEP) : 0;
        if (n > *count) {
            *count = n;
            *offset = step * STEP;
            at_best = 1;
        } else if (n == *count && *offset != 0) {
            at_best++;
        }
    }
    return *count > 0 && (*offset == 0 || at_best == 1);
}

typedef struct Clock { /* of one log: the offset of its stamps, and the one from a change of the clock on */
    int64_t offset, later, change_ns; /* change_ns: local; INT64_MAX: it never changes */
} Clock;

/* Marks that pair an hour away, all of them behind (or before) all that pair here: summer time began or ended between.
 */
static bool hour_change(const Analysis *analysis, const SourceRow *row, const Moments *m, int64_t step, Clock *clock)
{
    int64_t here_first = INT64_MAX, here_last = TIME_NONE, there_first = INT64_MAX, there_last = TIME_NONE;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        if (k->row != row || k->ev.time_ns == TIME_NONE) {
            continue;
        }
        if (pairs(k, m, clock->offset)) {
            here_first = k->ev.time_ns < here_first ? k->ev.time_ns : here_first;
            here_last = k->ev.time_ns > here_last ? k->ev.time_ns : here_last;
        } else if (pairs(k, m, clock->offset + step)) {
            there_first = k->ev.time_ns < there_first ? k->ev.time_ns : there_first;
            there_last = k->ev.time_ns > there_last ? k->ev.time_ns : there_last;
        }
    }
    if (there_last == TIME_NONE || (there_first < here_last && here_first < there_last)) {
        return false;
    }
    bool behind = there_first > here_last;
    *clock = (Clock){behind ? clock->offset : clock->offset + step, behind ? clock->offset + step : clock->offset,
                     behind ? here_last + (there_first - here_last) / 2 : there_last + (here_first - there_last) / 2};
    return true;
}

static int64_t to_utc(const Clock *clock, int64_t local_ns)
{
    return local_ns - (local_ns < clock->change_ns ? clock->offset : clock->later);
}

static void shift(Analysis *analysis, SourceRow *row, const Clock *clock)
{
    row->zone_ns = clock->change_ns <= row->span.to_ns ? clock->later : clock->offset;
    row->trust = TRUST_INFERRED;
    row->span = (Span){to_utc(clock, row->span.from_ns), to_utc(clock, row->span.to_ns)};
    for (size_t i = 0; i < row->holes.count; i++) {
        Span *hole = &row->holes.at[i].span;
        *hole = (Span){to_utc(clock, hole->from_ns), to_utc(clock, hole->to_ns)};
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        Kept *k = analysis->kept.at[i];
        if (k->row == row && k->ev.time_ns != TIME_NONE && k->ev.trust != TRUST_STAMPED) {
            k->ev.time_ns = to_utc(clock, k->ev.time_ns);
            k->ev.trust = k->ev.trust == TRUST_ASSUMED ? TRUST_INFERRED : k->ev.trust;
        }
    }
}

static Str clock_note(const Analysis *analysis, const Clock *clock, unsigned count)
{
    if (clock->change_ns == INT64_MAX) {
        return arena_format(analysis->run,
                            clock->offset ? "its stamps name no zone; found from %u events that pair with stamped ones"
                                          : "its stamps name no zone; UTC by %u events that pair with stamped ones",
                            count);
    }
    char when[TIMESTAMP_ROOM];
    timestamp_format(when, clock->change_ns - clock->offset, 0);
    return arena_format(analysis->run,
                        "its stamps name no zone; found from events that pair with stamped ones: the clock changes by "
                        "an hour about %.10s",
                        when);
}

static bool is_agent(const SourceRow *row, Service service)
{
    return row->service == service && row->trust == TRUST_ASSUMED && row->span.from_ns != TIME_NONE;
}

void zone_infer(Analysis *analysis)
{
    Moments m = moments(analysis);
    Clock found = {.change_ns = INT64_MAX};
    bool any = false;
    zone_local(analysis);
    for (size_t i = 0; i < analysis->rows.count; i++) {
        SourceRow *row = analysis->rows.at[i];
        Clock clock = {.change_ns = INT64_MAX};
        unsigned count;
        if (is_agent(row, SERVICE_WAAPPAGENT) && best_offset(analysis, row, &m, &clock.offset, &count)) {
            if (!hour_change(analysis, row, &m, NS_HOUR, &clock)) {
                hour_change(analysis, row, &m, -NS_HOUR, &clock);
            }
            shift(analysis, row, &clock);
            row->note = clock_note(analysis, &clock, count);
            found = clock;
            any = true;
        }
    }
    for (size_t i = 0; any && i < analysis->rows.count; i++) {
        SourceRow *row = analysis->rows.at[i];
        if (is_agent(row, SERVICE_TRANSPARENTINSTALLER)) {
            shift(analysis, row, &found);
            row->note = STR("its stamps name no zone; taken as that of WaAppAgent.log");
        }
    }
    analysis_sort(analysis);
}
