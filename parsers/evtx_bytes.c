#include "evtx_bytes.h"

#include "limits.h"

void bytes_grow(Arena *a, Bytes *b, size_t more)
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

void bytes_u64(Arena *a, Bytes *b, uint64_t n)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n);
    bytes_put(a, b, (Str){digits + at, sizeof digits - at});
}
