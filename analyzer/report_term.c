/* The page a support engineer reads: the answer first, then its proof, what to do, and what is missing. What is long
 * and dull (clean sources, causes that are ruled out) is grouped; what was lost never is. All times are UTC. */
#include "report_term.h"

#define QUOTE_LINES 6

void term_heading(Page *p, const char *title)
{
    page_gap(p);
    page_style(p, BOLD);
    page_put(p, title);
    page_style(p, PLAIN);
}

void term_count(Page *p, uint64_t n, const char *one, const char *many)
{
    page_number(p, n);
    page_put(p, " ");
    page_put(p, n == 1 ? one : many);
}

void term_moment(Page *p, int64_t ns, unsigned len)
{
    char text[TIMESTAMP_ROOM];
    timestamp_format(text, ns, 0);
    text[10] = ' ';
    text[len] = 0;
    page_put(p, text);
}

/* --- places and quotes ------------------------------------------------------------------------------------------ */

static Str short_path(const Term *t, const SourceRow *row)
{
    size_t cut = str_rfind_byte(row->path, '/');
    for (size_t i = 0; i < t->r->analysis->rows.count && cut != STR_NOT_FOUND; i++) {
        const Str other = t->r->analysis->rows.at[i]->path;
        if (t->r->analysis->rows.at[i]->gathering != row->gathering) {
            continue;
        }
        Str tail = str_from(row->path, cut);
        bool bare = str_eq(other, str_from(tail, 1));
        if (!str_eq(other, row->path) && (bare || str_ends(other, tail))) {
            cut = str_rfind_byte(str_slice(row->path, 0, cut), '/');
            i = (size_t)-1; /* a longer tail: ask all of them again */
        }
    }
    return cut == STR_NOT_FOUND ? row->path : str_from(row->path, cut + 1);
}

static bool is_of_registry(const Kept *kept)
{
    const Event *ev = kept->stands_for ? &kept->stands_for->ev : &kept->ev;
    return ev->service == SERVICE_REGISTRY_STATE;
}

void term_source(Term *t, const SourceRow *row)
{
    Str of = row->gathering ? row->gathering->name : (Str){0};
    if (of.len && !str_eq(of, row->path)) {
        page_say(&t->page, of);
        page_put(&t->page, ": ");
    }
    page_say(&t->page, short_path(t, row));
}

