/* What reading a bundle gives: the ledger, the events that are kept, and the matches. Parsers write into it. */
#ifndef ANALYSIS_H
#define ANALYSIS_H

#include "coverage.h"
#include "match.h"
#include "source.h"

typedef struct CodeRef {
    uint32_t code;
    uint8_t family; /* CodeFamily of error_code.h */
} CodeRef;

typedef struct Kept { /* an event that is kept, with everything it points to */
    Event ev;
    const SourceRow *row;
    Str quote;                     /* what a report shows of it, at most LIMIT_QUOTE bytes, not yet escaped */
    uint64_t quote_at;             /* line or record number of the quote */
    const struct Kept *stands_for; /* a derived event: the one that is quoted, else NULL */
    const CodeRef *codes;          /* what it added to the codes met */
    size_t code_count;
    bool again; /* another source of the same machine tells it, too, and counts (duplicate.h) */
} Kept;

/* When what is quoted was written; of a derived event (an episode) that is another moment than its own. TIME_NONE for a
 * local time of unknown zone: it is no UTC. */
static inline int64_t kept_time(const Kept *k)
{
    const Event *ev = k->stands_for ? &k->stands_for->ev : &k->ev;
    return ev->trust == TRUST_LOCAL ? TIME_NONE : ev->time_ns;
}

typedef struct Match {
    const Rule *rule;
    const Kept *kept;
    Truth truth; /* YES, UNKNOWN, or NO for a near miss */
    uint16_t passed, tests;
    const char *why;
} Match;

typedef struct CodeMet { /* an error code seen, and where first */
    uint32_t code;
    uint8_t family; /* CodeFamily of error_code.h */
    uint64_t count;
    int64_t first_ns, last_ns;
    uint8_t time_digits;
    const SourceRow *row;
} CodeMet;

typedef struct NearMiss {
    uint16_t passed, tests, count;
} NearMiss;

typedef void EventTap(void *with, const Event *ev);
typedef void EventWatch(void *with, const SourceRow *row, const Event *ev);

typedef struct Analysis {
    const RuleSet *rules;
    Arena *run;
    Matcher *matcher;
    SourceRow *row;        /* of the source being read */
    VEC(SourceRow *) rows; /* in the order of the bundle once reading is done */
    VEC(Kept *) kept;      /* in the total order once reading is done: time, source, position */
    VEC(Match) matches;    /* likewise */
    VEC(CodeMet) codes;
    uint16_t *code_slots; /* hash of codes: index plus one */
    VEC(CodeRef) met;     /* those of the event being added */
    size_t room;          /* bytes that may still be kept of the member being read and what is inside it */
    EventTap *tap;        /* if set, events go there and nowhere else */
    void *tap_with;
    EventWatch *watch; /* if set, it sees every event before it is looked at; it goes with the reading of a bundle */
    void *watch_with;
    NearMiss *near; /* by rule: how near the source being read came */
    Arena quoting;  /* while one quote is made */
} Analysis;

/* rules may be NULL: then nothing is matched. */
void analysis_open(Analysis *out, const RuleSet *rules, Arena *run);
void analysis_close(Analysis *out); /* the matcher and such; what was kept lives in the arena */

/* Brings rows, kept events, matches and codes into the total order. */
void analysis_sort(Analysis *out);

/* Adds what another one holds, and leaves that empty. */
void analysis_adopt(Analysis *into, Analysis *from);

/* Begins the row of the next source; everything added from now on belongs to it. `share`: of the room there is, it may
 * take one part in so many. */
SourceRow *analysis_row(Analysis *out, Str path, uint64_t order, int64_t mtime_ns, unsigned share);
/* Goes on with a row that has ended. */
void analysis_row_again(Analysis *out, SourceRow *row);
/* Its end: what was kept of it is taken off the room. */
void analysis_row_end(Analysis *out, SourceRow *row);

/* Counts the event, matches it, and keeps what must be kept. Everything is copied. */
void analysis_add(Analysis *out, Source *src, const Event *ev);
/* A place we could not read; `what` is copied. Returns ST_PARTIAL. */
Status analysis_diag(Analysis *out, Source *src, uint64_t offset, const char *what);
Status analysis_diag_line(Analysis *out, Source *src, uint64_t line, const char *what);
/* A bound was reached: `what` was lost. */
void analysis_limit(Analysis *out, const char *limit, const char *what);
/* In words, shown beside the source. Replaces what stood there. */
void analysis_note(Analysis *out, Str note);
/* Of every source such an event is kept, unless it was full by then (analysis_full). */
bool analysis_tells(const Event *ev);
bool analysis_full(const SourceRow *row);
/* True if it makes a difference whether the values of such a record of an event log are rendered. */
bool analysis_wants(const Analysis *out, Str provider, Str provider_alias, uint32_t id, Str channel, Level level);

#endif
