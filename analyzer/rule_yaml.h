/* YAML as signatures may use it: a strict tree with the place of every node, and the errors of the author. No anchors,
 * aliases, tags, merge keys or duplicate keys. Private to rule*.c. */
#ifndef RULE_YAML_H
#define RULE_YAML_H

#include "base/arena.h"
#include "base/sink.h"

typedef enum NodeKind { NODE_SCALAR, NODE_LIST, NODE_MAP } NodeKind;
typedef struct Node {
    NodeKind kind;
    bool plain;            /* a scalar without quotes: null, true and 123 are not text */
    uint32_t line, column; /* 1-based */
    Str text;
    struct Node **items; /* of a list; of a map: key, value, key, value … */
    size_t count;        /* items; pairs of a map */
} Node;

typedef struct Loader {
    Arena *run;
    Sink *errors;
    Str file; /* the one that is being looked at */
    size_t error_count;
} Loader;

typedef struct NodeList {
    VEC(Node *) docs;
} NodeList;

/* All documents of one file; empty ones are left out. False when it could not be read to its end. */
bool yaml_read(Loader *l, Str text, NodeList *docs);

/* `file:line:column: parts…`, one line. at == NULL: the file as a whole. */
void complain(Loader *l, const Node *at, const Str *parts, size_t count);
#define COMPLAIN(l, at, ...)                                                                                           \
    complain(l, at, (const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))
/* "unknown WHAT 'word'; did you mean 'known'?", or all that are known. */
void complain_unknown(Loader *l, const Node *at, const char *what, Str word, const Str *known, size_t count);
/* The known word that comes nearest; empty if none comes near. */
Str nearest_word(Str word, const Str *known, size_t count);

static inline Node *map_key(const Node *map, size_t i)
{
    return map->items[2 * i];
}
static inline Node *map_value(const Node *map, size_t i)
{
    return map->items[2 * i + 1];
}
/* NULL if the map has no such key. */
const Node *map_get(const Node *map, const char *key);
bool node_null(const Node *n); /* plain null, ~ or nothing */

/* Each complains and returns false, or an empty value, when the node is not what it must be. */
bool map_check(Loader *l, const Node *n, const char *what, const Str *known, size_t count);
Str node_text(Loader *l, const Node *n, const char *what); /* never empty when it is right */
bool node_flag(Loader *l, const Node *n, const char *what);
int64_t node_span(Loader *l, const Node *n, const char *what);
const Str *node_texts(Loader *l, const Node *n, const char *what, size_t *count); /* one, or a list of them */
/* The same of the value of a key; a key that is absent is an error only if `must`. */
Str map_text(Loader *l, const Node *map, const char *key, bool must);
const Str *map_texts(Loader *l, const Node *map, const char *key, size_t *count);

#endif
