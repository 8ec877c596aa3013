/* Time in correlations: a hit is judged by the end of its span, and a window must hold all of the span. State is
 * judged by its beginning (a value set before a boot comes before the boot) and a window need only touch it: it goes on
 * until the collection. */
#include "correlate.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_SHOWN 8
#define WALKED_MAX   (1000 * (size_t)LIMIT_CORRELATE)

typedef struct Item { /* a hit of a part, as one correlation looks at it */
    const Hit *hit;
    uint32_t part; /* index into rule->parts */
    bool state;
    int64_t from, at; /* at: by what it is ordered */
    const Kept *last;
    Str key;   /* what group-by says of it */
    Str value; /* value_count */
    uint32_t value_id;
    uint8_t counted; /* 0: not yet, 1: in the window, 2: never again */
} Item;

typedef struct Work { /* one correlation at a time */
    const RuleSet *set;
    const Rule *rule;
    const HitList *lists;
    const Absence *absence; /* NULL: what is not seen is taken for not there */
    HitList *out;
    Arena *run;
    Arena scratch;
    Item *items; /* of one group */
    size_t count;
} Work;

/* --- hits of single rules --------------------------------------------------------------------------------------- */

static bool is_state(const Event *ev)
{
    return ev->service > SERVICE_EPISODE;
}

static bool all_state(const Hit *h)
{
    for (size_t i = 0; i < h->event_count; i++) {
        if (!is_state(&h->events[i]->ev)) {
            return false;
        }
    }
    return h->event_count > 0;
}

static int kept_order(const Kept *a, const Kept *b)
{
    if (a->row != b->row && a->row && b->row && a->row->order != b->row->order) {
        return a->row->order < b->row->order ? -1 : 1;
    }
    if (a->ev.offset != b->ev.offset) {
        return a->ev.offset < b->ev.offset ? -1 : 1;
    }
    return (a->ev.record > b->ev.record) - (a->ev.record < b->ev.record);
}

static int time_order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

Doubt hit_doubt(const Hit *h)
{
    Doubt most = {0};
    for (size_t i = 0; i < h->event_count; i++) {
        const Doubt *d = &h->events[i]->ev.doubt;
        most.early_ns = d->early_ns > most.early_ns ? d->early_ns : most.early_ns;
        most.late_ns = d->late_ns > most.late_ns ? d->late_ns : most.late_ns;
    }
    return most;
}

static const Kept *last_of(const Hit *h)
{
    return h->events[h->event_count - 1];
}

static int hit_order(const void *a, const void *b)
{
    const Hit *x = a, *y = b;
    int order = time_order(x->span.to_ns, y->span.to_ns);
    order = order ? order : time_order(x->span.from_ns, y->span.from_ns);
    return order ? order : kept_order(last_of(x), last_of(y));
}

static void base_hit(HitList *list, const Match *m, Arena *run)
{
    const Kept **events = ARENA_NEW(run, const Kept *, 1);
    const Gathering *of = m->kept->row ? m->kept->row->gathering : NULL;
    int64_t from = m->kept->ev.time_ns;
    int64_t to = is_state(&m->kept->ev) && of && of->collected_ns > from ? of->collected_ns : from;
    events[0] = m->kept;
    *VEC_ADD(run, &list->hits) = (Hit){{from, to}, m->truth, events, 1, m->why};
}

HitList *hit_lists(const RuleSet *set, const Match *matches, size_t count, Arena *run)
{
    HitList *lists = ARENA_NEW(run, HitList, set->rule_count);
    for (size_t i = 0; i < count; i++) {
        HitList *list = &lists[matches[i].rule->index];
        if (matches[i].truth == NO) {
            *VEC_ADD(run, &list->near) = matches[i];
        } else {
            base_hit(list, &matches[i], run);
        }
    }
    for (size_t i = 0; i < set->rule_count; i++) {
        if (lists[i].hits.count) {
            qsort(lists[i].hits.at, lists[i].hits.count, sizeof(Hit), hit_order);
        }
    }
    return lists;
}

/* --- what group-by and value_count look at ---------------------------------------------------------------------- */

