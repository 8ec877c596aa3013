/* Deflate (RFC 1951) and Deflate64 as a stream, one after the other through the same buffers. */
#ifndef INFLATE_H
#define INFLATE_H

#include "str.h"

/* The next packed bytes, valid until the next call; none: the end. */
typedef Str InflateFeed(void *with);

typedef struct Inflate Inflate;

Inflate *inflate_open(void);
void inflate_close(Inflate *s); /* NULL is accepted */

/* Begins a stream; `wide`: Deflate64. */
void inflate_begin(Inflate *s, bool wide, InflateFeed *feed, void *with);
/* Up to `room` of the next unpacked bytes; 0: it has ended, well or badly. What comes before damage is delivered, but
 * for the last few bytes before a cut. */
size_t inflate_read(Inflate *s, uint8_t *to, size_t room);
/* NULL, or what is wrong with the packed bytes; a literal. */
const char *inflate_error(const Inflate *s);
/* Once it has ended well: the packed bytes that belong to it, of all that were fed. */
uint64_t inflate_used(const Inflate *s);

#endif
