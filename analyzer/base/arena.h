/* Memory released all at once. */
#ifndef ARENA_H
#define ARENA_H

#include "str.h"

typedef struct Arena { /* a zeroed Arena is an empty one */
    struct ArenaBlock *head;
} Arena;

/* Zeroed and never NULL: a failed malloc ends the run. count * size is checked. */
void *arena_alloc(Arena *a, size_t count, size_t size, size_t align);
#define ARENA_NEW(a, T, n) ((T *)arena_alloc((a), (n), sizeof(T), _Alignof(T)))

Str arena_str(Arena *a, Str s);
/* All parts in a row. */
Str arena_join(Arena *a, const Str *parts, size_t count);
/* printf of our own formats; of input only numbers may meet it (%s never does). */
Str arena_format(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets everything but keeps one block for what comes next. */
void arena_reset(Arena *a);
void arena_free(Arena *a);
/* Takes over everything `from` holds, and leaves it empty. */
void arena_adopt(Arena *a, Arena *from);

/* A growing array in an arena: VEC(T) v = {0}; *VEC_ADD(arena, &v) = item; v.at[i], v.count. Grown copies stay behind
 * in the arena, at most as much again as the array itself. */
#define VEC(T)                                                                                                         \
    struct {                                                                                                           \
        T *at;                                                                                                         \
        size_t count;                                                                                                  \
        size_t room;                                                                                                   \
    }
#define VEC_ADD(a, v)                                                                                                  \
    ((v)->count < (v)->room ? (void)0 : vec_grow((a), (void **)&(v)->at, (v)->count, &(v)->room, sizeof *(v)->at),     \
     &(v)->at[(v)->count++])
typedef VEC(Str) StrList;
void vec_grow(Arena *a, void **at, size_t count, size_t *room, size_t size);

#endif
