#include "zone_local.h"

#include <stdlib.h>

#define STEP       (15 * NS_MINUTE)
#define STEPS_WEST 48 /* UTC-12:00 */
#define STEPS_EAST 56 /* UTC+14:00 */
#define STEPS      (STEPS_WEST + 1 + STEPS_EAST)
/* A printed time is cut to its second. */
#define ROUNDING (2 * NS_SECOND)
/* The agent is up within minutes of the system. */
#define START_AFTER_BOOT (10 * NS_MINUTE)
/* Pairs of events that are looked at for one log. */
#define PAIRS_MOST 4000000
/* Where a datum of an event is looked for in its text: this much of its first line. */
#define DATUM_BYTES 60

typedef VEC(ZoneSeen) Zones; /* in the order of their local times */

typedef struct Clock { /* of one log */
    Zones zones;
    Doubt doubt;                /* beside what they say */
    int64_t since_ns, until_ns; /* when one zone is known to have been in force; what lies before has doubt. TIME_NONE:
                                 * not told; until_ns TIME_NONE: always */
    const char *how;
} Clock;

static bool is_local(const Kept *k, const SourceRow *row)
{
    return k->row == row && k->ev.trust == TRUST_LOCAL;
}

static bool is_stamped(const Kept *k)
{
    return k->ev.trust == TRUST_STAMPED && k->ev.time_ns != TIME_NONE;
}

/* --- events that are told in UTC, too ----------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const Kept *x = *(Kept *const *)a, *y = *(Kept *const *)b;
    return x->ev.id != y->ev.id ? (x->ev.id < y->ev.id ? -1 : 1)
                                : (x->ev.time_ns > y->ev.time_ns) - (x->ev.time_ns < y->ev.time_ns);
}

static bool same_provider(const Event *a, const Event *b)
{
    return str_eq_nocase(a->provider, b->provider) ||
           (b->provider_alias.len && str_eq_nocase(a->provider, b->provider_alias)) ||
           (a->provider_alias.len &&
            (str_eq_nocase(a->provider_alias, b->provider) || str_eq_nocase(a->provider_alias, b->provider_alias)));
}

/* The data of the one stand in the text of the other. */
static bool same_text(const Event *printed, const Event *stamped)
{
    for (size_t i = 0; printed->text_only && i < stamped->field_count; i++) {
        const Field *f = &stamped->fields[i];
        Str line = str_trim(f->value);
        line = str_trim(str_slice(line, 0, str_find_byte(line, '\n', 0)));
        bool telling = line.len >= 4 && line.at[0] != '%' && !str_eq_nocase(f->name, STR("Binary"));
        if (telling && !str_has(printed->message, str_slice(line, 0, DATUM_BYTES))) {
            return false;
        }
    }
    return true;
}

/* The step nearest to a difference, or STEPS if it is not near enough. */
static size_t step_of(int64_t difference)
{
    int64_t shifted = difference + STEPS_WEST * STEP, step = (shifted + STEP / 2) / STEP;
    bool near = shifted >= -ROUNDING && llabs(shifted - step * STEP) <= ROUNDING;
    return near && step < STEPS ? (size_t)step : STEPS;
}

static int64_t offset_of(size_t step)
{
    return ((int64_t)step - STEPS_WEST) * STEP;
}

typedef struct Pairing {
    VEC(Kept *) stamped; /* by id */
    size_t votes[STEPS];
    size_t looked;
} Pairing;

/* The steps at which a printed event finds its like, each once. */
static void pair_event(Pairing *p, const Event *ev, bool steps[static STEPS])
{
    size_t from = 0, to = p->stamped.count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (p->stamped.at[middle]->ev.id < ev->id) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    for (; from < p->stamped.count && p->stamped.at[from]->ev.id == ev->id && p->looked < PAIRS_MOST;
         from++, p->looked++) {
        const Event *stamped = &p->stamped.at[from]->ev;
        size_t step = step_of(ev->time_ns - stamped->time_ns);
        if (step < STEPS && !steps[step] && same_provider(ev, stamped) && same_text(ev, stamped)) {
            steps[step] = true;
        }
    }
}

