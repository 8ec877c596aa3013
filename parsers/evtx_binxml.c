/* Binary XML (MS-EVEN6 2.2.12; J. Metz, "Windows XML Event Log (EVTX) format", libevtx). A record is
 *   0f 01 01 00  0c 01 <template id> <offset of its definition> [definition] <count> {size, type}… value…  00
 * and a definition is XML in tokens with numbered holes. It is read once a chunk: parsed into nodes, and the nodes
 * lowered into steps ("this constant text, then value 7"). A record then costs one pass over its value descriptors and
 * one over the steps. Fragments without a template take the same way, only their steps are not kept. */
#include "evtx_binxml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/cursor.h"
#include "base/secret.h"
#include "base/sink.h"
#include "base/utf.h"
#include "limits.h"

enum { /* tokens, without the bit that says "more follows" */
    TOKEN_END = 0x00,
    TOKEN_OPEN = 0x01,
    TOKEN_CLOSE_START = 0x02,
    TOKEN_CLOSE_EMPTY = 0x03,
    TOKEN_CLOSE = 0x04,
    TOKEN_VALUE = 0x05,
    TOKEN_ATTRIBUTE = 0x06,
    TOKEN_CDATA = 0x07,
    TOKEN_CHARACTER = 0x08,
    TOKEN_ENTITY = 0x09,
    TOKEN_PI_TARGET = 0x0A,
    TOKEN_PI_DATA = 0x0B,
    TOKEN_TEMPLATE = 0x0C,
    TOKEN_NORMAL = 0x0D,
    TOKEN_OPTIONAL = 0x0E,
    TOKEN_HEADER = 0x0F,
    TOKEN_MORE = 0x40,
};

enum { /* value types */
    TYPE_NULL = 0x00,
    TYPE_STRING = 0x01,
    TYPE_ANSI = 0x02,
    TYPE_I8 = 0x03,
    TYPE_U8 = 0x04,
    TYPE_I16 = 0x05,
    TYPE_U16 = 0x06,
    TYPE_I32 = 0x07,
    TYPE_U32 = 0x08,
    TYPE_I64 = 0x09,
    TYPE_U64 = 0x0A,
    TYPE_REAL32 = 0x0B,
    TYPE_REAL64 = 0x0C,
    TYPE_BOOL = 0x0D,
    TYPE_BINARY = 0x0E,
    TYPE_GUID = 0x0F,
    TYPE_SIZE = 0x10,
    TYPE_FILETIME = 0x11,
    TYPE_SYSTEMTIME = 0x12,
    TYPE_SID = 0x13,
    TYPE_HEX32 = 0x14,
    TYPE_HEX64 = 0x15,
    TYPE_XML = 0x21,
    TYPE_ARRAY = 0x80,
};

#define NONE 0xFFFFu
#define BUCKETS 256u
/* A record has no room for more value descriptors than this: a substitution beyond it can never have a value. */
#define VALUES_MOST 16384u

typedef enum NodeKind { NODE_ELEMENT, NODE_ATTRIBUTE, NODE_TEXT, NODE_VALUE, NODE_PI } NodeKind;
typedef struct Node { /* in document order: an element, its attributes, its content */
    uint8_t kind;
    bool empty;     /* element written as <a/> */
    bool optional;  /* value: an attribute of it alone is left out when it is null */
    uint16_t value; /* value: its number; element: the value it depends on, or NONE */
    uint32_t end;   /* the node behind its subtree */
    Str text;       /* name or text; of a processing instruction both, with a blank between */
} Node;

typedef enum Context { IN_DOCUMENT, IN_EVENT, IN_SYSTEM, IN_DATA, IN_USER, IN_RENDERING } Context;

typedef enum Op { /* every step first puts its text (XML) */
    OP_TEXT,       /* nothing more */
    OP_VALUE,      /* the value */
    OP_ATTRIBUTE,  /* if the value is there: constant, value, quote */
    OP_ELEMENT,    /* leave the element out if `value` is null; repeat it if `each` is an array; it ends at `jump` */
    OP_SYSTEM,     /* value or constant into system[context] */
    OP_DATA,       /* data begins: ask whether it is wanted, else go to `jump` */
    OP_NESTED,     /* the value may be a fragment of its own, read in `context` */
    OP_OPEN,       /* an object (JSON) */
    OP_CLOSE,
    OP_LEAF,       /* name text: value or constant */
    OP_LEAF_BEGIN, /* the same of several pieces */
    OP_PIECE,
    OP_LEAF_END,   /* into system[context] if that is not SYSTEM_COUNT */
} Op;

typedef struct Step {
    uint8_t op;
    uint8_t context;
    bool secret;     /* leaf: its name says that the value must not leave */
    uint16_t value;  /* or NONE: the constant */
    uint16_t each;   /* element: the value whose items repeat it; leaf: the value that is its name; or NONE */
    uint32_t jump;
    Str text;
    Str constant;
} Step;

typedef struct Program {
    struct Program *next;
    uint32_t offset;
    Context context;
    const Step *steps;
    size_t count;
    size_t values; /* one more than the largest number of a value it uses */
} Program;

typedef struct Name {
    struct Name *next;
    uint32_t offset;
    Str text;
} Name;

typedef struct Leaf { /* a field under way: values move while the text grows */
    Str name;
    size_t from, to;
} Leaf;

typedef struct BinXmlChunk {
    Str bytes;
    Arena arena; /* names and programs */
    Program *programs[BUCKETS];
    Name *names[BUCKETS];
    size_t compiled; /* bytes of templates read: bounded */
    size_t work;     /* steps repeated: bounded */
    size_t text;     /* bytes written: bounded */
    VEC(Node) nodes;
    VEC(Step) steps;
    VEC(BinXmlValue) values; /* of all templates under way, one behind the other */
    VEC(Leaf) leaves;
    VEC(Field) fields;
    Bytes constant; /* text of the step being made */
    Bytes piece;    /* leaf of several pieces */
    Bytes name;     /* of a leaf */
    Bytes plain;    /* text on its way to being escaped */
    bool asked, wanted;
    unsigned position;  /* of the last unnamed <Data> */
    unsigned repeat;    /* which item of an array an element stands for */
} BinXmlChunk;

static bool fail(BinXml *x, const char *why)
{
    x->why = why;
    return false;
}

static bool fail_limit(BinXml *x, const char *why)
{
    x->limit = true;
    return fail(x, why);
}

/* ---- bytes ---- */

static void bytes_grow(Arena *a, Bytes *b, size_t more)
{
    size_t room = b->room ? b->room * 2 : 4 * KIB;
    while (room - b->len < more) {
        room *= 2;
    }
    uint8_t *at = ARENA_NEW(a, uint8_t, room);
    if (b->len) {
        memcpy(at, b->at, b->len);
    }
    b->at = at;
    b->room = room;
}

static inline void reserve(Arena *a, Bytes *b, size_t more)
{
    if (b->room - b->len < more) {
        bytes_grow(a, b, more);
    }
}

void bytes_reserve(Arena *a, Bytes *b, size_t more)
{
    reserve(a, b, more);
}

static inline void put(Arena *a, Bytes *b, Str s)
{
    reserve(a, b, s.len);
    if (s.len) {
        memcpy(b->at + b->len, s.at, s.len);
        b->len += s.len;
    }
}

void bytes_put(Arena *a, Bytes *b, Str s)
{
    put(a, b, s);
}

static Str bytes_str(const Bytes *b)
{
    return (Str){b->at, b->len};
}

/* ---- values as text ---- */

static inline uint64_t little(const uint8_t *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = n; i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

static inline void two_digits(uint8_t *to, unsigned n)
{
    to[0] = (uint8_t)('0' + n / 10);
    to[1] = (uint8_t)('0' + n % 10);
}

static size_t decimal(uint8_t *to, uint64_t n)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n);
    memcpy(to, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

void bytes_u64(Arena *a, Bytes *b, uint64_t n)
{
    reserve(a, b, 20);
    b->len += decimal(b->at + b->len, n);
}

static void put_i64(Arena *a, Bytes *b, int64_t n)
{
    if (n < 0) {
        put(a, b, STR("-"));
    }
    bytes_u64(a, b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

static void put_hex_number(Arena *a, Bytes *b, uint64_t n)
{
    unsigned shift = 60;
    put(a, b, STR("0x"));
    reserve(a, b, 16);
    while (shift && !(n >> shift)) {
        shift -= 4;
    }
    for (;; shift -= 4) {
        b->at[b->len++] = (uint8_t)"0123456789abcdef"[n >> shift & 15];
        if (!shift) {
            return;
        }
    }
}

static void put_hex(Arena *a, Bytes *b, Str bytes)
{
    reserve(a, b, bytes.len * 2);
    uint8_t *to = b->at + b->len;
    for (size_t i = 0; i < bytes.len; i++) {
        *to++ = (uint8_t)"0123456789ABCDEF"[bytes.at[i] >> 4];
        *to++ = (uint8_t)"0123456789ABCDEF"[bytes.at[i] & 15];
    }
    b->len += bytes.len * 2;
}

static void put_guid(Arena *a, Bytes *b, const uint8_t *guid)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    reserve(a, b, 38);
    uint8_t *to = b->at + b->len;
    *to++ = '{';
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *to++ = '-';
        }
        *to++ = (uint8_t)"0123456789abcdef"[guid[order[i]] >> 4];
        *to++ = (uint8_t)"0123456789abcdef"[guid[order[i]] & 15];
    }
    *to = '}';
    b->len += 38;
}

