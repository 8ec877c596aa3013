/* Advice on detection rules and correlations. */
#include "limits.h"
#include "lint_advice.h"
#include "prefilter.h"

#define SHORT_WORD 3

/* --- what a detection demands ----------------------------------------------------------------------------------- */

typedef bool TestAsk(const Test *t);

static bool selection_demands(const Selection *s, TestAsk *ask)
{
    if (s->kind == SELECT_TEST) {
        return ask(s->test);
    }
    for (size_t i = 0; i < s->count; i++) {
        if (selection_demands(s->items[i], ask) != (s->kind == SELECT_ANY)) {
            return s->kind == SELECT_ALL;
        }
    }
    return s->kind == SELECT_ANY;
}

/* True if nothing fulfils the condition without passing a test of that kind. */
static bool demands(const Detection *d, const Expression *e, TestAsk *ask)
{
    switch (e->kind) {
    case EXPR_LEAF: return selection_demands(d->selections[e->leaf], ask);
    case EXPR_AND: return demands(d, e->left, ask) || demands(d, e->right, ask);
    case EXPR_OR: return demands(d, e->left, ask) && demands(d, e->right, ask);
    default: return false;
    }
}

static bool finds_quickly(const Test *t)
{
    bool head = t->field == FIELD_PROVIDER || t->field == FIELD_LEVEL || t->field == FIELD_EVENT_ID;
    return prefilter_finds(t) || (head && !t->negated);
}

static bool is_event_id(const Test *t)
{
    return t->field == FIELD_EVENT_ID && !t->negated;
}

/* Words of a sentence: small letters only, beside other words. Names of products and files are no such words. */
static bool is_sentence(Str text)
{
    size_t words = 0;
    bool small = false;
    for (Str word; str_split(&text, ' ', &word); words += word.len > 0) {
        bool all = word.len >= 3;
        for (size_t i = 0; i < word.len && all; i++) {
            all = (word.at[i] >= 'a' && word.at[i] <= 'z') || (i + 1 == word.len && word.at[i] == ',');
        }
        small = small || all;
    }
    return small && words > 1;
}

static bool is_words(const Test *t)
{
    bool text = t->field == FIELD_MESSAGE || t->field == FIELD_ANY || t->field == FIELD_DATA;
    size_t sentences = 0;
    for (size_t i = 0; i < t->count && text && !t->negated; i++) {
        sentences += is_sentence(t->values[i].at->text);
    }
    return t->all ? sentences > 0 : sentences > 0 && sentences == t->count;
}

static bool is_localised_log(const Rule *rule)
{
    for (const LogSource *s = rule->source; s; s = s->next) {
        if (s->kind != SERVICE_EVENT_LOG || str_has_nocase(s->channel, STR("Azure"))) {
            return false;
        }
    }
    return rule->source != NULL;
}

static bool needs_event_id(const Rule *rule)
{
    return rule->detection && demands(rule->detection, rule->detection->condition, is_event_id);
}

bool lint_needs_words(const Rule *rule)
{
    return rule->detection && is_localised_log(rule) && demands(rule->detection, rule->detection->condition, is_words);
}

/* --- where its events are --------------------------------------------------------------------------------------- */

static const Node *condition_at(const Rule *rule)
{
    return map_get(map_get(rule->doc, "detection"), "condition");
}

/* Of states and episodes there are few; a category knows the ids of its events. */
static bool is_searched(const Rule *rule)
{
    for (const LogSource *s = rule->source; s; s = s->next) {
        if (s->kind < SERVICE_EPISODE && !s->event_id_count) {
            return true;
        }
    }
    return false;
}

static void advise_literal(Lint *l, const Rule *rule)
{
    if (is_searched(rule) && !demands(rule->detection, rule->detection->condition, finds_quickly)) {
        bool log = rule->source->kind == SERVICE_EVENT_LOG;
        ADVISE(
            l, condition_at(rule), "no-literal", STR("the rule is tried on every event of "), rule->source->title,
            log ? STR("; name the EventID, or a text of four letters or more, in each alternative")
                : STR("; name a text of four letters or more that its lines cannot do without, in each alternative"));
    }
}

/* `product: windows` alone. */
static void advise_any_log(Lint *l, const Rule *rule)
{
    for (const LogSource *s = rule->source; s; s = s->next) {
        if (s->kind == SERVICE_EVENT_LOG && !s->channel.len) {
            ADVISE(l, map_get(rule->doc, "logsource"), "any-log",
                   STR("the rule is tried on every event log, and never false, for nobody knows whether all logs are "
                       "in the bundle; name the log, as 'service: system'"));
        }
    }
}

