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
    {ENDING("protectedsettings"), true, false}, /* not FailedToDecryptProtectedSettings */
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
/* Whole names of switches, and nothing anywhere else: schtasks /rp, cmdkey /pass. */
static const Name switches[] = {{ENDING("pass"), false, false}, {ENDING("rp"), false, false}};
#undef ENDING

static bool letter(uint8_t c)
{
    return byte_lower(c) >= 'a' && byte_lower(c) <= 'z';
}

static bool word_byte(uint8_t c)
{
    return byte_digit(c) || letter(c) || c == '_' || c == '-';
}

static bool padding(uint8_t c)
{
    return c == ' ' || c == '"' || c == '\'' || c == '\\' || c == '\t';
}

/* What stands before a word of a command line. */
static bool gap(uint8_t c)
{
    return c <= ' ' || c == '"' || c == '\'';
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

static const Name *switch_of(Str word)
{
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (str_eq_nocase(word, switches[i].ending)) {
            return &switches[i];
        }
    }
    return name_of(word);
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

/* The object that a brace opens, to the brace that closes it, or all there is. */
static Str object_at(Str text, size_t start)
{
    size_t depth = 0, end = start;
    while (end < text.len) {
        uint8_t c = text.at[end++];
        depth += c == '{';
        if (c == '}' && --depth == 0) {
            break;
        }
    }
    return str_slice(text, start, end);
}

/* Of `/pass:`: it is none without the slash. */
static const Name *switch_before(Str text, size_t at)
{
    Str word = name_before(text, at);
    size_t from = word.len ? (size_t)(word.at - text.at) : 0;
    return from && text.at[from - 1] == '/' ? switch_of(word) : NULL;
}

/* The value behind a separator: to the quote that closes it, else to what cannot be part of it. */
static Str value_at(Str text, size_t start, const Name *name)
{
    uint8_t quote = 0;
    while (start < text.len && padding(text.at[start])) {
        quote = text.at[start] == '"' || text.at[start] == '\'' ? text.at[start] : quote;
        start++;
    }
    if (!quote && start < text.len && text.at[start] == '{') {
        return object_at(text, start);
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

/* Of `<Password>` or `<Password><Value>`: some elements may stand around it. */
static Str element_value(Str text, size_t start)
{
    enum { NESTED = 4 };
    for (int i = 0; i < NESTED && start + 1 < text.len && text.at[start] == '<' && text.at[start + 1] != '/'; i++) {
        size_t end = str_find_byte(text, '>', start);
        start = end < text.len ? end + 1 : text.len;
    }
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

/* ---- command lines ---- */

enum { COMMAND = 4096 }; /* bytes of one that are looked through, or many unfinished ones would cost their square */

static size_t blanks_end(Str text, size_t at)
{
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\t')) {
        at++;
    }
    return at;
}

/* Behind the word at `at`, which may hold blanks in quotes; where the whole line is in quotes, all is over there. */
static size_t word_end(Str text, size_t at)
{
    for (size_t from = at; at < text.len && text.at[at] > ' '; at++) {
        if (text.at[at] == '"' && (at == from || text.at[at - 1] == ':')) {
            size_t close = str_find_byte(text, '"', at + 1);
            at = close < text.len ? close : text.len - 1;
        } else if (text.at[at] == '"') {
            return text.len;
        }
    }
    return at < text.len ? at : text.len;
}

/* Where the first word behind `at` is that is no switch. */
static size_t argument_behind(Str text, size_t at, uint8_t lead)
{
    Str command = str_slice(text, 0, at + COMMAND);
    at = blanks_end(command, at);
    while (at < command.len && command.at[at] == lead) {
        at = blanks_end(command, word_end(command, at));
    }
    return at;
}

/* The word at `at`; empty if that is another switch, an expression, or not part of this command any more. */
static Str argument_at(Str text, size_t at, uint8_t other)
{
    uint8_t c = at < text.len ? text.at[at] : 0;
    bool none = c <= ' ' || c == other || c == '=' || c == ':' || c == '(' || c == '$' || c == '|' || c == '&' ||
                c == '>' || c == ',';
    return none ? (Str){0} : value_at(text, at, &switches[0]);
}

/* `-Password SECRET`, `--password SECRET`, `/password SECRET`, and the same as two strings of a list. */
static Str switch_value(Str text, size_t at)
{
    uint8_t lead = text.at[at];
    size_t from = at + 1 < text.len && text.at[at + 1] == lead ? at + 2 : at + 1, end = from;
    while (end < text.len && word_byte(text.at[end])) {
        end++;
    }
    Str word = str_slice(text, from, end);
    size_t behind = str_starts(str_from(text, end), STR("\",")) ? end + 2 : end, value = blanks_end(text, behind);
    return value > end && switch_of(word) ? argument_at(text, value, lead) : (Str){0};
}

/* `ConvertTo-SecureString "SECRET" -AsPlainText`: the first word behind it that is no switch. */
static Str secure_string(Str text, size_t dash)
{
    static const char verb[] = "ConvertTo", noun[] = "-SecureString";
    size_t at = dash + sizeof noun - 1;
    if (dash < sizeof verb - 1 || !str_ends_nocase(str_slice(text, 0, dash), STR("ConvertTo")) ||
        !str_starts_nocase(str_from(text, dash), STR("-SecureString"))) {
        return (Str){0};
    }
    return argument_at(text, argument_behind(text, at, '-'), '-');
}

/* True if the line goes `net`, `net1` or `net.exe`, then `verb`, up to `at`; between them and `at` a device (`Z:`). */
static bool net_command(Str text, size_t at, Str verb)
{
    enum { REACH = 24 };
    Str before = str_slice(text, at > REACH ? at - REACH : 0, at);
    size_t found = str_find_nocase(before, verb, 0);
    size_t net = found == STR_NOT_FOUND ? found : str_find_nocase(before, STR("net"), 0);
    return net != STR_NOT_FOUND && net < found &&
           (net == 0 || !(word_byte(before.at[net - 1]) || before.at[net - 1] == '.'));
}

/* `net use Z: \\server\share SECRET /user:NAME`, and the same with /user first: the first word that is no switch. */
static Str share_password(Str text, size_t at)
{
    if (!net_command(text, at, STR(" use "))) {
        return (Str){0};
    }
    return argument_at(text, argument_behind(text, word_end(str_slice(text, 0, at + COMMAND), at), '/'), '/');
}

/* `net user NAME SECRET`, where a switch or nothing follows: it is a phrase of prose as well. */
static Str account_password(Str text, size_t at)
{
    Str command = str_slice(text, 0, at + COMMAND);
    size_t name = net_command(text, at, STR(" user")) ? blanks_end(command, at) : text.len;
    if (name >= command.len || command.at[name] == '/') {
        return (Str){0};
    }
    Str secret = argument_at(text, blanks_end(command, word_end(command, name)), '/');
    size_t end = secret.len ? blanks_end(text, (size_t)(secret.at - text.at) + secret.len) : 0;
    return end >= text.len || text.at[end] == '/' || gap(text.at[end]) ? secret : (Str){0};
}

/* What begins with a dash: a switch, the second half of a cmdlet, or a key. */
static Str dash_secret(Str text, size_t at)
{
    uint8_t before = at ? text.at[at - 1] : 0;
    Str key = private_key(text, at);
    if (key.len) {
        return key;
    }
    if (byte_lower(before) == 'o') {
        return secure_string(text, at);
    }
    return gap(before) ? switch_value(text, at) : (Str){0};
}

/* The secret that the byte at `at` introduces; empty if none. */
static Str secret_at(Str text, size_t at)
{
    const Name *name;
    switch (text.at[at]) {
    case '=':
    case ':':
        name = name_of(name_before(text, at));
        name = name ? name : switch_before(text, at);
        return name ? value_at(text, at + 1, name) : text.at[at] == ':' ? url_password(text, at) : (Str){0};
    case '%':
        name = str_starts_nocase(str_from(text, at), STR("%3D")) ? name_of(name_before(text, at)) : NULL;
        return name ? value_at(text, at + 3, name) : (Str){0};
    case '>': return name_of(name_before(text, at)) ? element_value(text, at + 1) : (Str){0};
    case ' ':
        return at >= 6 && str_eq_nocase(str_slice(text, at - 6, at), STR("Bearer")) ? value_at(text, at, &names[0])
                                                                                    : account_password(text, at);
    case '/': return switch_value(text, at);
    case '\\': return share_password(text, at);
    default: return dash_secret(text, at);
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
    case '-':
        return after == '-' || (gap(before) && letter(after)) ||
               (byte_lower(before) == 'o' && byte_lower(after) == 's');
    case '/': return gap(before) && letter(after);
    case '\\': return gap(before) && after == '\\';
    default: return false;
    }
}

bool secret_find(Str text, size_t from, Str *secret)
{
    static const bool introduces[256] = {['='] = true, [':'] = true, ['%'] = true, ['>'] = true,
                                         [' '] = true, ['-'] = true, ['/'] = true, ['\\'] = true};
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
