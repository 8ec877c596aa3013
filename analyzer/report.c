#include <stdlib.h>

#include "report_formats.h"

const ReportFormat report_formats[] = {
    {"term", "a page to read, wrapped to the terminal", report_term},
    {"json", "one JSON object on one line: vmsift-report/1, see docs/report.schema.json", report_json},
    {0},
};

const ReportFormat ledger_formats[] = {
    {"term", "a page to read, wrapped to the terminal", report_ledger_term},
    {"json", "one JSON object on one line: vmsift-report/1 without verdicts", report_ledger_json},
    {0},
};

const ReportFormat explain_format = {"term", "a page to read, wrapped to the terminal", report_explain};

const ReportFormat *report_format(const ReportFormat *formats, Str name)
{
    for (const ReportFormat *f = formats; f->name; f++) {
        if (str_eq(name, str_of(f->name))) {
            return f;
        }
    }
    return NULL;
}

const char *role_name(Role role)
{
    static const char *const names[] = {"required", "supports", "refutes"};
    return names[role];
}

static int code_order(const void *a, const void *b)
{
    const CodeMet *x = *(const CodeMet *const *)a, *y = *(const CodeMet *const *)b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
           : x->code != y->code ? (x->code > y->code) - (x->code < y->code)
                                : (x->family > y->family) - (x->family < y->family);
}

const CodeMet **report_codes(const Analysis *analysis, Arena *a)
{
    size_t count = analysis->codes.count;
    const CodeMet **codes = ARENA_NEW(a, const CodeMet *, count + 1);
    for (size_t i = 0; i < count; i++) {
        codes[i] = &analysis->codes.at[i];
    }
    qsort(codes, count, sizeof *codes, code_order);
    return codes;
}
