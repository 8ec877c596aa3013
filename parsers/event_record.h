/* What the two readers of Windows event logs (binary and exported XML) have in common: the meaning of an event by its
 * provider and id, and the form of a quote. Events: bundle-formats.md sections 4.5 and 4.7. */
#ifndef EVENT_RECORD_H
#define EVENT_RECORD_H

#include "event.h"

/* Sets the mark of an event whose provider, alias, id and fields are filled. */
void event_record_mark(Event *ev);
/* True if an event of that identity has a mark, whatever its fields. */
bool event_record_marked(Str provider, Str provider_alias, uint32_t id);

#endif
