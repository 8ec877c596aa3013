#define _GNU_SOURCE /* memmem */
#include "str.h"

#include <string.h>

Str str_of(const char *text)
{
    return (Str){(const uint8_t *)text, strlen(text)};
}

static bool same_nocase(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (byte_lower(a[i]) != byte_lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool str_eq_nocase(Str a, Str b)
{
    return a.len == b.len && same_nocase(a.at, b.at, a.len);
}

bool str_starts_nocase(Str s, Str with)
{
    return str_eq_nocase(str_slice(s, 0, with.len), with);
}

bool str_ends(Str s, Str with)
{
    return s.len >= with.len && str_eq(str_from(s, s.len - with.len), with);
}

bool str_ends_nocase(Str s, Str with)
{
    return s.len >= with.len && str_eq_nocase(str_from(s, s.len - with.len), with);
}

int str_order(Str a, Str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.at, b.at, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

int str_order_nocase(Str a, Str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < common; i++) {
        int order = byte_lower(a.at[i]) - byte_lower(b.at[i]);
        if (order) {
            return order;
        }
    }
    return (a.len > b.len) - (a.len < b.len);
}

size_t str_find(Str s, Str needle, size_t from)
{
    if (from > s.len || needle.len > s.len - from) {
        return STR_NOT_FOUND;
    }
    if (needle.len == 0) {
        return from;
    }
    const uint8_t *hit = memmem(s.at + from, s.len - from, needle.at, needle.len);
    return hit ? (size_t)(hit - s.at) : STR_NOT_FOUND;
}

size_t str_find_nocase(Str s, Str needle, size_t from)
{
    if (from > s.len || needle.len > s.len - from) {
        return STR_NOT_FOUND;
    }
    if (needle.len == 0) {
        return from;
    }
    uint8_t first = byte_lower(needle.at[0]);
    for (size_t last = s.len - needle.len; from <= last; from++) {
        if (byte_lower(s.at[from]) == first && same_nocase(s.at + from, needle.at, needle.len)) {
            return from;
        }
    }
    return STR_NOT_FOUND;
}

size_t str_rfind_byte(Str s, uint8_t byte)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.at[i - 1] == byte) {
            return i - 1;
        }
    }
    return STR_NOT_FOUND;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Str str_trim(Str s)
{
    while (s.len && is_blank(s.at[0])) {
        s = str_from(s, 1);
    }
    while (s.len && is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

bool str_split(Str *rest, uint8_t byte, Str *part)
{
    if (!rest->at) {
        return false;
    }
    size_t cut = str_find_byte(*rest, byte, 0);
    *part = str_slice(*rest, 0, cut);
    *rest = cut == STR_NOT_FOUND ? (Str){0} : str_from(*rest, cut + 1);
    return true;
}

Str str_between(Str s, Str open, Str close)
{
    size_t from = str_find(s, open, 0);
    if (from == STR_NOT_FOUND) {
        return (Str){0};
    }
    size_t to = str_find(s, close, from + open.len);
    return to == STR_NOT_FOUND ? (Str){0} : str_slice(s, from + open.len, to);
}

bool str_u64(Str s, unsigned base, uint64_t *out)
{
    uint64_t n = 0;
    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        int digit = byte_hex(s.at[i]);
        if (digit < 0 || (unsigned)digit >= base || n > (UINT64_MAX - (uint64_t)digit) / base) {
            return false;
        }
        n = n * base + (uint64_t)digit;
    }
    *out = n;
    return true;
}

bool str_i64(Str s, int64_t *out)
{
    bool minus = s.len && s.at[0] == '-';
    uint64_t n;
    if (!str_u64(str_from(s, minus), 10, &n) || n > (uint64_t)INT64_MAX + minus) {
        return false;
    }
    *out = minus ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}
