/* Rules are indexed by what their detection cannot do without: event ids, and of those events one of some literals, or
 * one of some whole values of fields. Literals are found by grams of four bytes: every `stride` bytes one load, one
 * hash and one bit decide for all rules at once, and only where the bit is set are literals compared. Unlike an
 * automaton this stays in the first-level cache with thousands of literals, and reads a quarter of the positions when
 * all literals have seven bytes or more. Whole values are looked up in one table, a field once for all rules. */
#include "prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"

#define GRAM         4
#define STRIDE_MAX   4
#define LITERAL_MAX  32
#define LITERALS_MAX 512
#define NONE         UINT32_MAX

typedef struct Entry {
    Candidate candidate;
    uint32_t number;      /* among all entries of the prefilter */
    const Test *provider; /* what the detection demands of the provider, or NULL */
    const uint32_t *ids;  /* only these; none: any */
    size_t id_count;
    bool keyed; /* some of its needs are values of fields */
} Entry;

typedef struct IdSlot {
    uint32_t id, number; /* among all slots of the prefilter */
    bool used, searched; /* searched: some literals count for this id */
    uint32_t direct;     /* chains of IdLink: entries that nothing but the id names … */
    uint32_t indexed;    /* … and those that a literal or a value names, too */
    uint32_t key_fields; /* chain of KeyField */
    uint32_t asked;      /* how many of the indexed ones a cause asks for */
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

typedef struct KeyField { /* its values are looked up */
    Str name;
    uint32_t next;
} KeyField;

typedef struct Key { /* an event of that id with that value of that field */
    uint32_t hash, entry, next;
} Key;

typedef struct Group { /* of one kind of source, and of event logs one channel */
    Service kind;
    Str channel;
    VEC(Entry) entries;
    VEC(uint32_t) always;
    VEC(IdLink) links;
    VEC(Literal) literals;
    VEC(Gram) grams;
    VEC(KeyField) key_fields;
    VEC(Key) keys;
    uint32_t *key_heads;
    size_t key_room;
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

typedef struct Need {
    Str field; /* a value of this field is `text`; empty: `text` stands somewhere in the event */
    Str text;
} Need;

typedef struct Needs { /* one of the list */
    bool known;
    size_t shortest;
    VEC(Need) list;
} Needs;

typedef struct Seeker { /* what the needs of a detection are told for */
    Arena *a;
    const LogSource *source;
    bool keys; /* values of fields do, too: the ids are known */
} Seeker;

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

static Needs needs_either(const Seeker *s, Needs x, Needs y)
{
    for (size_t i = 0; x.known && y.known && i < y.list.count; i++) {
        *VEC_ADD(s->a, &x.list) = y.list.at[i];
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

static Needs one_need(const Seeker *s, Str field, Str text, bool known)
{
    /* In text logs a line that has the words and another value is the near miss: words come first. */
    bool last = field.len && s->source->kind != SERVICE_EVENT_LOG;
    Needs n = {.known = known, .shortest = last ? 0 : text.len};
    *VEC_ADD(s->a, &n.list) = (Need){field, text};
    return n;
}

static Needs literal_need(const Seeker *s, const Pattern *p)
{
    Str best = {0};
    if (p->kind == PATTERN_TEXT) {
        best = longest_run(p->text, best, false);
    }
    for (size_t i = 0; i < p->piece_count; i++) {
        best = longest_run(p->pieces[i].text, best, p->kind == PATTERN_REGEX);
    }
    best = str_slice(best, 0, LITERAL_MAX);
    return one_need(s, (Str){0}, best, best.len >= GRAM);
}

static bool is_ascii(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* Empty: the field's values are not looked up (`Data4` is the fourth datum without a name). */
static Str key_field(const Seeker *s, const Test *t)
{
    Str name = t->name;
    for (size_t i = 0; s->keys && i < s->source->renamed_count; i++) {
        name = str_eq_nocase(s->source->renamed[i].sigma, name) ? s->source->renamed[i].own : name;
    }
    return s->keys && t->field == FIELD_NAMED && !str_starts_nocase(name, STR("Data")) ? name : (Str){0};
}

static Needs pattern_needs(const Seeker *s, const Test *t, const Pattern *p)
{
    bool whole = p->kind == PATTERN_NUMBER || (p->kind == PATTERN_TEXT && p->place == PLACE_WHOLE);
    Str field = whole && p->text.len && is_ascii(p->text) ? key_field(s, t) : (Str){0};
    return field.len ? one_need(s, field, p->text, true) : literal_need(s, p);
}

static Needs test_needs(const Seeker *s, const Test *t)
{
    Needs all = {0};
    bool text = t->field == FIELD_NAMED || t->field == FIELD_ANY || t->field == FIELD_MESSAGE || t->field == FIELD_DATA;
    for (size_t v = 0; v < t->count && text && !t->negated; v++) {
        Needs value = {0};
        for (size_t p = 0; p < t->values[v].count; p++) {
            Needs next = pattern_needs(s, t, &t->values[v].patterns[p]);
            value = p == 0 ? next : needs_either(s, value, next);
        }
        all = v == 0 ? value : t->all ? needs_both(all, value) : needs_either(s, all, value);
    }
    return all;
}

bool prefilter_finds(const Test *test)
{
    Arena a = {0};
    bool known = test_ids(&a, test).known || test_needs(&(Seeker){.a = &a}, test).known;
    arena_free(&a);
    return known;
}

static Needs selection_needs(const Seeker *k, const Selection *s)
{
    Needs needs = {0};
    for (size_t i = 0; s->kind != SELECT_TEST && i < s->count; i++) {
        Needs next = selection_needs(k, s->items[i]);
        needs = i == 0 ? next : s->kind == SELECT_ALL ? needs_both(needs, next) : needs_either(k, needs, next);
    }
    return s->kind == SELECT_TEST ? test_needs(k, s->test) : needs;
}

static Needs expression_needs(const Seeker *s, const Detection *d, const Expression *e)
{
    switch (e->kind) {
    case EXPR_LEAF: return selection_needs(s, d->selections[e->leaf]);
    case EXPR_AND: return needs_both(expression_needs(s, d, e->left), expression_needs(s, d, e->right));
    case EXPR_OR: return needs_either(s, expression_needs(s, d, e->left), expression_needs(s, d, e->right));
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
        *slot = (IdSlot){.id = id, .used = true, .direct = NONE, .indexed = NONE, .key_fields = NONE};
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
    return kind >= SERVICE_EPISODE;
}

static void link_add(Group *g, Arena *run, uint32_t *chain, uint32_t entry)
{
    *VEC_ADD(run, &g->links) = (IdLink){entry, *chain};
    *chain = (uint32_t)g->links.count - 1;
}

/* Equal texts and equal numbers have one hash; so may others. */
static uint32_t key_hash(uint32_t id, Str field, Str value)
{
    uint32_t h = (2166136261u ^ id) * 16777619u;
    for (size_t i = 0; i < field.len; i++) {
        h = (h ^ byte_lower(field.at[i])) * 16777619u;
    }
    long double number;
    if (number_parse(value, &number)) {
        return (h ^ (uint32_t)(int64_t)(number > -9e18L && number < 9e18L ? number : 0)) * 16777619u;
    }
    for (size_t i = 0; i < value.len; i++) {
        h = (h ^ byte_lower(value.at[i])) * 16777619u;
    }
    return h;
}

static void key_add(Group *g, Arena *run, IdSlot *slot, const Need *need, uint32_t entry)
{
    uint32_t at = slot->key_fields;
    while (at != NONE && !str_eq_nocase(g->key_fields.at[at].name, need->field)) {
        at = g->key_fields.at[at].next;
    }
    if (at == NONE) {
        *VEC_ADD(run, &g->key_fields) = (KeyField){need->field, slot->key_fields};
        slot->key_fields = (uint32_t)g->key_fields.count - 1;
    }
    *VEC_ADD(run, &g->keys) = (Key){key_hash(slot->id, need->field, need->text), entry, NONE};
}

static void entry_searched(Group *g, Arena *run, uint32_t entry, const Needs *needs)
{
    for (size_t i = 0; i < needs->list.count; i++) {
        const Need *need = &needs->list.at[i];
        if (!need->field.len) {
            *VEC_ADD(run, &g->literals) = (Literal){need->text, entry};
            g->search_any = g->search_any || !g->entries.at[entry].id_count;
        }
        g->entries.at[entry].keyed |= need->field.len > 0;
    }
}

static void entry_indexed(Group *g, Arena *run, IdSlot *slot, uint32_t entry, const Needs *needs)
{
    link_add(g, run, &slot->indexed, entry);
    slot->asked += g->entries.at[entry].candidate.rule->asked;
    for (size_t i = 0; i < needs->list.count; i++) {
        if (needs->list.at[i].field.len) {
            key_add(g, run, slot, &needs->list.at[i], entry);
        }
        slot->searched |= !needs->list.at[i].field.len;
    }
}

/* The ids of the events that a rule can hold of; *known: there are no others. */
static Ids rule_ids(Arena *run, const Detection *d, const LogSource *source)
{
    Ids all = source->kind == SERVICE_EVENT_LOG ? expression_ids(run, d, d->condition) : (Ids){0}, ids = {0};
    if (source->kind != SERVICE_EVENT_LOG && !may_lack(source->kind)) {
        *VEC_ADD(run, &all.list) = 0; /* what has no ids */
        all.known = true;
    }
    for (size_t i = 0; !all.known && i < source->event_id_count; i++) {
        *VEC_ADD(run, &ids.list) = source->event_ids[i];
    }
    for (size_t i = 0; all.known && i < all.list.count; i++) {
        bool of_source = !source->event_id_count || has_id(source->event_ids, source->event_id_count, all.list.at[i]);
        if (of_source && !has_id(ids.list.at, ids.list.count, all.list.at[i])) {
            *VEC_ADD(run, &ids.list) = all.list.at[i];
        }
    }
    ids.known = all.known || source->event_id_count;
    return ids;
}

static void rule_add(Prefilter *p, Arena *run, const Rule *rule, const LogSource *source)
{
    const Detection *d = rule->detection;
    Group *g = group_of(p, source->kind, source->channel);
    Ids ids = rule_ids(run, d, source);
    Seeker seeker = {run, source, ids.known};
    Needs needs = may_lack(source->kind) ? (Needs){0} : expression_needs(&seeker, d, d->condition);
    Entry *e = VEC_ADD(run, &g->entries);
    uint32_t index = (uint32_t)g->entries.count - 1;
    *e = (Entry){.candidate = {rule, source}, .ids = ids.list.at, .id_count = ids.list.count};
    e->number = p->entry_count++;
    e->provider = source->kind == SERVICE_EVENT_LOG ? expression_provider(d, d->condition) : NULL;
    if (needs.known) {
        entry_searched(g, run, index, &needs);
    } else if (!ids.known) {
        *VEC_ADD(run, &g->always) = index;
    }
    for (size_t i = 0; i < ids.list.count; i++) {
        IdSlot *slot = slot_add(g, run, ids.list.at[i]);
        if (needs.known) {
            entry_indexed(g, run, slot, index, &needs);
        } else {
            link_add(g, run, &slot->direct, index);
        }
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

static void keys_build(Group *g, Arena *run)
{
    for (g->key_room = 16; g->key_room < 2 * g->keys.count; g->key_room *= 2) {
    }
    g->key_heads = ARENA_NEW(run, uint32_t, g->key_room);
    memset(g->key_heads, 0xFF, g->key_room * sizeof *g->key_heads);
    for (uint32_t i = 0; i < g->keys.count; i++) {
        uint32_t *head = &g->key_heads[g->keys.at[i].hash & (g->key_room - 1)];
        g->keys.at[i].next = *head;
        *head = i;
    }
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
        Group *g = &p->groups[i];
        if (g->literals.count) {
            grams_build(g, run);
        }
        keys_build(g, run);
        for (size_t n = 0; n < g->slot_room; n++) {
            g->slots[n].number = (uint32_t)p->slot_count++;
        }
    }
}

/* --- scanning --------------------------------------------------------------------------------------------------- */

void prefilter_scan_init(PrefilterScan *scan, const Prefilter *p, Arena *run)
{
    *scan = (PrefilterScan){0};
    scan->found = ARENA_NEW(run, Candidate, p->rule_count);
    scan->stamps = ARENA_NEW(run, uint32_t, p->rule_count);
    scan->tried = ARENA_NEW(run, uint8_t, p->entry_count);
    scan->sated = ARENA_NEW(run, uint32_t, p->slot_count);
}

void prefilter_scan_source(PrefilterScan *scan, const Prefilter *p)
{
    memset(scan->tried, 0, p->entry_count * sizeof *scan->tried);
    memset(scan->sated, 0, p->slot_count * sizeof *scan->sated);
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

static void chain_scan(const Group *g, PrefilterScan *scan, const Event *ev, uint32_t chain)
{
    for (uint32_t i = chain; i != NONE; i = g->links.at[i].next) {
        const Entry *e = &g->entries.at[g->links.at[i].entry];
        if (provider_holds(e->provider, ev->provider, ev->provider_alias)) {
            candidate_add(scan, e);
        }
    }
}

/* An event of the right id that lacks the literal or the value is a near miss. The first ones of a source are enough.
 */
static void near_scan(const Group *g, PrefilterScan *scan, const Event *ev, const IdSlot *slot)
{
    for (uint32_t i = slot->indexed; i != NONE; i = g->links.at[i].next) {
        const Entry *e = &g->entries.at[g->links.at[i].entry];
        uint8_t *tried = &scan->tried[e->number];
        if (e->candidate.rule->asked && *tried < LIMIT_NEAR_TRIED &&
            provider_holds(e->provider, ev->provider, ev->provider_alias)) {
            candidate_add(scan, e);
            scan->sated[slot->number] += ++*tried == LIMIT_NEAR_TRIED;
        }
    }
}

/* Letters outside ASCII may be others of ASCII in another case: then any value is tried. */
static void value_look_up(const Group *g, PrefilterScan *scan, const Event *ev, Str field, Str value)
{
    bool ascii = is_ascii(value);
    uint32_t hash = key_hash(ev->id, field, value);
    for (uint32_t i = ascii ? g->key_heads[hash & (g->key_room - 1)] : NONE; i != NONE; i = g->keys.at[i].next) {
        if (g->keys.at[i].hash == hash) {
            candidate_add(scan, &g->entries.at[g->keys.at[i].entry]);
        }
    }
    for (size_t i = 0; !ascii && i < g->entries.count; i++) {
        const Entry *e = &g->entries.at[i];
        if (e->keyed && has_id(e->ids, e->id_count, ev->id)) {
            candidate_add(scan, e);
        }
    }
}

static void keys_scan(const Group *g, PrefilterScan *scan, const Event *ev, const IdSlot *slot)
{
    for (uint32_t i = slot->key_fields; i != NONE; i = g->key_fields.at[i].next) {
        Str name = g->key_fields.at[i].name;
        for (size_t n = 0; n < ev->field_count; n++) {
            if (str_eq_nocase(ev->fields[n].name, name)) {
                value_look_up(g, scan, ev, name, ev->fields[n].value);
            }
        }
    }
}

static void slot_scan(const Group *g, PrefilterScan *scan, const Event *ev, const IdSlot *slot)
{
    chain_scan(g, scan, ev, slot->direct);
    if (ev->text_only) { /* the literal may be of a datum that the text does not tell: the identity is enough */
        chain_scan(g, scan, ev, slot->indexed);
    } else if (ev->service == SERVICE_EVENT_LOG && scan->sated[slot->number] < slot->asked) {
        near_scan(g, scan, ev, slot);
    }
    keys_scan(g, scan, ev, slot);
}

static void group_scan(const Group *g, PrefilterScan *scan, const Event *ev)
{
    const IdSlot *slot = slot_find(g, ev->id);
    bool used = slot && slot->used;
    if (used) {
        slot_scan(g, scan, ev, slot);
    }
    for (size_t i = 0; i < g->always.count; i++) {
        const Entry *e = &g->entries.at[g->always.at[i]];
        if (provider_holds(e->provider, ev->provider, ev->provider_alias)) {
            candidate_add(scan, e);
        }
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

static bool chain_wants(const Group *g, uint32_t chain, Str provider, Str alias)
{
    for (uint32_t i = chain; i != NONE; i = g->links.at[i].next) {
        if (provider_holds(g->entries.at[g->links.at[i].entry].provider, provider, alias)) {
            return true;
        }
    }
    return false;
}

static bool group_wants(const Group *g, Str provider, Str alias, uint32_t id)
{
    const IdSlot *slot = g ? slot_find(g, id) : NULL;
    if (!g || g->search_any) {
        return g != NULL;
    }
    if (slot && slot->used &&
        (chain_wants(g, slot->direct, provider, alias) || chain_wants(g, slot->indexed, provider, alias))) {
        return true;
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
