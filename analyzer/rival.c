#include "rival.h"

#include <stdlib.h>

#define GROUP_WORDS (LIMIT_RIVALS / 64)

typedef struct Rivals {
    Root *roots[LIMIT_RIVALS];
    size_t count;
    size_t group[LIMIT_RIVALS];                  /* by rival: the first of its group */
    uint64_t members[LIMIT_RIVALS][GROUP_WORDS]; /* by group: a bit each rival */
    uint64_t against[LIMIT_RIVALS][GROUP_WORDS]; /* by group: those it must not take in */
} Rivals;

size_t rival_alike(Str a, Str b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && byte_lower(a.at[n]) == byte_lower(b.at[n])) {
        n++;
    }
    return n;
}

static bool same_place(const Root *a, const Root *b)
{
    return a->machine == b->machine && a->input == b->input;
}

/* --- who is one ------------------------------------------------------------------------------------------------- */

static void bit_set(uint64_t *bits, size_t at)
{
    bits[at / 64] |= (uint64_t)1 << at % 64;
}

static bool bits_meet(const uint64_t *a, const uint64_t *b)
{
    uint64_t both = 0;
    for (size_t i = 0; i < GROUP_WORDS; i++) {
        both |= a[i] & b[i];
    }
    return both != 0;
}

/* Holdings of one key in one place. */
static size_t place_end(const Holdings *h, size_t from)
{
    size_t to = from + 1;
    while (to < h->count && h->at[to].key == h->at[from].key && same_place(h->at[to].root, h->at[from].root)) {
        to++;
    }
    return to;
}

/* False: there are more than are told apart. */
static bool rival_add(Rivals *r, Root *root)
{
    if (root->rival == 0 && r->count < LIMIT_RIVALS) {
        bit_set(r->members[r->count], r->count);
        r->group[r->count] = r->count;
        r->roots[r->count++] = root;
        root->rival = r->count;
    }
    return root->rival > 0;
}

static void rivals_meet(Rivals *r, const Holding *holdings, size_t count)
{
    uint64_t all[GROUP_WORDS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (rival_add(r, holdings[i].root)) {
            bit_set(all, holdings[i].root->rival - 1);
        } else {
            holdings[i].root->machine = NO_MACHINE;
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t w = 0; holdings[i].root->rival && w < GROUP_WORDS; w++) {
            r->against[holdings[i].root->rival - 1][w] |= all[w];
        }
    }
}

static void rivals_find(Rivals *r, const Holdings *h)
{
    for (size_t from = 0, to; from < h->count; from = to) {
        to = place_end(h, from);
        if (h->at[from].root != h->at[to - 1].root) {
            rivals_meet(r, h->at + from, to - from);
        }
    }
    for (size_t i = 0; i < r->count; i++) {
        r->against[i][i / 64] &= ~((uint64_t)1 << i % 64);
    }
}

/* --- who goes together ------------------------------------------------------------------------------------------ */

typedef struct Pair {
    size_t a, b, folders; /* bytes of the folders both are in */
} Pair;

static int pair_order(const void *a, const void *b)
{
    const Pair *x = a, *y = b;
    return x->folders != y->folders ? (x->folders > y->folders ? -1 : 1)
           : x->a != y->a           ? (x->a < y->a ? -1 : 1)
                                    : (x->b > y->b) - (x->b < y->b);
}

static void rivals_unite(Rivals *r, size_t a, size_t b)
{
    size_t to = r->group[a] < r->group[b] ? r->group[a] : r->group[b];
    size_t from = r->group[a] < r->group[b] ? r->group[b] : r->group[a];
    if (to == from || bits_meet(r->members[to], r->against[from])) {
        return;
    }
    for (size_t w = 0; w < GROUP_WORDS; w++) {
        r->members[to][w] |= r->members[from][w];
        r->against[to][w] |= r->against[from][w];
    }
    for (size_t i = 0; i < r->count; i++) {
        r->group[i] = r->group[i] == from ? to : r->group[i];
    }
}

/* Only those in one folder, the deepest first: `before/results.txt` goes with `before/device_0/`. */
static void rivals_gather(Rivals *r, Arena *scratch)
{
    Pair *pairs = ARENA_NEW(scratch, Pair, r->count * r->count + 1);
    size_t count = 0;
    for (size_t a = 0; a < r->count; a++) {
        for (size_t b = a + 1; b < r->count; b++) {
            Str path = r->roots[a]->path;
            size_t cut = str_rfind_byte(str_slice(path, 0, rival_alike(path, r->roots[b]->path)), '/');
            if (cut != STR_NOT_FOUND && same_place(r->roots[a], r->roots[b])) {
                pairs[count++] = (Pair){a, b, cut + 1};
            }
        }
    }
    qsort(pairs, count, sizeof *pairs, pair_order);
    for (size_t i = 0; i < count; i++) {
        rivals_unite(r, pairs[i].a, pairs[i].b);
    }
}

/* --- collections ------------------------------------------------------------------------------------------------ */

static void gathering_begin(RootGroups *to, Root *root, Arena *run)
{
    if (to->anchors.count == LIMIT_GATHERINGS) {
        root->machine = NO_MACHINE;
        return;
    }
    root->gathering = to->anchors.count;
    *VEC_ADD(run, &to->anchors) = root;
}

static void rivals_collect(const Rivals *r, RootGroups *to, Arena *run)
{
    for (size_t i = 0; i < r->count; i++) {
        Root *root = r->roots[i];
        const Root *first = r->roots[r->group[i]]; /* comes before it, or is itself */
        if (first == root) {
            gathering_begin(to, root, run);
            continue;
        }
        root->gathering = first->gathering;
        root->machine = first->machine;
        if (first->machine != NO_MACHINE && root->path.len < to->anchors.at[root->gathering]->path.len) {
            to->anchors.at[root->gathering] = root;
        }
    }
}

/* The root it goes with; NULL: there is none of its machine and input. */
static const Root *nearest(const RootGroups *groups, const Rivals *r, const Root *root)
{
    const Root *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < groups->anchors.count + r->count; i++) {
        const Root *other = i < groups->anchors.count ? groups->anchors.at[i] : r->roots[i - groups->anchors.count];
        size_t alike = 1 + rival_alike(other->path, root->path);
        if (same_place(other, root) && alike > longest) {
            longest = alike;
            best = other;
        }
    }
    return best;
}

RootGroups rival_group(RootList *roots, const Holdings *holdings, Arena *run)
{
    Arena scratch = {0};
    Rivals *r = ARENA_NEW(&scratch, Rivals, 1);
    RootGroups groups = {0};
    rivals_find(r, holdings);
    rivals_gather(r, &scratch);
    rivals_collect(r, &groups, run);
    for (size_t i = 0; i < roots->count; i++) {
        Root *root = &roots->at[i];
        const Root *with = root->machine != NO_MACHINE && !root->rival ? nearest(&groups, r, root) : NULL;
        if (with) {
            root->gathering = with->gathering;
        } else if (root->machine != NO_MACHINE && !root->rival) {
            gathering_begin(&groups, root, run);
        }
    }
    arena_free(&scratch);
    return groups;
}
