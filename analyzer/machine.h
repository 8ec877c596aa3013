/* Several machines in one bundle, or several states of one (gathering.h), are never mixed: each is decided apart, and
 * then the conclusions are laid side by side. */
#ifndef MACHINE_H
#define MACHINE_H

#include "gathering.h"
#include "verdict.h"

/* What was read of one machine. Rows and events are shared with the whole. */
Analysis machine_part(const Analysis *whole, size_t machine, Arena *run);

typedef struct MachineStory {
    EpisodeList episodes;
    Conclusion conclusion;
} MachineStory;

/* The one whose best verdict is best, of equal ones the newest. */
size_t machine_best(const MachineStory *stories, size_t count);

/* The stories of all machines as one: for each cause the best verdict, the others in its also[]. */
MachineStory machine_join(const Machines *machines, const MachineStory *stories, Arena *run);

/* What was joined and what was kept apart, in plain sentences; empty where there is but one collection. */
Str machine_note(const Machines *machines, const Bundle *bundle, Arena *run);

#endif
