/* vmsift signatures test: every fixture through the program, compared with what it expects. */
#include <errno.h>
#include <string.h>

#include "base/platform.h"
#include "command.h"
#include "suite.h"

#define FIXTURES "fixtures/signatures"

typedef struct Output { /* a file that is opened before the process is confined */
    const char *option, *path;
    void (*write)(Suite *s, Sink *out);
    FILE *file;
} Output;

#define OUTPUTS 2
typedef struct TestOptions {
    Suite suite;
    Output outputs[OUTPUTS];
} TestOptions;

static int take_word(TestOptions *o, Arguments *args)
{
    const char *word = args->at[0];
    if (option_value(args, "--signatures", &o->suite.signatures)) {
        return o->suite.signatures ? 0 : EXIT_OURS;
    }
    for (size_t i = 0; i < OUTPUTS; i++) {
        if (option_value(args, o->outputs[i].option, &o->outputs[i].path)) {
            return o->outputs[i].path ? 0 : EXIT_OURS;
        }
    }
    if (option_flag(args, "--update")) {
        o->suite.update = true;
        return 0;
    }
    if (word[0] == '-') {
        return option_unknown(word);
    }
    if (o->suite.root) {
        return usage_error("one folder of fixtures at a time; this is a second one: ", word);
    }
    o->suite.root = word;
    args->at++;
    args->count--;
    return 0;
}

static int outputs_open(TestOptions *o)
{
    for (size_t i = 0; i < OUTPUTS; i++) {
        Output *to = &o->outputs[i];
        if (to->path && !(to->file = fopen(to->path, "wb"))) {
            char what[160];
            snprintf(what, sizeof what, "the output file cannot be written (%s): ", strerror(errno));
            return usage_error(what, to->path);
        }
    }
    return 0;
}

static int outputs_write(TestOptions *o)
{
    int status = 0;
    for (size_t i = 0; i < OUTPUTS; i++) {
        Output *to = &o->outputs[i];
        if (to->file) {
            Sink out = sink_file(to->file);
            to->write(&o->suite, &out);
            bool good = sink_close(&out) == ST_OK;
            if (fclose(to->file) != 0 || !good) {
                status = usage_error("the output could not be written: ", to->path);
            }
            to->file = NULL;
        }
    }
    return status;
}

static bool all_hold(Suite *s)
{
    PointList points = suite_points(s);
    for (size_t i = 0; i < points.count; i++) {
        if (points.at[i].failures.count) {
            return false;
        }
    }
    return true;
}

static int test(void *with, Sink *out)
{
    TestOptions *o = with;
    suite_run(&o->suite);
    suite_tap(&o->suite, out);
    int status = outputs_write(o);
    return status ? status : all_hold(&o->suite) ? EXIT_ANALYSED : EXIT_OURS;
}

static int test_with(void *with, const RuleSet *rules)
{
    TestOptions *o = with;
    o->suite.rules = rules;
    int status = suite_load(&o->suite);
    status = status ? status : outputs_open(o);
    status = status ? status : output_write(NULL, test, o);
    suite_free(&o->suite);
    return status;
}

int signatures_test(Arguments args)
{
    TestOptions o = {.outputs = {{"--junit", NULL, suite_junit, NULL}, {"--sarif", NULL, suite_sarif, NULL}}};
    int status = 0;
    while (args.count > 0 && status == 0) {
        status = take_word(&o, &args);
    }
    if (status) {
        return status;
    }
    o.suite.whole = !o.suite.root;
    o.suite.root = o.suite.root ? o.suite.root : FIXTURES;
    if (o.suite.whole && platform_file(FIXTURES, true, NULL, NULL) != FILE_FOLDER) {
        return usage_error("there is no folder " FIXTURES " here: name the folder of fixtures", "");
    }
    if (o.suite.update) {
        platform_open_more();
    }
    return rules_use(o.suite.signatures, false, test_with, &o);
}
