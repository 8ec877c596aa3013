/* Correlations: rules in time. */
#include "limits.h"
#include "rule_expression.h"
#include "rule_load.h"

const Rule *rule_named(Loader *l, const RuleSet *set, const Node *n, const char *what)
{
    Str name = node_text(l, n, what);
    const Rule *rule = name.len ? rule_find(set, name) : NULL;
    if (!rule && name.len && !l->incomplete) {
        Str *names = ARENA_NEW(l->run, Str, set->rule_count);
        for (size_t i = 0; i < set->rule_count; i++) {
            names[i] = set->rules[i].name;
        }
        complain_unknown(l, n, "rule", name, names, set->rule_count);
    }
    return rule;
}

/* --- the parts -------------------------------------------------------------------------------------------------- */

static bool type_load(Loader *l, Rule *rule, const Node *n)
{
    const Str types[] = {STR("event_count"), STR("value_count"), STR("temporal"), STR("temporal_ordered")};
    const Str others[] = {STR("value_sum"),    STR("value_avg"),         STR("value_percentile"),
                          STR("value_median"), STR("temporal_extended"), STR("temporal_ordered_extended")};
    const Node *type = map_get(n, "type");
    Str name = map_text(l, n, "type", true);
    for (size_t i = 0; i < 4; i++) {
        if (str_eq(name, types[i])) {
            rule->type = (CorrelationType)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (str_eq(name, others[i])) {
            COMPLAIN(l, type, STR("correlation type '"), name,
                     STR("' is not supported; there are event_count, value_count, temporal and temporal_ordered"));
            return false;
        }
    }
    if (type && name.len) {
        complain_unknown(l, type, "correlation type", name, types, 4);
    }
    return false;
}

static bool part_again(const Rule *rule, uint32_t part)
{
    for (size_t i = 0; i < rule->part_count; i++) {
        if (rule->parts[i] == part) {
            return true;
        }
    }
    return false;
}

/* False unless every one is there: what is said of them is then not looked at. */
static bool parts_load(Loader *l, const RuleSet *set, Rule *rule, Node *n)
{
    bool list = n->kind == NODE_LIST;
    size_t count = list ? n->count : 1;
    uint32_t *parts = ARENA_NEW(l->run, uint32_t, count);
    rule->parts = parts;
    for (size_t i = 0; i < count; i++) {
        const Node *at = list ? n->items[i] : n;
        const Rule *part = rule_named(l, set, at, "rules");
        if (part && rule->type != CORRELATE_TEMPORAL_ORDERED && part_again(rule, part->index)) {
            COMPLAIN(l, at, STR("'"), at->text,
                     STR("' stands here twice; only temporal_ordered can ask for a rule again"));
        } else if (part) {
            parts[rule->part_count++] = part->index;
        }
    }
    if (!count) {
        COMPLAIN(l, n, STR("'rules' must name at least one rule"));
    }
    return count && rule->part_count == count;
}

/* --- conditions ------------------------------------------------------------------------------------------------- */

static const Str comparisons[] = {{(const uint8_t *)"gt", 2}, {(const uint8_t *)"gte", 3},
                                  {(const uint8_t *)"lt", 2}, {(const uint8_t *)"lte", 3},
                                  {(const uint8_t *)"eq", 2}, {(const uint8_t *)"neq", 3}};

static void count_load(Loader *l, struct Threshold *t, size_t which, const Node *n)
{
    int64_t *const to[] = {&t->gt, &t->gte, &t->lt, &t->lte, &t->eq, &t->neq};
    t->given |= (uint8_t)(1 << which);
    if (n->kind != NODE_SCALAR || !str_i64(n->text, to[which]) || *to[which] < 0) {
        COMPLAIN(l, n, STR("a count is a whole number, 0 or more"));
        return;
    }
    int64_t most = which == 2 ? *to[which] - 1 : which == 3 || which == 4 ? *to[which] : 1;
    if (most < 1) {
        COMPLAIN(l, n,
                 STR("it is counted where an event is, so there is always one; that nothing occurs is said by "
                     "'and not' in a temporal correlation"));
    }
}

static void threshold_load(Loader *l, Rule *rule, const Node *n)
{
    Str keys[7] = {[6] = STR("field")};
    struct Threshold *t = &rule->threshold;
    bool counts_values = rule->type == CORRELATE_VALUE_COUNT;
    memcpy(keys, comparisons, sizeof comparisons);
    if (!map_check(l, n, "condition", keys, counts_values ? 7 : 6)) {
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        for (size_t k = 0; k < 6; k++) {
            if (str_eq(map_key(n, i)->text, keys[k])) {
                count_load(l, t, k, map_value(n, i));
            }
        }
    }
    if (counts_values) {
        t->fields = map_texts(l, n, "field", &t->field_count);
        if (map_get(n, "field") && map_get(n, "field")->kind == NODE_LIST && !map_get(n, "field")->count) {
            COMPLAIN(l, map_get(n, "field"), STR("'field' must name at least one field"));
        } else if (!map_get(n, "field")) {
            COMPLAIN(l, n, STR("'field' is missing; add 'field: …', whose values are counted"));
        } else if (t->field_count > LIMIT_GROUP_BY) {
            COMPLAIN(l, n, STR("more than 16 fields in 'field'; count fewer"));
        }
    }
    if (!t->given) {
        COMPLAIN(l, n, STR("a count is missing; add 'gte: 2' (or gt, lt, lte, eq, neq)"));
    }
}

static bool conjunction(const Expression *e)
{
    return e->kind == EXPR_LEAF || (e->kind == EXPR_NOT && e->left->kind == EXPR_LEAF) ||
           (e->kind == EXPR_AND && conjunction(e->left) && conjunction(e->right));
}

static void leaves_mark(const Expression *e, bool *used)
{
    if (e->kind == EXPR_LEAF) {
        used[e->leaf] = true;
        return;
    }
    leaves_mark(e->left, used);
    if (e->right) {
        leaves_mark(e->right, used);
    }
}

/* A rule in the list that the condition says nothing of would be forgotten without a word; a name may stand there
 * twice. */
static void leaves_check(Loader *l, const Rule *rule, const Node *n, const Str *names, size_t count)
{
    bool *used = ARENA_NEW(l->run, bool, count);
    leaves_mark(rule->condition, used);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < count && !found; k++) {
            found = used[k] && rule->parts[k] == rule->parts[i];
        }
        if (!found) {
            COMPLAIN(l, n, STR("rule '"), names[i],
                     STR("' is not in the condition; say it there, or take it out of 'rules'"));
            return;
        }
    }
}

