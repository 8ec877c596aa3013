#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf.h"
#include "limits.h"

#define READ_BYTES (256 * KIB)

typedef struct Buffer { /* bytes[from, to) are there and not yet consumed */
    uint8_t *bytes;
    size_t from, to, room;
} Buffer;

typedef enum Encoding { ENCODING_UNKNOWN, ENCODING_BYTES, ENCODING_UTF16LE, ENCODING_UTF16BE } Encoding;

typedef struct SourceState {
    SourceRead *read;
    void *with;
    Str memory; /* of source_open_memory: what was not read yet */
    Buffer raw, decoded;
    Encoding encoding;
    bool ended;
    ReadTrouble trouble;
    bool next_starts; /* source_text_record: the next line is known to begin a record */
    bool drop;        /* … or the lines up to the next such line belong to one that was cut */
    uint8_t last;     /* byte that was consumed */
} SourceState;

static size_t buffer_len(const Buffer *b)
{
    return b->to - b->from;
}

/* Room for `more` bytes behind `to`. Moves what is left to the front first. */
static void buffer_room(Buffer *b, size_t more)
{
    if (b->from > 0 && b->room - b->to < more) {
        memmove(b->bytes, b->bytes + b->from, buffer_len(b));
        b->to -= b->from;
        b->from = 0;
    }
    if (b->room - b->to < more) {
        size_t room = b->to + more > 2 * b->room ? b->to + more : 2 * b->room;
        b->bytes = realloc(b->bytes, room);
        if (!b->bytes) {
            abort();
        }
        b->room = room;
    }
}

static size_t read_memory(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    (void)trouble;
    SourceState *s = with;
    Str part = str_slice(s->memory, 0, room);
    if (part.len) {
        memcpy(to, part.at, part.len);
    }
    s->memory = str_from(s->memory, part.len);
    return part.len;
}

static Str last_part(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
}

void source_open(Source *src, Str path, uint64_t size, int64_t mtime_ns, SourceRead *read, void *with)
{
    SourceState *state = calloc(1, sizeof *state);
    if (!state) {
        abort();
    }
    *state = (SourceState){.read = read, .with = with, .last = '\n'};
    *src = (Source){.path = path, .name = last_part(path), .size = size, .mtime_ns = mtime_ns, .state = state};
}

void source_open_memory(Source *src, Str path, Str bytes)
{
    source_open(src, path, bytes.len, TIME_NONE, read_memory, NULL);
    src->state->with = src->state;
    src->state->memory = bytes;
}

void source_close(Source *src)
{
    if (src->state) {
        free(src->state->raw.bytes);
        free(src->state->decoded.bytes);
        free(src->state);
        src->state = NULL;
    }
}

const char *source_error(const Source *src)
{
    return src->state->trouble.why;
}

bool source_limited(const Source *src)
{
    return src->state->trouble.limit;
}

bool source_open_ended(const Source *src)
{
    return src->state->last != '\n';
}

static void fill_raw(SourceState *s, size_t want)
{
    while (!s->ended && buffer_len(&s->raw) < want) {
        size_t lack = want - buffer_len(&s->raw);
        buffer_room(&s->raw, lack > READ_BYTES ? lack : READ_BYTES);
        size_t n = s->read(s->with, s->raw.bytes + s->raw.to, s->raw.room - s->raw.to, &s->trouble);
        s->raw.to += n;
        s->ended = n == 0;
    }
}

static Str buffer_view(const Buffer *b, size_t want)
{
    size_t len = buffer_len(b);
    return (Str){b->bytes ? b->bytes + b->from : (const uint8_t *)"", len < want ? len : want};
}

static void consume(Source *src, Buffer *b, size_t bytes)
{
    if (bytes) {
        size_t end = b->from + bytes;
        while (end > b->from && b->bytes[end - 1] == 0) {
            end--; /* zeros behind the last line are what a crash leaves, not a line */
        }
        src->state->last = end > b->from ? b->bytes[end - 1] : src->state->last;
        b->from += bytes;
        src->offset += bytes;
    }
}

Str source_peek(Source *src, size_t want)
{
    fill_raw(src->state, want);
    return buffer_view(&src->state->raw, want);
}

Str source_take(Source *src, size_t want)
{
    Str bytes = source_peek(src, want);
    consume(src, &src->state->raw, bytes.len);
    return bytes;
}

