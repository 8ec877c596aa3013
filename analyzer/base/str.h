/* Bytes with a length. Nothing here looks for a NUL; nothing here allocates. */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Str { /* bytes that somebody else owns: no NUL at the end, any byte inside */
    const uint8_t *at;
    size_t len; /* bytes */
} Str;

#define STR(literal)  ((Str){(const uint8_t *)("" literal ""), sizeof(literal) - 1})
#define STR_NOT_FOUND ((size_t)-1)

/* Of a NUL-terminated string of our own (never of input). */
Str str_of(const char *text);
/* Bytes [from, to); both are clamped to the string. */
static inline Str str_slice(Str s, size_t from, size_t to)
{
    to = to > s.len ? s.len : to;
    from = from > to ? to : from;
    return (Str){s.at ? s.at + from : NULL, to - from};
}
static inline Str str_from(Str s, size_t from)
{
    return str_slice(s, from, s.len);
}

static inline bool str_eq(Str a, Str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
bool str_eq_nocase(Str a, Str b); /* ASCII letters only, as everywhere below */
static inline bool str_starts(Str s, Str with)
{
    return s.len >= with.len && (with.len == 0 || memcmp(s.at, with.at, with.len) == 0);
}
bool str_starts_nocase(Str s, Str with);
bool str_ends(Str s, Str with);
bool str_ends_nocase(Str s, Str with);
/* Bytewise order, the shorter first; for sorting. */
int str_order(Str a, Str b);
int str_order_nocase(Str a, Str b);

/* The offset of the first occurrence at or behind `from`, or STR_NOT_FOUND. An empty needle is found at once. */
size_t str_find(Str s, Str needle, size_t from);
size_t str_find_nocase(Str s, Str needle, size_t from);
static inline size_t str_find_byte(Str s, uint8_t byte, size_t from)
{
    const uint8_t *hit = from < s.len ? (const uint8_t *)memchr(s.at + from, byte, s.len - from) : NULL;
    return hit ? (size_t)(hit - s.at) : STR_NOT_FOUND;
}
size_t str_rfind_byte(Str s, uint8_t byte);
static inline bool str_has(Str s, Str needle)
{
    return str_find(s, needle, 0) != STR_NOT_FOUND;
}
static inline bool str_has_nocase(Str s, Str needle)
{
    return str_find_nocase(s, needle, 0) != STR_NOT_FOUND;
}

/* Without blanks, tabs, CR and LF on both sides. */
Str str_trim(Str s);
/* Takes the part before `byte` off the front of *rest; all of it when there is none. False once *rest is used up. */
bool str_split(Str *rest, uint8_t byte, Str *part);
/* The part between the first `open` at or behind `from` and the next `close`; empty when there is none. */
Str str_between(Str s, Str open, Str close);

/* The whole string as a number; false (and *out untouched) on anything else, overflow included. */
bool str_u64(Str s, unsigned base, uint64_t *out);
bool str_i64(Str s, int64_t *out);

static inline uint8_t byte_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
static inline bool byte_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
/* 0 to 15, or -1. */
static inline int byte_hex(uint8_t c)
{
    if (byte_digit(c)) {
        return c - '0';
    }
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
