#include "command.h"
#include "pipeline.h"

typedef struct MatchOptions {
    const RuleSet *rules;
    const char *signatures;
    bool profile;
    Password password;
    WordList bundles;
} MatchOptions;

static int match_all(void *with, Sink *out)
{
    MatchOptions *o = with;
    int status = EXIT_ANALYSED;
    for (size_t i = 0; i < o->bundles.count; i++) {
        if (pipeline_match(o->bundles.at[i], o->rules, &o->password, reading_threads(), out) >= ST_FAILED) {
            status = EXIT_BUNDLE;
        }
        sink_flush(out);
    }
    return status;
}

static int match_with(void *with, const RuleSet *rules)
{
    MatchOptions *o = with;
    o->rules = rules;
    rules_measure(rules, o->profile);
    int status = output_write(NULL, match_all, o);
    rules_measured(rules);
    return status;
}

int command_match(Arguments args)
{
    Arena a = {0};
    MatchOptions o = {0};
    int status = 0;
    while (args.count > 0 && status == 0) {
        if (option_value(&args, "--signatures", &o.signatures)) {
            status = o.signatures ? 0 : EXIT_OURS;
        } else if (option_flag(&args, "--profile")) {
            o.profile = true;
        } else if (option_password(&args, &o.password, &status)) {
            continue;
        } else {
            status = word_take(&args, &o.bundles, &a);
        }
    }
    if (status == 0 && (!o.signatures || o.bundles.count == 0)) {
        status = usage_error(o.signatures ? "no bundle was named (vmsift --help)"
                                          : "match wants --signatures DIR: the rules to try",
                             "");
    }
    status = status == 0 ? rules_use(o.signatures, true, match_with, &o) : status;
    arena_free(&a);
    return status;
}