bool source_fits(Source *src, size_t limit)
{
    SourceState *s = src->state;
    size_t want = src->size < limit ? (size_t)src->size + 1 : limit + 1;
    for (fill_raw(s, want); !s->ended && want <= limit; fill_raw(s, want)) {
        want = want < limit / 2 ? 2 * want : limit + 1;
    }
    return buffer_len(&s->raw) <= limit;
}

Str source_hold(Source *src, size_t limit)
{
    SourceState *s = src->state;
    if (!source_fits(src, limit)) {
        s->trouble = (ReadTrouble){"larger than what is held in memory: the rest was not read", true};
        s->raw.to = s->raw.from + limit;
    }
    s->ended = true;
    return buffer_view(&s->raw, limit);
}

Str source_beside(const Source *src, Str suffix)
{
    for (size_t i = 0; src->beside && i < src->beside->count; i++) {
        const Companion *c = &src->beside->at[i];
        if (c->path.len == src->path.len + suffix.len && str_starts_nocase(c->path, src->path) &&
            str_ends_nocase(c->path, suffix)) {
            return c->bytes;
        }
    }
    return (Str){0};
}

bool source_skip(Source *src, uint64_t bytes)
{
    while (bytes > 0) {
        Str part = source_take(src, bytes < READ_BYTES ? (size_t)bytes : READ_BYTES);
        if (part.len == 0) {
            return false;
        }
        bytes -= part.len;
    }
    return true;
}

/* --- text ------------------------------------------------------------------------------------------------------- */

/* UTF-16 without a BOM shows as zero bytes on one side of most pairs; a row of zeros is on both sides and is none. */
static Encoding sniff(Str head)
{
    size_t even = 0, odd = 0, pairs = head.len / 2;
    if (str_starts(head, STR("\xFF\xFE"))) {
        return ENCODING_UTF16LE;
    }
    if (str_starts(head, STR("\xFE\xFF"))) {
        return ENCODING_UTF16BE;
    }
    for (size_t i = 0; i + 1 < head.len; i += 2) {
        even += head.at[i] == 0 && head.at[i + 1] != 0;
        odd += head.at[i + 1] == 0 && head.at[i] != 0;
    }
    if (pairs >= 2 && odd * 2 > pairs && even * 8 < pairs) {
        return ENCODING_UTF16LE;
    }
    return pairs >= 2 && even * 2 > pairs && odd * 8 < pairs ? ENCODING_UTF16BE : ENCODING_BYTES;
}

static void text_begin(Source *src)
{
    SourceState *s = src->state;
    Str head = source_peek(src, 512);
    s->encoding = sniff(head);
    size_t bom = s->encoding != ENCODING_BYTES
                     ? 2 * (str_starts(head, STR("\xFF\xFE")) || str_starts(head, STR("\xFE\xFF")))
                     : 3 * str_starts(head, STR("\xEF\xBB\xBF"));
    consume(src, &s->raw, bom);
    s->last = '\n';
    if (s->encoding != ENCODING_BYTES) {
        src->offset = 0;
    }
}

static void swap_pairs(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint8_t first = bytes[i];
        bytes[i] = bytes[i + 1];
        bytes[i + 1] = first;
    }
}

/* Turns what is in raw into UTF-8 behind decoded; false when there is no more. */
static bool decode_more(SourceState *s)
{
    fill_raw(s, READ_BYTES);
    Buffer *raw = &s->raw;
    size_t len = buffer_len(raw) & ~(size_t)1;
    if (s->encoding == ENCODING_UTF16BE) {
        swap_pairs(raw->bytes + raw->from, len);
    }
    bool half =
        len >= 2 && (raw->bytes[raw->from + len - 1] & 0xFC) == 0xD8; /* a high surrogate waits for its low one */
    size_t take = half && len > 2 ? len - 2 : len;
    if (take == 0) {
        return false;
    }
    buffer_room(&s->decoded, take / 2 * 3);
    s->decoded.to += utf16le_to_utf8(s->decoded.bytes + s->decoded.to, (Str){raw->bytes + raw->from, take});
    if (s->encoding == ENCODING_UTF16BE) {
        swap_pairs(raw->bytes + raw->from + take, len - take);
    }
    raw->from += take;
    return true;
}

static Buffer *text_buffer(Source *src, size_t want)
{
    SourceState *s = src->state;
    if (s->encoding == ENCODING_UNKNOWN) {
        text_begin(src);
    }
    if (s->encoding == ENCODING_BYTES) {
        fill_raw(s, want);
        return &s->raw;
    }
    while (buffer_len(&s->decoded) < want && decode_more(s)) {
    }
    return &s->decoded;
}

