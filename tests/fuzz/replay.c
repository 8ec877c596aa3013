/* replay [-p PARSER] [-s FOLDER] [-t STEP] [-r COUNT] [FILE…]
 *
 * Every input of every parser's fixtures, cut at every length (if above 4 KiB: in steps) and with bytes changed, goes
 * through its parser and all its forms of dump: no crash, no hang, and with CONFIG=asan no leak. Files of a case are
 * beside each other: where one is changed, those that are read with it are read again. -p: only this parser. -s: writes
 * the inputs as seeds for the fuzzer instead.
 *
 * FILEs instead of the fixtures are inputs of fuzz_parsers, or with -p real files of that parser. With -t they are cut
 * every STEP bytes only, and with -r a random byte is changed COUNT times in all, always the same ones. */
#define _XOPEN_SOURCE 700 /* getopt, setitimer */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "../capture.h"
#include "../fixture.h"
#include "base/platform.h"
#include "fuzz_parsers.h"

#define CUT_EACH    ((size_t)4096)
#define CUT_NEAR    ((size_t)7) /* within that of a longer input: a hive is read again with all that lies beside it */
#define CUT_STEP    ((size_t)997)
#define FLIPS       ((size_t)700)
#define SECONDS_MAX 5

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

typedef struct Job {
    const Parser *parser; /* NULL: an input of the fuzzer, whose first byte picks it */
    Str path, bytes;
    const Companions *beside; /* it among them; NULL: it is alone */
} Job;

static char now[512]; /* what is being run, for the last words */
static unsigned long runs;

static void last_words(void)
{
    ssize_t done = write(STDERR_FILENO, now, strlen(now));
    (void)done;
}

static void on_signal(int number)
{
    static const char hang[] = "replay: took too long: ", crash[] = "replay: crashed: ";
    ssize_t done =
        number == SIGPROF ? write(STDERR_FILENO, hang, sizeof hang - 1) : write(STDERR_FILENO, crash, sizeof crash - 1);
    (void)done;
    last_words();
    _exit(1);
}

static void guard(void)
{
    signal(SIGPROF, on_signal);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(last_words);
        return;
    }
    signal(SIGABRT, on_signal);
    signal(SIGSEGV, on_signal);
    signal(SIGBUS, on_signal);
    signal(SIGFPE, on_signal);
}

/* The file alone, or with those of its case; then those whose names it goes on. */
static void run_with_others(const Job *job, Str bytes)
{
    Arena a = {0};
    size_t count = job->beside && job->parser->waits ? job->beside->count : 0;
    Companion *all = ARENA_NEW(&a, Companion, count);
    for (size_t i = 0; i < count; i++) {
        all[i] = job->beside->at[i];
        all[i].bytes = str_eq(all[i].path, job->path) ? bytes : all[i].bytes;
    }
    const Companions beside = {.at = all, .count = count};
    fuzz_one(job->parser, job->path, bytes, count > 1 ? &beside : NULL);
    for (size_t i = 0; i < count; i++) {
        if (all[i].path.len < job->path.len && str_starts(job->path, all[i].path)) {
            fuzz_one(job->parser, all[i].path, all[i].bytes, &beside);
        }
    }
    arena_free(&a);
}

/* Of the processor's time, not the clock's: the machine may be busy. 0: no more. */
static void watch(unsigned seconds)
{
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = seconds}}, NULL);
}

/* A block of exactly this size, so that a memory checker sees one byte too many. */
static void run(const Job *job, Str bytes, const char *how, size_t where)
{
    uint8_t *exact = malloc(bytes.len ? bytes.len : 1);
    if (!exact) {
        abort();
    }
    if (bytes.len) {
        memcpy(exact, bytes.at, bytes.len);
    }
    snprintf(now, sizeof now, "%s %.*s %s %zu\n", job->parser ? job->parser->name : "-",
             (int)(job->path.len < 300 ? job->path.len : 300), (const char *)job->path.at, how, where);
    watch(SECONDS_MAX);
    if (job->parser) {
        run_with_others(job, (Str){exact, bytes.len});
    } else {
        LLVMFuzzerTestOneInput(exact, bytes.len);
    }
    watch(0);
    runs++;
    free(exact);
}

static void run_changed(const Job *job, size_t at, uint8_t change)
{
    uint8_t *changed = malloc(job->bytes.len);
    if (!changed) {
        abort();
    }
    memcpy(changed, job->bytes.at, job->bytes.len);
    changed[at] ^= change;
    run(job, (Str){changed, job->bytes.len}, "changed at", at);
    free(changed);
}

static void run_all(const Job *job)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xFF, 0x20};
    Str bytes = job->bytes;
    run(job, bytes, "whole", bytes.len);
    size_t near = bytes.len <= CUT_EACH ? 1 : CUT_NEAR;
    for (size_t len = 0; len < bytes.len; len += len < CUT_EACH ? near : CUT_STEP) {
        run(job, str_slice(bytes, 0, len), "cut at", len);
    }
    size_t step = bytes.len / FLIPS + 1;
    for (size_t at = 0; at < bytes.len; at += step) {
        run_changed(job, at, changes[at / step % sizeof changes]);
    }
}

