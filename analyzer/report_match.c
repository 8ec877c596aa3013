#include <stdlib.h>

#include "report.h"

typedef struct Found {
    const Rule *rule;
    const Hit *hit;
    const Kept *last; /* of the hit's events */
} Found;

static int found_order(const void *a, const void *b)
{
    const Found *x = a, *y = b;
    const SourceRow *p = x->last->row, *q = y->last->row;
    int order = (x->hit->span.to_ns > y->hit->span.to_ns) - (x->hit->span.to_ns < y->hit->span.to_ns);
    order = order ? order : (p->order > q->order) - (p->order < q->order);
    order = order ? order : (x->last->ev.offset > y->last->ev.offset) - (x->last->ev.offset < y->last->ev.offset);
    order = order ? order : (x->last->ev.record > y->last->ev.record) - (x->last->ev.record < y->last->ev.record);
    return order ? order : (x->rule->index > y->rule->index) - (x->rule->index < y->rule->index);
}

static void key(Sink *out, const char *name, Str value)
{
    if (value.len) {
        sink_format(out, ",\"%s\":", name);
        sink_json(out, value);
    }
}

static void put_found(const Found *f, Sink *out)
{
    const Event *ev = &f->last->ev;
    sink_put(out, "{\"rule\":");
    sink_json(out, f->rule->name);
    key(out, "id", f->rule->id);
    key(out, "title", f->rule->title);
    key(out, "level", f->rule->level);
    key(out, "source", f->last->row->path);
    sink_format(out, ev->is_line ? ",\"line\":%llu" : ",\"record\":%llu", (unsigned long long)ev->record);
    if (ev->time_ns != TIME_NONE && ev->trust != TRUST_LOCAL) {
        sink_put(out, ",\"time\":\"");
        sink_time(out, ev->time_ns, ev->time_digits);
        sink_put(out, "\"");
    }
    sink_put(out, "}\n");
}

void report_matches(const RuleSet *rules, const HitList *lists, Sink *out)
{
    Arena a = {0};
    VEC(Found) found = {0};
    for (size_t i = 0; i < rules->rule_count; i++) {
        const Rule *rule = &rules->rules[i];
        bool tells = !rule->is_part || rule->generates;
        for (size_t n = 0; tells && n < lists[i].hits.count; n++) {
            const Hit *hit = &lists[i].hits.at[n];
            if (hit->truth == YES) {
                *VEC_ADD(&a, &found) = (Found){rule, hit, hit->events[hit->event_count - 1]};
            }
        }
    }
    if (found.count) {
        qsort(found.at, found.count, sizeof *found.at, found_order);
    }
    for (size_t i = 0; i < found.count; i++) {
        put_found(&found.at[i], out);
    }
    arena_free(&a);
}