static Str event_value(const Event *ev, Str name, Arena *a)
{
    Str value = event_field(ev, name);
    if (value.at) {
        return value;
    }
    if (str_eq_nocase(name, STR("Computer")) || str_eq_nocase(name, STR("ComputerName"))) {
        return ev->computer;
    }
    if (str_eq_nocase(name, STR("EventID"))) {
        return ev->id ? arena_format(a, "%u", (unsigned)ev->id) : (Str){0};
    }
    return str_eq_nocase(name, STR("Provider_Name")) ? ev->provider
           : str_eq_nocase(name, STR("Channel"))     ? ev->channel
           : str_eq_nocase(name, STR("Level"))       ? str_of(level_name(ev->level))
           : str_eq_nocase(name, STR("Message"))     ? ev->message
                                                     : (Str){0};
}

static Str hit_value(Work *w, const Hit *h, uint32_t part, Str name)
{
    for (size_t i = 0; i < w->rule->alias_count; i++) {
        const struct Alias *alias = &w->rule->aliases[i];
        if (alias->part == part && str_eq(alias->name, name)) {
            name = alias->field;
            break;
        }
    }
    Str value = {0};
    for (size_t i = 0; i < h->event_count && !value.len; i++) {
        value = event_value(&h->events[i]->ev, name, &w->scratch);
    }
    return value;
}

/* Values in a row, in lower case, each with its length; at == NULL: it lacks one. */
static Str values_key(Work *w, const Hit *h, uint32_t part, const Str *names, size_t name_count)
{
    Str parts[2 * LIMIT_GROUP_BY];
    size_t count = 0;
    for (size_t i = 0; i < name_count && count < 2 * LIMIT_GROUP_BY; i++) {
        Str value = hit_value(w, h, part, names[i]);
        if (!value.len) {
            return (Str){0};
        }
        parts[count++] = arena_format(&w->scratch, "%zu:", value.len);
        parts[count++] = value;
    }
    Str key = arena_join(&w->scratch, parts, count);
    for (size_t i = 0; i < key.len; i++) {
        ((uint8_t *)key.at)[i] = byte_lower(key.at[i]);
    }
    return key;
}

/* A field that is not there may be one that the bundle cannot know. */
static bool may_lack(const Hit *h)
{
    for (size_t i = 0; i < h->event_count; i++) {
        if (h->events[i]->ev.text_only || h->events[i]->ev.service >= SERVICE_EPISODE) {
            return true;
        }
    }
    return false;
}

/* --- items ------------------------------------------------------------------------------------------------------ */

static int item_time_order(const void *a, const void *b)
{
    const Item *x = a, *y = b;
    int order = time_order(x->at, y->at);
    order = order ? order : kept_order(x->last, y->last);
    order = order ? order : (x->last > y->last) - (x->last < y->last);
    order = order ? order : (int)y->hit->truth - (int)x->hit->truth;
    return order ? order : (x->part > y->part) - (x->part < y->part);
}

static int item_group_order(const void *a, const void *b)
{
    int order = str_order(((const Item *)a)->key, ((const Item *)b)->key);
    return order ? order : item_time_order(a, b);
}

static bool item_make(Work *w, uint32_t part, const Hit *h, Item *out)
{
    uint32_t index = w->rule->parts[part];
    bool state = all_state(h);
    Doubt doubt = hit_doubt(h);
    if (doubt.early_ns || doubt.late_ns) {
        w->out->limited = "it happened at a local time of which the zone is not known";
        return false;
    }
    if (h->span.from_ns == TIME_NONE || h->span.to_ns == TIME_NONE) {
        w->out->limited = "the bundle does not tell since when it is so"; /* or when it happened */
        return false;
    }
    *out = (Item){.hit = h, .part = part, .state = state, .from = h->span.from_ns, .last = last_of(h)};
    out->at = state ? h->span.from_ns : h->span.to_ns;
    out->key = values_key(w, h, index, w->rule->group_by, w->rule->group_by_count);
    out->value = values_key(w, h, index, w->rule->threshold.fields, w->rule->threshold.field_count);
    if ((!out->key.at || !out->value.at) && may_lack(h)) {
        w->out->limited = "the bundle does not tell a field that the rule groups by or counts";
    }
    return out->key.at && out->value.at;
}

static const char too_many[] = "too many events to look at all of them";

