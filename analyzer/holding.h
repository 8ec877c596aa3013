/* What a machine has only one of: its logs and hives. Where two roots hold the same, they are of two collections. */
#ifndef HOLDING_H
#define HOLDING_H

#include "root.h"

typedef struct Holding { /* a row with a key, beside all others of that key */
    uint64_t key;
    uint32_t row, first; /* first: holding of that key */
    Root *root;
} Holding;

typedef struct Holdings { /* by key, machine, input, root, row */
    Holding *at;
    size_t count;
} Holdings;

/* of: as root_find gives it; roots without a machine are left out. */
Holdings holding_find(const Analysis *analysis, const RootList *roots, const uint32_t *of, Arena *scratch);

/* Equal for what tells the same state, in whichever collection: a hive by its name, a file by its path. */
uint64_t holding_state(const SourceRow *row);
bool holding_kind(const SourceRow *row, const char *kind);

#endif
