/* One value of the registry as an event: what hives, exported .reg files and registry.json have in common. */
#ifndef REGISTRY_VALUE_H
#define REGISTRY_VALUE_H

#include "parser.h"
#include "registry_key.h"

typedef enum RegistryType { /* as winnt.h numbers them */
                            REG_NONE,
                            REG_SZ,
                            REG_EXPAND_SZ,
                            REG_BINARY,
                            REG_DWORD,
                            REG_DWORD_BIG_ENDIAN,
                            REG_LINK,
                            REG_MULTI_SZ,
                            REG_QWORD = 11,
} RegistryType;

Str registry_type_name(Arena *a, uint32_t type); /* REG_SZ …; of other numbers: type 0x12 */

typedef struct RegistryValue {
    Str key;            /* in full, `CurrentControlSet` resolved: HKLM\SYSTEM\CurrentControlSet\Services\MSDTC; UTF-8 */
    Str name;           /* UTF-8; empty: the key's default value */
    uint32_t type;      /* RegistryType, or another number that a program made up */
    Str data;           /* as a hive holds it: little-endian, strings in UTF-16 */
    int64_t written_ns; /* the key's last write; TIME_NONE: the source does not tell */
    bool is_line;       /* `at` counts lines, else bytes of the hive (of the vk cell) */
    uint64_t at;
    uint64_t offset; /* is_line: of that line, in bytes */
} RegistryValue;

/* Adds the value as an event of the log source registry_state, unless nobody wants it: TargetObject, Details (as Sysmon
 * prints it), ValueType, Number (of numbers, and of text that is one). */
void registry_value_add(Source *src, Arena *scratch, Analysis *out, const RegistryValue *value);

/* A hive told all of the tree below: HKLM\SYSTEM. What no value was added of is not there. Not to be said where a part
 * of the tree that leads to a wanted key was damaged. */
void registry_branch_read(Analysis *out, Str root);

/* For sources in text. */
/* `HKEY_LOCAL_MACHINE\SYSTEM\…` as the events have it, `HKLM\SYSTEM\…`; empty for every other root. */
Str registry_key_short(Arena *a, Str key);
/* The number n of HKLM\SYSTEM\ControlSet00n\…, with the key in terms of CurrentControlSet; 0: it is another key. */
unsigned registry_control_set(Arena *a, Str key, Str *current);
/* UTF-8 (bytes that are none: Windows-1252) as a hive holds it. */
Str registry_utf16(Arena *a, Str text);
Str registry_number(Arena *a, uint64_t number, size_t size); /* size: 4 or 8 */
/* `de ad be ef`, `de,ad`, `dead`: two digits a byte, or one where a blank or comma follows. False if there is anything
 * else in it. */
bool registry_bytes(Arena *a, Str text, Str *bytes);

#endif