/* Numbers of a generator of our own, so that they are the same everywhere. */
static uint32_t random_below(uint32_t bound)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 32) % bound);
}

typedef struct Sample { /* of the lengths and changes of large files */
    size_t step;        /* 0: not cut */
    size_t changes;     /* of each file */
} Sample;

static void run_sample(const Job *job, const Sample *sample)
{
    Str bytes = job->bytes;
    run(job, bytes, "whole", bytes.len);
    for (size_t len = 0; sample->step && len < bytes.len; len += sample->step) {
        run(job, str_slice(bytes, 0, len), "cut at", len);
    }
    for (size_t i = 0; bytes.len && i < sample->changes; i++) {
        size_t at = random_below((uint32_t)bytes.len);
        run_changed(job, at, (uint8_t)(1 + random_below(255)));
    }
}

static bool write_logs(FILE *file, const Job *job)
{
    static const char *const suffixes[] = {".LOG1", ".LOG2"};
    uint8_t lengths[FUZZ_LENGTHS] = {0};
    bool good = true;
    for (size_t i = 0; i < 2 && job->parser->waits; i++) {
        Source src = {.path = job->path, .beside = job->beside};
        Str log = source_beside(&src, str_of(suffixes[i]));
        good = good && (!log.len || fwrite(log.at, 1, log.len, file) == log.len);
        for (size_t k = 0; k < 4; k++) {
            lengths[4 * i + k] = (uint8_t)(log.len >> 8 * k);
        }
    }
    return good && (!job->parser->waits || fwrite(lengths, 1, FUZZ_LENGTHS, file) == FUZZ_LENGTHS);
}

static bool write_seed(const char *folder, const Job *job, size_t index, bool prefix, unsigned number)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s-%04u", folder, job->parser->name, number);
    FILE *file = fopen(path, "wb");
    uint8_t first = (uint8_t)index;
    bool good = file && (!prefix || fwrite(&first, 1, 1, file) == 1) &&
                fwrite(job->bytes.at, 1, job->bytes.len, file) == job->bytes.len && write_logs(file, job);
    return (file ? fclose(file) == 0 : true) && good;
}

static bool parser_cases(size_t index, const char *seeds, bool prefix)
{
    Arena a = {0};
    Str *names;
    size_t count;
    unsigned number = 0;
    bool good = true;
    const Parser *parser = parsers[index];
    const char *root = fixture_join(&a, "fixtures/parsers", parser->name);
    if (!platform_folder(&a, root, &names, &count)) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        FixtureList files = {0};
        good = !fixture_files(&a, fixture_join(&a, fixture_join_str(&a, root, names[i]), "input"), &files) && good;
        const Companions beside = fixture_beside(&a, &files);
        for (size_t k = 0; k < files.count; k++) {
            Job job = {parser, files.at[k].path, files.at[k].bytes, &beside};
            if (seeds) {
                good = write_seed(seeds, &job, index, prefix, number++) && good;
            } else {
                run_all(&job);
            }
        }
    }
    arena_free(&a);
    return good;
}

static bool replay_file(const char *path, const Parser *parser, const Sample *sample)
{
    Arena a = {0};
    Job job = {.parser = parser, .path = str_of(path)};
    bool good = fixture_read(&a, path, &job.bytes) && job.bytes.len <= UINT32_MAX;
    if (good && (sample->step || sample->changes)) {
        run_sample(&job, sample);
    } else if (good) {
        run_all(&job);
    }
    arena_free(&a);
    return good;
}

/* COUNT changes shared out among the files, the first ones having one more where it does not come out even. */
static bool replay_files(char **paths, size_t count, const Parser *parser, size_t step, size_t changes)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        Sample sample = {step, changes / count + (i < changes % count)};
        good = replay_file(paths[i], parser, &sample) && good;
    }
    return good;
}

int main(int argc, char **argv)
{
    const char *only = NULL, *seeds = NULL;
    size_t step = 0, changes = 0;
    bool good = true;
    for (int option; (option = getopt(argc, argv, "p:s:t:r:")) != -1;) {
        switch (option) {
        case 'p': only = optarg; break;
        case 's': seeds = optarg; break;
        case 't': step = strtoul(optarg, NULL, 10); break;
        case 'r': changes = strtoul(optarg, NULL, 10); break;
        default: return 2;
        }
    }
    const Parser *parser = only ? parser_named(str_of(only)) : NULL;
    if (only && !parser) {
        fprintf(stderr, "replay: there is no parser %s\n", only);
        return 2;
    }
    guard();
    for (size_t i = 0; optind == argc && parsers[i]; i++) {
        if (!only || strcmp(only, parsers[i]->name) == 0) {
            good = parser_cases(i, seeds, !only) && good;
        }
    }
    good = replay_files(argv + optind, (size_t)(argc - optind), parser, step, changes) && good;
    printf("replay: %lu runs%s\n", runs, good ? "" : ", some inputs could not be read");
    return good ? 0 : 1;
}
