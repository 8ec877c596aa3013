/* A cause as its signature states it, on a page: what `analyze` shows of one it has judged, and `signatures show` of
 * any.
 */
#ifndef REPORT_CAUSE_H
#define REPORT_CAUSE_H

#include "report_page.h"
#include "rule.h"

void cause_heading(Page *p, const char *title);
/* `Risk: …`, below a step; nothing if the text is empty. */
void cause_labelled(Page *p, const char *name, Str text, Style style);
void cause_remedy(Page *p, const Cause *cause, const char *title);
void cause_references(Page *p, const Cause *cause);

/* How the conditions combine: their names, or what they are where `values` is not NULL. */
void cause_when(Page *p, const Cause *cause, const Truth *values);
/* Where hits of the condition's rule count, in words. */
void cause_window(Page *p, const RuleSet *rules, const Condition *c);

/* The whole of it: conditions with their rules and windows, how they combine, what they need, remedy, references. */
void cause_page(Page *p, const RuleSet *rules, const Cause *cause);

#endif
