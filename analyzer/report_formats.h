/* Shared by the formats, private to report*.c. */
#ifndef REPORT_FORMATS_H
#define REPORT_FORMATS_H

#include "report.h"

void report_term(const Report *report, const ReportStyle *style, Sink *out);
void report_json(const Report *report, const ReportStyle *style, Sink *out);

/* The ledger alone. */
void report_ledger_term(const Report *report, const ReportStyle *style, Sink *out);
void report_ledger_json(const Report *report, const ReportStyle *style, Sink *out);

/* One signature. */
void report_explain(const Report *report, const ReportStyle *style, Sink *out);

/* The codes met, the most frequent first, then by number and family; as many as analysis->codes. */
const CodeMet **report_codes(const Analysis *analysis, Arena *a);
const char *role_name(Role role); /* required, supports, refutes */

#endif
