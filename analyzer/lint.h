/* Advice on signatures that load: what would make them cost, miss or mislead. Errors are told by rule_set_load. */
#ifndef LINT_H
#define LINT_H

#include "rule.h"

typedef struct LintScope {
    const Str
        *paths; /* only the files that are these or lie below them (rule_path); none: all, the built-in ones too */
    size_t path_count;
    Str fixtures; /* folder of the causes' fixtures, with a NUL behind its end; empty: they are not looked for */
    bool builtin_fixtures; /* the fixtures are those of the built-in causes, not of one's own */
} LintScope;

typedef struct LintCount {
    size_t advice, files;
} LintCount;

/* Writes every piece of advice, a line each, in the order of their places. */
LintCount lint(const RuleSet *set, const LintScope *scope, Sink *out);

#endif
