#include "secret.h"

/* What the name of a secret ends with, in lower case. */
typedef struct Name {
    Str ending;
    bool whole; /* no more letters before it: `sig`, not `design` */
    bool line;  /* its value goes to the end of the line: a scheme and a credential */
} Name;

#define ENDING(text)                                                                                                   \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
static const Name names[] = {
    {ENDING("sig"), true, false},
    {ENDING("authorization"), false, true},
    {ENDING("protectedsettings"), false, false},
    {ENDING("password"), false, false},
    {ENDING("passwd"), false, false},
    {ENDING("passphrase"), false, false},
    {ENDING("pwd"), false, false},
    {ENDING("secret"), false, false},
    {ENDING("token"), false, false},
    {ENDING("accountkey"), false, false},
    {ENDING("accesskey"), false, false},
    {ENDING("apikey"), false, false},
    {ENDING("privatekey"), false, false},
    {ENDING("storagekey"), false, false},
    {ENDING("primarykey"), false, false},
    {ENDING("secondarykey"), false, false},
    {ENDING("accesssignature"), false, false},
};
#undef ENDING

static bool word_byte(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_' || c == '-';
}

static bool padding(uint8_t c)
{
    return c == ' ' || c == '"' || c == '\'' || c == '\\' || c == '\t';
}

static bool ends_name(uint8_t c)
{
    switch (byte_lower(c)) {
    case 'd':
    case 'e':
    case 'g':
    case 'n':
    case 's':
    case 't':
    case 'y': return true;
    default: return false;
    }
}

/* The assembly names of every .NET stack trace hold the one, and it is public; the other is yes or no in every logon.
 */
static bool harmless(Str word)
{
    return str_ends_nocase(word, STR("publickeytoken")) || str_ends_nocase(word, STR("elevatedtoken"));
}

static const Name *name_of(Str word)
{
    if (!word.len || !ends_name(word.at[word.len - 1])) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_ends_nocase(word, names[i].ending) && (!names[i].whole || word.len == names[i].ending.len)) {
            return harmless(word) ? NULL : &names[i];
        }
    }
    return NULL;
}

static size_t hex_digits(Str text, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        if (i >= text.len || byte_hex(text.at[i]) < 0) {
            return 0;
        }
    }
    return count;
}

/* The name that ends before the separator at `at`, without its padding; an escape in front of it (`\u0026sig`,
 * `%26sig`) is not part of it. */
static Str name_before(Str text, size_t at)
{
    while (at > 0 && padding(text.at[at - 1])) {
        at--;
    }
    size_t from = at;
    while (from > 0 && word_byte(text.at[from - 1])) {
        from--;
    }
    uint8_t before = from > 0 ? text.at[from - 1] : 0;
    if (before == '\\' && from < at && text.at[from] == 'u') {
        from += hex_digits(text, from + 1, 4) ? 5 : 0;
    } else if (before == '%') {
        from += hex_digits(text, from, 2);
    }
    return str_slice(text, from, at);
}

/* The value behind a separator: to the quote that closes it, else to what cannot be part of it. */
static Str value_at(Str text, size_t start, const Name *name)
{
    uint8_t quote = 0;
    while (start < text.len && padding(text.at[start])) {
        quote = text.at[start] == '"' || text.at[start] == '\'' ? text.at[start] : quote;
        start++;
    }
    size_t end = start;
    for (; end < text.len; end++) {
        uint8_t c = text.at[end];
        bool over = quote         ? c == quote || c == '\n'
                    : name->line  ? c == '\r' || c == '\n' || c == '"' || c == '\''
                    : c <= ' '    ? true
                    : name->whole ? c == '"' || c == '\'' || c == '\\' || c == '&' || c == ';' || c == ',' ||
                                        c == '<' || c == '>' || c == '}' || c == ')' ||
                                        (c == '%' && str_starts_nocase(str_from(text, end), STR("%26")))
                                  : c == '"' || c == '\'' || c == ';' || c == '<' || c == '>' || c == '}';
        if (over) {
            break;
        }
    }
    while (quote && end > start && text.at[end - 1] == '\\') {
        end--;
    }
    return str_slice(text, start, end);
}

static Str element_value(Str text, size_t start)
{
    return str_slice(text, start, str_find_byte(text, '<', start));
}

/* `https://user:password@host` */
static Str url_password(Str text, size_t colon)
{
    size_t user = colon, end = colon + 1;
    while (user > 0 && (word_byte(text.at[user - 1]) || text.at[user - 1] == '.')) {
        user--;
    }
    if (user == colon || user < 3 || text.at[user - 1] != '/' || text.at[user - 2] != '/') {
        return (Str){0};
    }
    while (end < text.len && text.at[end] > ' ' && text.at[end] != '/' && text.at[end] != '@' && text.at[end] != '"') {
        end++;
    }
    return end < text.len && text.at[end] == '@' ? str_slice(text, colon + 1, end) : (Str){0};
}

/* The key between `-----BEGIN … PRIVATE KEY-----` and its end. */
static Str private_key(Str text, size_t at)
{
    Str rest = str_from(text, at);
    size_t head = str_starts(rest, STR("-----BEGIN ")) ? str_find(str_slice(rest, 0, 64), STR("PRIVATE KEY-----"), 0)
                                                       : STR_NOT_FOUND;
    if (head == STR_NOT_FOUND) {
        return (Str){0};
    }
    return str_slice(rest, head + 16, str_find(rest, STR("-----END"), head));
}

/* The secret that the byte at `at` introduces; empty if none. */
static Str secret_at(Str text, size_t at)
{
    const Name *name;
    switch (text.at[at]) {
    case '=':
    case ':':
        name = name_of(name_before(text, at));
        return name ? value_at(text, at + 1, name) : text.at[at] == ':' ? url_password(text, at) : (Str){0};
    case '%':
        name = str_starts_nocase(str_from(text, at), STR("%3D")) ? name_of(name_before(text, at)) : NULL;
        return name ? value_at(text, at + 3, name) : (Str){0};
    case '>': return name_of(name_before(text, at)) ? element_value(text, at + 1) : (Str){0};
    case ' ':
        return at >= 6 && str_eq_nocase(str_slice(text, at - 6, at), STR("Bearer")) ? value_at(text, at, &names[0])
                                                                                    : (Str){0};
    default: return private_key(text, at);
    }
}

bool secret_mark(uint8_t before, uint8_t c, uint8_t after)
{
    switch (c) {
    case '=':
    case ':':
    case '>': return ends_name(before) || padding(before);
    case '%': return after == '3' && (ends_name(before) || padding(before));
    case ' ': return byte_lower(before) == 'r';
    case '-': return after == '-';
    default: return false;
    }
}

bool secret_find(Str text, size_t from, Str *secret)
{
    static const bool introduces[256] = {
        ['='] = true, [':'] = true, ['%'] = true, ['>'] = true, [' '] = true, ['-'] = true};
    for (size_t i = from; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (!introduces[c]) {
            continue;
        }
        uint8_t before = i ? text.at[i - 1] : 0, after = i + 1 < text.len ? text.at[i + 1] : 0;
        if (c != ':' && !secret_mark(before, c, after)) { /* behind any : there may be the password of a URL */
            continue;
        }
        Str found = secret_at(text, i);
        if (found.len && !str_eq(found, STR("null")) && !str_eq(found, STR("***"))) {
            *secret = found;
            return true;
        }
    }
    return false;
}

bool secret_named(Str name)
{
    return name_of(name) != NULL;
}
