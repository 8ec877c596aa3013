/* The contract of a parser: one input format a file, each usable alone. */
#ifndef PARSER_H
#define PARSER_H

#include "analysis.h"

typedef enum Bid { BID_NO, BID_ANY, BID_TEXT, BID_NAME, BID_SHAPE, BID_MAGIC } Bid; /* kind of proof, the best wins */

typedef enum DumpFormat { DUMP_JSONL, DUMP_XML } DumpFormat;
typedef struct DumpOptions {
    DumpFormat format;
    bool recover; /* also what is left of records that are none of the file's any more, marked as such */
} DumpOptions;

typedef struct Parser {
    const char *name;  /* as in fixtures/parsers/<name>/ */
    const char *reads; /* one line for people */
    const char *kind;  /* sources[].kind of the report; NULL: the name of `service` */
    Service service;   /* of its events */
    /* `path`: of the member, with `/` between parts; compare without case and by suffix. `head`: the first LIMIT_HEAD
     * bytes, or all there are. */
    Bid (*bid)(Str path, Str head);
    /* Reads the source to its end. Events and diagnostics go to `out`; `scratch` may be reset at will and is reset
     * afterwards. ST_OK; ST_PARTIAL: cut by a limit or by the end of the file; ST_FAILED: bytes inside could not be
     * decoded (the rest is good all the same). */
    Status (*parse)(Source *src, Arena *scratch, Analysis *out);
    /* NULL, or: can this member be read only together with others of its folder, or they only with it? Then it is held
     * until all are in, and is read with them beside it (source_beside). */
    bool (*waits)(Str head);
    /* Every record in a fuller form than its event, to `to`; NULL: the events themselves are printed. No event goes to
     * `out`, but all the rest does: diagnostics, limits and the note. */
    Status (*dump)(Source *src, Arena *scratch, DumpOptions how, Sink *to, Analysis *out);
    bool writes_xml; /* dump knows DUMP_XML */
    bool recovers;   /* dump knows DumpOptions.recover */
} Parser;

/* Once, before any thread: the start-up of libraries that cannot bear two at a time. */
void parsers_begin(void);

extern const Parser *const parsers[]; /* in the order of parsers.def, ends with NULL */
const Parser *parser_pick(Str path, Str head);
const Parser *parser_named(Str name);

#endif