/* The step that pairs most, or STEPS if none does, or two do equally well. */
static size_t best_step(const size_t votes[static STEPS])
{
    size_t best = 0;
    bool alone = true;
    for (size_t i = 1; i < STEPS; i++) {
        alone = votes[i] > votes[best] || (alone && votes[i] != votes[best]);
        best = votes[i] > votes[best] ? i : best;
    }
    return votes[best] && alone ? best : STEPS;
}

/* At the best step, and an hour beside it where summer time began or ended within the log. */
static void pairs_seen(const Analysis *analysis, const SourceRow *row, Pairing *p, size_t best, Zones *to)
{
    static const int hour = (int)(NS_HOUR / STEP);
    p->looked = 0;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *k = analysis->kept.at[i];
        bool steps[STEPS] = {false};
        if (!is_local(k, row)) {
            continue;
        }
        pair_event(p, &k->ev, steps);
        size_t later = best + hour < STEPS && steps[best + hour] ? best + hour : STEPS;
        size_t step = steps[best] ? best : best >= (size_t)hour && steps[best - hour] ? best - hour : later;
        if (step < STEPS) {
            *VEC_ADD(analysis->run, to) = (ZoneSeen){k->ev.time_ns, offset_of(step)};
        }
    }
}

static bool same_events(const Analysis *analysis, const SourceRow *row, Clock *clock)
{
    Pairing p = {0};
    for (size_t i = 0; i < analysis->kept.count; i++) {
        Kept *k = analysis->kept.at[i];
        if (k->ev.service == SERVICE_EVENT_LOG && is_stamped(k)) {
            *VEC_ADD(analysis->run, &p.stamped) = k;
        }
    }
    if (p.stamped.count) {
        qsort(p.stamped.at, p.stamped.count, sizeof *p.stamped.at, by_id);
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        bool steps[STEPS] = {false};
        if (is_local(analysis->kept.at[i], row) && row->service == SERVICE_EVENT_LOG) {
            pair_event(&p, &analysis->kept.at[i]->ev, steps);
        }
        for (size_t s = 0; s < STEPS; s++) {
            p.votes[s] += steps[s];
        }
    }
    size_t best = best_step(p.votes);
    if (best < STEPS) {
        pairs_seen(analysis, row, &p, best, &clock->zones);
    }
    clock->how = "found from events that the bundle tells in UTC, too";
    return clock->zones.count > 0;
}

/* --- what the machine says of its own zone ------------------------------------------------------------------------ */

