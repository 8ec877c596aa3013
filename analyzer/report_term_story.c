/* The first fatal error, the runs, what changed between them, the codes met, and what to collect next. */
#include "error_code.h"
#include "report_term.h"
#include "standing.h"

#define EPISODES_MOST  24
#define EPISODES_FIRST 6
#define CHANGES_MOST   12
#define CODES_MOST     8

/* --- the failing run -------------------------------------------------------------------------------------------- */

static void put_code(Page *p, CodeFamily family, uint32_t code)
{
    char text[16];
    bool hex = error_code_is_hex(family);
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

void term_first_error(Term *t)
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
    term_cited(t, first, 2);
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
    term_moment(p, e->start_ns, TO_MINUTE);
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
    term_heading(p, "FAILING RUNS");
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

void term_episodes(Term *t)
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
            term_count(p, skipped, "more", "more");
            page_line(p, 2);
            i += skipped;
        }
        put_episode(t, story[i]);
    }
    arena_free(&scratch);
}

void term_changes(Term *t)
{
    Page *p = &t->page;
    size_t count = t->r->conclusion->changes.count;
    if (count) {
        term_heading(p, "WHAT CHANGED");
        page_put(p, " between the last good and the first failed run");
        page_flow(p, TOP);
    }
    for (size_t i = 0; i < count && i < CHANGES_MOST; i++) {
        const Change *c = &t->r->conclusion->changes.at[i];
        if (c->time_ns != TIME_NONE) {
            term_moment(p, c->time_ns, TO_SECOND);
        }
        page_pad(p, 21);
        page_say(p, c->what);
        if (c->kept) {
            page_style(p, DIM);
            page_put(p, "  (");
            term_place(t, c->kept);
            page_put(p, ")");
            page_style(p, PLAIN);
        }
        page_flow(p, (Frame){2, 23, NULL, 3});
    }
    if (count > CHANGES_MOST) {
        page_put(p, "… ");
        term_count(p, count - CHANGES_MOST, "more change", "more changes");
        page_line(p, 2);
    }
}

void term_codes(Term *t)
{
    Page *p = &t->page;
    Arena scratch = {0};
    size_t count = t->r->analysis->codes.count;
    const CodeMet **codes = report_codes(t->r->analysis, &scratch);
    if (count) {
        term_heading(p, "ERROR CODES MET");
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
            term_moment(p, codes[i]->first_ns, TO_MINUTE);
        }
        page_put(p, codes[i]->row ? ", " : "");
        if (codes[i]->row) {
            term_source(t, codes[i]->row);
        }
        page_style(p, PLAIN);
        page_flow(p, (Frame){2, 21, NULL, 0});
    }
    if (count > CODES_MOST) {
        page_put(p, "… ");
        term_count(p, count - CODES_MOST, "more code: --format json", "more codes: --format json");
        page_line(p, 2);
    }
    arena_free(&scratch);
}

void term_way(Page *p, Str way, unsigned indent)
{
    size_t cut = str_find(way, STR(": "), 0);
    bool fits = indent + way.len <= p->columns || cut == STR_NOT_FOUND;
    page_say(p, fits ? way : str_slice(way, 0, cut + 1));
    page_flow(p, (Frame){indent, indent + 2, NULL, 0});
    if (!fits && str_starts(way, STR(COMMAND_BEFORE))) {
        term_command(p, str_from(way, cut + 2), indent + 2);
    } else if (!fits) {
        page_say(p, str_from(way, cut + 2));
        page_flow(p, (Frame){indent + 2, indent + 2, NULL, 0});
    }
}

#define CAUSES_MOST  4 /* are named; of more only how many */
#define COLLECT_MOST 5
#define COLLECT_FEW  3

static void put_causes(Page *p, const char *before, const StrList *causes)
{
    for (size_t i = 0; i < causes->count; i++) {
        page_put(p, i ? ", " : before);
        if (i == CAUSES_MOST && causes->count > CAUSES_MOST + 1) {
            term_count(p, causes->count - i, "more", "more");
            break;
        }
        page_say(p, causes->at[i]);
    }
}

static void put_title(Page *p, size_t number, Str title, Str machine)
{
    page_number(p, number);
    page_put(p, ". ");
    page_style(p, BOLD);
    page_say(p, title);
    page_style(p, PLAIN);
    page_put(p, machine.len ? ", of " : "");
    page_say(p, machine);
}

static bool brings(const Inspect *inspect, const Collect *c)
{
    return str_eq(c->mode, inspect->mode) && str_eq(c->machine, inspect->machine);
}

/* Is the row for somebody whose time is short? Not what only rules out causes that nothing points to, once a cause is
 * proved, and else not many of these. */
static bool is_worth(const Term *t, const Collect *c)
{
    const Conclusion *all = t->r->conclusion;
    size_t rank = (size_t)(c - all->collect.at);
    return c->pointed || (!t->proved && rank < COLLECT_MOST) || all->collect.count <= COLLECT_FEW;
}

