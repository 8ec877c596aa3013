#include "error_code.h"

#include <stdlib.h>

static const ErrorCode dictionary[] = {
#define CODE(family, number, symbol, meaning) {CODE_##family, number, symbol, meaning},
#include "error_code.def"
#undef CODE
};

static int code_order(const void *a, const void *b)
{
    const ErrorCode *x = a, *y = b;
    return x->family != y->family ? (x->family > y->family) - (x->family < y->family)
                                  : (x->code > y->code) - (x->code < y->code);
}

static const ErrorCode *look_up(CodeFamily family, uint32_t code)
{
    ErrorCode key = {.family = family, .code = code};
    return bsearch(&key, dictionary, sizeof dictionary / sizeof *dictionary, sizeof *dictionary, code_order);
}

const ErrorCode *error_code_find(CodeFamily family, uint32_t code)
{
    const ErrorCode *found = look_up(family, code);
    if (!found && family == CODE_HRESULT && code >> 16 == 0x8007) {
        found = look_up(CODE_WIN32, code & 0xFFFF);
        found = found ? found : look_up(CODE_MSI, code & 0xFFFF);
    }
    return found;
}

const ErrorCode *error_code_named(Str symbol)
{
    for (size_t i = 0; i < sizeof dictionary / sizeof *dictionary; i++) {
        if (dictionary[i].symbol && str_eq_nocase(symbol, str_of(dictionary[i].symbol))) {
            return &dictionary[i];
        }
    }
    return NULL;
}

const char *error_code_family_name(CodeFamily family)
{
    static const char *const names[] = {"HRESULT", "NTSTATUS", "Win32", "Windows Installer"};
    return names[family];
}

const char *error_code_source(CodeFamily family, uint32_t code)
{
    bool vss = family == CODE_HRESULT && code >= 0x80042301 && code <= 0x80042417;
    bool wmi = family == CODE_HRESULT && code >> 12 == 0x80041;
    bool net = family == CODE_HRESULT && code >> 16 == 0x8013;
    return family == CODE_MSI        ? "learn.microsoft.com/windows/win32/msi/error-codes"
           : family == CODE_NTSTATUS ? "Windows SDK, ntstatus.h"
           : vss                     ? "Windows SDK, vsserror.h"
           : wmi                     ? "Windows SDK, wbemcli.h"
           : net                     ? "Windows SDK, corerror.h"
                                     : "Windows SDK, winerror.h";
}

const char *error_code_facility(uint32_t hresult)
{
    static const struct {
        uint32_t number;
        const char *name;
    } facilities[] = {
        {0, "system"},
        {1, "RPC"},
        {2, "OLE dispatch"},
        {3, "structured storage"},
        {4, "ITF: each COM interface, such as VSS, has its own"},
        {7, "Win32"},
        {8, "Windows"},
        {9, "security (cryptography, SSPI)"},
        {11, "certificates"},
        {12, "WinINet"},
        {15, "setup"},
        {17, "COM+"},
        {19, ".NET runtime"},
        {25, "HTTP"},
        {31, "file system filters"},
        {36, "Windows Update"},
        {37, "directory service"},
        {40, "TPM"},
        {49, "BitLocker"},
        {50, "Windows filtering platform"},
        {51, "WinRM"},
        {56, "volume manager"},
        {57, "boot configuration"},
        {80, "Windows Defender"},
    };
    for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++) {
        if (facilities[i].number == (hresult >> 16 & 0x1FFF)) {
            return facilities[i].name;
        }
    }
    return NULL;
}

const PortalError *portal_error_find(Str name)
{
    static const PortalError errors[] = {
#define PORTAL(name, meaning, action, source) {name, meaning, action, source},
#include "portal_error.def"
#undef PORTAL
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (str_eq_nocase(name, str_of(errors[i].name))) {
            return &errors[i];
        }
    }
    return NULL;
}

/* --- in a text -------------------------------------------------------------------------------------------------- */

static bool is_word(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26 || byte_digit(c) || c == '_';
}

static uint8_t byte_at(Str s, size_t at)
{
    return at < s.len ? s.at[at] : 0;
}

/* Of a number in 32 bits: 0x8… is an HRESULT, 0xC… an NTSTATUS. */
static bool failure(uint64_t code, CodeHit *hit)
{
    bool ntstatus = code >> 28 == 0xC;
    if (code >> 28 != 8 && !ntstatus) {
        return false;
    }
    hit->family = ntstatus ? CODE_NTSTATUS : CODE_HRESULT;
    hit->code = (uint32_t)code;
    return true;
}

/* Exactly eight hexadecimal digits at `at`. */
static bool hex_code(Str text, size_t at, CodeHit *hit)
{
    uint64_t code = 0;
    for (size_t i = 0; i < 8; i++) {
        int digit = byte_hex(byte_at(text, at + i));
        if (digit < 0) {
            return false;
        }
        code = code << 4 | (uint64_t)digit;
    }
    return byte_hex(byte_at(text, at + 8)) < 0 && failure(code, hit);
}

