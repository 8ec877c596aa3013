/* Roots: the folders that hold what is of one machine, and what its own logs call that machine. */
#ifndef ROOT_H
#define ROOT_H

#include "analysis.h"

/* Machine of a row, or a root, that is in no story: there are more than are told apart. */
#define NO_MACHINE SIZE_MAX

typedef struct Root {
    Str path;     /* what stands before WindowsAzure, Packages or Windows; else the folder of a file. An archive inside
                   * the bundle is a root of its own */
    size_t input; /* of a case: which of its bundles it is in; loose files are in one together */
    bool loose;
    Str name;                         /* of the machine, without its domain; empty: nothing tells it */
    int64_t named_ns;                 /* when it was called so: the newest name counts, for machines are renamed */
    size_t machine, gathering, rival; /* numbers given later: gathering.c, rival.c */
} Root;

typedef VEC(Root) RootList;

/* The roots in the order of the bundle; (*of)[row->number] is the row's. loose: by input, NULL: there is but one. */
RootList root_find(const Analysis *analysis, const bool *loose, uint32_t **of, Arena *run);

/* The path below the root; *tree: the files there are those of a system volume, so that two machines hold the same. */
Str root_below(Str path, bool *tree);

/* A computer's name without its domain: an event log calls a machine VM.CONTOSO.LOCAL, the agent calls it VM. */
Str root_label(Str computer);
/* The logs that a machine writes about itself; others may hold events forwarded from elsewhere. */
bool root_names(const SourceRow *row);
/* Names of one machine; longer ones are cut where the old kind of name is told. */
bool root_same_name(Str a, Str b);

#endif