static void advise_words(Lint *l, const Rule *rule)
{
    /* Where a cause asks for it, what is not found matters, and the cause is told (lint_cause.c). */
    if (!rule->asked && !rule->is_part && lint_needs_words(rule) && !needs_event_id(rule)) {
        ADVISE(l, condition_at(rule), "localised-text",
               STR("the rule rests on words that Windows writes in the language of the machine; name EventID and "
                   "Provider_Name, and of the words only what no language changes (codes, file names, ids)"));
    }
}

/* --- values of the registry ------------------------------------------------------------------------------------- */

/* How many values of TargetObject the author wrote. */
static size_t targets_named(const Selection *s)
{
    size_t count = s->kind == SELECT_TEST && str_eq_nocase(s->test->name, STR("TargetObject")) ? s->test->count : 0;
    for (size_t i = 0; s->kind != SELECT_TEST && i < s->count; i++) {
        count += targets_named(s->items[i]);
    }
    return count;
}

static size_t values_asked(const RegistrySet *asked)
{
    size_t count = 0;
    for (size_t i = 0; i < REGISTRY_VALUES; i++) {
        count += registry_set_has(asked, i);
    }
    return count;
}

static void advise_registry(Lint *l, const Rule *rule)
{
    if (rule->source->kind != SERVICE_REGISTRY_STATE) {
        return;
    }
    RegistrySet asked = match_registry_asked(l->matcher, rule);
    size_t count = values_asked(&asked), named = 0;
    for (size_t i = 0; i < rule->detection->count; i++) {
        named += targets_named(rule->detection->selections[i]);
    }
    const Node *at = condition_at(rule);
    if (!count) {
        ADVISE(l, at, "registry-unread",
               STR("the rule asks for no value of the registry that is read; the table in analyzer/registry_key.c has "
                   "those that are, with their whole keys"));
    } else if (count > named) {
        ADVISE(l, at, "registry-target", STR("the rule may hold of "), arena_format(l->run, "%zu", count),
               STR(" values of the registry, so it is false only where all of them were read; name TargetObject whole, "
                   "as HKLM\\SYSTEM\\CurrentControlSet\\Services\\msiserver\\Start"));
    }
}

/* --- fields ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *field, *words;
} episode_words[] = {
    {"Kind", "backup|install|enable|boot|shutdown"},
    {"Outcome", "success|failure"},
    {"PreviousOutcome", "success|failure"},
};

static bool among(const char *list, Str word)
{
    Str rest = str_of(list), item;
    while (str_split(&rest, '|', &item)) {
        if (str_eq_nocase(item, word)) {
            return true;
        }
    }
    return false;
}

static Str words_of(Lint *l, const char *list)
{
    VEC(Str) parts = {0};
    Str rest = str_of(list), item;
    while (str_split(&rest, '|', &item)) {
        if (parts.count) {
            *VEC_ADD(l->run, &parts) = STR(", ");
        }
        *VEC_ADD(l->run, &parts) = item;
    }
    return arena_join(l->run, parts.at, parts.count);
}

static void advise_episode_words(Lint *l, const Rule *rule, const Test *t)
{
    for (size_t i = 0; rule->source->kind == SERVICE_EPISODE && i < sizeof episode_words / sizeof *episode_words; i++) {
        for (size_t v = 0; str_eq_nocase(t->name, str_of(episode_words[i].field)) && v < t->count; v++) {
            const Pattern *p = &t->values[v].patterns[0];
            bool whole = p->kind == PATTERN_NUMBER || (p->kind == PATTERN_TEXT && p->place == PLACE_WHOLE);
            if (whole && !among(episode_words[i].words, p->text)) {
                ADVISE(l, t->values[v].at, "never-true", STR("no episode has '"), t->values[v].at->text,
                       STR("' here; it is one of "), words_of(l, episode_words[i].words));
            }
        }
    }
}

/* --- words that are too short ----------------------------------------------------------------------------------- */

static bool word_byte(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_';
}

static bool is_short_word(const Pattern *p)
{
    bool word = p->kind == PATTERN_TEXT && p->place == PLACE_ANYWHERE && p->text.len && p->text.len <= SHORT_WORD;
    return word && word_byte(p->text.at[0]) && word_byte(p->text.at[p->text.len - 1]);
}

