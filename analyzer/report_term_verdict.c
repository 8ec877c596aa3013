/* The causes: the probable ones in full with their proof and what to do, the others in short. */
#include "report_cause.h"
#include "report_term.h"

/* --- one cause in full ------------------------------------------------------------------------------------------ */

void term_verdict_word(Page *p, VerdictKind kind)
{
    static const struct {
        const char *word;
        Style style;
    } words[] = {[CONFIRMED] = {"CONFIRMED", GOOD},
                 [LIKELY] = {"LIKELY", GREEN},
                 [POSSIBLE] = {"POSSIBLE", YELLOW},
                 [CANNOT_TELL] = {"CANNOT TELL", DIM},
                 [RULED_OUT] = {"RULED OUT", DIM}};
    page_style(p, words[kind].style);
    page_put(p, words[kind].word);
    page_style(p, PLAIN);
}

void term_glyph(Page *p, const ConditionResult *c)
{
    bool against = c->role == ROLE_REFUTES;
    page_style(p, c->value == UNKNOWN ? YELLOW : (c->value == YES) != against ? GREEN : RED);
    page_put(p, c->value == UNKNOWN ? "? " : c->value == NO ? "✗ " : against ? "! " : "✓ ");
    page_style(p, PLAIN);
}

bool term_was_shown(Term *t, const Kept *kept)
{
    for (size_t i = 0; i < t->shown_count; i++) {
        const Kept *other = t->shown[i]; /* an episode cites the line of another event: the place counts */
        if (other->row == kept->row && other->quote_at == kept->quote_at && other->ev.is_line == kept->ev.is_line) {
            return true;
        }
    }
    if (t->shown_count < SHOWN_MOST) {
        t->shown[t->shown_count++] = kept;
    }
    return false;
}

static uint64_t away(const Term *t, const Kept *kept)
{
    const Episode *failure = t->r->episodes->failure;
    if (!failure || failure->start_ns == TIME_NONE || kept->ev.time_ns == TIME_NONE) {
        return UINT64_MAX;
    }
    return failure->start_ns > kept->ev.time_ns ? (uint64_t)failure->start_ns - (uint64_t)kept->ev.time_ns
                                                : (uint64_t)kept->ev.time_ns - (uint64_t)failure->start_ns;
}

/* Of the evidence of a condition, the piece nearest to the explained failure is quoted … */
static const Kept *quoted_of(const Term *t, const Verdict *v, Str condition)
{
    const Kept *best = NULL;
    for (size_t i = 0; i < v->evidence.count; i++) {
        const Evidence *e = &v->evidence.at[i];
        if (str_eq(e->condition, condition) && (!best || away(t, e->kept) < away(t, best))) {
            best = e->kept;
        }
    }
    return best;
}

/* … and of the others only the places are named. */
static void put_other_places(Term *t, const Verdict *v, Str condition, const Kept *quoted)
{
    Page *p = &t->page;
    bool any = false;
    for (size_t i = 0; i < v->evidence.count; i++) {
        const Evidence *e = &v->evidence.at[i];
        if (str_eq(e->condition, condition) && e->kept != quoted) {
            page_style(p, any ? PLAIN : DIM);
            page_put(p, any ? "; " : "also ");
            term_place(t, e->kept);
            term_time(p, e->kept);
            any = true;
        }
    }
    page_style(p, PLAIN);
    if (any) {
        page_flow(p, (Frame){6, 8, NULL, 0});
    }
    p->gathered.used = 0;
}

static void put_near(Term *t, const ConditionResult *c, unsigned indent)
{
    const Match *near = c->near;
    Page *p = &t->page;
    page_style(p, DIM);
    page_put(p, "nearest: ");
    term_place(t, near->kept);
    term_time(p, near->kept);
    page_put(p, c->near_why.len ? ": " : "");
    page_say(p, c->near_why);
    page_style(p, PLAIN);
    page_flow(p, (Frame){indent, indent + 2, NULL, 0});
    term_quote(p, near->kept->quote, indent, 2);
}

