/* One analysed bundle as a page or a record. Reports compute nothing. */
#ifndef REPORT_H
#define REPORT_H

#include "verdict.h"

typedef struct Report { /* everything a format may show */
    const Bundle *bundle;
    const Analysis *analysis;
    const EpisodeList *episodes;
    const Conclusion *conclusion;
    AskedCode code; /* the error that was asked about; its name is empty: none */
} Report;

typedef struct ReportStyle {
    bool colour;
    unsigned columns; /* 0: not a terminal; wrap at 100 */
} ReportStyle;

typedef struct ReportFormat {
    const char *name;  /* as --format names it */
    const char *gives; /* one line for --help */
    void (*write)(const Report *report, const ReportStyle *style, Sink *out);
} ReportFormat;

/* What `vmsift match` prints of one machine: every hit of every rule that counts by itself, one JSON line each, in time
 * order. lists: by Rule.index. */
void report_matches(const RuleSet *rules, const HitList *lists, Sink *out);

/* `explain SIGNATURE BUNDLE`: the one verdict there is, condition by condition. */
extern const ReportFormat explain_format;
extern const ReportFormat report_formats[];                               /* of analyze; ends with a NULL name */
extern const ReportFormat ledger_formats[];                               /* of sources */
const ReportFormat *report_format(const ReportFormat *formats, Str name); /* NULL: no such format */

#endif
