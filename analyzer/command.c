#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "rule_profile.h"

bool option_value(Arguments *args, const char *name, const char **value)
{
    const char *word = args->at[0];
    size_t len = strlen(name);
    if (strncmp(word, name, len) != 0 || (word[len] != 0 && (word[len] != '=' || word[1] != '-'))) {
        return false;
    }
    bool joined = word[len] == '=';
    *value = joined ? word + len + 1 : args->count > 1 ? args->at[1] : NULL;
    int taken = joined || !*value ? 1 : 2;
    args->at += taken;
    args->count -= taken;
    if (!*value) {
        fprintf(stderr, "vmsift: %s wants a value (vmsift --help)\n", name);
    }
    return true;
}

bool option_flag(Arguments *args, const char *name)
{
    if (strcmp(args->at[0], name) != 0) {
        return false;
    }
    args->at++;
    args->count--;
    return true;
}

static int complain(const char *before, const char *word, const char *after)
{
    Sink err = sink_file(stderr);
    sink_put(&err, before);
    sink_term(&err, str_of(word));
    sink_put(&err, after);
    sink_close(&err);
    return EXIT_OURS;
}

int option_unknown(const char *word)
{
    return complain("vmsift: unknown option ", word, " (vmsift --help lists them)\n");
}

int word_take(Arguments *args, WordList *to, Arena *a)
{
    const char *word = args->at[0];
    if (word[0] == '-' && word[1]) {
        return option_unknown(word);
    }
    *VEC_ADD(a, to) = word;
    args->at++;
    args->count--;
    return 0;
}

bool option_password(Arguments *args, Password *to, int *status)
{
    const char *path;
    char what[160];
    if (!option_value(args, "--password-file", &path)) {
        return false;
    }
    const char *why = path ? password_from_file(to, path) : NULL;
    snprintf(what, sizeof what, "the password file cannot be used (%s): ", why ? why : "");
    *status = !path ? EXIT_OURS : why ? usage_error(what, path) : 0;
    return true;
}

int usage_error(const char *what, const char *word)
{
    char before[200];
    snprintf(before, sizeof before, "vmsift: %s", what);
    return complain(before, word, "\n");
}

bool option_color(Arguments *args, const char **color, int *status)
{
    if (!option_value(args, "--color", color)) {
        return false;
    }
    bool ok = *color && (!strcmp(*color, "always") || !strcmp(*color, "never") || !strcmp(*color, "auto"));
    *status = ok ? 0 : *color ? usage_error("--color wants always, never or auto, not ", *color) : EXIT_OURS;
    return true;
}

bool colour_wanted(const char *color, const char *output)
{
    const char *no = getenv("NO_COLOR");
    if (color && strcmp(color, "auto") != 0) {
        return strcmp(color, "always") == 0;
    }
    return !output && !(no && *no) && platform_is_terminal(1);
}

int output_write(const char *path, int (*write)(void *with, Sink *out), void *with)
{
    FILE *file = path ? fopen(path, "wb") : stdout;
    if (!file) {
        char what[160];
        snprintf(what, sizeof what, "the output file cannot be written (%s): ", strerror(errno));
        return usage_error(what, path);
    }
    platform_confine();
    Sink out = sink_file(file);
    int status = write(with, &out);
    if (sink_close(&out) != ST_OK) {
        status = usage_error("the output could not be written: ", strerror(errno));
    }
    if (path && fclose(file) != 0) {
        status = usage_error("the output could not be written: ", strerror(errno));
    }
    return status;
}

int rules_use(const char *folder, bool only, int (*use)(void *with, const RuleSet *rules), void *with)
{
    Arena a = {0};
    RuleSet rules;
    Sink errors = sink_file(stderr);
    Status loaded = rule_set_load(&rules, folder, only, &a, &errors);
    sink_close(&errors);
    int status = loaded == ST_FATAL ? EXIT_OURS : use(with, &rules);
    rule_set_free(&rules);
    arena_free(&a);
    return status;
}

void rules_measure(const RuleSet *rules, bool wanted)
{
    rules->profile->on = wanted;
}

void rules_measured(const RuleSet *rules)
{
    if (rules->profile->on) {
        Sink err = sink_file(stderr);
        rule_profile_print(rules, &err);
        sink_close(&err);
    }
}

unsigned reading_threads(void)
{
    unsigned cores = platform_cores();
    return cores < 2 ? 1 : 2;
}
