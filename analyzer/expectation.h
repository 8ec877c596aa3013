/* expect.json of a fixture: what its bundle must give, compared with what it gave. fixtures/README.md describes the
 * keys. */
#ifndef EXPECTATION_H
#define EXPECTATION_H

#include <jansson.h>

#include "fixture_bundle.h"
#include "json_place.h"
#include "verdict.h"

#define JOIN(a, ...) arena_join((a), (const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))

typedef struct Failure {
    Str cause;    /* empty: of none in particular */
    Str what;     /* one line */
    StrList why;  /* the lines below it */
    Str file;     /* where it stands; empty: nowhere */
    TextPlace at; /* … in it */
    JsonSpan span;
    bool exact;  /* the value is at `span`, not only what it is in */
    Str becomes; /* what would stand there if it were true; empty: that is not for a program to say */
} Failure;
typedef VEC(Failure) FailureList;

typedef struct ToldCondition {
    Str name, why, near; /* near: the nearest line, in words; empty: none */
    Truth value;
    Role role;
} ToldCondition;

typedef struct ToldVerdict {
    Str cause;
    VerdictKind kind;
    VEC(ToldCondition) conditions;
} ToldVerdict;

typedef struct Answer { /* what the program says of a bundle */
    VEC(ToldVerdict) verdicts;
    Str json, term; /* the reports; term only where it was asked for */
    int exit, exit_code;
} Answer;
const ToldVerdict *answer_verdict(const Answer *answer, Str cause);

typedef struct Expectation {
    Str file, text; /* as it stands on disk */
    json_t *root;   /* NULL: it cannot be used */
    Arena *a;       /* of the messages */
} Expectation;

/* Reads and checks it: unknown keys and wrong types are failures with their line. False: it cannot be used. The root is
 * the caller's to give up (json_decref). */
bool expectation_load(Expectation *e, Str file, Arena *a, FailureList *to);

bool expectation_wants_term(const Expectation *e);
/* The value of a key that is a flag. */
bool expectation_flag(const Expectation *e, const char *key, bool otherwise);
StrList expectation_words(const Expectation *e, const char *key);
/* `include`, `drop` and `rename`; the included folder is empty where there is none. */
FixtureInclude expectation_include(const Expectation *e, Str folder);

void expectation_compare(const Expectation *e, const Answer *answer, FailureList *to);

void expectation_failed_key(const Expectation *e, const char *key, Str what, FailureList *to);
/* A failure at the value of a verdict, or where that would stand. */
Failure *expectation_failed(const Expectation *e, Str cause, Str what, FailureList *to);
/* The conditions of a verdict, as lines below a failure; `required`: only those. */
void failure_explain(Failure *f, const ToldVerdict *v, bool required, Arena *a);

/* The text of the file with what became of the failures that have something in `becomes`. */
Str expectation_updated(const Expectation *e, const FailureList *failures);

#endif
