/* The fixtures below a folder, and what came of testing them. Every folder with an expect.json is a case. */
#ifndef SUITE_H
#define SUITE_H

#include <stdio.h>

#include "expectation.h"
#include "pipeline.h"

typedef struct Point { /* one thing that holds or not */
    Str group;         /* the cause; of a folder that is called like none, the folder */
    Str name;
    FailureList failures;
    StrList notes;       /* what there is to say besides */
    const char *skipped; /* why it was not tried; NULL: it was */
} Point;
typedef VEC(Point) PointList;

typedef struct TestCase {
    Arena a;
    Str folder, name, group;
    Expectation expect;
    Str bundle, bundle_name;
    Options run; /* what `args` say */
    FailureList troubles; /* why it cannot be tried */
    FILE *file;           /* expect.json, where it may be written; else NULL */
    bool positive;        /* the cause it is a case of came out as confirmed or likely */
    PointList points;
} TestCase;

typedef struct Suite {
    Arena a;
    const RuleSet *rules;
    const char *root;       /* the folder that is walked */
    const char *signatures; /* the folder of signatures, or NULL: the built-in ones */
    bool whole;             /* the root holds the fixtures of all of these signatures */
    bool update;            /* what differs is written into expect.json */
    VEC(TestCase *) cases;  /* in the order of their paths */
    StrList notes;
    PointList wanted; /* by cause: has it the cases that every cause must have? */
} Suite;

/* Finds and reads the cases and makes their bundles. 0, or the exit status after a complaint: there is nothing to test.
 * A case that is broken is a point that fails. */
int suite_load(Suite *s);
/* Fills the points. Opens no file. */
void suite_run(Suite *s);
void suite_free(Suite *s);

/* All points in their order: of each case its own, then the wanted ones. */
PointList suite_points(Suite *s);

/* --- suite_formats.c --- */

void suite_tap(Suite *s, Sink *out); /* TAP 14 */
void suite_junit(Suite *s, Sink *out);
void suite_sarif(Suite *s, Sink *out); /* SARIF 2.1.0 */

#endif
