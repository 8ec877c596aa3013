/* Rules are indexed by what their detection cannot do without: an event id, else one of some literals. Literals are
 * found by grams of four bytes: every `stride` bytes one load, one hash and one bit decide for all rules at once, and
 * only where the bit is set are literals compared. Unlike an automaton this stays in the first-level cache with
 * thousands of literals, and reads a quarter of the positions when all literals have seven bytes or more. */
#include "prefilter.h"

#include <stdlib.h>
#include <string.h>

#define GRAM         4
#define STRIDE_MAX   4
#define LITERAL_MAX  32
#define LITERALS_MAX 512
#define NONE         UINT32_MAX

typedef struct Entry {
    Candidate candidate;
    const Test *provider; /* what the detection demands of the provider, or NULL */
    const uint32_t *ids;  /* found by a literal: only these */
    size_t id_count;
} Entry;

typedef struct IdSlot {
    uint32_t id;
    bool used, searched; /* searched: some literals count for this id */
    uint32_t first;      /* of the direct entries, a chain of IdLink */
} IdSlot;

typedef struct IdLink {
    uint32_t entry, next;
} IdLink;

typedef struct Literal {
    Str text; /* in lower case */
    uint32_t entry;
} Literal;

typedef struct Gram {
    uint32_t folded, literal, at, next;
} Gram;

typedef struct Group { /* of one kind of source, and of event logs one channel */
    Service kind;
    Str channel;
    VEC(Entry) entries;
    VEC(uint32_t) always;
    VEC(IdLink) links;
    VEC(Literal) literals;
    VEC(Gram) grams;
    IdSlot *slots;
    size_t slot_room, slot_count;
    bool search_any; /* some literals count for every id */
    size_t stride;
    unsigned shift; /* of the hash */
    uint64_t *bits;
    uint32_t *heads;
} Group;

/* --- what a detection cannot do without ------------------------------------------------------------------------- */

typedef struct Ids {
    bool known;
    VEC(uint32_t) list;
} Ids;

typedef struct Needs {
    bool known;
    size_t shortest;
    VEC(Str) list;
} Needs;

static Ids ids_either(Arena *a, Ids x, Ids y)
{
    for (size_t i = 0; x.known && y.known && i < y.list.count; i++) {
        *VEC_ADD(a, &x.list) = y.list.at[i];
    }
    x.known = x.known && y.known && x.list.count <= LITERALS_MAX;
    return x;
}

static Ids ids_both(Ids x, Ids y)
{
    return !y.known || (x.known && x.list.count <= y.list.count) ? x : y;
}

static Ids test_ids(Arena *a, const Test *t)
{
    Ids ids = {.known = t->field == FIELD_EVENT_ID && !t->all && !t->negated};
    for (size_t v = 0; v < t->count && ids.known; v++) {
        const Pattern *p = &t->values[v].patterns[0];
        uint64_t id;
        bool number = p->kind == PATTERN_NUMBER || (p->kind == PATTERN_TEXT && p->place == PLACE_WHOLE);
        ids.known = t->values[v].count == 1 && number && str_u64(p->text, 10, &id) && id <= UINT32_MAX;
        if (ids.known) {
            *VEC_ADD(a, &ids.list) = (uint32_t)id;
        }
    }
    return ids;
}

static Ids selection_ids(Arena *a, const Selection *s)
{
    Ids ids = {0};
    for (size_t i = 0; s->kind != SELECT_TEST && i < s->count; i++) {
        Ids next = selection_ids(a, s->items[i]);
        ids = i == 0 ? next : s->kind == SELECT_ALL ? ids_both(ids, next) : ids_either(a, ids, next);
    }
    return s->kind == SELECT_TEST ? test_ids(a, s->test) : ids;
}

static Ids expression_ids(Arena *a, const Detection *d, const Expression *e)
{
    switch (e->kind) {
    case EXPR_LEAF: return selection_ids(a, d->selections[e->leaf]);
    case EXPR_AND: return ids_both(expression_ids(a, d, e->left), expression_ids(a, d, e->right));
    case EXPR_OR: return ids_either(a, expression_ids(a, d, e->left), expression_ids(a, d, e->right));
    default: return (Ids){0};
    }
}

static Needs needs_either(Arena *a, Needs x, Needs y)
{
    for (size_t i = 0; x.known && y.known && i < y.list.count; i++) {
        *VEC_ADD(a, &x.list) = y.list.at[i];
    }
    x.known = x.known && y.known && x.list.count <= LITERALS_MAX;
    x.shortest = x.shortest < y.shortest ? x.shortest : y.shortest;
    return x;
}

