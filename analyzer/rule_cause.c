/* The causes that rest on rules. */
#include "limits.h"
#include "rule_expression.h"
#include "rule_load.h"
#include "timestamp.h"

/* The items of a list; none, and an error, if it is something else or empty. */
static Node *const *list_items(Loader *l, const Node *n, const char *what, const char *form, size_t *count)
{
    *count = n && n->kind == NODE_LIST ? n->count : 0;
    if (n && !*count) {
        COMPLAIN(l, n, STR("'"), str_of(what), STR("' must be a list of "), str_of(form));
    }
    return *count ? n->items : NULL;
}

/* An item of such a list. */
static bool item_check(Loader *l, const Node *item, const char *what, const char *form, const Str *keys, size_t count)
{
    if (item->kind != NODE_MAP) {
        COMPLAIN(l, item, STR("each item of '"), str_of(what), STR("' is a map: '- "), str_of(form), STR("'"));
        return false;
    }
    return map_check(l, item, what, keys, count);
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
    if (!n->count) {
        COMPLAIN(l, n, STR("an empty window; write {before: 5m, after: 5m}, or take it out"));
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
        COMPLAIN(l, n, STR("'compare' needs more; write {left: RULE, right: RULE, field: Modified, differ: 2s}"));
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
    Node *const *items = list_items(l, n, "verify", "{do: …, decides: …}", &c->verify_count);
    struct VerifyStep *steps = ARENA_NEW(l->run, struct VerifyStep, c->verify_count);
    for (size_t i = 0; i < c->verify_count; i++) {
        if (item_check(l, items[i], "verify", "{do: …, decides: …}", keys, 2)) {
            steps[i] = (struct VerifyStep){map_text(l, items[i], "do", true), map_text(l, items[i], "decides", true)};
        }
    }
    c->verify = steps;
}

/* A key that has one word only. */
static bool condition_word(Loader *l, const Node *n, const char *key, Str word)
{
    const Node *value = map_get(n, key);
    if (value && !str_eq(value->text, word)) {
        COMPLAIN(l, value, STR("'"), str_of(key), STR("' knows one word only: '"), word,
                 STR("'; write it, or take the key out"));
    }
    return value != NULL;
}

static bool argument_word(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = byte_lower(s.at[i]);
        if (c != '_' && c != '-' && !(c >= 'a' && c <= 'z') && !byte_digit(c)) {
            return false;
        }
    }
    return s.len > 0;
}

static void ask_load(Loader *l, const Node *n, Condition *c)
{
    const Str keys[] = {STR("name"), STR("question")};
    if (map_check(l, n, "ask", keys, 2)) {
        c->ask_name = map_text(l, n, "name", true);
        c->ask_question = map_text(l, n, "question", true);
        if (c->ask_name.len && !argument_word(c->ask_name)) {
            COMPLAIN(l, map_get(n, "name"), STR("'"), c->ask_name,
                     STR("' is typed as --assert NAME=yes; use letters, digits, '-' and '_'"));
        }
    }
}

static void condition_load(Loader *l, const RuleSet *set, const Node *n, Condition *c)
{
    const Str keys[] = {STR("rule"),     STR("says"),   STR("window"),         STR("compare"),
                        STR("false_if"), STR("absent"), STR("distinguishing"), STR("basis"),
                        STR("ask"),      STR("verify"), STR("until")};
    c->window = (Window){.before_ns = 5 * NS_MINUTE, .after_ns = 5 * NS_MINUTE};
    if (!map_check(l, n, "conditions", keys, sizeof keys / sizeof *keys)) {
        return;
    }
    const Node *rule = map_get(n, "rule"), *window = map_get(n, "window"), *compare = map_get(n, "compare");
    const Node *false_if = map_get(n, "false_if"), *until = map_get(n, "until"),
               *distinguishing = map_get(n, "distinguishing"), *ask = map_get(n, "ask");
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
    const char *const needs_rule[] = {"window", "false_if", "until", "absent"};
    for (size_t i = 0; i < sizeof needs_rule / sizeof *needs_rule; i++) {
        const Node *key = map_get(n, needs_rule[i]);
        if (key && !rule) {
            COMPLAIN(l, key, STR("'"), str_of(needs_rule[i]),
                     STR("' goes with 'rule' only; take it out, or add the rule"));
        }
    }
    if (rule && compare) {
        COMPLAIN(l, n, STR("'rule' and 'compare' exclude each other; make two conditions of it"));
    } else if (!rule && !compare && !ask) {
        COMPLAIN(l, n, STR("a condition needs 'rule', 'compare' or 'ask'; add what decides it"));
    }
}

/* What `when` can name. */
static bool identifier(Str s)
{
    const Str taken[] = {STR("and"), STR("or"), STR("not")};
    for (size_t i = 0; i < 3; i++) {
        if (str_eq_nocase(s, taken[i])) {
            return false;
        }
    }
    return argument_word(s) && !byte_digit(s.at[0]) && str_find_byte(s, '-', 0) == STR_NOT_FOUND;
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
                     STR("' is no name of a condition; use letters, digits and '_', and no 'and', 'or', 'not'"));
        }
        condition_load(l, set, map_value(n, i), &list[i]);
    }
    cause->conditions = list;
    cause->condition_count = n->count;
    return names;
}

