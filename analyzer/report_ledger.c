/* The ledger as a page: what signatures ask for comes first, then the other sources, then what was not read or holds
 * nothing, and last what is not there. */
#include "report_term.h"

#define HOLES_MOST  8
#define PLACES_MOST 8
#define ROWS_MOST   100 /* of one part; what is damaged or has holes is always shown */

static void put_size(Page *p, uint64_t bytes)
{
    const char *const units[] = {bytes == 1 ? " byte" : " bytes", " KiB", " MiB", " GiB"};
    size_t unit = 0;
    while (bytes >= 10240 && unit + 1 < sizeof units / sizeof *units) {
        bytes = (bytes + 512) / 1024;
        unit++;
    }
    page_number(p, bytes);
    page_put(p, units[unit]);
}

/* How the times are known to be UTC; what is inferred or assumed is said by the notes. */
static void put_clock(Page *p, const SourceRow *row)
{
    if (row->span.from_ns == TIME_NONE) {
        page_put(p, row->events ? ", without times" : "");
    } else if (row->trust == TRUST_STAMPED) {
        page_put(p, ", stamped in UTC");
    } else if (row->trust == TRUST_INHERITED) {
        page_put(p, ", times of its neighbours or of the file");
    }
}

static void put_damage(Page *p, const SourceRow *row)
{
    static const Frame frame = {6, 8, NULL, 3};
    for (size_t i = 0; i < row->diagnostics.count && i < PLACES_MOST; i++) {
        page_put(p, row->diagnostics.at[i].is_line ? "line " : "byte ");
        page_id(p, row->diagnostics.at[i].at);
        page_put(p, ": ");
        page_say(p, row->diagnostics.at[i].what);
        page_flow(p, frame);
    }
    uint64_t all = row->diagnostics.count + row->diagnostics_lost;
    if (all > PLACES_MOST) {
        page_put(p, "… ");
        term_count(p, all - PLACES_MOST, "more place: --format json", "more places: --format json");
        page_flow(p, frame);
    }
    for (size_t i = 0; i < row->limits.count; i++) {
        page_put(p, "limit reached, ");
        page_put(p, row->limits.at[i].limit);
        page_put(p, ": ");
        page_say(p, row->limits.at[i].what);
        page_flow(p, frame);
    }
}

static void put_row(Page *p, const SourceRow *row)
{
    term_source_line(p, row);
    if (row->parser && row->status < ROW_SKIPPED) {
        page_style(p, DIM);
        page_put(p, row->parser);
        page_put(p, ", ");
        put_size(p, row->size);
        put_clock(p, row);
        page_style(p, PLAIN);
        page_flow(p, (Frame){6, 8, NULL, 0});
    }
    term_source_notes(p, row, HOLES_MOST);
    put_damage(p, row);
}

static void put_titles(Page *p, const LedgerPart *part)
{
    page_style(p, BOLD);
    for (size_t i = 0; i < part->titles.count; i++) {
        page_put(p, i ? "; " : "");
        page_say(p, part->titles.at[i]);
    }
    page_style(p, PLAIN);
    page_put(p, part->machine.len ? ", of " : "");
    page_say(p, part->machine);
    page_flow(p, TEXT);
    for (size_t i = 0; i < part->asked_by.count; i++) {
        page_put(p, i ? ", " : "asked for by ");
        page_say(p, part->asked_by.at[i]);
    }
    page_flow(p, (Frame){4, 6, NULL, 0});
}

static bool is_remarkable(const SourceRow *row)
{
    return row->status != ROW_READ || row->holes.count || row->diagnostics.count || row->limits.count;
}

static void put_rows(Page *p, const LedgerPart *part)
{
    Str folder = {0};
    size_t shown = 0;
    for (size_t k = 0; k < part->rows.count; k++) {
        if (shown < ROWS_MOST || is_remarkable(part->rows.at[k])) {
            term_folder(p, part->rows.at[k], &folder);
            put_row(p, part->rows.at[k]);
            shown++;
        }
    }
    if (shown < part->rows.count) {
        page_put(p, "… ");
        term_count(p, part->rows.count - shown, "more: --format json", "more: --format json");
        page_flow(p, (Frame){4, 4, NULL, 0});
    }
}

static void put_parts(Term *t, bool asked, const char *title)
{
    Page *p = &t->page;
    bool any = false;
    for (size_t i = 0; i < t->r->conclusion->ledger.count; i++) {
        const LedgerPart *part = &t->r->conclusion->ledger.at[i];
        if (asked != (part->asked_by.count > 0)) {
            continue;
        }
        if (!any) {
            term_heading(p, title);
            page_flow(p, TOP);
            term_source_columns(p);
        }
        any = true;
        put_titles(p, part);
        put_rows(p, part);
    }
}

static void put_absent(Term *t)
{
    Page *p = &t->page;
    for (size_t i = 0; i < t->r->conclusion->absent.count; i++) {
        const LedgerPart *part = &t->r->conclusion->absent.at[i];
        if (i == 0) {
            term_heading(p, "NOT IN THE BUNDLE");
            page_put(p, ", and asked for by signatures");
            page_flow(p, TOP);
        }
        put_titles(p, part);
        page_say(p, part->why);
        page_flow(p, (Frame){4, 6, NULL, 0});
        for (size_t k = 0; k < part->how.count; k++) {
            term_way(p, part->how.at[k], 4);
        }
    }
}

static bool is_unlisted(const SourceRow *row)
{
    return !row->listed;
}

static void put_rest(Term *t)
{
    Page *p = &t->page;
    bool any = false;
    for (size_t i = 0; i < t->r->analysis->rows.count && !any; i++) {
        any = is_unlisted(t->r->analysis->rows.at[i]);
    }
    if (any) {
        term_heading(p, "NOT READ, OR EMPTY");
        page_flow(p, TOP);
        term_left_out(t, is_unlisted);
    }
}

void report_ledger_term(const Report *report, const ReportStyle *style, Sink *out)
{
    Term t = {.r = report};
    page_open(&t.page, out, style->columns, style->colour);
    term_machine(&t);
    term_span(&t);
    term_trouble(&t);
    page_put(&t.page, "Members   ");
    term_statuses(&t);
    page_flow(&t.page, (Frame){0, 10, NULL, 0});
    put_parts(&t, true, "ASKED FOR BY SIGNATURES");
    put_parts(&t, false, "OTHER SOURCES");
    put_rest(&t);
    put_absent(&t);
    page_close(&t.page);
}
