/* How things stood (registry, listings, disks) is no event: of several collections the newest that holds it has the
 * word, and none that was taken long before the failure. */
#ifndef STATE_H
#define STATE_H

#include "analysis.h"

/* Takes out of a machine's part what a newer collection tells otherwise. */
void state_newest(Analysis *part);
/* Takes out what was collected more than a day before the failure (TIME_NONE: there is none), be it read or derived. */
void state_fresh(Analysis *part, int64_t failure_ns);

#endif
