/* All stages, in order. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "report.h"

typedef struct Options {
    const ReportFormat *format;
    ReportStyle style;
    FailureChoice choice;
    Assertion *assertions;
    size_t assertion_count;
    Password *password; /* of encrypted members */
    unsigned threads;
    bool is_case; /* all bundles are collections of one machine */
} Options;

typedef struct PipelineResult {
    Status status;    /* of the bundle */
    VerdictKind best; /* of its verdicts; RULED_OUT if there is none */
} PipelineResult;

/* Reads one bundle (of a case: all of them) and writes its report; a bundle that cannot be read has one too, and a line
 * on stderr. */
PipelineResult pipeline_run(const Options *opt, const char *const *paths, size_t count, const RuleSet *rules,
                            Sink *out);

/* Reads one bundle and prints every hit of the rules, one JSON line each; a bundle that cannot be read has a line on
 * stderr. Returns the bundle's status. */
Status pipeline_match(const char *path, const RuleSet *rules, Password *password, unsigned threads, Sink *out);

#endif
