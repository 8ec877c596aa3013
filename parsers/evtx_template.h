/* Templates: XML with numbered holes. One is read once: parsed into nodes, and the nodes lowered into steps ("this
 * constant text, then value 7"). A record then costs one pass over its value descriptors and one over the steps.
 * Elements without a template take the same way, only their steps are not kept. */
#ifndef EVTX_TEMPLATE_H
#define EVTX_TEMPLATE_H

#include "base/cursor.h"
#include "evtx_binxml.h"

/* Where elements stand: it decides what they mean to an event or to JSON; XML does not ask. */
typedef enum Context { IN_DOCUMENT, IN_EVENT, IN_SYSTEM, IN_DATA, IN_USER, IN_RENDERING } Context;

/* Every step first puts its text (XML). */
typedef enum Op {
    OP_TEXT,      /* nothing more */
    OP_VALUE,     /* the value */
    OP_ATTRIBUTE, /* if the value is there: constant, value, quote */
    OP_ELEMENT,   /* leave the element out if `value` is null; repeat it if `each` is an array; it ends at `jump` */
    OP_SYSTEM,    /* value or constant into system[context] */
    OP_DATA,      /* data begins: ask whether it is wanted, else go to `jump` */
    OP_NESTED,    /* the value may be a fragment of its own, read in `context` */
    OP_OPEN,      /* an object (JSON) */
    OP_CLOSE,
    OP_LEAF,       /* name text: value or constant */
    OP_LEAF_BEGIN, /* the same of several pieces; into system[context] if there is one */
    OP_PIECE,
    OP_LEAF_END,
} Op;

typedef struct Step {
    uint8_t op;
    uint8_t context; /* Context of OP_NESTED, SystemItem of the others; SYSTEM_COUNT: none */
    uint8_t held;    /* what the constant holds (evtx_text.h) */
    bool secret;     /* leaf, value, attribute: its name says that the value must not leave */
    uint16_t value;  /* number of a value, or NO_VALUE: the constant */
    uint16_t each; /* element: the value whose items repeat it; leaf, value: the value that is its name; or NO_VALUE */
    uint32_t jump; /* number of a step */
    Str text;      /* XML before the step; name of a leaf or an object, for JSON with quotes and colon */
    Str constant;
} Step;

typedef struct Program { /* a template compiled */
    const Step *steps;
    size_t count;
    size_t values; /* one more than the largest number of a value it uses */
} Program;

/* That of the definition at `offset` of the chunk, compiled when it is met first; NULL after a failure. It lives until
 * the next chunk. `context`: where its elements stand. */
const Program *template_at(BinXml *x, uint32_t offset, Context context);
/* True if the definition at `offset` of the chunk is that of template `id`, the first four bytes of its GUID. */
bool template_is(const BinXml *x, uint32_t offset, uint32_t id);
/* Of the elements at the cursor; it lives as long. */
const Program *template_elements(BinXml *x, Cursor *c, Context context);

#endif
