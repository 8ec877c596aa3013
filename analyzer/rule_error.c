/* Form, as compilers have it:
 *   windows/full.yml:5:15: unknown modifier 'contians'; did you mean 'contains'?
 *       5 |   s: {EventID|contians: 1}
 *         |               ^~~~~~~~ */
#include "rule_error.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "secret.h"
#include "utf.h"

#define WORD_MAX 64
/* Columns of a line that are shown, and how many of them before the place. */
#define SHOWN_MAX    100
#define SHOWN_BEFORE 40
#define TAB          4
/* Bytes of a line that are looked at, before the place and behind it. */
#define LINE_NEAR 1000

/* --- places ----------------------------------------------------------------------------------------------------- */

/* Bytes of the line break there, as libyaml counts lines: LF, CR, CR LF, NEL, LS and PS; 0: none. */
static size_t break_at(Str s, size_t at)
{
    if (s.at[at] == '\n') {
        return 1;
    }
    if (s.at[at] == '\r') {
        return 1 + (at + 1 < s.len && s.at[at + 1] == '\n');
    }
    if (s.at[at] == 0xC2) {
        return str_starts(str_from(s, at), STR("\xC2\x85")) ? 2 : 0;
    }
    Str three = str_slice(s, at, at + 3);
    return s.at[at] == 0xE2 && (str_eq(three, STR("\xE2\x80\xA8")) || str_eq(three, STR("\xE2\x80\xA9"))) ? 3 : 0;
}

static size_t text_start(Str text)
{
    return str_starts(text, STR("\xEF\xBB\xBF")) ? 3 : 0;
}

static size_t line_end(Str text, size_t at)
{
    while (at < text.len && !break_at(text, at)) {
        at++;
    }
    return at;
}

static size_t line_start(Str text, uint32_t line)
{
    size_t at = text_start(text);
    for (uint32_t n = 1; n < line && at < text.len; n++) {
        at = line_end(text, at);
        at += at < text.len ? break_at(text, at) : 0;
    }
    return at;
}

static bool begins_character(uint8_t byte)
{
    return (byte & 0xC0) != 0x80;
}

static size_t byte_of(Str text, uint32_t line, uint32_t column)
{
    size_t at = line_start(text, line), end = line_end(text, at);
    for (; at < end && column > 1; column--) {
        do {
            at++;
        } while (at < end && !begins_character(text.at[at]));
    }
    return at;
}

void file_place(const RuleFile *file, size_t byte, uint32_t *line, uint32_t *column)
{
    Str text = file->text;
    size_t at = text_start(text);
    *line = 1;
    while (true) {
        size_t end = line_end(text, at);
        if (byte <= end || end == text.len) {
            break;
        }
        at = end + break_at(text, end);
        ++*line;
    }
    *column = 1;
    for (size_t i = at; i < byte && i < text.len; i++) {
        *column += begins_character(text.at[i]);
    }
}

static bool blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes of the escape sequence there in a text in double quotes. */
static size_t escape_len(Str file, size_t at)
{
    uint8_t c = at + 1 < file.len ? file.at[at + 1] : 0;
    return c == 'x' ? 4 : c == 'u' ? 6 : c == 'U' ? 10 : 2;
}

/* Does the escape sequence there stand for a blank? */
static bool escapes_blank(Str file, size_t at)
{
    size_t len = escape_len(file, at);
    uint8_t c = at + 1 < file.len ? file.at[at + 1] : 0;
    uint64_t rune;
    if (len > 2) {
        return str_u64(str_slice(file, at + 2, at + len), 16, &rune) && rune < 0x80 && blank((uint8_t)rune);
    }
    return c && memchr("ntrvf \n\r\t", c, 9);
}

static size_t skip_blanks(Str file, size_t at, NodeStyle style)
{
    while (at < file.len) {
        bool escaped = style == STYLE_DOUBLE && file.at[at] == '\\' && escapes_blank(file, at);
        if (!escaped && !blank(file.at[at])) {
            break;
        }
        at += escaped ? escape_len(file, at) : 1;
    }
    return at < file.len ? at : file.len;
}