/* Long ones, as they are rare; then few ones. */
static Needs needs_both(Needs x, Needs y)
{
    size_t a = x.shortest < 12 ? x.shortest : 12, b = y.shortest < 12 ? y.shortest : 12;
    bool first = !y.known || (x.known && (a > b || (a == b && x.list.count <= y.list.count)));
    return first ? x : y;
}

/* The longest run of bytes that stand in every text the pattern holds of. PCRE2 knows letters beyond ASCII whose other
 * case is `k` or `s`, and Message joins values by line feeds. */
static Str longest_run(Str text, Str best, bool regex)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        uint8_t c = i < text.len ? byte_lower(text.at[i]) : '\n';
        if (c == '\n' || (regex && (c >= 0x80 || c == 'k' || c == 's'))) {
            best = i - from > best.len ? str_slice(text, from, i) : best;
            from = i + 1;
        }
    }
    return best;
}

static Needs pattern_needs(Arena *a, const Pattern *p)
{
    Str best = {0};
    if (p->kind == PATTERN_TEXT) {
        best = longest_run(p->text, best, false);
    }
    for (size_t i = 0; i < p->piece_count; i++) {
        best = longest_run(p->pieces[i].text, best, p->kind == PATTERN_REGEX);
    }
    best = str_slice(best, 0, LITERAL_MAX);
    Needs n = {.known = best.len >= GRAM, .shortest = best.len};
    *VEC_ADD(a, &n.list) = best;
    return n;
}

static Needs test_needs(Arena *a, const Test *t)
{
    Needs all = {0};
    bool text = t->field == FIELD_NAMED || t->field == FIELD_ANY || t->field == FIELD_MESSAGE || t->field == FIELD_DATA;
    for (size_t v = 0; v < t->count && text && !t->negated; v++) {
        Needs value = {0};
        for (size_t p = 0; p < t->values[v].count; p++) {
            Needs next = pattern_needs(a, &t->values[v].patterns[p]);
            value = p == 0 ? next : needs_either(a, value, next);
        }
        all = v == 0 ? value : t->all ? needs_both(all, value) : needs_either(a, all, value);
    }
    return all;
}

static Needs selection_needs(Arena *a, const Selection *s)
{
    Needs needs = {0};
    for (size_t i = 0; s->kind != SELECT_TEST && i < s->count; i++) {
        Needs next = selection_needs(a, s->items[i]);
        needs = i == 0 ? next : s->kind == SELECT_ALL ? needs_both(needs, next) : needs_either(a, needs, next);
    }
    return s->kind == SELECT_TEST ? test_needs(a, s->test) : needs;
}

static Needs expression_needs(Arena *a, const Detection *d, const Expression *e)
{
    switch (e->kind) {
    case EXPR_LEAF: return selection_needs(a, d->selections[e->leaf]);
    case EXPR_AND: return needs_both(expression_needs(a, d, e->left), expression_needs(a, d, e->right));
    case EXPR_OR: return needs_either(a, expression_needs(a, d, e->left), expression_needs(a, d, e->right));
    default: return (Needs){0};
    }
}

static const Test *selection_provider(const Selection *s)
{
    if (s->kind == SELECT_TEST) {
        bool plain = s->test->field == FIELD_PROVIDER && !s->test->all && !s->test->negated;
        for (size_t v = 0; v < s->test->count && plain; v++) {
            const Pattern *p = &s->test->values[v].patterns[0];
            plain = s->test->values[v].count == 1 && (p->kind == PATTERN_TEXT || p->kind == PATTERN_GLOB);
        }
        return plain ? s->test : NULL;
    }
    const Test *found = NULL;
    for (size_t i = 0; (s->kind == SELECT_ALL || s->count == 1) && i < s->count && !found; i++) {
        found = selection_provider(s->items[i]);
    }
    return found;
}

static const Test *expression_provider(const Detection *d, const Expression *e)
{
    if (e->kind == EXPR_LEAF) {
        return selection_provider(d->selections[e->leaf]);
    }
    const Test *left = e->kind == EXPR_AND ? expression_provider(d, e->left) : NULL;
    return left || e->kind != EXPR_AND ? left : expression_provider(d, e->right);
}

/* --- building --------------------------------------------------------------------------------------------------- */

static IdSlot *slot_find(const Group *g, uint32_t id)
{
    if (!g->slot_room) {
        return NULL;
    }
    size_t i = (id * 2654435761u) & (g->slot_room - 1);
    while (g->slots[i].used && g->slots[i].id != id) {
        i = (i + 1) & (g->slot_room - 1);
    }
    return &g->slots[i];
}

