/* The keys are those of bundle-formats.md section 6, and the services that causes.md names besides. */
#include "registry_key.h"

#include <assert.h>

#define SERVICE(name)  "HKLM\\SYSTEM\\CurrentControlSet\\Services\\" name
#define CONTROL(name)  "HKLM\\SYSTEM\\CurrentControlSet\\Control\\" name
#define SOFTWARE(name) "HKLM\\SOFTWARE\\" name
/* What 32-bit programs write is seen in a view of its own. */
#define BOTH_VIEWS(name, values)                                                                                       \
    {SOFTWARE(name), values},                                                                                          \
    {                                                                                                                  \
        SOFTWARE("WOW6432Node\\" name), values                                                                         \
    }
#define EVENT_CLASS                                                                                                    \
    "Microsoft\\EventSystem\\{26c409cc-ae86-11d1-b616-00805fc79216}\\EventClasses\\"                                   \
    "{FAF53CC4-BD73-4E36-83F1-2B23F46E513E}-{00000000-0000-0000-0000-000000000000}-"                                   \
    "{00000000-0000-0000-0000-000000000000}"
#define HOW_IT_RUNS "Start|ObjectName|ImagePath"
#define BCDR        "IsProviderInstalled|UseVssFullBackup|UseVssCopyBackup"
#define BCDR_PERSISTENT                                                                                                \
    "IsCommonProviderInstalled|IsVCRedistInstalled|SnapshotWithoutThreads|SnapshotMethod|"                             \
    "CalculateSnapshotTimeFromHost"

typedef struct WantedKey {
    const char *key;    /* `*` in a part: anything without a backslash */
    const char *values; /* names, a bar between two; `*`: all of them */
} WantedKey;

static const WantedKey wanted_keys[] = {
    {CONTROL("ComputerName\\ComputerName"), "ComputerName"},
    {CONTROL("Session Manager\\SubSystems"), "Windows"},
    {CONTROL("TimeZoneInformation"), "TimeZoneKeyName|ActiveTimeBias"},
    {SERVICE("ClusSvc"), HOW_IT_RUNS},
    {SERVICE("COMSysApp"), HOW_IT_RUNS},
    {SERVICE("CryptSvc"), HOW_IT_RUNS},
    {SERVICE("Dhcp"), HOW_IT_RUNS},
    {SERVICE("EventSystem"), HOW_IT_RUNS},
    {SERVICE("KeyIso"), HOW_IT_RUNS},
    {SERVICE("MSDTC"), HOW_IT_RUNS},
    {SERVICE("Msiserver"), HOW_IT_RUNS},
    {SERVICE("npcap"), HOW_IT_RUNS},
    {SERVICE("RdAgent"), HOW_IT_RUNS},
    {SERVICE("SQLWriter"), HOW_IT_RUNS},
    {SERVICE("swprv"), HOW_IT_RUNS},
    {SERVICE("swprv\\Parameters"), "ServiceDll"},
    {SERVICE("Tcpip\\Parameters\\Interfaces\\*"), "EnableDHCP"},
    {SERVICE("VSS"), HOW_IT_RUNS},
    {SERVICE("VSS\\VssAccessControl"), "NT AUTHORITY\\NETWORK SERVICE|*"},
    {SERVICE("WindowsAzureGuestAgent"), HOW_IT_RUNS},
    {SERVICE("Winmgmt"), HOW_IT_RUNS},
    {SOFTWARE(EVENT_CLASS), "TypeLib"},
    BOTH_VIEWS("Microsoft\\.NETFramework", "Enable64Bit"),
    BOTH_VIEWS("Microsoft\\.NETFramework\\v*", "SchUseStrongCrypto"),
    BOTH_VIEWS("Microsoft\\BcdrAgent", BCDR),
    BOTH_VIEWS("Microsoft\\BcdrAgentPersistentKeys", BCDR_PERSISTENT),
    {SOFTWARE("Microsoft\\COM3\\Eventlog"), "SuppressDuplicateDuration"},
    {SOFTWARE("Microsoft\\GuestAgent"), "*"},
    {SOFTWARE("Microsoft\\NET Framework Setup\\NDP\\v4\\Full"), "Release"},
    {SOFTWARE("Microsoft\\Virtual Machine\\Guest"), "*"},
    BOTH_VIEWS("Microsoft\\VisualStudio\\12.0\\VC\\Runtimes\\x64", "Installed|Version"),
    {SOFTWARE("Microsoft\\Windows Azure"), "VmId"},
    {SOFTWARE("Microsoft\\Windows Azure\\GuestAgentUpdateState\\*"), "Code|Message|State"},
    {SOFTWARE("Microsoft\\Windows Azure\\HandlerState\\*_*"), "*"},
    {SOFTWARE("Microsoft\\WindowsAzure\\HandlerState\\*_*"), "*"},
    {SOFTWARE("Microsoft\\Windows NT\\CurrentVersion\\Failover Clusters"), "EnableCsvVssWriter"},
    BOTH_VIEWS("Microsoft\\Windows\\CurrentVersion\\Uninstall\\*", "DisplayName|DisplayVersion"),
};
#define WANTED_KEYS (sizeof wanted_keys / sizeof *wanted_keys)

/* --- keys ------------------------------------------------------------------------------------------------------- */

