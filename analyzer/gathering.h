/* Which sources were collected together, and which collections tell one story.
 *
 * A collection is what was taken of one machine at one time: the roots that complement each other. Two roots that hold
 * the same log (the same channel, the agent's log, a hive, or the same path on a system volume) are two collections;
 * so are two bundles of a case.
 * Two collections of one machine are one story, read together with what both hold counted once, if what both tell of
 * the same time agrees – the same records under the same ids, the same lines – and their newest events lie within
 * half a day; of a case the operator has said that they belong together, whatever their dates. Else they are kept apart
 * and decided apart, as two machines are: a restored disk next to the original, a state before a change and one after
 * it.
 */
#ifndef GATHERING_H
#define GATHERING_H

#include "bundle.h"
#include "root.h"

typedef struct Machine {         /* or one of several states of a machine */
    Str name;                    /* empty: nothing in the bundle tells it */
    Str label;                   /* what reports call it: `VM1`, or `VM1 (before)` beside other states of it */
    int64_t newest_ns;           /* its newest event */
    size_t states;               /* how many of that machine there are */
    bool differs;                /* from another of its states: what they tell of one time is not the same */
    VEC(Gathering *) gatherings; /* newest first */
} Machine;

typedef struct Machines {
    VEC(Machine) list; /* at least one, newest first */
} Machines;

/* Sets SourceRow.gathering and SourceRow.machine. */
Machines gathering_find(Analysis *analysis, const Bundle *bundle, Arena *run);

/* When they were taken, and how far their logs reach: once every stamp is in UTC. */
void gathering_conclude(const Analysis *analysis, Machines *machines);

#endif
