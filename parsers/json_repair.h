/* A forgiving reader of JSON that the strict one refused: takes every `"key" : value` it meets, in order. */
#ifndef JSON_REPAIR_H
#define JSON_REPAIR_H

#include <jansson.h>

#include "base/arena.h"

typedef struct JsonRepair {
    json_t *root;  /* NULL if there was no container; else the caller owns the reference */
    size_t bad_at; /* of the first byte that makes no sense, or STR_NOT_FOUND */
    bool cut;      /* the text ended inside a container or a string */
    bool limited;  /* LIMIT_JSON_DEPTH or LIMIT_JSON_VALUES was reached: what lay beyond is left out */
} JsonRepair;

/* Missing brackets are closed where the text ends, a key without an object opens one, of equal keys the first stays,
 * and numbers are kept as strings. */
JsonRepair json_repair(Str text, Arena *a);

#endif
