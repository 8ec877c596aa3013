/* What is copied from Event Viewer's Friendly View: the tree of an event, without its markup.
 *
 *   + System
 *     - Provider
 *      [ Name]  VSS
 *     - EventID 12292
 *      [ Qualifiers] 0
 *     - TimeCreated
 *      [ SystemTime] 2023-05-11T21:38:53.0000000Z
 *      Channel Application
 *   - EventData
 *     param1 …                                                       */
#ifndef FRIENDLY_VIEW_H
#define FRIENDLY_VIEW_H

#include "event_view.h"

/* A line that can only be of such a copy: `[ Name]  VSS`. */
bool friendly_name_line(Str line);
/* A line without its sign, and without the marks of a quotation. */
Str friendly_text(Str line);

/* The event of these lines, which begin with its System; fields live in the arena. False: no provider or no id. */
bool friendly_view(const Str *lines, size_t count, Arena *a, ViewedEvent *out);

#endif
