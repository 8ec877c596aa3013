#include "holding.h"

#include <stdlib.h>

static Str file_name(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
}

static uint64_t key_hash(const char *what, Str of)
{
    uint64_t h = 14695981039346656037u ^ (uint64_t)what[0];
    for (size_t i = 0; i < of.len; i++) {
        h = (h ^ byte_lower(of.at[i])) * 1099511628211u;
    }
    return h | 1;
}

bool holding_kind(const SourceRow *row, const char *kind)
{
    return row->kind && str_eq(str_of(row->kind), str_of(kind));
}

/* The same for the same log, document or hive of two collections; 0: a machine may have several of it. */
static uint64_t key_of(const SourceRow *row)
{
    bool tree;
    Str below = root_below(row->path, &tree), name = file_name(row->path);
    if (!row->events) {
        return 0;
    }
    if (row->service == SERVICE_EVENT_LOG && row->channel.len) {
        return key_hash("channel", row->channel);
    }
    bool only = row->service == SERVICE_WAAPPAGENT || row->service == SERVICE_TRANSPARENTINSTALLER ||
                holding_kind(row, "registry_hive") || holding_kind(row, "diskinspect");
    return only ? key_hash("name", name) : tree ? key_hash("path", below) : 0;
}

uint64_t holding_state(const SourceRow *row)
{
    bool tree;
    return holding_kind(row, "registry_hive") || holding_kind(row, "diskinspect")
               ? key_hash("name", file_name(row->path))
               : key_hash("path", root_below(row->path, &tree));
}

static int number_order(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int holding_order(const void *a, const void *b)
{
    const Holding *x = a, *y = b;
    const Root *r = x->root, *s = y->root;
    int order = x->key != y->key ? (x->key < y->key ? -1 : 1) : number_order(r->machine, s->machine);
    order = order ? order : number_order(r->input, s->input);
    order = order ? order : (r > s) - (r < s);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

Holdings holding_find(const Analysis *analysis, const RootList *roots, const uint32_t *of, Arena *scratch)
{
    Holdings to = {ARENA_NEW(scratch, Holding, analysis->rows.count + 1), 0};
    for (size_t i = 0; i < analysis->rows.count; i++) {
        uint64_t key = key_of(analysis->rows.at[i]);
        Root *root = &roots->at[of[i]];
        if (key && root->machine != NO_MACHINE) {
            to.at[to.count++] = (Holding){key, (uint32_t)i, 0, root};
        }
    }
    qsort(to.at, to.count, sizeof *to.at, holding_order);
    for (size_t i = 0, from = 0; i < to.count; i++) {
        from = to.at[i].key == to.at[from].key ? from : i;
        to.at[i].first = (uint32_t)from;
    }
    return to;
}
