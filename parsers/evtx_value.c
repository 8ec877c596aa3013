#include "evtx_value.h"

#include <stdio.h>
#include <stdlib.h>

#include "evtx_text.h"

/* ---- numbers ---- */

static inline uint64_t little(const uint8_t *at, size_t n)
{
    uint64_t value = 0;
    switch (n) {
    case 1: return at[0];
    case 2: return little_u16(at);
    case 4: return little_u32(at);
    case 8: return little_u64(at);
    default:
        for (size_t i = n; i > 0; i--) {
            value = value << 8 | at[i - 1];
        }
        return value;
    }
}

static inline void two_digits(uint8_t *to, unsigned n)
{
    to[0] = (uint8_t)('0' + n / 10);
    to[1] = (uint8_t)('0' + n % 10);
}

static void put_hex_number(Arena *a, Bytes *b, uint64_t n)
{
    unsigned shift = 60;
    bytes_put(a, b, STR("0x"));
    bytes_reserve(a, b, 16);
    while (shift && !(n >> shift)) {
        shift -= 4;
    }
    for (;; shift -= 4) {
        b->at[b->len++] = (uint8_t) "0123456789abcdef"[n >> shift & 15];
        if (!shift) {
            return;
        }
    }
}

static void put_hex(Arena *a, Bytes *b, Str bytes)
{
    bytes_reserve(a, b, bytes.len * 2);
    uint8_t *to = b->at + b->len;
    for (size_t i = 0; i < bytes.len; i++) {
        *to++ = (uint8_t) "0123456789ABCDEF"[bytes.at[i] >> 4];
        *to++ = (uint8_t) "0123456789ABCDEF"[bytes.at[i] & 15];
    }
    b->len += bytes.len * 2;
}

static void put_guid(Arena *a, Bytes *b, const uint8_t *guid)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    bytes_reserve(a, b, 38);
    uint8_t *to = b->at + b->len;
    *to++ = '{';
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *to++ = '-';
        }
        *to++ = (uint8_t) "0123456789abcdef"[guid[order[i]] >> 4];
        *to++ = (uint8_t) "0123456789abcdef"[guid[order[i]] & 15];
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
    bytes_put(a, b, STR("S-"));
    bytes_u64(a, b, sid.at[0]);
    bytes_put(a, b, STR("-"));
    bytes_u64(a, b, authority);
    for (size_t i = 0; i < sid.at[1]; i++) {
        bytes_put(a, b, STR("-"));
        bytes_u64(a, b, little_u32(sid.at + 8 + 4 * i));
    }
}

