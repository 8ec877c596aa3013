/* What must never leave: signatures of shared-access URLs, protected settings, keys, tokens, passwords. */
#ifndef SECRET_H
#define SECRET_H

#include "str.h"

/* The next secret value at or behind `from` (the value alone, not the name before it); false if there is none. */
bool secret_find(Str text, size_t from, Str *secret);

/* For those who see every byte of a text anyway: false if `c` between those two (0: none) introduces no secret. A text
 * where that is so everywhere, and that holds no @, has none. */
bool secret_mark(uint8_t before, uint8_t c, uint8_t after);

/* True if a value of that name is one, wherever it stands: for fields whose name is not in the same text. */
bool secret_named(Str name);

#endif
