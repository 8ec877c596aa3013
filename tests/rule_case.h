/* Signatures written inside a test. */
#ifndef RULE_CASE_H
#define RULE_CASE_H

#include <stdio.h>
#include <stdlib.h>

#include "rule_load.h"
#include "unit.h"

typedef struct RuleCase {
    Arena run;
    RuleSet set;
    Status status;
    char errors[1 << 17];
} RuleCase;

static inline void rule_case_open(RuleCase *c, const char *file, const char *text)
{
    const Str files[1][2] = {{str_of(file), str_of(text)}};
    FILE *to = tmpfile();
    assert_non_null(to);
    Sink errors = sink_file(to);
    *c = (RuleCase){.status = ST_OK};
    c->status = rule_set_load_memory(&c->set, files, 1, &c->run, &errors);
    sink_close(&errors);
    rewind(to);
    c->errors[fread(c->errors, 1, sizeof c->errors - 1, to)] = 0;
    fclose(to);
}

static inline void rule_case_close(RuleCase *c)
{
    rule_set_free(&c->set);
    arena_free(&c->run);
}

/* A set that loads; its errors are printed if it does not. */
static inline void rule_case_good(RuleCase *c, const char *text)
{
    rule_case_open(c, "case.yml", text);
    assert_string_equal(c->errors, "");
    assert_int_equal(c->status, ST_OK);
}

#endif
