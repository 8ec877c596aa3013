#include "agreement.h"

#include <stdlib.h>
#include <string.h>

#include "duplicate.h"

/* Clocks of threads, and a copy made while the log is written: the ends of a text log are not compared. */
#define EDGE_NS NS_MINUTE

typedef struct Known { /* what a collection tells */
    uint64_t hash;
    size_t gathering;
} Known;

typedef struct Compare {
    const Analysis *analysis;
    const Holdings *holdings;
    Known *known;
    size_t known_count;
    Agreement *to;
} Compare;

static int known_order(const void *a, const void *b)
{
    const Known *x = a, *y = b;
    return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1)
                              : (x->gathering > y->gathering) - (x->gathering < y->gathering);
}

static bool comparable(const Kept *k)
{
    return analysis_tells(&k->ev) && k->ev.service < SERVICE_EPISODE && k->ev.time_ns != TIME_NONE &&
           k->ev.trust < TRUST_INHERITED;
}

static void known_find(Compare *c, const RootList *roots, const uint32_t *of, Arena *scratch)
{
    c->known = ARENA_NEW(scratch, Known, c->analysis->kept.count + 1);
    for (size_t i = 0; i < c->analysis->kept.count; i++) {
        const Kept *k = c->analysis->kept.at[i];
        const Root *root = &roots->at[of[k->row->number]];
        if (root->machine != NO_MACHINE && comparable(k)) {
            c->known[c->known_count++] = (Known){duplicate_hash(k), root->gathering};
        }
    }
    qsort(c->known, c->known_count, sizeof *c->known, known_order);
}

/* A record of that number was read: then it must be the same. */
static bool has_id(const SourceRow *row, uint64_t id)
{
    size_t from = 0, to = row->runs.count;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        bool before = row->runs.at[mid].last < id;
        from = before ? mid + 1 : from;
        to = before ? to : mid;
    }
    return from < row->runs.count && row->runs.at[from].first <= id;
}

/* Would the row hold this event, if it were of the same log at the same time? */
static bool should_hold(const SourceRow *row, const Kept *k)
{
    if (row->span.from_ns == TIME_NONE || analysis_full(row)) {
        return false;
    }
    if (k->ev.service == SERVICE_EVENT_LOG) {
        return k->ev.time_ns >= row->span.from_ns && k->ev.time_ns <= row->span.to_ns && !k->ev.is_line &&
               has_id(row, k->ev.record);
    }
    return row->status == ROW_READ && !row->holes.count && k->ev.time_ns - row->span.from_ns > EDGE_NS &&
           row->span.to_ns - k->ev.time_ns > EDGE_NS;
}

/* Is what one holding tells in the other one's collection, too? */
static void compare(Compare *c, const Kept *k, const Holding *mine, const Holding *other)
{
    size_t x = mine->root->gathering, y = other->root->gathering;
    bool open = x != y && mine->root->machine == other->root->machine && other->root->machine != NO_MACHINE;
    if (!open || c->to->differ[x][y] || !should_hold(c->analysis->rows.at[other->row], k)) {
        return;
    }
    Known wanted = {duplicate_hash(k), y};
    if (!bsearch(&wanted, c->known, c->known_count, sizeof *c->known, known_order)) {
        c->to->differ[x][y] = c->to->differ[y][x] = true;
    }
}

static void compare_all(Compare *c, const uint32_t *holding_of)
{
    uint64_t work = 0;
    for (size_t i = 0; i < c->analysis->kept.count; i++) {
        const Kept *k = c->analysis->kept.at[i];
        const Holding *mine = holding_of[k->row->number] ? &c->holdings->at[holding_of[k->row->number] - 1] : NULL;
        for (size_t j = mine && comparable(k) && mine->root->machine != NO_MACHINE ? mine->first : SIZE_MAX;
             j < c->holdings->count && c->holdings->at[j].key == mine->key; j++) {
            if (++work > LIMIT_AGREE) {
                memset(c->to->differ, true, sizeof c->to->differ);
                return;
            }
            compare(c, k, mine, &c->holdings->at[j]);
        }
    }
}

const Agreement *agreement_find(const Analysis *analysis, const RootList *roots, const uint32_t *of,
                                const Holdings *holdings, Arena *scratch)
{
    Compare c = {.analysis = analysis, .holdings = holdings, .to = ARENA_NEW(scratch, Agreement, 1)};
    uint32_t *holding_of = ARENA_NEW(scratch, uint32_t, analysis->rows.count + 1); /* by row, plus one */
    for (size_t i = 0; i < holdings->count; i++) {
        holding_of[holdings->at[i].row] = (uint32_t)i + 1;
    }
    known_find(&c, roots, of, scratch);
    compare_all(&c, holding_of);
    return c.to;
}
