/* --profile: what each rule cost. Counted by each matcher for itself, added up when it is closed. */
#ifndef RULE_PROFILE_H
#define RULE_PROFILE_H

#include "rule.h"

typedef struct RuleCost {
    uint64_t tried, held; /* events it was tried on; that it holds of, or may hold of */
    uint64_t ns;
} RuleCost;

typedef struct RuleProfile {
    bool on;
    uint64_t events, scan_ns; /* all that were matched; finding the candidates of all of them */
    RuleCost *costs;          /* by rule */
} RuleProfile;

RuleProfile *rule_profile_new(size_t rule_count, Arena *run);
/* From several threads. */
void rule_profile_add(RuleProfile *to, const RuleProfile *more, size_t rule_count);
/* A table, the dearest rule first. */
void rule_profile_print(const RuleSet *set, Sink *out);

#endif