static Item *items_make(Work *w, size_t *count)
{
    VEC(Item) items = {0};
    for (uint32_t p = 0; p < w->rule->part_count; p++) {
        const HitList *list = &w->lists[w->rule->parts[p]];
        w->out->limited = w->out->limited ? w->out->limited : list->limited;
        size_t skip = list->hits.count > LIMIT_CORRELATE ? list->hits.count - LIMIT_CORRELATE : 0;
        w->out->limited = skip ? too_many : w->out->limited;
        for (size_t i = skip; i < list->hits.count; i++) {
            Item item;
            if (item_make(w, p, &list->hits.at[i], &item)) {
                *VEC_ADD(&w->scratch, &items) = item;
            }
        }
    }
    *count = items.count;
    if (items.count > LIMIT_CORRELATE) { /* the newest count most */
        qsort(items.at, items.count, sizeof(Item), item_time_order);
        items.at += items.count - LIMIT_CORRELATE;
        *count = LIMIT_CORRELATE;
        w->out->limited = too_many;
    }
    if (*count) {
        qsort(items.at, *count, sizeof(Item), item_group_order);
    }
    return items.at;
}

static size_t batch_end(const Work *w, size_t from)
{
    size_t to = from + 1;
    while (to < w->count && w->items[to].at == w->items[from].at) {
        to++;
    }
    return to;
}

/* --- results ---------------------------------------------------------------------------------------------------- */

static int kept_time_order(const void *a, const void *b)
{
    const Kept *x = *(const Kept *const *)a, *y = *(const Kept *const *)b;
    int order = time_order(x->ev.time_ns, y->ev.time_ns);
    return order ? order : kept_order(x, y);
}

/* All events of the items, each once, in time order; of very many the first and the last. */
static const Kept *const *events_of(Work *w, const Item *const *items, size_t count, size_t *event_count)
{
    VEC(const Kept *) all = {0};
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; items[i] && e < items[i]->hit->event_count; e++) {
            *VEC_ADD(&w->scratch, &all) = items[i]->hit->events[e];
        }
    }
    qsort(all.at, all.count, sizeof *all.at, kept_time_order);
    size_t n = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (n == 0 || all.at[n - 1] != all.at[i]) {
            all.at[n++] = all.at[i];
        }
    }
    size_t most = EVENTS_SHOWN > w->rule->part_count ? EVENTS_SHOWN : w->rule->part_count;
    if (n > most) {
        memmove(all.at + 1, all.at + 1 + n - most, (most - 1) * sizeof *all.at);
        n = most;
    }
    const Kept **kept = ARENA_NEW(w->run, const Kept *, n);
    memcpy(kept, all.at, n * sizeof *kept);
    *event_count = n;
    return kept;
}

/* why: of an UNKNOWN that is not one of its items'; or NULL. */
static void emit(Work *w, Span span, Truth truth, const Item *const *items, size_t count, const char *why)
{
    Hit h = {.span = span, .truth = truth, .why = truth == UNKNOWN ? why : NULL};
    h.events = events_of(w, items, count, &h.event_count);
    for (size_t i = 0; i < count && truth == UNKNOWN && !h.why; i++) {
        h.why = items[i] && items[i]->hit->truth == UNKNOWN ? items[i]->hit->why : NULL;
    }
    *VEC_ADD(w->run, &w->out->hits) = h;
}

/* Why there may be more hits of a part in a span than are known; NULL: there are none. */
static const char *may_be_more(const Work *w, size_t part, Span span)
{
    if (w->out->limited || !w->absence) {
        return w->out->limited;
    }
    return w->absence->lacks(w->absence->with, &w->set->rules[w->rule->parts[part]], span);
}

static const char *any_may_be_more(const Work *w, Span span)
{
    const char *why = NULL;
    for (size_t p = 0; p < w->rule->part_count && !why; p++) {
        why = may_be_more(w, p, span);
    }
    return why;
}

static Truth threshold_truth(const struct Threshold *t, int64_t least, int64_t most)
{
    const Truth parts[6] = {
        least > t->gt  ? YES
        : most > t->gt ? UNKNOWN
                       : NO,
        least >= t->gte  ? YES
        : most >= t->gte ? UNKNOWN
                         : NO,
        most < t->lt    ? YES
        : least < t->lt ? UNKNOWN
                        : NO,
        most <= t->lte    ? YES
        : least <= t->lte ? UNKNOWN
                          : NO,
        least == t->eq && most == t->eq   ? YES
        : least <= t->eq && most >= t->eq ? UNKNOWN
                                          : NO,
        least > t->neq || most < t->neq ? YES
        : least == most                 ? NO
                                        : UNKNOWN,
    };
    Truth truth = YES;
    for (size_t i = 0; i < 6; i++) {
        truth = t->given >> i & 1 ? truth_and(truth, parts[i]) : truth;
    }
    return truth;
}

