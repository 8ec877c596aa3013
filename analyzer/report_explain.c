/* One signature held to a bundle: what each condition is and why, the nearest miss test by test, how it all adds up,
 * and what would decide what is open. The conclusion holds the verdict of this one cause and nothing else. */
#include "report_cause.h"
#include "report_term.h"
#include "rule_words.h"

#define NEAR_LINES 6
#define SHOWN_HITS 3 /* of one rule */

static const Frame DETAIL = {4, 6, NULL, 0}, LINE = {6, 8, NULL, 0};

/* --- one condition ---------------------------------------------------------------------------------------------- */

static void put_evidence(Term *t, const Verdict *v, Str condition)
{
    for (size_t i = 0; i < v->evidence.count; i++) {
        const Kept *kept = v->evidence.at[i].kept;
        if (!str_eq(v->evidence.at[i].condition, condition)) {
            continue;
        }
        if (!term_was_shown(t, kept)) {
            term_cited(t, kept, 4);
            continue;
        }
        term_place(t, kept);
        term_time(&t->page, kept);
        page_put(&t->page, ", quoted above");
        page_flow(&t->page, DETAIL);
    }
}

static void put_rule_name(Page *p, const char *before, const Rule *rule)
{
    page_put(p, before);
    page_say(p, rule->name);
    page_put(p, " (");
    page_say(p, rule->file);
    page_put(p, ":");
    page_id(p, rule->line);
    page_put(p, ")");
}

/* What was looked for, and where. */
static void put_asked(Term *t, const ConditionResult *c, const Rule *rule)
{
    Page *p = &t->page;
    page_style(p, DIM);
    put_rule_name(p, "looks for: rule ", rule);
    page_put(p, ", ");
    if (c->condition) {
        cause_window(p, t->r->analysis->rules, c->condition);
    } else {
        page_put(p, "anywhere in the bundle");
    }
    page_style(p, PLAIN);
    page_flow(p, DETAIL);
}

static void put_compared(Page *p, const Condition *c)
{
    page_style(p, DIM);
    page_put(p, "compares ");
    page_say(p, c->field);
    put_rule_name(p, " of ", c->left);
    put_rule_name(p, " and ", c->right);
    page_style(p, PLAIN);
    page_flow(p, DETAIL);
}

/* The two sides of a comparison, as far as the bundle holds them. */
static void put_side(Term *t, const Verdict *v, const Condition *c, const Rule *side)
{
    Page *p = &t->page;
    const HitList *list = &v->lists[side->index];
    for (size_t i = 0; i < list->hits.count && i < SHOWN_HITS; i++) {
        const Kept *kept = list->hits.at[i].events[0];
        term_place(t, kept);
        page_put(p, ": ");
        page_say(p, c->field);
        page_put(p, " ");
        page_say(p, event_field(&kept->ev, c->field));
        page_flow(p, LINE);
    }
    if (!list->hits.count) {
        page_put(p, "not seen: ");
        page_say(p, side->title);
        page_flow(p, LINE);
    }
}

/* What may be it, and why nobody knows. */
static void put_maybe(Term *t, const HitList *list)
{
    Page *p = &t->page;
    size_t shown = 0;
    for (size_t i = list->hits.count; i > 0 && shown < SHOWN_HITS; i--) {
        const Hit *hit = &list->hits.at[i - 1];
        if (hit->truth == UNKNOWN) {
            shown++;
            page_put(p, "may be it: ");
            term_place(t, hit->events[0]);
            term_time(p, hit->events[0]);
            page_put(p, hit->why ? ": " : "");
            page_put(p, hit->why ? hit->why : "");
            page_flow(p, DETAIL);
            term_quote(p, hit->events[0]->quote, 6, NEAR_LINES);
        }
    }
}

static size_t hits_of(const HitList *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->hits.count; i++) {
        count += list->hits.at[i].truth == YES;
    }
    return count;
}

/* Of a correlation: which of its parts the bundle shows. */
static void put_parts(Term *t, const Verdict *v, const Rule *rule)
{
    Page *p = &t->page;
    for (size_t i = 0; i < rule->part_count; i++) {
        const Rule *part = &t->r->analysis->rules->rules[rule->parts[i]];
        size_t count = hits_of(&v->lists[part->index]);
        page_put(p, count ? "seen " : "not seen");
        if (count) {
            page_number(p, count);
            page_put(p, "×");
        }
        page_pad(p, 10);
        page_say(p, part->name);
        page_put(p, ": ");
        page_say(p, part->title);
        page_flow(p, (Frame){6, 16, NULL, 0});
    }
}