/* Where byte `offset` of a scalar's text stands in the file. Folding and indents change nothing but blanks, so both are
 * walked from one other byte to the next. A blank, or the end, is right behind what stands before it. */
static size_t scalar_byte(Str file, const Node *n, size_t offset)
{
    size_t at = byte_of(file, n->line, n->column);
    at += n->style == STYLE_SINGLE || n->style == STYLE_DOUBLE;
    at = n->style == STYLE_BLOCK ? line_end(file, at) : at;
    size_t end = at;
    for (size_t v = 0, made; v < n->text.len && at < file.len; v += made) {
        made = 1;
        if (blank(n->text.at[v])) {
            if (v == offset) {
                return end;
            }
            continue;
        }
        at = skip_blanks(file, at, n->style);
        size_t raw = 1;
        if (n->style == STYLE_DOUBLE && at < file.len && file.at[at] == '\\') {
            raw = escape_len(file, at);
            while (v + made < n->text.len && !begins_character(n->text.at[v + made])) {
                made++;
            }
        } else if (n->style == STYLE_SINGLE && n->text.at[v] == '\'') {
            raw = 2;
        }
        if (offset < v + made) {
            return at;
        }
        at += raw;
        end = at;
    }
    return end < file.len ? end : file.len;
}

/* --- gathering -------------------------------------------------------------------------------------------------- */

void complain_at(Loader *l, uint32_t line, uint32_t column, uint32_t width, const Str *parts, size_t count)
{
    l->error_count++;
    if (l->complaints.count < LIMIT_COMPLAINTS) {
        *VEC_ADD(l->run, &l->complaints) = (Complaint){l->file, line, column, width, arena_join(l->run, parts, count)};
    }
}

void complain(Loader *l, const Node *at, const Str *parts, size_t count)
{
    if (!at) {
        complain_at(l, 0, 1, 1, parts, count);
    } else if (!at->broken) {
        bool one_line = at->end_line == at->line && at->end_column > at->column;
        uint32_t width = at->style == STYLE_NONE || at->style == STYLE_BLOCK ? 1
                         : one_line                                          ? at->end_column - at->column
                                                                             : 0;
        complain_at(l, at->line, at->column, width, parts, count);
    }
}

void complain_in(Loader *l, const Node *at, size_t from, size_t to, const Str *parts, size_t count)
{
    if (at->broken || !l->file->text.len || l->complaints.count == LIMIT_COMPLAINTS) {
        complain(l, at, parts, count);
        return;
    }
    uint32_t line, column, end_line, end_column;
    size_t first = scalar_byte(l->file->text, at, from);
    size_t last = to > from ? scalar_byte(l->file->text, at, to - 1) + 1 : first + 1;
    file_place(l->file, first, &line, &column);
    file_place(l->file, last, &end_line, &end_column);
    complain_at(l, line, column, end_line == line && end_column > column ? end_column - column : 1, parts, count);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters wrong, missing, too many, or two swapped. */
static size_t distance(Str a, Str b)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            uint8_t x = byte_lower(a.at[i - 1]), y = byte_lower(b.at[j - 1]);
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (x != y));
            bool swapped = i > 1 && j > 1 && x == byte_lower(b.at[j - 2]) && y == byte_lower(a.at[i - 2]);
            now[j] = swapped ? least(now[j], before[j - 2] + 1) : now[j];
        }
    }
    return rows[a.len % 3][b.len];
}