static bool brings_worth(const Term *t, const Inspect *inspect)
{
    for (size_t i = 0; i < t->r->conclusion->collect.count; i++) {
        const Collect *c = &t->r->conclusion->collect.at[i];
        if (brings(inspect, c) && is_worth(t, c)) {
            return true;
        }
    }
    return false;
}

static void put_left(Term *t)
{
    Page *p = &t->page;
    const Conclusion *all = t->r->conclusion;
    size_t left = 0;
    for (size_t i = 0; i < all->collect.count; i++) {
        left += !is_worth(t, &all->collect.at[i]);
    }
    if (left) {
        term_count(p, left, "more thing", "more things");
        page_put(p, " would decide causes that nothing points to; vmsift explain ID BUNDLE names them for each, "
                    "--format json all.");
        page_flow(p, TEXT);
    }
}

/* Without the way that the whole group has in common. */
static void put_ways(Page *p, const Collect *c, unsigned indent)
{
    for (size_t i = 0; i < c->how.count; i++) {
        if (!c->mode.len || i != c->mode_at) {
            term_way(p, c->how.at[i], indent);
        }
    }
}

/* One report brings several sources: each in two lines, and how to get it without the report. */
static void put_brought(Page *p, const Collect *c)
{
    page_put(p, "- ");
    page_style(p, BOLD);
    page_say(p, c->title);
    page_style(p, PLAIN);
    put_causes(p, "  for ", &c->decides);
    page_flow(p, (Frame){5, 7, NULL, 0});
    page_say(p, c->why);
    page_flow(p, (Frame){7, 7, NULL, 0});
    if (c->how.count > 1) {
        page_put(p, "or by hand:");
        page_flow(p, (Frame){7, 7, NULL, 0});
        put_ways(p, c, 9);
    }
}

static void put_inspect(Term *t, const Inspect *inspect, size_t number)
{
    Page *p = &t->page;
    put_title(p, number, inspect->title, inspect->machine);
    put_causes(p, "  decides ", &inspect->decides);
    put_causes(p, inspect->decides.count ? "; may decide " : "  may decide ", &inspect->helps);
    page_flow(p, (Frame){2, 5, NULL, 0});
    for (size_t i = 0; i < inspect->made.count; i++) {
        term_way(p, inspect->made.at[i], 5);
    }
}

static void put_inspections(Term *t, size_t *number)
{
    const Conclusion *c = t->r->conclusion;
    for (size_t i = 0; i < c->inspect.count; i++) {
        if (!brings_worth(t, &c->inspect.at[i])) {
            continue;
        }
        put_inspect(t, &c->inspect.at[i], ++*number);
        for (size_t k = 0; k < c->collect.count; k++) {
            if (brings(&c->inspect.at[i], &c->collect.at[k]) && is_worth(t, &c->collect.at[k])) {
                put_brought(&t->page, &c->collect.at[k]);
            }
        }
    }
}

static void put_collect(Page *p, const Collect *c, size_t number)
{
    put_title(p, number, c->title, c->machine);
    put_causes(p, "  for ", &c->decides);
    page_flow(p, (Frame){2, 5, NULL, 0});
    page_say(p, c->why);
    page_flow(p, (Frame){5, 5, NULL, 0});
    put_ways(p, c, 5);
}

/* For a bundle that was put together by hand: what a report would bring of all that. */
static void put_instead(Term *t, size_t *number)
{
    Page *p = &t->page;
    const Conclusion *c = t->r->conclusion;
    for (size_t i = 0; i < c->inspect.count; i++) {
        if (!brings_worth(t, &c->inspect.at[i])) {
            continue;
        }
        put_inspect(t, &c->inspect.at[i], ++*number);
        page_put(p, "It brings");
        for (size_t k = 0, put = 0; k < c->collect.count; k++) {
            if (brings(&c->inspect.at[i], &c->collect.at[k])) {
                page_put(p, put++ ? "; " : " ");
                page_say(p, c->collect.at[k].title);
            }
        }
        page_flow(p, (Frame){5, 5, NULL, 0});
    }
}

void term_collect(Term *t)
{
    Page *p = &t->page;
    const Conclusion *c = t->r->conclusion;
    size_t number = 0;
    bool hands = false;
    if (c->collect.count) {
        term_heading(p, "COLLECT NEXT");
        page_put(p, ", best value first");
        page_flow(p, TOP);
    }
    if (!c->by_hand) {
        put_inspections(t, &number);
    }
    for (size_t i = 0; i < c->collect.count; i++) {
        if ((c->by_hand || !c->collect.at[i].mode.len) && is_worth(t, &c->collect.at[i])) {
            put_collect(p, &c->collect.at[i], ++number);
            hands = true;
        }
    }
    if (c->by_hand && hands && c->inspect.count) {
        page_put(p, "Or without hands on the VM:");
        page_flow(p, TEXT);
        put_instead(t, &number);
    }
    if (hands) {
        page_put(p,
                 "Where the VM cannot be used: attach its OS disk, or one that was restored from a recovery point, to "
                 "another VM, and copy the same paths from there.");
        page_flow(p, TEXT);
    }
    put_left(t);
}
