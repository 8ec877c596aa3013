/* Texts of event logs: out of UTF-16LE and Windows-1252 into UTF-8, and escaped in place for XML and JSON. Most texts
 * are ASCII that needs no escaping; what a text holds is found out while it is copied, so that those cost one pass. */
#ifndef EVTX_TEXT_H
#define EVTX_TEXT_H

#include "evtx_bytes.h"

/* What a text holds that may not stand for itself; a set. */
enum {
    HOLDS_SECRET_MARK = 1, /* what may introduce a secret (secret.h) */
    HOLDS_MARKUP = 2,      /* < > &: XML escapes it */
    HOLDS_BACKSLASH = 4,   /* JSON does */
    HOLDS_OTHER = 8,       /* both do */
    HOLDS_WIDE = 16,       /* not ASCII */
    HOLDS_ALL = 31,        /* nobody looked */
};

/* Appended without zeros at the end; returns what it holds. */
unsigned text_utf16(Arena *a, Bytes *b, Str utf16);
unsigned text_ansi(Arena *a, Bytes *b, Str ansi);
unsigned text_holds(Str text);
/* As a JSON string with its quotes. */
void text_json(Arena *a, Bytes *b, Str utf16);

/* What stands in `b` from `from` on is escaped as the sink does it (sink.h), secrets included; `held` is what it
 * holds. For JSON it begins with its opening quote, and gets the closing one. */
void text_escape_xml(Arena *a, Bytes *b, size_t from, unsigned held);
void text_escape_json(Arena *a, Bytes *b, size_t from, unsigned held);

#endif
