/* What the record of a disk inspection (results.txt) says of the files it was to copy. */
#ifndef COLLECTION_H
#define COLLECTION_H

#include "analysis.h"

typedef enum Fate { /* of a file that a disk inspection was to copy; the later outweighs the earlier */
                    FATE_UNTOLD,
                    FATE_NONE, /* there was none on the disk */
                    FATE_FAILED,
                    FATE_COPIED,
                    FATE_REMOVED, /* copied, and taken out by the secret scanner */
} Fate;

typedef struct Collection { /* one disk inspection */
    const SourceRow *row;   /* its results.txt */
    Str folder;             /* of results.txt: what it collected is below it */
    Str mode;               /* the manifest's name; empty: unknown */
    Str resume;             /* stopped before its end: the step to go on with, or "?" */
    bool encrypted;
    VEC(const Kept *) copies; /* the lines about single files */
} Collection;

typedef struct Collections {
    VEC(Collection) list;
} Collections;

Collections collection_find(const Analysis *analysis, Arena *run);

/* What became of a source's files; *path: as results.txt names the one that counts. */
Fate collection_fate(const Collection *c, const LogSource *source, Str *path);

/* Does the path (with / between parts, and a device or any other folder before it) end as one of source->vm_path says?
 * `name_alone`: its last part is enough. */
bool source_path_fits(const LogSource *source, Str path, bool name_alone);

#endif
