/* The page a support engineer reads: the answer first, then its proof, what to do, and what is missing. What is long
 * and dull (clean sources, causes that are ruled out) is grouped; what was lost never is. All times are UTC. */
#include "error_code.h"
#include "report_formats.h"
#include "report_page.h"

#define QUOTE_LINES    6
#define EPISODES_MOST  24
#define EPISODES_FIRST 6
#define CHANGES_MOST   12
#define CODES_MOST     8
#define PLACES_MOST    5
#define HOLES_MOST     2
#define GROUPS_MOST    24
#define NAMES_MOST     3
#define SHOWN_MOST     32

typedef struct Term {
    Page page;
    const Report *r;
    bool proved;                   /* a cause is confirmed or likely */
    const Kept *shown[SHOWN_MOST]; /* quoted already: the first fatal error, then those of this cause */
    size_t shown_count, shown_before;
} Term;

static const Frame TOP = {0, 2, NULL, 0}, TEXT = {2, 2, NULL, 0}, ITEM = {2, 4, NULL, 0}, NESTED = {6, 6, NULL, 0};

static void heading(Page *p, const char *title)
{
    page_gap(p);
    page_style(p, BOLD);
    page_put(p, title);
    page_style(p, PLAIN);
}

static void put_count(Page *p, uint64_t n, const char *one, const char *many)
{
    page_number(p, n);
    page_put(p, " ");
    page_put(p, n == 1 ? one : many);
}

/* 2023-05-11 21:38:47, cut to `len` characters of it. */
static void put_moment(Page *p, int64_t ns, unsigned len)
{
    char text[TIMESTAMP_ROOM];
    timestamp_format(text, ns, 0);
    text[10] = ' ';
    text[len] = 0;
    page_put(p, text);
}

#define TO_SECOND 19
#define TO_MINUTE 16
#define TO_DAY    10

/* --- places and quotes ------------------------------------------------------------------------------------------ */

/* How many parts of a path, from its end, tell it from all others: the name alone, most often. */
static Str short_path(const Term *t, const SourceRow *row)
{
    size_t cut = str_rfind_byte(row->path, '/');
    for (size_t i = 0; i < t->r->analysis->rows.count && cut != STR_NOT_FOUND; i++) {
        const Str other = t->r->analysis->rows.at[i]->path;
        Str tail = str_from(row->path, cut);
        bool bare = str_eq(other, str_from(tail, 1));
        if (!str_eq(other, row->path) && (bare || str_ends(other, tail))) {
            cut = str_rfind_byte(str_slice(row->path, 0, cut), '/');
            i = (size_t)-1; /* a longer tail: ask all of them again */
        }
    }
    return cut == STR_NOT_FOUND ? row->path : str_from(row->path, cut + 1);
}

static void put_place(Term *t, const Kept *kept)
{
    page_say(&t->page, short_path(t, kept->row));
    if (kept->quote_at) {
        page_put(&t->page, kept->ev.is_line ? " line " : " record ");
        page_id(&t->page, kept->quote_at);
    }
}

/* The same digits in the same order: `2023-05-11 21:38:47` and `[2023-05-11T21:38:47.000Z]` say the same. */
static bool same_stamp(Str original, Str utc)
{
    size_t i = 0, n = 0;
    for (; i < original.len && n < utc.len; i++) {
        if (byte_digit(original.at[i])) {
            while (n < utc.len && !byte_digit(utc.at[n])) {
                n++;
            }
            if (n == utc.len || utc.at[n++] != original.at[i]) {
                return false;
            }
        } else if (original.at[i] == '+') {
            return false;
        }
    }
    return true;
}

static void put_time(Page *p, const Kept *kept)
{
    const Event *ev = kept->stands_for ? &kept->stands_for->ev : &kept->ev;
    static const char *const doubts[] = {
        [TRUST_STAMPED] = "",
        [TRUST_INFERRED] = " (zone inferred)",
        [TRUST_ASSUMED] = " (zone assumed to be UTC)",
        [TRUST_INHERITED] = " (no stamp of its own)",
        [TRUST_NONE] = "",
    };
    char text[TIMESTAMP_ROOM];
    if (ev->time_ns == TIME_NONE) {
        return;
    }
    Str utc = {(uint8_t *)text, timestamp_format(text, ev->time_ns, ev->time_digits)};
    page_put(p, ", ");
    page_put(p, text);
    page_put(p, doubts[ev->trust]);
    if (ev->time_text.len && !same_stamp(ev->time_text, utc)) {
        page_put(p, ", stamped ");
        page_say(p, ev->time_text);
    }
}