static void put_sid(Arena *a, Bytes *b, Str sid)
{
    if (sid.len < 8 || sid.len < 8 + 4 * (size_t)sid.at[1]) {
        put_hex(a, b, sid);
        return;
    }
    uint64_t authority = (uint64_t)sid.at[2] << 40 | (uint64_t)sid.at[3] << 32 | (uint64_t)sid.at[4] << 24 |
                         (uint64_t)sid.at[5] << 16 | (uint64_t)sid.at[6] << 8 | sid.at[7];
    put(a, b, STR("S-"));
    bytes_u64(a, b, sid.at[0]);
    put(a, b, STR("-"));
    bytes_u64(a, b, authority);
    for (size_t i = 0; i < sid.at[1]; i++) {
        put(a, b, STR("-"));
        bytes_u64(a, b, binxml_u32(sid.at + 8 + 4 * i));
    }
}

static void put_date(Arena *a, Bytes *b, unsigned year, unsigned month, unsigned day)
{
    reserve(a, b, 12);
    if (year > 9999) {
        bytes_u64(a, b, year);
    } else {
        two_digits(b->at + b->len, year / 100);
        two_digits(b->at + b->len + 2, year % 100);
        b->len += 4;
    }
    uint8_t *to = b->at + b->len;
    to[0] = to[3] = '-';
    two_digits(to + 1, month);
    two_digits(to + 4, day);
    b->len += 6;
}

static void put_clock(Arena *a, Bytes *b, unsigned second_of_day, uint32_t fraction, unsigned digits)
{
    reserve(a, b, 24);
    uint8_t *to = b->at + b->len;
    to[0] = 'T';
    to[3] = to[6] = ':';
    to[9] = '.';
    two_digits(to + 1, second_of_day / 3600);
    two_digits(to + 4, second_of_day / 60 % 60);
    two_digits(to + 7, second_of_day % 60);
    for (unsigned i = digits; i > 0; i--) {
        to[9 + i] = (uint8_t)('0' + fraction % 10);
        fraction /= 10;
    }
    to[10 + digits] = 'Z';
    b->len += 11 + digits;
}

/* Days since 1601-01-01 into a date of the Gregorian calendar (eras of 400 years, years from March). */
void bytes_filetime(Arena *a, Bytes *b, uint64_t filetime)
{
    uint64_t seconds = filetime / 10000000, days = seconds / 86400 + 584694; /* since 0000-03-01 */
    uint64_t era = days / 146097;
    unsigned of_era = (unsigned)(days % 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned shifted = (5 * of_year + 2) / 153;
    unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
    put_date(a, b, (unsigned)(era * 400) + year + (month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1);
    put_clock(a, b, (unsigned)(seconds % 86400), (uint32_t)(filetime % 10000000), 7);
}

static void put_systemtime(Arena *a, Bytes *b, Str bytes)
{
    uint16_t part[8];
    for (size_t i = 0; i < 8; i++) {
        part[i] = binxml_u16(bytes.at + 2 * i);
    }
    if (part[1] > 12 || part[3] > 31 || part[4] > 23 || part[5] > 59 || part[6] > 59 || part[7] > 999) {
        put_hex(a, b, bytes);
        return;
    }
    put_date(a, b, part[0], part[1], part[3]);
    put_clock(a, b, part[4] * 3600u + part[5] * 60u + part[6], part[7], 3);
}

/* The shortest form that reads back as the same number. */
static void put_real(Arena *a, Bytes *b, double n, bool single)
{
    char text[40];
    int len = 0;
    for (int digits = 1; digits <= (single ? 9 : 17); digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, n);
        if (single ? strtof(text, NULL) == (float)n : strtod(text, NULL) == n) {
            break;
        }
    }
    put(a, b, (Str){(uint8_t *)text, (size_t)len});
}

static void put_real_bytes(Arena *a, Bytes *b, Str bytes)
{
    if (bytes.len == 4) {
        uint32_t bits = binxml_u32(bytes.at);
        float n;
        memcpy(&n, &bits, sizeof n);
        put_real(a, b, (double)n, true);
    } else {
        uint64_t bits = binxml_u64(bytes.at);
        double n;
        memcpy(&n, &bits, sizeof n);
        put_real(a, b, n, false);
    }
}

static void put_ansi(Arena *a, Bytes *b, Str text)
{
    reserve(a, b, text.len * 3);
    while (text.len && text.at[text.len - 1] == 0) {
        text.len--;
    }
    for (size_t i = 0; i < text.len; i++) {
        b->len += utf8_encode(b->at + b->len, cp1252_rune(text.at[i]));
    }
}

/* What a text holds that may not stand for itself. */
enum {
    HOLDS_SECRET_MARK = 1, /* = or : */
    HOLDS_MARKUP = 2,      /* < > &: XML escapes it */
    HOLDS_BACKSLASH = 4,   /* JSON does */
    HOLDS_OTHER = 8,       /* both do */
    HOLDS_WIDE = 16,       /* not ASCII */
};
#define HOLDS_ALL 31u

static inline unsigned holds(uint8_t c)
{
    switch (c) {
    case '=': case ':': return HOLDS_SECRET_MARK;
    case '\\': return HOLDS_BACKSLASH;
    case '<': case '>': case '&': return HOLDS_MARKUP;
    default: return c > 0x7F ? HOLDS_WIDE : c < ' ' || c == 0x7F || c == '"' ? HOLDS_OTHER : 0;
    }
}

static unsigned text_holds(Str text)
{
    unsigned held = 0;
    for (size_t i = 0; i < text.len; i++) {
        held |= holds(text.at[i]);
    }
    return held;
}

#if defined(__SSE2__)
typedef struct Seen { /* a bit for every lane, ored over all blocks */
    __m128i marks, markup, slashes, others;
} Seen;

/* Eight units at `from` into eight bytes; false if one of them is not ASCII. */
static inline bool narrow_eight(uint8_t *to, const uint8_t *from, Seen *seen)
{
    __m128i units = _mm_loadu_si128((const __m128i *)(const void *)from);
    __m128i over = _mm_and_si128(units, _mm_set1_epi16((short)0xFF80));
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(over, _mm_setzero_si128())) != 0xFFFF) {
        return false;
    }
    __m128i c = _mm_packus_epi16(units, units);
    _mm_storel_epi64((__m128i *)(void *)to, c);
#define IS(byte) _mm_cmpeq_epi8(c, _mm_set1_epi8(byte))
    seen->marks = _mm_or_si128(seen->marks, _mm_or_si128(IS('='), IS(':')));
    seen->slashes = _mm_or_si128(seen->slashes, IS('\\'));
    seen->markup = _mm_or_si128(seen->markup, _mm_or_si128(_mm_or_si128(IS('<'), IS('>')), IS('&')));
    __m128i others = _mm_or_si128(_mm_or_si128(IS('"'), IS(0x7F)), _mm_cmplt_epi8(c, _mm_set1_epi8(' ')));
    seen->others = _mm_or_si128(seen->others, others);
#undef IS
    return true;
}

/* As many units as are ASCII, in blocks; the last block overlaps the one before it. Returns how many were done. */
static size_t narrow_blocks(uint8_t *to, const uint8_t *from, size_t units, unsigned *held)
{
    Seen seen = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    size_t done = 0;
    while (units - done >= 8 && narrow_eight(to + done, from + 2 * done, &seen)) {
        done += 8;
    }
    if (units >= 8 && done < units && units - done < 8 && narrow_eight(to + units - 8, from + 2 * (units - 8), &seen)) {
        done = units;
    }
    *held |= _mm_movemask_epi8(seen.marks) ? HOLDS_SECRET_MARK : 0u;
    *held |= _mm_movemask_epi8(seen.markup) ? HOLDS_MARKUP : 0u;
    *held |= _mm_movemask_epi8(seen.slashes) ? HOLDS_BACKSLASH : 0u;
    *held |= _mm_movemask_epi8(seen.others) ? HOLDS_OTHER : 0u;
    return done;
}
#else
static size_t narrow_blocks(uint8_t *to, const uint8_t *from, size_t units, unsigned *held)
{
    (void)to, (void)from, (void)units, (void)held;
    return 0;
}
#endif

