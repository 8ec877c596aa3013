#include "verdict.h"

#include <stdlib.h>

#include "conclusion.h"
#include "limits.h"
#include "rule_words.h"

#define WINDOW_NS (5 * NS_MINUTE)
/* Of a hit that may lie in the window or not. */
#define UNDATED "it matches, but when that was in UTC is not known"

const char *verdict_name(VerdictKind kind)
{
    static const char *const names[] = {"confirmed", "likely", "possible", "cannot_tell", "ruled_out"};
    return names[kind];
}

/* What every decision looks at. */
typedef struct Case {
    Analysis *analysis;
    const EpisodeList *episodes;
    const Bundle *bundle;
    HitList *lists;        /* by rule */
    RegistrySet *registry; /* by rule: the values it asks for */
    Span *uptimes;         /* by episode */
    const Asking *asking;
    Arena *run;
} Case;

typedef VEC(const Hit *) Hits;

/* --- scopes ----------------------------------------------------------------------------------------------------- */

static bool is_state(Service service)
{
    return service >= SERVICE_EPISODE || service == SERVICE_DISKINSPECT;
}

/* State and episodes are asked for in the whole bundle, unless the author says otherwise. */
static bool asks_bundle(const Case *c, const Condition *cond)
{
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t n = rule_sources(c->analysis->rules, cond->rule, sources, sizeof sources / sizeof *sources);
    for (size_t i = 0; i < n; i++) {
        if (!is_state(sources[i]->kind)) {
            return false;
        }
    }
    return n > 0 && !cond->window.given;
}

/* The uptime an episode lies in: from the boot before it to the boot behind it. */
static Span uptime_of(const Case *c, const Episode *ep)
{
    return c->uptimes[ep - c->episodes->list.at];
}

static Span *uptimes_find(const EpisodeList *episodes, Arena *run)
{
    size_t count = episodes->list.count;
    Span *spans = ARENA_NEW(run, Span, count);
    int64_t boot_ns = TIME_NONE;
    for (size_t i = 0; i < count; i++) {
        const Episode *ep = &episodes->list.at[i];
        boot_ns = ep->kind == EPISODE_BOOT ? ep->start_ns : boot_ns;
        spans[i].from_ns = boot_ns;
    }
    boot_ns = INT64_MAX;
    for (size_t i = count; i > 0; i--) {
        const Episode *ep = &episodes->list.at[i - 1];
        spans[i - 1].to_ns = boot_ns;
        boot_ns = ep->kind == EPISODE_BOOT ? ep->start_ns : boot_ns;
    }
    return spans;
}

static Span window_of(const Case *c, const Condition *cond, const Episode *ep)
{
    int64_t before = cond->window.given ? cond->window.before_ns : WINDOW_NS;
    int64_t after = cond->window.given ? cond->window.after_ns : WINDOW_NS;
    Span span = {ep->start_ns - before, episode_end(ep) + after};
    if (cond->window.same_uptime) {
        Span uptime = uptime_of(c, ep);
        span.from_ns = uptime.from_ns > span.from_ns ? uptime.from_ns : span.from_ns;
        span.to_ns = uptime.to_ns < span.to_ns ? uptime.to_ns : span.to_ns;
    }
    return span;
}

static bool is_undated(const Hit *hit)
{
    Doubt doubt = hit_doubt(hit);
    return hit->span.from_ns == TIME_NONE || doubt.early_ns || doubt.late_ns;
}

/* UNKNOWN: at the time it happened, or at another; nobody knows the zone of its log. */
static Truth hit_inside(const Hit *hit, Span window)
{
    bool state = is_state(hit->events[0]->ev.service) && hit->event_count == 1;
    if (state) {
        return truth_of(hit->span.from_ns <= window.to_ns && hit->span.to_ns >= window.from_ns);
    }
    if (hit->span.from_ns == TIME_NONE) {
        return UNKNOWN;
    }
    Doubt doubt = hit_doubt(hit);
    Span most = {hit->span.from_ns - doubt.early_ns, hit->span.to_ns + doubt.late_ns};
    bool sure = most.from_ns >= window.from_ns && most.to_ns <= window.to_ns;
    bool never = most.to_ns < window.from_ns || most.from_ns > window.to_ns;
    bool inside = hit->span.from_ns >= window.from_ns && hit->span.to_ns <= window.to_ns;
    return sure ? YES : never || (!inside && !doubt.early_ns && !doubt.late_ns) ? NO : UNKNOWN;
}

/* The newest backup if nothing tells how it ended, else NULL. */
static const Episode *unknown_newest_run(const Case *c)
{
    for (size_t i = c->episodes->list.count; i > 0; i--) {
        const Episode *ep = &c->episodes->list.at[i - 1];
        if (ep->kind == EPISODE_BACKUP) {
            return ep->outcome == OUTCOME_UNKNOWN ? ep : NULL;
        }
    }
    return NULL;
}

static bool good_run_after(const Case *c, int64_t ns)
{
    for (size_t i = 0; i < c->episodes->list.count; i++) {
        const Episode *ep = &c->episodes->list.at[i];
        if (ep->kind == EPISODE_BACKUP && ep->outcome == OUTCOME_SUCCESS && ep->start_ns > ns &&
            (!c->episodes->failure || ep->start_ns < c->episodes->failure->start_ns)) {
            return true;
        }
    }
    return false;
}

