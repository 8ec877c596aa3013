#include "secret.h"

/* A name, then blanks, quotes and backslashes of any JSON nesting, then one of "=:", then the same again, then the
 * value up to the first byte that ends it. */
static const char *const names[] = {
    "sig",      "protectedsettings", "accountkey", "sharedaccesskey", "sharedaccesssignature",
    "password", "passwd",            "pwd",        "secret",          "clientsecret",
    "token",    "access_token",      "apikey",     "storageaccountkey",
};

static bool word_byte(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_';
}

static bool padding(uint8_t c)
{
    return c == ' ' || c == '"' || c == '\'' || c == '\\';
}

static bool value_ends(uint8_t c)
{
    return c <= ' ' || c == '"' || c == '\'' || c == '\\' || c == '&' || c == ';' || c == ',' || c == '<' ||
           c == '>' || c == '}' || c == ')';
}

static bool is_name(Str word)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq_nocase(word, str_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* The name that ends before the separator at `at`, without its padding. */
static Str name_before(Str text, size_t at)
{
    while (at > 0 && padding(text.at[at - 1])) {
        at--;
    }
    size_t from = at;
    while (from > 0 && word_byte(text.at[from - 1])) {
        from--;
    }
    return str_slice(text, from, at);
}

bool secret_find(Str text, size_t from, Str *secret)
{
    for (size_t i = from; i < text.len; i++) {
        if ((text.at[i] != '=' && text.at[i] != ':') || !is_name(name_before(text, i))) {
            continue;
        }
        size_t start = i + 1;
        while (start < text.len && padding(text.at[start])) {
            start++;
        }
        size_t end = start;
        while (end < text.len && !value_ends(text.at[end])) {
            end++;
        }
        if (end > start && !str_eq(str_slice(text, start, end), STR("null"))) {
            *secret = str_slice(text, start, end);
            return true;
        }
    }
    return false;
}