static void words_load(Loader *l, Rule *rule, const Node *n, const Node *rules)
{
    size_t count;
    bool ordered = rule->type == CORRELATE_TEMPORAL_ORDERED;
    const Str *names = node_texts(l, rules, "rules", &count);
    const Expression *e = expression_parse(l, n, "rule", names, count);
    if (!e) {
        return;
    }
    Truth *nothing = ARENA_NEW(l->run, Truth, count);
    for (size_t i = 0; i < count; i++) {
        nothing[i] = NO;
    }
    if (ordered && !conjunction(e)) {
        COMPLAIN(l, n, STR("with temporal_ordered a condition joins rules by 'and' and 'and not' only"));
    } else if (expression_truth(e, nothing) == YES || (ordered && e->kind == EXPR_NOT)) {
        COMPLAIN(l, n, STR("it would hold where nothing occurs; at least one rule must: 'a and not b'"));
    } else {
        rule->condition = e;
        leaves_check(l, rule, n, names, count);
    }
}

static void correlation_condition(Loader *l, Rule *rule, const Node *n, const Node *rules)
{
    bool counts = rule->type == CORRELATE_EVENT_COUNT || rule->type == CORRELATE_VALUE_COUNT;
    bool ordered = rule->type == CORRELATE_TEMPORAL_ORDERED;
    if (n->kind == NODE_MAP && !ordered) {
        threshold_load(l, rule, n);
    } else if (n->kind == NODE_MAP || counts) {
        COMPLAIN(l, n,
                 ordered ? STR("a count does not go with temporal_ordered; leave it out: every rule must occur")
                         : STR("this type counts; write 'condition: {gte: 2}'"));
    } else {
        words_load(l, rule, n, rules);
    }
}

/* --- groups ----------------------------------------------------------------------------------------------------- */

static bool is_grouped(const Rule *rule, Str name)
{
    for (size_t i = 0; i < rule->group_by_count; i++) {
        if (str_eq(rule->group_by[i], name)) {
            return true;
        }
    }
    for (size_t i = 0; i < rule->threshold.field_count; i++) {
        if (str_eq(rule->threshold.fields[i], name)) {
            return true;
        }
    }
    return false;
}