static void put_quote(Page *p, Str quote, unsigned indent)
{
    unsigned left = QUOTE_LINES;
    for (Str rest = quote, line; left > 0 && str_split(&rest, '\n', &line);) {
        page_say(p, str_trim(line));
        unsigned lines = page_flow(p, (Frame){indent, indent, "│ ", left});
        left -= lines < left ? lines : left;
        if (left == 0 && str_trim(rest).len) {
            page_put(p, "… (the rest: --format json)");
            page_flow(p, (Frame){indent, indent, "│ ", 1});
        }
    }
}

static void put_cited(Term *t, const Kept *kept, unsigned indent)
{
    Page *p = &t->page;
    page_style(p, DIM);
    put_place(t, kept);
    put_time(p, kept);
    page_style(p, PLAIN);
    page_flow(p, (Frame){indent, indent + 2, NULL, 0});
    put_quote(p, kept->quote, indent);
}

/* --- head ------------------------------------------------------------------------------------------------------- */

static void label(Page *p, const char *name)
{
    page_style(p, DIM);
    page_put(p, name);
    page_style(p, PLAIN);
    page_pad(p, 10);
}

static const Frame LABELLED = {0, 10, NULL, 0};

static void put_machine(Term *t)
{
    const Bundle *b = t->r->bundle;
    Page *p = &t->page;
    label(p, "Machine");
    if (b->machine.len) {
        page_say(p, b->machine);
    } else {
        page_put(p, "unknown");
    }
    page_put(p, "; bundle ");
    page_say(p, b->name.len ? b->name : str_of(b->path));
    page_put(p, " (");
    page_put(p, bundle_kind_name(b->kind));
    if (b->collection_mode.len) {
        page_put(p, ", collection mode ");
        page_say(p, b->collection_mode);
    }
    page_put(p, ")");
    page_flow(p, LABELLED);
}

static void put_span(Term *t)
{
    const Bundle *b = t->r->bundle;
    Page *p = &t->page;
    label(p, "Logs");
    if (b->time_first == TIME_NONE) {
        page_put(p, "no event with a time");
    } else {
        put_moment(p, b->time_first, TO_MINUTE);
        page_put(p, " to ");
        put_moment(p, b->time_last, TO_MINUTE);
        page_put(p, " UTC");
    }
    if (b->collected_ns != TIME_NONE) {
        page_put(p, ", collected ");
        put_moment(p, b->collected_ns, TO_MINUTE);
    }
    page_flow(p, LABELLED);
}

static void put_runs(Term *t)
{
    const EpisodeList *e = t->r->episodes;
    Page *p = &t->page;
    label(p, "Backups");
    if (e->backups == 0) {
        page_put(p, "no run seen");
    } else {
        put_count(p, e->backups, "run seen: ", "runs seen: ");
        page_number(p, e->good);
        page_put(p, " good, ");
        page_number(p, e->failed);
        page_put(p, " failed");
        if (e->backups > e->good + e->failed) {
            page_put(p, ", ");
            page_number(p, e->backups - e->good - e->failed);
            page_put(p, " without a known outcome");
        }
    }
    page_flow(p, LABELLED);
}

static void put_head(Term *t)
{
    Page *p = &t->page;
    page_style(p, BOLD);
    page_say(p, t->r->conclusion->headline);
    page_style(p, PLAIN);
    page_flow(p, (Frame){0, 0, NULL, 0});
    page_gap(p);
    put_machine(t);
    put_span(t);
    put_runs(t);
    if (t->r->bundle->trouble.len) {
        label(p, "Trouble");
        page_style(p, RED);
        page_say(p, t->r->bundle->trouble);
        page_style(p, PLAIN);
        page_flow(p, LABELLED);
    }
}

/* --- one cause in full ------------------------------------------------------------------------------------------ */

static void put_verdict_word(Page *p, VerdictKind kind)
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

static void put_glyph(Page *p, const ConditionResult *c)
{
    bool against = c->role == ROLE_REFUTES;
    page_style(p, c->value == UNKNOWN ? YELLOW : (c->value == YES) != against ? GREEN : RED);
    page_put(p, c->value == UNKNOWN ? "? " : against ? "! " : c->value == YES ? "✓ " : "✗ ");
    page_style(p, PLAIN);
}

static bool was_shown(Term *t, const Kept *kept)
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
            put_place(t, e->kept);
            put_time(p, e->kept);
            any = true;
        }
    }
    page_style(p, PLAIN);
    if (any) {
        page_flow(p, (Frame){6, 8, NULL, 0});
    }
    p->gathered.used = 0;
}

