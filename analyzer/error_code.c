#include "error_code.h"

#include <stdlib.h>

#define WINERROR     "Windows SDK, winerror.h"
#define VSSERROR     "Windows SDK, vsserror.h"
#define NTSTATUS     "Windows SDK, ntstatus.h"
#define CORERROR     "Windows SDK, corerror.h"
#define WUERROR      "Windows SDK, wuerror.h"
#define WBEMCLI      "Windows SDK, wbemcli.h"
#define WINHTTP      "Windows SDK, winhttp.h"
#define COREXCEP     ".NET runtime, corexcep.h"
#define CBS          "Fix Windows Update corruptions and installation failures (learn.microsoft.com); CBS.log"
#define MSI          "learn.microsoft.com/windows/win32/msi/error-codes"
#define MSIMSG       "learn.microsoft.com/windows/win32/msi/windows-installer-error-messages"
#define KB205069     "Microsoft KB 205069"
#define KB223397     "Microsoft KB 223397"
#define VMBACKUP     "Azure/azure-linux-extensions, VMBackup (that Windows has the same numbers is inferred)"
#define WALINUXAGENT "Azure/WALinuxAgent, common/exception.py (seen from Windows agents, too)"

static const ErrorCode dictionary[] = {
#define CODE(family, number, symbol, source, meaning) {CODE_##family, number, symbol, source, meaning},
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

static const ErrorCode *carried(CodeFamily family, uint32_t code)
{
    bool win32 = (family == CODE_HRESULT && code >> 16 == 0x8007) || (family == CODE_NTSTATUS && code >> 16 == 0xC007);
    const ErrorCode *found = win32 ? look_up(CODE_WIN32, code & 0xFFFF) : NULL;
    return found || !win32 ? found : look_up(CODE_MSI, code & 0xFFFF);
}

const ErrorCode *error_code_find(CodeFamily family, uint32_t code)
{
    const ErrorCode *found = look_up(family, code);
    return found ? found : carried(family, code);
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

const ErrorCode *error_code_all(size_t *count)
{
    *count = sizeof dictionary / sizeof *dictionary;
    return dictionary;
}

const char *error_code_family_name(CodeFamily family)
{
    static const char *const names[CODE_FAMILIES] = {[CODE_HRESULT] = "HRESULT",
                                                     [CODE_NTSTATUS] = "NTSTATUS",
                                                     [CODE_WIN32] = "Win32 error",
                                                     [CODE_MSI] = "Windows Installer, exit code",
                                                     [CODE_MSI_MESSAGE] = "Windows Installer, message",
                                                     [CODE_EXTENSION] = "Status of the backup extension",
                                                     [CODE_HANDLER] = "The agent's code of an extension"};
    return names[family];
}

bool error_code_is_hex(CodeFamily family)
{
    return family == CODE_HRESULT || family == CODE_NTSTATUS;
}

typedef struct Facility {
    uint32_t number;
    const char *name;
} Facility;

static const char *facility_name(const Facility *list, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].number == number) {
            return list[i].name;
        }
    }
    return NULL;
}

#define FACILITY_NAME(list, number) facility_name(list, sizeof list / sizeof *list, number)

const char *error_code_facility(CodeFamily family, uint32_t code)
{
    static const Facility hresult[] = {
        {0, "system"},
        {1, "RPC"},
        {2, "OLE dispatch"},
        {3, "structured storage"},
        {4, "ITF: each COM interface, such as VSS or COM+, has its own meanings"},
        {7, "Win32"},
        {8, "Windows"},
        {9, "security (cryptography, SSPI)"},
        {10, "control"},
        {11, "certificates"},
        {12, "WinINet"},
        {13, "media server"},
        {14, "message queuing"},
        {15, "setup and servicing"},
        {16, "smart cards"},
        {17, "COM+"},
        {19, ".NET runtime"},
        {23, "side-by-side components"},
        {25, "HTTP"},
        {26, "common log"},
        {27, "Windows Error Reporting"},
        {31, "file system filters"},
        {32, "background transfer"},
        {33, "configuration"},
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
    static const Facility ntstatus[] = {
        {0, "system"},
        {1, "debugger"},
        {2, "RPC runtime"},
        {3, "RPC stubs"},
        {4, "I/O"},
        {7, "Win32"},
        {10, "terminal server"},
        {0x13, "cluster"},
        {0x15, "side-by-side components"},
        {0x19, "transactions"},
        {0x1A, "common log"},
        {0x1C, "file system filters"},
        {0x21, "BitLocker"},
        {0x38, "volume manager"},
    };
    return family == CODE_NTSTATUS ? FACILITY_NAME(ntstatus, code >> 16 & 0xFFF)
                                   : FACILITY_NAME(hresult, code >> 16 & 0x7FF);
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

/* Of a number in 32 bits: 0x8… is an HRESULT, 0xC… an NTSTATUS, and so is what languages throw (0xE…). */
static bool failure(uint64_t code, CodeHit *hit)
{
    bool ntstatus = code >> 28 == 0xC || (code >> 28 == 0xE && look_up(CODE_NTSTATUS, (uint32_t)code));
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
    bool win32 = code >= 100 && look_up(CODE_WIN32, (uint32_t)code) && !look_up(CODE_HANDLER, (uint32_t)code);
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
           (failure(n, hit) || (n < 0x10000 && look_up(CODE_WIN32, (uint32_t)n) &&
                                !look_up(CODE_HANDLER, (uint32_t)n) && small_code(n, CODE_WIN32, hit)));
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
