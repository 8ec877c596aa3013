#include "cursor.h"

Str cur_bytes(Cursor *c, size_t n, const char *what)
{
    if (c->lack || n > cur_left(c)) {
        c->lack = c->lack ? c->lack : what;
        return (Str){0};
    }
    Str bytes = {c->in.at + c->pos, n};
    c->pos += n;
    return bytes;
}

static uint64_t little_endian(Cursor *c, size_t n, const char *what)
{
    Str bytes = cur_bytes(c, n, what);
    uint64_t value = 0;
    for (size_t i = bytes.len; i > 0; i--) {
        value = value << 8 | bytes.at[i - 1];
    }
    return value;
}

uint8_t cur_u8(Cursor *c, const char *what)
{
    return (uint8_t)little_endian(c, 1, what);
}

uint16_t cur_u16(Cursor *c, const char *what)
{
    return (uint16_t)little_endian(c, 2, what);
}

uint32_t cur_u32(Cursor *c, const char *what)
{
    return (uint32_t)little_endian(c, 4, what);
}

uint64_t cur_u64(Cursor *c, const char *what)
{
    return little_endian(c, 8, what);
}

void cur_seek(Cursor *c, size_t pos, const char *what)
{
    if (pos > c->in.len) {
        c->lack = c->lack ? c->lack : what;
    } else if (!c->lack) {
        c->pos = pos;
    }
}
