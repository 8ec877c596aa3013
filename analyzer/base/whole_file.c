#include "whole_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *read_open(Arena *a, FILE *in, size_t limit, Str *bytes)
{
    uint8_t *at = NULL;
    size_t room = 0, len = 0;
    const char *why = NULL;
    while (!why && !feof(in) && !ferror(in)) {
        if (len == room) {
            room = room ? 2 * room : (size_t)64 << 10;
            uint8_t *more = realloc(at, room);
            if (!more) {
                abort();
            }
            at = more;
        }
        len += fread(at + len, 1, room - len, in);
        why = len > limit ? (const char *)arena_format(a, "it has more than %zu MiB", limit >> 20).at : NULL;
    }
    why = !why && ferror(in) ? (const char *)arena_format(a, "%s", strerror(errno)).at : why;
    *bytes = arena_str(a, why ? (Str){0} : (Str){at, len});
    free(at);
    return why;
}

const char *whole_file(Arena *a, Str path, size_t limit, Str *bytes)
{
    FILE *in = fopen((const char *)arena_join(a, (Str[]){path, STR("\0")}, 2).at, "rb");
    *bytes = (Str){0};
    if (!in) {
        return (const char *)arena_format(a, "%s", strerror(errno)).at;
    }
    const char *why = read_open(a, in, limit, bytes);
    fclose(in);
    return why;
}
