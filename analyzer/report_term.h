/* What the parts of the terminal page share, private to report_term*.c. */
#ifndef REPORT_TERM_H
#define REPORT_TERM_H

#include "report_formats.h"
#include "report_page.h"

#define SHOWN_MOST 32

typedef struct Term {
    Page page;
    const Report *r;
    bool proved;                   /* a cause is confirmed or likely */
    const Kept *shown[SHOWN_MOST]; /* quoted already: the first fatal error, then those of this cause */
    size_t shown_count, shown_before;
} Term;

static const Frame TOP = {0, 2, NULL, 0}, TEXT = {2, 2, NULL, 0}, ITEM = {2, 4, NULL, 0}, NESTED = {6, 6, NULL, 0};

void term_heading(Page *p, const char *title);
void term_count(Page *p, uint64_t n, const char *one, const char *many);
/* 2023-05-11 21:38:47, cut to `len` characters of it. */
void term_moment(Page *p, int64_t ns, unsigned len);
#define TO_SECOND 19
#define TO_MINUTE 16
#define TO_DAY    10

/* CONFIRMED, in its colour; ✓, ✗ or ? before a condition. */
void term_verdict_word(Page *p, VerdictKind kind);
void term_glyph(Page *p, const ConditionResult *c);
/* Word, title and id of a verdict, into the paragraph. */
void term_title(Page *p, const Verdict *v);
void term_applies(Term *t, const Verdict *v); /* with --code: is it documented for that error? */
/* Of the unknown conditions: what to look at in the VM, and what to ask whom. */
void term_verify(Page *p, const Verdict *v);
void term_questions(Page *p, const Verdict *v);

/* Which source, short: as many parts of its path, from the end, as tell it from all others: the name alone, most often.
 * Where there are several collections, the one it is of comes first. */
void term_source(Term *t, const SourceRow *row);
void term_place(Term *t, const Kept *kept);
void term_time(Page *p, const Kept *kept);
/* As many lines of it at most; false if lines are left. */
bool term_quote(Page *p, Str quote, unsigned indent, unsigned lines);
bool term_was_shown(Term *t, const Kept *kept);              /* and is from now on */
void term_cited(Term *t, const Kept *kept, unsigned indent); /* place, time and quote */
/* `On the VM: copy C:\…`: where it does not fit on a line, what is to be typed or found has lines of its own. */
void term_way(Page *p, Str way, unsigned indent);
/* Line by line as it was written, for copying. */
void term_command(Page *p, Str command, unsigned indent);

void term_statuses(Term *t); /* 12 read, 3 skipped: into the paragraph */
/* One line a source: name, status, events, span; then what is to be said of it, and at most `holes` of its holes. */
void term_source_columns(Page *p);
void term_source_line(Page *p, const SourceRow *row);
void term_source_notes(Page *p, const SourceRow *row, size_t holes);
void term_folder(Page *p, const SourceRow *row, Str *last); /* its folder, where that is another than the last one */
/* The sources without a part or line of their own, by what became of them. */
typedef bool TermLeftOut(const SourceRow *row);
void term_left_out(Term *t, TermLeftOut *left_out);

/* The parts, in the order of the page. */
void term_machine(Term *t);
void term_inputs(Term *t); /* of a case */
void term_span(Term *t);
void term_code(Term *t); /* the error that was asked about */
void term_trouble(Term *t);
void term_first_error(Term *t);
void term_verdicts(Term *t);
void term_episodes(Term *t);
void term_changes(Term *t);
void term_codes(Term *t);
void term_collect(Term *t);
void term_sources(Term *t);
void term_diagnostics(Term *t);
void term_limits(Term *t);

#endif
