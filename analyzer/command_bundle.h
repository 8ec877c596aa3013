/* The options of the commands that decide causes: analyze, and explain on a bundle. */
#ifndef COMMAND_BUNDLE_H
#define COMMAND_BUNDLE_H

#include "command.h"
#include "pipeline.h"

typedef struct BundleOptions {
    Options run;
    const char *signatures, *color, *code;
    Password password;
    VEC(Assertion) assertions;
    WordList words; /* what is no option: bundles, and what else the command names */
} BundleOptions;

/* The arena lives as long as the options. */
void bundle_options_begin(BundleOptions *o);
/* Takes the next word if it is one of these options; *status is not 0 after a complaint. */
bool bundle_option(BundleOptions *o, Arguments *args, Arena *a, int *status);
/* The same, of those options alone that bear on what is concluded: --at, --task-id, --assert. */
bool bundle_option_concludes(BundleOptions *o, Arguments *args, Arena *a, int *status);
/* What only the signatures know: is that question asked, and which error is meant? Then the options are ready for
 * pipeline_run. 0, or the exit status after a complaint. */
int bundle_options_ready(BundleOptions *o, const RuleSet *rules, const char *output);
/* Of the bundles of a case. 0, or the exit status after a complaint. */
int bundle_case_check(const char *const *bundles, size_t count);
/* Of a run: the bundle's status first; else, if wanted, the best verdict. */
int bundle_exit(PipelineResult r, bool by_verdict);

#endif