static IdSlot *slot_add(Group *g, Arena *run, uint32_t id)
{
    if (2 * g->slot_count >= g->slot_room) {
        IdSlot *old = g->slots;
        size_t room = g->slot_room;
        g->slot_room = room ? 2 * room : 64;
        g->slots = ARENA_NEW(run, IdSlot, g->slot_room);
        for (size_t i = 0; i < room; i++) {
            if (old[i].used) {
                *slot_find(g, old[i].id) = old[i];
            }
        }
    }
    IdSlot *slot = slot_find(g, id);
    if (!slot->used) {
        *slot = (IdSlot){.id = id, .used = true, .first = NONE};
        g->slot_count++;
    }
    return slot;
}

static Group *group_of(Prefilter *p, Service kind, Str channel)
{
    for (size_t i = 0; i < p->group_count; i++) {
        if (p->groups[i].kind == kind && str_eq_nocase(p->groups[i].channel, channel)) {
            return &p->groups[i];
        }
    }
    Group *g = &p->groups[p->group_count++];
    *g = (Group){.kind = kind, .channel = channel};
    return g;
}

static bool has_id(const uint32_t *ids, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

/* An absent field makes a test of these unknown, so no literal can be demanded of them. */
static bool may_lack(Service kind)
{
    return kind == SERVICE_EPISODE || kind == SERVICE_REGISTRY_STATE || kind == SERVICE_SERVICE_STATE ||
           kind == SERVICE_FILE_LISTING;
}

static void entry_direct(Group *g, Arena *run, uint32_t entry, const LogSource *source, const uint32_t *ids,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (source->event_id_count && !has_id(source->event_ids, source->event_id_count, ids[i])) {
            continue;
        }
        IdSlot *slot = slot_add(g, run, ids[i]);
        if (slot->first != NONE && g->links.at[slot->first].entry == entry) {
            continue; /* the same id twice */
        }
        *VEC_ADD(run, &g->links) = (IdLink){entry, slot->first};
        slot->first = (uint32_t)g->links.count - 1;
    }
}

static void entry_searched(Group *g, Arena *run, uint32_t entry, const Needs *needs)
{
    Entry *e = &g->entries.at[entry];
    for (size_t i = 0; i < needs->list.count; i++) {
        *VEC_ADD(run, &g->literals) = (Literal){needs->list.at[i], entry};
    }
    for (size_t i = 0; i < e->id_count; i++) {
        slot_add(g, run, e->ids[i])->searched = true;
    }
    g->search_any = g->search_any || !e->id_count;
}

static void rule_add(Prefilter *p, Arena *run, const Rule *rule, const LogSource *source)
{
    const Detection *d = rule->detection;
    Group *g = group_of(p, source->kind, source->channel);
    Entry *e = VEC_ADD(run, &g->entries);
    uint32_t index = (uint32_t)g->entries.count - 1;
    *e = (Entry){.candidate = {rule, source}, .ids = source->event_ids, .id_count = source->event_id_count};
    e->provider = source->kind == SERVICE_EVENT_LOG ? expression_provider(d, d->condition) : NULL;
    Ids ids = expression_ids(run, d, d->condition);
    Needs needs = may_lack(source->kind) ? (Needs){0} : expression_needs(run, d, d->condition);
    if (source->kind == SERVICE_EVENT_LOG && ids.known) {
        entry_direct(g, run, index, source, ids.list.at, ids.list.count);
    } else if (needs.known) {
        entry_searched(g, run, index, &needs);
    } else if (source->event_id_count) {
        entry_direct(g, run, index, source, source->event_ids, source->event_id_count);
    } else {
        *VEC_ADD(run, &g->always) = index;
    }
}

static uint32_t gram_at(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v | 0x20202020u; /* capitals become small letters; that other bytes fall together too does no harm */
}

static uint32_t gram_hash(const Group *g, uint32_t gram)
{
    return (gram * 0x9E3779B1u) >> g->shift;
}

#define TALLY_WIDTH 16

static uint32_t tally_hash(uint32_t gram)
{
    return (gram * 0x9E3779B1u) >> (32 - TALLY_WIDTH);
}

/* Where in a literal to take the grams: where it differs most from the others. */
static size_t grams_start(const Group *g, Str text, const uint32_t *tally)
{
    size_t best = 0;
    uint64_t least = UINT64_MAX;
    for (size_t at = 0; at + GRAM + g->stride - 1 <= text.len; at++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < g->stride; i++) {
            sum += tally[tally_hash(gram_at(text.at + at + i))];
        }
        best = sum < least ? at : best;
        least = sum < least ? sum : least;
    }
    return best;
}

