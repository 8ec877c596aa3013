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

/* matches: in the total order. Returns one list a rule, by Rule.index. */
HitList *correlate(const RuleSet *set, const Match *matches, size_t count, Arena *run);

#endif
