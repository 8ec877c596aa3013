/* What was read and what was not: sources, places that could not be read, limits reached. */
#include "report_term.h"

#define PLACES_MOST 5
#define HOLES_MOST  2
#define GROUPS_MOST 24
#define NAMES_MOST  3

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

void term_statuses(Term *t)
{
    Page *p = &t->page;
    const Analysis *a = t->r->analysis;
    size_t by_status[ROW_UNREAD + 1] = {0};
    bool any = false;
    for (size_t i = 0; i < a->rows.count; i++) {
        by_status[a->rows.at[i]->status]++;
    }
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
        term_moment(p, hole->span.from_ns, TO_SECOND);
        page_put(p, " ");
    }
    page_put(p, "to ");
    if (hole->span.to_ns != INT64_MAX && hole->span.to_ns != TIME_NONE) {
        term_moment(p, hole->span.to_ns, TO_SECOND);
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
    } else if (row->trust == TRUST_LOCAL) {
        page_put(p, "its times are shown as they stand; in UTC they may be up to 14 hours earlier or 12 hours later");
    }
}

void term_source_notes(Page *p, const SourceRow *row, size_t holes)
{
    static const Frame note = {6, 8, NULL, 3};
    page_say(p, row->note);
    page_flow(p, note);
    if (row->span.from_ns != TIME_NONE) {
        put_zone(p, row);
        page_flow(p, note);
    }
    for (size_t i = 0; i < row->holes.count && i < holes; i++) {
        put_hole(p, &row->holes.at[i]);
        page_flow(p, note);
    }
    if (row->holes.count > holes) {
        page_put(p, "… ");
        term_count(p, row->holes.count - holes, "more hole", "more holes");
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

void term_source_line(Page *p, const SourceRow *row)
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
        term_moment(p, row->span.from_ns, len);
        page_put(p, len == TO_DAY ? " " : "  ");
        term_moment(p, row->span.to_ns, len);
    }
    page_line(p, 4);
}

void term_source_columns(Page *p)
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

void term_folder(Page *p, const SourceRow *row, Str *last)
{
    Str folder = folder_of(row->path);
    if (!last->at || !str_eq(folder, *last)) {
        *last = folder.len ? folder : STR("./");
        page_style(p, DIM);
        page_say(p, *last);
        page_style(p, PLAIN);
        page_flow(p, TEXT);
    }
}

static void put_own_lines(Term *t)
{
    Page *p = &t->page;
    const Analysis *a = t->r->analysis;
    Str folder = {0};
    for (size_t i = 0; i < a->rows.count; i++) {
        const SourceRow *row = a->rows.at[i];
        if (!has_own_line(row)) {
            continue;
        }
        if (!folder.at) {
            term_source_columns(p);
        }
        term_folder(p, row, &folder);
        term_source_line(p, row);
        term_source_notes(p, row, HOLES_MOST);
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
        term_source(t, g->names[i]);
    }
    page_put(p, g->count > NAMES_MOST ? " …)" : g->count > 1 ? ")" : "");
    page_flow(p, ITEM);
}

static bool has_no_line(const SourceRow *row)
{
    return !has_own_line(row);
}

void term_left_out(Term *t, TermLeftOut *left_out)
{
    const Analysis *a = t->r->analysis;
    Group groups[GROUPS_MOST] = {0};
    size_t used = 0, others = 0;
    for (size_t i = 0; i < a->rows.count; i++) {
        if (!left_out(a->rows.at[i])) {
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
        term_count(&t->page, others, "more source, for another reason", "more sources, for other reasons");
        page_put(&t->page, ": --format json");
        page_flow(&t->page, ITEM);
    }
}

void term_sources(Term *t)
{
    term_heading(&t->page, "SOURCES");
    page_put(&t->page, "  ");
    term_statuses(t);
    page_flow(&t->page, TOP);
    put_own_lines(t);
    term_left_out(t, has_no_line);
}

/* --- what was lost ---------------------------------------------------------------------------------------------- */

static void put_lost(Page *p, size_t shown, uint64_t count)
{
    if (count > shown) {
        page_put(p, "… ");
        term_count(p, count - shown, "more", "more");
        page_put(p, ": --format json");
        page_line(p, 2);
    }
}

void term_diagnostics(Term *t)
{
    Page *p = &t->page;
    uint64_t shown = 0, count = 0;
    for (size_t i = 0; i < t->r->analysis->rows.count; i++) {
        const SourceRow *row = t->r->analysis->rows.at[i];
        for (size_t n = 0; n < row->diagnostics.count && shown < PLACES_MOST; n++, shown++) {
            if (!shown) {
                term_heading(p, "PLACES THAT COULD NOT BE READ");
                page_flow(p, TOP);
            }
            term_source(t, row);
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

void term_limits(Term *t)
{
    Page *p = &t->page;
    uint64_t shown = 0, count = 0;
    for (size_t i = 0; i < t->r->analysis->rows.count; i++) {
        const SourceRow *row = t->r->analysis->rows.at[i];
        for (size_t n = 0; n < row->limits.count && shown < PLACES_MOST; n++, shown++) {
            if (!shown) {
                term_heading(p, "LIMITS REACHED");
                page_flow(p, TOP);
            }
            term_source(t, row);
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