/* --- event_count, value_count ----------------------------------------------------------------------------------- */

typedef struct Count {
    int64_t yes, any;
    uint32_t *value_yes, *value_any; /* by value id; NULL: events are counted */
} Count;

static void count_add(Count *c, const Item *item, int by)
{
    bool yes = item->hit->truth == YES;
    if (!c->value_any) {
        c->any += by;
        c->yes += yes ? by : 0;
        return;
    }
    uint32_t *any = &c->value_any[item->value_id], *sure = &c->value_yes[item->value_id];
    c->any += by > 0 ? *any == 0 : -(*any == 1);
    *any += (uint32_t)by;
    if (yes) {
        c->yes += by > 0 ? *sure == 0 : -(*sure == 1);
        *sure += (uint32_t)by;
    }
}

static int item_from_order(const void *a, const void *b)
{
    const Item *x = *(const Item *const *)a, *y = *(const Item *const *)b;
    return time_order(x->from, y->from);
}

static int item_value_order(const void *a, const void *b)
{
    return str_order_nocase((*(const Item *const *)a)->value, (*(const Item *const *)b)->value);
}

static Item **items_sorted(Work *w, int (*order)(const void *, const void *))
{
    Item **list = ARENA_NEW(&w->scratch, Item *, w->count);
    for (size_t i = 0; i < w->count; i++) {
        list[i] = &w->items[i];
    }
    qsort(list, w->count, sizeof *list, order);
    return list;
}

static void values_number(Work *w, Count *c)
{
    Item **list = items_sorted(w, item_value_order);
    for (size_t i = 0; i < w->count; i++) {
        bool same = i && str_eq_nocase(list[i]->value, list[i - 1]->value);
        list[i]->value_id = i ? list[i - 1]->value_id + !same : 0;
    }
    c->value_yes = ARENA_NEW(&w->scratch, uint32_t, w->count);
    c->value_any = ARENA_NEW(&w->scratch, uint32_t, w->count);
}

/* An event that several of the rules match is one event. */
static void events_once(Work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        bool again = n && w->items[i].hit->event_count == 1 && w->items[n - 1].hit->event_count == 1 &&
                     w->items[i].last == w->items[n - 1].last;
        if (!again) {
            w->items[n++] = w->items[i];
        }
    }
    w->count = n;
}

/* *walked: windows that overlap over and over show less of themselves. */
static void count_emit(Work *w, size_t end, Truth truth, size_t *walked, const char *why)
{
    const Item *shown[EVENTS_SHOWN];
    size_t n = 0, most = *walked < WALKED_MAX ? w->count : EVENTS_SHOWN;
    int64_t from = w->items[end - 1].at;
    for (size_t i = end; i-- > 0 && most-- && w->items[i].at >= w->items[end - 1].at - w->rule->timespan_ns;) {
        ++*walked;
        if (w->items[i].counted != 1) {
            continue;
        }
        from = w->items[i].from < from ? w->items[i].from : from;
        shown[n < EVENTS_SHOWN ? n++ : EVENTS_SHOWN - 1] = &w->items[i];
    }
    emit(w, (Span){from, w->items[end - 1].at}, truth, shown, n, why);
}

