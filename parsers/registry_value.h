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

typedef struct RegistryValue {
    Str key;            /* in full, `CurrentControlSet` resolved: HKLM\SYSTEM\CurrentControlSet\Services\MSDTC; UTF-8 */
    Str name;           /* UTF-8; empty: the key's default value */
    uint32_t type;      /* RegistryType, or another number that a program made up */
    Str data;           /* as a hive holds it: little-endian, strings in UTF-16 */
    int64_t written_ns; /* the key's last write; TIME_NONE: the source does not tell */
    bool is_line;       /* `at` counts lines, else bytes of the hive (of the vk cell) */
    uint64_t at;
} RegistryValue;

/* Adds the value as an event of the log source registry_state, unless nobody wants it: TargetObject, Details (as Sysmon
 * prints it), ValueType, Number (of numbers, and of text that is one). */
void registry_value_add(Source *src, Arena *scratch, Analysis *out, const RegistryValue *value);

/* What no value was added of is not there: only where this is said. A key that could not be read to its end, or whose
 * place in the file was damaged, must not be told. */
void registry_key_read(Analysis *out, Str key);     /* an export told all values of this key */
void registry_branch_read(Analysis *out, Str root); /* a hive told all of the tree below: HKLM\SYSTEM */

#endif