static bool until_after(const Case *c, const Condition *cond, int64_t ns)
{
    const HitList *list = cond->until ? &c->lists[cond->until->index] : NULL;
    for (size_t i = 0; list && i < list->hits.count; i++) {
        if (list->hits.at[i].truth == YES && list->hits.at[i].span.to_ns > ns) { /* a hit is judged by its end */
            return true;
        }
    }
    return false;
}

/* NULL, or the first source of `until` that is not there, or not whole: what it does not show may have been. */
static const LogSource *until_lacks(const Case *c, const Condition *cond, const char **why)
{
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t n = cond->until ? rule_sources(c->analysis->rules, cond->until, sources, LIMIT_RULE_SOURCES) : 0;
    for (size_t i = 0; i < n; i++) {
        CoverageQuery q = {sources[i]->kind, sources[i]->channel, {TIME_NONE, TIME_NONE}};
        *why = is_state(q.service) ? NULL : coverage_lacks(c->analysis->rows.at, c->analysis->rows.count, &q);
        if (*why) {
            return sources[i];
        }
    }
    return NULL;
}

/* A good run behind it takes its word away, and so does what the condition holds `until`. */
static Truth superseded(const Case *c, const Condition *cond, const Hit *hit)
{
    Doubt doubt = hit_doubt(hit);
    bool dated = hit->span.to_ns != TIME_NONE;
    int64_t least = dated ? hit->span.to_ns - doubt.early_ns : INT64_MIN,
            most = dated ? hit->span.to_ns + doubt.late_ns : INT64_MAX;
    const char *why;
    return good_run_after(c, most) || until_after(c, cond, most)     ? YES
           : good_run_after(c, least) || until_after(c, cond, least) ? UNKNOWN
           : until_lacks(c, cond, &why)                              ? UNKNOWN
                                                                     : NO;
}

static bool is_set_later(const Case *c, const Event *ev)
{
    bool set = ev->service == SERVICE_REGISTRY_STATE || ev->service == SERVICE_SERVICE_STATE;
    return set && c->episodes->failure && ev->time_ns > episode_end(c->episodes->failure);
}

/* How a service was set after the failure is no proof of how it was at the failure. */
static bool is_service_set_later(const Case *c, const Hit *hit)
{
    const Event *ev = &hit->events[0]->ev;
    return hit->event_count == 1 && ev->service == SERVICE_SERVICE_STATE && is_set_later(c, ev);
}

/* A hit that counts for the condition: YES, UNKNOWN (it may), or NO. */
static Truth hit_counts(const Case *c, const Condition *cond, const Hit *hit)
{
    if (cond->window.bundle) {
        return truth_and(truth_not(superseded(c, cond, hit)), hit->truth);
    }
    if (asks_bundle(c, cond)) {
        return truth_and(hit->truth, is_service_set_later(c, hit) ? UNKNOWN : YES);
    }
    Truth best = NO;
    for (size_t i = 0; i < c->episodes->list.count; i++) {
        const Episode *ep = &c->episodes->list.at[i];
        Truth inside = is_failed_backup(ep) ? hit_inside(hit, window_of(c, cond, ep)) : NO;
        Condition near = *cond;
        near.window = (Window){.given = false};
        bool boot_unseen = inside == YES && cond->window.same_uptime && ep->uptime < 0 &&
                           hit_inside(hit, window_of(c, &near, ep)) != YES;
        best = truth_or(best, truth_and(boot_unseen ? UNKNOWN : inside, hit->truth));
    }
    return best;
}

static Truth hits_counting(const Case *c, const Condition *cond, Hits *to)
{
    const HitList *list = &c->lists[cond->rule->index];
    Truth best = NO;
    for (size_t i = 0; i < list->hits.count; i++) {
        Truth t = hit_counts(c, cond, &list->hits.at[i]);
        best = truth_or(best, t);
        if (t == YES) {
            *VEC_ADD(c->run, to) = &list->hits.at[i];
        }
    }
    return best;
}

/* --- coverage --------------------------------------------------------------------------------------------------- */

static const char *lacks_own_log(const Case *c)
{
    const SourceRow *log = c->episodes->failure ? c->episodes->failure->own_log : NULL;
    CoverageQuery q = {.service = SERVICE_VMSNAPSHOT};
    const char *lost = log ? NULL : coverage_absent(c->analysis->rows.at, c->analysis->rows.count, &q);
    return lost                      ? lost
           : !log                    ? "the failed run's own log is not in the bundle"
           : log->status != ROW_READ ? "the failed run's own log could not be read to its end"
           : log->kept_full          ? "more of the failed run's own log matches than could be kept"
           : log->holes.count        ? "lines of the failed run's own log are missing"
                                     : NULL;
}

static const char *lacks_any(const Case *c, Service service, Span window)
{
    CoverageQuery q = {.service = service};
    const char *lost = coverage_absent(c->analysis->rows.at, c->analysis->rows.count, &q);
    if (lost) {
        return lost;
    }
    for (size_t i = 0; i < c->analysis->rows.count; i++) {
        const SourceRow *row = c->analysis->rows.at[i];
        if (row->service == service && row->status == ROW_READ && row->events && row->span.from_ns != TIME_NONE &&
            row->span.to_ns >= window.from_ns && (service != SERVICE_STATUS || row->span.from_ns <= window.to_ns)) {
            return NULL;
        }
    }
    return "it is not in the bundle for that run";
}

static const char unflushed[] = "its hive was not closed, and the logs with what was written last are not there";
static const char after_failure[] = "it was written after the failure, and what it was before is not told";

