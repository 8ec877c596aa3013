/* What a code means, without a bundle: a number in any of its forms, a symbol, or the name of a portal error. */
#include <stdio.h>

#include "base/platform.h"
#include "command.h"
#include "error_code.h"
#include "report_page.h"
#include "rule.h"

static const Frame LINE = {2, 4, NULL, 0};

static void say_bold(Page *p, const char *text)
{
    page_style(p, BOLD);
    page_put(p, text);
    page_style(p, PLAIN);
}

static void say_meaning(Page *p, const ErrorCode *known)
{
    if (known->symbol) {
        say_bold(p, known->symbol);
        page_put(p, ": ");
    }
    page_put(p, known->meaning);
    page_flow(p, LINE);
}

/* The forms that logs have. */
static void say_forms(Page *p, uint32_t code)
{
    char text[80];
    if (code >> 31) {
        snprintf(text, sizeof text, "0x%08x   %ld   %lu", (unsigned)code, (long)(int32_t)code, (unsigned long)code);
    } else {
        snprintf(text, sizeof text, code < 0x10000 ? "%lu   0x8007%04lx" : "%lu   0x%08lx", (unsigned long)code,
                 (unsigned long)code);
    }
    say_bold(p, text);
    page_line(p, 0);
}

static void say_parts(Page *p, CodeFamily family, uint32_t code)
{
    char text[80];
    const char *facility = family == CODE_HRESULT ? error_code_facility(code) : NULL;
    snprintf(text, sizeof text, "%s: %s, facility %u", error_code_family_name(family),
             family == CODE_NTSTATUS ? "error" : "failure",
             (unsigned)(code >> 16 & (family == CODE_NTSTATUS ? 0xFFF : 0x1FFF)));
    page_put(p, text);
    if (facility) {
        page_put(p, " (");
        page_put(p, facility);
        page_put(p, ")");
    }
    snprintf(text, sizeof text, ", code %u (0x%04x)", (unsigned)(code & 0xFFFF), (unsigned)(code & 0xFFFF));
    page_put(p, text);
    page_flow(p, LINE);
}

static void say_source(Page *p, CodeFamily family, uint32_t code)
{
    page_put(p, "Defined in: ");
    page_put(p, error_code_source(family, code));
    page_flow(p, LINE);
}

/* 0xC… is an NTSTATUS, 0xD… one that is carried in an HRESULT. */
static void explain_failure(Page *p, uint32_t number)
{
    bool carried = number >> 28 == 0xD;
    uint32_t code = carried ? number - 0x10000000 : number;
    CodeFamily family = code >> 28 == 0xC ? CODE_NTSTATUS : CODE_HRESULT;
    const ErrorCode *known = error_code_find(family, code);
    say_forms(p, number);
    if (carried) {
        char text[40];
        snprintf(text, sizeof text, "An HRESULT that carries 0x%08x.", (unsigned)code);
        page_put(p, text);
        page_flow(p, LINE);
    }
    if (known) {
        say_meaning(p, known);
    }
    say_parts(p, family, code);
    if (known) {
        say_source(p, known->family, known->code);
    } else {
        page_put(p, "Not in the dictionary of this version.");
        page_flow(p, LINE);
    }
}

/* A small number is a Win32 error or an exit code of the Windows Installer, and nothing in it says which. */
static void explain_small(Page *p, uint32_t code)
{
    static const CodeFamily families[] = {CODE_WIN32, CODE_MSI};
    bool any = false;
    say_forms(p, code);
    for (size_t i = 0; i < 2; i++) {
        const ErrorCode *known = error_code_find(families[i], code);
        if (known) {
            page_put(p, error_code_family_name(families[i]));
            page_line(p, 2);
            say_meaning(p, known);
            say_source(p, known->family, known->code);
            any = true;
        }
    }
    if (!any) {
        page_put(p, "Not in the dictionary of this version.");
        page_flow(p, LINE);
    }
}

