/* Transaction logs of registry hives (NAME.LOG, or NAME.LOG1 and NAME.LOG2): newer pages of a hive that was not closed.
 * A log begins with a copy of the base block's first sector. In the old form a bitmap `DIRT` of dirty pages follows,
 * and the pages; in the new one (Windows 8.1 on) entries `HvLE`, each with a number, pages and two checksums. Nothing
 * is written: what is newer is a table of pages beside the hive. */
#ifndef HIVE_LOG_H
#define HIVE_LOG_H

#include "hive.h"

typedef enum HiveLogForm { HIVE_LOG_EMPTY, HIVE_LOG_OLD, HIVE_LOG_NEW } HiveLogForm;

typedef struct HiveLog {
    Str bytes;
    HiveBase base; /* as the hive's was when the log was begun; root == HIVE_NONE: there is none */
    HiveLogForm form;
    size_t at;         /* of the bitmap, or the first entry */
    uint32_t first;    /* new form: number of the first entry */
    unsigned entries;  /* new form: whole ones, each numbered one above the other */
    uint32_t pages;    /* old form: dirty ones */
    const char *stops; /* NULL, or why no more entries are whole; old form: why it cannot be used */
    size_t stops_at;   /* where */
    unsigned replayed; /* new form: entries; old form: 1 or 0 */
} HiveLog;

/* What is in the file; it borrows from it. */
void hive_log_open(Str bytes, HiveLog *log);

typedef struct HiveReplay { /* the hive as its logs complete it */
    HiveBase base;
    bool dirty;          /* it was not closed in order */
    bool base_recovered; /* its base block is lost, and taken from a log */
    const uint8_t *const *pages;
    size_t page_count;
    uint64_t len; /* of the bins */
} HiveReplay;

/* `base`: of the hive, NULL if it has none; `bins`: what is behind it. At most LIMIT_HIVE_LOGS logs, in the order of
 * their names; `replayed` is set in them. */
void hive_replay(const HiveBase *base, Str bins, HiveLog *logs, size_t count, Arena *a, HiveReplay *to);

/* The checksum of the new form: Marvin32 with the seed of the registry. */
uint64_t hive_log_hash(Str bytes);

#endif
