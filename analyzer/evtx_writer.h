/* Makes a real .evtx out of events in XML: fixtures stay readable, and the reader is tested on binary files. */
#ifndef EVTX_WRITER_H
#define EVTX_WRITER_H

#include "base/arena.h"

/* `xml`: <Events> with <Event> elements as Windows shows them (or one <Event>). Returns the whole file; empty, with
 * *why set (`line 3: …`), when it cannot be made.
 *
 * System is typed as Windows does (FILETIME, SID, GUID, hexadecimal, integers), Binary is binary, unnamed Data of one
 * event are one string array, everything else is a string. Each shape of an event is one template per chunk; EventData
 * with names and UserData sit in a nested fragment with a template of their own. A record's header number is its
 * EventRecordID, or one more than the last.
 *
 * Attributes of <Events>, all optional:
 *   dirty="yes"           the file says it was not closed
 *   header-chunks="1"     the number of chunks the file header tells, instead of the truth
 *   chunk-events="10"     at most so many events in a chunk
 *   template="no"         elements outside any template, as forwarded logs have them
 *   first-chunk="2"       a log that went round: its oldest chunk stands behind two others
 *
 * Events may stand in <Chunk>: they begin a chunk and end it. Its attributes, all optional, spoil it:
 *   data-checksum="wrong", header-checksum="wrong"
 *   magic="lost"          its first 8 bytes are zeros
 *   slot="zeros"          all its bytes are
 *   torn="2"              the second record's size is 0
 * <Before> in it holds the events that were written before and over which the others were. */
Str evtx_write(Str xml, Arena *a, const char **why);

#endif
