#include "report_page.h"

#include "base/utf.h"

#define NARROWEST 40
#define SAY_MOST  4000 /* bytes: a quote is half of it */
#define ESCAPED   5    /* times as long, at most, once it is harmless */

void page_open(Page *p, Sink *out, unsigned columns, bool colour)
{
    *p = (Page){.out = out, .gathered = sink_file(NULL), .columns = columns, .colour = colour};
    p->columns = columns == 0 ? 100 : columns < NARROWEST ? NARROWEST : columns;
}

void page_close(Page *p)
{
    sink_close(&p->gathered);
}

void page_style(Page *p, Style style)
{
    static const char *const codes[] = {
        [PLAIN] = "\x1b[0m",   [BOLD] = "\x1b[1m",  [DIM] = "\x1b[2m",    [RED] = "\x1b[31m",    [GREEN] = "\x1b[32m",
        [YELLOW] = "\x1b[33m", [CYAN] = "\x1b[36m", [BAD] = "\x1b[1;31m", [GOOD] = "\x1b[1;32m",
    };
    if (p->colour) {
        page_put(p, codes[style]);
    }
}

/* The sink only counts, so what flows over is lost: nothing may flow over. */
static void gather(Page *p, Str text)
{
    size_t left = p->gathered.room - p->gathered.used;
    sink_raw(&p->gathered, str_slice(text, 0, left));
}

void page_put(Page *p, const char *text)
{
    gather(p, str_of(text));
}

void page_say(Page *p, Str untrusted)
{
    size_t left = (p->gathered.room - p->gathered.used) / ESCAPED;
    size_t most = left < SAY_MOST ? left : SAY_MOST, end = untrusted.len;
    if (end > most) {
        for (end = most; end > 0 && (untrusted.at[end] & 0xC0) == 0x80;) {
            end--;
        }
    }
    sink_term(&p->gathered, str_slice(untrusted, 0, end));
    if (end < untrusted.len) {
        page_put(p, "…");
    }
}

void page_number(Page *p, uint64_t n)
{
    char text[32], *at = text + sizeof text - 1;
    *at = 0;
    for (unsigned digits = 0; n || !digits; digits++, n /= 10) {
        if (digits && digits % 3 == 0) {
            *--at = ',';
        }
        *--at = (char)('0' + n % 10);
    }
    page_put(p, at);
}

void page_id(Page *p, uint64_t n)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    page_put(p, text);
}

/* --- display columns -------------------------------------------------------------------------------------------- */

/* The next character or colour code. Untrusted text holds no escape byte any more: one that is here is ours. */
static size_t unit_at(Str text, size_t at, unsigned *columns)
{
    uint32_t rune;
    if (text.at[at] == 0x1B) {
        size_t end = str_find_byte(text, 'm', at);
        *columns = 0;
        return end == STR_NOT_FOUND ? text.len - at : end + 1 - at;
    }
    size_t n = utf8_decode(text, at, &rune);
    *columns = n ? rune_columns(rune) : 1;
    return n ? n : 1;
}

static Str gathered(const Page *p)
{
    return (Str){p->gathered.bytes, p->gathered.used};
}

static unsigned text_columns(Str text)
{
    unsigned sum = 0, columns;
    for (size_t at = 0; at < text.len; sum += columns) {
        at += unit_at(text, at, &columns);
    }
    return sum;
}

unsigned page_width(const Page *p)
{
    return text_columns(gathered(p));
}

void page_pad(Page *p, unsigned column)
{
    for (unsigned width = page_width(p); width < column; width++) {
        page_put(p, " ");
    }
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

static void blanks(Page *p, unsigned count)
{
    while (count--) {
        sink_put(p->out, " ");
    }
}

/* Where the line that starts at `from` ends, and where the next one starts: at the last blank that fits; in a word
 * longer than the line behind a slash, or else between two characters. */
static size_t line_end(Str text, size_t from, unsigned room, size_t *next)
{
    unsigned width = 0, columns;
    size_t blank = STR_NOT_FOUND, slash = from, at = from;
    for (bool word = false; at < text.len; width += columns) {
        size_t n = unit_at(text, at, &columns);
        if (text.at[at] == ' ') {
            blank = word ? at : blank;
        } else if (columns) {
            word = true;
        }
        if (width + columns > room && at > from) {
            break;
        }
        at += n;
        slash = text.at[at - 1] == '/' || text.at[at - 1] == '\\' ? at : slash;
    }
    if (at < text.len) {
        at = blank != STR_NOT_FOUND ? blank : slash > from ? slash : at;
    }
    size_t end = at;
    while (end > from && end < text.len && text.at[end - 1] == ' ') {
        end--;
    }
    while (at < text.len && text.at[at] == ' ') {
        at++;
    }
    *next = at;
    return end;
}

/* The colour code that rules at the end of the line. */
static Str last_colour(Str line, Str before)
{
    for (size_t at = line.len; at > 0; at--) {
        if (line.at[at - 1] == 0x1B) {
            size_t end = str_find_byte(line, 'm', at - 1);
            Str code = str_slice(line, at - 1, end == STR_NOT_FOUND ? line.len : end + 1);
            return str_eq(code, STR("\x1b[0m")) ? (Str){0} : code;
        }
    }
    return before;
}

/* A pager shows colours that cross a line end wrongly: each line sets and resets its own. */
static Str write_line(Page *p, Str line, Str colour, const char *mark, const char *tail)
{
    sink_put(p->out, mark ? mark : "");
    sink_raw(p->out, colour);
    sink_raw(p->out, line);
    Str after = last_colour(line, colour);
    if (after.len) {
        sink_put(p->out, "\x1b[0m");
    }
    sink_put(p->out, tail);
    sink_put(p->out, "\n");
    return after;
}

static Str without_end_blanks(Str s)
{
    while (s.len && s.at[s.len - 1] == ' ') {
        s.len--;
    }
    return s;
}

unsigned page_flow(Page *p, Frame frame)
{
    Str text = without_end_blanks(gathered(p)), colour = {0};
    unsigned lines = 0, indent = frame.first;
    unsigned mark = frame.mark ? text_columns(str_of(frame.mark)) : 0;
    for (size_t at = 0, next; at < text.len; at = next, indent = frame.rest) {
        bool last = frame.most && lines + 1 == frame.most;
        unsigned taken = indent + mark + (last ? 2 : 0);
        size_t end = line_end(text, at, p->columns > taken + 10 ? p->columns - taken : 10, &next);
        blanks(p, indent);
        colour = write_line(p, str_slice(text, at, end), colour, frame.mark, last && next < text.len ? " …" : "");
        lines++;
        if (last) {
            break;
        }
    }
    p->gathered.used = 0;
    return lines;
}

void page_line(Page *p, unsigned indent)
{
    blanks(p, indent);
    write_line(p, without_end_blanks(gathered(p)), (Str){0}, NULL, "");
    p->gathered.used = 0;
}

void page_gap(Page *p)
{
    sink_put(p->out, "\n");
}