/* What was seen may have been in another state until it was written. */
static bool written_later(const Case *c, const Rule *rule)
{
    const HitList *list = &c->lists[rule->index];
    for (size_t i = 0; i < list->near.count; i++) {
        if (is_set_later(c, &list->near.at[i].kept->ev)) {
            return true;
        }
    }
    for (size_t i = 0; i < list->hits.count; i++) {
        if (is_service_set_later(c, &list->hits.at[i])) {
            return true;
        }
    }
    for (size_t i = 0; rule->kind == RULE_CORRELATION && i < rule->part_count; i++) {
        if (written_later(c, &c->analysis->rules->rules[rule->parts[i]])) {
            return true;
        }
    }
    return false;
}

static const char *lacks_registry(const Case *c, const Rule *rule)
{
    const RegistrySet *asked = &c->registry[rule->index];
    const char *lacks = coverage_lacks_registry(c->analysis->rows.at, c->analysis->rows.count, asked);
    return lacks || registry_set_open(asked) || !written_later(c, rule) ? lacks : after_failure;
}

/* State is covered where the very thing the rule is about was seen in another state, or in one that cannot be told. */
static const char *lacks_state(const Case *c, const Rule *rule, Service service)
{
    const HitList *list = &c->lists[rule->index];
    const char *why = list->near.count + list->hits.count ? NULL : "no source in the bundle tells it";
    for (size_t i = 0; i < list->near.count; i++) {
        why = list->near.at[i].kept->row->unflushed ? unflushed : why;
    }
    return service == SERVICE_SERVICE_STATE && written_later(c, rule) ? after_failure : why;
}

/* A document that says what it is about, or is not there. */
static const char *lacks_whole(const Case *c, Service service)
{
    CoverageQuery q = {service, {0}, {TIME_NONE, TIME_NONE}};
    return coverage_lacks(c->analysis->rows.at, c->analysis->rows.count, &q);
}

static const char *lacks(const Case *c, const Rule *rule, const LogSource *source, Span window)
{
    switch (source->kind) {
    case SERVICE_VMSNAPSHOT: return lacks_own_log(c);
    case SERVICE_STATUS:
    case SERVICE_AGGREGATESTATUS: return lacks_any(c, source->kind, window);
    case SERVICE_DISKINSPECT:
    case SERVICE_DISKINFO:
    case SERVICE_MACHINECONFIG: return lacks_whole(c, source->kind);
    case SERVICE_EPISODE: return c->episodes->backups ? NULL : "no backup run is seen";
    case SERVICE_REGISTRY_STATE: return lacks_registry(c, rule);
    case SERVICE_SERVICE_STATE:
    case SERVICE_HANDLERFOLDER:
    case SERVICE_FILE_LISTING: return lacks_state(c, rule, source->kind);
    default: {
        CoverageQuery q = {source->kind, source->channel, window};
        return coverage_lacks(c->analysis->rows.at, c->analysis->rows.count, &q);
    }
    }
}

/* Of the log of the extension each run has its own: every run in the span is known, and so is its log. */
static const char *lacks_runs(const Case *c, Span span)
{
    CoverageQuery logs = {.service = SERVICE_VMSNAPSHOT}, agent = {SERVICE_WAAPPAGENT, {0}, span};
    const char *lost = coverage_absent(c->analysis->rows.at, c->analysis->rows.count, &logs);
    bool inside = false;
    for (size_t i = 0; i < c->episodes->list.count && !lost; i++) {
        const Episode *ep = &c->episodes->list.at[i];
        if (ep->kind != EPISODE_BACKUP || ep->start_ns > span.to_ns || episode_end(ep) < span.from_ns) {
            continue;
        }
        const SourceRow *log = ep->own_log;
        lost = log && log->status == ROW_READ && !log->kept_full && !log->holes.count
                   ? NULL
                   : "the own log of a run in that time is not whole";
        inside = inside || (log && log->span.from_ns != TIME_NONE && log->span.from_ns <= span.from_ns &&
                            log->span.to_ns >= span.to_ns);
    }
    return lost || inside ? lost : coverage_lacks(c->analysis->rows.at, c->analysis->rows.count, &agent);
}

/* Runs are seen by the agent's log, boots by the System event log. */
static const char *lacks_episodes(const Case *c, Span span)
{
    CoverageQuery agent = {SERVICE_WAAPPAGENT, {0}, span}, system = {SERVICE_EVENT_LOG, STR("System"), span};
    const char *lacking = coverage_lacks(c->analysis->rows.at, c->analysis->rows.count, &agent);
    return lacking ? lacking : coverage_lacks(c->analysis->rows.at, c->analysis->rows.count, &system);
}

/* For correlations: why a rule may have had a hit in a span that is not in the bundle. */
static const char *lacks_in(const void *with, const Rule *rule, Span span)
{
    const Case *c = with;
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t n = rule_sources(c->analysis->rules, rule, sources, sizeof sources / sizeof *sources);
    const char *why = c->lists[rule->index].limited;
    for (size_t i = 0; i < n && !why; i++) {
        why = sources[i]->kind == SERVICE_VMSNAPSHOT ? lacks_runs(c, span)
              : sources[i]->kind == SERVICE_EPISODE  ? lacks_episodes(c, span)
                                                     : lacks(c, rule, sources[i], span);
    }
    return why;
}

static const Span no_window = {TIME_NONE, TIME_NONE};

static void missing_add(const Case *c, ConditionResult *r, const Missing *missing)
{
    for (size_t i = 0; i < r->missing.count; i++) {
        if (r->missing.at[i].source == missing->source) {
            return;
        }
    }
    *VEC_ADD(c->run, &r->missing) = *missing;
}

