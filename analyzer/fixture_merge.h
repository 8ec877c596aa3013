/* What a fixture adds to the bundle it stands on: a cause's own lines and events among a machine's ordinary ones. */
#ifndef FIXTURE_MERGE_H
#define FIXTURE_MERGE_H

#include "base/arena.h"

/* Records of both texts by their first ISO stamp; lines without a stamp belong to the record above. */
Str merge_lines(Arena *a, Str base, Str added);

/* `base`: event XML as evtx_writer.h reads it, or empty. `added`: one event a line,
 *
 *   2022-03-13T21:40:01Z | Application Error | 1000 | 2 | IaaSBcdrExtension.exe | 9.0.1
 *
 * time, provider (`Name;{guid};EventSourceName` where it has them), event id (`4689;49152` with qualifiers), level,
 * then the data: `@name=value` has a name, `@Binary=…` is hexadecimal, {0A} is a byte. # begins a comment. All events
 * come in the order of their times with consecutive record ids, from the base's first on; the computer is the base's,
 * or `computer`. Empty, with *why set, when it cannot be done. */
Str merge_events(Arena *a, Str base, Str added, Str channel, Str computer, const char **why);

#endif
