/* Error codes of the domain, decoded offline. The dictionary is error_code.def; each line names its source. */
#ifndef ERROR_CODE_H
#define ERROR_CODE_H

#include "base/str.h"

typedef enum CodeFamily {
    CODE_HRESULT,
    CODE_NTSTATUS,
    CODE_WIN32,
    CODE_MSI,         /* what an installation ended with */
    CODE_MSI_MESSAGE, /* what it said: `Error 1401.`; events of MsiInstaller have this number plus 10000 */
    CODE_EXTENSION,   /* status of the backup extension: `StatusCode.FailedSnapshotLimitReached` */
    CODE_HANDLER,     /* the agent's code of an extension, in the aggregate status */
} CodeFamily;
#define CODE_FAMILIES (CODE_HANDLER + 1)

typedef struct ErrorCode {
    CodeFamily family;
    uint32_t code;
    const char *symbol;  /* E_UNEXPECTED; NULL: the number has no public name */
    const char *source;  /* the document that defines it */
    const char *meaning; /* one short sentence of ours */
} ErrorCode;

/* NULL if the dictionary does not know it. What carries a Win32 error (0x8007xxxx, 0xC007xxxx) and is not in it itself
 * is looked up as Win32. */
const ErrorCode *error_code_find(CodeFamily family, uint32_t code);

const ErrorCode *error_code_named(Str symbol); /* without case; NULL: no such symbol */
/* The dictionary as it stands, for those who look for the nearest symbol. */
const ErrorCode *error_code_all(size_t *count);
const char *error_code_family_name(CodeFamily family); /* HRESULT, NTSTATUS, Win32 error … */
bool error_code_is_hex(CodeFamily family);             /* written with eight hexadecimal digits */
/* Who defines the lower 16 bits of an HRESULT or NTSTATUS; NULL if the number has no public name. */
const char *error_code_facility(CodeFamily family, uint32_t code);

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
