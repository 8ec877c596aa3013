/* Steps into what the form asks for: XML, the members of a JSON object, or System and fields of an event. */
#ifndef EVTX_RENDER_H
#define EVTX_RENDER_H

#include "evtx_template.h"

/* The fragment at [from, to) of the chunk: appended to x->text, x->system and the chunk's leaves. `depth` counts the
 * fragments around it. */
bool render_fragment(BinXml *x, size_t from, size_t to, Context context, unsigned depth);

#endif
