#include "evtx_text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/secret.h"
#include "base/sink.h"
#include "base/utf.h"

unsigned text_ansi(Arena *a, Bytes *b, Str ansi)
{
    bytes_reserve(a, b, ansi.len * 3);
    while (ansi.len && ansi.at[ansi.len - 1] == 0) {
        ansi.len--;
    }
    for (size_t i = 0; i < ansi.len; i++) {
        b->len += utf8_encode(b->at + b->len, cp1252_rune(ansi.at[i]));
    }
    return HOLDS_ALL;
}

/* Of `c` between two others, 0: none. */
static inline unsigned holds(uint8_t before, uint8_t c, uint8_t after)
{
    unsigned mark = c == '@' || secret_mark(before, c, after) ? HOLDS_SECRET_MARK : 0;
    switch (c) {
    case '\\': return HOLDS_BACKSLASH | mark;
    case '<':
    case '>':
    case '&': return HOLDS_MARKUP | mark;
    default: return mark | (c > 0x7F ? HOLDS_WIDE : c < ' ' || c == 0x7F || c == '"' ? HOLDS_OTHER : 0);
    }
}

unsigned text_holds(Str text)
{
    unsigned held = 0;
    for (size_t i = 0; i < text.len; i++) {
        held |= holds(i ? text.at[i - 1] : 0, text.at[i], i + 1 < text.len ? text.at[i + 1] : 0);
    }
    return held;
}

#if defined(__SSE2__)
typedef struct Block { /* a bit for each of eight characters */
    unsigned slash, markup, other;
    unsigned mark; /* : = > @ %, the blank of "r ", the second of "--" and what begins a switch or a share (secret.h),
                      with some more around them */
    unsigned r, o, dash, word; /* for the block behind it: its last character was that */
} Block;

/* Eight units into eight bytes; false if one of them is not ASCII. *b: the block before, or zeros. */
static inline bool narrow_eight(uint8_t *to, const uint8_t *from, Block *b)
{
    __m128i units = _mm_loadu_si128((const __m128i *)(const void *)from);
    __m128i over = _mm_and_si128(units, _mm_set1_epi16((short)0xFF80));
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(over, _mm_setzero_si128())) != 0xFFFF) {
        return false;
    }
    __m128i c = _mm_packus_epi16(units, _mm_setzero_si128());
    _mm_storel_epi64((__m128i *)(void *)to, c);
#define IS(byte)   _mm_cmpeq_epi8(c, _mm_set1_epi8(byte))
#define BITS(mask) ((unsigned)_mm_movemask_epi8(mask) & 0xFF)
    unsigned r = BITS(_mm_cmpeq_epi8(_mm_or_si128(c, _mm_set1_epi8(0x20)), _mm_set1_epi8('r'))), dash = BITS(IS('-'));
    unsigned o = BITS(_mm_cmpeq_epi8(_mm_or_si128(c, _mm_set1_epi8(0x20)), _mm_set1_epi8('o'))), slash = BITS(IS('\\'));
    unsigned word =
        ~BITS(_mm_or_si128(_mm_or_si128(IS('"'), IS('\'')), _mm_cmplt_epi8(c, _mm_set1_epi8(' ' + 1)))) & 0xFF;
    __m128i up = _mm_cmpgt_epi8(c, _mm_set1_epi8(':' - 1)), down = _mm_cmplt_epi8(c, _mm_set1_epi8('@' + 1));
    b->mark = BITS(_mm_or_si128(_mm_and_si128(up, down), IS('%'))) | (BITS(IS(' ')) & (r << 1 | b->r)) |
              (dash & (dash << 1 | b->dash | o << 1 | b->o)) |
              ((dash | slash | BITS(IS('/'))) & ~(word << 1 | b->word));
    b->slash = slash;
    b->markup = BITS(_mm_or_si128(_mm_or_si128(IS('<'), IS('>')), IS('&')));
    b->other = BITS(_mm_or_si128(_mm_or_si128(IS('"'), IS(0x7F)), _mm_cmplt_epi8(c, _mm_set1_epi8(' '))));
    b->r = r >> 7;
    b->o = o >> 7;
    b->word = word >> 7;
    b->dash = dash >> 7;
#undef BITS
#undef IS
    return true;
}

static inline unsigned block_holds(const Block *b)
{
    return (b->mark ? HOLDS_SECRET_MARK : 0u) | (b->markup ? HOLDS_MARKUP : 0u) | (b->slash ? HOLDS_BACKSLASH : 0u) |
           (b->other ? HOLDS_OTHER : 0u);
}

