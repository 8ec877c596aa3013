/* What follows from the verdicts: what to collect next, what changed before the first failure, the first error, and the
 * one sentence that says it all. */
#ifndef CONCLUSION_H
#define CONCLUSION_H

#include "verdict.h"

typedef struct Conclude {
    const Analysis *analysis;
    const EpisodeList *episodes;
    const Bundle *bundle;
    const Asking *asking;
    Arena *run;
} Conclude;

/* Fills everything but the verdicts, which are there and in their order. */
void conclude(Conclusion *out, const Conclude *c);

#endif
