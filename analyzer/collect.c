/* The open conditions name what they miss; the modes of the disk inspection say who holds it. As few inspections as
 * will do bring all that any mode holds; for the rest there are hands on the machine, older copies, and questions. */
#include "collect.h"

#include "cover.h"

typedef struct Need {        /* a row of collect[] while it grows */
    const LogSource *source; /* NULL: a question */
    Standing standing;
    Span window;     /* the widest that is asked for */
    const char *why; /* of the first that asks */
    Holders holders;
    uint32_t mode;                   /* the bit of the inspection that brings it; 0: none */
    VEC(const ConditionResult *) of; /* the conditions that ask for it, or the question */
    bool shows_runs;                 /* it is asked for the runs it shows */
    StrList decides;
    size_t rank;  /* of the best verdict among them */
    bool pointed; /* something points to one of them */
} Need;

typedef struct Plan {
    Survey *survey;
    Conclusion *out;
    VEC(Need) needs;
    uint32_t modes; /* the inspections that are chosen */
} Plan;

/* --- what is missing -------------------------------------------------------------------------------------------- */

#define UNKNOWN_MOST 10 /* two to the power of it are tried */

/* The unknown conditions of a verdict, and values of all of which those are tried. */
typedef struct Trial {
    const Verdict *verdict;
    Truth *values;
    size_t unknown[UNKNOWN_MOST], count;
} Trial;

static Trial trial_open(const Verdict *v, Arena *run)
{
    Trial t = {.verdict = v, .values = ARENA_NEW(run, Truth, v->cause->condition_count)};
    for (size_t i = 0; i < v->cause->condition_count; i++) {
        t.values[i] = v->conditions.at[i].value;
    }
    return t;
}

/* One of the two to the power of `count` ways the unknown ones may turn out. */
static Truth trial_truth(Trial *t, size_t way)
{
    for (size_t k = 0; k < t->count; k++) {
        t->values[t->unknown[k]] = way >> k & 1 ? YES : NO;
    }
    return expression_truth(t->verdict->cause->when, t->values);
}

/* Does it depend on this condition, however the other unknown ones turn out? In `a or b` it does not on b once a holds.
 */
static bool matters(const Verdict *v, size_t condition, Arena *run)
{
    Trial t = trial_open(v, run);
    for (size_t i = 0; i < v->cause->condition_count; i++) {
        if (i != condition && v->conditions.at[i].value == UNKNOWN) {
            if (t.count == UNKNOWN_MOST) {
                return true; /* too many to try: let it be asked */
            }
            t.unknown[t.count++] = i;
        }
    }
    for (size_t way = 0; way < (size_t)1 << t.count; way++) {
        t.values[condition] = YES;
        Truth with = trial_truth(&t, way);
        t.values[condition] = NO;
        if (trial_truth(&t, way) != with) {
            return true;
        }
    }
    return false;
}

/* Would the condition, once known, change the verdict? A likely one waits for documented evidence alone. */
static bool is_open(const Verdict *v, size_t condition, Arena *run)
{
    const ConditionResult *r = &v->conditions.at[condition];
    if (v->explained_by || v->aside || r->value != UNKNOWN) {
        return false;
    }
    return v->kind == LIKELY ? !r->condition->inferred
                             : (v->kind == POSSIBLE || v->kind == CANNOT_TELL) && matters(v, condition, run);
}

static Need *need_of(Plan *plan, const LogSource *source, Standing standing, const ConditionResult *question)
{
    for (size_t i = 0; i < plan->needs.count; i++) {
        Need *n = &plan->needs.at[i];
        if (n->source == source && n->standing == standing &&
            (source || str_eq(n->of.at[0]->condition->ask_name, question->condition->ask_name))) {
            return n;
        }
    }
    Need *n = VEC_ADD(plan->survey->run, &plan->needs);
    *n = (Need){.source = source, .standing = standing, .window = {TIME_NONE, TIME_NONE}};
    if (source) {
        n->holders = source_holders(plan->survey, source, standing);
    }
    return n;
}

static void need_add(Plan *plan, Need *n, size_t rank, Span window)
{
    const Cause *cause = plan->out->verdicts.at[rank].cause;
    n->pointed = n->pointed || verdict_pointed(&plan->out->verdicts.at[rank]);
    n->rank = n->decides.count && n->rank < rank ? n->rank : rank;
    for (size_t i = 0; i < n->decides.count; i++) {
        if (str_eq(n->decides.at[i], cause->name)) {
            cause = NULL;
            break;
        }
    }
    if (cause) {
        *VEC_ADD(plan->survey->run, &n->decides) = cause->name;
    }
    if (n->window.from_ns == TIME_NONE) {
        n->window = window;
    } else if (window.from_ns != TIME_NONE) {
        n->window.from_ns = window.from_ns < n->window.from_ns ? window.from_ns : n->window.from_ns;
        n->window.to_ns = window.to_ns > n->window.to_ns ? window.to_ns : n->window.to_ns;
    }
}