/* Where runs are not seen, what shows them decides as much as the rule's own sources. */
static void episodes_missing(const Case *c, ConditionResult *r)
{
    for (size_t i = 0; i < c->analysis->rules->source_count; i++) {
        if (c->analysis->rules->sources[i].kind == SERVICE_EPISODE) {
            missing_add(c, r, &(Missing){.source = &c->analysis->rules->sources[i], .window = no_window});
        }
    }
}

static void sources_missing(const Case *c, const Rule *rule, ConditionResult *r)
{
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t n = rule_sources(c->analysis->rules, rule, sources, sizeof sources / sizeof *sources);
    for (size_t i = 0; i < n; i++) {
        missing_add(c, r, &(Missing){.source = sources[i], .window = no_window});
    }
}

static Str title_of(const LogSource *source)
{
    return source->title.len ? source->title : source->service.len ? source->service : source->category;
}

/* NO if every source of the rule covers the window, else UNKNOWN with what lacks. */
static Truth absence(const Case *c, const Rule *rule, Span window, ConditionResult *r)
{
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t n = rule_sources(c->analysis->rules, rule, sources, sizeof sources / sizeof *sources);
    const HitList *list = &c->lists[rule->index];
    VEC(Str) why = {0};
    for (size_t i = 0; i < n; i++) {
        const char *what = lacks(c, rule, sources[i], window);
        if (what) {
            bool first = why.count == 0;
            missing_add(c, r, &(Missing){sources[i], window, what, what == after_failure});
            *VEC_ADD(c->run, &why) = first ? (Str){0} : STR("; ");
            *VEC_ADD(c->run, &why) = title_of(sources[i]);
            *VEC_ADD(c->run, &why) = STR(": ");
            *VEC_ADD(c->run, &why) = str_of(what);
        }
    }
    if (list->limited) {
        r->why = str_of(list->limited);
        return UNKNOWN;
    }
    r->why = why.count ? arena_join(c->run, why.at, why.count) : STR("not seen, though the sources cover that time");
    return why.count ? UNKNOWN : NO;
}

/* --- conditions ------------------------------------------------------------------------------------------------- */

static bool same_container(const Kept *a, const Kept *b)
{
    bool members = a->ev.record == 0 && b->ev.record == 0; /* entries of the bundle itself; else rows of one listing */
    return (a->row == b->row || (members && a->row->gathering == b->row->gathering)) &&
           str_eq_nocase(event_field(&a->ev, STR("Folder")), event_field(&b->ev, STR("Folder")));
}

/* As times where both are, else as they stand: a listing in a form whose day and month cannot be told apart still shows
 * whether two entries are the same. */
static Truth values_differ(const Case *c, const Kept *a, const Kept *b, const Condition *cond)
{
    Str x = event_field(&a->ev, cond->field), y = event_field(&b->ev, cond->field);
    Timestamp s, t;
    if (timestamp_iso(x, &s, NULL) && timestamp_iso(y, &t, NULL)) {
        Truth differ = truth_of(llabs(s.ns - t.ns) > cond->differ_ns);
        bool later = c->episodes->failure && s.ns > episode_end(c->episodes->failure);
        return differ == NO && later ? UNKNOWN : differ; /* whoever copied both at once made them the same */
    }
    return x.len && y.len ? truth_of(!str_eq(x, y)) : UNKNOWN;
}

static void evidence_add(const Case *c, Verdict *v, Str condition, const Kept *kept)
{
    for (size_t i = 0; i < v->evidence.count; i++) {
        if (v->evidence.at[i].kept == kept && str_eq(v->evidence.at[i].condition, condition)) {
            return;
        }
    }
    *VEC_ADD(c->run, &v->evidence) = (Evidence){condition, kept};
}

static Truth compare_value(const Case *c, const Condition *cond, Verdict *v, ConditionResult *r)
{
    const HitList *left = &c->lists[cond->left->index], *right = &c->lists[cond->right->index];
    Truth value = UNKNOWN;
    bool seen = false, contradict = false;
    r->why = STR("both are not side by side in the bundle");
    if (left->hits.count > LIMIT_COMPARE || right->hits.count > LIMIT_COMPARE) {
        r->why = STR("the bundle holds too many of them to compare");
        return UNKNOWN;
    }
    for (size_t i = 0; i < left->hits.count; i++) {
        for (size_t j = 0; j < right->hits.count; j++) {
            const Kept *a = left->hits.at[i].events[0], *b = right->hits.at[j].events[0];
            bool beside = same_container(a, b);
            Truth differ = beside ? values_differ(c, a, b, cond) : UNKNOWN;
            if (differ == UNKNOWN) {
                r->why = beside && !seen ? STR("both are side by side, but their values do not tell it") : r->why;
                continue;
            }
            contradict = contradict || (seen && differ != value);
            seen = true;
            value = differ;
            r->why = value == YES ? STR("they differ") : STR("they are the same");
            if (value == YES) {
                evidence_add(c, v, cond->name, a);
                evidence_add(c, v, cond->name, b);
            }
        }
    }
    if (contradict) {
        value = UNKNOWN;
        r->why = STR("the bundle holds several of them, and they do not agree");
    }
    if (value == UNKNOWN) {
        missing_add(c, r, &(Missing){.source = cond->left->source, .window = no_window});
    }
    return value;
}

static int64_t failure_ns(const Case *c)
{
    return c->episodes->failure ? c->episodes->failure->start_ns : c->bundle->time_last;
}

/* From the failure; what has no time is farthest. */
static int64_t distance(const Case *c, int64_t ns)
{
    return ns == TIME_NONE || failure_ns(c) == TIME_NONE ? INT64_MAX : llabs(ns - failure_ns(c));
}