/* As many units as are ASCII, in blocks; the last block overlaps the one before it. Returns how many were done. */
static size_t narrow_blocks(uint8_t *to, const uint8_t *from, size_t units, unsigned *held)
{
    Block b = {0};
    size_t done = 0;
    for (; units - done >= 8 && narrow_eight(to + done, from + 2 * done, &b); done += 8) {
        *held |= block_holds(&b);
    }
    if (units >= 8 && done < units && units - done < 8 && narrow_eight(to + units - 8, from + 2 * (units - 8), &b)) {
        *held |= block_holds(&b);
        done = units;
    }
    return done;
}
#else
static size_t narrow_blocks(uint8_t *to, const uint8_t *from, size_t units, unsigned *held)
{
    (void)to, (void)from, (void)units, (void)held;
    return 0;
}
#endif

/* Units without the zeros at the end. */
static inline size_t text_units(Str utf16)
{
    size_t units = utf16.len / 2;
    while (units && !utf16.at[2 * units - 1] && !utf16.at[2 * units - 2]) {
        units--;
    }
    return units;
}

unsigned text_utf16(Arena *a, Bytes *b, Str utf16)
{
    size_t units = text_units(utf16);
    bytes_reserve(a, b, units * 3 + 16);
    unsigned held = 0;
    uint8_t *to = b->at + b->len;
    size_t done = narrow_blocks(to, utf16.at, units, &held);
    for (; done < units; done++) {
        uint16_t unit = little_u16(utf16.at + 2 * done);
        if (unit > 0x7F) {
            b->len += done;
            b->len += utf16le_to_utf8(b->at + b->len, str_slice(utf16, 2 * done, 2 * units));
            return HOLDS_ALL;
        }
        to[done] = (uint8_t)unit;
        held |= holds(done ? utf16.at[2 * done - 2] : 0, (uint8_t)unit, done + 1 < units ? utf16.at[2 * done + 2] : 0);
    }
    b->len += units;
    return held;
}

/* ---- escaping ---- */

/* By one of the sink's functions, out of a copy behind the room its result may need. */
static void escape_with(Arena *a, Bytes *b, size_t from, void (*escape)(Sink *out, Str text))
{
    size_t len = b->len - from, room = 6 * len + 8;
    bytes_reserve(a, b, room);
    uint8_t *to = b->at + from, *copy = to + room;
    Sink sink = {.bytes = to, .room = room};
    if (len) {
        memcpy(copy, to, len);
    }
    escape(&sink, (Str){copy, len});
    b->len = from + sink.used;
}

static bool has_secret(const Bytes *b, size_t from)
{
    Str secret;
    return secret_find(str_from(bytes_str(b), from), 0, &secret);
}

static Str xml_escape(uint8_t c)
{
    switch (c) {
    case '<': return STR("&lt;");
    case '>': return STR("&gt;");
    case '&': return STR("&amp;");
    case '"': return STR("&quot;");
    case '\t': return STR("&#9;");
    case '\n': return STR("&#10;");
    case '\r': return STR("&#13;");
    default: return c < ' ' ? STR("\xEF\xBF\xBD") : (Str){0};
    }
}

/* As sink_xml does it, from the end on, for ASCII without secrets. */
static void escape_xml(Arena *a, Bytes *b, size_t from)
{
    size_t more = 0;
    for (size_t i = from; i < b->len; i++) {
        Str escape = xml_escape(b->at[i]);
        more += escape.len ? escape.len - 1 : 0;
    }
    bytes_reserve(a, b, more);
    uint8_t *p = b->at + b->len, *to = p + more;
    b->len += more;
    while (p != to) {
        uint8_t c = *--p;
        Str escape = xml_escape(c);
        to -= escape.len ? escape.len : 1;
        *to = c;
        if (escape.len) {
            memcpy(to, escape.at, escape.len);
        }
    }
}

void text_escape_xml(Arena *a, Bytes *b, size_t from, unsigned held)
{
    if (held & HOLDS_WIDE || (held & HOLDS_SECRET_MARK && has_secret(b, from))) {
        escape_with(a, b, from, sink_xml);
    } else if (held & (HOLDS_MARKUP | HOLDS_OTHER)) {
        escape_xml(a, b, from);
    }
}

