/* Runs one parser over bytes in memory and records what it says. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "parser.h"

typedef struct Capture {
    Analysis analysis; /* its row has the diagnostics, limits, holes and the note */
    Arena run, passing;
    bool keep; /* events are copied; else their bytes are only read */
    VEC(Event) events;
    Status status;
} Capture;

/* capture_close frees everything. */
void capture_run(Capture *c, const Parser *parser, Str path, Str bytes, bool keep);
/* The same, with other members beside it. */
void capture_run_beside(Capture *c, const Parser *parser, Str path, Str bytes, const Companions *beside, bool keep);
void capture_close(Capture *c);

#endif
