/* Error codes of the domain, decoded offline. The dictionary is error_code.def; sources: causes.md section 6. */
#ifndef ERROR_CODE_H
#define ERROR_CODE_H

#include "base/str.h"

typedef enum CodeFamily { CODE_HRESULT, CODE_NTSTATUS, CODE_WIN32, CODE_MSI } CodeFamily;

typedef struct ErrorCode {
    CodeFamily family;
    uint32_t code;
    const char *symbol;  /* E_UNEXPECTED; NULL: the number has no public name */
    const char *meaning; /* one short sentence of ours */
} ErrorCode;

/* NULL if the dictionary does not know it. HRESULT_FROM_WIN32 codes (0x8007xxxx) that are not in it are looked up as
 * Win32. */
const ErrorCode *error_code_find(CodeFamily family, uint32_t code);

const ErrorCode *error_code_named(Str symbol);                   /* NULL: no such symbol */
const char *error_code_source(CodeFamily family, uint32_t code); /* where such codes are defined */
const char *error_code_family_name(CodeFamily family);           /* HRESULT, NTSTATUS, Win32, Windows Installer */
/* Of an HRESULT: who defines its lower 16 bits; NULL if the number has no public name. */
const char *error_code_facility(uint32_t hresult);

typedef struct PortalError { /* an error that the backup service names, and whose cause no bundle shows */
    const char *name, *meaning, *action, *source;
} PortalError;
const PortalError *portal_error_find(Str name); /* without case; NULL: not one of them */

/* The next failure code in a text at or behind *from, which moves on: `0x8…`/`0xC…` with eight digits, `(0x…)`, signed
 * decimals of failure HRESULTs (-2147024891), `%%50` and `%%2147942405` of event logs, and `Exit code: 1603`. Success
 * codes (high bit clear, exit code 0) are not codes met. */
typedef struct CodeHit {
    CodeFamily family;
    uint32_t code;
    size_t at;
} CodeHit;
bool error_code_next(Str text, size_t *from, CodeHit *hit);

#endif
