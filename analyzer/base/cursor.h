/* The only code that reads integers out of file bytes. All of them little-endian. */
#ifndef CURSOR_H
#define CURSOR_H

#include "str.h"

typedef struct Cursor {
    Str in;
    size_t pos;       /* never beyond in.len */
    const char *lack; /* NULL, or the first field that did not fit; from then on reads give 0 */
} Cursor;

static inline Cursor cursor_of(Str in)
{
    return (Cursor){.in = in};
}
static inline size_t cur_left(const Cursor *c)
{
    return c->in.len - c->pos;
}
/* The next n bytes; an empty Str if they do not fit. `what` names the field and must be a literal. */
Str cur_bytes(Cursor *c, size_t n, const char *what);
uint8_t cur_u8(Cursor *c, const char *what);
uint16_t cur_u16(Cursor *c, const char *what);
uint32_t cur_u32(Cursor *c, const char *what);
uint64_t cur_u64(Cursor *c, const char *what);
/* Goes to an absolute position; beyond the end it lacks. */
void cur_seek(Cursor *c, size_t pos, const char *what);

#endif
