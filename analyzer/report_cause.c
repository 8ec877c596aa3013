#include "report_cause.h"

#include "limits.h"
#include "report_term.h"

void cause_heading(Page *p, const char *title)
{
    page_gap(p);
    page_style(p, BOLD);
    page_put(p, title);
    page_style(p, PLAIN);
    page_flow(p, TEXT);
}

void cause_labelled(Page *p, const char *name, Str text, Style style)
{
    if (text.len) {
        page_style(p, style);
        page_put(p, name);
        page_style(p, PLAIN);
        page_say(p, text);
        page_flow(p, NESTED);
    }
}

void cause_remedy(Page *p, const Cause *cause, const char *title)
{
    if (cause->remedy_count) {
        cause_heading(p, title);
    }
    for (size_t i = 0; i < cause->remedy_count; i++) {
        const RemedyStep *r = &cause->remedy[i];
        page_number(p, i + 1);
        page_put(p, ". ");
        unsigned hang = 2 + page_width(p);
        page_say(p, r->step);
        page_put(p, r->reboot ? " (needs a reboot)" : "");
        page_flow(p, (Frame){2, hang, NULL, 0});
        term_command(p, r->command, 6);
        cause_labelled(p, "Risk: ", r->risk, YELLOW);
        cause_labelled(p, "Undo: ", r->undo, PLAIN);
        cause_labelled(p, "If it fails: ", r->if_fails, PLAIN);
    }
}

void cause_references(Page *p, const Cause *cause)
{
    for (size_t i = 0; i < cause->reference_count; i++) {
        const Reference *r = &cause->references[i];
        page_style(p, DIM);
        page_put(p, i ? "            " : "Documented: ");
        page_say(p, r->document);
        page_put(p, r->document.len && r->section.len ? ", " : "");
        page_say(p, r->section);
        page_put(p, r->url.len ? " <" : "");
        page_say(p, r->url);
        page_put(p, r->url.len ? ">" : "");
        page_style(p, PLAIN);
        page_flow(p, (Frame){2, 14, NULL, 0});
    }
}

/* --- the whole page --------------------------------------------------------------------------------------------- */

static void put_duration(Page *p, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *unit;
    } units[] = {{86400 * NS_SECOND, " d"}, {3600 * NS_SECOND, " h"}, {60 * NS_SECOND, " min"}, {NS_SECOND, " s"}};
    for (size_t i = 0; i < 4; i++) {
        if (ns % units[i].ns == 0 && (ns / units[i].ns > 1 || i > 0)) {
            page_number(p, (uint64_t)(ns / units[i].ns));
            page_put(p, units[i].unit);
            return;
        }
    }
}

/* Of state and of episodes; they count wherever in the bundle they are, unless the author bounds them. */
static bool is_timeless(const RuleSet *set, const Rule *rule)
{
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t count = rule_sources(set, rule, sources, LIMIT_RULE_SOURCES);
    for (size_t i = 0; i < count; i++) {
        if (sources[i]->kind < SERVICE_EPISODE) {
            return false;
        }
    }
    return true;
}

void cause_window(Page *p, const RuleSet *set, const Condition *c)
{
    const Window *w = &c->window;
    if (!w->given && is_timeless(set, c->rule)) {
        page_put(p, "anywhere in the bundle");
        return;
    }
    if (w->bundle) {
        page_put(p, "anywhere in the bundle, with or without a failed backup");
        return;
    }
    page_put(p, "from ");
    if (w->before_ns) {
        put_duration(p, w->before_ns);
    }
    page_put(p, w->before_ns ? " before a failed backup to " : "the beginning of a failed backup to ");
    if (w->after_ns) {
        put_duration(p, w->after_ns);
    }
    page_put(p, w->after_ns ? " after its end" : "its end");
    page_put(p, w->same_uptime ? ", without a boot in between" : "");
}

static void put_rule(Page *p, const char *name, const Rule *rule)
{
    page_style(p, DIM);
    page_put(p, name);
    page_say(p, rule->name);
    page_put(p, " (");
    page_say(p, rule->file);
    page_put(p, ":");
    page_id(p, rule->line);
    page_put(p, "): ");
    page_say(p, rule->title);
    page_style(p, PLAIN);
    page_flow(p, NESTED);
}

static void put_rules(Page *p, const RuleSet *set, const Condition *c)
{
    if (c->rule) {
        put_rule(p, "rule ", c->rule);
        page_style(p, DIM);
        cause_window(p, set, c);
        page_style(p, PLAIN);
        page_flow(p, NESTED);
    } else if (c->left) {
        put_rule(p, "left ", c->left);
        put_rule(p, "right ", c->right);
        page_style(p, DIM);
        page_say(p, c->field);
        page_put(p, " differs by more than ");
        put_duration(p, c->differ_ns);
        page_style(p, PLAIN);
        page_flow(p, NESTED);
    }
    if (c->false_if) {
        put_rule(p, "false if ", c->false_if);
    }
    if (c->until) {
        put_rule(p, "until ", c->until);
    }
}

