#include "zone.h"

#define STEP (15 * NS_MINUTE)
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
        if (ev->trust == TRUST_STAMPED && ev->mark == MARK_BOOT) {
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

/* How many of the row's marks find a partner when `offset` is taken off their times. */
static unsigned pairs_at(const Analysis *analysis, const SourceRow *row, const Moments *m, int64_t offset)
{
    unsigned pairs = 0;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        int64_t utc = k->ev.time_ns - offset;
        if (k->row != row || k->ev.time_ns == TIME_NONE) {
            continue;
        }
        if (k->ev.mark == MARK_AGENT_START) {
            pairs += any_within(m->boots.at, m->boots.count, utc - START_AFTER_BOOT, utc);
        } else if (k->ev.mark == MARK_ENABLE_BEGIN) {
            pairs += any_within(m->runs.at, m->runs.count, utc, utc + LOG_AFTER_ENABLE);
        }
    }
    return pairs;
}

/* The one offset that pairs most; false when none does, or two do equally well and neither is UTC. */
static bool best_offset(const Analysis *analysis, const SourceRow *row, const Moments *m, int64_t *offset, unsigned *pairs)
{
    unsigned at_best = 0;
    *pairs = pairs_at(analysis, row, m, 0);
    *offset = 0;
    for (int step = -STEPS_WEST; step <= STEPS_EAST; step++) {
        unsigned n = step ? pairs_at(analysis, row, m, step * STEP) : 0;
        if (n > *pairs) {
            *pairs = n;
            *offset = step * STEP;
            at_best = 1;
        } else if (n == *pairs && *offset != 0) {
            at_best++;
        }
    }
    return *pairs > 0 && (*offset == 0 || at_best == 1);
}

static void shift(Analysis *analysis, SourceRow *row, int64_t offset)
{
    row->zone_ns = offset;
    row->trust = TRUST_INFERRED;
    row->span.from_ns -= offset;
    row->span.to_ns -= offset;
    for (size_t i = 0; i < row->holes.count; i++) {
        row->holes.at[i].span.from_ns -= offset;
        row->holes.at[i].span.to_ns -= offset;
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        Kept *k = analysis->kept.at[i];
        if (k->row == row && k->ev.time_ns != TIME_NONE && k->ev.trust != TRUST_STAMPED) {
            k->ev.time_ns -= offset;
            k->ev.trust = k->ev.trust == TRUST_ASSUMED ? TRUST_INFERRED : k->ev.trust;
        }
    }
}

static bool is_agent(const SourceRow *row, Service service)
{
    return row->service == service && row->trust == TRUST_ASSUMED && row->span.from_ns != TIME_NONE;
}

void zone_infer(Analysis *analysis)
{
    Moments m = moments(analysis);
    int64_t found = 0;
    bool any = false;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        SourceRow *row = analysis->rows.at[i];
        int64_t offset;
        unsigned pairs;
        if (is_agent(row, SERVICE_WAAPPAGENT) && best_offset(analysis, row, &m, &offset, &pairs)) {
            shift(analysis, row, offset);
            row->note = offset ? arena_format(analysis->run, "its stamps name no zone; found from %u events that pair with stamped ones", pairs)
                               : arena_format(analysis->run, "its stamps name no zone; UTC by %u events that pair with stamped ones", pairs);
            found = offset;
            any = true;
        }
    }
    for (size_t i = 0; any && i < analysis->rows.count; i++) {
        SourceRow *row = analysis->rows.at[i];
        if (is_agent(row, SERVICE_TRANSPARENTINSTALLER)) {
            shift(analysis, row, found);
            row->note = STR("its stamps name no zone; taken as that of WaAppAgent.log");
        }
    }
    analysis_sort(analysis);
}
