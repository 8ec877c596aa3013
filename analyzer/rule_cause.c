/* The causes that rest on rules. */
#include "limits.h"
#include "rule_expression.h"
#include "rule_load.h"
#include "timestamp.h"

static const Node *list_items(const Node *n, Node *const **items, size_t *count)
{
    static const Node none = {0};
    if (!n) {
        *count = 0;
        return &none;
    }
    *items = n->items;
    *count = n->kind == NODE_LIST ? n->count : 0;
    return n;
}

/* --- causes ----------------------------------------------------------------------------------------------------- */

static void window_load(Loader *l, const Node *n, Window *w)
{
    const Str keys[] = {STR("before"), STR("after"), STR("same_uptime")};
    w->given = true;
    if (n->kind == NODE_SCALAR) {
        w->bundle = str_eq(n->text, STR("bundle"));
        if (!w->bundle) {
            COMPLAIN(l, n, STR("'window' must be {before: 5m, after: 5m} or the word bundle"));
        }
        return;
    }
    if (!map_check(l, n, "window", keys, 3)) {
        return;
    }
    const Node *before = map_get(n, "before"), *after = map_get(n, "after"), *same = map_get(n, "same_uptime");
    w->before_ns = before ? node_span(l, before, "before") : w->before_ns;
    w->after_ns = after ? node_span(l, after, "after") : w->after_ns;
    w->same_uptime = same && node_flag(l, same, "same_uptime");
}

static void compare_load(Loader *l, const RuleSet *set, const Node *n, Condition *c)
{
    const Str keys[] = {STR("left"), STR("right"), STR("field"), STR("differ")};
    if (!map_check(l, n, "compare", keys, 4)) {
        return;
    }
    const Node *left = map_get(n, "left"), *right = map_get(n, "right"), *differ = map_get(n, "differ");
    if (!left || !right || !differ) {
        COMPLAIN(l, n, STR("'compare' needs left, right, field and differ"));
        return;
    }
    c->left = rule_named(l, set, left, "left");
    c->right = rule_named(l, set, right, "right");
    c->field = map_text(l, n, "field", true);
    c->differ_ns = node_span(l, differ, "differ");
}

static void verify_load(Loader *l, const Node *n, Condition *c)
{
    const Str keys[] = {STR("do"), STR("decides")};
    Node *const *items = NULL;
    n = list_items(n, &items, &c->verify_count);
    struct VerifyStep *steps = ARENA_NEW(l->run, struct VerifyStep, c->verify_count);
    for (size_t i = 0; i < c->verify_count; i++) {
        if (map_check(l, items[i], "verify", keys, 2)) {
            steps[i] = (struct VerifyStep){map_text(l, items[i], "do", true), map_text(l, items[i], "decides", true)};
        }
    }
    c->verify = steps;
    if (n->line && n->kind != NODE_LIST) {
        COMPLAIN(l, n, STR("'verify' must be a list of {do: …, decides: …}"));
    }
}

static bool condition_word(Loader *l, const Node *n, const char *key, Str word)
{
    const Node *value = map_get(n, key);
    if (value && !str_eq(value->text, word)) {
        COMPLAIN(l, value, STR("'"), str_of(key), STR("' knows one word only: "), word);
    }
    return value != NULL;
}

static void ask_load(Loader *l, const Node *n, Condition *c)
{
    const Str keys[] = {STR("name"), STR("question")};
    if (map_check(l, n, "ask", keys, 2)) {
        c->ask_name = map_text(l, n, "name", true);
        c->ask_question = map_text(l, n, "question", true);
    }
}

static void condition_load(Loader *l, const RuleSet *set, const Node *n, Condition *c)
{
    const Str keys[] = {STR("rule"),   STR("says"),           STR("window"), STR("compare"), STR("false_if"),
                        STR("absent"), STR("distinguishing"), STR("basis"),  STR("ask"),     STR("verify"),
                        STR("until")};
    c->window = (Window){.before_ns = 5 * NS_MINUTE, .after_ns = 5 * NS_MINUTE};
    if (!map_check(l, n, "conditions", keys, sizeof keys / sizeof *keys)) {
        return;
    }
    const Node *rule = map_get(n, "rule"), *window = map_get(n, "window"), *compare = map_get(n, "compare");
    const Node *false_if = map_get(n, "false_if"), *until = map_get(n, "until"), *distinguishing = map_get(n, "distinguishing"),
               *ask = map_get(n, "ask");
    c->says = map_text(l, n, "says", !ask);
    c->rule = rule ? rule_named(l, set, rule, "rule") : NULL;
    c->false_if = false_if ? rule_named(l, set, false_if, "false_if") : NULL;
    c->until = until ? rule_named(l, set, until, "until") : NULL;
    c->absent_unknown = condition_word(l, n, "absent", STR("unknown"));
    c->inferred = condition_word(l, n, "basis", STR("inferred"));
    c->distinguishing = distinguishing && node_flag(l, distinguishing, "distinguishing");
    if (window) {
        window_load(l, window, &c->window);
    }
    if (compare) {
        compare_load(l, set, compare, c);
    }
    if (ask) {
        ask_load(l, ask, c);
    }
    verify_load(l, map_get(n, "verify"), c);
    if (until && !c->window.bundle) {
        COMPLAIN(l, until, STR("'until' goes with 'window: bundle'; a window around the failure needs none"));
    }
    if (rule && compare) {
        COMPLAIN(l, n, STR("'rule' and 'compare' exclude each other; make two conditions of it"));
    } else if (!rule && !compare && !ask) {
        COMPLAIN(l, n, STR("a condition needs 'rule', 'compare' or 'ask'"));
    }
}

