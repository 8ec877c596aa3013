/* Between expectation.c (reading and rewriting expect.json) and expectation_compare.c (what its keys ask of a report).
 * Private to them. */
#ifndef EXPECTATION_KEY_H
#define EXPECTATION_KEY_H

#include "expectation.h"

typedef enum Shape { /* of the value of a key */
                     S_FLAG,
                     S_NUMBER,
                     S_NUMBERS,
                     S_TEXT,
                     S_TEXTS,
                     S_PAIRS,        /* [[text, text], …] */
                     S_OBJECT,       /* {name: anything} */
                     S_NUMBER_BY,    /* {name: number} */
                     S_TEXT_BY,      /* {name: text} */
                     S_TEXTS_BY,     /* {name: [text, …]} */
                     S_VERDICT_BY,   /* {name: verdict, [verdict, …] or "*"} */
                     S_CONDITION_BY, /* {name: {name: truth}} */
                     S_SOURCE_BY,    /* {name: text or object} */
} Shape;

typedef struct Compare {
    const Expectation *e;
    const Answer *answer;
    const json_t *report;
    FailureList *to;
    const char *key;
    json_t *want; /* its value */
} Compare;

typedef struct ExpectKey {
    const char *name;
    Shape shape;
    void (*compare)(Compare *c); /* NULL: it says how, not what */
} ExpectKey;
extern const ExpectKey expect_keys[]; /* ends with a NULL name */
const ExpectKey *expect_key(Str name);

JsonStep expect_step(const char *key);
/* A failure at the value that the steps lead to, or at the file as a whole. */
Failure *expect_failed(const Expectation *e, const JsonStep *steps, size_t count, Str cause, Str what, FailureList *to);
Failure *expect_failed_file(const Expectation *e, Str what, TextPlace at, FailureList *to);
Str expect_quoted(Arena *a, const char *text);

#endif