/* First, last, and those nearest to the failure. */
static void evidence_choose(const Case *c, Verdict *v, Str condition, const Hits *hits)
{
    size_t chosen[LIMIT_EVIDENCE], count = 0, nearest = 0;
    for (size_t i = 1; i < hits->count; i++) {
        if (distance(c, hits->at[i]->span.to_ns) < distance(c, hits->at[nearest]->span.to_ns)) {
            nearest = i;
        }
    }
    size_t wanted[] = {nearest, 0, hits->count - 1, nearest ? nearest - 1 : 0, nearest + 1};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        bool again = wanted[i] >= hits->count;
        for (size_t j = 0; j < count; j++) {
            again = again || chosen[j] == wanted[i];
        }
        if (!again) {
            chosen[count++] = wanted[i];
        }
    }
    size_t given = 0;
    for (size_t i = 0; i < count; i++) {
        const Hit *hit = hits->at[chosen[i]];
        for (size_t j = 0; j < hit->event_count && given < LIMIT_EVIDENCE; j++, given++) {
            evidence_add(c, v, condition, hit->events[j]);
        }
    }
}

static const Match *nearest_miss(const Case *c, const Rule *rule)
{
    const HitList *list = &c->lists[rule->index];
    const Match *best = NULL;
    for (size_t i = 0; i < list->near.count; i++) {
        const Match *m = &list->near.at[i];
        unsigned ours = best ? m->passed * (unsigned)best->tests : 0,
                 theirs = best ? best->passed * (unsigned)m->tests : 0;
        if (!best || ours > theirs ||
            (ours == theirs && distance(c, m->kept->ev.time_ns) < distance(c, best->kept->ev.time_ns))) {
            best = m;
        }
    }
    for (size_t i = 0; !best && rule->kind == RULE_CORRELATION && i < rule->part_count; i++) {
        best = nearest_miss(c, &c->analysis->rules->rules[rule->parts[i]]);
    }
    return best;
}

static void near_set(const Case *c, ConditionResult *r, const Rule *rule, const Kept *kept, Str why)
{
    Match *m = ARENA_NEW(c->run, Match, 1);
    *m = (Match){.rule = rule, .kept = kept, .truth = NO};
    r->near = m;
    r->near_why = why;
}

#define MISSED_MOST 3

/* Which tests of its rule it missed. */
static Str missed_text(const Case *c, const Match *near)
{
    TestResults tests = {0};
    VEC(Str) parts = {0};
    size_t missed = 0;
    match_explain(c->analysis->matcher, near->rule, &near->kept->ev, c->run, &tests);
    for (size_t i = 0; i < tests.list.count; i++) {
        const TestResult *r = &tests.list.at[i];
        if ((r->truth != YES || r->excluded) && missed++ < MISSED_MOST) {
            *VEC_ADD(c->run, &parts) = missed > 1 ? STR("; and ") : (Str){0};
            *VEC_ADD(c->run, &parts) = test_missed(r, c->run);
        }
    }
    if (missed > MISSED_MOST) {
        *VEC_ADD(c->run, &parts) = arena_format(c->run, "; and %zu more", missed - MISSED_MOST);
    }
    return parts.count ? arena_join(c->run, parts.at, parts.count) : (Str){0};
}

/* `3 d 4 h`: the two greatest units. */
static Str duration_text(const Case *c, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *unit;
    } units[] = {{24 * 60 * NS_MINUTE, "d"}, {60 * NS_MINUTE, "h"}, {NS_MINUTE, "min"}, {NS_SECOND, "s"}};
    size_t i = 0;
    while (i < 3 && ns < units[i].ns) {
        i++;
    }
    long long rest = i < 3 ? ns % units[i].ns / units[i + 1].ns : 0;
    Str first = arena_format(c->run, "%lld %s", (long long)(ns / units[i].ns), units[i].unit);
    return rest ? arena_join(c->run, (Str[]){first, arena_format(c->run, " %lld %s", rest, units[i + 1].unit)}, 2)
                : first;
}

/* How far it is from the failed run, and from the window around it: from the beginning of both, or from their ends. */
static Str outside_text(const Case *c, const Condition *cond, const Hit *hit)
{
    Condition within = *cond;
    within.window.same_uptime = false;
    Span window = window_of(c, cond, c->episodes->failure);
    bool before = hit->span.from_ns < window.from_ns;
    if (cond->window.same_uptime && hit_inside(hit, window_of(c, &within, c->episodes->failure)) == YES) {
        return before ? STR("it matches, but the machine booted between it and the failure")
                      : STR("it matches, but the machine booted between the failure and it");
    }
    int64_t off = before ? failure_ns(c) - hit->span.from_ns : hit->span.to_ns - episode_end(c->episodes->failure);
    int64_t out = before ? window.from_ns - hit->span.from_ns : hit->span.to_ns - window.to_ns;
    Str parts[] = {STR("it matches, but lies "), duration_text(c, off > 0 ? off : 0),
                   before ? STR(" before the failure, ") : STR(" after the end of the failed backup, "),
                   duration_text(c, out > 0 ? out : 0), STR(" outside the window")};
    return arena_join(c->run, parts, sizeof parts / sizeof *parts);
}