/* UTF-16LE behind the end of `b`; tells what it holds. */
static unsigned put_utf16(Arena *a, Bytes *b, Str text)
{
    size_t units = text.len / 2;
    while (units && !text.at[2 * units - 1] && !text.at[2 * units - 2]) {
        units--;
    }
    reserve(a, b, units * 3 + 16);
    unsigned held = 0;
    uint8_t *to = b->at + b->len;
    size_t done = narrow_blocks(to, text.at, units, &held);
    for (; done < units; done++) {
        uint16_t unit = binxml_u16(text.at + 2 * done);
        if (unit > 0x7F) {
            b->len += done;
            b->len += utf16le_to_utf8(b->at + b->len, str_slice(text, 2 * done, 2 * units));
            return HOLDS_ALL;
        }
        to[done] = (uint8_t)unit;
        held |= holds((uint8_t)unit);
    }
    b->len += units;
    return held;
}

static void put_unsigned(Arena *a, Bytes *b, Str bytes, bool hex)
{
    uint64_t n = bytes.len <= 8 ? little(bytes.at, bytes.len) : 0;
    if (bytes.len > 8) {
        put_hex(a, b, bytes);
    } else if (hex) {
        put_hex_number(a, b, n);
    } else {
        bytes_u64(a, b, n);
    }
}

static void put_signed(Arena *a, Bytes *b, Str bytes)
{
    if (bytes.len == 0 || bytes.len > 8) {
        put_hex(a, b, bytes);
        return;
    }
    unsigned unused = 64 - 8 * (unsigned)bytes.len;
    uint64_t n = little(bytes.at, bytes.len) << unused;
    put_i64(a, b, (int64_t)n >> unused);
}

static bool any_set(Str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i]) {
            return true;
        }
    }
    return false;
}

/* All types but strings. None of their texts needs escaping. A value of the wrong size is shown as its bytes. */
static void put_scalar(Arena *a, Bytes *b, uint8_t type, Str v)
{
    if (v.len == 0) {
        return;
    }
    switch (type) {
    case TYPE_NULL: return;
    case TYPE_I8: case TYPE_I16: case TYPE_I32: case TYPE_I64: put_signed(a, b, v); return;
    case TYPE_U8: case TYPE_U16: case TYPE_U32: case TYPE_U64: put_unsigned(a, b, v, false); return;
    case TYPE_SIZE: case TYPE_HEX32: case TYPE_HEX64: put_unsigned(a, b, v, true); return;
    case TYPE_BOOL: put(a, b, any_set(v) ? STR("true") : STR("false")); return;
    case TYPE_SID: put_sid(a, b, v); return;
    case TYPE_REAL32:
        if (v.len == 4) {
            put_real_bytes(a, b, v);
            return;
        }
        break;
    case TYPE_REAL64:
        if (v.len == 8) {
            put_real_bytes(a, b, v);
            return;
        }
        break;
    case TYPE_GUID:
        if (v.len == 16) {
            put_guid(a, b, v.at);
            return;
        }
        break;
    case TYPE_FILETIME:
        if (v.len == 8) {
            bytes_filetime(a, b, binxml_u64(v.at));
            return;
        }
        break;
    case TYPE_SYSTEMTIME:
        if (v.len == 16) {
            put_systemtime(a, b, v);
            return;
        }
        break;
    default: break;
    }
    put_hex(a, b, v);
}

static inline Str value_str(const BinXmlValue *v)
{
    return (Str){v->at, v->len};
}

/* Appends the plain text and tells what it holds. */
static unsigned put_value(Arena *a, Bytes *b, const BinXmlValue *v)
{
    switch (v->type) {
    case TYPE_STRING: return put_utf16(a, b, value_str(v));
    case TYPE_ANSI: put_ansi(a, b, value_str(v)); return HOLDS_ALL;
    case BINXML_TEXT: put(a, b, value_str(v)); return HOLDS_ALL;
    default: put_scalar(a, b, v->type, value_str(v)); return 0;
    }
}

/* The part of `b` from `from` on, escaped by one of the sink's functions. */
static void escape_tail(BinXml *x, Bytes *b, size_t from, void (*escape)(Sink *out, Str text))
{
    Bytes *plain = &x->chunk->plain;
    plain->len = 0;
    put(x->source, plain, str_from(bytes_str(b), from));
    b->len = from;
    reserve(x->source, b, 6 * plain->len + 8);
    Sink sink = {.bytes = b->at + from, .room = b->room - from};
    escape(&sink, bytes_str(plain));
    b->len += sink.used;
}

static bool tail_has_secret(const Bytes *b, size_t from)
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

/* As sink_xml does it, in place and from the end on, for ASCII without secrets. */
static void escape_xml_tail(Arena *a, Bytes *b, size_t from)
{
    size_t more = 0;
    for (size_t i = from; i < b->len; i++) {
        Str escape = xml_escape(b->at[i]);
        more += escape.len ? escape.len - 1 : 0;
    }
    reserve(a, b, more);
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

static void put_xml(BinXml *x, Bytes *to, const BinXmlValue *v)
{
    size_t from = to->len;
    unsigned held = put_value(x->source, to, v);
    if (held & HOLDS_WIDE || (held & HOLDS_SECRET_MARK && tail_has_secret(to, from))) {
        escape_tail(x, to, from, sink_xml);
    } else if (held & (HOLDS_MARKUP | HOLDS_OTHER)) {
        escape_xml_tail(x->source, to, from);
    }
}

/* What JSON writes behind a backslash; 0: the byte stands for itself, 'u': as \u and four digits. */
static uint8_t json_escape(uint8_t c)
{
    switch (c) {
    case '"': case '\\': return c;
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return c < ' ' || c == 0x7F ? 'u' : 0;
    }
}

/* As sink_json does it, in place and from the end on, for valid UTF-8 without secrets. */
static void escape_json_tail(Arena *a, Bytes *b, size_t from)
{
    size_t more = 0;
    for (size_t i = from; i < b->len; i++) {
        uint8_t escape = json_escape(b->at[i]);
        more += escape == 'u' ? 5 : escape != 0;
    }
    reserve(a, b, more);
    uint8_t *p = b->at + b->len, *to = p + more;
    b->len += more;
    while (p != to) {
        uint8_t c = *--p, escape = json_escape(c);
        if (escape == 'u') {
            to -= 6;
            memcpy(to, "\\u00", 4);
            to[4] = (uint8_t)"0123456789abcdef"[c >> 4];
            to[5] = (uint8_t)"0123456789abcdef"[c & 15];
        } else {
            *--to = escape ? escape : c;
            if (escape) {
                *--to = '\\';
            }
        }
    }
}

void binxml_json(BinXml *x, Bytes *to, const BinXmlValue *v)
{
    size_t from = to->len;
    put(x->source, to, STR("\""));
    unsigned held = put_value(x->source, to, v);
    if (v->type == BINXML_TEXT) {
        held = text_holds(value_str(v));
    }
    if (held & HOLDS_SECRET_MARK && tail_has_secret(to, from + 1)) {
        to->len--;
        memmove(to->at + from, to->at + from + 1, to->len - from);
        escape_tail(x, to, from, sink_json);
        return;
    }
    if (held & (HOLDS_BACKSLASH | HOLDS_OTHER)) {
        escape_json_tail(x->source, to, from + 1);
    }
    put(x->source, to, STR("\""));
}

void binxml_text(BinXml *x, Bytes *to, const BinXmlValue *v)
{
    put_value(x->source, to, v);
}

bool binxml_number(const BinXmlValue *v, uint64_t *number)
{
    switch (v->type) {
    case TYPE_U8: case TYPE_U16: case TYPE_U32: case TYPE_U64: case TYPE_I8: case TYPE_I16: case TYPE_I32:
    case TYPE_I64: case TYPE_HEX32: case TYPE_HEX64: case TYPE_FILETIME: case TYPE_SIZE:
        if (v->len == 0 || v->len > 8) {
            return false;
        }
        *number = little(v->at, v->len);
        return true;
    case BINXML_TEXT: return str_u64(value_str(v), 10, number);
    default: return false;
    }
}

/* ---- names ---- */

static bool name_byte(uint8_t c, bool first)
{
    return c >= 0x80 || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_' || c == ':' ||
           (!first && (byte_digit(c) || c == '-' || c == '.'));
}

/* A name goes out without escaping, so it must be one. */
static Str name_clean(Arena *a, Str utf16)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, utf16.len / 2 * 3 + 1);
    size_t len = utf16le_to_utf8(to, utf16);
    for (size_t i = 0; i < len; i++) {
        if (!name_byte(to[i], i == 0)) {
            to[i] = '_';
        }
    }
    if (len == 0) {
        to[len++] = '_';
    }
    return (Str){to, len};
}

