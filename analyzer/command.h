/* The commands of the program, one a file, and what their options have in common. */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/sink.h"
#include "password.h"
#include "pipeline.h"
#include "rule.h"

enum { EXIT_ANALYSED = 0, EXIT_OURS = 1, EXIT_BUNDLE = 2, EXIT_FOUND = 3, EXIT_MAYBE = 4, EXIT_OPEN = 5 };

typedef struct Arguments { /* the words behind the command's name */
    char **at;
    int count;
} Arguments;

/* Takes the next word if it is the option `name` (or `name=value`), and its value; false if it is another word. A
 * missing value is reported and leaves *value NULL. */
bool option_value(Arguments *args, const char *name, const char **value);
bool option_flag(Arguments *args, const char *name);
/* Takes --password-file and reads the file. *status: 0, or the exit status after a complaint. */
bool option_password(Arguments *args, Password *to, int *status);
/* Reports an option nobody took. */
int option_unknown(const char *word);
typedef VEC(const char *) WordList;
/* Takes the next word, which is no option (`-` is none: standard input). 0, or the exit status after a complaint. */
int word_take(Arguments *args, WordList *to, Arena *a);
int usage_error(const char *what, const char *word);

/* --color WHEN: true if it is taken; *status is not 0 after a complaint. */
bool option_color(Arguments *args, const char **color, int *status);
/* Shall the report be coloured? `output`: the file it goes to, or NULL. */
bool colour_wanted(const char *color, const char *output);
/* Has `write` write to the file of that name, or to stdout if it is NULL; from then on the process is confined
 * (platform_confine). Its status, or ours after a complaint. */
int output_write(const char *path, int (*write)(void *with, Sink *out), void *with);
/* Loads signatures as rule_set_load does and has `use` run with them. Its status, or ours after complaints. */
int rules_use(const char *folder, bool only, int (*use)(void *with, const RuleSet *rules), void *with);
/* --profile: turns measuring on; and, if it was on, says on stderr what each rule cost. */
void rules_measure(const RuleSet *rules, bool wanted);
void rules_measured(const RuleSet *rules);
/* How many threads read a bundle. */
unsigned reading_threads(void);

int command_analyze(Arguments args);
int command_dump(Arguments args);
int command_explain(Arguments args);
int command_match(Arguments args);
int command_signatures(Arguments args);
int command_sources(Arguments args);

/* Actions of command_signatures. */
int signatures_lint(Arguments args);
int signatures_new(Arguments args);
int signatures_test(Arguments args);
int signatures_coverage(Arguments args);

#endif