static void put_condition(Term *t, const Verdict *v, const ConditionResult *c)
{
    Page *p = &t->page;
    if (c->role != ROLE_REQUIRED && c->value != YES) {
        return;
    }
    term_glyph(p, c);
    page_put(p, c->role == ROLE_SUPPORTS ? "supported by: " : c->role == ROLE_REFUTES ? "against it: " : "");
    page_say(p, c->says.len ? c->says : c->name);
    if (c->stated) {
        page_put(p, " (stated by the operator)");
    }
    if (v->kind <= LIKELY && c->value == NO) { /* proved another way: one line is enough */
        page_put(p, c->why.len ? " – " : "");
        page_say(p, c->why);
        page_flow(p, ITEM);
        return;
    }
    page_flow(p, ITEM);
    page_say(p, c->why);
    page_flow(p, NESTED);
    const Kept *quoted = quoted_of(t, v, c->name);
    if (quoted && term_was_shown(t, quoted)) {
        page_style(p, DIM);
        term_place(t, quoted);
        page_put(p, ", quoted above");
        page_style(p, PLAIN);
        page_flow(p, NESTED);
    } else if (quoted) {
        term_cited(t, quoted, 6);
    }
    put_other_places(t, v, c->name, quoted);
    if (c->value != YES && c->near && c->near->kept) {
        put_near(t, c, 6);
    }
}

static bool is_open(const ConditionResult *c)
{
    return c->condition && c->value == UNKNOWN;
}

void term_verify(Page *p, const Verdict *v)
{
    bool any = false;
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        for (size_t n = 0; is_open(c) && n < c->condition->verify_count; n++) {
            if (!any) {
                cause_heading(p, "To check in the VM");
            }
            any = true;
            page_put(p, "- ");
            page_say(p, c->condition->verify[n].step);
            page_flow(p, ITEM);
            cause_labelled(p, "decides: ", c->condition->verify[n].decides, DIM);
        }
    }
}

void term_questions(Page *p, const Verdict *v)
{
    bool any = false;
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        bool settled = v->kind == CONFIRMED || (v->kind == LIKELY && is_open(c) && c->condition->inferred);
        if (settled || !is_open(c) || !c->condition->ask_name.len) {
            continue;
        }
        if (!any) {
            cause_heading(p, "Open questions");
        }
        any = true;
        page_put(p, "? ");
        page_say(p, c->condition->ask_question);
        page_flow(p, ITEM);
        page_put(p, "if yes, add  --assert ");
        page_say(p, c->condition->ask_name);
        page_put(p, "=yes");
        page_line(p, 6);
        page_put(p, "if no, add   --assert ");
        page_say(p, c->condition->ask_name);
        page_put(p, "=no");
        page_line(p, 6);
    }
}

static void put_folded(Term *t, const Cause *under)
{
    Page *p = &t->page;
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        const Verdict *v = &t->r->conclusion->verdicts.at[i];
        if (v->explained_by == under) {
            page_put(p, "It explains ");
            page_say(p, v->cause->name);
            page_put(p, " too (");
            term_verdict_word(p, v->kind);
            page_put(p, "): ");
            page_say(p, v->cause->title);
            page_flow(p, TEXT);
        }
    }
}

static void put_machine(Page *p, const Verdict *v)
{
    if (!v->machine.len) {
        return;
    }
    page_put(p, "  on ");
    page_say(p, v->machine);
    for (size_t i = 0; i < v->also.count; i++) {
        page_put(p, i ? ", " : "; ");
        page_say(p, v->also.at[i].machine);
        page_put(p, ": ");
        page_put(p, verdict_name(v->also.at[i].kind));
    }
}

/* With --code: what is proved and not documented for that error must not be taken for its cause. */
void term_applies(Term *t, const Verdict *v)
{
    Page *p = &t->page;
    if (asked_code_tells(&t->r->code)) {
        page_style(p, v->applies ? PLAIN : YELLOW);
        page_put(p, v->applies ? "A documented cause of " : "Not documented as a cause of ");
        page_say(p, t->r->code.name);
        page_put(p, ".");
        page_style(p, PLAIN);
        page_flow(p, TEXT);
    }
}

