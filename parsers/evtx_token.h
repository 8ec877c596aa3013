/* Tokens of binary XML into nodes. Format: MS-EVEN6 2.2.12, and libevtx's "Windows XML Event Log (EVTX) format". */
#ifndef EVTX_TOKEN_H
#define EVTX_TOKEN_H

#include "base/cursor.h"
#include "evtx_binxml.h"

/* Tokens, without the bit that says "more follows". */
enum {
    TOKEN_END = 0x00,
    TOKEN_OPEN = 0x01,
    TOKEN_CLOSE_START = 0x02,
    TOKEN_CLOSE_EMPTY = 0x03,
    TOKEN_CLOSE = 0x04,
    TOKEN_VALUE = 0x05,
    TOKEN_ATTRIBUTE = 0x06,
    TOKEN_CDATA = 0x07,
    TOKEN_CHARACTER = 0x08,
    TOKEN_ENTITY = 0x09,
    TOKEN_PI_TARGET = 0x0A,
    TOKEN_PI_DATA = 0x0B,
    TOKEN_TEMPLATE = 0x0C,
    TOKEN_NORMAL = 0x0D,
    TOKEN_OPTIONAL = 0x0E,
    TOKEN_HEADER = 0x0F,
    TOKEN_MORE = 0x40,
};

#define NO_VALUE 0xFFFFu /* no number of a value */

typedef enum NodeKind { NODE_ELEMENT, NODE_ATTRIBUTE, NODE_TEXT, NODE_VALUE, NODE_PI } NodeKind;
typedef struct Node { /* in document order: an element, its attributes, its content */
    uint8_t kind;
    bool empty;     /* element written as <a/> */
    bool optional;  /* value: an attribute of it alone is left out when it is null */
    uint16_t value; /* value: its number; element: the value it depends on, or NO_VALUE */
    uint32_t end;   /* the node behind its subtree */
    Str text;       /* name or text; of a processing instruction both, with a blank between */
} Node;

typedef struct Name { /* a name of the chunk, read once */
    struct Name *next;
    uint32_t offset; /* in the chunk */
    Str text;        /* may stand in XML as it is */
} Name;

typedef struct NameUse { /* where the tokens name something */
    size_t at;           /* of the reference: four bytes of the chunk */
    size_t here;         /* bytes of the name itself when it stands right behind; 0: it is elsewhere */
    Str text;
} NameUse;

/* The name at `offset` of the chunk; empty, and why in *lack, if it cannot be read. */
Str token_name(BinXml *x, uint32_t offset, const char **lack);
/* From the cursor to the end token, or to the end of its bytes, into the chunk's nodes and uses, which it replaces.
 * `dependencies`: inside a template an element names the value it depends on. */
bool token_nodes(BinXml *x, Cursor *c, bool dependencies);

#endif
