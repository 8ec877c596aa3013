/* A small file of our own users (fixtures, expectations), whole and in memory. */
#ifndef WHOLE_FILE_H
#define WHOLE_FILE_H

#include "arena.h"

/* NULL, or why it cannot be had: a text that lives in the arena. */
const char *whole_file(Arena *a, Str path, size_t limit, Str *bytes);

#endif