void term_title(Page *p, const Verdict *v)
{
    term_verdict_word(p, v->kind);
    page_put(p, "  ");
    page_style(p, BOLD);
    page_say(p, v->cause->title);
    page_style(p, PLAIN);
    page_put(p, "  ");
    page_style(p, DIM);
    page_say(p, v->cause->name);
    page_style(p, PLAIN);
}

/* With a proved cause beside it, a possible one keeps its questions and loses its steps. */
static void put_verdict(Term *t, const Verdict *v)
{
    Page *p = &t->page;
    bool proved = v->kind == CONFIRMED || v->kind == LIKELY;
    t->shown_count = t->shown_before;
    page_gap(p);
    term_title(p, v);
    put_machine(p, v);
    page_flow(p, (Frame){0, 4, NULL, 0});
    page_say(p, v->cause->cause);
    page_flow(p, TEXT);
    term_applies(t, v);
    page_gap(p);
    for (size_t i = 0; i < v->conditions.count; i++) {
        put_condition(t, v, &v->conditions.at[i]);
    }
    term_verify(p, v);
    term_questions(p, v);
    if (proved || !t->proved) {
        cause_remedy(p, v->cause, proved ? "What to do" : "What to do once it is proved");
        if (v->cause->reference_count) {
            page_gap(p);
        }
        cause_references(p, v->cause);
    }
    put_folded(t, v->cause);
}

/* --- causes in short -------------------------------------------------------------------------------------------- */

/* Of the required conditions of a value, those that are its reason: a false one that decides, else all of them. */
static bool is_reason(const ConditionResult *c, Truth value, bool deciding)
{
    return c->role == ROLE_REQUIRED && c->value == value && (!deciding || c->decides);
}

/* The condition that says why, a distinguishing one before others, and how many more there are. */
static const ConditionResult *reason(const Verdict *v, Truth value, size_t *others)
{
    const ConditionResult *first = NULL;
    bool deciding = false;
    *others = 0;
    for (size_t i = 0; i < v->conditions.count; i++) {
        deciding = deciding || is_reason(&v->conditions.at[i], value, true);
    }
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        if (is_reason(c, value, deciding)) {
            bool tells = c->condition && c->condition->distinguishing;
            bool better = !first || (tells && !(first->condition && first->condition->distinguishing));
            *others += first != NULL;
            first = better ? c : first;
        }
    }
    return first;
}

static void put_brief(Term *t, const Verdict *v)
{
    Page *p = &t->page;
    size_t others;
    const ConditionResult *c = reason(v, v->kind == RULED_OUT ? NO : UNKNOWN, &others);
    page_style(p, v->kind == RULED_OUT ? RED : YELLOW);
    page_put(p, v->kind == RULED_OUT ? "✗ " : "? ");
    page_style(p, PLAIN);
    page_say(p, v->cause->title);
    page_style(p, DIM);
    page_put(p, "  ");
    page_say(p, v->cause->name);
    page_style(p, PLAIN);
    put_machine(p, v);
    page_flow(p, ITEM);
    if (!c) {
        return;
    }
    page_put(p, v->kind == RULED_OUT ? "not so: " : "open: ");
    page_say(p, c->says.len ? c->says : c->name);
    if (c->why.len) {
        page_put(p, " – ");
        page_say(p, c->why);
    }
    if (others) {
        page_put(p, " (and ");
        term_count(p, others, "more condition)", "more conditions)");
    }
    page_flow(p, (Frame){4, 6, NULL, 3});
    const Kept *near = c->near ? c->near->kept : NULL;
    bool state = near && (near->ev.service == SERVICE_REGISTRY_STATE || near->ev.service == SERVICE_SERVICE_STATE);
    if (near &&
        (v->kind == RULED_OUT || c->elsewhere || state)) { /* what is set now helps where it proves nothing, too */
        put_near(t, c, 4);
    }
}

#define BRIEFS_FEW  6 /* are all told of in short */
#define BRIEFS_MOST 8

static bool is_brief(const Verdict *v, VerdictKind kind)
{
    return v->kind == kind && !v->explained_by && !v->aside;
}

/* Something points to it; or what would have pointed to it was nearly there at the failure: a value that is as it must
 * be, a line or an event of that day. Runs and their statuses come near to whatever is asked of them. */
