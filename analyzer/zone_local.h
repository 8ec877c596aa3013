/* The zone of event logs that were printed as text: local times, shown as the machine's (or the operator's) clock was
 * set. */
#ifndef ZONE_LOCAL_H
#define ZONE_LOCAL_H

#include "analysis.h"

/* Brings events of TRUST_LOCAL to UTC, by the first of these that the bundle has: events of the log that tell UTC, too
 * (SourceRow.zones); the same events in UTC in another source; event 6013; the registry's ActiveTimeBias; agent starts
 * that follow boots; another printed log of which it is known. Where it has none, they stay as they are, with the doubt
 * that any zone leaves. Their rows get the span. */
void zone_local(Analysis *analysis);

#endif
