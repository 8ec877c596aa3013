#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 << 10)

struct ArenaBlock {
    struct ArenaBlock *next;
    size_t used, room;
    alignas(max_align_t) uint8_t bytes[];
};

static void out_of_memory(void)
{
    fputs("vmsift: out of memory\n", stderr);
    exit(1);
}

static struct ArenaBlock *block_new(size_t room)
{
    struct ArenaBlock *b = room > SIZE_MAX - sizeof *b ? NULL : malloc(sizeof *b + room);
    if (!b) {
        out_of_memory();
    }
    *b = (struct ArenaBlock){.room = room};
    return b;
}

void *arena_alloc(Arena *a, size_t count, size_t size, size_t align)
{
    if (size && count > (SIZE_MAX / 2) / size) {
        out_of_memory();
    }
    size_t bytes = count * size;
    struct ArenaBlock *b = a->head;
    size_t from = b ? (b->used + align - 1) & ~(align - 1) : 0;
    if (!b || from > b->room || bytes > b->room - from) {
        b = block_new(bytes > BLOCK_BYTES / 2 ? bytes : BLOCK_BYTES);
        from = 0;
        if (a->head && bytes > BLOCK_BYTES / 2) { /* a large one goes behind, so that the open block stays in use */
            b->next = a->head->next;
            a->head->next = b;
        } else {
            b->next = a->head;
            a->head = b;
        }
    }
    b->used = from + bytes;
    return memset(b->bytes + from, 0, bytes);
}

Str arena_str(Arena *a, Str s)
{
    return arena_join(a, &s, 1);
}

Str arena_join(Arena *a, const Str *parts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += parts[i].len;
    }
    uint8_t *bytes = ARENA_NEW(a, uint8_t, len), *to = bytes;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len) {
            memcpy(to, parts[i].at, parts[i].len);
            to += parts[i].len;
        }
    }
    return (Str){bytes, len};
}

Str arena_format(Arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = ARENA_NEW(a, char, (size_t)(len > 0 ? len : 0) + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (Str){(uint8_t *)text, (size_t)len};
}

void arena_reset(Arena *a)
{
    struct ArenaBlock *keep = NULL;
    for (struct ArenaBlock *b = a->head, *next; b; b = next) {
        next = b->next;
        if (!keep && b->room == BLOCK_BYTES) {
            keep = b;
        } else {
            free(b);
        }
    }
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
    a->head = keep;
}

void arena_free(Arena *a)
{
    for (struct ArenaBlock *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->head = NULL;
}

void arena_adopt(Arena *a, Arena *from)
{
    struct ArenaBlock **end = &a->head;
    while (*end) {
        end = &(*end)->next;
    }
    *end = from->head;
    from->head = NULL;
}

void vec_grow(Arena *a, void **at, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 8;
    void *grown = arena_alloc(a, more, size, alignof(max_align_t));
    if (count) {
        memcpy(grown, *at, count * size);
    }
    *at = grown;
    *room = more;
}