/* Zones that know no summer time, as English Windows names them. Others are an hour ahead for half of the year. */
static bool is_constant(Str name)
{
    static const char *const names[] = {
        "Coordinated Universal Time", "UTC",
        "Greenwich Standard Time",    "Tokyo Standard Time",
        "China Standard Time",        "India Standard Time",
        "Singapore Standard Time",    "Korea Standard Time",
        "Taipei Standard Time",       "SE Asia Standard Time",
        "Arabian Standard Time",      "Arab Standard Time",
        "US Mountain Standard Time",  "South Africa Standard Time",
        "E. Australia Standard Time", "Russian Standard Time",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq_nocase(name, str_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* `480 Pacific Standard Time`, the seventh datum of event 6013: minutes from local to UTC, summer time left out. */
static bool uptime_event(const Event *ev, int64_t *minutes, Str *name)
{
    Str text = ev->mark == MARK_ZONE && ev->field_count > 6 ? str_trim(ev->fields[6].value) : (Str){0};
    size_t blank = str_find_byte(text, ' ', 0);
    *name = blank == STR_NOT_FOUND ? (Str){0} : str_trim(str_from(text, blank));
    return text.len && str_i64(str_slice(text, 0, blank), minutes) && *minutes >= -840 && *minutes <= 720;
}

static bool uptime_events(const Analysis *analysis, Clock *clock)
{
    bool constant = true;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Event *ev = &analysis->kept.at[i]->ev;
        int64_t minutes;
        Str name;
        if (is_stamped(analysis->kept.at[i]) && uptime_event(ev, &minutes, &name)) {
            *VEC_ADD(analysis->run, &clock->zones) =
                (ZoneSeen){ev->time_ns - minutes * NS_MINUTE, -minutes * NS_MINUTE};
            constant = constant && is_constant(name);
        }
    }
    clock->doubt.early_ns = constant ? 0 : NS_HOUR;
    clock->how = "taken from event 6013 of the event log, which leaves summer time out";
    return clock->zones.count > 0;
}

/* A value of Control\TimeZoneInformation, the newest there is. */
static const Event *zone_value(const Analysis *analysis, Str name)
{
    for (size_t i = analysis->kept.count; i > 0; i--) {
        const Event *ev = &analysis->kept.at[i - 1]->ev;
        Str object = ev->service == SERVICE_REGISTRY_STATE ? event_field(ev, STR("TargetObject")) : (Str){0};
        if (str_ends_nocase(object, name) &&
            str_ends_nocase(str_slice(object, 0, object.len - name.len), STR("\\TimeZoneInformation\\"))) {
            return ev;
        }
    }
    return NULL;
}

/* Exports name no time: where two of them differ, nobody knows which is the newer one. */
static bool contradicted(const Analysis *analysis, const Event *value)
{
    Str object = event_field(value, STR("TargetObject")), number = event_field(value, STR("Number"));
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Event *ev = &analysis->kept.at[i]->ev;
        if (ev->service == SERVICE_REGISTRY_STATE && ev->time_ns == value->time_ns &&
            str_eq_nocase(event_field(ev, STR("TargetObject")), object) &&
            !str_eq(event_field(ev, STR("Number")), number)) {
            return true;
        }
    }
    return false;
}

/* In force since the key was written: Windows writes it whenever the clock changes. */
static bool registry_bias(const Analysis *analysis, Clock *clock)
{
    const Event *bias = zone_value(analysis, STR("ActiveTimeBias"));
    const Event *name = zone_value(analysis, STR("TimeZoneKeyName"));
    int64_t number;
    clock->how = "taken from ActiveTimeBias of the registry";
    if (!bias || contradicted(analysis, bias) || !str_i64(event_field(bias, STR("Number")), &number)) {
        return false;
    }
    int64_t minutes = (int32_t)(uint32_t)number;
    *VEC_ADD(analysis->run, &clock->zones) = (ZoneSeen){0, -minutes * NS_MINUTE};
    clock->since_ns = bias->time_ns;
    for (size_t i = analysis->kept.count; i > 0 && clock->until_ns == TIME_NONE; i--) {
        clock->until_ns = is_stamped(analysis->kept.at[i - 1]) ? analysis->kept.at[i - 1]->ev.time_ns : TIME_NONE;
    }
    if (name && is_constant(event_field(name, STR("Details")))) {
        clock->until_ns = TIME_NONE;
    }
    return true;
}

/* --- the agent ---------------------------------------------------------------------------------------------------- */

static bool agent_starts(const Analysis *analysis, const SourceRow *row, Clock *clock)
{
    size_t votes[STEPS] = {0};
    int64_t newest = TIME_NONE;
    for (size_t i = 0; i < analysis->kept.count; i++) {
        const Kept *boot = analysis->kept.at[i];
        bool steps[STEPS] = {false};
        bool again =
            newest != TIME_NONE && boot->ev.time_ns - newest < START_AFTER_BOOT; /* 6009, 6005 and 12 of one boot */
        if (!is_local(boot, row) || boot->ev.mark != MARK_BOOT || again) {
            continue;
        }
        newest = boot->ev.time_ns;
        for (size_t j = 0; j < analysis->kept.count; j++) {
            const Kept *start = analysis->kept.at[j];
            bool starts = start->ev.mark == MARK_AGENT_START && is_stamped(start);
            for (size_t s = 0; starts && s < STEPS; s++) {
                int64_t after = start->ev.time_ns - (boot->ev.time_ns - offset_of(s));
                steps[s] = steps[s] || (after >= 0 && after <= START_AFTER_BOOT);
            }
        }
        for (size_t s = 0; s < STEPS; s++) {
            votes[s] += steps[s];
        }
    }
    size_t best = best_step(votes);
    if (best < STEPS) {
        *VEC_ADD(analysis->run, &clock->zones) = (ZoneSeen){newest, offset_of(best)};
    }
    clock->how = "found from starts of the agent that follow boots";
    return best < STEPS;
}

/* --- to UTC ------------------------------------------------------------------------------------------------------- */

static int zone_order(const void *a, const void *b)
{
    const ZoneSeen *x = a, *y = b;
    return x->local_ns != y->local_ns ? (x->local_ns < y->local_ns ? -1 : 1)
                                      : (x->offset_ns > y->offset_ns) - (x->offset_ns < y->offset_ns);
}

/* What the nearest one says. */
static int64_t offset_at(const Clock *clock, int64_t local_ns)
{
    size_t from = 0, to = clock->zones.count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (clock->zones.at[middle].local_ns < local_ns) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    const ZoneSeen *after = &clock->zones.at[from < clock->zones.count ? from : from - 1];
    const ZoneSeen *before = from ? &clock->zones.at[from - 1] : after;
    return local_ns - before->local_ns <= llabs(after->local_ns - local_ns) ? before->offset_ns : after->offset_ns;
}

/* The parts of the year in which no country sets its clocks have even numbers. */
static int season(int64_t ns)
{
    char text[TIMESTAMP_ROOM];
    uint64_t year = 0, month = 0, day = 0;
    Str date = {(uint8_t *)text, timestamp_format(text, ns, 0)};
    str_u64(str_slice(date, 0, 4), 10, &year);
    str_u64(str_slice(date, 5, 7), 10, &month);
    str_u64(str_slice(date, 8, 10), 10, &day);
    uint64_t at = month * 100 + day;
    return (int)year * 4 + (at < 308 ? 0 : at < 501 ? 1 : at < 901 ? 2 : at < 1109 ? 3 : 4);
}

static Doubt doubt_at(const Clock *clock, int64_t ns)
{
    if (clock->until_ns == TIME_NONE || (season(ns) == season(clock->until_ns) && season(ns) % 2 == 0)) {
        return clock->doubt;
    }
    bool since = clock->since_ns != TIME_NONE && ns >= clock->since_ns;
    return since ? clock->doubt : (Doubt){NS_HOUR, NS_HOUR};
}

static void row_doubt(SourceRow *row, Doubt doubt)
{
    row->doubt.early_ns = doubt.early_ns > row->doubt.early_ns ? doubt.early_ns : row->doubt.early_ns;
    row->doubt.late_ns = doubt.late_ns > row->doubt.late_ns ? doubt.late_ns : row->doubt.late_ns;
}

static void row_span(SourceRow *row, Span local)
{
    Span *span = &row->span;
    bool none = span->from_ns == TIME_NONE;
    span->from_ns = none || local.from_ns < span->from_ns ? local.from_ns : span->from_ns;
    span->to_ns = none || local.to_ns > span->to_ns ? local.to_ns : span->to_ns;
}

static void shift(Analysis *analysis, SourceRow *row, const Clock *clock)
{
    Span utc = {row->local.from_ns - offset_at(clock, row->local.from_ns),
                row->local.to_ns - offset_at(clock, row->local.to_ns)};
    row->zone_ns = offset_at(clock, row->local.to_ns);
    row->trust = row->trust == TRUST_LOCAL ? TRUST_INFERRED : row->trust;
    row_span(row, utc);
    row_doubt(row, doubt_at(clock, utc.from_ns));
    row_doubt(row, doubt_at(clock, utc.to_ns));
    for (size_t i = 0; i < row->holes.count; i++) {
        Span *hole = &row->holes.at[i].span;
        *hole = (Span){hole->from_ns - offset_at(clock, hole->from_ns), hole->to_ns - offset_at(clock, hole->to_ns)};
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        Kept *k = analysis->kept.at[i];
        if (is_local(k, row)) {
            k->ev.time_ns -= offset_at(clock, k->ev.time_ns);
            k->ev.trust = TRUST_INFERRED;
            k->ev.doubt = doubt_at(clock, k->ev.time_ns);
            row_doubt(row, k->ev.doubt);
        }
    }
}

/* Any zone there is: what is printed as noon in Kiribati was 14 hours earlier in UTC. */
static void leave(Analysis *analysis, SourceRow *row)
{
    static const Doubt any = {STEPS_EAST * STEP, STEPS_WEST * STEP};
    row_span(row, row->local);
    row_doubt(row, any);
    for (size_t i = 0; i < row->holes.count; i++) {
        Span *hole = &row->holes.at[i].span;
        *hole = (Span){hole->from_ns - any.early_ns, hole->to_ns + any.late_ns};
    }
    for (size_t i = 0; i < analysis->kept.count; i++) {
        if (is_local(analysis->kept.at[i], row)) {
            analysis->kept.at[i]->ev.doubt = any;
        }
    }
}

static void note(Analysis *analysis, SourceRow *row, const char *how)
{
    Str parts[] = {row->note, row->note.len ? STR("; ") : (Str){0}, STR("local times: their zone is "), str_of(how)};
    row->note = arena_join(analysis->run, parts, sizeof parts / sizeof *parts);
}

/* Its own events tell the zone, or those of the bundle that are the same. */
static bool clock_own(Analysis *analysis, const SourceRow *row, Clock *clock)
{
    *clock = (Clock){.until_ns = TIME_NONE, .since_ns = TIME_NONE, .how = "found from events that tell UTC, too"};
    for (size_t i = 0; i < row->zones.count; i++) {
        *VEC_ADD(analysis->run, &clock->zones) = row->zones.at[i];
    }
    return clock->zones.count || same_events(analysis, row, clock);
}

/* What the machine says of itself: whoever printed the log may have sat elsewhere. */
static bool clock_of_machine(Analysis *analysis, const SourceRow *row, Clock *clock)
{
    *clock = (Clock){.until_ns = TIME_NONE, .since_ns = TIME_NONE};
    if (uptime_events(analysis, clock)) {
        return true;
    }
    clock->doubt = (Doubt){0};
    return registry_bias(analysis, clock) || agent_starts(analysis, row, clock);
}

/* What was printed of one machine in one form was most likely printed by one person at one computer. NULL: no such log
 * tells, or they disagree. */
static const Clock *other_clock(const Analysis *analysis, const Clock *clocks, const SourceRow *row, bool same_form)
{
    const Clock *found = NULL;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *other = analysis->rows.at[i];
        if (!clocks[i].zones.count || other->service != row->service || (same_form && other->parser != row->parser)) {
            continue;
        }
        if (found && offset_at(found, row->local.to_ns) != offset_at(&clocks[i], row->local.to_ns)) {
            return NULL;
        }
        found = found ? found : &clocks[i];
    }
    return found;
}