/* What stands before a number: `… word [=:] ["] number`. Without a word nothing else is looked at. */
static Str before_number(Str text, size_t at)
{
    static const uint8_t between[256] = {[' '] = 1, ['"'] = 1, [':'] = 1, ['='] = 1, ['('] = 1, ['\\'] = 1};
    size_t end = at;
    while (end > 0 && at - end < 8 && between[text.at[end - 1]]) {
        end--;
    }
    return str_slice(text, 0, end == at ? 0 : end);
}

static bool named(Str before, Str name)
{
    return str_ends_nocase(before, name) && (before.len == name.len || !is_word(before.at[before.len - name.len - 1]));
}

static bool behind_exit_code(Str before)
{
    return named(before, STR("exit code")) || named(before, STR("exitcode"));
}

static bool behind_error_code(Str before)
{
    return named(before, STR("error code")) || named(before, STR("errorcode"));
}

static bool small_code(uint64_t code, CodeFamily family, CodeHit *hit)
{
    hit->family = family;
    hit->code = (uint32_t)code;
    return code > 0 && code < 0x80000000;
}

/* A small exit code is a program's own word for "failed": reading 1 or 5 as a Win32 error would mislead. */
static bool exit_code(uint64_t code, CodeHit *hit)
{
    if (failure(code, hit)) {
        return true;
    }
    bool msi = (code == 3010 || (code >= 1600 && code < 1700)) && look_up(CODE_MSI, (uint32_t)code);
    bool win32 = code >= 100 && look_up(CODE_WIN32, (uint32_t)code);
    return (msi || win32) && small_code(code, msi ? CODE_MSI : CODE_WIN32, hit);
}

/* A decimal number at `at`. Its neighbourhood says whether it is a code at all: bare numbers are counters and ids. */
static bool decimal_code(Str text, size_t at, Str digits, CodeHit *hit)
{
    uint64_t n;
    uint8_t before = at > 0 ? text.at[at - 1] : 0;
    if (digits.len > 10 || !str_u64(digits, 10, &n) || n == 0) {
        return false;
    }
    if (before == '-') {
        return n <= 0x80000000 && (at < 2 || (!is_word(text.at[at - 2]) && text.at[at - 2] != '-')) &&
               failure(0x100000000 - n, hit);
    }
    if (before == '%') {
        return at > 1 && text.at[at - 2] == '%' && (failure(n, hit) || small_code(n, CODE_WIN32, hit));
    }
    Str word = before_number(text, at);
    if (behind_exit_code(word)) {
        return exit_code(n, hit);
    }
    return behind_error_code(word) &&
           (failure(n, hit) || (n < 0x10000 && look_up(CODE_WIN32, (uint32_t)n) && small_code(n, CODE_WIN32, hit)));
}

/* Digits without 0x are hexadecimal only behind `hr =` and `HRESULT:`. */
static bool behind_hresult(Str text, size_t at)
{
    Str before = before_number(text, at);
    return named(before, STR("hr")) || named(before, STR("hresult"));
}

/* A cheap look at what stands before: most numbers of a log are not codes. */
static bool promising(Str text, size_t at)
{
    uint8_t before = at > 0 ? text.at[at - 1] : 0;
    if (text.at[at] == '0' && byte_lower(byte_at(text, at + 1)) == 'x') {
        return true;
    }
    if (before == '-') {
        return at < 2 || !is_word(text.at[at - 2]);
    }
    if (before == '%') {
        return at > 1 && text.at[at - 2] == '%';
    }
    Str words = before_number(text, at);
    uint8_t last = words.len ? byte_lower(words.at[words.len - 1]) : 0;
    return last == 'e' || last == 'r' || last == 't'; /* code, hr, HRESULT */
}

/* At the start of a word. */
static bool code_at(Str text, size_t at, size_t *end, CodeHit *hit)
{
    if (text.at[at] == '0' && byte_lower(byte_at(text, at + 1)) == 'x') {
        *end = at + 10;
        return hex_code(text, at + 2, hit);
    }
    *end = at + 8;
    if ((text.at[at] == '8' || byte_lower(text.at[at]) == 'c') && hex_code(text, at, hit) && behind_hresult(text, at)) {
        return true;
    }
    *end = at;
    while (*end < text.len && byte_digit(text.at[*end])) {
        ++*end;
    }
    return !is_word(byte_at(text, *end)) && decimal_code(text, at, str_slice(text, at, *end), hit);
}

bool error_code_next(Str text, size_t *from, CodeHit *hit)
{
    /* A digit, or the C of `hr = C0000142`. */
    static const uint8_t starts[256] = {['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1,
                                        ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['C'] = 1, ['c'] = 1};
    for (size_t i = *from, end; i < text.len; i++) {
        if (!starts[text.at[i]] || (i > 0 && is_word(text.at[i - 1])) || !promising(text, i)) {
            continue;
        }
        if (code_at(text, i, &end, hit)) {
            hit->at = i - (i > 0 && text.at[i - 1] == '-');
            *from = end;
            return true;
        }
    }
    *from = text.len;
    return false;
}
