/* One member of a bundle as a byte stream: peek, consume, line. Text is decoded at this door: UTF-8 (a BOM is taken
 * off), UTF-16LE and BE by BOM or by their zero bytes; everything else passes as it is. */
#ifndef SOURCE_H
#define SOURCE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/timestamp.h"

typedef struct Companion { /* another member of the bundle, in memory */
    Str path, bytes;
} Companion;
typedef struct Companions {
    const Companion *at;
    size_t count;
    bool early; /* there may be more, which could not be waited for */
} Companions;

typedef struct Source {
    Str path;         /* as reports name it: `/` between parts, `!/` between an archive inside and its member */
    Str name;         /* the last part of the path */
    uint64_t size;    /* as the container declares it; 0 if it does not. It may lie */
    int64_t mtime_ns; /* entry time, TIME_NONE if there is none */
    uint64_t offset;  /* bytes consumed so far, of the member (of the decoded text once source_line was called) */
    uint64_t line;    /* line feeds consumed so far */
    const Companions *beside; /* NULL, or those that were held until it could be read with them */
    struct SourceState *state;
} Source;

typedef struct ReadTrouble {
    const char *why; /* NULL: none. A text that lives as long as the source */
    bool limit;      /* a bound of ours, not damage */
} ReadTrouble;
/* Fills `to` with up to `room` bytes and returns how many; 0 is the end, be it the real one or told by *trouble. */
typedef size_t SourceRead(void *with, uint8_t *to, size_t room, ReadTrouble *trouble);

/* The path must outlive the source. */
void source_open(Source *src, Str path, uint64_t size, int64_t mtime_ns, SourceRead *read, void *with);
/* A member that is in memory already: tests and fuzzers. */
void source_open_memory(Source *src, Str path, Str bytes);
void source_close(Source *src);

/* The next bytes without consuming them: `want`, or all there are if fewer. Valid until the next call. want <=
 * LIMIT_DOCUMENT. */
Str source_peek(Source *src, size_t want);
/* The next bytes, consumed; fewer only at the end. Valid until the next call. */
Str source_take(Source *src, size_t want);
/* Reads on into memory, consuming nothing. True if there are no more bytes than that. */
bool source_fits(Source *src, size_t limit);
/* All there is, not consumed. From now on it is in memory, and reads from nothing else; what is beyond the limit is
 * lost, and the source's trouble. */
Str source_hold(Source *src, size_t limit);
/* The member beside it whose path is this one's and `suffix` (no case); at == NULL: there is none. */
Str source_beside(const Source *src, Str suffix);
/* Consumes without keeping; false if the end came first. */
bool source_skip(Source *src, uint64_t bytes);

/* Text. The encoding is found at the first of these calls, and from then on everything is UTF-8 (or Windows-1252
 * bytes): source_peek, source_take and source_skip must not be mixed in afterwards. */
/* Decoded text without consuming it: at least `want` bytes unless the end is near. Valid until the next call. */
Str source_peek_text(Source *src, size_t want);
void source_consume_text(Source *src, size_t bytes);

/* Lines.
 * CRLF, LF and CRCRLF end a line; NUL bytes at either end of a line are taken off. */
typedef struct Line {
    Str text;        /* without its line end */
    uint64_t number; /* 1-based, counted in line feeds of the file */
    uint64_t offset; /* of the line's first byte */
    bool cut;        /* longer than LIMIT_LINE: the rest was dropped */
} Line;
bool source_line(Source *src, Line *line);

/* Records of several lines: a line that `starts` says begins a record, and all lines up to the next such line. Lines
 * before the first one are a record of their own with headless = true. */
typedef struct TextRecord {
    Str text;      /* all lines, with the line ends they have between them */
    Str first;     /* the first line, without its line end */
    uint64_t line; /* of the first line */
    uint64_t offset;
    bool headless; /* no line of it starts a record: the rest of one that was cut off, or free text */
    bool cut;      /* longer than LIMIT_RECORD, or a line was */
} TextRecord;
typedef bool TextStarts(Str line);
bool source_text_record(Source *src, TextStarts *starts, TextRecord *record);

/* NULL, or why reading ended before the end of the member (a broken archive, an encrypted one, a limit). */
const char *source_error(const Source *src);
/* True if the trouble was a limit of ours and not damage. */
bool source_limited(const Source *src);
/* True if the last line had no line end: the file may be cut. Only after the end was reached. */
bool source_open_ended(const Source *src);

#endif
