/* One look at an event names the rules that may hold of it. Built once, shared by all threads. */
#ifndef PREFILTER_H
#define PREFILTER_H

#include "rule_detection.h"

typedef struct Prefilter {
    RegexList regexes; /* of all rules: rule_set_free ends them */
    struct Group *groups;
    size_t group_count;
    size_t rule_count, slot_count;
    uint32_t entry_count;
} Prefilter;

void prefilter_build(Prefilter *p, const RuleSet *set, Arena *run);

/* True if the events that pass the test can be told by an event id or by a literal. */
bool prefilter_finds(const Test *test);

/* The source of a rule that an event may come from. */
typedef struct Candidate {
    const Rule *rule;
    const LogSource *source;
} Candidate;

/* What one thread needs: zeroed, then prefilter_scan_init. */
typedef struct PrefilterScan {
    Candidate *found;
    size_t count;
    uint32_t *stamps; /* by rule: the event it was last named for */
    uint32_t now;
    uint8_t *tried;                /* by entry: events of this source that were tried for being near misses … */
    uint32_t *sated;               /* … and by slot: how many of its entries have had enough of them */
    const struct Group *own, *any; /* of the last channel */
    bool cached;
    uint8_t kind;
    uint8_t channel[120];
    size_t channel_len;
} PrefilterScan;
void prefilter_scan_init(PrefilterScan *scan, const Prefilter *p, Arena *run);
void prefilter_scan_source(PrefilterScan *scan, const Prefilter *p); /* another source begins */

/* Fills scan->found. */
void prefilter_scan(const Prefilter *p, PrefilterScan *scan, const Event *ev);
/* By identity alone. */
bool prefilter_wants(const Prefilter *p, PrefilterScan *scan, Str provider, Str provider_alias, uint32_t id,
                     Str channel);

#endif
