/* The ledger: what was read, from when to when, with which holes, and what nobody read. One row a member. */
#ifndef COVERAGE_H
#define COVERAGE_H

#include "base/arena.h"
#include "event.h"
#include "limits.h"
#include "registry_key.h"

typedef enum RowStatus { ROW_READ, ROW_PARTIAL, ROW_DAMAGED, ROW_SKIPPED, ROW_UNREAD } RowStatus;
const char *row_status_name(RowStatus status);

typedef struct Span { /* closed: both ends belong to it */
    int64_t from_ns, to_ns;
} Span;

typedef struct Hole {
    Span span;
    const char *why; /* a static text */
} Hole;

typedef struct Diagnostic { /* a place we could not read */
    uint64_t at;            /* byte offset or line */
    bool is_line;
    Str what;
} Diagnostic;

typedef struct LimitRow {
    const char *limit; /* the name of the bound */
    Str what;          /* what was lost by it */
} LimitRow;

typedef struct IdRun { /* consecutive record ids of one channel */
    uint64_t first, last;
    int64_t first_ns, last_ns;            /* of these two records */
    const char *suspect;                  /* see SourceRow */
    const char *lost_before, *lost_after; /* why there is nothing beside it in the file; NULL: not known */
} IdRun;

typedef struct ZoneSeen { /* one event whose local time and whose UTC are both told */
    int64_t local_ns, offset_ns;
} ZoneSeen;
typedef struct Gathering { /* a collection: what was taken of one machine at one time; most bundles are one */
    Str name;              /* the input or the folder it is in; empty where the bundle holds no other */
    int64_t events_end_ns; /* its newest event of an event log: a whole log covers up to there */
    int64_t collected_ns;  /* entry time of results.txt, else its newest event; TIME_NONE: unknown */
} Gathering;

typedef struct SourceRow {
    size_t number;                   /* in Analysis.rows, once that is in order */
    size_t input;                    /* of a case: which of its bundles it is in */
    size_t machine;                  /* which of the bundle's machines it is of (machine.h) */
    Gathering *gathering;            /* known once all is read */
    const struct SourceRow *copy_of; /* a newer copy of the same log, which tells in its stead what both hold */
    uint64_t order;                  /* of the source in the bundle: member, then member of a member */
    Str path;
    const char *parser; /* its name; NULL if nobody took it */
    Service service;
    const char *kind; /* as section 4 of the design names it: a service name, evtx, event_xml, diskinspect, other … */
    RowStatus status;
    uint64_t events;
    Span span;  /* of its stamped events; from_ns == TIME_NONE: none */
    Span local; /* of its events with local times, until their zone was looked for (zone.h) */
    VEC(ZoneSeen) zones;
    Doubt doubt; /* the most that one of its events has */
    bool absent; /* it was collected, and is not in the bundle */
    bool picked; /* somebody picked its events out: it shows what happened, never what did not */
    uint8_t time_digits;
    TimeTrust trust; /* the weakest of its stamps */
    int64_t zone_ns; /* what was taken off its local times; 0 for UTC */
    Str channel;     /* event logs: of its first record */
    Str computer;    /* event logs: of its newest record */
    int64_t computer_ns;
    Str computers[4]; /* event logs: who wrote its events, the first few: a machine may have had other names */
    uint64_t size;    /* bytes read */
    int64_t mtime_ns; /* entry time, or TIME_NONE */
    Str note;         /* in words: why unread, what is special; empty if nothing */
    VEC(Hole) holes;
    VEC(IdRun) runs;
    bool runs_full;
    /* Event logs; the parser sets them while it adds records, to static texts. */
    const char *suspect; /* why there may have been more records among these than could be read; NULL: there were not */
    const char *lost;    /* what could not be read before the next record, or NULL */
    bool mixed;          /* event logs: some of its events are of other channels */
    VEC(Diagnostic) diagnostics;
    uint64_t diagnostics_lost;
    VEC(LimitRow) limits;
    RegistrySet registry; /* what of the registry it tells, be it that it is not there */
    bool unflushed;       /* a hive without the logs that hold what was written last */
    bool past;            /* how things stood before a newer collection, or too long before the failure (state.h) */
    size_t kept_room;     /* bytes that may be kept of it, this row's lists included */
    size_t kept_bytes, kept_count;
    bool kept_full;
    bool listed; /* it has a place in a part of the ledger */
} SourceRow;

/* Counts an event into the row: span, ids, trust. State (listings, registry values) and events without a stamp of their
 * own have no place in the span. */
void coverage_add(SourceRow *row, Arena *run, const Event *ev);
void coverage_hole(SourceRow *row, Arena *run, Span span, const char *why);
/* Once all events are in: turns gaps between the runs of record ids into holes. */
void coverage_close(SourceRow *row, Arena *run);

/* Which rows a question is about: a service, and of event logs a channel (empty: any). */
typedef struct CoverageQuery {
    Service service;
    Str channel;
    Span window; /* without a length: no time is known, and the question is about all there is */
} CoverageQuery;
/* NULL, or that a file of such a source is lost. */
const char *coverage_absent(SourceRow *const *rows, size_t count, const CoverageQuery *query);
/* NULL if the rows together cover the window without a hole, else why not: a static text for people. */
const char *coverage_lacks(SourceRow *const *rows, size_t count, const CoverageQuery *query);

/* The same of values of the registry. */
const char *coverage_lacks_registry(SourceRow *const *rows, size_t count, const RegistrySet *asked);

#endif