static Str elsewhere_text(const Case *c, const Condition *cond, const Hit *hit)
{
    if (is_undated(hit) && hit_counts(c, cond, hit) == UNKNOWN) {
        return STR(UNDATED);
    }
    if (cond->window.bundle) {
        return superseded(c, cond, hit) == YES ? STR("it matches, but all was well later")
                                               : STR("it matches; whether all was well later is not known");
    }
    return asks_bundle(c, cond)                        ? STR("it matches, but it was set after the failure")
           : !c->episodes->failure                     ? STR("it matches, but no backup is seen that failed")
           : distance(c, hit->span.to_ns) == INT64_MAX ? STR("it matches, but nobody knows when")
                                                       : outside_text(c, cond, hit);
}

/* What matches, but not at that time. */
static bool near_elsewhere(const Case *c, const Condition *cond, ConditionResult *r)
{
    const HitList *list = &c->lists[cond->rule->index];
    const Hit *best = NULL;
    for (size_t i = 0; i < list->hits.count; i++) {
        const Hit *hit = &list->hits.at[i];
        if (hit->truth == YES && (!best || distance(c, hit->span.to_ns) < distance(c, best->span.to_ns))) {
            best = hit;
        }
    }
    if (best) {
        near_set(c, r, cond->rule, best->events[best->event_count - 1], elsewhere_text(c, cond, best));
        r->elsewhere = true;
    }
    return best != NULL;
}

static void near_miss(const Case *c, const Rule *rule, ConditionResult *r)
{
    r->near = nearest_miss(c, rule);
    r->near_why = r->near ? missed_text(c, r->near) : (Str){0};
}

static Truth without_failure(const Case *c, const Condition *cond, ConditionResult *r)
{
    if (c->asking->one_failure && c->episodes->failed) {
        r->why = STR("the failed run that was asked for is not in the bundle");
        return UNKNOWN;
    }
    if (c->episodes->backups && !unknown_newest_run(c)) {
        r->why = STR("no backup failed in the time the bundle shows");
        return NO;
    }
    r->why = c->episodes->backups ? STR("how the newest backup ended is not in the bundle")
                                  : STR("no backup run is seen in the bundle");
    sources_missing(c, cond->rule, r);
    episodes_missing(c, r);
    return UNKNOWN;
}

/* Where no backup is seen that failed, what was seen at the newest may be why it failed: the bundle does not say it
 * did. */
static bool seen_at_unknown_run(const Case *c, const Condition *cond, Verdict *v, ConditionResult *r)
{
    const Episode *ep = c->episodes->failure || c->asking->one_failure ? NULL : unknown_newest_run(c);
    const HitList *list = &c->lists[cond->rule->index];
    Hits hits = {0};
    for (size_t i = 0; ep && i < list->hits.count; i++) {
        if (list->hits.at[i].truth == YES && hit_inside(&list->hits.at[i], window_of(c, cond, ep)) == YES) {
            *VEC_ADD(c->run, &hits) = &list->hits.at[i];
        }
    }
    if (hits.count) {
        evidence_choose(c, v, cond->name, &hits);
        r->why = STR("seen at the newest backup; how that ended is not in the bundle");
        r->at_unknown_run = true;
        episodes_missing(c, r);
    }
    return hits.count > 0;
}

/* The newest hit of the rule that makes the condition false; a good run behind it takes its word away. */
static const Hit *false_if_hit(const Case *c, const Condition *cond)
{
    const HitList *list = cond->false_if ? &c->lists[cond->false_if->index] : NULL;
    for (size_t i = list ? list->hits.count : 0; i > 0; i--) {
        const Hit *hit = &list->hits.at[i - 1];
        if (hit->truth == YES && superseded(c, cond, hit) == NO) {
            return hit;
        }
    }
    return NULL;
}

static Span covering_span(const Case *c, const Condition *cond)
{
    const Episode *failure = c->episodes->failure;
    if (failure && !cond->window.bundle) {
        return window_of(c, cond, failure);
    }
    return failure ? (Span){failure->start_ns, episode_end(failure)}
                   : (Span){c->bundle->time_last, c->bundle->time_last};
}

static bool until_unknown(const Case *c, const Condition *cond, ConditionResult *r)
{
    const char *why;
    const LogSource *source = until_lacks(c, cond, &why);
    if (source) {
        missing_add(c, r, &(Missing){.source = source, .window = no_window, .why = why});
        Str parts[] = {STR("it was seen; whether that was over later is not known: "), title_of(source), STR(": "),
                       str_of(why)};
        r->why = arena_join(c->run, parts, sizeof parts / sizeof *parts);
    }
    return source != NULL;
}

