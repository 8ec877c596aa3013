/* libFuzzer over whole bundles: any bytes, as whatever archive they look like, through the program's own pipeline with
 * the built-in signatures, to both reports. The first byte says how: from a file with one worker or two, or from
 * standard input; to which report; alone or twice as a case. */
#define _POSIX_C_SOURCE 200809L /* dup2 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/platform.h"
#include "parser.h"
#include "pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Target {
    FILE *file;
    char path[40];
    RuleSet rules;
    Arena run;
    Password password; /* what the seeds are encrypted with */
} Target;

static Target *target(void)
{
    static Target t;
    if (!t.file) {
        Sink errors = sink_file(stderr);
        platform_begin();
        parsers_begin();
        t.file = tmpfile();
        if (!t.file || rule_set_load(&t.rules, NULL, false, &t.run, &errors) != ST_OK) {
            abort();
        }
        snprintf(t.path, sizeof t.path, "/dev/fd/%d", fileno(t.file));
        t.password = (Password){.text = "fuzz", .given = true};
        sink_close(&errors);
    }
    return &t;
}

static void fill(FILE *file, const uint8_t *data, size_t size)
{
    rewind(file);
    if (ftruncate(fileno(file), 0) != 0 || fwrite(data, 1, size, file) != size || fflush(file) != 0) {
        abort();
    }
    rewind(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Target *t = target();
    uint8_t how = size ? data[0] % 3 : 0;
    bool is_case = size && data[0] & 64 && how != 2;
    Options options = {.format = report_format(report_formats, size && data[0] & 128 ? STR("term") : STR("json")),
                       .is_case = is_case,
                       .choice = {.at_ns = TIME_NONE},
                       .password = &t->password,
                       .threads = 1 + (how == 1)};
    Sink nowhere = sink_file(NULL);
    fill(t->file, data + (size > 0), size - (size > 0));
    if (how == 2 && (lseek(fileno(t->file), 0, SEEK_SET) != 0 || dup2(fileno(t->file), 0) != 0)) {
        abort();
    }
    clearerr(stdin);
    const char *paths[] = {how == 2 ? "-" : t->path, t->path};
    pipeline_run(&options, paths, is_case ? 2 : 1, &t->rules, &nowhere);
    sink_close(&nowhere);
    return 0;
}
