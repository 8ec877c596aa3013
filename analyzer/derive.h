/* What is only known when all sources are read, as events that signatures can ask about: episodes, the state of
 * services as the event logs tell it, whether the extension has its manifest, and whether the agent fell silent. */
#ifndef DERIVE_H
#define DERIVE_H

#include "episode.h"

/* Adds their matches to the analysis, in the total order. */
void derive_events(Analysis *analysis, const EpisodeList *episodes, Arena *run);

#endif
