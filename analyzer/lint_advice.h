/* The parts of lint. Private to lint*.c. */
#ifndef LINT_ADVICE_H
#define LINT_ADVICE_H

#include "lint.h"
#include "match.h"
#include "rule_detection.h"

typedef struct Advice {
    Str file;
    uint32_t line, column;
    const char *code; /* one word, for those who look for it */
    Str text;
} Advice;

typedef struct Lint {
    const RuleSet *set;
    const LintScope *scope;
    Matcher *matcher;
    Arena *run;
    Str file;       /* the one that is being looked at */
    bool *asked;    /* by rule: a cause or a correlation asks for it */
    bool any_cause; /* in the scope: rules are there to be asked for */
    VEC(Advice) list;
} Lint;

void advise(Lint *l, const Node *at, const char *code, const Str *parts, size_t count);
#define ADVISE(l, at, code, ...)                                                                                       \
    advise(l, at, code, (const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))

/* A condition over `count` leaves: always or never true, or indifferent to one of them. at: its place; leaves that it
 * does not name at all are set in `unused`. */
void lint_expression(Lint *l, const Node *at, const Expression *e, const Str *names, size_t count, bool *unused);

void lint_rule(Lint *l, const Rule *rule);
void lint_cause(Lint *l, const Cause *cause);
void lint_fixtures(Lint *l, const Cause *cause);
/* What escapes in double quotes made of the texts of a document. */
void lint_escapes(Lint *l, const Node *doc);
/* The name and the values of a test. */
void lint_value(Lint *l, const Rule *rule, const Test *test);
/* A test by regular expressions. */
void lint_regexes(Lint *l, const Test *test);

/* True if a rule of event logs holds only of events that say certain words of a sentence: Windows says them in the
 * language of the machine. */
bool lint_needs_words(const Rule *rule);

#endif