static Truth rule_value(const Case *c, const Condition *cond, Verdict *v, ConditionResult *r)
{
    bool everywhere = cond->window.bundle || asks_bundle(c, cond);
    Hits hits = {0};
    if (c->asking->one_failure && !c->episodes->failure && c->episodes->failed && !cond->window.bundle) {
        return without_failure(c, cond, r);
    }
    Truth seen = hits_counting(c, cond, &hits);
    if (!everywhere && seen != YES && seen_at_unknown_run(c, cond, v, r)) {
        return UNKNOWN;
    }
    if (seen != YES && !near_elsewhere(c, cond, r)) { /* which is nearer than anything that matches in part */
        near_miss(c, cond->rule, r);
    }
    if (seen == YES) {
        evidence_choose(c, v, cond->name, &hits);
        r->why = arena_format(c->run, hits.count == 1 ? "seen once" : "seen %zu times", hits.count);
        return YES;
    }
    const Hit *opposite = false_if_hit(c, cond);
    if (opposite) {
        near_set(c, r, cond->false_if, opposite->events[0], STR("it shows the opposite"));
        r->why = cond->false_if->title.len ? cond->false_if->title : STR("the opposite was seen");
        return NO;
    }
    if (!everywhere && !c->episodes->failure) {
        return without_failure(c, cond, r);
    }
    if (cond->absent_unknown) {
        r->why = STR("the bundle does not show it, which proves nothing");
        return UNKNOWN;
    }
    Truth value = absence(c, cond->rule, covering_span(c, cond), r);
    if (seen == UNKNOWN && str_eq(r->near_why, STR(UNDATED))) {
        sources_missing(c, cond->rule, r);
        Str stamp = r->near->kept->ev.time_text;
        Str parts[] = {stamp.len ? STR("it was seen, stamped ") : STR("it was seen without a stamp"), stamp,
                       STR(" in a log that names no zone: when that was in UTC is not known")};
        r->why = arena_join(c->run, parts, sizeof parts / sizeof *parts);
        return UNKNOWN;
    }
    if (seen == UNKNOWN && until_unknown(c, cond, r)) {
        return UNKNOWN;
    }
    if (seen == UNKNOWN) {
        r->why = value == NO ? STR("something that may be it was seen, and cannot be decided") : r->why;
        return UNKNOWN;
    }
    return value;
}

static Truth asserted(const Case *c, const Condition *cond, Truth value, ConditionResult *r)
{
    for (size_t i = 0; cond->ask_name.len && i < c->asking->assertion_count; i++) {
        Assertion *a = &c->asking->assertions[i];
        if (str_eq(a->name, cond->ask_name)) {
            a->used = true;
            if (value == UNKNOWN) {
                r->stated = true;
                r->why = STR("stated by the operator");
                return truth_of(a->yes);
            }
        }
    }
    return value;
}

static void condition_decide(const Case *c, const Condition *cond, Verdict *v)
{
    ConditionResult *r = VEC_ADD(c->run, &v->conditions);
    *r = (ConditionResult){.condition = cond, .name = cond->name, .says = cond->says, .role = ROLE_REQUIRED};
    r->why = STR("only somebody who saw it can tell");
    Truth value = cond->left ? compare_value(c, cond, v, r) : cond->rule ? rule_value(c, cond, v, r) : UNKNOWN;
    r->value = asserted(c, cond, value, r);
}

/* Rules of supports and refutes: anywhere in the bundle, and no more than seen or not. */
static void bystander_decide(const Case *c, const Rule *rule, Role role, Verdict *v)
{
    ConditionResult *r = VEC_ADD(c->run, &v->conditions);
    const HitList *list = &c->lists[rule->index];
    Hits hits = {0};
    *r = (ConditionResult){
        .name = rule->name, .says = rule->title, .role = role, .value = UNKNOWN, .why = STR("not seen")};
    for (size_t i = 0; i < list->hits.count; i++) {
        if (list->hits.at[i].truth == YES) {
            *VEC_ADD(c->run, &hits) = &list->hits.at[i];
        }
    }
    if (hits.count) {
        r->value = YES;
        r->why = arena_format(c->run, hits.count == 1 ? "seen once" : "seen %zu times", hits.count);
        evidence_choose(c, v, rule->name, &hits);
    } else {
        r->value = absence(c, rule, covering_span(c, &(Condition){0}), r);
        r->missing.count = 0;
        near_miss(c, rule, r);
    }
}

/* --- verdicts --------------------------------------------------------------------------------------------------- */

/* Does `when` hold on what is documented alone? */
static bool documented(const Verdict *v, const Truth *values, Arena *run)
{
    Truth *sure = ARENA_NEW(run, Truth, v->cause->condition_count);
    for (size_t i = 0; i < v->cause->condition_count; i++) {
        bool rests = values[i] == YES && v->cause->conditions[i].inferred && !v->conditions.at[i].stated;
        sure[i] = rests ? UNKNOWN : values[i];
    }
    return expression_truth(v->cause->when, sure) == YES;
}

static VerdictKind kind_of(const Verdict *v, Truth when, const Truth *values, Arena *run)
{
    bool refuted = false;
    for (size_t i = 0; i < v->conditions.count; i++) {
        refuted = refuted || (v->conditions.at[i].role == ROLE_REFUTES && v->conditions.at[i].value == YES);
    }
    if (when == NO) {
        return RULED_OUT;
    }
    if (when == YES) {
        return refuted ? POSSIBLE : documented(v, values, run) ? CONFIRMED : LIKELY;
    }
    return v->distinguishing ? POSSIBLE : CANNOT_TELL;
}

/* Which of the false conditions are the reason: those that alone keep `when` false, else those that point to the cause.
 */
static void mark_deciding(Verdict *v, Truth *values)
{
    bool any = false;
    for (size_t i = 0; i < v->cause->condition_count; i++) {
        if (values[i] == NO) {
            values[i] = YES;
            v->conditions.at[i].decides = expression_truth(v->cause->when, values) != NO;
            values[i] = NO;
            any = any || v->conditions.at[i].decides;
        }
    }
    for (size_t i = 0; !any && i < v->cause->condition_count; i++) {
        v->conditions.at[i].decides = values[i] == NO && v->cause->conditions[i].distinguishing;
    }
}

static int evidence_order(const void *a, const void *b)
{
    const Evidence *x = a, *y = b;
    return kept_time(x->kept) != kept_time(y->kept) ? (kept_time(x->kept) < kept_time(y->kept) ? -1 : 1)
           : x->kept->row != y->kept->row           ? (x->kept->row->order < y->kept->row->order ? -1 : 1)
           : x->kept->quote_at != y->kept->quote_at ? (x->kept->quote_at < y->kept->quote_at ? -1 : 1)
                                                    : str_order(x->condition, y->condition);
}