static void put_condition(Page *p, const RuleSet *set, const Condition *c)
{
    page_style(p, BOLD);
    page_say(p, c->name);
    page_style(p, PLAIN);
    page_put(p, ": ");
    page_say(p, c->says);
    page_put(p, c->distinguishing ? " (points to this cause)" : "");
    page_put(p, c->inferred ? " (inferred: no document names it)" : "");
    page_put(p, c->absent_unknown ? " (not seeing it proves nothing)" : "");
    page_flow(p, ITEM);
    put_rules(p, set, c);
    cause_labelled(p, "asks: ", c->ask_question, PLAIN);
    for (size_t i = 0; i < c->verify_count; i++) {
        cause_labelled(p, "check: ", c->verify[i].step, PLAIN);
        cause_labelled(p, "decides: ", c->verify[i].decides, DIM);
    }
}

/* Its depth is bounded by the loader. */
static void put_when(Page *p, const Cause *cause, const Expression *e, ExpressionKind within, const Truth *values)
{
    bool brackets =
        within == EXPR_NOT ? e->kind == EXPR_AND || e->kind == EXPR_OR : within == EXPR_AND && e->kind == EXPR_OR;
    page_put(p, brackets ? "(" : "");
    if (e->kind == EXPR_LEAF && values) {
        page_put(p, truth_name(values[e->leaf]));
    } else if (e->kind == EXPR_LEAF) {
        page_say(p, cause->conditions[e->leaf].name);
    } else if (e->kind == EXPR_NOT) {
        page_put(p, "not ");
        put_when(p, cause, e->left, EXPR_NOT, values);
    } else {
        put_when(p, cause, e->left, e->kind, values);
        page_put(p, e->kind == EXPR_AND ? " and " : " or ");
        put_when(p, cause, e->right, e->kind, values);
    }
    page_put(p, brackets ? ")" : "");
}

void cause_when(Page *p, const Cause *cause, const Truth *values)
{
    put_when(p, cause, cause->when, EXPR_OR, values);
}

static void put_ranking(Page *p, const char *title, const Rule *const *rules, size_t count)
{
    if (count) {
        cause_heading(p, title);
    }
    for (size_t i = 0; i < count; i++) {
        put_rule(p, "", rules[i]);
    }
}

static void add_sources(const RuleSet *set, const Rule *rule, const LogSource **to, size_t *count)
{
    const LogSource *found[LIMIT_RULE_SOURCES];
    size_t n = rule ? rule_sources(set, rule, found, LIMIT_RULE_SOURCES) : 0;
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < *count; k++) {
            known = known || to[k] == found[i];
        }
        if (!known && *count < LIMIT_RULE_SOURCES) {
            to[(*count)++] = found[i];
        }
    }
}

static void put_sources(Page *p, const RuleSet *set, const Cause *cause)
{
    const LogSource *sources[LIMIT_RULE_SOURCES];
    size_t count = 0;
    for (size_t i = 0; i < cause->condition_count; i++) {
        const Condition *c = &cause->conditions[i];
        const Rule *rules[] = {c->rule, c->left, c->right, c->false_if, c->until};
        for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
            add_sources(set, rules[k], sources, &count);
        }
    }
    for (size_t i = 0; i < cause->support_count; i++) {
        add_sources(set, cause->supports[i], sources, &count);
    }
    for (size_t i = 0; i < cause->refute_count; i++) {
        add_sources(set, cause->refutes[i], sources, &count);
    }
    cause_heading(p, "What it looks at");
    for (size_t i = 0; i < count; i++) {
        page_say(p, sources[i]->title);
        page_flow(p, ITEM);
    }
}

void cause_page(Page *p, const RuleSet *rules, const Cause *cause)
{
    page_style(p, BOLD);
    page_say(p, cause->name);
    page_style(p, PLAIN);
    page_put(p, "  ");
    page_say(p, cause->title);
    page_flow(p, TOP);
    page_say(p, cause->cause);
    page_flow(p, TEXT);
    if (cause->applies_to_count) {
        page_put(p, "Errors of the backup service that it explains: ");
    }
    for (size_t i = 0; i < cause->applies_to_count; i++) {
        page_put(p, i ? ", " : "");
        page_say(p, cause->applies_to[i]);
    }
    page_flow(p, TEXT);
    cause_heading(p, "Conditions");
    for (size_t i = 0; i < cause->condition_count; i++) {
        put_condition(p, rules, &cause->conditions[i]);
    }
    page_put(p, "It is the cause when: ");
    cause_when(p, cause, NULL);
    page_flow(p, ITEM);
    put_ranking(p, "Speaks for it", cause->supports, cause->support_count);
    put_ranking(p, "Speaks against it", cause->refutes, cause->refute_count);
    put_sources(p, rules, cause);
    cause_remedy(p, cause, "What to do");
    page_gap(p);
    cause_references(p, cause);
}
