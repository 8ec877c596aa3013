#include "rule_profile.h"

#include <stdlib.h>

#include "platform.h"

RuleProfile *rule_profile_new(size_t rule_count, Arena *run)
{
    RuleProfile *p = ARENA_NEW(run, RuleProfile, 1);
    p->costs = ARENA_NEW(run, RuleCost, rule_count);
    return p;
}

void rule_profile_add(RuleProfile *to, const RuleProfile *more, size_t rule_count)
{
    platform_lock();
    to->events += more->events;
    to->scan_ns += more->scan_ns;
    for (size_t i = 0; i < rule_count; i++) {
        to->costs[i].tried += more->costs[i].tried;
        to->costs[i].held += more->costs[i].held;
        to->costs[i].ns += more->costs[i].ns;
    }
    platform_unlock();
}

typedef struct Row {
    const Rule *rule;
    RuleCost cost;
} Row;

static int row_order(const void *a, const void *b)
{
    const Row *x = a, *y = b;
    int order = (x->cost.ns < y->cost.ns) - (x->cost.ns > y->cost.ns);
    return order ? order : (x->rule->index > y->rule->index) - (x->rule->index < y->rule->index);
}

static void row_print(const Row *row, Sink *out)
{
    sink_format(out, "%10.3f %10llu %10llu  ", (double)row->cost.ns / 1e6, (unsigned long long)row->cost.tried,
                (unsigned long long)row->cost.held);
    sink_term(out, row->rule->name);
    sink_put(out, "  ");
    sink_term(out, row->rule->file);
    sink_put(out, "\n");
}

void rule_profile_print(const RuleSet *set, Sink *out)
{
    Arena a = {0};
    VEC(Row) rows = {0};
    size_t detections = 0;
    uint64_t proving_ns = 0;
    for (size_t i = 0; i < set->rule_count; i++) {
        detections += set->rules[i].kind == RULE_DETECTION;
        if (set->profile->costs[i].tried) {
            *VEC_ADD(&a, &rows) = (Row){&set->rules[i], set->profile->costs[i]};
            proving_ns += set->profile->costs[i].ns;
        }
    }
    if (rows.count) {
        qsort(rows.at, rows.count, sizeof *rows.at, row_order);
    }
    sink_format(out, "%llu events: candidates found in %.3f ms, proved in %.3f ms; %zu of %zu rules were tried\n",
                (unsigned long long)set->profile->events, (double)set->profile->scan_ns / 1e6, (double)proving_ns / 1e6,
                rows.count, detections);
    sink_put(out, "        ms      tried      holds  rule\n");
    for (size_t i = 0; i < rows.count; i++) {
        row_print(&rows.at[i], out);
    }
    arena_free(&a);
}
