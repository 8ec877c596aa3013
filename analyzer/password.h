/* The password of encrypted members: given in a file, or asked for on the terminal, once a bundle. Never printed. */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>

#include "base/str.h"

#define PASSWORD_ROOM 1024

typedef struct Password { /* zeroed: none was given */
    char text[PASSWORD_ROOM];
    bool given; /* by a file: it is never asked for */
    bool asked; /* for this bundle, or it may not be */
} Password;

/* The first line of a file, without its end. NULL, or why it cannot be had. */
const char *password_from_file(Password *p, const char *path);
/* A new bundle may have a password of its own. may_ask: the terminal is not where the bundle comes from. */
void password_begin(Password *p, bool may_ask);
/* NULL: there is none. Asks at most once; `bundle` is what is asked for. From any thread. */
const char *password_get(Password *p, Str bundle);

#endif