static void count_group(Work *w)
{
    Count c = {0};
    if (w->rule->type == CORRELATE_EVENT_COUNT) {
        events_once(w);
    } else {
        values_number(w, &c);
    }
    Item **leaving = items_sorted(w, item_from_order);
    size_t gone = 0, walked = 0;
    for (size_t i = 0, end; i < w->count; i = end) {
        bool sure = false;
        end = batch_end(w, i);
        int64_t oldest = w->items[i].at - w->rule->timespan_ns;
        for (; gone < w->count && leaving[gone]->from < oldest; gone++) {
            if (leaving[gone]->counted == 1) {
                count_add(&c, leaving[gone], -1);
            }
            leaving[gone]->counted = 2;
        }
        for (size_t k = i; k < end; k++) {
            if (w->items[k].counted == 0) {
                w->items[k].counted = 1;
                count_add(&c, &w->items[k], 1);
                sure = sure || w->items[k].hit->truth == YES;
            }
        }
        Truth truth = threshold_truth(&w->rule->threshold, c.yes, c.any);
        truth = sure ? truth : truth_and(truth, UNKNOWN);
        if (truth == NO || c.any == 0) {
            continue;
        }
        const char *why = NULL;
        if (truth == YES && threshold_truth(&w->rule->threshold, c.yes, INT64_MAX) != YES) {
            why = any_may_be_more(w, (Span){oldest, w->items[i].at});
            truth = why ? UNKNOWN : YES;
        }
        count_emit(w, end, truth, &walked, why);
    }
}

/* --- temporal --------------------------------------------------------------------------------------------------- */

/* NULL where it is not within the window that ends at `at`. */
static const Item *in_window(const Work *w, const Item *item, int64_t at)
{
    return item && (item->state || item->from >= at - w->rule->timespan_ns) ? item : NULL;
}

/* Where the rules must not occur: the items of one part, by time. */
typedef struct Never {
    bool wanted; /* the condition has the part behind a `not` … */
    bool only;   /* … and nowhere else */
    VEC(const Item *) items;
} Never;

static void never_find(const Expression *e, bool negated, Never *never)
{
    switch (e->kind) {
    case EXPR_LEAF:
        never[e->leaf].wanted = never[e->leaf].wanted || negated;
        never[e->leaf].only = never[e->leaf].only && negated;
        break;
    case EXPR_NOT: never_find(e->left, !negated, never); break;
    default: never_find(e->left, negated, never); never_find(e->right, negated, never);
    }
}

static Never *never_make(Work *w)
{
    Never *never = ARENA_NEW(&w->scratch, Never, w->rule->part_count);
    for (size_t p = 0; w->rule->condition && p < w->rule->part_count; p++) {
        never[p].only = true; /* every part is in the condition */
    }
    if (w->rule->condition) {
        never_find(w->rule->condition, false, never);
    }
    for (size_t i = 0; i < w->count; i++) {
        if (never[w->items[i].part].wanted) {
            *VEC_ADD(&w->scratch, &never[w->items[i].part].items) = &w->items[i];
        }
    }
    return never;
}

/* Does the part occur in the span? Where it is not seen, its sources must cover the span. */
static Truth occurs(const Work *w, const Never *never, size_t part, Span span, const char **why)
{
    const Never *n = &never[part];
    Truth truth = NO;
    size_t low = 0, high = n->items.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        low = n->items.at[mid]->at < span.from_ns ? mid + 1 : low;
        high = n->items.at[mid]->at < span.from_ns ? high : mid;
    }
    for (size_t i = low; i < n->items.count && n->items.at[i]->at <= span.to_ns && truth != YES; i++) {
        truth = truth_or(truth, n->items.at[i]->hit->truth);
    }
    for (size_t i = 0; i < low && truth != YES; i++) { /* state goes on */
        truth = n->items.at[i]->state ? truth_or(truth, n->items.at[i]->hit->truth) : truth;
    }
    const char *more = truth == NO ? may_be_more(w, part, span) : NULL;
    *why = more ? more : *why;
    return more ? UNKNOWN : truth;
}

/* behind_not: how a leaf behind a `not` stands, which is asked for a longer span. */
static Truth condition_truth(const Expression *e, bool negated, const Truth *parts, const Truth *behind_not)
{
    switch (e->kind) {
    case EXPR_LEAF: return negated ? behind_not[e->leaf] : parts[e->leaf];
    case EXPR_NOT: return truth_not(condition_truth(e->left, !negated, parts, behind_not));
    case EXPR_AND:
        return truth_and(condition_truth(e->left, negated, parts, behind_not),
                         condition_truth(e->right, negated, parts, behind_not));
    default:
        return truth_or(condition_truth(e->left, negated, parts, behind_not),
                        condition_truth(e->right, negated, parts, behind_not));
    }
}

