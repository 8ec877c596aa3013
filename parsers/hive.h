/* Registry hives, read only. A file begins with a base block of 4 KiB `regf`; behind it lie the bins `hbin`, which
 * consist of cells: a key `nk`, a value `vk`, lists of subkeys `lf` `lh` `li` `ri`, large data `db`, bare data. Offsets
 * of cells count from the first bin. Format: M. Suhanov, "Windows registry file format specification". */
#ifndef HIVE_H
#define HIVE_H

#include "base/arena.h"

#define HIVE_NONE  UINT32_MAX /* an offset that leads nowhere */
#define HIVE_PAGE  ((size_t)512)
#define HIVE_BLOCK ((size_t)4096) /* the base block; bins are multiples of it */

typedef struct HiveBase {        /* what the base block says */
    uint32_t primary, secondary; /* sequence numbers; they differ while the file is written to */
    uint64_t written;            /* FILETIME */
    uint32_t major, minor;
    uint32_t type;      /* 0: a hive; else a transaction log */
    uint32_t root;      /* offset of the root key */
    uint32_t bins_size; /* bytes */
    uint32_t sector;    /* of the disk it was written on, in sectors of 512 bytes */
    Str name;           /* the end of its path, UTF-16 */
    bool sum_fits;
} HiveBase;

/* False if the file does not begin with a base block, or not even its first sector is there. */
bool hive_base(Str file, HiveBase *base);
/* True if the file was closed in order: nothing newer stands in a log. */
bool hive_base_clean(const HiveBase *base);

typedef void HiveDamage(void *with, uint64_t at, const char *what);

typedef struct Hive {
    Str bins;
    uint64_t bins_at;            /* where they begin in the file */
    uint64_t len;                /* bytes of the bins, with those that logs add */
    const uint8_t *const *pages; /* newer pages out of the logs, NULL where there is none */
    size_t page_count;
    uint32_t minor; /* version 1.x */
    uint8_t *seen;  /* a bit for each 8 bytes: a cell belongs to one owner, so no walk is longer than the file */
    Arena passing;  /* names and data that were handed out */
    Arena *kept;
    HiveDamage *damage;
    void *with;
} Hive;

/* The fields above `minor`, and that, are set by the caller. Everything is released with the arena and by hive_close.
 */
void hive_open(Hive *h, Arena *kept, HiveDamage *damage, void *with);
void hive_close(Hive *h);
/* Before another walk. */
void hive_rewind(Hive *h);

typedef struct HiveKey {
    uint32_t offset;
    Str name;         /* UTF-8 */
    uint64_t written; /* FILETIME */
    uint32_t parent, subkeys, subkey_list, values, value_list;
} HiveKey;

typedef struct HiveValue {
    uint32_t offset;
    Str name; /* UTF-8; empty: the key's default value */
    uint32_t type;
    Str data;
    bool whole; /* all of the data is there */
} HiveValue;

/* Bits: what a walk should go into. */
typedef enum HiveWant { WANT_NOTHING = 0, WANT_VALUES = 1, WANT_SUBKEYS = 2 } HiveWant;

typedef struct HiveVisitor {
    /* `path`: names from the top on, a backslash between two. All Strs are valid until the function returns. */
    HiveWant (*key)(void *with, Str path, const HiveKey *key);
    void (*value)(void *with, Str path, const HiveKey *key, const HiveValue *value);
    void *with;
} HiveVisitor;

/* The key at `offset` (called `top` in the paths) and, as far as is wanted, all below it, in the order of the lists. */
void hive_walk(Hive *h, uint32_t offset, Str top, const HiveVisitor *visitor);

/* After a walk that met damage: keys of which it did not see the values, found by what they say of their parents. Their
 * subkeys are found likewise, and are not asked for. */
void hive_walk_lost(Hive *h, uint32_t top, Str name, const HiveVisitor *visitor);

/* The root key where the base block does not lead to one: the first key that says it is the root; else HIVE_NONE. */
uint32_t hive_find_root(Hive *h, uint32_t told);
/* Tells what stands before `end` and is no bin. */
void hive_check_bins(Hive *h, uint64_t end);

#endif
