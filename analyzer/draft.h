/* A draft of a signature and of its fixtures, out of one line of a bundle: what does not vary from machine to machine
 * goes into the rule, and names, addresses, ids and secrets into neither. */
#ifndef DRAFT_H
#define DRAFT_H

#include "password.h"
#include "rule.h"

typedef struct DraftOptions {
    const char *bundle;
    Str source;    /* a path as reports print it, or the end of one */
    uint64_t line; /* of an event log the record id */
    Str id;        /* of the new cause */
    const RuleSet *rules;
    Password *password;
} DraftOptions;

typedef struct DraftFile {
    Str path, text;
} DraftFile;

typedef struct Draft {
    VEC(DraftFile) files; /* without expect.json of the cases: what they say is seen once they are there */
    VEC(Str) cases;       /* folders of the fixtures; the first must show the cause */
    VEC(Str) notes;       /* what the author should know, in sentences */
} Draft;

/* False after a complaint on stderr. Reads the bundle twice: what the failed run is, is known at the end only. */
bool draft_make(const DraftOptions *o, Arena *run, Draft *draft);

#endif
