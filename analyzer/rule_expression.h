/* `a and not (b or 1 of c*)`: conditions of detections, of correlations and of causes. Private to rule*.c. */
#ifndef RULE_EXPRESSION_H
#define RULE_EXPRESSION_H

#include "rule.h"
#include "rule_yaml.h"

/* Leaves are indexes into names. NULL, and an error at the place in the text, when it is not right. `what` is what a
 * name stands for: "selection", "condition", "rule". */
const Expression *expression_parse(Loader *l, const Node *at, const char *what, const Str *names, size_t count);
const Expression *expression_new(Arena *run, ExpressionKind kind, const Expression *left, const Expression *right);

#endif