static const Clock *nearest_clock(const Analysis *analysis, const Clock *clocks, const SourceRow *row)
{
    const Clock *same = other_clock(analysis, clocks, row, true);
    return same ? same : other_clock(analysis, clocks, row, false);
}

typedef bool ClockFind(Analysis *analysis, const SourceRow *row, Clock *clock);

/* By row, of those that have local times and no clock yet. */
static Clock *clocks_find(Analysis *analysis, ClockFind *find, const Clock *const *chosen)
{
    Clock *clocks = ARENA_NEW(analysis->run, Clock, analysis->rows.count);
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->local.from_ns != TIME_NONE && !chosen[i] && find(analysis, row, &clocks[i])) {
            qsort(clocks[i].zones.at, clocks[i].zones.count, sizeof *clocks[i].zones.at, zone_order);
        }
    }
    return clocks;
}

/* Its own one, else that of its like. */
static void clocks_choose(const Analysis *analysis, const Clock *clocks, const Clock **chosen)
{
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->local.from_ns != TIME_NONE && !chosen[i]) {
            chosen[i] = clocks[i].zones.count ? &clocks[i] : nearest_clock(analysis, clocks, row);
        }
    }
}

void zone_local(Analysis *analysis)
{
    size_t count = analysis->rows.count;
    const Clock **chosen = ARENA_NEW(analysis->run, const Clock *, count);
    const Clock *own = clocks_find(analysis, clock_own, chosen);
    clocks_choose(analysis, own, chosen);
    const Clock *told = clocks_find(analysis, clock_of_machine, chosen);
    clocks_choose(analysis, told, chosen);
    for (size_t i = 0; i < count; i++) {
        SourceRow *row = analysis->rows.at[i];
        const Clock *clock = chosen[i];
        if (row->local.from_ns == TIME_NONE) {
            continue;
        }
        if (clock) {
            shift(analysis, row, clock);
        } else {
            leave(analysis, row);
        }
        note(analysis, row,
             !clock                                  ? "not known, because nothing in the bundle tells it"
             : clock == &own[i] || clock == &told[i] ? clock->how
                                                     : "taken as that of another such log of the bundle");
    }
}
