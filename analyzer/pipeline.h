/* All stages, in order. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "report.h"

typedef struct Options {
    const ReportFormat *format;
    ReportStyle style;
    FailureChoice choice;
    Asking asking;
    Password *password; /* of encrypted members */
    unsigned threads;
    bool is_case; /* all bundles are collections of one machine */
} Options;

typedef struct PipelineResult {
    Status status;    /* of the bundle */
    VerdictKind best; /* of its verdicts; RULED_OUT if there is none */
} PipelineResult;

typedef struct PipelineInput {
    const char *const *paths;
    size_t count;            /* 1, but for a case */
    Str bytes;               /* at != NULL: the bundle itself, in memory; its path is only a name */
    const StrList *left_out; /* of one in memory: members that are as if they were not in it; NULL: none */
} PipelineInput;
typedef void ReportUse(void *with, const Report *report);

/* Reads one bundle (of a case: all of them) and has `use` look at what there is to report, which is gone afterwards. A
 * bundle that cannot be read has a report too, and a line on stderr unless it is in memory. */
PipelineResult pipeline_read(const Options *opt, const PipelineInput *in, const RuleSet *rules, ReportUse *use,
                             void *with);

/* Reads one bundle (of a case: all of them) and writes its report; a bundle that cannot be read has one too, and a line
 * on stderr. */
PipelineResult pipeline_run(const Options *opt, const char *const *paths, size_t count, const RuleSet *rules,
                            Sink *out);

/* Reads one bundle and prints every hit of the rules, one JSON line each; a bundle that cannot be read has a line on
 * stderr. Returns the bundle's status. */
Status pipeline_match(const char *path, const RuleSet *rules, Password *password, unsigned threads, Sink *out);

#endif
