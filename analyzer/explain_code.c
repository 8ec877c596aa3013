#include "explain_code.h"

#include <stdio.h>

#include "error_code.h"
#include "portal_error.h"
#include "rule_code.h"

static const Frame LINE = {2, 4, NULL, 0}, DEEPER = {4, 6, NULL, 0};

static void say_bold(Page *p, const char *text)
{
    page_style(p, BOLD);
    page_put(p, text);
    page_style(p, PLAIN);
}

static void say_line(Page *p, const char *before, const char *text)
{
    if (text) {
        page_put(p, before);
        page_put(p, text);
        page_flow(p, LINE);
    }
}

/* --- causes ----------------------------------------------------------------------------------------------------- */

static void say_cause(Page *p, const Cause *cause, Str says)
{
    page_style(p, BOLD);
    page_say(p, cause->name);
    page_style(p, PLAIN);
    page_put(p, ": ");
    page_say(p, cause->title);
    page_put(p, says.len ? " – " : "");
    page_say(p, says);
    page_flow(p, DEEPER);
}

static void say_seekers(Page *p, const RuleSet *rules, const ErrorCode *code)
{
    bool any = false;
    for (size_t i = 0; i < rules->cause_count; i++) {
        Str says;
        if (cause_seeks_code(rules, &rules->causes[i], code, &says)) {
            if (!any) {
                page_put(p, "Signatures that look for it:");
                page_flow(p, LINE);
            }
            any = true;
            say_cause(p, &rules->causes[i], says);
        }
    }
}

/* --- a number --------------------------------------------------------------------------------------------------- */

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

static void say_meaning(Page *p, const ErrorCode *known)
{
    if (known->symbol) {
        say_bold(p, known->symbol);
        page_put(p, ": ");
    }
    page_put(p, known->meaning);
    page_flow(p, LINE);
    say_line(p, "Defined in: ", known->source);
}

static void say_known(Page *p, const RuleSet *rules, const ErrorCode *known)
{
    say_meaning(p, known);
    say_seekers(p, rules, known);
}

static const char *severity(CodeFamily family, uint32_t code)
{
    static const char *const levels[] = {"success", "information", "warning", "error"};
    return family == CODE_NTSTATUS ? levels[code >> 30] : code >> 31 ? "failure" : "success";
}

/* What the bits say, of any number. */
static void say_parts(Page *p, CodeFamily family, uint32_t code)
{
    char text[120];
    unsigned mask = family == CODE_NTSTATUS ? 0xFFF : 0x7FF, number = code & 0xFFFF;
    const char *facility = error_code_facility(family, code);
    bool own = code >> 29 & 1;
    snprintf(text, sizeof text, "%s: %s, %sfacility %u", error_code_family_name(family), severity(family, code),
             own ? "not defined by Microsoft (the customer bit is set), " : "", (unsigned)(code >> 16 & mask));
    page_put(p, text);
    if (facility && !own) {
        page_put(p, " (");
        page_put(p, facility);
        page_put(p, ")");
    }
    snprintf(text, sizeof text, ", code %u (0x%04x)", number, number);
    page_put(p, text);
    page_flow(p, LINE);
}

static void say_unknown(Page *p)
{
    say_line(p, "", "Not in the dictionary of this version.");
}

/* With 0x1 in front of it, an HRESULT carries an NTSTATUS (FACILITY_NT_BIT). */
static uint32_t uncarried(Page *p, uint32_t number)
{
    uint32_t code = number & ~0x10000000u;
    if (number >> 28 != 0xD && number >> 28 != 0x9) {
        return number;
    }
    char text[60];
    snprintf(text, sizeof text, "An HRESULT that carries the NTSTATUS 0x%08x.", (unsigned)code);
    say_line(p, "", text);
    return code;
}

static void explain_in(Page *p, const RuleSet *rules, CodeFamily family, uint32_t code)
{
    const ErrorCode *known = error_code_find(family, code);
    say_parts(p, family, code);
    if (known) {
        say_meaning(p, known);
    } else {
        say_unknown(p);
    }
    /* Rules look for the code itself, not for the Win32 error that it may carry. */
    say_seekers(p, rules, &(ErrorCode){.family = family, .code = code, .symbol = known ? known->symbol : NULL});
}

