#include <errno.h>
#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "pipeline.h"

typedef struct MatchOptions {
    const char *signatures;
    Password password;
    VEC(const char *) bundles;
} MatchOptions;

static int match_all(MatchOptions *o, const RuleSet *rules, unsigned threads)
{
    int status = EXIT_ANALYSED;
    Sink out = sink_file(stdout);
    platform_confine();
    for (size_t i = 0; i < o->bundles.count; i++) {
        if (pipeline_match(o->bundles.at[i], rules, &o->password, threads, &out) >= ST_FAILED) {
            status = EXIT_BUNDLE;
        }
        sink_flush(&out);
    }
    return sink_close(&out) == ST_OK ? status : usage_error("the matches could not be written: ", strerror(errno));
}

static int match_with(MatchOptions *o, Arena *a)
{
    RuleSet rules;
    Sink errors = sink_file(stderr);
    Status loaded = rule_set_load(&rules, o->signatures, true, a, &errors);
    sink_close(&errors);
    unsigned cores = platform_cores();
    int status = loaded == ST_FATAL ? EXIT_OURS : match_all(o, &rules, cores > 2 ? 2 : cores);
    rule_set_free(&rules);
    return status;
}

int command_match(Arguments args)
{
    Arena a = {0};
    MatchOptions o = {0};
    int status = 0;
    while (args.count > 0 && status == 0) {
        const char *word = args.at[0];
        if (option_value(&args, "--signatures", &o.signatures)) {
            status = o.signatures ? 0 : EXIT_OURS;
        } else if (option_password(&args, &o.password, &status)) {
            continue;
        } else if (word[0] == '-' && word[1]) {
            status = option_unknown(word);
        } else {
            *VEC_ADD(&a, &o.bundles) = word;
            args.at++;
            args.count--;
        }
    }
    if (status == 0 && (!o.signatures || o.bundles.count == 0)) {
        status = usage_error(o.signatures ? "no bundle was named (vmsift --help)"
                                          : "match wants --signatures DIR: the rules to try",
                             "");
    }
    status = status == 0 ? match_with(&o, &a) : status;
    arena_free(&a);
    return status;
}