/* Runs that nothing in the bundle shows are shown by the extension's own log. */
static Missing wanted(const Plan *plan, const Missing *m)
{
    const RuleSet *rules = plan->survey->rules;
    bool runs =
        m->source->kind == SERVICE_EPISODE && source_standing(plan->survey, m->source, m->window) == STANDS_ABSENT;
    for (size_t i = 0; runs && i < rules->source_count; i++) {
        if (rules->sources[i].kind == SERVICE_VMSNAPSHOT) {
            return (Missing){.source = &rules->sources[i], .window = m->window, .why = m->why};
        }
    }
    return *m;
}

static Standing standing_of(const Plan *plan, const Missing *m)
{
    return m->older ? STANDS_LATER : source_standing(plan->survey, m->source, m->window);
}

static void needs_of(Plan *plan, size_t rank, const ConditionResult *r)
{
    for (size_t i = 0; i < r->missing.count; i++) {
        Missing m = wanted(plan, &r->missing.at[i]);
        Standing standing = standing_of(plan, &m);
        if (standing == STANDS_HERE) {
            continue;
        }
        Need *n = need_of(plan, m.source, standing, r);
        n->why = n->why ? n->why : m.why;
        need_add(plan, n, rank, m.window);
        if (r->missing.at[i].source->kind == SERVICE_EPISODE) {
            n->shows_runs = true;
        } else {
            *VEC_ADD(plan->survey->run, &n->of) = r;
        }
    }
    if (r->missing.count == 0 && r->condition->ask_name.len) {
        Need *n = need_of(plan, NULL, STANDS_ABSENT, r);
        need_add(plan, n, rank, (Span){TIME_NONE, TIME_NONE});
        *VEC_ADD(plan->survey->run, &n->of) = r;
    }
}

/* --- who brings it ---------------------------------------------------------------------------------------------- */

static void modes_choose(Plan *plan)
{
    Arena *run = plan->survey->run;
    Want *wants = ARENA_NEW(run, Want, plan->needs.count);
    for (size_t i = 0; i < plan->needs.count; i++) {
        wants[i] = (Want){plan->needs.at[i].holders.whole, plan->needs.at[i].holders.lesser};
    }
    plan->modes = cover_find(wants, plan->needs.count, (unsigned)plan->survey->rules->inspection.mode_count);
    for (size_t i = 0; i < plan->needs.count; i++) {
        uint32_t hold = wants[i].whole & plan->modes;
        hold = hold ? hold : wants[i].lesser & plan->modes;
        plan->needs.at[i].mode = hold & (~hold + 1);
    }
}

static const Need *need_for(const Plan *plan, const Missing *missing)
{
    Missing m = wanted(plan, missing);
    Standing standing = standing_of(plan, &m);
    for (size_t i = 0; i < plan->needs.count; i++) {
        if (plan->needs.at[i].source == m.source && plan->needs.at[i].standing == standing) {
            return &plan->needs.at[i];
        }
    }
    return NULL;
}

/* Everything the condition misses comes with this inspection. */
static bool is_supplied(const Plan *plan, const ConditionResult *r, uint32_t mode)
{
    bool any = false;
    for (size_t i = 0; i < r->missing.count; i++) {
        const Need *n = need_for(plan, &r->missing.at[i]);
        if (n && n->mode != mode) {
            return false;
        }
        any = any || n;
    }
    return any;
}

/* With the supplied conditions known, whatever they turn out to be: is the verdict then known? YES: always; UNKNOWN: if
 * they turn out well; NO: never. */
