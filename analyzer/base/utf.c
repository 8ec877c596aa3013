#include "utf.h"

#include <string.h>

size_t utf8_decode(Str s, size_t from, uint32_t *rune)
{
    if (from >= s.len) {
        return 0;
    }
    const uint8_t *p = s.at + from;
    size_t left = s.len - from, n;
    uint32_t value, least;
    if (p[0] < 0x80) {
        *rune = p[0];
        return 1;
    }
    if (p[0] < 0xC2 || p[0] > 0xF4) {
        return 0;
    }
    n = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
    value = p[0] & (0x7Fu >> n);
    if (n > left) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (p[i] & 0x3F);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
        return 0;
    }
    *rune = value;
    return n;
}

size_t utf8_encode(uint8_t *to, uint32_t rune)
{
    if (rune < 0x80) {
        to[0] = (uint8_t)rune;
        return 1;
    }
    if (rune < 0x800) {
        to[0] = (uint8_t)(0xC0 | rune >> 6);
        to[1] = (uint8_t)(0x80 | (rune & 0x3F));
        return 2;
    }
    if (rune < 0x10000) {
        to[0] = (uint8_t)(0xE0 | rune >> 12);
        to[1] = (uint8_t)(0x80 | (rune >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (rune & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | rune >> 18);
    to[1] = (uint8_t)(0x80 | (rune >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (rune >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (rune & 0x3F));
    return 4;
}

uint32_t cp1252_rune(uint8_t byte)
{
    static const uint16_t upper[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178,
    };
    return byte >= 0x80 && byte < 0xA0 ? upper[byte - 0x80] : byte;
}

size_t utf16le_to_utf8(uint8_t *to, Str from)
{
    uint8_t *start = to;
    for (size_t i = 0; i + 1 < from.len; i += 2) {
        uint32_t unit = (uint32_t)(from.at[i] | from.at[i + 1] << 8);
        if (unit < 0x80) {
            *to++ = (uint8_t)unit;
            continue;
        }
        if (unit >= 0xD800 && unit < 0xE000) {
            uint32_t low = i + 3 < from.len ? (uint32_t)(from.at[i + 2] | from.at[i + 3] << 8) : 0;
            if (unit < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            } else {
                unit = 0xFFFD;
            }
        }
        to += utf8_encode(to, unit);
    }
    return (size_t)(to - start);
}

Str arena_utf16le(Arena *a, Str from)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, from.len / 2 * 3);
    return (Str){to, utf16le_to_utf8(to, from)};
}

static bool is_wide(uint32_t rune)
{
    return (rune >= 0x1100 && rune <= 0x115F) || (rune >= 0x2E80 && rune <= 0xA4CF && rune != 0x303F) ||
           (rune >= 0xAC00 && rune <= 0xD7A3) || (rune >= 0xF900 && rune <= 0xFAFF) ||
           (rune >= 0xFE30 && rune <= 0xFE6F) || (rune >= 0xFF00 && rune <= 0xFF60) ||
           (rune >= 0xFFE0 && rune <= 0xFFE6) || (rune >= 0x1F300 && rune <= 0x1F9FF) ||
           (rune >= 0x20000 && rune <= 0x3FFFD);
}

unsigned rune_columns(uint32_t rune)
{
    bool combining = (rune >= 0x300 && rune <= 0x36F) || (rune >= 0xFE00 && rune <= 0xFE0F);
    return combining ? 0 : is_wide(rune) ? 2 : 1;
}