static bool is_told(const struct Alias *list, size_t from, size_t count, uint32_t part)
{
    for (size_t i = from; i < count; i++) {
        if (list[i].part == part) {
            return true;
        }
    }
    return false;
}

static void aliases_load(Loader *l, const RuleSet *set, Rule *rule, const Node *n)
{
    VEC(struct Alias) list = {0};
    if (n->kind != NODE_MAP) {
        COMPLAIN(l, n, STR("'aliases' must be a map: 'alias: {rule: field}'"));
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const Node *alias = map_key(n, i), *fields = map_value(n, i);
        size_t from = list.count;
        for (size_t k = 0; fields->kind == NODE_MAP && k < fields->count; k++) {
            const Rule *part = rule_named(l, set, map_key(fields, k), "aliases");
            Str field = node_text(l, map_value(fields, k), "aliases");
            if (part && !part_again(rule, part->index)) {
                COMPLAIN(l, map_key(fields, k), STR("'"), map_key(fields, k)->text,
                         STR("' is none of this correlation's rules; add it to 'rules', or take it out here"));
            } else if (part) {
                *VEC_ADD(l->run, &list) = (struct Alias){alias->text, part->index, field};
            }
        }
        for (size_t p = 0; p < rule->part_count && fields->kind == NODE_MAP; p++) {
            if (!is_told(list.at, from, list.count, rule->parts[p])) {
                COMPLAIN(l, alias, STR("alias '"), alias->text, STR("' says nothing of rule '"),
                         set->rules[rule->parts[p]].name, STR("'; name its field"));
                break;
            }
        }
        if (fields->kind != NODE_MAP) {
            COMPLAIN(l, fields, STR("an alias is a map of rules to their fields"));
        } else if (!is_grouped(rule, alias->text)) {
            COMPLAIN(l, alias, STR("alias '"), alias->text, STR("' is not used; name it in 'group-by'"));
        }
    }
    rule->aliases = list.at;
    rule->alias_count = list.count;
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static void timespan_load(Loader *l, Rule *rule, const Node *n)
{
    size_t before = l->error_count;
    rule->timespan_ns = node_span(l, n, "timespan");
    if (rule->timespan_ns <= 0 && l->error_count == before) {
        COMPLAIN(l, n, STR("'timespan' must be longer than nothing, as 5m"));
    }
}

void correlation_load(Loader *l, RuleSet *set, Rule *rule, const Node *n)
{
    const Str keys[] = {STR("type"),    STR("rules"),     STR("timespan"), STR("group-by"),
                        STR("aliases"), STR("condition"), STR("generate")};
    if (!map_check(l, n, "correlation", keys, sizeof keys / sizeof *keys)) {
        return;
    }
    Node *rules = (Node *)map_get(n, "rules");
    const Node *timespan = map_get(n, "timespan"), *condition = map_get(n, "condition"),
               *aliases = map_get(n, "aliases"), *generate = map_get(n, "generate");
    bool typed = type_load(l, rule, n);
    bool counts = rule->type == CORRELATE_EVENT_COUNT || rule->type == CORRELATE_VALUE_COUNT;
    if (!rules || !timespan) {
        COMPLAIN(l, n,
                 rules ? STR("'timespan' is missing; add 'timespan: 5m'")
                       : STR("'rules' is missing; name the rules it is made of"));
    }
    bool whole = rules && parts_load(l, set, rule, rules);
    if (timespan) {
        timespan_load(l, rule, timespan);
    }
    rule->group_by = map_texts(l, n, "group-by", &rule->group_by_count);
    if (rule->group_by_count > LIMIT_GROUP_BY) {
        COMPLAIN(l, n, STR("more than 16 fields in 'group-by'; group by fewer"));
    }
    if (typed && condition && (whole || (counts && condition->kind == NODE_MAP))) {
        correlation_condition(l, rule, condition, rules);
    } else if (typed && !condition && counts) {
        COMPLAIN(l, n, STR("'condition' is missing; add 'condition: {gte: 2}'"));
    }
    if (aliases && typed && whole) {
        aliases_load(l, set, rule, aliases);
    }
    bool alone = generate && node_flag(l, generate, "generate");
    for (size_t i = 0; i < rule->part_count; i++) {
        set->rules[rule->parts[i]].is_part = true;
        set->rules[rule->parts[i]].generates |= alone;
    }
}
