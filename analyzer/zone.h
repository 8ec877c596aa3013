/* The zone of text logs whose stamps name none: found from what happened at the same moment in a source that does. */
#ifndef ZONE_H
#define ZONE_H

#include "analysis.h"

/* Event logs printed in local time first (zone_local.h). Then shifts such sources to UTC where agent starts follow
 * boots, or enables precede the extension's own log, at one single offset; leaves the others as they are
 * (TRUST_ASSUMED). Brings the analysis back into its total order. */
void zone_infer(Analysis *analysis);

#endif