static Truth decided(const Plan *plan, const Verdict *v, uint32_t mode)
{
    Trial t = trial_open(v, plan->survey->run);
    size_t known = 0;
    for (size_t i = 0; i < v->cause->condition_count && t.count < UNKNOWN_MOST; i++) {
        if (is_open(v, i, plan->survey->run) && is_supplied(plan, &v->conditions.at[i], mode)) {
            t.unknown[t.count++] = i;
        }
    }
    for (size_t way = 0; way < (size_t)1 << t.count; way++) {
        known += trial_truth(&t, way) != UNKNOWN;
    }
    return t.count == 0 || known == 0 ? NO : known == (size_t)1 << t.count ? YES : UNKNOWN;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

/* `mode agents`, or `mode agents:12.3` where an inspection in that mode was stopped. */
static Str mode_text(const Plan *plan, uint32_t mode)
{
    const Survey *survey = plan->survey;
    const Str *modes = survey->rules->inspection.modes;
    size_t bit = 0;
    while (mode >> bit > 1) {
        bit++;
    }
    for (size_t i = 0; i < survey->inspections.count; i++) {
        const Collection *c = survey->inspections.at[i];
        if (str_eq_nocase(c->mode, modes[bit]) && c->resume.len && !str_eq(c->resume, STR("?"))) {
            return arena_join(survey->run, (Str[]){modes[bit], STR(":"), c->resume}, 3);
        }
    }
    return modes[bit];
}

static Str filled(Arena *run, Str text, Str mode)
{
    size_t at = str_find(text, STR("{mode}"), 0);
    return at == STR_NOT_FOUND ? text
                               : arena_join(run, (Str[]){str_slice(text, 0, at), mode, str_from(text, at + 6)}, 3);
}

static Str inspection_title(const Plan *plan, Str mode)
{
    const Survey *survey = plan->survey;
    Str parts[] = {survey->inspections.count ? STR("One more ") : STR("A "), survey->rules->inspection.title,
                   STR(", mode "), mode};
    return arena_join(survey->run, parts, sizeof parts / sizeof *parts);
}

static Str inspection_how(const Plan *plan, const Need *n)
{
    Arena *run = plan->survey->run;
    const Inspection *inspection = &plan->survey->rules->inspection;
    Str mode = mode_text(plan, n->mode);
    VEC(Str) parts = {0};
    *VEC_ADD(run, &parts) = inspection_title(plan, mode);
    for (size_t i = 0; i < inspection->made_count; i++) {
        *VEC_ADD(run, &parts) = i ? STR("; ") : STR(". ");
        *VEC_ADD(run, &parts) = filled(run, inspection->made[i], mode);
    }
    return arena_join(run, parts.at, parts.count);
}

static void partly_how(const Plan *plan, const LogSource *source, StrList *how)
{
    const Survey *survey = plan->survey;
    if (source->partly && !(source->partly & survey->modes)) {
        Str parts[] = {STR("A "),       survey->rules->inspection.title,
                       STR(", mode "),  mode_names(&survey->rules->inspection, source->partly, " or ", survey->run),
                       STR(", holds "), source->holds,
                       STR(" only")};
        *VEC_ADD(survey->run, how) = arena_join(survey->run, parts, sizeof parts / sizeof *parts);
    }
}

static void answer_how(const Plan *plan, const Need *n, StrList *how)
{
    Str last = {0};
    for (size_t i = 0; i < n->of.count; i++) {
        Str name = n->of.at[i]->condition->ask_name;
        if (name.len && !str_eq(name, last)) {
            last = name;
            Str parts[] = {n->source ? STR("Or answer the question: ")
                                     : STR("Ask whoever runs the machine, and answer: "),
                           STR("--assert "),
                           name,
                           STR("=yes or --assert "),
                           name,
                           STR("=no")};
            *VEC_ADD(plan->survey->run, how) = arena_join(plan->survey->run, parts, sizeof parts / sizeof *parts);
        }
    }
}

static void hands_how(const Plan *plan, const Need *n, StrList *how)
{
    Arena *run = plan->survey->run;
    if (n->standing == STANDS_LATER) {
        source_older(n->source, n->window.to_ns, run, how);
        return;
    }
    if (n->standing == STANDS_SILENT && n->source->kind == SERVICE_EPISODE) {
        *VEC_ADD(run, how) = STR("Start a backup in the Azure portal, and collect again when it has failed");
    }
    if (source_lost(plan->survey, n->source, n->standing)) {
        *VEC_ADD(run, how) = STR("Get this bundle again, whole, from whoever made it");
    }
    source_by_hand(n->source, run, how);
    partly_how(plan, n->source, how);
}

static void how_fill(const Plan *plan, const Need *n, Collect *row)
{
    bool hands_first = plan->out->by_hand || !n->mode;
    if (n->source && hands_first) {
        hands_how(plan, n, &row->how);
    }
    if (n->mode) {
        row->mode = mode_text(plan, n->mode);
        row->mode_at = row->how.count;
        *VEC_ADD(plan->survey->run, &row->how) = inspection_how(plan, n);
    }
    if (n->source && !hands_first) {
        hands_how(plan, n, &row->how);
    }
    answer_how(plan, n, &row->how);
}

/* What it would tell: the runs, or one condition in words and how many more. */
static Str tells_text(const Plan *plan, const Need *n)
{
    size_t others = 0;
    for (size_t i = 1; i < n->of.count; i++) {
        others += !str_eq(n->of.at[i]->says, n->of.at[0]->says);
    }
    Str parts[] = {n->shows_runs ? STR("It shows when backups ran, and how they ended") : (Str){0},
                   n->shows_runs && n->of.count ? STR(". ") : (Str){0},
                   n->of.count ? STR("It tells if this is so: ") : (Str){0}, n->of.count ? n->of.at[0]->says : (Str){0},
                   others == 0   ? (Str){0}
                   : others == 1 ? STR(" (and 1 thing more)")
                                 : arena_format(plan->survey->run, " (and %zu things more)", others)};
    return arena_join(plan->survey->run, parts, sizeof parts / sizeof *parts);
}

/* Why it is not at hand, and what it would tell. */
static Str why_text(const Plan *plan, const Need *n)
{
    if (!n->source) {
        return n->of.at[0]->condition->ask_question;
    }
    bool lesser = n->mode && !(n->holders.whole & n->mode);
    Str parts[] = {source_situation(plan->survey, n->source, n->standing, n->window, n->why),
                   lesser ? STR(". Mode ") : (Str){0},
                   lesser ? mode_text(plan, n->mode) : (Str){0},
                   lesser ? STR(" holds it without ") : (Str){0},
                   lesser ? n->source->lacks : (Str){0},
                   STR(". "),
                   tells_text(plan, n)};
    return arena_join(plan->survey->run, parts, sizeof parts / sizeof *parts);
}

static Str title_text(const Plan *plan, const Need *n)
{
    if (!n->source) {
        return STR("the answer to a question");
    }
    Str parts[] = {n->standing == STANDS_LATER ? STR("an older copy of ") : (Str){0}, n->source->title};
    return arena_join(plan->survey->run, parts, 2);
}

/* What decides causes that something points to comes first, then what decides more; of equals what decides the
 * likelier.
 */
static bool goes_before(const Need *a, const Need *b)
{
    if (a->pointed != b->pointed) {
        return a->pointed;
    }
    return a->decides.count != b->decides.count ? a->decides.count > b->decides.count : a->rank < b->rank;
}

static void needs_sort(Plan *plan)
{
    for (size_t i = 1; i < plan->needs.count; i++) { /* stable, and the list is short */
        Need n = plan->needs.at[i];
        size_t j = i;
        for (; j > 0 && goes_before(&n, &plan->needs.at[j - 1]); j--) {
            plan->needs.at[j] = plan->needs.at[j - 1];
        }
        plan->needs.at[j] = n;
    }
}

static void rows_add(Plan *plan)
{
    for (size_t i = 0; i < plan->needs.count; i++) {
        const Need *n = &plan->needs.at[i];
        Collect *row = VEC_ADD(plan->survey->run, &plan->out->collect);
        *row = (Collect){
            .title = title_text(plan, n), .why = why_text(plan, n), .decides = n->decides, .pointed = n->pointed};
        how_fill(plan, n, row);
    }
}

/* In the order of their first row. */
static void inspections_add(Plan *plan)
{
    Survey *survey = plan->survey;
    uint32_t added = 0;
    for (size_t i = 0; i < plan->needs.count; i++) {
        uint32_t mode = plan->needs.at[i].mode;
        if (!mode || mode & added) {
            continue;
        }
        added |= mode;
        Inspect *to = VEC_ADD(survey->run, &plan->out->inspect);
        *to = (Inspect){.mode = mode_text(plan, mode)};
        to->title = inspection_title(plan, to->mode);
        for (size_t k = 0; k < survey->rules->inspection.made_count; k++) {
            *VEC_ADD(survey->run, &to->made) = filled(survey->run, survey->rules->inspection.made[k], to->mode);
        }
        for (size_t k = 0; k < plan->out->verdicts.count; k++) {
            const Verdict *v = &plan->out->verdicts.at[k];
            Truth truth = decided(plan, v, mode);
            if (truth == YES) {
                *VEC_ADD(survey->run, &to->decides) = v->cause->name;
            } else if (truth == UNKNOWN) {
                *VEC_ADD(survey->run, &to->helps) = v->cause->name;
            }
        }
    }
}

void collect_next(Conclusion *out, Survey *survey)
{
    Plan plan = {.survey = survey, .out = out};
    out->by_hand = survey_by_hand(survey);
    for (size_t i = 0; i < out->verdicts.count; i++) {
        const Verdict *v = &out->verdicts.at[i];
        for (size_t k = 0; k < v->cause->condition_count; k++) { /* those of the cause come first */
            if (is_open(v, k, survey->run)) {
                needs_of(&plan, i, &v->conditions.at[k]);
            }
        }
    }
    modes_choose(&plan);
    needs_sort(&plan);
    rows_add(&plan);
    inspections_add(&plan);
}