static uint32_t *grams_tally(const Group *g)
{
    uint32_t *tally = calloc((size_t)1 << TALLY_WIDTH, sizeof *tally);
    for (size_t i = 0; tally && i < g->literals.count; i++) {
        Str text = g->literals.at[i].text;
        for (size_t at = 0; at + GRAM <= text.len; at++) {
            tally[tally_hash(gram_at(text.at + at))]++;
        }
    }
    return tally;
}

static void grams_build(Group *g, Arena *run)
{
    uint32_t *tally = grams_tally(g);
    g->stride = STRIDE_MAX;
    for (size_t i = 0; i < g->literals.count; i++) {
        size_t room = g->literals.at[i].text.len - GRAM + 1;
        g->stride = room < g->stride ? room : g->stride;
    }
    unsigned width = 14;
    while (width < 20 && (size_t)1 << width < g->literals.count * g->stride * 32) {
        width++;
    }
    g->shift = 32 - width;
    g->bits = ARENA_NEW(run, uint64_t, ((size_t)1 << width) / 64);
    g->heads = ARENA_NEW(run, uint32_t, (size_t)1 << width);
    for (uint32_t i = 0; i < g->literals.count; i++) {
        size_t start = tally ? grams_start(g, g->literals.at[i].text, tally) : 0;
        for (uint32_t at = (uint32_t)start; at < start + g->stride; at++) {
            uint32_t gram = gram_at(g->literals.at[i].text.at + at), h = gram_hash(g, gram);
            uint32_t next = g->bits[h / 64] >> (h % 64) & 1 ? g->heads[h] : NONE;
            *VEC_ADD(run, &g->grams) = (Gram){gram, i, at, next};
            g->heads[h] = (uint32_t)g->grams.count - 1;
            g->bits[h / 64] |= (uint64_t)1 << (h % 64);
        }
    }
    free(tally);
}

void prefilter_build(Prefilter *p, const RuleSet *set, Arena *run)
{
    p->rule_count = set->rule_count;
    p->groups = ARENA_NEW(run, Group, set->source_count + 1);
    for (size_t i = 0; i < set->rule_count; i++) {
        const Rule *rule = &set->rules[i];
        for (const LogSource *s = rule->kind == RULE_DETECTION ? rule->source : NULL; s; s = s->next) {
            rule_add(p, run, rule, s);
        }
    }
    for (size_t i = 0; i < p->group_count; i++) {
        if (p->groups[i].literals.count) {
            grams_build(&p->groups[i], run);
        }
    }
}

/* --- scanning --------------------------------------------------------------------------------------------------- */

void prefilter_scan_init(PrefilterScan *scan, const Prefilter *p, Arena *run)
{
    *scan = (PrefilterScan){0};
    scan->found = ARENA_NEW(run, Candidate, p->rule_count);
    scan->stamps = ARENA_NEW(run, uint32_t, p->rule_count);
}

static void candidate_add(PrefilterScan *scan, const Entry *e)
{
    uint32_t *stamp = &scan->stamps[e->candidate.rule->index];
    if (*stamp != scan->now) {
        *stamp = scan->now;
        scan->found[scan->count++] = e->candidate;
    }
}

static void group_find(const Prefilter *p, PrefilterScan *scan, Service kind, Str channel)
{
    if (scan->cached && scan->kind == (uint8_t)kind && str_eq(channel, (Str){scan->channel, scan->channel_len})) {
        return;
    }
    scan->own = scan->any = NULL;
    for (size_t i = 0; i < p->group_count; i++) {
        const Group *g = &p->groups[i];
        if (g->kind == kind && !g->channel.len) {
            scan->any = g;
        } else if (g->kind == kind && str_eq_nocase(g->channel, channel)) {
            scan->own = g;
        }
    }
    scan->cached = channel.len <= sizeof scan->channel;
    scan->kind = (uint8_t)kind;
    scan->channel_len = scan->cached ? channel.len : 0;
    if (scan->channel_len) {
        memcpy(scan->channel, channel.at, channel.len);
    }
}

static bool provider_holds(const Test *t, Str provider, Str alias)
{
    for (size_t v = 0; t && v < t->count; v++) {
        const Pattern *p = &t->values[v].patterns[0];
        if (pattern_text_holds(p, provider) || (alias.len && pattern_text_holds(p, alias))) {
            return true;
        }
    }
    return !t;
}