/* All of the parts, or as many as the threshold says. */
static Truth parts_truth(Work *w, const Truth *parts, Span window, const char **why)
{
    const Rule *r = w->rule;
    int64_t yes = 0, any = 0;
    for (size_t p = 0; p < r->part_count; p++) {
        yes += parts[p] == YES;
        any += parts[p] != NO;
    }
    if (!r->threshold.given) {
        int64_t all = (int64_t)r->part_count;
        return yes == all ? YES : any == all ? UNKNOWN : NO;
    }
    Truth truth = threshold_truth(&r->threshold, yes, any);
    for (size_t p = 0; p < r->part_count && truth == YES; p++) {
        const char *more = parts[p] == NO ? may_be_more(w, p, window) : NULL;
        *why = more ? more : *why;
        any += more != NULL;
    }
    return truth == YES ? threshold_truth(&r->threshold, yes, any) : truth;
}

static Span temporal_span(const Item *const *chosen, size_t count, int64_t at)
{
    Span state = {INT64_MIN, INT64_MAX}, span = {at, at};
    bool only_state = true;
    for (size_t p = 0; p < count; p++) {
        if (!chosen[p]) {
            continue;
        }
        if (chosen[p]->state) {
            state.from_ns = chosen[p]->from > state.from_ns ? chosen[p]->from : state.from_ns;
            state.to_ns = chosen[p]->hit->span.to_ns < state.to_ns ? chosen[p]->hit->span.to_ns : state.to_ns;
        } else {
            only_state = false;
            span.from_ns = chosen[p]->from < span.from_ns ? chosen[p]->from : span.from_ns;
        }
    }
    return only_state && state.from_ns <= state.to_ns ? state : span;
}

/* A part behind a `not` must occur in no window that holds what did occur: neither before nor behind it. */
static Truth words_truth(Work *w, const Never *never, const Truth *parts, Span span, const char **why)
{
    Truth *behind_not = ARENA_NEW(&w->scratch, Truth, w->rule->part_count);
    Span around = {span.to_ns - w->rule->timespan_ns, span.from_ns + w->rule->timespan_ns};
    for (size_t p = 0; p < w->rule->part_count; p++) {
        behind_not[p] = NO;
    }
    if (condition_truth(w->rule->condition, false, parts, behind_not) == NO) {
        return NO;
    }
    for (size_t p = 0; p < w->rule->part_count; p++) {
        behind_not[p] = never[p].wanted ? occurs(w, never, p, around, why) : NO;
    }
    return condition_truth(w->rule->condition, false, parts, behind_not);
}

static void temporal_group(Work *w)
{
    size_t parts = w->rule->part_count;
    const Item **yes = ARENA_NEW(&w->scratch, const Item *, parts), **may = ARENA_NEW(&w->scratch, const Item *, parts);
    const Item **chosen = ARENA_NEW(&w->scratch, const Item *, parts);
    Truth *truths = ARENA_NEW(&w->scratch, Truth, parts);
    Never *never = never_make(w);
    for (size_t i = 0, end; i < w->count; i = end) {
        Truth sure = NO;
        int64_t at = w->items[i].at;
        end = batch_end(w, i);
        for (size_t k = i; k < end; k++) {
            const Item *item = &w->items[k], **best = item->hit->truth == YES ? &yes[item->part] : &may[item->part];
            *best = !*best || item->from >= (*best)->from ? item : *best;
            sure = in_window(w, item, at) && !never[item->part].only ? truth_or(sure, item->hit->truth) : sure;
        }
        for (size_t p = 0; p < parts; p++) {
            const Item *y = in_window(w, yes[p], at), *m = in_window(w, may[p], at);
            chosen[p] = never[p].only ? NULL : y ? y : m;
            truths[p] = y ? YES : m ? UNKNOWN : NO;
        }
        const char *why = NULL;
        Span span = temporal_span(chosen, parts, at);
        Truth truth = w->rule->condition ? words_truth(w, never, truths, span, &why)
                                         : parts_truth(w, truths, (Span){at - w->rule->timespan_ns, at}, &why);
        truth = truth_and(truth, sure);
        if (truth != NO) {
            emit(w, span, truth, chosen, parts, why);
        }
    }
}

/* --- temporal_ordered ------------------------------------------------------------------------------------------- */

typedef struct Chain { /* the parts up to one, and the latest that they can begin */
    const Item *item;
    const struct Chain *before;
    int64_t start;
} Chain;