static void advise_short(Lint *l, const Test *t)
{
    size_t tiny = 0;
    for (size_t v = 0; v < t->count; v++) {
        tiny += is_short_word(&t->values[v].patterns[0]);
    }
    for (size_t v = 0; v < t->count && !(t->all && tiny < t->count); v++) {
        if (is_short_word(&t->values[v].patterns[0])) {
            ADVISE(l, t->values[v].at, "short-word", STR("'"), t->values[v].at->text,
                   STR("' stands inside many other words; write the whole value, or what stands around it"));
        }
    }
}

/* --- selections that cannot hold -------------------------------------------------------------------------------- */

typedef struct Tests {
    VEC(const Test *) list;
} Tests;

static void selection_tests(Lint *l, const Selection *s, Tests *to)
{
    if (s->kind == SELECT_TEST) {
        *VEC_ADD(l->run, &to->list) = s->test;
    }
    for (size_t i = 0; (s->kind == SELECT_ALL || s->count == 1) && i < s->count; i++) {
        selection_tests(l, s->items[i], to);
    }
}

/* What must hold all at once. */
static void conjunct_tests(Lint *l, const Detection *d, const Expression *e, Tests *to)
{
    if (e->kind == EXPR_LEAF) {
        selection_tests(l, d->selections[e->leaf], to);
    } else if (e->kind == EXPR_AND) {
        conjunct_tests(l, d, e->left, to);
        conjunct_tests(l, d, e->right, to);
    }
}

/* Events have one value of it at most. */
static bool is_single(const Test *t)
{
    bool datum = str_starts_nocase(t->name, STR("Data"));
    return (t->field == FIELD_NAMED && !datum) || t->field == FIELD_EVENT_ID || t->field == FIELD_CHANNEL ||
           t->field == FIELD_COMPUTER || t->field == FIELD_MESSAGE;
}

static bool is_whole(const Value *v)
{
    const Pattern *p = &v->patterns[0];
    return v->count == 1 && (p->kind == PATTERN_NUMBER || (p->kind == PATTERN_TEXT && p->place == PLACE_WHOLE));
}

static bool all_whole(const Test *t)
{
    bool whole = !t->negated && is_single(t);
    for (size_t i = 0; i < t->count && whole; i++) {
        whole = is_whole(&t->values[i]);
    }
    return whole;
}

/* May the value hold of something that is exactly that text? */
static bool may_be(const Value *v, const Pattern *exactly)
{
    for (size_t i = 0; i < v->count; i++) {
        const Pattern *p = &v->patterns[i];
        bool numbers = p->kind == PATTERN_NUMBER && exactly->kind == PATTERN_NUMBER;
        bool text = p->kind == PATTERN_TEXT || p->kind == PATTERN_GLOB;
        bool sure_case = !p->cased || exactly->cased;
        if (numbers                   ? p->number == exactly->number
            : p->kind == PATTERN_NULL ? false
            : text && sure_case       ? pattern_text_holds(p, exactly->text)
                                      : true) {
            return true;
        }
    }
    return false;
}

/* Is there a value that passes both? `a` has whole values only. */
static bool compatible(const Test *a, const Test *b)
{
    for (size_t i = 0; i < a->count; i++) {
        size_t fits = 0;
        for (size_t k = 0; k < b->count; k++) {
            fits += may_be(&b->values[k], &a->values[i].patterns[0]);
        }
        if (b->all ? fits == b->count : fits > 0) {
            return true;
        }
    }
    return false;
}

static void advise_pair(Lint *l, const Test *a, const Test *b)
{
    bool same = a->field == b->field && str_eq_nocase(a->name, b->name);
    if (same && !b->negated && all_whole(a) && !a->all && !compatible(a, b)) {
        ADVISE(l, b->at, "never-true", STR("'"), b->name, STR("' is to be something else in line "),
               arena_format(l->run, "%u", (unsigned)a->at->line),
               STR(" at the same time, so this never holds; join the two by 'or'"));
    }
}

static void advise_alone(Lint *l, const Test *t)
{
    if (t->all && all_whole(t) && !compatible(&(Test){.values = t->values, .count = 1}, t)) {
        ADVISE(l, t->at, "never-true", STR("'"), t->name,
               STR("' cannot be several values at once; leave '|all' out, or write '|contains|all'"));
    }
}

