#include "sink.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "timestamp.h"
#include "utf.h"

#define SINK_BYTES ((size_t)64 << 10)

Sink sink_file(FILE *file)
{
    Sink out = {.file = file, .bytes = malloc(SINK_BYTES), .room = SINK_BYTES};
    if (!out.bytes) {
        fputs("vmsift: out of memory\n", stderr);
        exit(1);
    }
    return out;
}

Sink sink_memory(void)
{
    Sink out = sink_file(NULL);
    out.keeps = true;
    return out;
}

Str sink_bytes(const Sink *out)
{
    return (Str){out->bytes, out->used};
}

static void make_room(Sink *out)
{
    uint8_t *more = realloc(out->bytes, 2 * out->room);
    if (!more) {
        fputs("vmsift: out of memory\n", stderr);
        exit(1);
    }
    out->bytes = more;
    out->room *= 2;
}

void sink_flush(Sink *out)
{
    if (out->keeps) {
        return;
    }
    if (out->used && out->file && !out->failed) {
        out->failed = fwrite(out->bytes, 1, out->used, out->file) != out->used || fflush(out->file) != 0;
    }
    out->written += out->used;
    out->used = 0;
}

Status sink_close(Sink *out)
{
    sink_flush(out);
    free(out->bytes);
    out->bytes = NULL;
    return out->failed ? ST_FATAL : ST_OK;
}

void sink_raw(Sink *out, Str bytes)
{
    while (bytes.len) {
        if (out->used == out->room) {
            (out->keeps ? make_room : sink_flush)(out);
        }
        size_t n = out->room - out->used < bytes.len ? out->room - out->used : bytes.len;
        memcpy(out->bytes + out->used, bytes.at, n);
        out->used += n;
        bytes = str_from(bytes, n);
    }
}

void sink_put(Sink *out, const char *text)
{
    sink_raw(out, str_of(text));
}

void sink_format(Sink *out, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0) {
        sink_raw(out, (Str){(uint8_t *)text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1});
    }
}

void sink_time(Sink *out, int64_t ns, unsigned digits)
{
    char text[TIMESTAMP_ROOM];
    size_t n = timestamp_format(text, ns, digits);
    sink_raw(out, (Str){(uint8_t *)text, n});
}

typedef struct Escape {
    uint64_t special[2]; /* printable ASCII that does not stand for itself, one bit each */
    void (*put)(Sink *out, uint32_t rune, bool valid, Str bytes);
} Escape;

static bool plain(const Escape *e, uint8_t c)
{
    return c >= ' ' && c < 0x7F && !(e->special[c >> 6] >> (c & 63) & 1);
}

/* Runs of bytes that need no escaping go out as they are. */
static void escaped(Sink *out, Str text, const Escape *e)
{
    for (size_t i = 0; i < text.len;) {
        size_t run = i;
        while (run < text.len && plain(e, text.at[run])) {
            run++;
        }
        sink_raw(out, str_slice(text, i, run));
        if (run == text.len) {
            return;
        }
        uint32_t rune;
        size_t n = utf8_decode(text, run, &rune);
        if (n == 0) {
            e->put(out, cp1252_rune(text.at[run]), false, str_slice(text, run, run + 1));
            n = 1;
        } else {
            e->put(out, rune, true, str_slice(text, run, run + n));
        }
        i = run + n;
    }
}

static void masked(Sink *out, Str text, const Escape *e)
{
    Str secret;
    size_t from = 0;
    while (secret_find(text, from, &secret)) {
        size_t at = (size_t)(secret.at - text.at);
        escaped(out, str_slice(text, from, at), e);
        sink_put(out, "***");
        from = at + secret.len;
    }
    escaped(out, str_from(text, from), e);
}

/* Marks that reorder or hide text on a terminal. */
static bool invisible(uint32_t rune)
{
    return rune == 0xAD || rune == 0x61C || (rune >= 0x200B && rune <= 0x200F) || (rune >= 0x2028 && rune <= 0x202E) ||
           (rune >= 0x2060 && rune <= 0x206F) || rune == 0xFEFF || (rune >= 0xFFF9 && rune <= 0xFFFB) ||
           (rune >= 0xE0000 && rune <= 0xE007F);
}

static void put_rune(Sink *out, uint32_t rune)
{
    uint8_t bytes[4];
    sink_raw(out, (Str){bytes, utf8_encode(bytes, rune)});
}

static void escape_term(Sink *out, uint32_t rune, bool valid, Str bytes)
{
    if (rune == '\t') {
        sink_put(out, " ");
    } else if (rune < 0x20 || (rune >= 0x7F && rune < 0xA0)) {
        sink_format(out, "\\x%02x", valid ? rune : bytes.at[0]);
    } else if (invisible(rune)) {
        sink_format(out, "\\u{%x}", rune);
    } else {
        put_rune(out, rune);
    }
}

static void escape_json(Sink *out, uint32_t rune, bool valid, Str bytes)
{
    (void)valid, (void)bytes;
    switch (rune) {
    case '"': sink_put(out, "\\\""); break;
    case '\\': sink_put(out, "\\\\"); break;
    case '\n': sink_put(out, "\\n"); break;
    case '\r': sink_put(out, "\\r"); break;
    case '\t': sink_put(out, "\\t"); break;
    default:
        if (rune < 0x20 || (rune >= 0x7F && rune < 0xA0) || (invisible(rune) && rune < 0x10000)) {
            sink_format(out, "\\u%04x", rune);
        } else if (invisible(rune)) {
            sink_format(out, "\\u%04x\\u%04x", 0xD7C0 + (rune >> 10), 0xDC00 + (rune & 0x3FF));
        } else {
            put_rune(out, rune);
        }
    }
}

static void escape_xml(Sink *out, uint32_t rune, bool valid, Str bytes)
{
    (void)valid, (void)bytes;
    switch (rune) {
    case '<': sink_put(out, "&lt;"); break;
    case '>': sink_put(out, "&gt;"); break;
    case '&': sink_put(out, "&amp;"); break;
    case '"': sink_put(out, "&quot;"); break;
    case '\t':
    case '\n':
    case '\r': sink_format(out, "&#%u;", rune); break;
    default: put_rune(out, rune < 0x20 || rune == 0xFFFE || rune == 0xFFFF ? 0xFFFD : rune);
    }
}

#define BIT(c) (UINT64_C(1) << ((c)&63))

void sink_term(Sink *out, Str untrusted)
{
    static const Escape term = {{0, 0}, escape_term};
    masked(out, untrusted, &term);
}

void sink_json(Sink *out, Str untrusted)
{
    static const Escape json = {{BIT('"'), BIT('\\')}, escape_json};
    sink_put(out, "\"");
    masked(out, untrusted, &json);
    sink_put(out, "\"");
}

void sink_xml(Sink *out, Str untrusted)
{
    static const Escape xml = {{BIT('<') | BIT('>') | BIT('&') | BIT('"'), 0}, escape_xml};
    masked(out, untrusted, &xml);
}
