/* The coverage ledger: the same reading as analyze, and another page of it. */
#include "base/platform.h"
#include "command.h"
#include "pipeline.h"

typedef struct SourcesOptions {
    Options run;
    const RuleSet *rules;
    const char *output, *signatures, *color;
    Password password;
    WordList bundles;
} SourcesOptions;

/* 0, or the exit status after a complaint. */
static int take_word(SourcesOptions *o, Arguments *args, Arena *a)
{
    const char *value;
    int status;
    if (option_value(args, "--format", &value)) {
        o->run.format = value ? report_format(ledger_formats, str_of(value)) : NULL;
        return o->run.format ? 0 : value ? usage_error("no such format (term or json): ", value) : EXIT_OURS;
    }
    if (option_value(args, "-o", &value)) {
        o->output = value;
        return value ? 0 : EXIT_OURS;
    }
    if (option_value(args, "--signatures", &value)) {
        o->signatures = value;
        return value ? 0 : EXIT_OURS;
    }
    if (option_color(args, &o->color, &status) || option_password(args, &o->password, &status)) {
        return status;
    }
    return word_take(args, &o->bundles, a);
}

static int sources_all(void *with, Sink *out)
{
    const SourcesOptions *o = with;
    int status = EXIT_ANALYSED;
    for (size_t i = 0; i < o->bundles.count; i++) {
        if (pipeline_run(&o->run, &o->bundles.at[i], 1, o->rules, out).status >= ST_FAILED) {
            status = EXIT_BUNDLE;
        }
        sink_flush(out);
    }
    return status;
}

static int sources_with(void *with, const RuleSet *rules)
{
    SourcesOptions *o = with;
    o->rules = rules;
    o->run.style = (ReportStyle){colour_wanted(o->color, o->output), o->output ? 0 : platform_columns()};
    return output_write(o->output, sources_all, o);
}

int command_sources(Arguments args)
{
    Arena a = {0};
    SourcesOptions o = {
        .run = {.format = ledger_formats, .choice = {.at_ns = TIME_NONE}, .threads = reading_threads()}};
    o.run.password = &o.password;
    int status = 0;
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args, &a);
    }
    if (status == 0 && o.bundles.count == 0) {
        status = usage_error("no bundle was named (vmsift --help)", "");
    }
    status = status == 0 ? rules_use(o.signatures, false, sources_with, &o) : status;
    arena_free(&a);
    return status;
}
