/* The errors that the backup service names in the portal. The table is portal_error.def. */
#ifndef PORTAL_ERROR_H
#define PORTAL_ERROR_H

#include "rule.h"

typedef enum PortalWhere {
    PORTAL_GUEST,    /* its cause lies in the VM: a bundle can show it */
    PORTAL_PLATFORM, /* in disks, limits and other jobs: a bundle shows little of it */
    PORTAL_OUTSIDE,  /* no bundle shows it */
} PortalWhere;

typedef struct PortalError {
    const char *name;
    uint32_t number; /* what the portal prints beside the name; 0: nothing */
    PortalWhere where;
    const char *message;                   /* as the portal shows it; NULL: no document has it */
    const char *meaning, *action, *source; /* action: NULL where the signatures of the causes say what to do */
} PortalError;

/* By name, without case and with MSDTC for MDTC, or by number; NULL: the table does not hold it. */
const PortalError *portal_error_find(Str word);
const PortalError *portal_error_all(size_t *count);
bool portal_name_is(Str a, Str b);

/* Is the cause documented for the error of that name? */
bool cause_applies(const Cause *cause, Str name);

/* Every name of the table and of the causes' applies_to, and of the extension's status codes, for who looks for the
 * nearest. */
const Str *portal_names(const RuleSet *rules, size_t *count, Arena *a);

typedef struct AskedCode {    /* --code: the error that the portal shows */
    Str name;                 /* as documents spell it; empty: none was given */
    const PortalError *known; /* NULL: the table does not hold it */
    Str meaning;              /* of it, or of the extension's status of that name; empty: nobody knows */
    bool applies;             /* a cause is documented for it */
} AskedCode;

/* By name or number, of the table, the causes and the extension's status codes; false if none of them holds it. */
bool asked_code_find(Str word, const RuleSet *rules, AskedCode *to);
/* Does it tell causes apart? Not if nothing is known of it. */
bool asked_code_tells(const AskedCode *code);

#endif