typedef struct Ordered {
    uint32_t *steps; /* the parts that must occur, in order */
    size_t step_count;
    bool *never; /* by part: it must not occur in between */
    bool any_never;
} Ordered;

static void never_mark(const Rule *rule, const Expression *e, bool *never)
{
    if (e->kind == EXPR_AND) {
        never_mark(rule, e->left, never);
        never_mark(rule, e->right, never);
    }
    for (size_t p = 0; e->kind == EXPR_NOT && p < rule->part_count; p++) {
        never[p] = never[p] || rule->parts[p] == rule->parts[e->left->leaf];
    }
}

static Ordered ordered_make(Work *w)
{
    const Rule *r = w->rule;
    Ordered o = {ARENA_NEW(&w->scratch, uint32_t, r->part_count), 0, ARENA_NEW(&w->scratch, bool, r->part_count),
                 false};
    if (r->condition) {
        never_mark(r, r->condition, o.never);
    }
    for (uint32_t p = 0; p < r->part_count; p++) {
        o.any_never = o.any_never || o.never[p];
        if (!o.never[p]) {
            o.steps[o.step_count++] = p;
        }
    }
    return o;
}

/* Is it before `item`? UNKNOWN: at the same time, and no source tells their order. */
static Truth before(const Item *a, const Item *item)
{
    return a->at != item->at                 ? truth_of(a->at < item->at)
           : a->last->row != item->last->row ? UNKNOWN
                                             : truth_of(kept_order(a->last, item->last) < 0);
}

/* What the parts that must not occur make of a chain that did. */
static Truth never_truth(const Work *w, const Ordered *o, const Chain *last, Span span, const char **why)
{
    Truth truth = YES;
    const Chain *first = last;
    for (; first->before; first = first->before) {
    }
    for (size_t p = 0; p < w->rule->part_count && truth == YES; p++) {
        *why = o->never[p] ? may_be_more(w, p, span) : NULL;
        truth = *why ? UNKNOWN : YES;
    }
    for (size_t i = 0; o->any_never && i < w->count && w->items[i].at <= span.to_ns; i++) {
        const Item *item = &w->items[i];
        if (o->never[item->part] && (item->state || item->at >= span.from_ns)) {
            Truth behind = item->state ? YES : before(first->item, item);
            Truth between = truth_and(behind, before(item, last->item));
            truth = truth_and(truth, truth_not(truth_and(item->hit->truth, between)));
        }
    }
    return truth;
}

static bool ordered_emit(Work *w, const Ordered *o, const Chain *last, bool sure)
{
    Span span = {last->start, last->item->at};
    if (span.to_ns - span.from_ns > w->rule->timespan_ns) {
        return false;
    }
    const char *why = NULL;
    Truth truth = truth_and(never_truth(w, o, last, span, &why), sure ? YES : UNKNOWN);
    if (truth == NO) {
        return false;
    }
    const Item **items = ARENA_NEW(&w->scratch, const Item *, o->step_count);
    size_t n = 0;
    for (const Chain *c = last; c; c = c->before) {
        items[n++] = c->item;
    }
    emit(w, span, truth, items, n, why ? why : sure ? NULL : "which of two came first is not known");
    return truth == YES;
}

/* Could the event be the next one behind all of the chain? */
static bool follows(const Chain *chain, const Item *item)
{
    for (; chain && chain->item->at == item->at; chain = chain->before) {
        if (before(chain->item, item) == NO) {
            return false;
        }
    }
    return true;
}

/* One event at a time: an event cannot follow itself. Every step keeps the chain that begins last, since only the
 * tightest can lie within the time span. */