Str nearest_word(Str word, const Str *known, size_t count)
{
    Str best = {0};
    size_t reach = word.len <= 4 ? 1 : 1 + word.len / 4;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(word, known[i])) {
            return known[i];
        }
    }
    for (size_t i = 0; i < count && word.len <= WORD_MAX; i++) {
        size_t apart = word.len > known[i].len ? word.len - known[i].len : known[i].len - word.len;
        size_t far = apart <= reach && known[i].len && known[i].len <= WORD_MAX ? distance(word, known[i]) : SIZE_MAX;
        if (far <= reach && far < word.len) {
            best = known[i];
            reach = far ? far - 1 : 0;
            if (far == 0) {
                break;
            }
        }
    }
    return best;
}

/* "; did you mean 'x'?", or "; known: …"; empty where there are too many to name. */
static Str suggestion(Loader *l, Str word, const Str *known, size_t count)
{
    Str near = nearest_word(word, known, count);
    if (near.len) {
        return arena_join(l->run, (Str[]){STR("; did you mean '"), near, STR("'?")}, 3);
    }
    VEC(Str) list = {0};
    for (size_t i = 0; i < count && count <= 40; i++) {
        *VEC_ADD(l->run, &list) = i ? STR(", ") : STR("; known: ");
        *VEC_ADD(l->run, &list) = known[i];
    }
    return count ? arena_join(l->run, list.at, list.count) : STR("; there are none");
}

void words_tell(Loader *l, const char *what, const Str *words, size_t count)
{
    if (l->told) {
        l->told(l->told_with, what, words, count);
    }
}

void complain_unknown(Loader *l, const Node *at, const char *what, Str word, const Str *known, size_t count)
{
    words_tell(l, what, known, count);
    COMPLAIN(l, at, STR("unknown "), str_of(what), STR(" '"), word, STR("'"), suggestion(l, word, known, count));
}

void complain_unknown_in(Loader *l, const Node *at, size_t from, const char *what, Str word, const Str *known,
                         size_t count)
{
    words_tell(l, what, known, count);
    COMPLAIN_IN(l, at, from, from + word.len, STR("unknown "), str_of(what), STR(" '"), word, STR("'"),
                suggestion(l, word, known, count));
}

/* --- telling ---------------------------------------------------------------------------------------------------- */

static int complaint_order(const void *a, const void *b)
{
    const Complaint *x = a, *y = b;
    if (x->file->number != y->file->number) {
        return x->file->number < y->file->number ? -1 : 1;
    }
    int order = (x->line > y->line) - (x->line < y->line);
    order = order ? order : (x->column > y->column) - (x->column < y->column);
    return order ? order : str_order(x->what, y->what);
}

/* A character as a terminal shows it. */
typedef struct Cell {
    uint8_t bytes[16];
    size_t len;
    unsigned columns;
} Cell;

static Cell cell_make(Str line, size_t at, size_t *used, unsigned column, bool secret)
{
    Cell cell = {.len = 0};
    uint32_t rune;
    size_t n = utf8_decode(line, at, &rune);
    *used = n ? n : 1;
    if (line.at[at] == '\t' || secret) {
        cell.columns = secret ? 1 : TAB - column % TAB;
        cell.len = cell.columns;
        memset(cell.bytes, secret ? '*' : ' ', cell.len);
        return cell;
    }
    Sink to = {.bytes = cell.bytes, .room = sizeof cell.bytes};
    sink_term(&to, str_slice(line, at, at + *used));
    cell.len = to.used;
    bool as_is = n && str_eq((Str){cell.bytes, cell.len}, str_slice(line, at, at + n));
    cell.columns = as_is ? rune_columns(rune) : n ? (unsigned)cell.len : 1;
    return cell;
}

static void repeat(Sink *out, const char *text, size_t count)
{
    while (count--) {
        sink_put(out, text);
    }
}

typedef struct View { /* the part of a line that is shown, in columns, and in it what is at fault */
    size_t from, to, mark, mark_end;
} View;

