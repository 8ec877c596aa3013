/* Where a report goes. A write error is kept and seen once, in sink_close. Whatever came from input goes through one
 * of the escaping functions; each of them also masks secrets (secret.h). */
#ifndef SINK_H
#define SINK_H

#include <stdio.h>

#include "status.h"
#include "str.h"

typedef struct Sink {
    FILE *file; /* NULL: the bytes are only counted, or kept */
    uint8_t *bytes;
    size_t used, room;
    uint64_t written;
    bool failed;
    bool keeps; /* all bytes, in memory */
} Sink;

Sink sink_file(FILE *file); /* the file stays the caller's */
Sink sink_memory(void);
Str sink_bytes(const Sink *out); /* of one in memory: all so far, until the next is put or it is closed */
void sink_flush(Sink *out);
/* Flushes and frees; ST_FATAL if any write failed. */
Status sink_close(Sink *out);

void sink_put(Sink *out, const char *text); /* our own literals only */
void sink_raw(Sink *out, Str bytes);        /* bytes that are already in the form of the output */
void sink_format(Sink *out, const char *format, ...) __attribute__((format(printf, 2, 3))); /* numbers only */
void sink_time(Sink *out, int64_t ns, unsigned digits);

/* Control bytes, bidirectional marks and invalid bytes made visible as \xNN or \u{…}; no newline leaves. */
void sink_term(Sink *out, Str untrusted);
/* A JSON string with its quotes; bytes that are not UTF-8 are read as Windows-1252. */
void sink_json(Sink *out, Str untrusted);
/* Character data or attribute value of XML; what XML 1.0 cannot hold becomes U+FFFD. */
void sink_xml(Sink *out, Str untrusted);

#endif