/* `0x80110401`, `80110401`, `2148598785`, `-2146368511`, `%%2147942405`. */
static bool number_of(Str word, uint32_t *code)
{
    uint64_t n;
    bool percent = str_starts(word, STR("%%")), minus = str_starts(word, STR("-")),
         hex = str_starts_nocase(word, STR("0x"));
    Str digits = str_from(word, percent || hex ? 2 : minus ? 1 : 0);
    bool eight = digits.len == 8 && !percent && !minus && byte_hex(digits.at[0]) >= 8;
    if (!str_u64(digits, hex || eight ? 16 : 10, &n) || n > (minus ? 0x80000000 : 0xFFFFFFFF)) {
        return false;
    }
    *code = minus ? (uint32_t)(0x100000000 - n) : (uint32_t)n;
    return true;
}

static bool explain_code(Page *p, Str word)
{
    uint32_t code;
    const ErrorCode *named = error_code_named(word);
    if (!number_of(word, &code) && !named) {
        return false;
    }
    code = named ? named->code : code;
    (code >> 31 ? explain_failure : explain_small)(p, code);
    return true;
}

static void say_cause(Page *p, const Cause *cause)
{
    page_style(p, BOLD);
    page_say(p, cause->name);
    page_style(p, PLAIN);
    page_put(p, ": ");
    page_say(p, cause->title);
    page_flow(p, LINE);
}

static bool applies_to(const Cause *cause, Str portal_error)
{
    for (size_t i = 0; i < cause->applies_to_count; i++) {
        if (str_eq_nocase(cause->applies_to[i], portal_error)) {
            return true;
        }
    }
    return false;
}

static void say_portal(Page *p, Str name, const char *what)
{
    page_style(p, BOLD);
    page_say(p, name);
    page_style(p, PLAIN);
    page_put(p, ": an error of the backup service. ");
    page_put(p, what);
    page_flow(p, (Frame){0, 2, NULL, 0});
}

static void say_outside(Page *p, const PortalError *known)
{
    say_portal(p, str_of(known->name), "Its cause lies outside the VM: no bundle shows it.");
    page_put(p, known->meaning);
    page_flow(p, LINE);
    page_put(p, "What to do: ");
    page_put(p, known->action);
    page_flow(p, LINE);
    page_put(p, "Documented: ");
    page_put(p, known->source);
    page_flow(p, LINE);
}

/* The name that the portal's job shows. */
static bool explain_portal(Page *p, Str name, const RuleSet *rules)
{
    const PortalError *known = portal_error_find(name);
    size_t causes = 0;
    for (size_t i = 0; i < rules->cause_count; i++) {
        if (applies_to(&rules->causes[i], name)) {
            if (causes++ == 0) {
                say_portal(p, name, "A bundle of the VM can show these causes of it:");
            }
            say_cause(p, &rules->causes[i]);
        }
    }
    if (known) {
        say_outside(p, known);
    }
    return causes || known;
}

typedef struct Question {
    const char *word;
    const RuleSet *rules;
} Question;

static int explain(void *with, Sink *out)
{
    const Question *q = with;
    Str word = str_of(q->word);
    Page page;
    page_open(&page, out, platform_columns(), colour_wanted(NULL, NULL));
    bool known = explain_code(&page, word) || explain_portal(&page, word, q->rules);
    page_close(&page);
    return known ? EXIT_ANALYSED : usage_error("no code, symbol or error of the backup service is called ", q->word);
}

static int explain_with(void *with, const RuleSet *rules)
{
    Question *q = with;
    q->rules = rules;
    return output_write(NULL, explain, q);
}

int command_explain(Arguments args)
{
    if (args.count != 1 || (args.at[0][0] == '-' && !byte_digit((uint8_t)args.at[0][1]))) {
        return usage_error("explain wants one code: a number (0x80110401, -2147024891, 1603), a symbol or the name of "
                           "a portal error",
                           "");
    }
    return rules_use(NULL, false, explain_with, &(Question){.word = args.at[0]});
}
