/* An archive, a folder or one loose file, member by member. Nothing is ever unpacked to disk. */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "collection.h"
#include "password.h"

typedef enum BundleKind {
    BUNDLE_FILE,
    BUNDLE_FOLDER,
    BUNDLE_ZIP,
    BUNDLE_7Z,
    BUNDLE_TAR,
    BUNDLE_CAB,
    BUNDLE_CASE
} BundleKind;
const char *bundle_kind_name(BundleKind kind); /* file, folder, zip, 7z, tar, cab, case */

typedef struct Bundle { /* what is known of it once it was read */
    const char *path;   /* as given; NULL: a case, whose bundles are the inputs */
    VEC(struct Bundle) inputs;
    Str name; /* its last part */
    BundleKind kind;
    Status status;           /* ST_FAILED: missing, unreadable, empty, or nobody read a member of it */
    Str trouble;             /* in words, when status is not ST_OK */
    Str collection_mode;     /* the manifest word, "manual", or empty: unknown */
    Collections collections; /* the disk inspections it is from, if it has their records */
    int64_t collected_ns;    /* entry time of results.txt, else the newest event; TIME_NONE: unknown */
    Str machine;             /* empty: unknown */
    int64_t time_first, time_last;
    uint8_t digits_first, digits_last;
    Str note; /* in words: what was joined, what was kept apart; empty: it is one collection */
} Bundle;

/* Reads the whole bundle into the analysis on up to `threads` threads: every member becomes a row, in the bundle's
 * order. "-" is standard input. The bundle's fields are filled as far as they are known then. */
void bundle_read(Bundle *bundle, const char *path, Password *password, Analysis *analysis, unsigned threads);

/* The same of one that is in memory: `path` is only its name. Members with a path of `left_out` (NULL: none) are as if
 * they were not in it. */
void bundle_read_memory(Bundle *bundle, const char *path, Str bytes, const StrList *left_out, Analysis *analysis);

/* Whether a file on disk begins as an archive. */
bool bundle_is_archive(const char *path);

/* Span, collection and machine, once every stamp is in UTC and collections are known (gathering_conclude). */
void bundle_conclude(Bundle *bundle, const Analysis *analysis);

#endif
