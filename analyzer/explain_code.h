/* What a code or a name means, without a bundle: the page of `explain CODE`. */
#ifndef EXPLAIN_CODE_H
#define EXPLAIN_CODE_H

#include "report_page.h"
#include "rule.h"

/* A number in any form that logs have, alone or with words around it; a symbol; the name or number of an error of the
 * backup service, or of a status of its extension. False, and nothing is written, if the words hold none of these. */
bool explain_code(Page *p, Str words, const RuleSet *rules);
bool is_code(Str word); /* a number, symbol or name, alone */

#endif
