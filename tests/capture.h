/* Stands in for analysis.c in tests of parsers: records what a parser says instead of judging it. Link it before the
 * library. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "parser.h"

typedef struct Capture {
    Analysis analysis; /* first: the functions of analysis.h find their Capture by it */
    Arena run, scratch;
    bool keep; /* events are copied; else their bytes are only read */
    VEC(Event) events;
    uint64_t count;
    uint64_t touched; /* a sum over all bytes of all events, so that a memory checker sees each of them used */
    Status status;
} Capture;

const char *mark_name(Mark mark);
const char *status_name(Status status);

/* Runs one parser over bytes in memory. capture_close frees everything. */
void capture_run(Capture *c, const Parser *parser, Str path, Str bytes, bool keep);
void capture_close(Capture *c);

#endif