static const Rule **rules_load(Loader *l, const RuleSet *set, const Node *n, const char *what, size_t *count)
{
    size_t all;
    Node *const *items = list_items(l, n, what, "rules", &all);
    const Rule **rules = ARENA_NEW(l->run, const Rule *, all);
    *count = 0;
    for (size_t i = 0; i < all; i++) {
        const Rule *rule = rule_named(l, set, items[i], what);
        if (rule) {
            rules[(*count)++] = rule;
        }
    }
    return rules;
}

typedef struct Causes { /* all names there are; NULL: not all of them are loaded */
    const Str *names;
    size_t count;
} Causes;

/* A step in words, or the id of a cause: one word that nearly is one is a slip of the pen. */
static void if_fails_check(Loader *l, const Node *n, const Causes *causes)
{
    if (!n || !causes->names || !argument_word(n->text)) {
        return;
    }
    Str near = nearest_word(n->text, causes->names, causes->count);
    if (near.len && !str_eq(near, n->text)) {
        complain_unknown(l, n, "cause", n->text, causes->names, causes->count);
    }
}

static void remedy_load(Loader *l, const Node *n, Cause *cause, const Causes *causes)
{
    const Str keys[] = {STR("do"), STR("command"), STR("risk"), STR("undo"), STR("reboot"), STR("if_fails")};
    Node *const *items = list_items(l, n, "remedy", "{do: …, command: …}", &cause->remedy_count);
    RemedyStep *steps = ARENA_NEW(l->run, RemedyStep, cause->remedy_count);
    cause->remedy = steps;
    for (size_t i = 0; i < cause->remedy_count; i++) {
        const Node *step = items[i];
        if (!item_check(l, step, "remedy", "{do: …, command: …}", keys, 6)) {
            continue;
        }
        const Node *reboot = map_get(step, "reboot");
        steps[i] = (RemedyStep){.step = map_text(l, step, "do", true),
                                .command = map_text(l, step, "command", false),
                                .risk = map_text(l, step, "risk", false),
                                .undo = map_text(l, step, "undo", false),
                                .if_fails = map_text(l, step, "if_fails", false),
                                .reboot = reboot && node_flag(l, reboot, "reboot")};
        if_fails_check(l, map_get(step, "if_fails"), causes);
    }
}

static void references_load(Loader *l, const Node *n, Cause *cause)
{
    const Str keys[] = {STR("document"), STR("section"), STR("url")};
    Node *const *items = list_items(l, n, "references", "{document: …, section: …}", &cause->reference_count);
    Reference *list = ARENA_NEW(l->run, Reference, cause->reference_count);
    cause->references = list;
    for (size_t i = 0; i < cause->reference_count; i++) {
        if (!item_check(l, items[i], "references", "{document: …, section: …}", keys, 3)) {
            continue;
        }
        list[i] = (Reference){map_text(l, items[i], "document", true), map_text(l, items[i], "section", false),
                              map_text(l, items[i], "url", false)};
        if (list[i].url.len && !str_starts(list[i].url, STR("https://")) && !str_starts(list[i].url, STR("http://"))) {
            COMPLAIN(l, map_get(items[i], "url"), STR("'url' begins with https:// or http://"));
        }
    }
}

static void explains_check(Loader *l, const Node *n, Str own, const Causes *causes)
{
    size_t count = n && n->kind == NODE_LIST ? n->count : n != NULL;
    for (size_t i = 0; i < count; i++) {
        const Node *at = n->kind == NODE_LIST ? n->items[i] : n;
        bool found = !causes->names || !at->text.len;
        for (size_t k = 0; k < causes->count && !found; k++) {
            found = str_eq(at->text, causes->names[k]);
        }
        if (!found && !l->incomplete) {
            complain_unknown(l, at, "cause", at->text, causes->names, causes->count);
        } else if (at->text.len && str_eq(at->text, own)) {
            COMPLAIN(l, at, STR("a cause does not explain itself; name more general ones"));
        }
    }
}

void cause_load(Loader *l, const RuleSet *set, Cause *cause, const Node *doc, const Str *causes, size_t cause_count)
{
    const Str keys[] = {STR("cause"),   STR("applies_to"), STR("conditions"), STR("when"),      STR("supports"),
                        STR("refutes"), STR("explains"),   STR("remedy"),     STR("references")};
    const Causes all = {causes, cause_count};
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
    explains_check(l, map_get(n, "explains"), cause->name, &all);
    remedy_load(l, map_get(n, "remedy"), cause, &all);
    references_load(l, map_get(n, "references"), cause);
    const Str *names = conditions ? conditions_load(l, set, conditions, cause) : NULL;
    if (names && when) {
        bool text = node_text(l, when, "when").len > 0;
        cause->when = text ? expression_parse(l, when, "condition", names, cause->condition_count) : NULL;
    } else if (!conditions || !when) {
        COMPLAIN(l, n, STR("a cause needs 'conditions' and 'when'; add them"));
    }
}
