/* Binary XML of event log chunks: records into text or values. One BinXml serves one source, chunk after chunk.
 * Format: MS-EVEN6 2.2.12; J. Metz, "Windows XML Event Log (EVTX) format" (libevtx). A record is
 *   0f 01 01 00  0c 01 <template id> <offset of its definition> [definition] <count> {size, type}… value…  00
 * and goes this way: tokens → nodes (evtx_token.h) → steps, kept for a chunk (evtx_template.h) → text and fields
 * (evtx_render.h), with values as evtx_value.h writes them. */
#ifndef EVTX_BINXML_H
#define EVTX_BINXML_H

#include "event.h"
#include "evtx_value.h"

typedef enum BinXmlForm {
    BINXML_EVENT, /* `system` and `fields` */
    BINXML_JSON,  /* `system`, and the members of the data object in `text` */
    BINXML_XML,   /* the whole record in `text` */
} BinXmlForm;

typedef enum SystemItem {
    SYSTEM_PROVIDER,
    SYSTEM_ALIAS,
    SYSTEM_EVENT_ID,
    SYSTEM_LEVEL,
    SYSTEM_TIME,
    SYSTEM_RECORD,
    SYSTEM_CHANNEL,
    SYSTEM_COMPUTER,
    SYSTEM_MESSAGE, /* RenderingInfo/Message */
    SYSTEM_COUNT,
} SystemItem;
typedef struct BinXml BinXml;
/* Asked once a record, when System is known and data begins: false leaves `fields` empty. */
typedef bool BinXmlWants(BinXml *x, void *with);

struct BinXml {
    BinXmlValue system[SYSTEM_COUNT]; /* of the last record; valid until the next one */
    unsigned known;                   /* items of it that were there so far */
    Bytes text;                       /* appended to; whoever reads it sets text.len back to 0 */
    const Field *fields;              /* of the last record; they borrow from `text` */
    size_t field_count;
    const char *why; /* after false: a literal */
    bool limit;      /* it was a bound of ours: nothing more of this chunk will be decoded */
    BinXmlForm form;
    bool strict;        /* a template or a name that is not the one a record means fails it: old records */
    BinXmlWants *wants; /* NULL: always */
    void *with;
    Arena *source; /* buffers, for as long as the source is read */
    struct BinXmlChunk *chunk;
};

/* Buffers live in `source`. */
void binxml_open(BinXml *x, BinXmlForm form, Arena *source);
void binxml_close(BinXml *x);
/* Another chunk; forgets the names and templates of the one before. The bytes must stay until the next call. */
void binxml_chunk(BinXml *x, Str chunk);
/* Decodes the fragment at [from, to) of the chunk. After false, `text` is as it was before. */
bool binxml_record(BinXml *x, size_t from, size_t to);

#endif
