/* What the bundle says about every documented cause. The terms are those of design section 3 and 4. */
#ifndef VERDICT_H
#define VERDICT_H

#include "bundle.h"
#include "correlate.h"
#include "episode.h"
#include "portal_error.h"

typedef enum VerdictKind { CONFIRMED, LIKELY, POSSIBLE, CANNOT_TELL, RULED_OUT } VerdictKind;
const char *verdict_name(VerdictKind kind); /* confirmed, likely, possible, cannot_tell, ruled_out */

typedef enum Role { ROLE_REQUIRED, ROLE_SUPPORTS, ROLE_REFUTES } Role;

typedef struct Assertion { /* --assert NAME=yes|no */
    Str name;
    bool yes;
    bool used;
} Assertion;

typedef struct Asking { /* what the user said beside the bundle */
    Assertion *assertions;
    size_t assertion_count;
    AskedCode code;   /* --code */
    bool one_failure; /* a failure was named (--at, --task-id), which the headline must know where there is none */
} Asking;

typedef struct Missing { /* a log source that would decide a condition */
    const LogSource *source;
    Span window;     /* the time it must cover; from_ns == TIME_NONE: any */
    const char *why; /* why what there is of it does not do; NULL: nothing is known of that */
    bool older;      /* only an older copy of it would do */
} Missing;

typedef struct ConditionResult {
    const Condition *condition; /* NULL: a rule of supports or refutes */
    Str name, says;
    Truth value;
    Role role;
    Str why;              /* in words: what proves it, or why it is unknown */
    const Match *near;    /* the nearest line that almost matched, or NULL … */
    Str near_why;         /* … and in words which tests of its rule it missed, or why it does not count */
    bool elsewhere;       /* it matches, but not where it counts */
    bool at_unknown_run;  /* it matches at the newest backup, and nothing tells how that ended */
    bool stated;          /* by the operator */
    bool decides;         /* false, and `when` would not be false if it were true */
    VEC(Missing) missing; /* unknown: what would decide it */
} ConditionResult;

typedef struct Evidence {
    Str condition;
    const Kept *kept;
} Evidence;

typedef struct Elsewhere { /* the verdict on the same cause of another machine in the bundle */
    Str machine;
    VerdictKind kind;
} Elsewhere;

typedef struct Verdict {
    const Cause *cause;
    const HitList *lists; /* by Rule.index: what it was decided from */
    VerdictKind kind;
    VEC(ConditionResult) conditions; /* those of the cause in its order, then supports, then refutes */
    VEC(Evidence) evidence;
    Str machine;               /* empty: there is only one in the bundle */
    VEC(Elsewhere) also;       /* what holds of the others */
    const Cause *explained_by; /* a more specific cause this one is folded under */
    bool distinguishing;       /* a distinguishing condition is true */
    bool applies;              /* it is documented for the error that was asked about (--code) … */
    bool aside;                /* … it is not, and nothing points to it: it is only named */
    unsigned holds, supports;  /* how many conditions, and how many supporting rules, are true */
} Verdict;

typedef struct Collect { /* something to get, or to ask */
    Str title, why;
    Str mode;        /* of the disk inspection that brings it; empty: only hands do */
    StrList how;     /* the nearest way first … */
    size_t mode_at;  /* … which of them is that inspection */
    StrList decides; /* ids of causes */
    bool pointed;    /* something in the bundle points to one of them */
    Str machine;     /* empty: there is only one in the bundle */
} Collect;

typedef struct Inspect { /* a disk inspection that brings several of them */
    Str title, mode;
    StrList made;
    StrList decides, helps; /* causes that it decides alone; those that it may decide */
    Str machine;
} Inspect;

typedef struct LedgerPart { /* members of the bundle that answer the same questions */
    StrList titles;
    StrList asked_by; /* causes */
    VEC(const SourceRow *) rows;
    Str why;     /* no rows: why it is not in the bundle */
    StrList how; /* likewise: who could get it */
    Str machine;
} LedgerPart;

typedef struct Change {
    int64_t time_ns;
    Str what;
    const Kept *kept;
} Change;

typedef struct Conclusion {
    VEC(Verdict) verdicts;   /* best first */
    VEC(Collect) collect;    /* best value first */
    VEC(Inspect) inspect;    /* the fewest that bring all that any mode of the disk inspection holds; best first */
    bool by_hand;            /* the bundle was not made by a disk inspection: hands are nearer than another */
    VEC(LedgerPart) ledger;  /* first what signatures ask for, then the rest */
    VEC(LedgerPart) absent;  /* what signatures ask for, and is not there */
    VEC(Change) changes;     /* between the last good and the first failed run */
    const Kept *first_error; /* the first fatal error of the failing episode, or NULL */
    Str headline;
} Conclusion;

Conclusion verdict_decide(Analysis *analysis, const EpisodeList *episodes, const Bundle *bundle, const Asking *asking,
                          Arena *run);

/* Does anything in the bundle speak for it? */
bool verdict_pointed(const Verdict *v);
/* Best first. */
void verdict_sort(Conclusion *conclusion);

#endif
