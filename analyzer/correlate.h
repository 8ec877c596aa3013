/* Matches into hits: of single rules, and of Sigma correlations over them. */
#ifndef CORRELATE_H
#define CORRELATE_H

#include "analysis.h"

typedef struct Hit {
    Span span;                 /* of a single event: its time; of state: from its time to its collection */
    Truth truth;               /* YES, or UNKNOWN: it may be one */
    const Kept *const *events; /* what it is made of, in time order */
    size_t event_count;
    const char *why; /* UNKNOWN: a static text, or NULL */
} Hit;

typedef struct HitList { /* of one rule, ordered by the end of the span */
    VEC(Hit) hits;
    VEC(Match) near;     /* near misses, in time order */
    const char *limited; /* NULL, or why no hit proves nothing */
} HitList;

/* The most that one of its events has. */
Doubt hit_doubt(const Hit *h);

/* Of single rules. matches: in the total order. Returns one list a rule, by Rule.index. */
HitList *hit_lists(const RuleSet *set, const Match *matches, size_t count, Arena *run);

/* Who knows what the bundle covers: why it cannot be said that a rule has no more hits in a span than are known; a
 * static text, or NULL: its sources cover the span. */
typedef struct Absence {
    const char *(*lacks)(const void *with, const Rule *rule, Span span);
    const void *with;
} Absence;

/* Fills the lists of correlations. A hit for which something must not have occurred, or not as often, is UNKNOWN where
 * that cannot be said. absence == NULL: plain Sigma, where what is not in the logs did not occur. */
void correlate(const RuleSet *set, HitList *lists, const Absence *absence, Arena *run);

#endif
