/* What the handler contract (bundle-formats.md section 5) has in common: the status an extension reports, and what the
 * place of a file tells. */
#ifndef EXTENSION_STATUS_H
#define EXTENSION_STATUS_H

#include "json_text.h"

#define BACKUP_HANDLER "Microsoft.Azure.RecoveryServices.VMSnapshot"

typedef struct ExtensionStatus { /* Strs live in the arena; empty: not told */
    Str name;                    /* who wrote it, as it calls itself */
    Str status, code;            /* the true result: the nested one where there is one */
    Str outer;                   /* as the agent sees it: "success" may mean a backup that failed and was reported */
    Str task_id, ticks;
    Str error_name; /* extErrorCode or StatusCode.<Name>; empty on success */
    Str messages;   /* for people, one a line, the nested ones first */
    Timestamp time;
    Str time_text;
    bool broken; /* the nested document is cut */
} ExtensionStatus;

/* `report`: {timestampUTC, status: {…}}. `broken`: it may lack its end; then an outer success is not believed. */
ExtensionStatus extension_status_read(const json_t *report, bool broken, Arena *a);

/* `2023-05-15T21:33:12Z` (UTC even without the Z) or `\/Date(1684186272428)\/`. */
Timestamp extension_time(Str text);
Timestamp extension_ticks(Str ticks);
Level extension_level(Str status);
/* {formattedMessage: {message}} or the older {Message}. */
Str extension_message(const json_t *object, Arena *a);

typedef struct HandlerPlace { /* from the path; empty: not told by it */
    Str handler, version, sequence;
} HandlerPlace;
/* `…/<handler>/<version>/…/<sequence>.status`, also `0 (2).status`, `0 - Copy.status`, `name.0.status`. */
HandlerPlace handler_place(const Source *src, Str ending);
/* True if the name has the ending and a sequence number before it. */
bool handler_numbered(Str path, Str ending);

typedef struct FieldList {
    Field at[16];
    size_t count;
} FieldList;
void field_put(FieldList *to, Str name, Str value); /* empty values are left out */

/* Fills in the time, or what is known in its place. */
void event_stamp(Event *ev, const Source *src, Timestamp time, Str text);

#endif