/* A reference to a name: an offset in the chunk, and the name itself when that offset is right here. */
static Str name_read(BinXml *x, Cursor *c)
{
    BinXmlChunk *k = x->chunk;
    uint32_t offset = cur_u32(c, "name offset");
    bool inline_name = !c->lack && offset == c->pos;
    Name **bucket = &k->names[offset % BUCKETS];
    for (Name *n = *bucket; n && !inline_name; n = n->next) {
        if (n->offset == offset) {
            return n->text;
        }
    }
    Cursor there = {.in = inline_name ? c->in : k->bytes, .lack = c->lack};
    cur_seek(&there, offset, "name offset");
    cur_u32(&there, "name link");
    cur_u16(&there, "name hash");
    Str utf16 = cur_bytes(&there, 2 * (size_t)cur_u16(&there, "name length"), "name");
    cur_u16(&there, "name end");
    if (inline_name || there.lack) {
        c->pos = there.lack ? c->pos : there.pos;
        c->lack = there.lack;
    }
    if (there.lack) {
        return (Str){0};
    }
    Name *n = ARENA_NEW(&k->arena, Name, 1);
    *n = (Name){.next = *bucket, .offset = offset, .text = name_clean(&k->arena, utf16)};
    *bucket = n;
    k->compiled += utf16.len;
    return n->text;
}

/* ---- tokens into nodes ---- */

typedef struct Reader {
    BinXml *x;
    Cursor *c;
    bool dependencies; /* inside a template an element names the value it depends on */
    bool in_start;     /* between <name and > */
    size_t attribute;  /* the open one, or 0: the first node is an element */
    size_t open[LIMIT_BINXML_ELEMENTS];
    size_t depth;
} Reader;

static Node *node_add(Reader *r, NodeKind kind, Str text)
{
    BinXmlChunk *k = r->x->chunk;
    Node *n = VEC_ADD(r->x->source, &k->nodes);
    *n = (Node){.kind = (uint8_t)kind, .value = NONE, .end = (uint32_t)k->nodes.count, .text = text};
    return n;
}

static void attribute_end(Reader *r)
{
    BinXmlChunk *k = r->x->chunk;
    if (r->attribute) {
        k->nodes.at[r->attribute].end = (uint32_t)k->nodes.count;
        r->attribute = 0;
    }
}

static bool read_open(Reader *r, bool more)
{
    uint16_t dependency = r->dependencies ? cur_u16(r->c, "dependency") : NONE;
    cur_u32(r->c, "element size");
    Str name = name_read(r->x, r->c);
    if (more) {
        cur_u32(r->c, "attribute list size");
    }
    if (r->depth == LIMIT_BINXML_ELEMENTS) {
        return fail_limit(r->x, "elements nested too deep");
    }
    if (r->in_start) {
        return fail(r->x, "element inside a start tag");
    }
    r->open[r->depth++] = r->x->chunk->nodes.count;
    r->in_start = true;
    node_add(r, NODE_ELEMENT, name)->value = dependency < VALUES_MOST ? dependency : NONE;
    return true;
}

static bool read_close(Reader *r, unsigned token)
{
    BinXmlChunk *k = r->x->chunk;
    if (r->depth == 0 || r->in_start != (token != TOKEN_CLOSE)) {
        return fail(r->x, "end of an element that is not open");
    }
    attribute_end(r);
    r->in_start = false;
    if (token != TOKEN_CLOSE_START) {
        Node *n = &k->nodes.at[r->open[--r->depth]];
        n->end = (uint32_t)k->nodes.count;
        n->empty = token == TOKEN_CLOSE_EMPTY;
    }
    return true;
}

static bool read_attribute(Reader *r)
{
    if (!r->in_start) {
        return fail(r->x, "attribute outside a start tag");
    }
    attribute_end(r);
    Str name = name_read(r->x, r->c);
    r->attribute = r->x->chunk->nodes.count;
    node_add(r, NODE_ATTRIBUTE, name);
    return true;
}

static Str read_utf16(Reader *r)
{
    size_t units = cur_u16(r->c, "text length");
    Str utf16 = cur_bytes(r->c, 2 * units, "text");
    while (utf16.len && !utf16.at[utf16.len - 1] && !utf16.at[utf16.len - 2]) {
        utf16.len -= 2;
    }
    return arena_utf16le(&r->x->chunk->arena, utf16);
}

static Str read_character(Reader *r)
{
    uint8_t unit[2];
    uint16_t rune = cur_u16(r->c, "character");
    unit[0] = (uint8_t)rune;
    unit[1] = (uint8_t)(rune >> 8);
    return arena_utf16le(&r->x->chunk->arena, (Str){unit, 2});
}

static Str read_entity(Reader *r)
{
    static const char *const entities[][2] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
    Str name = name_read(r->x, r->c);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (str_eq(name, str_of(entities[i][0]))) {
            return str_of(entities[i][1]);
        }
    }
    return arena_join(&r->x->chunk->arena, (Str[]){STR("&"), name, STR(";")}, 3);
}

static Str read_instruction(Reader *r)
{
    Str name = name_read(r->x, r->c);
    if (cur_left(r->c) && (r->c->in.at[r->c->pos] & ~TOKEN_MORE) == TOKEN_PI_DATA) {
        cur_u8(r->c, "instruction");
        return arena_join(&r->x->chunk->arena, (Str[]){name, STR(" "), read_utf16(r)}, 3);
    }
    return name;
}

static void read_substitution(Reader *r, bool optional)
{
    uint16_t number = cur_u16(r->c, "substitution");
    cur_u8(r->c, "substitution type");
    Node *n = node_add(r, NODE_VALUE, (Str){0});
    n->value = number < VALUES_MOST ? number : VALUES_MOST;
    n->optional = optional;
}

/* Text of any token that stands for characters. */
static bool read_piece(Reader *r, unsigned token)
{
    if (r->in_start ? !r->attribute : !r->depth) {
        return fail(r->x, "text outside an element");
    }
    switch (token) {
    case TOKEN_VALUE:
        if (cur_u8(r->c, "value type") != TYPE_STRING) {
            return fail(r->x, "value type in the text");
        }
        node_add(r, NODE_TEXT, read_utf16(r));
        return true;
    case TOKEN_CDATA: node_add(r, NODE_TEXT, read_utf16(r)); return true;
    case TOKEN_CHARACTER: node_add(r, NODE_TEXT, read_character(r)); return true;
    case TOKEN_ENTITY: node_add(r, NODE_TEXT, read_entity(r)); return true;
    default: read_substitution(r, token == TOKEN_OPTIONAL); return true;
    }
}

static bool read_token(Reader *r, uint8_t byte)
{
    unsigned token = byte & ~(unsigned)TOKEN_MORE;
    switch (token) {
    case TOKEN_OPEN: return read_open(r, byte & TOKEN_MORE);
    case TOKEN_CLOSE_START: case TOKEN_CLOSE_EMPTY: case TOKEN_CLOSE: return read_close(r, token);
    case TOKEN_ATTRIBUTE: return read_attribute(r);
    case TOKEN_VALUE: case TOKEN_CDATA: case TOKEN_CHARACTER: case TOKEN_ENTITY: case TOKEN_NORMAL: case TOKEN_OPTIONAL:
        return read_piece(r, token);
    case TOKEN_HEADER: cur_bytes(r->c, 3, "fragment header"); return true;
    case TOKEN_PI_TARGET:
        if (r->in_start) {
            return fail(r->x, "instruction inside a start tag");
        }
        node_add(r, NODE_PI, read_instruction(r));
        return true;
    default: return fail(r->x, "unknown token");
    }
}

/* From the cursor to the end token, or to the end of its bytes. */
static bool read_nodes(BinXml *x, Cursor *c, bool dependencies)
{
    BinXmlChunk *k = x->chunk;
    size_t start = c->pos;
    Reader r = {.x = x, .c = c, .dependencies = dependencies};
    k->nodes.count = 0;
    while (cur_left(c) && !c->lack) {
        uint8_t byte = cur_u8(c, "token");
        if (byte == TOKEN_END) {
            break;
        }
        if (!read_token(&r, byte)) {
            return false;
        }
    }
    k->compiled += c->pos - start;
    if (c->lack) {
        return fail(x, c->lack);
    }
    return r.depth == 0 || fail(x, "element without its end");
}

/* ---- nodes into steps ---- */

typedef struct Lower {
    BinXml *x;
    size_t values;
} Lower;

static Node *node_at(const Lower *l, size_t i)
{
    return &l->x->chunk->nodes.at[i];
}

/* The text written since the last step becomes this one's. */
static Step *step_add(Lower *l, Op op, uint16_t value)
{
    BinXmlChunk *k = l->x->chunk;
    Step *s = VEC_ADD(l->x->source, &k->steps);
    *s = (Step){.op = (uint8_t)op, .value = value, .each = NONE, .context = SYSTEM_COUNT};
    if (k->constant.len) {
        s->text = arena_str(&k->arena, bytes_str(&k->constant));
        k->constant.len = 0;
    }
    if (value != NONE && value >= l->values) {
        l->values = value + 1u;
    }
    return s;
}

