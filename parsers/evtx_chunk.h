/* What the stages of binary XML share while one chunk is read. Belongs to evtx_token.c, evtx_template.c, evtx_render.c
 * and evtx_binxml.c alone. */
#ifndef EVTX_CHUNK_H
#define EVTX_CHUNK_H

#include "evtx_template.h"
#include "evtx_token.h"

#define CHUNK_BUCKETS 256u

typedef struct Leaf { /* a field under way: its text moves while it grows */
    Str name;
    size_t from, to; /* in x->text */
} Leaf;

typedef struct Placed { /* a template of the chunk */
    struct Placed *next;
    uint32_t offset; /* of its definition */
    Context context;
    const Program *program;
} Placed;

/* Vectors and buffers keep their room from chunk to chunk, in x->source. */
typedef struct BinXmlChunk {
    Str bytes;
    Arena arena; /* until the next chunk: joined texts, and what stands where */
    Placed *placed[CHUNK_BUCKETS];
    Name *names[CHUNK_BUCKETS];
    Arena kept; /* names and programs; see evtx_kept.h */
    struct Kept *keeps[CHUNK_BUCKETS];
    size_t kept_bytes;
    size_t compiled; /* bytes of templates read: bounded */
    size_t work;     /* steps repeated: bounded */
    size_t text;     /* bytes written: bounded */
    /* of the template being compiled */
    VEC(Node) nodes;
    VEC(NameUse) uses;
    VEC(Step) steps;
    Bytes constant; /* text of the step being made */
    /* of the record being rendered */
    VEC(BinXmlValue) values; /* of all templates under way, one behind the other */
    VEC(Leaf) leaves;
    VEC(Field) fields;
    bool asked, wanted;
    unsigned position; /* of the last unnamed <Data> */
    unsigned repeat;   /* which item of an array an element stands for */
    /* of both */
    Bytes piece; /* leaf of several pieces */
    Bytes name;  /* of a leaf */
} BinXmlChunk;

static inline bool chunk_fail(BinXml *x, const char *why)
{
    x->why = why;
    return false;
}
static inline bool chunk_limit(BinXml *x, const char *why)
{
    x->limit = true;
    return chunk_fail(x, why);
}

#endif