/* Every text between stars is looked for where the one before it ends; the last one must stand at the end. */
static bool part_fits(Str pattern, Str part)
{
    size_t star = str_find_byte(pattern, '*', 0);
    if (star == STR_NOT_FOUND) {
        return str_eq_nocase(part, pattern);
    }
    if (!str_starts_nocase(part, str_slice(pattern, 0, star))) {
        return false;
    }
    for (part = str_from(part, star); star != STR_NOT_FOUND; star = str_find_byte(pattern, '*', 0)) {
        pattern = str_from(pattern, star + 1);
        Str text = str_slice(pattern, 0, str_find_byte(pattern, '*', 0));
        bool last = text.len == pattern.len;
        size_t at = last && part.len >= text.len ? part.len - text.len : str_find_nocase(part, text, 0);
        if (at == STR_NOT_FOUND || !str_starts_nocase(str_from(part, at), text)) {
            return false;
        }
        part = str_from(part, at + text.len);
    }
    return true;
}

/* True if all parts of the key fit; *below: what the pattern has behind them. */
static bool key_fits(Str pattern, Str key, Str *below)
{
    Str want, part;
    while (str_split(&key, '\\', &part)) {
        if (!str_split(&pattern, '\\', &want) || !part_fits(want, part)) {
            return false;
        }
    }
    *below = pattern;
    return true;
}

bool registry_key_leads(Str key)
{
    Str below;
    for (size_t i = 0; i < WANTED_KEYS; i++) {
        if (key_fits(str_of(wanted_keys[i].key), key, &below)) {
            return true;
        }
    }
    return false;
}

bool registry_key_wanted(Str key)
{
    Str below;
    for (size_t i = 0; i < WANTED_KEYS; i++) {
        if (key_fits(str_of(wanted_keys[i].key), key, &below) && !below.len) {
            return true;
        }
    }
    return false;
}

/* --- values ----------------------------------------------------------------------------------------------------- */

typedef struct WantedValue { /* one after the other, by number */
    size_t number, at;
    Str key, name, more;
} WantedValue;

static bool next_value(WantedValue *v)
{
    if (v->more.at && str_split(&v->more, '|', &v->name)) {
        v->number++;
        return true;
    }
    if (v->at == WANTED_KEYS) {
        return false;
    }
    v->number += v->at > 0;
    v->key = str_of(wanted_keys[v->at].key);
    v->more = str_of(wanted_keys[v->at].values);
    v->at++;
    str_split(&v->more, '|', &v->name);
    assert(v->number < REGISTRY_VALUES);
    return true;
}

static bool value_find(Str key, Str name, WantedValue *v)
{
    Str below;
    for (*v = (WantedValue){0}; next_value(v);) {
        if (part_fits(v->name, name) && key_fits(v->key, key, &below) && !below.len) {
            return true;
        }
    }
    return false;
}

bool registry_value_find(Str key, Str name, size_t *number)
{
    WantedValue v;
    bool found = value_find(key, name, &v);
    *number = found ? v.number : *number;
    return found;
}

static size_t put(uint8_t *to, size_t at, Str text)
{
    assert(at + text.len <= REGISTRY_TARGET);
    memcpy(to + at, text.at, text.len);
    return at + text.len;
}

Str registry_value_target(size_t number, uint8_t room[static REGISTRY_TARGET])
{
    for (WantedValue v = {0}; next_value(&v);) {
        if (v.number == number) {
            size_t n = put(room, put(room, put(room, 0, v.key), STR("\\")), v.name);
            return (Str){room, n};
        }
    }
    return (Str){0};
}

/* --- sets ------------------------------------------------------------------------------------------------------- */

void registry_set_add(RegistrySet *set, size_t number)
{
    set->bits[number / 64] |= UINT64_C(1) << number % 64;
}

bool registry_set_has(const RegistrySet *set, size_t number)
{
    return set->bits[number / 64] >> number % 64 & 1;
}

static bool is_one_of_many(Str pattern)
{
    return str_find_byte(pattern, '*', 0) != STR_NOT_FOUND;
}

bool registry_set_open(const RegistrySet *set)
{
    for (WantedValue v = {0}; next_value(&v);) {
        if (registry_set_has(set, v.number) && (is_one_of_many(v.key) || is_one_of_many(v.name))) {
            return true;
        }
    }
    return false;
}

bool registry_set_empty(const RegistrySet *set)
{
    size_t number;
    return !registry_set_lacks(&(RegistrySet){0}, set, &number);
}

bool registry_set_lacks(const RegistrySet *told, const RegistrySet *asked, size_t *number)
{
    for (*number = 0; *number < REGISTRY_VALUES; ++*number) {
        if (registry_set_has(asked, *number) && !registry_set_has(told, *number)) {
            return true;
        }
    }
    return false;
}

void registry_set_join(RegistrySet *to, const RegistrySet *from)
{
    for (size_t i = 0; i < sizeof to->bits / sizeof *to->bits; i++) {
        to->bits[i] |= from->bits[i];
    }
}

void registry_set_value(RegistrySet *set, Str key, Str name)
{
    WantedValue v;
    if (value_find(key, name, &v) && !is_one_of_many(v.name) && !is_one_of_many(v.key)) {
        registry_set_add(set, v.number);
    }
}

void registry_set_key(RegistrySet *set, Str key, bool below)
{
    Str rest;
    for (WantedValue v = {0}; next_value(&v);) {
        if (!key_fits(v.key, key, &rest) || is_one_of_many(str_slice(v.key, 0, v.key.len - rest.len))) {
            continue;
        }
        bool list = is_one_of_many(rest) && str_find_byte(rest, '\\', 0) == STR_NOT_FOUND;
        if (below || !rest.len || list) {
            registry_set_add(set, v.number);
        }
    }
}