static void put_tests(Term *t, const Match *near)
{
    Page *p = &t->page;
    Arena scratch = {0};
    TestResults tests = {0};
    match_explain(t->r->analysis->matcher, near->rule, &near->kept->ev, &scratch, &tests);
    for (size_t i = 0; i < tests.list.count; i++) {
        const TestResult *r = &tests.list.at[i];
        bool held = r->truth == YES && !r->excluded;
        page_style(p, held ? GREEN : r->truth == UNKNOWN ? YELLOW : RED);
        page_put(p, held ? "✓ " : r->truth == UNKNOWN ? "? " : "✗ ");
        page_style(p, PLAIN);
        page_say(p, held ? test_held(r, &scratch) : test_missed(r, &scratch));
        page_flow(p, LINE);
    }
    arena_free(&scratch);
}

/* The nearest line, and which test of its rule it missed, or why it does not count. */
static void put_near(Term *t, const ConditionResult *c, const Rule *rule)
{
    Page *p = &t->page;
    const Match *near = c->near;
    page_put(p, "nearest: ");
    term_place(t, near->kept);
    term_time(p, near->kept);
    page_flow(p, DETAIL);
    term_quote(p, near->kept->quote, 6, NEAR_LINES);
    if (near->rule != rule) {
        put_rule_name(p, "held to the rule ", near->rule);
        page_flow(p, LINE);
    }
    if (near->tests) { /* a miss in part */
        put_tests(t, near);
    } else {
        page_style(p, RED);
        page_put(p, "✗ ");
        page_style(p, PLAIN);
        page_say(p, c->near_why);
        page_flow(p, LINE);
    }
}

static void put_value(Page *p, const ConditionResult *c)
{
    page_style(p, BOLD);
    page_put(p, truth_name(c->value));
    page_style(p, PLAIN);
    page_put(p, c->why.len ? ": " : "");
    page_say(p, c->why);
    page_put(p, c->condition && c->condition->inferred && c->value == YES
                    ? " (no document names this evidence: it makes likely, not confirmed)"
                    : "");
    page_flow(p, DETAIL);
}

static const Rule *rule_of(const Verdict *v, const ConditionResult *c)
{
    size_t at = (size_t)(c - v->conditions.at), conditions = v->cause->condition_count;
    return c->condition                                ? c->condition->rule
           : at - conditions < v->cause->support_count ? v->cause->supports[at - conditions]
                                                       : v->cause->refutes[at - conditions - v->cause->support_count];
}

static void put_condition(Term *t, const Verdict *v, const ConditionResult *c)
{
    Page *p = &t->page;
    const Rule *rule = rule_of(v, c);
    page_gap(p);
    term_glyph(p, c);
    page_style(p, BOLD);
    page_say(p, c->name);
    page_style(p, PLAIN);
    page_put(p, ": ");
    page_say(p, c->says);
    page_put(p, c->condition && c->condition->distinguishing ? " (points to this cause)" : "");
    page_flow(p, ITEM);
    put_value(p, c);
    if (rule) {
        put_asked(t, c, rule);
    } else if (c->condition && c->condition->left) {
        put_compared(p, c->condition);
        put_side(t, v, c->condition, c->condition->left);
        put_side(t, v, c->condition, c->condition->right);
    }
    put_evidence(t, v, c->name);
    if (c->value == UNKNOWN && rule) {
        put_maybe(t, &v->lists[rule->index]);
    }
    if (c->value != YES && rule && rule->kind == RULE_CORRELATION) {
        put_parts(t, v, rule);
    }
    if (c->value != YES && c->near) {
        put_near(t, c, rule);
    }
}

static void put_conditions(Term *t, const Verdict *v)
{
    static const char *const titles[] = {"CONDITIONS", "WHAT SPEAKS FOR IT", "WHAT SPEAKS AGAINST IT"};
    for (Role role = ROLE_REQUIRED; role <= ROLE_REFUTES; role++) {
        bool any = false;
        for (size_t i = 0; i < v->conditions.count; i++) {
            if (v->conditions.at[i].role != role) {
                continue;
            }
            if (!any) {
                term_heading(&t->page, titles[role]);
                page_flow(&t->page, TOP);
            }
            any = true;
            put_condition(t, v, &v->conditions.at[i]);
        }
    }
}

