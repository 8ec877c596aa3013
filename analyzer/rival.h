/* Roots that hold the same log are rivals: they are of different collections. What has no rival goes with the
 * collection whose path is most like its own. */
#ifndef RIVAL_H
#define RIVAL_H

#include "holding.h"

typedef struct RootGroups { /* by Root.gathering: the shortest of its rivals, or its only root */
    VEC(const Root *) anchors;
} RootGroups;

/* Sets Root.gathering; what is beyond the limits gets NO_MACHINE as Root.machine. */
RootGroups rival_group(RootList *roots, const Holdings *holdings, Arena *run);

/* How many bytes two paths begin with alike. */
size_t rival_alike(Str a, Str b);

#endif
