/* Several machines in one bundle (two disks, two zips put together) are never mixed: each is decided apart, and then
 * the conclusions are laid side by side. */
#ifndef MACHINE_H
#define MACHINE_H

#include "verdict.h"

typedef struct Machines {
    VEC(Str) names; /* at least one; empty: nothing in the bundle tells it */
} Machines;

/* Sets SourceRow.machine. Rows below one root (the folder that holds WindowsAzure, Packages or Windows) are of one
 * machine, named by its newest event log, or by what the agent or the extension calls it. */
Machines machine_find(const Analysis *analysis, Arena *run);

/* What was read of one machine. Rows and events are shared with the whole. */
Analysis machine_part(const Analysis *whole, size_t machine, Arena *run);

typedef struct MachineStory {
    EpisodeList episodes;
    Conclusion conclusion;
} MachineStory;

/* The stories of all machines as one: for each cause the best verdict, the others in its also[]. */
MachineStory machine_join(const Machines *machines, const MachineStory *stories, Arena *run);

#endif
