#include "command_bundle.h"

typedef struct AnalyzeOptions {
    BundleOptions of;
    const RuleSet *rules;
    const char *output;
    bool exit_code, profile;
} AnalyzeOptions;

static bool take_flag(Arguments *args, const char *name, bool *given)
{
    bool taken = option_flag(args, name);
    *given = *given || taken;
    return taken;
}

/* 0, or the exit status after a complaint. */
static int take_word(AnalyzeOptions *o, Arguments *args, Arena *a)
{
    const char *value;
    int status;
    if (option_value(args, "--format", &value)) {
        o->of.run.format = value ? report_format(report_formats, str_of(value)) : NULL;
        return o->of.run.format ? 0 : value ? usage_error("no such format (term or json): ", value) : EXIT_OURS;
    }
    if (option_value(args, "-o", &value)) {
        o->output = value;
        return value ? 0 : EXIT_OURS;
    }
    if (take_flag(args, "--exit-code", &o->exit_code) || take_flag(args, "--profile", &o->profile) ||
        take_flag(args, "--case", &o->of.run.is_case)) {
        return 0;
    }
    return bundle_option(&o->of, args, a, &status) ? status : word_take(args, &o->of.words, a);
}

/* Several bundles: one that cannot be read outweighs; else the best verdict of all. */
static int exit_worse(int a, int b)
{
    static const int rank[] = {
        [EXIT_ANALYSED] = 0, [EXIT_OURS] = 5, [EXIT_BUNDLE] = 4, [EXIT_FOUND] = 3, [EXIT_MAYBE] = 2, [EXIT_OPEN] = 1};
    return rank[a] >= rank[b] ? a : b;
}

static int analyze_all(void *with, Sink *out)
{
    AnalyzeOptions *o = with;
    int status = EXIT_ANALYSED;
    size_t each = o->of.run.is_case ? o->of.words.count : 1;
    for (size_t i = 0; i < o->of.words.count; i += each) {
        PipelineResult result = pipeline_run(&o->of.run, &o->of.words.at[i], each, o->rules, out);
        status = exit_worse(status, bundle_exit(result, o->exit_code));
        sink_flush(out);
    }
    return status;
}

static int analyze_with(void *with, const RuleSet *rules)
{
    AnalyzeOptions *o = with;
    int status = bundle_options_ready(&o->of, rules, o->output);
    o->rules = rules;
    rules_measure(rules, o->profile);
    status = status == 0 ? output_write(o->output, analyze_all, o) : status;
    rules_measured(rules);
    return status;
}

int command_analyze(Arguments args)
{
    Arena a = {0};
    AnalyzeOptions o = {0};
    int status = 0;
    bundle_options_begin(&o.of);
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args, &a);
    }
    if (status == 0 && o.of.words.count == 0) {
        status = usage_error("no bundle was named (vmsift --help)", "");
    }
    if (status == 0 && o.of.run.is_case) {
        status = bundle_case_check(o.of.words.at, o.of.words.count);
    }
    if (status == 0) {
        status = rules_use(o.of.signatures, false, analyze_with, &o);
    }
    arena_free(&a);
    return status;
}