static void put_near(Term *t, const Match *near, unsigned indent)
{
    Page *p = &t->page;
    page_style(p, DIM);
    page_put(p, "nearest: ");
    put_place(t, near->kept);
    put_time(p, near->kept);
    if (near->why) {
        page_put(p, ": ");
        page_put(p, near->why);
    }
    page_style(p, PLAIN);
    page_flow(p, (Frame){indent, indent + 2, NULL, 0});
    page_say(p, near->kept->quote);
    page_flow(p, (Frame){indent, indent, "│ ", 2});
}

static void put_condition(Term *t, const Verdict *v, const ConditionResult *c)
{
    Page *p = &t->page;
    if (c->role != ROLE_REQUIRED && c->value != YES) {
        return;
    }
    put_glyph(p, c);
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
    if (quoted && was_shown(t, quoted)) {
        page_style(p, DIM);
        put_place(t, quoted);
        page_put(p, ", quoted above");
        page_style(p, PLAIN);
        page_flow(p, NESTED);
    } else if (quoted) {
        put_cited(t, quoted, 6);
    }
    put_other_places(t, v, c->name, quoted);
    if (c->value != YES && c->near && c->near->kept) {
        put_near(t, c->near, 6);
    }
}

static void sub_heading(Page *p, const char *title)
{
    page_gap(p);
    page_style(p, BOLD);
    page_put(p, title);
    page_style(p, PLAIN);
    page_flow(p, TEXT);
}

/* Line by line as it was written, for copying. */
static void put_command(Page *p, Str command, unsigned indent)
{
    for (Str rest = command, line; str_split(&rest, '\n', &line);) {
        if (str_trim(line).len) {
            page_style(p, CYAN);
            page_say(p, str_trim(line));
            page_style(p, PLAIN);
            page_line(p, indent);
        }
    }
}

static void put_labelled(Page *p, const char *name, Str text, Style style)
{
    if (text.len) {
        page_style(p, style);
        page_put(p, name);
        page_style(p, PLAIN);
        page_say(p, text);
        page_flow(p, NESTED);
    }
}

static void put_remedy(Page *p, const Cause *cause, const char *title)
{
    if (cause->remedy_count) {
        sub_heading(p, title);
    }
    for (size_t i = 0; i < cause->remedy_count; i++) {
        const RemedyStep *r = &cause->remedy[i];
        page_number(p, i + 1);
        page_put(p, ". ");
        unsigned hang = 2 + page_width(p);
        page_say(p, r->step);
        page_put(p, r->reboot ? " (needs a reboot)" : "");
        page_flow(p, (Frame){2, hang, NULL, 0});
        put_command(p, r->command, 6);
        put_labelled(p, "Risk: ", r->risk, YELLOW);
        put_labelled(p, "Undo: ", r->undo, PLAIN);
        put_labelled(p, "If it fails: ", r->if_fails, PLAIN);
    }
}

static bool is_open(const ConditionResult *c)
{
    return c->condition && c->value == UNKNOWN;
}

static void put_verify(Page *p, const Verdict *v)
{
    bool any = false;
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        for (size_t n = 0; is_open(c) && n < c->condition->verify_count; n++) {
            if (!any) {
                sub_heading(p, "To check in the VM");
            }
            any = true;
            page_put(p, "- ");
            page_say(p, c->condition->verify[n].step);
            page_flow(p, ITEM);
            put_labelled(p, "decides: ", c->condition->verify[n].decides, DIM);
        }
    }
}

