/* Events against detection rules: the prefilter names candidates, this proves them. */
#ifndef MATCH_H
#define MATCH_H

#include "registry_key.h"
#include "rule.h"

/* One per thread: PCRE2 match data and JIT stack, candidate marks. */
typedef struct Matcher Matcher;
Matcher *matcher_open(const RuleSet *set);
void matcher_close(Matcher *m);
void matcher_source(Matcher *m); /* what comes next is of another source */

typedef struct MatchResult {
    const Rule *rule;
    Truth truth; /* YES; UNKNOWN (a regex hit its limit, or it tests a field that the event cannot know); NO: near */
    uint16_t passed, tests; /* NO: how many of the tests of the best selection held: a near miss (0 < passed < tests) */
    const char *why;        /* UNKNOWN: a static text */
} MatchResult;

/* Every rule that holds of the event, may hold, or (if a cause asks for it) nearly held. Valid until the next call. */
size_t match_event(Matcher *m, const Event *ev, const MatchResult **results);

typedef struct TestResult { /* a line of a rule's detection, held to an event */
    const struct Test *test;
    const struct Value *value; /* of a test that wants all of its values: this one; NULL: any of them */
    bool excluded;             /* it stands behind a `not`, and holds, or may */
    Truth truth;
    Str has; /* what the event has there, in a row; at == NULL: it has no such field */
} TestResult;

typedef struct TestResults {
    VEC(TestResult) list;
} TestResults;

/* What every test of a detection rule makes of the event; of alternatives, of the one that comes nearest. Behind a
 * `not` only what keeps the rule from holding. */
void match_explain(Matcher *m, const Rule *rule, const Event *ev, Arena *a, TestResults *out);

/* True if any rule could ever ask for this event by its identity alone: a parser of event logs may skip rendering the
 * values of records nobody asks for. Never false when match_event could return something. */
bool match_wants(const Matcher *m, Str provider, Str provider_alias, uint32_t id, Str channel);

/* The values of the registry that a detection rule may hold of, whatever is in them. Empty: none that is read. */
RegistrySet match_registry_asked(Matcher *m, const Rule *rule);

#endif
