/* Bytes of event logs: a text that grows while a record is written, and numbers of blocks that were checked as a
 * whole. Belongs to evtx*.c alone. */
#ifndef EVTX_BYTES_H
#define EVTX_BYTES_H

#include "base/arena.h"

/* Zeroed: empty. It moves when it grows, and its old places stay behind in the arena. */
typedef struct Bytes {
    uint8_t *at;
    size_t len, room; /* bytes */
} Bytes;

void bytes_grow(Arena *a, Bytes *b, size_t more);
/* Room for so many bytes behind the end. */
static inline void bytes_reserve(Arena *a, Bytes *b, size_t more)
{
    if (b->room - b->len < more) {
        bytes_grow(a, b, more);
    }
}
static inline void bytes_put(Arena *a, Bytes *b, Str s)
{
    bytes_reserve(a, b, s.len);
    if (s.len) {
        memcpy(b->at + b->len, s.at, s.len);
        b->len += s.len;
    }
}
/* In decimal. */
void bytes_u64(Arena *a, Bytes *b, uint64_t n);
/* Borrows: valid until the next byte is added. */
static inline Str bytes_str(const Bytes *b)
{
    return (Str){b->at, b->len};
}

/* Where bounds are checked for a block and not for each field; field by field it is Cursor that reads. */
static inline uint16_t little_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}
static inline uint32_t little_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline uint64_t little_u64(const uint8_t *at)
{
    return little_u32(at) | (uint64_t)little_u32(at + 4) << 32;
}

#endif