static bool is_told(const Term *t, const Verdict *v)
{
    size_t others;
    const ConditionResult *c = v->kind == RULED_OUT ? reason(v, NO, &others) : NULL;
    if (v->kind != RULED_OUT) {
        return verdict_pointed(v);
    }
    if (!c || !c->near || !c->condition || !c->condition->distinguishing || !t->r->episodes->failure) {
        return false;
    }
    switch (c->near->kept->ev.service) {
    case SERVICE_EPISODE:
    case SERVICE_STATUS:
    case SERVICE_AGGREGATESTATUS: return false;
    case SERVICE_REGISTRY_STATE:
    case SERVICE_SERVICE_STATE: return true;
    default: return away(t, c->near->kept) <= NS_DAY;
    }
}

/* Only named: who wants to know more asks for one of them. */
static void put_names(Term *t, VerdictKind kind, size_t told)
{
    Page *p = &t->page;
    size_t met = 0, named = 0;
    page_put(p, kind == RULED_OUT ? "Nothing of these came near, though the sources cover that time: "
                                  : "Nothing points to these, and what would rule them out is not in the bundle: ");
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        const Verdict *v = &t->r->conclusion->verdicts.at[i];
        if (is_brief(v, kind) && (!is_told(t, v) || met++ >= told)) {
            page_put(p, named++ ? ", " : "");
            page_say(p, v->cause->name);
        }
    }
    page_put(p, ". vmsift explain ID BUNDLE shows each in full.");
    page_flow(p, TEXT);
}

static void put_briefs(Term *t, VerdictKind kind, const char *title)
{
    size_t all = 0, near = 0, put = 0;
    const Conclusion *c = t->r->conclusion;
    for (size_t i = 0; i < c->verdicts.count; i++) {
        all += is_brief(&c->verdicts.at[i], kind);
        near += is_brief(&c->verdicts.at[i], kind) && is_told(t, &c->verdicts.at[i]);
    }
    size_t most = all <= BRIEFS_FEW ? all : near < BRIEFS_MOST ? near : BRIEFS_MOST;
    if (all) {
        term_heading(&t->page, title);
        page_flow(&t->page, TOP);
    }
    for (size_t i = 0; i < c->verdicts.count && put < most; i++) {
        const Verdict *v = &c->verdicts.at[i];
        if (is_brief(v, kind) && (all <= BRIEFS_FEW || is_told(t, v))) {
            put_brief(t, v);
            put++;
        }
    }
    if (put < all) {
        put_names(t, kind, most);
    }
}

static size_t name_aside(Term *t, VerdictKind kind, size_t before)
{
    Page *p = &t->page;
    size_t count = 0;
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        const Verdict *v = &t->r->conclusion->verdicts.at[i];
        if (v->aside && v->kind == kind) {
            page_put(p, count ? ", " : before ? "; " : "");
            page_say(p, v->cause->name);
            count++;
        }
    }
    page_put(p, !count ? "" : kind == RULED_OUT ? " (ruled out)" : " (cannot tell)");
    return count;
}

static bool any_aside(const Term *t)
{
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        if (t->r->conclusion->verdicts.at[i].aside) {
            return true;
        }
    }
    return false;
}

/* Neither documented for the error that was asked about, nor anything that points to them. */
static void put_aside(Term *t)
{
    if (!any_aside(t)) {
        return;
    }
    term_heading(&t->page, "NOT FOR THIS ERROR");
    page_flow(&t->page, TOP);
    page_put(&t->page, "No document names them for ");
    page_say(&t->page, t->r->code.name);
    page_put(&t->page, ", and nothing points to them; without --code they are told in full: ");
    name_aside(t, RULED_OUT, name_aside(t, CANNOT_TELL, 0));
    page_flow(&t->page, TEXT);
}

void term_verdicts(Term *t)
{
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        const Verdict *v = &t->r->conclusion->verdicts.at[i];
        if (v->kind <= POSSIBLE && !v->explained_by) {
            put_verdict(t, v);
        }
    }
    put_briefs(t, CANNOT_TELL, "CANNOT TELL");
    put_briefs(t, RULED_OUT, "RULED OUT");
    put_aside(t);
}
