/* What of the registry decides something, as data, and which of it a source tells. Keys in full, `CurrentControlSet`
 * resolved (HKLM\SYSTEM\CurrentControlSet\Services\MSDTC), compared without case. */
#ifndef REGISTRY_KEY_H
#define REGISTRY_KEY_H

#include "base/str.h"

bool registry_key_wanted(Str key); /* some value of this key may decide something */
bool registry_key_leads(Str key);  /* this key or one below it is wanted: descend */

/* The values that are wanted, by number; those that hold or are below a `*` share one. */
#define REGISTRY_VALUES 128
typedef struct RegistrySet {
    uint64_t bits[REGISTRY_VALUES / 64];
} RegistrySet;

/* The value's number in *number; false if nobody wants it. */
bool registry_value_find(Str key, Str name, size_t *number);
/* Writes what TargetObject the value of that number has, with its `*`, to `room`; empty behind the last one. */
#define REGISTRY_TARGET 512
Str registry_value_target(size_t number, uint8_t room[static REGISTRY_TARGET]);

void registry_set_add(RegistrySet *set, size_t number);
/* One value was seen. It tells nothing of others that share its number. */
void registry_set_value(RegistrySet *set, Str key, Str name);
/* All values of the key were seen; `below`: and of all keys below it. A key `Uninstall` without what is below it still
 * tells of Uninstall\*: an export of a key holds its subkeys. */
void registry_set_key(RegistrySet *set, Str key, bool below);
void registry_set_join(RegistrySet *to, const RegistrySet *from);
bool registry_set_has(const RegistrySet *set, size_t number);
bool registry_set_empty(const RegistrySet *set);
bool registry_set_open(const RegistrySet *set); /* one of its values stands for many */
/* A value of `asked` that `told` does not have; false if it has all of them. */
bool registry_set_lacks(const RegistrySet *told, const RegistrySet *asked, size_t *number);

#endif