static Verdict cause_decide(const Case *c, const Cause *cause)
{
    Verdict v = {.cause = cause, .lists = c->lists};
    Truth *values = ARENA_NEW(c->run, Truth, cause->condition_count);
    for (size_t i = 0; i < cause->condition_count; i++) {
        condition_decide(c, &cause->conditions[i], &v);
        values[i] = v.conditions.at[i].value;
        v.holds += values[i] == YES;
        bool points = values[i] == YES || v.conditions.at[i].at_unknown_run;
        v.distinguishing = v.distinguishing || (points && cause->conditions[i].distinguishing);
    }
    for (size_t i = 0; i < cause->support_count; i++) {
        bystander_decide(c, cause->supports[i], ROLE_SUPPORTS, &v);
        v.supports += v.conditions.at[v.conditions.count - 1].value == YES;
    }
    for (size_t i = 0; i < cause->refute_count; i++) {
        bystander_decide(c, cause->refutes[i], ROLE_REFUTES, &v);
    }
    v.kind = kind_of(&v, expression_truth(cause->when, values), values, c->run);
    v.applies = c->asking->code.name.len && cause_applies(cause, c->asking->code.name);
    v.aside = asked_code_tells(&c->asking->code) && !v.applies && v.kind >= CANNOT_TELL;
    mark_deciding(&v, values);
    if (v.evidence.count) {
        qsort(v.evidence.at, v.evidence.count, sizeof *v.evidence.at, evidence_order);
    }
    return v;
}

/* What is documented for the error that was asked about is not folded under what is not. */
static void fold(Conclusion *out)
{
    for (size_t i = 0; i < out->verdicts.count; i++) {
        const Verdict *specific = &out->verdicts.at[i];
        for (size_t j = 0; j < out->verdicts.count && specific->kind <= LIKELY; j++) {
            Verdict *general = &out->verdicts.at[j];
            for (size_t k = 0; k < specific->cause->explain_count; k++) {
                bool names = str_eq(specific->cause->explains[k], general->cause->name);
                if (names && general->kind <= POSSIBLE && specific->applies >= general->applies) {
                    general->explained_by = specific->cause;
                }
            }
        }
    }
}

static int verdict_order(const void *a, const void *b)
{
    const Verdict *x = a, *y = b;
    bool fx = x->explained_by != NULL, fy = y->explained_by != NULL;
    return x->kind != y->kind                       ? (int)x->kind - (int)y->kind
           : fx != fy                               ? (int)fx - (int)fy
           : x->applies != y->applies               ? (int)y->applies - (int)x->applies
           : x->distinguishing != y->distinguishing ? (int)y->distinguishing - (int)x->distinguishing
           : x->holds != y->holds                   ? (int)y->holds - (int)x->holds
           : x->supports != y->supports             ? (int)y->supports - (int)x->supports
           : x->cause->explain_count != y->cause->explain_count
               ? (x->cause->explain_count > y->cause->explain_count ? -1 : 1)
               : str_order(x->cause->name, y->cause->name);
}

bool verdict_pointed(const Verdict *v)
{
    bool pointed = v->kind <= POSSIBLE || (v->kind == CANNOT_TELL && v->supports);
    for (size_t i = 0; i < v->conditions.count && v->kind == CANNOT_TELL; i++) {
        const ConditionResult *r = &v->conditions.at[i];
        pointed = pointed ||
                  (r->value == UNKNOWN && r->elsewhere && r->role == ROLE_REQUIRED && r->condition->distinguishing);
    }
    return pointed;
}

void verdict_sort(Conclusion *conclusion)
{
    if (conclusion->verdicts.count) {
        qsort(conclusion->verdicts.at, conclusion->verdicts.count, sizeof *conclusion->verdicts.at, verdict_order);
    }
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* What every rule asks the registry for; parts of a correlation come before it. */
static RegistrySet *registry_asked(const Analysis *analysis, Arena *run)
{
    RegistrySet *sets = ARENA_NEW(run, RegistrySet, analysis->rules->rule_count);
    for (size_t i = 0; i < analysis->rules->rule_count; i++) {
        const Rule *rule = &analysis->rules->rules[i];
        if (rule->kind == RULE_DETECTION) {
            sets[i] = match_registry_asked(analysis->matcher, rule);
        }
        for (size_t k = 0; rule->kind == RULE_CORRELATION && k < rule->part_count; k++) {
            registry_set_join(&sets[i], &sets[rule->parts[k]]);
        }
    }
    return sets;
}

Conclusion verdict_decide(Analysis *analysis, const EpisodeList *episodes, const Bundle *bundle, const Asking *asking,
                          Arena *run)
{
    Conclusion out = {0};
    Case c = {.analysis = analysis,
              .episodes = episodes,
              .bundle = bundle,
              .registry = registry_asked(analysis, run),
              .uptimes = uptimes_find(episodes, run),
              .asking = asking,
              .run = run};
    c.lists = hit_lists(analysis->rules, analysis->matches.at, analysis->matches.count, run);
    correlate(analysis->rules, c.lists, &(Absence){lacks_in, &c}, run);
    for (size_t i = 0; i < analysis->rules->cause_count; i++) {
        *VEC_ADD(run, &out.verdicts) = cause_decide(&c, &analysis->rules->causes[i]);
    }
    fold(&out);
    verdict_sort(&out);
    conclude(&out, &(Conclude){analysis, episodes, bundle, asking, run});
    return out;
}