static void write_raw(Lower *l, Str text)
{
    put(l->x->source, &l->x->chunk->constant, text);
}

static void write_escaped(Lower *l, Str text)
{
    Bytes *b = &l->x->chunk->constant;
    size_t from = b->len;
    put(l->x->source, b, text);
    escape_tail(l->x, b, from, sink_xml);
}

/* The value whose items repeat the element: the first one right in its content. */
static uint16_t value_of_content(const Lower *l, size_t i)
{
    for (size_t at = i + 1; at < node_at(l, i)->end; at = node_at(l, at)->end) {
        if (node_at(l, at)->kind == NODE_VALUE) {
            return node_at(l, at)->value;
        }
    }
    return NONE;
}

/* Only where it can make a difference. Returns the number of the step, or SIZE_MAX. */
static size_t element_begin(Lower *l, size_t i)
{
    uint16_t dependency = node_at(l, i)->value, each = value_of_content(l, i);
    if (dependency == NONE && each == NONE) {
        return SIZE_MAX;
    }
    Step *s = step_add(l, OP_ELEMENT, dependency);
    s->each = each;
    if (each != NONE && each >= l->values) {
        l->values = each + 1u;
    }
    return l->x->chunk->steps.count - 1;
}

static void element_end(Lower *l, size_t step)
{
    BinXmlChunk *k = l->x->chunk;
    if (step == SIZE_MAX) {
        return;
    }
    if (k->constant.len) {
        step_add(l, OP_TEXT, NONE);
    }
    k->steps.at[step].jump = (uint32_t)k->steps.count;
}

static void xml_attribute(Lower *l, size_t i)
{
    const Node *n = node_at(l, i), *first = node_at(l, i + 1);
    Str name = arena_join(&l->x->chunk->arena, (Str[]){STR(" "), n->text, STR("=\"")}, 3);
    if (n->end == i + 2 && first->kind == NODE_VALUE && first->optional) {
        step_add(l, OP_ATTRIBUTE, first->value)->constant = name;
        return;
    }
    write_raw(l, name);
    for (size_t at = i + 1; at < n->end; at++) {
        if (node_at(l, at)->kind == NODE_VALUE) {
            step_add(l, OP_VALUE, node_at(l, at)->value);
        } else {
            write_escaped(l, node_at(l, at)->text);
        }
    }
    write_raw(l, STR("\""));
}

static void xml_node(Lower *l, size_t i);

static void xml_element(Lower *l, size_t i)
{
    const Node *n = node_at(l, i);
    size_t step = element_begin(l, i), at = i + 1;
    write_raw(l, STR("<"));
    write_raw(l, n->text);
    for (; at < n->end && node_at(l, at)->kind == NODE_ATTRIBUTE; at = node_at(l, at)->end) {
        xml_attribute(l, at);
    }
    if (n->empty) {
        write_raw(l, STR("/>"));
    } else {
        write_raw(l, STR(">"));
        for (; at < n->end; at = node_at(l, at)->end) {
            xml_node(l, at);
        }
        write_raw(l, STR("</"));
        write_raw(l, n->text);
        write_raw(l, STR(">"));
    }
    element_end(l, step);
}

/* "?>" inside an instruction would end it early. */
static void xml_instruction(Lower *l, Str text)
{
    write_raw(l, STR("<?"));
    for (size_t i = 0; i < text.len; i++) {
        bool control = text.at[i] < ' ' || text.at[i] == '?' || text.at[i] == '>';
        write_raw(l, control ? STR(" ") : str_slice(text, i, i + 1));
    }
    write_raw(l, STR("?>"));
}

static void xml_node(Lower *l, size_t i)
{
    const Node *n = node_at(l, i);
    switch (n->kind) {
    case NODE_ELEMENT: xml_element(l, i); break;
    case NODE_VALUE: step_add(l, OP_VALUE, n->value); break;
    case NODE_PI: xml_instruction(l, n->text); break;
    default: write_escaped(l, n->text);
    }
}

/* Pieces [from, to): true if all of them are constant, or there is one value and nothing else. */
static bool pieces_single(Lower *l, size_t from, size_t to, uint16_t *value, Str *constant)
{
    Bytes *b = &l->x->chunk->piece;
    b->len = 0;
    *value = NONE;
    for (size_t at = from; at < to; at = node_at(l, at)->end) {
        const Node *n = node_at(l, at);
        if (n->kind == NODE_VALUE) {
            *value = n->value;
            return to - from == 1;
        }
        if (n->kind == NODE_TEXT) {
            put(l->x->source, b, n->text);
        }
    }
    *constant = arena_str(&l->x->chunk->arena, bytes_str(b));
    return true;
}

/* The text of attribute or content pieces into an item of System. */
static void lower_item(Lower *l, size_t from, size_t to, SystemItem item)
{
    uint16_t value;
    Str constant = {0};
    if (pieces_single(l, from, to, &value, &constant)) {
        Step *s = step_add(l, OP_SYSTEM, value);
        s->context = (uint8_t)item;
        s->constant = constant;
        return;
    }
    step_add(l, OP_LEAF_BEGIN, NONE)->context = (uint8_t)item;
    for (size_t at = from; at < to; at = node_at(l, at)->end) {
        step_add(l, OP_PIECE, node_at(l, at)->value)->constant = node_at(l, at)->text;
    }
    step_add(l, OP_LEAF_END, NONE)->context = (uint8_t)item;
}

/* As the form wants it: `"name":` or the name alone. */
static Str leaf_name(Lower *l, Str name)
{
    BinXmlChunk *k = l->x->chunk;
    if (l->x->form != BINXML_JSON || !name.len) {
        return name;
    }
    BinXmlValue v = {name.at, (uint32_t)name.len, BINXML_TEXT};
    k->name.len = 0;
    binxml_json(l->x, &k->name, &v);
    put(l->x->source, &k->name, STR(":"));
    return arena_str(&k->arena, bytes_str(&k->name));
}

/* secret.h knows values by the names before them; here the name is an attribute or an element. */
static bool name_is_secret(Lower *l, Str name)
{
    Str secret;
    return l->x->form == BINXML_JSON &&
           secret_find(arena_join(&l->x->chunk->arena, (Str[]){name, STR("=x")}, 2), 0, &secret);
}

typedef struct LeafShape {
    Str name;            /* empty: unnamed */
    uint16_t name_value; /* or NONE */
} LeafShape;

static Step *leaf_step(Lower *l, Op op, uint16_t value, const LeafShape *shape)
{
    Step *s = step_add(l, op, value);
    s->text = leaf_name(l, shape->name);
    s->each = shape->name_value;
    s->secret = name_is_secret(l, shape->name);
    if (shape->name_value != NONE && shape->name_value >= l->values) {
        l->values = shape->name_value + 1u;
    }
    return s;
}

static void lower_leaf(Lower *l, size_t from, size_t to, const LeafShape *shape)
{
    uint16_t value;
    Str constant = {0};
    if (pieces_single(l, from, to, &value, &constant)) {
        Step *s = leaf_step(l, OP_LEAF, value, shape);
        s->constant = constant;
        s->context = IN_USER;
        return;
    }
    leaf_step(l, OP_LEAF_BEGIN, NONE, shape);
    for (size_t at = from; at < to; at = node_at(l, at)->end) {
        step_add(l, OP_PIECE, node_at(l, at)->value)->constant = node_at(l, at)->text;
    }
    leaf_step(l, OP_LEAF_END, NONE, &(LeafShape){.name_value = NONE});
}

static void lower_children(Lower *l, size_t from, size_t to, Context context);

static size_t content_of(const Lower *l, size_t i)
{
    size_t at = i + 1;
    while (at < node_at(l, i)->end && node_at(l, at)->kind == NODE_ATTRIBUTE) {
        at = node_at(l, at)->end;
    }
    return at;
}

static bool is_namespace(Str name)
{
    return str_eq(name, STR("xmlns")) || str_starts(name, STR("xmlns:"));
}

/* The attributes that are data, as leaves: "@Name" in JSON. */
static size_t lower_attributes(Lower *l, size_t i)
{
    size_t count = 0;
    for (size_t at = i + 1, end = content_of(l, i); at < end; at = node_at(l, at)->end) {
        Str name = node_at(l, at)->text;
        if (is_namespace(name)) {
            continue;
        }
        if (l->x->form == BINXML_JSON) {
            name = arena_join(&l->x->chunk->arena, (Str[]){STR("@"), name}, 2);
        }
        lower_leaf(l, at + 1, node_at(l, at)->end, &(LeafShape){name, NONE});
        count++;
    }
    return count;
}

static bool has_attributes(const Lower *l, size_t i)
{
    for (size_t at = i + 1, end = content_of(l, i); at < end; at = node_at(l, at)->end) {
        if (!is_namespace(node_at(l, at)->text)) {
            return true;
        }
    }
    return false;
}