static size_t ordered_event(Work *w, const Ordered *o, size_t from, bool sure, const Chain **best, const Chain **found)
{
    const Chain **next = ARENA_NEW(&w->scratch, const Chain *, o->step_count);
    size_t end = from;
    for (; end < w->count && w->items[end].at == w->items[from].at && w->items[end].last == w->items[from].last;
         end++) {
        const Item *item = &w->items[end];
        for (size_t s = 0; s < o->step_count; s++) {
            if (o->steps[s] != item->part || (s && !best[s - 1]) || (sure && item->hit->truth != YES) ||
                (s && !follows(best[s - 1], item))) {
                continue;
            }
            Chain *c = ARENA_NEW(&w->scratch, Chain, 1);
            *c = (Chain){item, s ? best[s - 1] : NULL, item->from};
            c->start = s && best[s - 1]->start < c->start ? best[s - 1]->start : c->start;
            next[s] = !next[s] || c->start > next[s]->start ? c : next[s];
        }
    }
    for (size_t s = 0; s < o->step_count; s++) {
        best[s] = next[s] && (!best[s] || next[s]->start >= best[s]->start) ? next[s] : best[s];
    }
    const Chain *last = next[o->step_count - 1];
    *found = last && (!*found || last->start > (*found)->start) ? last : *found;
    return end;
}

static size_t row_end(const Work *w, size_t from, size_t end)
{
    size_t to = from + 1;
    while (to < end && w->items[to].last->row == w->items[from].last->row) {
        to++;
    }
    return to;
}

static void chains_better(const Chain **best, const Chain *const *other, size_t count)
{
    for (size_t s = 0; s < count; s++) {
        best[s] = other[s] && (!best[s] || other[s]->start > best[s]->start) ? other[s] : best[s];
    }
}

/* Events of one time: only within a source is it sure which came first. */
static void ordered_sure(Work *w, const Ordered *o, size_t from, size_t end, const Chain **best, const Chain **found)
{
    size_t size = o->step_count * sizeof *best;
    const Chain **start = ARENA_NEW(&w->scratch, const Chain *, o->step_count);
    const Chain **own = ARENA_NEW(&w->scratch, const Chain *, o->step_count);
    memcpy(start, best, size);
    for (size_t k = from; k < end;) {
        size_t row = row_end(w, k, end);
        memcpy(own, start, size);
        while (k < row) {
            k = ordered_event(w, o, k, true, own, found);
        }
        chains_better(best, own, o->step_count);
    }
}

/* Among several sources they may have come in any order. */
static void ordered_any(Work *w, const Ordered *o, size_t from, size_t end, const Chain **best, const Chain **found)
{
    size_t passes = row_end(w, from, end) == end ? 1 : o->step_count;
    while (passes--) {
        for (size_t k = from; k < end;) {
            k = ordered_event(w, o, k, false, best, found);
        }
    }
}

static void ordered_group(Work *w)
{
    Ordered o = ordered_make(w);
    if (!o.step_count) {
        return;
    }
    const Chain **yes = ARENA_NEW(&w->scratch, const Chain *, o.step_count);
    const Chain **any = ARENA_NEW(&w->scratch, const Chain *, o.step_count);
    for (size_t i = 0, end; i < w->count; i = end) {
        const Chain *found_yes = NULL, *found_any = NULL;
        end = batch_end(w, i);
        ordered_sure(w, &o, i, end, yes, &found_yes);
        ordered_any(w, &o, i, end, any, &found_any);
        bool done = found_yes && ordered_emit(w, &o, found_yes, true);
        if (!done && found_any && (!found_yes || found_any->start > found_yes->start)) {
            ordered_emit(w, &o, found_any, false);
        }
    }
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static void group_run(Work *w)
{
    switch (w->rule->type) {
    case CORRELATE_TEMPORAL: temporal_group(w); break;
    case CORRELATE_TEMPORAL_ORDERED: ordered_group(w); break;
    default: count_group(w);
    }
}

static void correlation_run(Work *w)
{
    size_t count;
    Item *items = items_make(w, &count);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && str_eq(items[to].key, items[from].key); to++) {
        }
        w->items = items + from;
        w->count = to - from;
        group_run(w);
    }
    if (w->out->hits.count) {
        qsort(w->out->hits.at, w->out->hits.count, sizeof(Hit), hit_order);
    }
    arena_reset(&w->scratch);
}

void correlate(const RuleSet *set, HitList *lists, const Absence *absence, Arena *run)
{
    Work w = {.set = set, .lists = lists, .absence = absence, .run = run};
    for (size_t i = 0; i < set->rule_count; i++) { /* parts come before what is made of them */
        if (set->rules[i].kind == RULE_CORRELATION) {
            w.rule = &set->rules[i];
            w.out = &lists[i];
            correlation_run(&w);
        }
    }
    arena_free(&w.scratch);
}
