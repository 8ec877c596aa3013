/* What to collect next, and the ledger by what is asked of it. */
#ifndef COLLECT_H
#define COLLECT_H

#include "standing.h"
#include "verdict.h"

/* Fills collect, inspect and by_hand from the verdicts: the fewest collections that decide what is open. */
void collect_next(Conclusion *out, Survey *survey);

/* Fills ledger and absent. */
void ledger_find(Conclusion *out, Survey *survey);

#endif