/* 0xC… and 0xE… are NTSTATUSes, and 0x8… may be a warning of that kind, too. */
static void explain_large(Page *p, const RuleSet *rules, uint32_t number)
{
    const ErrorCode *handler = error_code_find(CODE_HANDLER, number);
    say_forms(p, number);
    uint32_t code = uncarried(p, number);
    bool ntstatus = code >> 30 == 3 || code != number;
    if (handler) {
        say_line(p, "", error_code_family_name(CODE_HANDLER));
        say_known(p, rules, handler);
    } else {
        explain_in(p, rules, ntstatus ? CODE_NTSTATUS : CODE_HRESULT, code);
    }
    if (!ntstatus && code >> 30 == 2 && error_code_find(CODE_NTSTATUS, code)) {
        explain_in(p, rules, CODE_NTSTATUS, code);
    }
}

/* Nothing in a small number says whose it is. */
static void explain_small(Page *p, const RuleSet *rules, uint32_t code)
{
    bool any = false;
    say_forms(p, code);
    for (CodeFamily family = CODE_WIN32; family < CODE_FAMILIES; family++) {
        const ErrorCode *known = error_code_find(family, code);
        if (known) {
            say_line(p, "", error_code_family_name(family));
            say_known(p, rules, known);
            any = true;
        }
    }
    if (code >= 0x10000) { /* or of what succeeds, or only informs */
        explain_in(p, rules, code >> 30 ? CODE_NTSTATUS : CODE_HRESULT, code);
    } else if (!any) {
        say_unknown(p);
    }
}

static void explain_number(Page *p, const RuleSet *rules, uint32_t code)
{
    (code >> 31 ? explain_large : explain_small)(p, rules, code);
}

/* --- numbers in words ------------------------------------------------------------------------------------------- */

static bool is_wrapping(uint8_t c)
{
    static const uint8_t wrap[256] = {
        ['('] = 1,  [')'] = 1, ['['] = 1, [']'] = 1, ['{'] = 1, ['}'] = 1, ['<'] = 1, ['>'] = 1, ['"'] = 1,
        ['\''] = 1, [','] = 1, [';'] = 1, ['.'] = 1, [':'] = 1, ['='] = 1, ['`'] = 1, ['!'] = 1, ['?'] = 1};
    return wrap[c];
}

static Str unwrapped(Str word)
{
    word = str_trim(word);
    while (word.len && is_wrapping(word.at[0])) {
        word = str_from(word, 1);
    }
    while (word.len && is_wrapping(word.at[word.len - 1])) {
        word.len--;
    }
    return word;
}

/* Of C and assembler: 0x80070005L, 1603u, 80070005h. */
static bool ends_in(Str digits, uint8_t letter)
{
    return digits.len > 1 && byte_lower(digits.at[digits.len - 1]) == letter;
}

static Str without_suffix(Str digits, bool *hex)
{
    while (ends_in(digits, 'l') || ends_in(digits, 'u')) {
        digits.len--;
    }
    *hex = *hex || ends_in(digits, 'h');
    digits.len -= ends_in(digits, 'h');
    return digits;
}

/* What was widened to 64 bits with its sign is what it was before. */
static bool narrowed(uint64_t n, bool minus, uint32_t *code)
{
    bool fits = minus ? n <= 0x80000000 : n <= 0xFFFFFFFF || n >= 0xFFFFFFFF80000000;
    *code = minus ? (uint32_t)(0x100000000 - n) : (uint32_t)n;
    return fits;
}

/* `0x80110401`, `80110401`, `2148598785`, `-2146368511`, `%%2147942405`. */
static bool number_of(Str word, uint32_t *code)
{
    uint64_t n;
    bool percent = str_starts(word, STR("%%")), minus = str_starts(word, STR("-")),
         prefix = str_starts_nocase(word, STR("0x")), hex = prefix;
    Str digits = without_suffix(str_from(word, percent || prefix ? 2 : minus ? 1 : 0), &hex);
    bool letters = str_u64(digits, 16, &n) && !str_u64(digits, 10, &n);
    bool eight = digits.len == 8 && !percent && !minus && byte_hex(digits.at[0]) >= 8;
    hex = hex || (letters && digits.len == 8) || eight;
    return str_u64(digits, hex ? 16 : 10, &n) && narrowed(n, minus, code);
}

bool is_code(Str word)
{
    uint32_t code;
    word = unwrapped(word);
    return number_of(word, &code) || error_code_named(word) || portal_error_find(word);
}

typedef struct Numbers {
    uint32_t at[16];
    size_t count;
} Numbers;

static void number_add(Numbers *to, uint32_t code)
{
    for (size_t i = 0; i < to->count; i++) {
        if (to->at[i] == code) {
            return;
        }
    }
    if (to->count < sizeof to->at / sizeof *to->at) {
        to->at[to->count++] = code;
    }
}

static bool is_between(uint8_t c)
{
    return c <= ' ' || is_wrapping(c);
}

