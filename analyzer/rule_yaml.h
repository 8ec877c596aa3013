/* YAML as signatures may use it: a strict tree with the place of every node. No anchors, aliases, tags, merge keys or
 * duplicate keys. Private to rule*.c. */
#ifndef RULE_YAML_H
#define RULE_YAML_H

#include "rule_error.h"

typedef struct NodeList {
    VEC(Node *) docs;
} NodeList;

/* All documents of l->file; empty ones are left out, and those behind the place where it is no YAML. */
void yaml_read(Loader *l, NodeList *docs);

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

/* Each complains and returns false, or an empty value, when the node is not what it must be. A map with a misspelt key
 * is not looked at further: that the key is missing would be said besides. */
bool map_check(Loader *l, const Node *n, const char *what, const Str *known, size_t count);
Str node_text(Loader *l, const Node *n, const char *what); /* never empty when it is right */
bool node_flag(Loader *l, const Node *n, const char *what);
int64_t node_span(Loader *l, const Node *n, const char *what);
const Str *node_texts(Loader *l, const Node *n, const char *what, size_t *count); /* one, or a list of them */
/* The same of the value of a key; a key that is absent is an error only if `must`. */
Str map_text(Loader *l, const Node *map, const char *key, bool must);
const Str *map_texts(Loader *l, const Node *map, const char *key, size_t *count);

#endif