static void put_signed(Arena *a, Bytes *b, Str bytes)
{
    if (bytes.len == 0 || bytes.len > 8) {
        put_hex(a, b, bytes);
        return;
    }
    unsigned unused = 64 - 8 * (unsigned)bytes.len;
    int64_t n = (int64_t)(little(bytes.at, bytes.len) << unused) >> unused;
    if (n < 0) {
        bytes_put(a, b, STR("-"));
    }
    bytes_u64(a, b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
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
    bytes_put(a, b, (Str){(uint8_t *)text, (size_t)len});
}

static void put_real_bytes(Arena *a, Bytes *b, Str bytes)
{
    if (bytes.len == 4) {
        uint32_t bits = little_u32(bytes.at);
        float n;
        memcpy(&n, &bits, sizeof n);
        put_real(a, b, (double)n, true);
    } else {
        uint64_t bits = little_u64(bytes.at);
        double n;
        memcpy(&n, &bits, sizeof n);
        put_real(a, b, n, false);
    }
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

/* ---- times ---- */

static void put_date(Arena *a, Bytes *b, unsigned year, unsigned month, unsigned day)
{
    bytes_reserve(a, b, 12);
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
    bytes_reserve(a, b, 24);
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
void value_filetime(Arena *a, Bytes *b, uint64_t filetime)
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
        part[i] = little_u16(bytes.at + 2 * i);
    }
    if (part[1] > 12 || part[3] > 31 || part[4] > 23 || part[5] > 59 || part[6] > 59 || part[7] > 999) {
        put_hex(a, b, bytes);
        return;
    }
    put_date(a, b, part[0], part[1], part[3]);
    put_clock(a, b, part[4] * 3600u + part[5] * 60u + part[6], part[7], 3);
}

/* ---- all types ---- */

/* Bytes of one value of `type`; 0: that differs. */
static size_t type_size(uint8_t type)
{
    switch (type) {
    case TYPE_I8:
    case TYPE_U8: return 1;
    case TYPE_I16:
    case TYPE_U16: return 2;
    case TYPE_I32:
    case TYPE_U32:
    case TYPE_REAL32:
    case TYPE_BOOL:
    case TYPE_HEX32: return 4;
    case TYPE_I64:
    case TYPE_U64:
    case TYPE_REAL64:
    case TYPE_FILETIME:
    case TYPE_HEX64: return 8;
    case TYPE_GUID:
    case TYPE_SYSTEMTIME: return 16;
    default: return 0;
    }
}

/* Types that mean something in one size only. */
static void put_fixed(Arena *a, Bytes *b, uint8_t type, Str v)
{
    if (v.len != type_size(type)) {
        put_hex(a, b, v);
        return;
    }
    switch (type) {
    case TYPE_FILETIME: value_filetime(a, b, little_u64(v.at)); return;
    case TYPE_SYSTEMTIME: put_systemtime(a, b, v); return;
    case TYPE_GUID: put_guid(a, b, v.at); return;
    default: put_real_bytes(a, b, v); return;
    }
}

/* All types but strings. None of their texts needs escaping. */
static void put_scalar(Arena *a, Bytes *b, uint8_t type, Str v)
{
    if (v.len == 0) {
        return;
    }
    switch (type) {
    case TYPE_NULL: return;
    case TYPE_I8:
    case TYPE_I16:
    case TYPE_I32:
    case TYPE_I64: put_signed(a, b, v); return;
    case TYPE_U8:
    case TYPE_U16:
    case TYPE_U32:
    case TYPE_U64: put_unsigned(a, b, v, false); return;
    case TYPE_SIZE:
    case TYPE_HEX32:
    case TYPE_HEX64: put_unsigned(a, b, v, true); return;
    case TYPE_BOOL: bytes_put(a, b, any_set(v) ? STR("true") : STR("false")); return;
    case TYPE_SID: put_sid(a, b, v); return;
    case TYPE_REAL32:
    case TYPE_REAL64:
    case TYPE_GUID:
    case TYPE_FILETIME:
    case TYPE_SYSTEMTIME: put_fixed(a, b, type, v); return;
    default: put_hex(a, b, v); return;
    }
}

BinXmlValue value_of_text(Str text)
{
    return (BinXmlValue){text.at, (uint32_t)text.len, TYPE_TEXT, (uint8_t)text_holds(text)};
}

unsigned value_put(Arena *a, Bytes *to, const BinXmlValue *v)
{
    switch (v->type) {
    case TYPE_STRING: return text_utf16(a, to, value_str(v));
    case TYPE_ANSI: return text_ansi(a, to, value_str(v));
    case TYPE_TEXT: bytes_put(a, to, value_str(v)); return v->held;
    default: put_scalar(a, to, v->type, value_str(v)); return 0;
    }
}

void value_xml(Arena *a, Bytes *to, const BinXmlValue *v)
{
    size_t from = to->len;
    unsigned held = value_put(a, to, v);
    if (held) {
        text_escape_xml(a, to, from, held);
    }
}

void value_json(Arena *a, Bytes *to, const BinXmlValue *v)
{
    size_t from = to->len;
    if (v->type == TYPE_STRING) {
        text_json(a, to, value_str(v));
        return;
    }
    bytes_put(a, to, STR("\""));
    unsigned held = value_put(a, to, v);
    if (held) {
        text_escape_json(a, to, from, held);
    } else {
        bytes_put(a, to, STR("\""));
    }
}

bool value_number(const BinXmlValue *v, uint64_t *number)
{
    switch (v->type) {
    case TYPE_U8:
    case TYPE_U16:
    case TYPE_U32:
    case TYPE_U64:
    case TYPE_I8:
    case TYPE_I16:
    case TYPE_I32:
    case TYPE_I64:
    case TYPE_HEX32:
    case TYPE_HEX64:
    case TYPE_FILETIME:
    case TYPE_SIZE:
        if (v->len == 0 || v->len > 8) {
            return false;
        }
        *number = little(v->at, v->len);
        return true;
    case TYPE_TEXT: return str_u64(value_str(v), 10, number);
    default: return false;
    }
}

/* ---- arrays ---- */

/* Bytes of the first item; 0: items end with a NUL. */
static size_t item_size(uint8_t type, Str rest)
{
    size_t size = type_size(type);
    switch (type) {
    case TYPE_STRING:
    case TYPE_ANSI: return 0;
    case TYPE_SIZE: return rest.len % 8 ? 4 : 8;
    case TYPE_SID: return rest.len < 8 ? rest.len : 8 + 4 * (size_t)rest.at[1];
    default: return size ? size : rest.len;
    }
}

BinXmlValue value_item(uint8_t type, Str *rest)
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
    return (BinXmlValue){item.at, (uint32_t)item.len, type, 0};
}