static bool next_word(Str *rest, Str *word)
{
    while (rest->len && is_between(rest->at[0])) {
        *rest = str_from(*rest, 1);
    }
    size_t end = 0;
    while (end < rest->len && !is_between(rest->at[end])) {
        end++;
    }
    *word = str_slice(*rest, 0, end);
    *rest = str_from(*rest, end);
    return end > 0;
}

/* Of a pasted line: what logs show to be codes; else its only number. */
static Numbers numbers_of(Str words)
{
    Numbers found = {0}, bare = {0};
    CodeHit hit;
    Str rest = words, word;
    uint32_t code;
    for (size_t from = 0; error_code_next(words, &from, &hit);) {
        number_add(&found, hit.code);
    }
    while (next_word(&rest, &word)) {
        if (number_of(word, &code)) {
            number_add(&bare, code);
        }
    }
    return found.count || bare.count != 1 ? found : bare;
}

/* --- names ------------------------------------------------------------------------------------------------------ */

static const char *where_text(const PortalError *known, bool causes)
{
    return known && known->where == PORTAL_OUTSIDE    ? "Its cause lies outside the VM: no bundle shows it."
           : known && known->where == PORTAL_PLATFORM ? "Its cause lies in disks, limits or other jobs: a bundle shows "
                                                        "little of it."
           : causes                                   ? "A bundle of the VM can show causes of it."
                                                      : "Its cause lies in the VM, and no signature is about it yet.";
}

static void explain_portal_error(Page *p, Str name)
{
    const PortalError *known = portal_error_find(name);
    if (known) {
        say_line(p, "", known->meaning);
        if (known->message) {
            page_put(p, "The portal says: ");
            page_put(p, known->message);
            page_flow(p, LINE);
        }
        say_line(p, "What to do: ", known->action);
        say_line(p, "Documented: ", known->source);
    }
}

/* The name that the portal's job shows. */
static bool explain_portal(Page *p, Str word, const RuleSet *rules)
{
    const PortalError *known = portal_error_find(word);
    Str name = known ? str_of(known->name) : word;
    size_t causes = 0;
    for (size_t i = 0; i < rules->cause_count; i++) {
        causes += cause_applies(&rules->causes[i], name);
    }
    if (!known && !causes) {
        return false;
    }
    page_style(p, BOLD);
    page_say(p, name);
    page_style(p, PLAIN);
    if (known && known->number) {
        page_put(p, " (");
        page_id(p, known->number);
        page_put(p, ")");
    }
    page_put(p, ": an error of the backup service. ");
    page_put(p, where_text(known, causes > 0));
    page_flow(p, (Frame){0, 2, NULL, 0});
    explain_portal_error(p, name);
    say_line(p, "", causes ? "Causes that a bundle can show:" : NULL);
    for (size_t i = 0; i < rules->cause_count; i++) {
        if (cause_applies(&rules->causes[i], name)) {
            say_cause(p, &rules->causes[i], (Str){0});
        }
    }
    return true;
}

static bool explain_symbol(Page *p, Str word, const RuleSet *rules)
{
    const ErrorCode *known = error_code_named(word);
    if (!known) {
        return false;
    }
    if (error_code_is_hex(known->family)) {
        explain_number(p, rules, known->code);
        return true;
    }
    char text[60];
    snprintf(text, sizeof text, known->family == CODE_WIN32 ? "%lu   0x8007%04lx" : "%lu", (unsigned long)known->code,
             (unsigned long)known->code);
    say_bold(p, text);
    page_line(p, 0);
    say_line(p, "", error_code_family_name(known->family));
    say_known(p, rules, known);
    return true;
}

static bool explain_name(Page *p, Str word, const RuleSet *rules)
{
    bool portal = explain_portal(p, word, rules);
    return explain_symbol(p, word, rules) || portal;
}

bool explain_code(Page *p, Str words, const RuleSet *rules)
{
    Str word = unwrapped(words), rest = words;
    uint32_t code;
    word = str_starts_nocase(word, STR("StatusCode.")) ? str_from(word, 11) : word;
    if (explain_name(p, word, rules)) {
        return true;
    }
    if (number_of(word, &code)) {
        explain_number(p, rules, code);
        return true;
    }
    Numbers numbers = numbers_of(words);
    for (size_t i = 0; i < numbers.count; i++) {
        explain_number(p, rules, numbers.at[i]);
    }
    bool any = numbers.count > 0;
    while (!any && next_word(&rest, &word)) {
        any = explain_name(p, word, rules);
    }
    return any;
}