static bool identifier(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = byte_lower(s.at[i]);
        if (c != '_' && !(c >= 'a' && c <= 'z') && !(i && byte_digit(c))) {
            return false;
        }
    }
    return s.len > 0;
}

static const Str *conditions_load(Loader *l, const RuleSet *set, const Node *n, Cause *cause)
{
    if (n->kind != NODE_MAP || !n->count) {
        COMPLAIN(l, n, STR("'conditions' must be a map: 'name: {rule: …, says: …}'"));
        return NULL;
    }
    Condition *list = ARENA_NEW(l->run, Condition, n->count);
    Str *names = ARENA_NEW(l->run, Str, n->count);
    for (size_t i = 0; i < n->count; i++) {
        names[i] = list[i].name = map_key(n, i)->text;
        if (!identifier(names[i])) {
            COMPLAIN(l, map_key(n, i), STR("'"), names[i],
                     STR("' is no name of a condition; use letters, digits and '_'"));
        }
        condition_load(l, set, map_value(n, i), &list[i]);
    }
    cause->conditions = list;
    cause->condition_count = n->count;
    return names;
}

static const Rule **rules_load(Loader *l, const RuleSet *set, const Node *n, const char *what, size_t *count)
{
    Node *const *items = NULL;
    size_t all;
    n = list_items(n, &items, &all);
    const Rule **rules = ARENA_NEW(l->run, const Rule *, all);
    *count = 0;
    for (size_t i = 0; i < all; i++) {
        const Rule *rule = rule_named(l, set, items[i], what);
        if (rule) {
            rules[(*count)++] = rule;
        }
    }
    if (n->line && n->kind != NODE_LIST) {
        COMPLAIN(l, n, STR("'"), str_of(what), STR("' must be a list of rules"));
    }
    return rules;
}

static void remedy_load(Loader *l, const Node *n, Cause *cause)
{
    const Str keys[] = {STR("do"), STR("command"), STR("risk"), STR("undo"), STR("reboot"), STR("if_fails")};
    Node *const *items = NULL;
    n = list_items(n, &items, &cause->remedy_count);
    RemedyStep *steps = ARENA_NEW(l->run, RemedyStep, cause->remedy_count);
    cause->remedy = steps;
    for (size_t i = 0; i < cause->remedy_count; i++) {
        const Node *step = items[i];
        if (!map_check(l, step, "remedy", keys, 6)) {
            continue;
        }
        const Node *reboot = map_get(step, "reboot");
        steps[i] = (RemedyStep){.step = map_text(l, step, "do", true),
                                .command = map_text(l, step, "command", false),
                                .risk = map_text(l, step, "risk", false),
                                .undo = map_text(l, step, "undo", false),
                                .if_fails = map_text(l, step, "if_fails", false),
                                .reboot = reboot && node_flag(l, reboot, "reboot")};
    }
    if (n->line && n->kind != NODE_LIST) {
        COMPLAIN(l, n, STR("'remedy' must be a list of {do: …, command: …}"));
    }
}

static void references_load(Loader *l, const Node *n, Cause *cause)
{
    const Str keys[] = {STR("document"), STR("section"), STR("url")};
    Node *const *items = NULL;
    n = list_items(n, &items, &cause->reference_count);
    Reference *list = ARENA_NEW(l->run, Reference, cause->reference_count);
    cause->references = list;
    for (size_t i = 0; i < cause->reference_count; i++) {
        if (map_check(l, items[i], "references", keys, 3)) {
            list[i] = (Reference){map_text(l, items[i], "document", true), map_text(l, items[i], "section", false),
                                  map_text(l, items[i], "url", false)};
        }
    }
    if (n->line && n->kind != NODE_LIST) {
        COMPLAIN(l, n, STR("'references' must be a list of {document: …, section: …}"));
    }
}

static void explains_check(Loader *l, const Node *n, const Str *causes, size_t cause_count)
{
    Node *const *items = NULL;
    size_t count;
    list_items(n, &items, &count);
    for (size_t i = 0; i < count && causes; i++) {
        bool found = false;
        for (size_t k = 0; k < cause_count && !found; k++) {
            found = str_eq(items[i]->text, causes[k]);
        }
        if (!found) {
            complain_unknown(l, items[i], "cause", items[i]->text, causes, cause_count);
        }
    }
}

void cause_load(Loader *l, const RuleSet *set, Cause *cause, const Node *doc, const Str *causes, size_t cause_count)
{
    const Str keys[] = {STR("cause"),   STR("applies_to"), STR("conditions"), STR("when"),      STR("supports"),
                        STR("refutes"), STR("explains"),   STR("remedy"),     STR("references")};
    const Node *n = map_get(doc, "vmsift");
    if (!map_check(l, n, "vmsift", keys, sizeof keys / sizeof *keys)) {
        return;
    }
    const Node *conditions = map_get(n, "conditions"), *when = map_get(n, "when");
    cause->cause = map_text(l, n, "cause", true);
    cause->applies_to = map_texts(l, n, "applies_to", &cause->applies_to_count);
    cause->supports = rules_load(l, set, map_get(n, "supports"), "supports", &cause->support_count);
    cause->refutes = rules_load(l, set, map_get(n, "refutes"), "refutes", &cause->refute_count);
    cause->explains = map_texts(l, n, "explains", &cause->explain_count);
    explains_check(l, map_get(n, "explains"), causes, cause_count);
    remedy_load(l, map_get(n, "remedy"), cause);
    references_load(l, map_get(n, "references"), cause);
    const Str *names = conditions ? conditions_load(l, set, conditions, cause) : NULL;
    if (names && when) {
        cause->when = expression_parse(l, when, "condition", names, cause->condition_count);
    } else if (!conditions || !when) {
        COMPLAIN(l, n, STR("a cause needs 'conditions' and 'when'"));
    }
}
