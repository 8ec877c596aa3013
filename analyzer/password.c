#include "password.h"

#include <errno.h>
#include <stdio.h>

#include "base/platform.h"
#include "base/sink.h"

const char *password_from_file(Password *p, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return strerror(errno);
    }
    size_t len = fread(p->text, 1, sizeof p->text, file);
    bool failed = ferror(file);
    fclose(file);
    size_t end = str_find_byte((Str){(uint8_t *)p->text, len}, '\n', 0);
    len = end == STR_NOT_FOUND ? len : end;
    len -= len && p->text[len - 1] == '\r';
    if (failed || len == 0 || len == sizeof p->text || memchr(p->text, 0, len)) {
        return failed                  ? strerror(errno)
               : len == 0              ? "its first line is empty"
               : len == sizeof p->text ? "its first line is too long"
                                       : "its first line holds a NUL";
    }
    p->text[len] = 0;
    p->given = true;
    return NULL;
}

void password_begin(Password *p, bool may_ask)
{
    p->asked = !may_ask;
    p->text[0] = p->given ? p->text[0] : 0;
}

static void ask(Password *p, Str bundle)
{
    Sink err = sink_file(stderr);
    sink_put(&err, "vmsift: ");
    sink_term(&err, bundle);
    sink_put(&err, " is encrypted. ");
    sink_close(&err);
    p->asked = true;
    if (!platform_ask("Password: ", p->text, sizeof p->text)) {
        p->text[0] = 0;
    }
}

const char *password_get(Password *p, Str bundle)
{
    platform_lock();
    if (!p->given && !p->asked && platform_is_terminal(0) && platform_is_terminal(2)) {
        ask(p, bundle);
    }
    platform_unlock();
    return p->text[0] ? p->text : NULL;
}