void term_place(Term *t, const Kept *kept)
{
    term_source(t, kept->row);
    if (kept->quote_at) {
        page_put(&t->page, kept->ev.is_line ? " line " : is_of_registry(kept) ? " byte " : " record ");
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

void term_time(Page *p, const Kept *kept)
{
    const Event *ev = kept->stands_for ? &kept->stands_for->ev : &kept->ev;
    static const char *const doubts[] = {
        [TRUST_STAMPED] = "",
        [TRUST_INFERRED] = " (zone inferred)",
        [TRUST_ASSUMED] = " (zone assumed to be UTC)",
        [TRUST_LOCAL] = "",
        [TRUST_INHERITED] = " (no stamp of its own)",
        [TRUST_NONE] = "",
    };
    char text[TIMESTAMP_ROOM];
    if (kept_time(kept) == TIME_NONE) {
        page_put(p, ev->time_text.len ? ", stamped " : "");
        page_say(p, ev->time_text);
        page_put(p, ev->trust == TRUST_LOCAL ? " (a local time, its zone is not known)" : "");
        return;
    }
    Str utc = {(uint8_t *)text, timestamp_format(text, ev->time_ns, ev->time_digits)};
    page_put(p, is_of_registry(kept) ? ", key written " : ", ");
    page_put(p, text);
    page_put(p, doubts[ev->trust]);
    if (ev->time_text.len && !same_stamp(ev->time_text, utc)) {
        page_put(p, ", stamped ");
        page_say(p, ev->time_text);
    }
}

bool term_quote(Page *p, Str quote, unsigned indent, unsigned lines)
{
    Str rest = quote;
    for (Str line; lines > 0 && str_split(&rest, '\n', &line);) {
        page_say(p, str_trim(line));
        unsigned used = page_flow(p, (Frame){indent, indent, "│ ", lines});
        lines -= used < lines ? used : lines;
    }
    return str_trim(rest).len == 0;
}

void term_cited(Term *t, const Kept *kept, unsigned indent)
{
    Page *p = &t->page;
    page_style(p, DIM);
    term_place(t, kept);
    term_time(p, kept);
    page_style(p, PLAIN);
    page_flow(p, (Frame){indent, indent + 2, NULL, 0});
    if (!term_quote(p, kept->quote, indent, QUOTE_LINES)) {
        page_put(p, "… (the rest: --format json)");
        page_flow(p, (Frame){indent, indent, "│ ", 1});
    }
}

void term_command(Page *p, Str command, unsigned indent)
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

/* --- head ------------------------------------------------------------------------------------------------------- */

static void label(Page *p, const char *name)
{
    page_style(p, DIM);
    page_put(p, name);
    page_style(p, PLAIN);
    page_pad(p, 10);
}

static const Frame LABELLED = {0, 10, NULL, 0};

static void put_kind(Page *p, const Bundle *b)
{
    page_put(p, " (");
    page_put(p, bundle_kind_name(b->kind));
    if (b->collection_mode.len) {
        page_put(p, ", collection mode ");
        page_say(p, b->collection_mode);
    }
    page_put(p, ")");
}

void term_machine(Term *t)
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
    put_kind(p, b);
    page_flow(p, LABELLED);
}

static void put_times(Page *p, const Bundle *b, bool always)
{
    if (b->time_first == TIME_NONE) {
        page_put(p, "no event with a time");
    } else {
        term_moment(p, b->time_first, TO_MINUTE);
        page_put(p, " to ");
        term_moment(p, b->time_last, TO_MINUTE);
        page_put(p, " UTC");
    }
    if (b->collected_ns != TIME_NONE && (always || b->collected_ns != b->time_last)) {
        page_put(p, ", collected ");
        term_moment(p, b->collected_ns, TO_MINUTE);
    }
}

void term_span(Term *t)
{
    label(&t->page, "Logs");
    put_times(&t->page, t->r->bundle, true);
    page_flow(&t->page, LABELLED);
}

/* Of a case: what it was made of. */
void term_inputs(Term *t)
{
    Page *p = &t->page;
    for (size_t i = 0; i < t->r->bundle->inputs.count; i++) {
        const Bundle *b = &t->r->bundle->inputs.at[i];
        label(p, i ? "" : "Inputs");
        page_say(p, b->name);
        put_kind(p, b);
        page_put(p, ": ");
        if (b->status == ST_FAILED) {
            page_say(p, b->trouble);
        } else {
            put_times(p, b, false);
        }
        page_flow(p, LABELLED);
    }
}

static void put_runs(Term *t)
{
    const EpisodeList *e = t->r->episodes;
    Page *p = &t->page;
    label(p, "Backups");
    if (e->backups == 0) {
        page_put(p, "no run seen");
    } else {
        term_count(p, e->backups, "run seen: ", "runs seen: ");
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

void term_trouble(Term *t)
{
    Page *p = &t->page;
    if (t->r->bundle->trouble.len) {
        label(p, "Trouble");
        page_style(p, RED);
        page_say(p, t->r->bundle->trouble);
        page_style(p, PLAIN);
        page_flow(p, LABELLED);
    }
}

static const char *where_text(const AskedCode *code)
{
    bool causes = code->applies;
    if (!code->known) {
        return causes || code->meaning.len ? ""
                                           : " No document that this version knows names it: nothing is ranked by it.";
    }
    switch (code->known->where) {
    case PORTAL_OUTSIDE: return " No bundle shows its cause.";
    case PORTAL_PLATFORM: return " Its cause lies in disks, limits or other jobs: a bundle shows little of it.";
    default: return causes ? "" : " No signature is about it yet: nothing is ranked by it.";
    }
}

void term_code(Term *t)
{
    const AskedCode *code = &t->r->code;
    Page *p = &t->page;
    if (!code->name.len) {
        return;
    }
    label(p, "Error");
    page_say(p, code->name);
    page_put(p, code->meaning.len ? ": " : ":");
    page_say(p, code->meaning);
    page_put(p, where_text(code));
    page_flow(p, LABELLED);
    if (code->known && code->known->action) {
        label(p, "");
        page_put(p, "What to do: ");
        page_put(p, code->known->action);
        page_put(p, " (");
        page_put(p, code->known->source);
        page_put(p, ")");
        page_flow(p, LABELLED);
    }
}

static void put_head(Term *t)
{
    Page *p = &t->page;
    page_style(p, BOLD);
    page_say(p, t->r->conclusion->headline);
    page_style(p, PLAIN);
    page_flow(p, (Frame){0, 0, NULL, 0});
    page_gap(p);
    term_machine(t);
    term_inputs(t);
    term_span(t);
    put_runs(t);
    term_code(t);
    if (t->r->bundle->note.len) {
        label(p, "Note");
        page_say(p, t->r->bundle->note);
        page_flow(p, LABELLED);
    }
    term_trouble(t);
}

/* --- the page --------------------------------------------------------------------------------------------------- */

void report_term(const Report *report, const ReportStyle *style, Sink *out)
{
    Term t = {.r = report};
    page_open(&t.page, out, style->columns, style->colour);
    for (size_t i = 0; i < report->conclusion->verdicts.count; i++) {
        t.proved |= report->conclusion->verdicts.at[i].kind <= LIKELY;
    }
    put_head(&t);
    term_first_error(&t);
    term_verdicts(&t);
    term_episodes(&t);
    term_changes(&t);
    term_codes(&t);
    term_collect(&t);
    term_sources(&t);
    term_diagnostics(&t);
    term_limits(&t);
    page_close(&t.page);
}
