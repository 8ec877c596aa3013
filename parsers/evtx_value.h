/* Typed values of binary XML as text. Types and their binary forms: MS-EVEN6 2.2.12 (BinXmlType), and libevtx's
 * "Windows XML Event Log (EVTX) format", Value types. All numbers are little-endian. */
#ifndef EVTX_VALUE_H
#define EVTX_VALUE_H

#include "evtx_bytes.h"

/* Types of values. */
enum {
    TYPE_NULL = 0x00,
    TYPE_STRING = 0x01,
    TYPE_ANSI = 0x02,
    TYPE_I8 = 0x03,
    TYPE_U8 = 0x04,
    TYPE_I16 = 0x05,
    TYPE_U16 = 0x06,
    TYPE_I32 = 0x07,
    TYPE_U32 = 0x08,
    TYPE_I64 = 0x09,
    TYPE_U64 = 0x0A,
    TYPE_REAL32 = 0x0B,
    TYPE_REAL64 = 0x0C,
    TYPE_BOOL = 0x0D,
    TYPE_BINARY = 0x0E,
    TYPE_GUID = 0x0F,
    TYPE_SIZE = 0x10,
    TYPE_FILETIME = 0x11,
    TYPE_SYSTEMTIME = 0x12,
    TYPE_SID = 0x13,
    TYPE_HEX32 = 0x14,
    TYPE_HEX64 = 0x15,
    TYPE_XML = 0x21,
    TYPE_TEXT = 0x7F,  /* our own: UTF-8, not from a value but from the XML itself */
    TYPE_ARRAY = 0x80, /* a bit: several of that type, one behind the other */
};

typedef struct BinXmlValue { /* borrows: from the chunk, or from an arena for TYPE_TEXT */
    const uint8_t *at;       /* NULL: absent */
    uint32_t len;            /* bytes */
    uint8_t type;
    uint8_t held; /* TYPE_TEXT: what it holds (evtx_text.h) */
} BinXmlValue;

static inline Str value_str(const BinXmlValue *v)
{
    return (Str){v->at, v->len};
}
static inline bool value_null(const BinXmlValue *v)
{
    return v->type == TYPE_NULL;
}

BinXmlValue value_of_text(Str text);
/* The value as text, in UTF-8, appended to `to`; returns what it holds (evtx_text.h). A value of the wrong size is
 * shown as its bytes. */
unsigned value_put(Arena *a, Bytes *to, const BinXmlValue *v);
/* As content or attribute of XML. */
void value_xml(Arena *a, Bytes *to, const BinXmlValue *v);
/* As a JSON string with its quotes. */
void value_json(Arena *a, Bytes *to, const BinXmlValue *v);
/* A number, be it stored as one or as text; false if it is neither. */
bool value_number(const BinXmlValue *v, uint64_t *number);
/* 100 ns units since 1601-01-01, as 2023-05-11T21:01:02.1234567Z. */
void value_filetime(Arena *a, Bytes *b, uint64_t filetime);
/* Takes the next item of an array of `type` (without TYPE_ARRAY) off the front; *rest must not be empty. */
BinXmlValue value_item(uint8_t type, Str *rest);

#endif
