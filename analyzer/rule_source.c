/* Log sources: the words of a rule's `logsource`, and what they stand for. Data: signatures/logsources.yml. */
#include "rule_load.h"

/* --- logsources.yml --------------------------------------------------------------------------------------------- */

static bool service_find(Str name, Service *kind)
{
    for (Service s = SERVICE_OTHER; s < SERVICE_COUNT; s++) {
        if (str_eq(name, str_of(service_name(s)))) {
            *kind = s;
            return true;
        }
    }
    return false;
}

static void ids_load(Loader *l, const Node *n, LogSource *s)
{
    size_t count = n->kind == NODE_LIST ? n->count : 0;
    uint32_t *ids = ARENA_NEW(l->run, uint32_t, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t id;
        if (!str_u64(n->items[i]->text, 10, &id) || id > UINT32_MAX) {
            COMPLAIN(l, n->items[i], STR("an event id is a number"));
            return;
        }
        ids[s->event_id_count++] = (uint32_t)id;
    }
    s->event_ids = ids;
    if (!count) {
        COMPLAIN(l, n, STR("'event_ids' must be a list of numbers"));
    }
}

static void renamed_load(Loader *l, const Node *n, LogSource *s)
{
    struct Renamed *list = ARENA_NEW(l->run, struct Renamed, n->count);
    if (n->kind != NODE_MAP) {
        COMPLAIN(l, n, STR("'fields' must be a map of Sigma's names to this source's"));
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        list[i] = (struct Renamed){map_key(n, i)->text, node_text(l, map_value(n, i), "fields")};
    }
    s->renamed = list;
    s->renamed_count = n->count;
}

static void source_load(Loader *l, const Node *n, LogSource *s)
{
    const Str keys[] = {STR("product"), STR("service"),   STR("category"), STR("kind"),     STR("channel"),
                        STR("title"),   STR("event_ids"), STR("collect"),  STR("identity"), STR("fields")};
    if (!map_check(l, n, "sources", keys, sizeof keys / sizeof *keys)) {
        return;
    }
    const Node *ids = map_get(n, "event_ids"), *fields = map_get(n, "fields"), *kind = map_get(n, "kind");
    s->product = map_text(l, n, "product", false);
    s->service = map_text(l, n, "service", false);
    s->category = map_text(l, n, "category", false);
    s->channel = map_text(l, n, "channel", false);
    s->title = map_text(l, n, "title", true);
    s->collect = map_texts(l, n, "collect", &s->collect_count);
    s->identity = map_texts(l, n, "identity", &s->identity_count);
    if (!service_find(map_text(l, n, "kind", true), &s->kind) && kind) {
        COMPLAIN(l, kind, STR("unknown kind of source; the design names them (eventlog, waappagent, episode …)"));
    }
    if (ids) {
        ids_load(l, ids, s);
    }
    if (fields) {
        renamed_load(l, fields, s);
    }
}

static bool same_words(const LogSource *a, const LogSource *b)
{
    return str_eq(a->product, b->product) && str_eq(a->service, b->service) && str_eq(a->category, b->category);
}

void logsources_load(Loader *l, RuleSet *set, const Node *doc)
{
    const Str keys[] = {STR("sources")};
    const Node *list = map_get(doc, "sources");
    if (!map_check(l, doc, "logsources.yml", keys, 1) || !list || list->kind != NODE_LIST) {
        COMPLAIN(l, doc, STR("'sources' must be a list of log sources"));
        return;
    }
    LogSource *sources = ARENA_NEW(l->run, LogSource, list->count);
    for (size_t i = 0; i < list->count; i++) {
        source_load(l, list->items[i], &sources[i]);
        for (size_t k = i; k-- > 0;) {
            if (same_words(&sources[k], &sources[i])) {
                sources[k].next = &sources[i];
                break;
            }
        }
    }
    set->sources = sources;
    set->source_count = list->count;
}

/* --- of a rule -------------------------------------------------------------------------------------------------- */

static const LogSource *first(const RuleSet *set, Str product, Str service, Str category)
{
    for (size_t i = 0; i < set->source_count; i++) {
        const LogSource *s = &set->sources[i];
        if ((!product.len || str_eq_nocase(s->product, product)) && str_eq_nocase(s->service, service) &&
            str_eq_nocase(s->category, category)) {
            return s;
        }
    }
    return NULL;
}

/* A category within a service: those of its sources that are of the service's channel. */
static const LogSource *within(Loader *l, const LogSource *category, const LogSource *service)
{
    const LogSource *chain = NULL;
    for (; category; category = category->next) {
        for (const LogSource *s = service; s; s = s->next) {
            if (s->kind == category->kind && str_eq_nocase(s->channel, category->channel)) {
                LogSource *copy = ARENA_NEW(l->run, LogSource, 1);
                *copy = *category;
                copy->next = chain;
                chain = copy;
                break;
            }
        }
    }
    return chain;
}

static void complain_word(Loader *l, const RuleSet *set, const Node *at, const char *what, Str word, size_t member)
{
    VEC(Str) known = {0};
    for (size_t i = 0; i < set->source_count; i++) {
        const LogSource *s = &set->sources[i];
        Str name = member == 0 ? s->product : member == 1 ? s->service : s->category;
        bool seen = !name.len;
        for (size_t k = 0; k < known.count && !seen; k++) {
            seen = str_eq(known.at[k], name);
        }
        if (!seen) {
            *VEC_ADD(l->run, &known) = name;
        }
    }
    if (nearest_word(word, known.at, known.count).len || known.count <= 40) {
        complain_unknown(l, at, what, word, known.at, known.count);
    } else {
        COMPLAIN(l, at, STR("unknown "), str_of(what), STR(" '"), word,
                 STR("'; signatures/logsources.yml names all there are"));
    }
}

static bool word_known(const RuleSet *set, Str word, size_t member)
{
    for (size_t i = 0; i < set->source_count; i++) {
        const LogSource *s = &set->sources[i];
        if (str_eq_nocase(member == 0 ? s->product : member == 1 ? s->service : s->category, word)) {
            return true;
        }
    }
    return false;
}

const LogSource *logsource_find(Loader *l, const RuleSet *set, const Node *n)
{
    const Str keys[] = {STR("product"), STR("service"), STR("category"), STR("definition")};
    if (!map_check(l, n, "logsource", keys, sizeof keys / sizeof *keys)) {
        return NULL;
    }
    Str words[3];
    size_t before = l->error_count;
    for (size_t i = 0; i < 3; i++) {
        const char *key = i == 0 ? "product" : i == 1 ? "service" : "category";
        words[i] = map_text(l, n, key, false);
        if (words[i].len && !word_known(set, words[i], i)) {
            complain_word(l, set, map_get(n, key), key, words[i], i);
        }
    }
    if (l->error_count != before) {
        return NULL;
    }
    const LogSource *s = first(set, words[0], words[1], words[2]);
    if (!s && words[1].len && words[2].len) {
        s = within(l, first(set, words[0], (Str){0}, words[2]), first(set, words[0], words[1], (Str){0}));
    }
    if (!s || !(words[0].len + words[1].len + words[2].len)) {
        COMPLAIN(l, n,
                 STR("no log source is named by these words together; signatures/logsources.yml names all there are"));
        return NULL;
    }
    return s;
}