/* Writes the cells of a line that lie in the view; out == NULL: only measures. */
static size_t line_walk(Str line, const Complaint *c, View *view, Sink *out)
{
    size_t column = 0, character = 1, used, masked_from = 0, masked_to = 0;
    Str secret;
    for (size_t at = 0; at < line.len; at += used, character++) {
        if (at >= masked_to && secret_find(line, at, &secret)) {
            masked_from = (size_t)(secret.at - line.at);
            masked_to = masked_from + secret.len;
        } else if (at >= masked_to) {
            masked_from = masked_to = line.len;
        }
        Cell cell = cell_make(line, at, &used, (unsigned)(column % TAB), at >= masked_from && at < masked_to);
        view->mark = character == c->column ? column : view->mark;
        bool inside = character >= c->column && (!c->width || character < c->column + c->width);
        view->mark_end = inside ? column + cell.columns : view->mark_end;
        if (out && column >= view->from && column + cell.columns <= view->to) {
            sink_raw(out, (Str){cell.bytes, cell.len});
        }
        column += cell.columns;
    }
    return column;
}

/* What is near the place; of a line as long as a file not every character is worth a look. */
static Str line_near(Complaint *c, bool *cut)
{
    Str text = c->file->text;
    size_t start = line_start(text, c->line), end = line_end(text, start), at = byte_of(text, c->line, c->column);
    size_t from = at - start > LINE_NEAR ? at - LINE_NEAR : start;
    while (from > start && !begins_character(text.at[from])) {
        from--;
    }
    for (size_t i = start; i < from; i++) {
        c->column -= begins_character(text.at[i]);
    }
    *cut = from > start;
    return str_slice(text, from, end - at > LINE_NEAR ? at + LINE_NEAR : end);
}

static void line_show(Sink *out, Complaint c)
{
    bool cut;
    Str line = line_near(&c, &cut);
    View view = {0, SIZE_MAX, SIZE_MAX, 0};
    size_t columns = line_walk(line, &c, &view, NULL);
    view.mark = view.mark == SIZE_MAX ? columns : view.mark; /* behind the line */
    if (columns > SHOWN_MAX) {
        view.from = view.mark > SHOWN_MAX - SHOWN_BEFORE ? view.mark - SHOWN_BEFORE : 0;
        view.to = view.from + SHOWN_MAX;
    }
    cut = cut || view.from;
    sink_format(out, "%6u | %s", (unsigned)c.line, cut ? "…" : "");
    line_walk(line, &c, &view, out);
    sink_put(out, columns > view.to ? "…\n" : "\n");
    sink_put(out, "       | ");
    repeat(out, " ", view.mark - view.from + cut);
    size_t end = view.mark_end < view.to ? view.mark_end : view.to;
    sink_put(out, "^");
    repeat(out, "~", end > view.mark + 1 ? end - view.mark - 1 : 0);
    sink_put(out, "\n");
}

static void complaint_tell(Sink *out, const Complaint *c)
{
    sink_term(out, c->file->path);
    sink_format(out, ":%u:%u: ", (unsigned)(c->line ? c->line : 1), (unsigned)c->column);
    sink_term(out, c->what);
    sink_put(out, "\n");
    if (c->line && c->file->text.len) {
        line_show(out, *c);
    }
}

void complaints_tell(Loader *l)
{
    size_t count = l->complaints.count, files = 0;
    const Complaint *last = NULL;
    if (!count) {
        return;
    }
    qsort(l->complaints.at, count, sizeof(Complaint), complaint_order);
    for (size_t i = 0; i < count; i++) {
        const Complaint *c = &l->complaints.at[i];
        if (last && complaint_order(last, c) == 0) {
            l->error_count--;
            continue;
        }
        files += !last || last->file != c->file;
        complaint_tell(l->errors, c);
        last = c;
    }
    if (l->complaints.count == LIMIT_COMPLAINTS) {
        sink_format(l->errors, "the first %u are shown\n", (unsigned)LIMIT_COMPLAINTS);
    }
    sink_format(l->errors, "%zu error%s in %zu file%s\n", l->error_count, l->error_count == 1 ? "" : "s", files,
                files == 1 ? "" : "s");
}
