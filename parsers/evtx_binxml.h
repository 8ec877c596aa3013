/* Binary XML of event log chunks: records into text or values. One BinXml serves one source, chunk after chunk.
 * Format: MS-EVEN6 2.2.12, and libevtx's "Windows XML Event Log (EVTX) format". */
#ifndef EVTX_BINXML_H
#define EVTX_BINXML_H

#include "base/arena.h"
#include "event.h"

typedef enum BinXmlForm {
    BINXML_EVENT, /* `system` and `fields` */
    BINXML_JSON,  /* `system`, and the members of the data object in `text` */
    BINXML_XML,   /* the whole record in `text` */
} BinXmlForm;

typedef struct Bytes { /* a text that grows, in the arena of its owner */
    uint8_t *at;
    size_t len, room;
} Bytes;

#define BINXML_TEXT 0x7F /* a type of our own: UTF-8, not from a value but from the XML itself */
typedef struct BinXmlValue {
    const uint8_t *at; /* NULL: absent */
    uint32_t len;
    uint8_t type;
} BinXmlValue;

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
    Bytes text;                       /* appended to; whoever reads it sets text.len back to 0 */
    const Field *fields;
    size_t field_count;
    const char *why;      /* after false: a literal */
    bool limit;           /* it was a bound of ours: nothing more of this chunk will be decoded */
    BinXmlForm form;
    BinXmlWants *wants;   /* NULL: always */
    void *with;
    Arena *source;        /* buffers, for as long as the source is read */
    struct BinXmlChunk *chunk;
};

/* Buffers live in `source`. */
void binxml_open(BinXml *x, BinXmlForm form, Arena *source);
void binxml_close(BinXml *x);
/* Another chunk; forgets the names and templates of the one before. The bytes must stay until the next call. */
void binxml_chunk(BinXml *x, Str chunk);
/* Decodes the fragment at [from, to) of the chunk. After false, `text` is as it was before. */
bool binxml_record(BinXml *x, size_t from, size_t to);

/* The value as text, in UTF-8, appended to `to`. */
void binxml_text(BinXml *x, Bytes *to, const BinXmlValue *v);
/* As a JSON string with its quotes. */
void binxml_json(BinXml *x, Bytes *to, const BinXmlValue *v);
/* A number, be it stored as one or as text; false if it is neither. */
bool binxml_number(const BinXmlValue *v, uint64_t *number);

/* For blocks whose bounds were checked as a whole; field by field it is Cursor that reads. */
static inline uint16_t binxml_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}
static inline uint32_t binxml_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline uint64_t binxml_u64(const uint8_t *at)
{
    return binxml_u32(at) | (uint64_t)binxml_u32(at + 4) << 32;
}

void bytes_reserve(Arena *a, Bytes *b, size_t more);
void bytes_put(Arena *a, Bytes *b, Str s);
void bytes_u64(Arena *a, Bytes *b, uint64_t n);
/* 100 ns units since 1601, with seven digits of fraction. */
void bytes_filetime(Arena *a, Bytes *b, uint64_t filetime);

#endif
