/* An event as Event Viewer and its kin print it: the rendered text, a level in the language of Windows, and a local
 * time without a zone. What the readers of such texts have in common. */
#ifndef EVENT_VIEW_H
#define EVENT_VIEW_H

#include "local_date.h"
#include "parser.h"

typedef struct ViewedEvent { /* what is not told is empty */
    Str channel, source, date, id, level, computer, message;
    const Field *fields;
    size_t field_count;
    uint64_t line, offset;
    uint64_t record; /* 0: not told */
    bool redacted;   /* something between it and the one before was taken away */
} ViewedEvent;

typedef struct EventView { /* of one file */
    Source *src;
    Analysis *out;
    Str channel; /* of events that do not tell theirs, nor does their source */
    DateOrder order;
    Status status;
    int64_t last_ns; /* of the event before; TIME_NONE */
    bool undated;    /* already told of */
    bool lesser;     /* there are events below a warning: nobody picked out the errors */
} EventView;

/* A date as it stands in a file: without a zone (local), with one (stamped), or none. */
bool event_view_date(Str text, DateOrder order, Timestamp *out);
void event_view_add(EventView *view, const ViewedEvent *viewed);
/* True if events were copied into this text (event_text.c reads them). */
bool event_text_within(Str text);
/* The channel whose name is in a file's name: `Application.csv`, `vm1 system events.txt`; empty if none, or both. */
Str event_view_channel(Str file_name);
/* The channel that a well-known source writes to, else empty. */
Str event_view_source_channel(Str source);
/* How the dates of the file are read, as the row's note. */
void event_view_note(EventView *view, const char *how);
/* One event told with both its local time and its UTC. */
void event_view_zone(EventView *view, int64_t local_ns, int64_t utc_ns);
/* They are a choice that somebody made: where one is missing, it may have happened all the same. */
void event_view_picked(EventView *view);

#endif
