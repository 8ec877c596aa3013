#include "secret.h"

/* A name, then blanks, quotes and backslashes of any JSON nesting, then one of "=:", then the same again, then the
 * value up to the first byte that ends it. */
#define NAME(text) {(const uint8_t *)(text), sizeof(text) - 1}
/* In lower case, in the order of their first letters. */
static const Str names[] = {
    NAME("accountkey"), NAME("access_token"), NAME("apikey"), NAME("clientsecret"), NAME("password"), NAME("passwd"),
    NAME("protectedsettings"), NAME("pwd"), NAME("secret"), NAME("sharedaccesskey"), NAME("sharedaccesssignature"),
    NAME("sig"), NAME("storageaccountkey"), NAME("token"),
};
#undef NAME

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

/* Most words before a colon are numbers and drive letters: the order of the table ends the search at once. */
static bool is_name(Str word)
{
    uint8_t first = word.len ? byte_lower(word.at[0]) : 0;
    for (size_t i = 0; i < sizeof names / sizeof *names && names[i].at[0] <= first; i++) {
        if (names[i].at[0] == first && str_eq_nocase(word, names[i])) {
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
