/* Templates that stay from chunk to chunk. Every chunk of a log defines again what it uses, in the same bytes but for
 * the references to names: those are offsets in the chunk. Compiling them anew was a fifth of a dump. */
#ifndef EVTX_KEPT_H
#define EVTX_KEPT_H

#include "evtx_template.h"

typedef struct KeptKey { /* a definition in the chunk */
    Str id;              /* GUID: 16 bytes */
    Str body;            /* its elements */
    Context context;
} KeptKey;

/* Between chunks, before what the last one read is counted anew: forgets everything if it has become too much. */
void kept_bound(BinXml *x);
/* The program of a definition that says the same, or NULL. */
const Program *kept_find(BinXml *x, const KeptKey *key);
/* `program` was made of it right now: the chunk's uses are its own. */
void kept_add(BinXml *x, const KeptKey *key, const Program *program);

#endif