static bool source_may(const LogSource *s, FieldKind field, const Pattern *p)
{
    uint64_t id;
    if (field == FIELD_CHANNEL) {
        return !s->channel.len || str_eq_nocase(s->channel, p->text);
    }
    bool number = str_u64(p->text, 10, &id);
    bool listed = !s->event_id_count;
    for (size_t i = 0; i < s->event_id_count; i++) {
        listed = listed || s->event_ids[i] == id;
    }
    return number && id <= UINT16_MAX && listed;
}

/* An EventID or a channel that the log source does not have. */
static void advise_source(Lint *l, const Rule *rule, const Test *t)
{
    bool head = t->field == FIELD_EVENT_ID || t->field == FIELD_CHANNEL;
    for (size_t v = 0; head && v < t->count && !t->negated; v++) {
        bool may = !is_whole(&t->values[v]);
        for (const LogSource *s = rule->source; s && !may; s = s->next) {
            may = s->kind != SERVICE_EVENT_LOG || source_may(s, t->field, &t->values[v].patterns[0]);
        }
        if (!may) {
            ADVISE(l, t->values[v].at, "never-true", STR("'"), t->values[v].at->text, STR("' does not occur in "),
                   rule->source->title, STR("; change it, or the logsource"));
        }
    }
}

static void advise_conjunct(Lint *l, const Detection *d, const Expression *e)
{
    Tests tests = {0};
    if (e->kind == EXPR_OR) {
        advise_conjunct(l, d, e->left);
        advise_conjunct(l, d, e->right);
        return;
    }
    conjunct_tests(l, d, e, &tests);
    for (size_t i = 0; i < tests.list.count; i++) {
        for (size_t k = i + 1; k < tests.list.count; k++) {
            const Test *a = tests.list.at[i], *b = tests.list.at[k];
            advise_pair(l, all_whole(a) ? a : b, all_whole(a) ? b : a);
        }
    }
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static void advise_tests(Lint *l, const Rule *rule, const Selection *s)
{
    if (s->kind == SELECT_TEST) {
        advise_short(l, s->test);
        advise_episode_words(l, rule, s->test);
        advise_alone(l, s->test);
        advise_source(l, rule, s->test);
        lint_value(l, rule, s->test);
        lint_regexes(l, s->test);
    }
    for (size_t i = 0; s->kind != SELECT_TEST && i < s->count; i++) {
        advise_tests(l, rule, s->items[i]);
    }
}

static void advise_condition(Lint *l, const Rule *rule)
{
    const Detection *d = rule->detection;
    bool *unused = ARENA_NEW(l->run, bool, d->count);
    Str *names = ARENA_NEW(l->run, Str, d->count);
    for (size_t i = 0; i < d->count; i++) {
        names[i] = d->keys[i]->text;
    }
    lint_expression(l, condition_at(rule), d->condition, names, d->count, unused);
    for (size_t i = 0; i < d->count; i++) {
        if (unused[i]) {
            ADVISE(l, d->keys[i], "unused", STR("no condition names the selection '"), names[i],
                   STR("'; name it there, or take it out"));
        }
    }
}

static void advise_name(Lint *l, const Rule *rule)
{
    static const char vague[] = "error|errors|event|events|line|log|match|rule|failed|failure|warning|test|selection|"
                                "found|hit|signature|cause|detection";
    if (among(vague, rule->name)) {
        ADVISE(l, map_get(rule->doc, "name") ? map_get(rule->doc, "name") : rule->doc, "vague-name", STR("'"),
               rule->name,
               STR("' says nothing to the other signatures, which share the names; say whose it is, as "
                   "'extension_install_failed'"));
    }
    if (l->any_cause && !l->asked[rule->index]) {
        ADVISE(l, rule->doc, "unreferenced", STR("no cause and no correlation asks for the rule '"), rule->name,
               STR("'; name it in conditions, supports or refutes, or take it out"));
    }
}

void lint_rule(Lint *l, const Rule *rule)
{
    advise_name(l, rule);
    if (!rule->detection) {
        return;
    }
    const Detection *d = rule->detection;
    advise_condition(l, rule);
    advise_conjunct(l, d, d->condition);
    advise_literal(l, rule);
    advise_words(l, rule);
    advise_any_log(l, rule);
    advise_registry(l, rule);
    for (size_t i = 0; i < d->count; i++) {
        advise_tests(l, rule, d->selections[i]);
    }
}