Str source_peek_text(Source *src, size_t want)
{
    Buffer *b = text_buffer(src, want);
    return buffer_view(b, buffer_len(b));
}

static uint64_t line_feeds(Str text)
{
    uint64_t n = 0;
    for (size_t at = 0; (at = str_find_byte(text, '\n', at)) != STR_NOT_FOUND; at++) {
        n++;
    }
    return n;
}

static void consume_lines(Source *src, size_t bytes, uint64_t feeds)
{
    Buffer *b = text_buffer(src, bytes);
    src->line += feeds;
    consume(src, b, bytes);
}

void source_consume_text(Source *src, size_t bytes)
{
    Buffer *b = text_buffer(src, bytes);
    bytes = bytes < buffer_len(b) ? bytes : buffer_len(b);
    consume_lines(src, bytes, line_feeds(buffer_view(b, bytes)));
}

/* The end (behind the line feed) of the line that starts `at` bytes into the text: reads on until it is there, it is
 * longer than the limit (*cut), or the text ends. */
static size_t line_end(Source *src, size_t at, bool *cut)
{
    size_t seen = at;
    for (size_t want = at + 1;; want = seen + READ_BYTES) {
        Str text = source_peek_text(src, want);
        size_t hit = str_find_byte(text, '\n', seen);
        if (hit != STR_NOT_FOUND && hit - at <= LIMIT_LINE) {
            return hit + 1;
        }
        if (hit != STR_NOT_FOUND || text.len - at > LIMIT_LINE) {
            *cut = true;
            return at + LIMIT_LINE;
        }
        if (text.len < want) {
            return text.len;
        }
        seen = text.len;
    }
}

static Str without_end(Str line)
{
    while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r' || line.at[line.len - 1] == 0)) {
        line.len--;
    }
    while (line.len && line.at[0] == 0) {
        line = str_from(line, 1);
    }
    return line;
}

/* Drops the rest of a line that was begun. */
static void skip_line(Source *src)
{
    while (src->state->last != '\n') {
        Str text = source_peek_text(src, 1);
        size_t hit = str_find_byte(text, '\n', 0);
        if (text.len == 0) {
            return;
        }
        source_consume_text(src, hit == STR_NOT_FOUND ? text.len : hit + 1);
    }
}

bool source_line(Source *src, Line *line)
{
    if (src->state->drop) {
        src->state->drop = false;
        skip_line(src);
    }
    bool cut = false;
    size_t end = line_end(src, 0, &cut);
    if (end == 0) {
        return false;
    }
    Str text = str_slice(source_peek_text(src, end), 0, end);
    *line = (Line){without_end(text), src->line + 1, src->offset, cut};
    consume_lines(src, end, text.at[end - 1] == '\n');
    src->state->drop = cut; /* after the caller is done with the text */
    return true;
}

/* Leaves lines out until one begins a record. */
static void drop_lines(Source *src, TextStarts *starts)
{
    src->state->drop = false;
    skip_line(src);
    for (;;) {
        bool cut = false;
        size_t end = line_end(src, 0, &cut);
        if (end == 0 ||
            (src->state->next_starts = starts(without_end(str_slice(source_peek_text(src, end), 0, end))))) {
            return;
        }
        source_consume_text(src, end);
        skip_line(src);
    }
}

bool source_text_record(Source *src, TextStarts *starts, TextRecord *record)
{
    SourceState *s = src->state;
    if (s->drop) {
        drop_lines(src, starts);
    }
    bool cut = false;
    size_t first = line_end(src, 0, &cut), end = first;
    if (first == 0) {
        return false;
    }
    bool begins = s->next_starts || starts(without_end(str_slice(source_peek_text(src, first), 0, first)));
    uint64_t lines = 1;
    s->next_starts = false;
    while (!cut) {
        size_t next = line_end(src, end, &cut);
        if (next == end) {
            break;
        }
        if (starts(without_end(str_slice(source_peek_text(src, next), end, next)))) {
            s->next_starts = true;
            cut = false;
            break;
        }
        end = next;
        lines++;
        cut = cut || end > LIMIT_RECORD;
    }
    Str text = str_slice(source_peek_text(src, end), 0, end);
    *record = (TextRecord){.text = without_end(text),
                           .first = without_end(str_slice(text, 0, first)),
                           .line = src->line + 1,
                           .offset = src->offset,
                           .headless = !begins,
                           .cut = cut};
    consume_lines(src, end, lines - (text.at[end - 1] != '\n'));
    s->drop = cut;
    return true;
}