/* What JSON writes behind a backslash; 0: the byte stands for itself, 'u': as \u and four digits. */
static uint8_t json_escape(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\': return c;
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return c < ' ' || c == 0x7F ? 'u' : 0;
    }
}

/* As sink_json does it, from the end on, for valid UTF-8 without secrets. */
static void escape_json(Arena *a, Bytes *b, size_t from)
{
    size_t more = 0;
    for (size_t i = from; i < b->len; i++) {
        uint8_t escape = json_escape(b->at[i]);
        more += escape == 'u' ? 5 : escape != 0;
    }
    bytes_reserve(a, b, more);
    uint8_t *p = b->at + b->len, *to = p + more;
    b->len += more;
    while (p != to) {
        uint8_t c = *--p, escape = json_escape(c);
        if (escape == 'u') {
            to -= 6;
            memcpy(to, "\\u00", 4);
            to[4] = (uint8_t) "0123456789abcdef"[c >> 4];
            to[5] = (uint8_t) "0123456789abcdef"[c & 15];
        } else {
            *--to = escape ? escape : c;
            if (escape) {
                *--to = '\\';
            }
        }
    }
}

void text_escape_json(Arena *a, Bytes *b, size_t from, unsigned held)
{
    if (held & HOLDS_SECRET_MARK && has_secret(b, from + 1)) {
        b->len--; /* sink_json writes the quotes itself */
        memmove(b->at + from, b->at + from + 1, b->len - from);
        escape_with(a, b, from, sink_json);
        return;
    }
    if (held & (HOLDS_BACKSLASH | HOLDS_OTHER)) {
        escape_json(a, b, from + 1);
    }
    bytes_put(a, b, STR("\""));
}

/* ---- both at once ---- */

#if defined(__SSE2__)
static inline uint8_t *put_json_escape(uint8_t *to, uint8_t c)
{
    uint8_t escape = json_escape(c);
    *to++ = '\\';
    *to++ = escape;
    if (escape == 'u') {
        memcpy(to, "00", 2);
        to[2] = (uint8_t) "0123456789abcdef"[c >> 4];
        to[3] = (uint8_t) "0123456789abcdef"[c & 15];
        to += 4;
    }
    return to;
}

/* True if one of the marks of the block at unit `at` may introduce a secret. */
static bool marks_secret(const uint8_t *from, size_t at, size_t units, unsigned marks)
{
    for (; marks; marks &= marks - 1) {
        size_t i = at + (size_t)__builtin_ctz(marks);
        uint8_t before = i ? from[2 * i - 2] : 0, after = i + 1 < units ? from[2 * i + 2] : 0;
        if (from[2 * i] == '@' || secret_mark(before, from[2 * i], after)) {
            return true;
        }
    }
    return false;
}

/* Writes at most six bytes for each unit, and eight beyond. NULL: not all of it is ASCII, or there may be a secret. */
static uint8_t *escape_ascii(uint8_t *to, const uint8_t *from, size_t units)
{
    Block b = {0};
    for (size_t at = 0; at < units;) {
        size_t left = units - at < 8 ? units - at : 8;
        uint8_t last[16] = {0};
        const uint8_t *block = from + 2 * at;
        if (left < 8) {
            memcpy(last, block, 2 * left);
            block = last;
        }
        if (!narrow_eight(to, block, &b) || (b.mark && marks_secret(from, at, units, b.mark & ((1u << left) - 1)))) {
            return NULL;
        }
        unsigned escapes = (b.slash | b.other) & ((1u << left) - 1);
        if (!escapes) {
            to += left;
            at += left;
            continue;
        }
        size_t plain = (size_t)__builtin_ctz(escapes);
        to = put_json_escape(to + plain, block[2 * plain]);
        at += plain + 1;
        b.r = b.dash = 0;
    }
    return to;
}
#else
static uint8_t *escape_ascii(uint8_t *to, const uint8_t *from, size_t units)
{
    (void)from;
    return units ? NULL : to;
}
#endif

void text_json(Arena *a, Bytes *b, Str utf16)
{
    size_t from = b->len, units = text_units(utf16);
    bytes_reserve(a, b, 6 * units + 16);
    b->at[b->len++] = '"';
    uint8_t *end = escape_ascii(b->at + b->len, utf16.at, units);
    if (end) {
        *end++ = '"';
        b->len = (size_t)(end - b->at);
    } else {
        text_escape_json(a, b, from, text_utf16(a, b, utf16));
    }
}