static void put_questions(Page *p, const Verdict *v)
{
    bool any = false;
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        if (!is_open(c) || !c->condition->ask_name.len) {
            continue;
        }
        if (!any) {
            sub_heading(p, "Open questions");
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

static void put_references(Page *p, const Cause *cause)
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

static void put_folded(Term *t, const Cause *under)
{
    Page *p = &t->page;
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        const Verdict *v = &t->r->conclusion->verdicts.at[i];
        if (v->explained_by == under) {
            page_put(p, "It explains ");
            page_say(p, v->cause->name);
            page_put(p, " too (");
            put_verdict_word(p, v->kind);
            page_put(p, "): ");
            page_say(p, v->cause->title);
            page_flow(p, TEXT);
        }
    }
}

/* With a proved cause beside it, a possible one keeps its questions and loses its steps. */
static void put_verdict(Term *t, const Verdict *v)
{
    Page *p = &t->page;
    bool proved = v->kind == CONFIRMED || v->kind == LIKELY;
    t->shown_count = t->shown_before;
    page_gap(p);
    put_verdict_word(p, v->kind);
    page_put(p, "  ");
    page_style(p, BOLD);
    page_say(p, v->cause->title);
    page_style(p, PLAIN);
    page_put(p, "  ");
    page_style(p, DIM);
    page_say(p, v->cause->name);
    page_style(p, PLAIN);
    page_flow(p, (Frame){0, 4, NULL, 0});
    page_say(p, v->cause->cause);
    page_flow(p, TEXT);
    page_gap(p);
    for (size_t i = 0; i < v->conditions.count; i++) {
        put_condition(t, v, &v->conditions.at[i]);
    }
    put_verify(p, v);
    put_questions(p, v);
    if (proved || !t->proved) {
        put_remedy(p, v->cause, proved ? "What to do" : "What to do once it is proved");
        if (v->cause->reference_count) {
            page_gap(p);
        }
        put_references(p, v->cause);
    }
    put_folded(t, v->cause);
}

/* --- causes in short -------------------------------------------------------------------------------------------- */

/* The condition that says why: the first required one of that value, a distinguishing one before others. */
static const ConditionResult *reason(const Verdict *v, Truth value, size_t *others)
{
    const ConditionResult *first = NULL;
    *others = 0;
    for (size_t i = 0; i < v->conditions.count; i++) {
        const ConditionResult *c = &v->conditions.at[i];
        if (c->role == ROLE_REQUIRED && c->value == value) {
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
        put_count(p, others, "more condition)", "more conditions)");
    }
    page_flow(p, (Frame){4, 6, NULL, 3});
    if (v->kind == RULED_OUT && c->near && c->near->kept) {
        put_near(t, c->near, 4);
    }
}

static void put_briefs(Term *t, VerdictKind kind, const char *title)
{
    bool any = false;
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        const Verdict *v = &t->r->conclusion->verdicts.at[i];
        if (v->kind != kind || v->explained_by) {
            continue;
        }
        if (!any) {
            heading(&t->page, title);
            page_flow(&t->page, TOP);
        }
        any = true;
        put_brief(t, v);
    }
}

static void put_verdicts(Term *t)
{
    for (size_t i = 0; i < t->r->conclusion->verdicts.count; i++) {
        const Verdict *v = &t->r->conclusion->verdicts.at[i];
        if (v->kind <= POSSIBLE && !v->explained_by) {
            put_verdict(t, v);
        }
    }
    put_briefs(t, CANNOT_TELL, "CANNOT TELL");
    put_briefs(t, RULED_OUT, "RULED OUT");
}

/* --- the failing run -------------------------------------------------------------------------------------------- */

static void put_code(Page *p, CodeFamily family, uint32_t code)
{
    char text[16];
    bool hex = family == CODE_HRESULT || family == CODE_NTSTATUS;
    snprintf(text, sizeof text, hex ? "0x%08x" : "%u", (unsigned)code);
    page_put(p, text);
}

static void put_meaning(Page *p, CodeFamily family, uint32_t code)
{
    const ErrorCode *known = error_code_find(family, code);
    if (known && known->symbol) {
        page_put(p, known->symbol);
        page_put(p, ": ");
    }
    page_put(p, known ? known->meaning : "not in the dictionary");
}

static void put_codes_of(Page *p, Str quote)
{
    CodeHit hit, last = {0};
    for (size_t from = 0; error_code_next(quote, &from, &hit); last = hit) {
        if (hit.code != last.code) {
            put_code(p, hit.family, hit.code);
            page_put(p, " ");
            put_meaning(p, hit.family, hit.code);
            page_flow(p, ITEM);
        }
    }
}

static void put_first_error(Term *t)
{
    Page *p = &t->page;
    const Kept *first = t->r->conclusion->first_error;
    if (t->proved || (!first && !t->r->episodes->failure)) {
        return;
    }
    page_gap(p);
    page_style(p, BOLD);
    page_put(p, first ? "No documented cause is proved. The first fatal error of the failing run is:"
                      : "No documented cause is proved, and the logs of the failing run name no fatal error.");
    page_style(p, PLAIN);
    page_flow(p, (Frame){0, 0, NULL, 0});
    if (!first) {
        return;
    }
    put_cited(t, first, 2);
    put_codes_of(p, first->quote);
    t->shown[t->shown_before++] = first;
}

static bool in_story(const EpisodeList *list, const Episode *e, int64_t from, int64_t to)
{
    bool run = e->kind == EPISODE_BACKUP || e->kind == EPISODE_INSTALL || e->kind == EPISODE_ENABLE;
    return (run && e->outcome == OUTCOME_FAILURE) || e == list->last_good ||
           (!run && e->start_ns >= from && e->start_ns <= to) ||
           (e->kind == EPISODE_BACKUP && e->start_ns >= from && e->start_ns <= to);
}

/* From the last good run, or the first failure, to the last failure. */
static size_t story_of(const EpisodeList *list, const Episode **story, size_t room)
{
    int64_t from = INT64_MAX, to = TIME_NONE;
    size_t count = 0;
    for (size_t i = 0; i < list->list.count; i++) {
        const Episode *e = &list->list.at[i];
        if (e->kind == EPISODE_BACKUP && e->outcome == OUTCOME_FAILURE) {
            from = e->start_ns < from ? e->start_ns : from;
            to = e->start_ns > to ? e->start_ns : to;
        }
    }
    for (size_t i = 0; i < list->list.count; i++) {
        if (in_story(list, &list->list.at[i], from, to)) {
            if (count < room) {
                story[count] = &list->list.at[i];
            }
            count++;
        }
    }
    return count;
}

static void put_stage(Page *p, int stage)
{
    static const char *const names[] = {
        "",           "1 configuration", "2 VC++ runtime", "3 services", "4 provider",      "5 VSS provider",
        "6 metadata", "7 add drives",    "8 writers",      "9 prepare",  "10 snapshot set", "11 complete",
        "12 summary",
    };
    if (stage > 0 && stage < (int)(sizeof names / sizeof *names)) {
        page_put(p, names[stage]);
    }
}

static void put_outcome(Page *p, Outcome outcome)
{
    page_style(p, outcome == OUTCOME_FAILURE ? RED : outcome == OUTCOME_SUCCESS ? GREEN : DIM);
    page_put(p, outcome_name(outcome));
    page_style(p, PLAIN);
}

static void put_error(Page *p, uint32_t code, bool narrow)
{
    const ErrorCode *known = error_code_find(code >> 28 == 0xC ? CODE_NTSTATUS : CODE_HRESULT, code);
    const char *symbol = known ? known->symbol : NULL;
    if (!symbol || !narrow) {
        put_code(p, CODE_HRESULT, code);
        page_put(p, " ");
    }
    page_put(p, symbol ? symbol : "");
}

/* Columns of the table of runs; the error comes last and may be long. */
#define AT_KIND    21
#define AT_OUTCOME 29
#define AT_STAGE   38
#define AT_ERROR   55

static void put_episode(Term *t, const Episode *e)
{
    Page *p = &t->page;
    bool narrow = p->columns < 100, run = e->kind != EPISODE_BOOT && e->kind != EPISODE_SHUTDOWN;
    page_put(p, e == t->r->episodes->failure ? "→ " : "  ");
    put_moment(p, e->start_ns, TO_MINUTE);
    page_pad(p, AT_KIND);
    page_put(p, episode_kind_name(e->kind));
    page_pad(p, AT_OUTCOME);
    if (run) {
        put_outcome(p, e->outcome);
    }
    page_pad(p, AT_STAGE);
    put_stage(p, e->outcome == OUTCOME_SUCCESS ? 0 : e->stage);
    page_pad(p, AT_ERROR);
    if (e->has_error) {
        put_error(p, e->error, narrow);
    }
    if (run && e->kind != EPISODE_BACKUP && e->handler.len) {
        page_put(p, e->has_error ? ", " : "");
        page_say(p, e->handler);
    }
    page_flow(p, (Frame){0, AT_ERROR, NULL, 0});
}

static void put_episodes_heading(Page *p)
{
    heading(p, "FAILING RUNS");
    page_put(p, " and what happened between them (→ the one explained here)");
    page_flow(p, TOP);
    page_style(p, DIM);
    page_put(p, "  start (UTC)");
    page_pad(p, AT_KIND);
    page_put(p, "what");
    page_pad(p, AT_OUTCOME);
    page_put(p, "outcome");
    page_pad(p, AT_STAGE);
    page_put(p, "stage");
    page_pad(p, AT_ERROR);
    page_put(p, "error");
    page_style(p, PLAIN);
    page_line(p, 0);
}

static void put_episodes(Term *t)
{
    Page *p = &t->page;
    const EpisodeList *list = t->r->episodes;
    Arena scratch = {0};
    const Episode **story = ARENA_NEW(&scratch, const Episode *, list->list.count + 1);
    size_t count = list->failed ? story_of(list, story, list->list.count) : 0;
    if (count) {
        put_episodes_heading(p);
    }
    for (size_t i = 0; i < count; i++) {
        if (count > EPISODES_MOST && i == EPISODES_FIRST) {
            size_t skipped = count - EPISODES_MOST;
            page_put(p, "… ");
            put_count(p, skipped, "more", "more");
            page_line(p, 2);
            i += skipped;
        }
        put_episode(t, story[i]);
    }
    arena_free(&scratch);
}

static void put_changes(Term *t)
{
    Page *p = &t->page;
    size_t count = t->r->conclusion->changes.count;
    if (count) {
        heading(p, "WHAT CHANGED");
        page_put(p, " between the last good and the first failed run");
        page_flow(p, TOP);
    }
    for (size_t i = 0; i < count && i < CHANGES_MOST; i++) {
        const Change *c = &t->r->conclusion->changes.at[i];
        if (c->time_ns != TIME_NONE) {
            put_moment(p, c->time_ns, TO_SECOND);
        }
        page_pad(p, 21);
        page_say(p, c->what);
        if (c->kept) {
            page_style(p, DIM);
            page_put(p, "  (");
            put_place(t, c->kept);
            page_put(p, ")");
            page_style(p, PLAIN);
        }
        page_flow(p, (Frame){2, 23, NULL, 3});
    }
    if (count > CHANGES_MOST) {
        page_put(p, "… ");
        put_count(p, count - CHANGES_MOST, "more change", "more changes");
        page_line(p, 2);
    }
}

static void put_codes(Term *t)
{
    Page *p = &t->page;
    Arena scratch = {0};
    size_t count = t->r->analysis->codes.count;
    const CodeMet **codes = report_codes(t->r->analysis, &scratch);
    if (count) {
        heading(p, "ERROR CODES MET");
        page_flow(p, TOP);
    }
    for (size_t i = 0; i < count && i < CODES_MOST; i++) {
        put_code(p, (CodeFamily)codes[i]->family, codes[i]->code);
        page_pad(p, 12);
        page_number(p, codes[i]->count);
        page_put(p, "×");
        page_pad(p, 19);
        put_meaning(p, (CodeFamily)codes[i]->family, codes[i]->code);
        page_style(p, DIM);
        if (codes[i]->first_ns != TIME_NONE) {
            page_put(p, " First ");
            put_moment(p, codes[i]->first_ns, TO_MINUTE);
        }
        page_put(p, codes[i]->row ? ", " : "");
        page_say(p, codes[i]->row ? short_path(t, codes[i]->row) : (Str){0});
        page_style(p, PLAIN);
        page_flow(p, (Frame){2, 21, NULL, 0});
    }
    if (count > CODES_MOST) {
        page_put(p, "… ");
        put_count(p, count - CODES_MOST, "more code: --format json", "more codes: --format json");
        page_line(p, 2);
    }
    arena_free(&scratch);
}

static void put_collect(Term *t)
{
    Page *p = &t->page;
    if (t->r->conclusion->collect.count) {
        heading(p, "COLLECT NEXT");
        page_put(p, ", best value first");
        page_flow(p, TOP);
    }
    for (size_t i = 0; i < t->r->conclusion->collect.count; i++) {
        const Collect *c = &t->r->conclusion->collect.at[i];
        page_number(p, i + 1);
        page_put(p, ". ");
        page_style(p, BOLD);
        page_say(p, report_source_title(c->source));
        page_style(p, PLAIN);
        for (size_t n = 0; n < c->decides.count; n++) {
            page_put(p, n ? ", " : "  decides ");
            page_say(p, c->decides.at[n]);
        }
        page_flow(p, (Frame){2, 5, NULL, 0});
        page_say(p, c->why);
        page_flow(p, (Frame){5, 5, NULL, 0});
        for (size_t n = 0; n < c->source->collect_count; n++) {
            put_command(p, c->source->collect[n], 8);
        }
    }
}

/* --- sources ---------------------------------------------------------------------------------------------------- */

/* Without times: it has events, but no place in the story. */
static bool is_plain(const SourceRow *row)
{
    return row->status == ROW_READ && row->service == SERVICE_OTHER && row->span.from_ns == TIME_NONE && !row->note.len;
}

static bool has_own_line(const SourceRow *row)
{
    return (row->events && !is_plain(row)) || row->status == ROW_PARTIAL || row->status == ROW_DAMAGED;
}

static void put_sources_heading(Term *t)
{
    Page *p = &t->page;
    const Analysis *a = t->r->analysis;
    size_t by_status[ROW_UNREAD + 1] = {0};
    bool any = false;
    for (size_t i = 0; i < a->rows.count; i++) {
        by_status[a->rows.at[i]->status]++;
    }
    heading(p, "SOURCES");
    page_put(p, "  ");
    for (RowStatus s = ROW_READ; s <= ROW_UNREAD; s++) {
        if (by_status[s]) {
            page_put(p, any ? ", " : "");
            page_number(p, by_status[s]);
            page_put(p, " ");
            page_put(p, row_status_name(s));
            any = true;
        }
    }
    page_put(p, any ? "" : "none");
    page_flow(p, TOP);
}

static Str folder_of(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? (Str){0} : str_slice(path, 0, cut + 1);
}

static void put_hole(Page *p, const Hole *hole)
{
    page_put(p, "hole: ");
    if (hole->span.from_ns != TIME_NONE) {
        put_moment(p, hole->span.from_ns, TO_SECOND);
        page_put(p, " ");
    }
    page_put(p, "to ");
    if (hole->span.to_ns != INT64_MAX && hole->span.to_ns != TIME_NONE) {
        put_moment(p, hole->span.to_ns, TO_SECOND);
    } else {
        page_put(p, "the end");
    }
    page_put(p, hole->why ? ": " : "");
    page_put(p, hole->why ? hole->why : "");
}

static void put_zone(Page *p, const SourceRow *row)
{
    long long minutes = row->zone_ns / NS_MINUTE;
    unsigned size = (unsigned)(minutes < 0 ? -minutes : minutes);
    char text[48];
    if (row->trust == TRUST_INFERRED) {
        snprintf(text, sizeof text, "zone %c%02u:%02u, inferred", minutes < 0 ? '-' : '+', size / 60, size % 60);
        page_put(p, text);
    } else if (row->trust == TRUST_ASSUMED) {
        page_put(p, "no zone in it, taken as UTC");
    }
}

static void put_source_notes(Page *p, const SourceRow *row)
{
    static const Frame note = {6, 8, NULL, 3};
    page_say(p, row->note);
    page_flow(p, note);
    if (row->span.from_ns != TIME_NONE) {
        put_zone(p, row);
        page_flow(p, note);
    }
    for (size_t i = 0; i < row->holes.count && i < HOLES_MOST; i++) {
        put_hole(p, &row->holes.at[i]);
        page_flow(p, note);
    }
    if (row->holes.count > HOLES_MOST) {
        page_put(p, "… ");
        put_count(p, row->holes.count - HOLES_MOST, "more hole", "more holes");
        page_flow(p, note);
    }
}

static void put_right(Page *p, uint64_t n, unsigned end)
{
    char text[32];
    unsigned digits = (unsigned)snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    unsigned width = digits + (digits - 1) / 3;
    page_pad(p, end > width ? end - width : 0);
    page_number(p, n);
}

/* Columns of names; what comes behind them takes 58, or 46 without the times of day. */
static unsigned name_columns(const Page *p)
{
    return p->columns >= 120 ? 54 : p->columns >= 100 ? 40 : p->columns > 78 ? 32 : 20;
}

static void put_source(Page *p, const SourceRow *row)
{
    unsigned column = name_columns(p), len = p->columns < 100 ? TO_DAY : TO_MINUTE;
    page_say(p, str_from(row->path, folder_of(row->path).len));
    if (page_width(p) > column) {
        page_flow(p, (Frame){4, 4, NULL, 0});
    }
    page_pad(p, column + 1);
    page_style(p, row->status == ROW_DAMAGED ? RED : row->status == ROW_PARTIAL ? YELLOW : PLAIN);
    page_put(p, row_status_name(row->status));
    page_style(p, PLAIN);
    put_right(p, row->events, column + 19);
    if (row->span.from_ns != TIME_NONE) {
        page_put(p, "  ");
        put_moment(p, row->span.from_ns, len);
        page_put(p, len == TO_DAY ? " " : "  ");
        put_moment(p, row->span.to_ns, len);
    }
    page_line(p, 4);
    put_source_notes(p, row);
}

static void put_columns(Page *p)
{
    unsigned column = name_columns(p);
    page_style(p, DIM);
    page_pad(p, column + 1);
    page_put(p, "status");
    page_pad(p, column + 13);
    page_put(p, "events  first");
    page_pad(p, column + (p->columns < 100 ? 32 : 39));
    page_put(p, "last");
    page_style(p, PLAIN);
    page_line(p, 4);
}

static void put_own_lines(Term *t)
{
    Page *p = &t->page;
    const Analysis *a = t->r->analysis;
    Str folder = {0};
    bool any = false;
    for (size_t i = 0; i < a->rows.count; i++) {
        const SourceRow *row = a->rows.at[i];
        if (!has_own_line(row)) {
            continue;
        }
        if (!any) {
            put_columns(p);
        }
        if (!any || !str_eq(folder, folder_of(row->path))) {
            any = true;
            folder = folder_of(row->path);
            page_style(p, DIM);
            page_say(p, folder.len ? folder : STR("./"));
            page_style(p, PLAIN);
            page_flow(p, TEXT);
        }
        put_source(p, row);
    }
}

typedef struct Group { /* sources without a line of their own, of one status and for one reason */
    const SourceRow *names[NAMES_MOST];
    size_t count;
} Group;

static Group *group_of(Group *groups, size_t *used, const SourceRow *row)
{
    for (size_t i = 0; i < *used; i++) {
        const SourceRow *first = groups[i].names[0];
        if (first->status == row->status && str_eq(first->note, row->note) && !first->events == !row->events) {
            return &groups[i];
        }
    }
    return *used < GROUPS_MOST ? &groups[(*used)++] : NULL;
}

static void put_group(Term *t, const Group *g)
{
    Page *p = &t->page;
    const SourceRow *row = g->names[0];
    page_put(p, row_status_name(row->status));
    page_put(p, ", ");
    if (row->note.len) {
        page_say(p, row->note);
    } else {
        page_put(p, row->events ? "without times" : row->status == ROW_READ ? "no event in it" : "no reason known");
    }
    page_put(p, ": ");
    if (g->count > 1) {
        page_number(p, g->count);
        page_put(p, " (");
    }
    for (size_t i = 0; i < g->count && i < NAMES_MOST; i++) {
        page_put(p, i ? ", " : "");
        page_say(p, short_path(t, g->names[i]));
    }
    page_put(p, g->count > NAMES_MOST ? " …)" : g->count > 1 ? ")" : "");
    page_flow(p, ITEM);
}

static void put_groups(Term *t)
{
    const Analysis *a = t->r->analysis;
    Group groups[GROUPS_MOST] = {0};
    size_t used = 0, others = 0;
    for (size_t i = 0; i < a->rows.count; i++) {
        if (has_own_line(a->rows.at[i])) {
            continue;
        }
        Group *g = group_of(groups, &used, a->rows.at[i]);
        if (!g) {
            others++;
            continue;
        }
        if (g->count < NAMES_MOST) {
            g->names[g->count] = a->rows.at[i];
        }
        g->count++;
    }
    for (size_t i = 0; i < used; i++) {
        put_group(t, &groups[i]);
    }
    if (others) {
        put_count(&t->page, others, "more source, for another reason", "more sources, for other reasons");
        page_put(&t->page, ": --format json");
        page_flow(&t->page, ITEM);
    }
}

/* --- what was lost ---------------------------------------------------------------------------------------------- */

static void put_lost(Page *p, size_t shown, uint64_t count)
{
    if (count > shown) {
        page_put(p, "… ");
        put_count(p, count - shown, "more", "more");
        page_put(p, ": --format json");
        page_line(p, 2);
    }
}

static void put_diagnostics(Term *t)
{
    Page *p = &t->page;
    uint64_t shown = 0, count = 0;
    for (size_t i = 0; i < t->r->analysis->rows.count; i++) {
        const SourceRow *row = t->r->analysis->rows.at[i];
        for (size_t n = 0; n < row->diagnostics.count && shown < PLACES_MOST; n++, shown++) {
            if (!shown) {
                heading(p, "PLACES THAT COULD NOT BE READ");
                page_flow(p, TOP);
            }
            page_say(p, short_path(t, row));
            page_put(p, row->diagnostics.at[n].is_line ? " line " : " byte ");
            page_id(p, row->diagnostics.at[n].at);
            page_put(p, ": ");
            page_say(p, row->diagnostics.at[n].what);
            page_flow(p, (Frame){2, 4, NULL, 3});
        }
        count += row->diagnostics.count + row->diagnostics_lost;
    }
    put_lost(p, shown, count);
}

static void put_limits(Term *t)
{
    Page *p = &t->page;
    uint64_t shown = 0, count = 0;
    for (size_t i = 0; i < t->r->analysis->rows.count; i++) {
        const SourceRow *row = t->r->analysis->rows.at[i];
        for (size_t n = 0; n < row->limits.count && shown < PLACES_MOST; n++, shown++) {
            if (!shown) {
                heading(p, "LIMITS REACHED");
                page_flow(p, TOP);
            }
            page_say(p, short_path(t, row));
            page_put(p, ": ");
            page_say(p, row->limits.at[n].what);
            page_style(p, DIM);
            page_put(p, " (");
            page_put(p, row->limits.at[n].limit);
            page_put(p, ")");
            page_style(p, PLAIN);
            page_flow(p, (Frame){2, 4, NULL, 3});
        }
        count += row->limits.count;
    }
    put_lost(p, shown, count);
}

void report_term(const Report *report, const ReportStyle *style, Sink *out)
{
    Term t = {.r = report};
    page_open(&t.page, out, style->columns, style->colour);
    for (size_t i = 0; i < report->conclusion->verdicts.count; i++) {
        t.proved |= report->conclusion->verdicts.at[i].kind <= LIKELY;
    }
    put_head(&t);
    put_first_error(&t);
    put_verdicts(&t);
    put_episodes(&t);
    put_changes(&t);
    put_codes(&t);
    put_collect(&t);
    put_sources_heading(&t);
    put_own_lines(&t);
    put_groups(&t);
    put_diagnostics(&t);
    put_limits(&t);
    page_close(&t.page);
}