/* --- how it adds up --------------------------------------------------------------------------------------------- */

static bool holds_against(const Verdict *v)
{
    for (size_t i = 0; i < v->conditions.count; i++) {
        if (v->conditions.at[i].role == ROLE_REFUTES && v->conditions.at[i].value == YES) {
            return true;
        }
    }
    return false;
}

static bool any_unknown(const Verdict *v)
{
    for (size_t i = 0; i < v->cause->condition_count; i++) {
        if (v->conditions.at[i].value == UNKNOWN) {
            return true;
        }
    }
    return false;
}

static const char *reason(const Verdict *v, Truth when)
{
    switch (v->kind) {
    case CONFIRMED: return "confirmed: everything that it rests on is documented";
    case LIKELY: return "likely, not confirmed: it rests on evidence that no document names";
    case RULED_OUT: return any_unknown(v) ? "ruled out, whatever is unknown turns out to be" : "ruled out";
    case CANNOT_TELL: return "cannot tell: nothing that is true points to this cause";
    default:
        return when == YES && holds_against(v) ? "possible: it holds, and something speaks against it"
                                               : "possible: a condition that points to this cause is true";
    }
}

static void put_sum(Term *t, const Verdict *v)
{
    Page *p = &t->page;
    Arena scratch = {0};
    Truth *values = ARENA_NEW(&scratch, Truth, v->cause->condition_count);
    for (size_t i = 0; i < v->cause->condition_count; i++) {
        values[i] = v->conditions.at[i].value;
    }
    Truth when = expression_truth(v->cause->when, values);
    term_heading(p, "HOW IT ADDS UP");
    page_flow(p, TOP);
    page_put(p, "when  ");
    cause_when(p, v->cause, NULL);
    page_flow(p, (Frame){2, 8, NULL, 0});
    page_put(p, "    = ");
    cause_when(p, v->cause, values);
    page_flow(p, (Frame){2, 8, NULL, 0});
    page_put(p, "    = ");
    page_put(p, truth_name(when));
    page_put(p, ", so: ");
    page_put(p, reason(v, when));
    page_flow(p, (Frame){2, 8, NULL, 0});
    arena_free(&scratch);
}

/* --- what it was asked about ------------------------------------------------------------------------------------ */

static void put_run(Term *t)
{
    Page *p = &t->page;
    const EpisodeList *e = t->r->episodes;
    page_style(p, DIM);
    page_put(p, "Run");
    page_style(p, PLAIN);
    page_pad(p, 10);
    if (!e->failure) {
        page_put(p, e->backups ? "none of the backups that are seen is one that failed and was asked for"
                               : "no backup run is seen");
    } else {
        page_put(p, "the backup that failed at ");
        term_moment(p, e->failure->start_ns, TO_SECOND);
        page_put(p, " (another: --at, --task-id)");
    }
    page_flow(p, (Frame){0, 10, NULL, 0});
}

static void put_head(Term *t, const Verdict *v)
{
    Page *p = &t->page;
    term_title(p, v);
    page_put(p, v->machine.len ? "  on " : "");
    page_say(p, v->machine);
    page_flow(p, (Frame){0, 4, NULL, 0});
    page_say(p, v->cause->cause);
    page_flow(p, TEXT);
    term_applies(t, v);
    page_gap(p);
    term_machine(t);
    term_inputs(t);
    term_span(t);
    put_run(t);
    term_code(t);
    term_trouble(t);
}

void report_explain(const Report *report, const ReportStyle *style, Sink *out)
{
    Term t = {.r = report};
    const Verdict *v = &report->conclusion->verdicts.at[0];
    page_open(&t.page, out, style->columns, style->colour);
    put_head(&t, v);
    put_conditions(&t, v);
    put_sum(&t, v);
    term_verify(&t.page, v);
    term_questions(&t.page, v);
    term_collect(&t);
    page_gap(&t.page);
    page_put(&t.page, "What to do once it is the cause: vmsift signatures show ");
    page_say(&t.page, v->cause->name);
    page_flow(&t.page, (Frame){0, 2, NULL, 0});
    page_close(&t.page);
}
