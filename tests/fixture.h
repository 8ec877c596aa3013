/* Files of a fixture, read into memory. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "source.h"

typedef struct FixtureFile {
    Str path; /* below the folder, with `/` between parts */
    Str bytes;
} FixtureFile;
typedef VEC(FixtureFile) FixtureList;

/* All files below a folder, in the bytewise order of their names; NAME.evtx.xml becomes NAME.evtx, NAME.hive.txt NAME
 * and its logs. Returns NULL, or what went wrong. */
const char *fixture_files(Arena *a, const char *folder, FixtureList *list);
/* They as companions of each other. */
Companions fixture_beside(Arena *a, const FixtureList *list);
bool fixture_read(Arena *a, const char *path, Str *bytes);
const char *fixture_join(Arena *a, const char *folder, const char *name);
const char *fixture_join_str(Arena *a, const char *folder, Str name);

#endif