static void gram_found(const Group *g, PrefilterScan *scan, const Event *ev, Str text, size_t at, uint32_t gram,
                       uint32_t hash)
{
    for (uint32_t i = g->heads[hash]; i != NONE; i = g->grams.at[i].next) {
        const Gram *found = &g->grams.at[i];
        const Literal *literal = &g->literals.at[found->literal];
        const Entry *e = &g->entries.at[literal->entry];
        if (found->folded != gram || found->at > at || scan->stamps[e->candidate.rule->index] == scan->now) {
            continue;
        }
        Str there = str_slice(text, at - found->at, at - found->at + literal->text.len);
        if ((!e->id_count || has_id(e->ids, e->id_count, ev->id)) && str_eq_nocase(there, literal->text)) {
            candidate_add(scan, e);
        }
    }
}

static void text_search(const Group *g, PrefilterScan *scan, const Event *ev, Str text)
{
    for (size_t i = 0; text.len >= GRAM && i <= text.len - GRAM; i += g->stride) {
        uint32_t gram = gram_at(text.at + i), h = gram_hash(g, gram);
        if (g->bits[h / 64] >> (h % 64) & 1) {
            gram_found(g, scan, ev, text, i, gram, h);
        }
    }
}

/* The literal may be of a datum that the text does not tell: the identity is enough. */
static void text_only_scan(const Group *g, PrefilterScan *scan, const Event *ev)
{
    for (size_t i = 0; i < g->entries.count; i++) {
        const Entry *e = &g->entries.at[i];
        if (e->id_count && has_id(e->ids, e->id_count, ev->id) &&
            provider_holds(e->provider, ev->provider, ev->provider_alias)) {
            candidate_add(scan, e);
        }
    }
}

static void group_scan(const Group *g, PrefilterScan *scan, const Event *ev)
{
    const IdSlot *slot = slot_find(g, ev->id);
    bool used = slot && slot->used;
    for (uint32_t i = used ? slot->first : NONE; i != NONE; i = g->links.at[i].next) {
        const Entry *e = &g->entries.at[g->links.at[i].entry];
        if (provider_holds(e->provider, ev->provider, ev->provider_alias)) {
            candidate_add(scan, e);
        }
    }
    for (size_t i = 0; i < g->always.count; i++) {
        const Entry *e = &g->entries.at[g->always.at[i]];
        if (provider_holds(e->provider, ev->provider, ev->provider_alias)) {
            candidate_add(scan, e);
        }
    }
    if (ev->text_only && used && slot->searched) {
        text_only_scan(g, scan, ev);
    }
    if (g->literals.count && (g->search_any || (used && slot->searched))) {
        text_search(g, scan, ev, ev->message);
        for (size_t i = 0; i < ev->field_count; i++) {
            text_search(g, scan, ev, ev->fields[i].value);
        }
    }
}

void prefilter_scan(const Prefilter *p, PrefilterScan *scan, const Event *ev)
{
    scan->count = 0;
    if (++scan->now == 0) { /* the stamps of 2^32 events ago must not count */
        memset(scan->stamps, 0, p->rule_count * sizeof *scan->stamps);
        scan->now = 1;
    }
    group_find(p, scan, ev->service, ev->service == SERVICE_EVENT_LOG ? ev->channel : (Str){0});
    if (scan->own) {
        group_scan(scan->own, scan, ev);
    }
    if (scan->any) {
        group_scan(scan->any, scan, ev);
    }
}

static bool group_wants(const Group *g, Str provider, Str alias, uint32_t id)
{
    const IdSlot *slot = g ? slot_find(g, id) : NULL;
    bool used = slot && slot->used;
    if (!g || g->search_any || (used && slot->searched)) {
        return g != NULL;
    }
    for (uint32_t i = used ? slot->first : NONE; i != NONE; i = g->links.at[i].next) {
        if (provider_holds(g->entries.at[g->links.at[i].entry].provider, provider, alias)) {
            return true;
        }
    }
    for (size_t i = 0; i < g->always.count; i++) {
        if (provider_holds(g->entries.at[g->always.at[i]].provider, provider, alias)) {
            return true;
        }
    }
    return false;
}

bool prefilter_wants(const Prefilter *p, PrefilterScan *scan, Str provider, Str provider_alias, uint32_t id,
                     Str channel)
{
    group_find(p, scan, SERVICE_EVENT_LOG, channel);
    return group_wants(scan->own, provider, provider_alias, id) || group_wants(scan->any, provider, provider_alias, id);
}
