/* Which signatures look for an error code: what `explain CODE` names below its meaning. */
#ifndef RULE_CODE_H
#define RULE_CODE_H

#include "error_code.h"
#include "rule.h"

/* Does a condition of the cause, or a rule that speaks for it, hold because of the code, in any form that logs have?
 * *says: what that one says. */
bool cause_seeks_code(const RuleSet *set, const Cause *cause, const ErrorCode *code, Str *says);

#endif
