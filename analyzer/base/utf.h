/* Text encodings at the door and at the exit. */
#ifndef UTF_H
#define UTF_H

#include "arena.h"

/* Bytes of the UTF-8 character at s[from], 1 to 4, its scalar value in *rune; 0 if it is not valid UTF-8
 * (overlong forms, surrogates and values beyond U+10FFFF are not). */
size_t utf8_decode(Str s, size_t from, uint32_t *rune);
/* Writes 1 to 4 bytes. */
size_t utf8_encode(uint8_t *to, uint32_t rune);
/* What a byte means in Windows-1252, the encoding of text that is not UTF-8. */
uint32_t cp1252_rune(uint8_t byte);

/* UTF-16LE to UTF-8 into `to`, which holds at least 3 bytes for each 2 of `from`. A lone surrogate becomes U+FFFD and
 * an odd last byte is dropped. Returns the bytes written. */
size_t utf16le_to_utf8(uint8_t *to, Str from);
Str arena_utf16le(Arena *a, Str from);

/* How many columns of a terminal a character takes: 0, 1 or 2. */
unsigned rune_columns(uint32_t rune);

#endif