static bool has_elements(const Lower *l, size_t i)
{
    for (size_t at = content_of(l, i); at < node_at(l, i)->end; at = node_at(l, at)->end) {
        if (node_at(l, at)->kind == NODE_ELEMENT) {
            return true;
        }
    }
    return false;
}

/* Siblings of the same name are told apart only this far back: names are compared with every one. */
#define SIBLINGS_LOOKED_AT 256

static Str numbered_name(Lower *l, Str name, unsigned same)
{
    Arena *a = &l->x->chunk->arena;
    return same == 1 ? name : arena_join(a, (Str[]){name, arena_format(a, "#%u", same)}, 2);
}

/* JSON has one member a name: the second sibling of a name is name#2. */
static Str sibling_name(Lower *l, size_t first, size_t i)
{
    Str name = node_at(l, i)->text;
    unsigned same = 1, looked = 0;
    if (l->x->form != BINXML_JSON) {
        return name;
    }
    for (size_t at = first; at < i && looked < SIBLINGS_LOOKED_AT; at = node_at(l, at)->end, looked++) {
        same += node_at(l, at)->kind == NODE_ELEMENT && str_eq(node_at(l, at)->text, name);
    }
    return numbered_name(l, name, same);
}

/* An element of UserData: a leaf, or an object with its attributes, its text and its elements. */
static void lower_user(Lower *l, size_t i, size_t first)
{
    const Node *n = node_at(l, i);
    Str name = sibling_name(l, first, i);
    size_t content = content_of(l, i);
    if (!has_attributes(l, i) && !has_elements(l, i)) {
        lower_leaf(l, content, n->end, &(LeafShape){name, NONE});
        return;
    }
    step_add(l, OP_OPEN, NONE)->text = leaf_name(l, name);
    lower_attributes(l, i);
    if (has_elements(l, i)) {
        lower_children(l, content, n->end, IN_USER);
    } else if (content < n->end) {
        Str text = l->x->form == BINXML_JSON ? STR("#text") : name;
        lower_leaf(l, content, n->end, &(LeafShape){text, NONE});
    }
    step_add(l, OP_CLOSE, NONE);
}

static size_t attribute_named(const Lower *l, size_t i, Str name)
{
    for (size_t at = i + 1, end = content_of(l, i); at < end; at = node_at(l, at)->end) {
        if (str_eq(node_at(l, at)->text, name)) {
            return at;
        }
    }
    return 0;
}

/* The constant @Name; empty if there is none. */
static Str data_name(const Lower *l, size_t i)
{
    size_t name = attribute_named(l, i, STR("Name"));
    bool constant = name && node_at(l, name)->end == name + 2 && node_at(l, name + 1)->kind == NODE_TEXT;
    return constant ? node_at(l, name + 1)->text : (Str){0};
}

static Str data_sibling_name(Lower *l, size_t first, size_t i, Str name)
{
    unsigned same = 1, looked = 0;
    if (l->x->form != BINXML_JSON || !name.len) {
        return name;
    }
    for (size_t at = first; at < i && looked < SIBLINGS_LOOKED_AT; at = node_at(l, at)->end, looked++) {
        same += node_at(l, at)->kind == NODE_ELEMENT && str_eq(data_name(l, at), name);
    }
    return numbered_name(l, name, same);
}

static void lower_data(Lower *l, size_t i, size_t first)
{
    LeafShape shape = {.name_value = NONE};
    size_t name = attribute_named(l, i, STR("Name"));
    if (name && !pieces_single(l, name + 1, node_at(l, name)->end, &shape.name_value, &shape.name)) {
        shape.name_value = NONE;
    }
    shape.name = data_sibling_name(l, first, i, shape.name);
    if (has_elements(l, i)) {
        step_add(l, OP_OPEN, NONE)->text = leaf_name(l, shape.name.len ? shape.name : STR("Data"));
        lower_children(l, content_of(l, i), node_at(l, i)->end, IN_USER);
        step_add(l, OP_CLOSE, NONE);
        return;
    }
    lower_leaf(l, content_of(l, i), node_at(l, i)->end, &shape);
}

static void lower_system(Lower *l, size_t i)
{
    static const struct {
        const char *element, *attribute;
        SystemItem item;
    } items[] = {
        {"Provider", "Name", SYSTEM_PROVIDER},   {"Provider", "EventSourceName", SYSTEM_ALIAS},
        {"EventID", NULL, SYSTEM_EVENT_ID},      {"Level", NULL, SYSTEM_LEVEL},
        {"TimeCreated", "SystemTime", SYSTEM_TIME}, {"EventRecordID", NULL, SYSTEM_RECORD},
        {"Channel", NULL, SYSTEM_CHANNEL},       {"Computer", NULL, SYSTEM_COMPUTER},
    };
    for (size_t k = 0; k < sizeof items / sizeof *items; k++) {
        if (!str_eq(node_at(l, i)->text, str_of(items[k].element))) {
            continue;
        }
        size_t at = items[k].attribute ? attribute_named(l, i, str_of(items[k].attribute)) : i;
        if (items[k].attribute && !at) {
            continue;
        }
        lower_item(l, items[k].attribute ? at + 1 : content_of(l, i), node_at(l, at)->end, items[k].item);
    }
}

/* A child of Event. */
static void lower_part(Lower *l, size_t i)
{
    Str name = node_at(l, i)->text;
    size_t content = content_of(l, i), end = node_at(l, i)->end;
    if (str_eq(name, STR("System"))) {
        lower_children(l, content, end, IN_SYSTEM);
        return;
    }
    step_add(l, OP_DATA, NONE);
    size_t step = l->x->chunk->steps.count - 1;
    if (str_eq(name, STR("RenderingInfo"))) {
        lower_children(l, content, end, IN_RENDERING);
    } else {
        lower_attributes(l, i);
        lower_children(l, content, end, str_eq(name, STR("EventData")) ? IN_DATA : IN_USER);
    }
    l->x->chunk->steps.at[step].jump = (uint32_t)l->x->chunk->steps.count;
}

static void lower_element(Lower *l, size_t i, size_t first, Context context)
{
    Str name = node_at(l, i)->text;
    size_t step = element_begin(l, i), content = content_of(l, i), end = node_at(l, i)->end;
    if (context == IN_DOCUMENT && str_eq(name, STR("Event"))) {
        lower_children(l, content, end, IN_EVENT);
    } else if (context == IN_EVENT) {
        lower_part(l, i);
    } else if (context == IN_SYSTEM) {
        lower_system(l, i);
    } else if (context == IN_RENDERING) {
        if (str_eq(name, STR("Message"))) {
            lower_item(l, content, end, SYSTEM_MESSAGE);
        }
    } else if (context == IN_DATA && str_eq(name, STR("Data"))) {
        lower_data(l, i, first);
    } else {
        lower_user(l, i, first);
    }
    element_end(l, step);
}

static void lower_children(Lower *l, size_t from, size_t to, Context context)
{
    for (size_t at = from; at < to; at = node_at(l, at)->end) {
        const Node *n = node_at(l, at);
        if (n->kind == NODE_ELEMENT) {
            lower_element(l, at, from, context);
        } else if (n->kind == NODE_VALUE) {
            step_add(l, OP_NESTED, n->value)->context = (uint8_t)context;
        } else if (n->kind == NODE_TEXT && (context == IN_DATA || context == IN_USER) && str_trim(n->text).len) {
            lower_leaf(l, at, at + 1, &(LeafShape){STR("#text"), NONE});
        }
    }
}

static Program *program_make(BinXml *x, Context context)
{
    BinXmlChunk *k = x->chunk;
    Lower l = {.x = x};
    k->steps.count = 0;
    k->constant.len = 0;
    if (x->form == BINXML_XML) {
        for (size_t at = 0; at < k->nodes.count; at = k->nodes.at[at].end) {
            xml_node(&l, at);
        }
        if (k->constant.len) {
            step_add(&l, OP_TEXT, NONE);
        }
    } else {
        lower_children(&l, 0, k->nodes.count, context);
    }
    Program *p = ARENA_NEW(&k->arena, Program, 1);
    Step *steps = ARENA_NEW(&k->arena, Step, k->steps.count);
    if (k->steps.count) {
        memcpy(steps, k->steps.at, k->steps.count * sizeof *steps);
    }
    *p = (Program){.context = context, .steps = steps, .count = k->steps.count, .values = l.values};
    return p;
}

/* No chunk of 64 KiB holds more than that of templates, unless they overlap on purpose. */
static bool may_compile(BinXml *x, size_t bytes)
{
    return x->chunk->compiled + bytes <= LIMIT_BINXML_COMPILED || fail_limit(x, "too many templates in one chunk");
}

