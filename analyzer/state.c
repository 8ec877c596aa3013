#include "state.h"

#include <stdlib.h>

#include "holding.h"

/* Configuration changes seldom, and then on purpose: that of the day before still tells of a failure. */
#define FRESH_NS NS_DAY

static bool is_state(const Kept *k)
{
    return k->ev.service > SERVICE_EPISODE || k->ev.service == SERVICE_DISKINSPECT;
}

typedef struct StateSource { /* a row that tells how things stood */
    uint64_t key;
    const SourceRow *row;
} StateSource;

/* Of one key the newest collection first; of equal ones that which comes first in the bundle. */
static int source_order(const void *a, const void *b)
{
    const StateSource *x = a, *y = b;
    int64_t s = x->row->gathering->collected_ns, t = y->row->gathering->collected_ns;
    return x->key != y->key ? (x->key < y->key ? -1 : 1)
           : s != t         ? (s > t ? -1 : 1)
                            : (x->row->order > y->row->order) - (x->row->order < y->row->order);
}

typedef struct StateSources {
    StateSource *at;
    size_t count;
} StateSources;

static StateSources sources_find(const Analysis *part, Arena *scratch)
{
    StateSources to = {ARENA_NEW(scratch, StateSource, part->rows.count), 0};
    for (size_t i = 0; i < part->rows.count; i++) {
        const SourceRow *row = part->rows.at[i];
        if (row->events || row->service < SERVICE_EPISODE) { /* a hive that tells nothing has no word */
            to.at[to.count++] = (StateSource){holding_state(row), row};
        }
    }
    qsort(to.at, to.count, sizeof *to.at, source_order);
    return to;
}

/* The collection that has the word about what this row tells. */
static const Gathering *newest(const StateSources *sources, const SourceRow *row)
{
    uint64_t key = holding_state(row);
    size_t from = 0, to = sources->count;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        bool before = sources->at[mid].key < key;
        from = before ? mid + 1 : from;
        to = before ? to : mid;
    }
    bool known = from < sources->count && sources->at[from].key == key;
    return known ? sources->at[from].row->gathering : row->gathering;
}

static bool several(const Analysis *part)
{
    for (size_t i = 1; i < part->rows.count; i++) {
        if (part->rows.at[i]->gathering != part->rows.at[0]->gathering) {
            return true;
        }
    }
    return false;
}

static void forget(Analysis *part)
{
    size_t kept = 0, matches = 0;
    for (size_t i = 0; i < part->kept.count; i++) {
        part->kept.at[kept] = part->kept.at[i];
        kept += !(is_state(part->kept.at[i]) && part->kept.at[i]->row->past);
    }
    for (size_t i = 0; i < part->matches.count; i++) {
        const Kept *k = part->matches.at[i].kept;
        part->matches.at[matches] = part->matches.at[i];
        matches += !(is_state(k) && k->row->past);
    }
    part->kept.count = kept;
    part->matches.count = matches;
}

void state_newest(Analysis *part)
{
    Arena scratch = {0};
    if (!several(part)) {
        return;
    }
    StateSources sources = sources_find(part, &scratch);
    for (size_t i = 0; i < part->rows.count; i++) {
        SourceRow *row = part->rows.at[i];
        /* Of what event logs say of services each has its part: the older one is not outdone by the newer. */
        row->past = row->service != SERVICE_EVENT_LOG && newest(&sources, row) != row->gathering;
    }
    forget(part);
    arena_free(&scratch);
}

void state_fresh(Analysis *part, int64_t failure_ns)
{
    for (size_t i = 0; i < part->rows.count && failure_ns != TIME_NONE; i++) {
        SourceRow *row = part->rows.at[i];
        int64_t collected_ns = row->gathering->collected_ns;
        row->past = row->past || (collected_ns != TIME_NONE && failure_ns - collected_ns > FRESH_NS);
    }
    forget(part);
}
