/* The parts of loading a rule set. Private to rule*.c. */
#ifndef RULE_LOAD_H
#define RULE_LOAD_H

#include "rule_detection.h"

/* For tests: files that are in memory, each a path and a text, with the built-in log sources and no built-in causes. */
Status rule_set_load_memory(RuleSet *set, const Str (*files)[2], size_t count, Arena *run, Sink *errors);

/* The same, and `told` sees the words of the loader. */
Status rule_set_load_told(RuleSet *set, const Str (*files)[2], size_t count, Arena *run, Sink *errors, WordsTold *told,
                          void *with);

/* What all documents have in common. */
void head_check(Loader *l, const Node *doc);
/* Does a key that head_check told stand for that one? */
bool head_misspelt(const Node *doc, const char *key);
/* The text of a key that head_check looked at; an error if it must be there and is not. */
Str head_text(Loader *l, const Node *doc, const char *key, bool must);

/* The document of logsources.yml. */
void logsources_load(Loader *l, RuleSet *set, const Node *doc);
/* What a rule's `logsource` names; NULL, and an error, if there is no such source. */
const LogSource *logsource_find(Loader *l, const RuleSet *set, const Node *n);

/* The rules a correlation is made of, as indexes into set->rules as they stand now. */
void correlation_load(Loader *l, RuleSet *set, Rule *rule, const Node *n);
/* A document with a vmsift block. causes: all names there are; NULL: not all of them are loaded. */
void cause_load(Loader *l, const RuleSet *set, Cause *cause, const Node *doc, const Str *causes, size_t cause_count);

/* The rule a node names; NULL, and an error, if there is none. */
const Rule *rule_named(Loader *l, const RuleSet *set, const Node *n, const char *what);

#endif