static Program *template_compile(BinXml *x, uint32_t offset, Context context)
{
    Cursor c = cursor_of(x->chunk->bytes);
    cur_seek(&c, offset, "template offset");
    cur_u32(&c, "template link");
    cur_bytes(&c, 16, "template identifier");
    size_t size = cur_u32(&c, "template size");
    if (c.lack || size > cur_left(&c)) {
        fail(x, c.lack ? c.lack : "template size");
        return NULL;
    }
    c.in.len = c.pos + size;
    if (!may_compile(x, size) || !read_nodes(x, &c, true)) {
        return NULL;
    }
    Program *p = program_make(x, context);
    p->offset = offset;
    return p;
}

static inline const Program *template_at(BinXml *x, uint32_t offset, Context context)
{
    Program **bucket = &x->chunk->programs[offset % BUCKETS];
    for (Program *p = *bucket; p; p = p->next) {
        if (p->offset == offset && p->context == context) {
            return p;
        }
    }
    Program *p = template_compile(x, offset, context);
    if (p) {
        p->next = *bucket;
        *bucket = p;
    }
    return p;
}

/* ---- steps into text ---- */

typedef struct Run {
    BinXml *x;
    const Program *program;
    BinXmlValue *values;
    unsigned depth;
} Run;

static bool run_fragment(BinXml *x, size_t from, size_t to, Context context, unsigned depth);
static bool run_steps(const Run *r, size_t from, size_t to);

static inline bool is_null(const BinXmlValue *v)
{
    return v->type == TYPE_NULL;
}

static bool run_nested(const Run *r, const BinXmlValue *v, Context context)
{
    size_t from = (size_t)(v->at - r->x->chunk->bytes.at);
    return run_fragment(r->x, from, from + v->len, context, r->depth + 1);
}

/* How long one item of an array is; 0: items end with a NUL. */
static size_t item_size(uint8_t type, Str rest)
{
    switch (type) {
    case TYPE_STRING: case TYPE_ANSI: return 0;
    case TYPE_I8: case TYPE_U8: return 1;
    case TYPE_I16: case TYPE_U16: return 2;
    case TYPE_I32: case TYPE_U32: case TYPE_REAL32: case TYPE_BOOL: case TYPE_HEX32: return 4;
    case TYPE_I64: case TYPE_U64: case TYPE_REAL64: case TYPE_FILETIME: case TYPE_HEX64: return 8;
    case TYPE_GUID: case TYPE_SYSTEMTIME: return 16;
    case TYPE_SIZE: return rest.len % 8 ? 4 : 8;
    case TYPE_SID: return rest.len < 8 ? rest.len : 8 + 4 * (size_t)rest.at[1];
    default: return rest.len;
    }
}

/* Takes the next item off the front. */
static BinXmlValue item_next(uint8_t type, Str *rest)
{
    size_t size = item_size(type, *rest), skip = 0;
    if (size == 0) {
        skip = type == TYPE_STRING ? 2 : 1;
        while (size + skip <= rest->len && (rest->at[size] || rest->at[size + skip - 1])) {
            size += skip;
        }
    }
    Str item = str_slice(*rest, 0, size + skip > rest->len ? rest->len : size);
    *rest = str_from(*rest, size + skip);
    return (BinXmlValue){item.at, (uint32_t)item.len, type};
}

/* The element's steps once for each item, which takes the array's place meanwhile. */
static bool run_each(const Run *r, size_t from, size_t to, uint16_t each)
{
    BinXmlChunk *k = r->x->chunk;
    BinXmlValue array = r->values[each];
    Str rest = value_str(&array);
    unsigned outer = k->repeat, count = 0;
    bool good = true;
    do {
        r->values[each] = (BinXmlValue){array.at, 0, TYPE_STRING};
        if (rest.len) {
            r->values[each] = item_next(array.type & ~TYPE_ARRAY, &rest);
        }
        k->work += to - from + 1;
        good = k->work <= LIMIT_BINXML_WORK || fail_limit(r->x, "arrays in arrays in one chunk");
        k->repeat = count++;
        good = good && run_steps(r, from, to);
    } while (good && rest.len);
    k->repeat = outer;
    r->values[each] = array;
    return good;
}

static inline bool run_value_xml(const Run *r, const BinXmlValue *v)
{
    if (v->type == TYPE_XML) {
        return run_nested(r, v, IN_DOCUMENT);
    }
    put_xml(r->x, &r->x->text, v);
    return true;
}

static bool run_xml(const Run *r, size_t from, size_t to)
{
    BinXml *x = r->x;
    for (size_t i = from; i < to; i++) {
        const Step *s = &r->program->steps[i];
        put(x->source, &x->text, s->text);
        switch (s->op) {
        case OP_VALUE:
            if (!run_value_xml(r, &r->values[s->value])) {
                return false;
            }
            break;
        case OP_ATTRIBUTE:
            if (!is_null(&r->values[s->value])) {
                put(x->source, &x->text, s->constant);
                put_xml(x, &x->text, &r->values[s->value]);
                put(x->source, &x->text, STR("\""));
            }
            break;
        case OP_ELEMENT:
            if (s->value != NONE && is_null(&r->values[s->value])) {
                i = s->jump - 1;
            } else if (s->each != NONE && r->values[s->each].type & TYPE_ARRAY) {
                if (!run_each(r, i + 1, s->jump, s->each)) {
                    return false;
                }
                i = s->jump - 1;
            }
            break;
        default: break;
        }
        if (x->text.len > LIMIT_BINXML_TEXT) {
            return fail_limit(x, "text of one chunk");
        }
    }
    return true;
}

static inline BinXmlValue step_value(const Run *r, const Step *s)
{
    return s->value != NONE ? r->values[s->value]
                            : (BinXmlValue){s->constant.at, (uint32_t)s->constant.len, BINXML_TEXT};
}

/* Names of fields stay until the next chunk, so a field may borrow them. */
static Str run_name(const Run *r, const Step *s)
{
    BinXmlChunk *k = r->x->chunk;
    if (s->each == NONE) {
        return s->text;
    }
    k->name.len = 0;
    if (r->x->form == BINXML_JSON) {
        binxml_json(r->x, &k->name, &r->values[s->each]);
        put(r->x->source, &k->name, STR(":"));
    } else {
        put_value(r->x->source, &k->name, &r->values[s->each]);
    }
    k->text += k->name.len;
    return arena_str(&k->arena, bytes_str(&k->name));
}

static void json_name(const Run *r, const Step *s)
{
    BinXml *x = r->x;
    BinXmlChunk *k = x->chunk;
    Str name = run_name(r, s);
    if (!name.len || name.at[1] == '"') {
        k->position++;
        put(x->source, &x->text, STR("\"Data"));
        bytes_u64(x->source, &x->text, k->position);
        put(x->source, &x->text, STR("\":"));
        return;
    }
    put(x->source, &x->text, name);
    if (k->repeat) {
        x->text.len -= 2;
        put(x->source, &x->text, STR("#"));
        bytes_u64(x->source, &x->text, k->repeat + 1u);
        put(x->source, &x->text, STR("\":"));
    }
}

static void json_open(const Run *r, const Step *s)
{
    json_name(r, s);
    r->x->chunk->repeat = 0;
    put(r->x->source, &r->x->text, STR("{"));
}

/* Every member ends with a comma; the last one's is taken back here. */
static void json_close(BinXml *x)
{
    x->text.len -= x->text.len && x->text.at[x->text.len - 1] == ',';
    put(x->source, &x->text, STR("},"));
}

static bool run_leaf(const Run *r, const Step *s, const BinXmlValue *v)
{
    BinXml *x = r->x;
    BinXmlChunk *k = x->chunk;
    bool nested = v->type == TYPE_XML, good = true;
    if (x->form == BINXML_JSON) {
        if (nested) {
            json_open(r, s);
            good = run_nested(r, v, IN_USER);
            json_close(x);
            return good;
        }
        json_name(r, s);
        if (s->secret && v->len) {
            put(x->source, &x->text, STR("\"***\""));
        } else {
            binxml_json(x, &x->text, v);
        }
        put(x->source, &x->text, STR(","));
        return true;
    }
    if (nested) {
        return run_nested(r, v, IN_USER);
    }
    Leaf *leaf = VEC_ADD(x->source, &k->leaves);
    *leaf = (Leaf){.name = run_name(r, s), .from = x->text.len};
    put_value(x->source, &x->text, v);
    leaf->to = x->text.len;
    return true;
}

static void run_system(const Run *r, SystemItem item, const BinXmlValue *v)
{
    if (!r->x->system[item].at) {
        r->x->system[item] = *v;
    }
}

/* A leaf of several pieces: they are joined first. Returns the number of the last step. */
static bool run_pieces(const Run *r, size_t *i)
{
    const Step *begin = &r->program->steps[*i], *s = begin + 1;
    BinXmlChunk *k = r->x->chunk;
    k->piece.len = 0;
    for (; s->op == OP_PIECE; s++) {
        BinXmlValue v = step_value(r, s);
        put_value(r->x->source, &k->piece, &v);
    }
    *i += (size_t)(s - begin);
    Str joined = arena_str(&k->arena, bytes_str(&k->piece));
    BinXmlValue v = {joined.at, (uint32_t)joined.len, BINXML_TEXT};
    k->text += joined.len;
    if (begin->context != SYSTEM_COUNT) {
        run_system(r, begin->context, &v);
        return true;
    }
    return run_leaf(r, begin, &v);
}

