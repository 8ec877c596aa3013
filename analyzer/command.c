#include "command.h"

#include <stdio.h>
#include <string.h>

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

int usage_error(const char *what, const char *word)
{
    char before[200];
    snprintf(before, sizeof before, "vmsift: %s", what);
    return complain(before, word, "\n");
}