static bool run_inner(const Run *r, const Step *s)
{
    const BinXmlValue *v = &r->values[s->value];
    if (v->type == TYPE_XML) {
        return run_nested(r, v, s->context);
    }
    if (is_null(v) || (s->context != IN_DATA && s->context != IN_USER)) {
        return true;
    }
    Step leaf = *s;
    leaf.text = r->x->form == BINXML_JSON ? STR("\"#text\":") : STR("#text");
    return run_leaf(r, &leaf, v);
}

static bool data_wanted(BinXml *x)
{
    BinXmlChunk *k = x->chunk;
    if (!k->asked) {
        k->asked = true;
        k->wanted = !x->wants || x->wants(x, x->with);
    }
    return k->wanted;
}

static bool run_fields(const Run *r, size_t from, size_t to)
{
    BinXml *x = r->x;
    bool good = true;
    for (size_t i = from; i < to && good; i++) {
        const Step *s = &r->program->steps[i];
        BinXmlValue v;
        switch (s->op) {
        case OP_SYSTEM:
            v = step_value(r, s);
            run_system(r, s->context, &v);
            break;
        case OP_LEAF:
            v = step_value(r, s);
            good = run_leaf(r, s, &v);
            break;
        case OP_ELEMENT:
            if (s->value != NONE && is_null(&r->values[s->value])) {
                i = s->jump - 1;
            } else if (s->each != NONE && r->values[s->each].type & TYPE_ARRAY) {
                good = run_each(r, i + 1, s->jump, s->each);
                i = s->jump - 1;
            }
            break;
        case OP_DATA: i = data_wanted(x) ? i : s->jump - 1; break;
        case OP_NESTED:
            /* Right below Event it can only be data. */
            good = s->context == IN_EVENT && !data_wanted(x) ? true : run_inner(r, s);
            break;
        case OP_LEAF_BEGIN: good = run_pieces(r, &i); break;
        case OP_OPEN:
            if (x->form == BINXML_JSON) {
                json_open(r, s);
            }
            break;
        case OP_CLOSE:
            if (x->form == BINXML_JSON) {
                json_close(x);
            }
            break;
        default: break;
        }
        if (x->text.len > LIMIT_BINXML_TEXT || x->chunk->text > LIMIT_BINXML_TEXT) {
            return fail_limit(x, "text of one chunk");
        }
    }
    return good;
}

static bool run_steps(const Run *r, size_t from, size_t to)
{
    return r->x->form == BINXML_XML ? run_xml(r, from, to) : run_fields(r, from, to);
}

/* Room for the values of one more template. Grown copies stay behind in the arena, so those above keep theirs. */
static BinXmlValue *values_push(BinXml *x, size_t count)
{
    BinXmlChunk *k = x->chunk;
    while (k->values.room - k->values.count < count) {
        vec_grow(x->source, (void **)&k->values.at, k->values.count, &k->values.room, sizeof *k->values.at);
    }
    BinXmlValue *at = k->values.at + k->values.count;
    k->values.count += count;
    return at;
}

/* The descriptors at `at`, the values behind them; false if they do not fit into `left` bytes. */
static bool values_read(BinXmlValue *to, size_t count, size_t used, const uint8_t *at, size_t left)
{
    const uint8_t *value = at + 4 * count;
    left -= 4 * count;
    for (size_t i = 0; i < count; i++, at += 4) {
        size_t size = binxml_u16(at);
        if (size > left) {
            return false;
        }
        if (i < used) {
            to[i] = (BinXmlValue){value, (uint32_t)size, at[2] == BINXML_TEXT ? TYPE_BINARY : at[2]};
        }
        value += size;
        left -= size;
    }
    for (size_t i = count; i < used; i++) {
        to[i] = (BinXmlValue){value, 0, TYPE_NULL};
    }
    return true;
}

/* Behind the token: one byte, template id, offset; the definition if it is here; count, descriptors, values. */
static bool run_template(BinXml *x, Cursor *c, Context context, unsigned depth)
{
    Str head = cur_bytes(c, 9, "template");
    if (c->lack) {
        return fail(x, c->lack);
    }
    uint32_t offset = binxml_u32(head.at + 5);
    if (offset == c->pos) {
        cur_bytes(c, 20, "template definition");
        cur_bytes(c, cur_u32(c, "template size"), "template definition");
    }
    size_t count = cur_left(c) < 4 ? SIZE_MAX : binxml_u32(c->in.at + c->pos);
    if (c->lack || count > (cur_left(c) - 4) / 4) {
        return fail(x, c->lack ? c->lack : "value count");
    }
    c->pos += 4;
    const Program *p = template_at(x, offset, context);
    if (!p) {
        return false;
    }
    size_t before = x->chunk->values.count;
    Run r = {.x = x, .program = p, .values = values_push(x, p->values), .depth = depth};
    x->chunk->work += p->count;
    bool good = values_read(r.values, count, p->values, c->in.at + c->pos, cur_left(c));
    good = good ? run_steps(&r, 0, p->count) : fail(x, "values beyond the end of the record");
    x->chunk->values.count = before;
    return good;
}

/* Elements outside any template. */
static bool run_elements(BinXml *x, Cursor *c, Context context, unsigned depth)
{
    if (!may_compile(x, cur_left(c)) || !read_nodes(x, c, false)) {
        return false;
    }
    Program *p = program_make(x, context);
    size_t before = x->chunk->values.count;
    Run r = {.x = x, .program = p, .values = values_push(x, p->values), .depth = depth};
    for (size_t i = 0; i < p->values; i++) {
        r.values[i] = (BinXmlValue){0};
    }
    bool good = run_steps(&r, 0, p->count);
    x->chunk->values.count = before;
    return good;
}

static bool run_fragment(BinXml *x, size_t from, size_t to, Context context, unsigned depth)
{
    Cursor c = {.in = str_slice(x->chunk->bytes, 0, to), .pos = from};
    if (depth > LIMIT_BINXML_DEPTH) {
        return fail_limit(x, "fragments nested too deep");
    }
    if (x->chunk->work > LIMIT_BINXML_WORK) {
        return fail_limit(x, "fragments repeated in one chunk");
    }
    while (c.pos < c.in.len && c.in.at[c.pos] == TOKEN_HEADER) {
        cur_bytes(&c, 4, "fragment header");
        if (c.lack) {
            return fail(x, c.lack);
        }
    }
    if (c.pos >= c.in.len || c.in.at[c.pos] == TOKEN_END) {
        return true;
    }
    if (c.in.at[c.pos] == TOKEN_TEMPLATE) {
        c.pos++;
        return run_template(x, &c, context, depth);
    }
    return run_elements(x, &c, context, depth);
}

/* ---- the outside ---- */

void binxml_open(BinXml *x, BinXmlForm form, Arena *source)
{
    *x = (BinXml){.form = form, .source = source, .chunk = ARENA_NEW(source, BinXmlChunk, 1)};
}

void binxml_close(BinXml *x)
{
    if (x->chunk) {
        arena_free(&x->chunk->arena);
    }
}

void binxml_chunk(BinXml *x, Str chunk)
{
    BinXmlChunk *k = x->chunk;
    k->bytes = chunk;
    arena_reset(&k->arena);
    memset(k->programs, 0, sizeof k->programs);
    memset(k->names, 0, sizeof k->names);
    k->compiled = k->work = k->text = 0;
    x->limit = false;
}

static void fields_settle(BinXml *x)
{
    BinXmlChunk *k = x->chunk;
    k->fields.count = 0;
    for (size_t i = 0; i < k->leaves.count; i++) {
        const Leaf *leaf = &k->leaves.at[i];
        *VEC_ADD(x->source, &k->fields) = (Field){leaf->name, str_slice(bytes_str(&x->text), leaf->from, leaf->to)};
    }
    x->fields = k->fields.at;
    x->field_count = k->fields.count;
}

bool binxml_record(BinXml *x, size_t from, size_t to)
{
    BinXmlChunk *k = x->chunk;
    size_t before = x->text.len;
    if (x->limit) {
        return false;
    }
    memset(x->system, 0, sizeof x->system);
    x->why = NULL;
    k->asked = false;
    k->position = k->repeat = 0;
    k->leaves.count = k->values.count = 0;
    bool good = run_fragment(x, from, to, IN_DOCUMENT, 0);
    k->text += x->text.len - before;
    if (good && k->text > LIMIT_BINXML_TEXT) {
        good = fail_limit(x, "text of one chunk");
    }
    if (!good) {
        x->text.len = before;
        return false;
    }
    fields_settle(x);
    return true;
}
