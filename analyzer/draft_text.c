/* Texts of a draft in the forms they take, and what is put in the place of names. */
#include "base/secret.h"
#include "base/utf.h"
#include "draft_parts.h"

void put(Writing *w, Str text)
{
    *VEC_ADD(w->a, &w->parts) = text;
}

Str written(const Writing *w)
{
    return arena_join(w->a, w->parts.at, w->parts.count);
}

/* Of a line feed, a blank; of other bytes that are no text, nothing. */
static void put_runes(Writing *w, Str text, bool lines, Str (*escape)(uint8_t c))
{
    for (size_t i = 0, used; i < text.len; i += used) {
        uint32_t rune;
        used = utf8_decode(text, i, &rune);
        uint8_t c = text.at[i];
        Str special = used == 1 ? escape(c) : (Str){0};
        if (special.at) {
            put(w, special);
        } else if (used && (rune >= ' ' || (lines && (c == '\n' || c == '\t')))) {
            put(w, str_slice(text, i, i + used));
        } else {
            put(w, STR(" "));
        }
        used = used ? used : 1;
    }
}

static Str quote_escape(uint8_t c)
{
    return c == '\'' ? STR("''") : (Str){0};
}

static Str json_escape(uint8_t c)
{
    return c == '"' ? STR("\\\"") : c == '\\' ? STR("\\\\") : c == '\n' ? STR("\\n") : (Str){0};
}

static Str xml_escape(uint8_t c)
{
    switch (c) {
    case '<': return STR("&lt;");
    case '>': return STR("&gt;");
    case '&': return STR("&amp;");
    case '\'': return STR("&apos;");
    default: return (Str){0};
    }
}

void put_quoted(Writing *w, Str text)
{
    put(w, STR("'"));
    put_runes(w, text, false, quote_escape);
    put(w, STR("'"));
}

void put_json(Writing *w, Str text)
{
    put(w, STR("\""));
    put_runes(w, text, false, json_escape);
    put(w, STR("\""));
}

void put_xml(Writing *w, Str text)
{
    put_runes(w, text, true, xml_escape);
}

/* --- identities ------------------------------------------------------------------------------------------------- */

static bool word_byte(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_';
}

static bool begins_word(Str text, size_t at)
{
    return at == 0 || !word_byte(text.at[at - 1]);
}

static bool ends_word(Str text, size_t at)
{
    return at >= text.len || !word_byte(text.at[at]);
}

void mask_machine(Mask *m, Str name)
{
    Str first = str_slice(name, 0, str_find_byte(name, '.', 0)); /* without its domain */
    for (size_t i = 0; i < m->machines.count; i++) {
        if (str_eq_nocase(m->machines.at[i], name)) {
            return;
        }
    }
    if (first.len > 2) {
        *VEC_ADD(m->a, &m->machines) = arena_str(m->a, name); /* the longer one is looked for first */
        *VEC_ADD(m->a, &m->machines) = arena_str(m->a, first);
    }
}

size_t guid_at(Str text, size_t at)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (at + i >= text.len || (dash ? text.at[at + i] != '-' : byte_hex(text.at[at + i]) < 0)) {
            return 0;
        }
    }
    uint8_t next = at + 36 < text.len ? text.at[at + 36] : 0;
    return next == '_' || ends_word(text, at + 36) ? 36 : 0; /* a task's id goes on: …_1 */
}

/* Bytes that belong to a name in a path, an address or a link. */
static size_t run_of(Str text, size_t at, const char *more)
{
    size_t n = 0;
    while (at + n < text.len && (word_byte(text.at[at + n]) || text.at[at + n] >= 0x80 ||
                                 str_find_byte(str_of(more), text.at[at + n], 0) != STR_NOT_FOUND)) {
        n++;
    }
    return n;
}

/* Of an address in the network; versions have small numbers in front. */
static size_t address_at(Str text, size_t at)
{
    Str run = str_slice(text, at, at + run_of(text, at, ".")), rest = run, part;
    uint64_t n, first = 0;
    size_t parts = 0;
    while (str_split(&rest, '.', &part)) {
        if (part.len > 3 || !str_u64(part, 10, &n) || n > 255) {
            return 0;
        }
        first = parts++ == 0 ? n : first;
    }
    bool version = at >= 2 && (str_ends_nocase(str_slice(text, 0, at - 1), STR("version")) || text.at[at - 1] == '/' ||
                               text.at[at - 1] == '\\');
    return parts == 4 && first >= 10 && first != 127 && !version && !str_eq(run, STR("168.63.129.16")) ? run.len : 0;
}

static size_t mail_at(Str text, size_t at)
{
    size_t name = run_of(text, at, ".%+-");
    size_t host = name && at + name < text.len && text.at[at + name] == '@' ? run_of(text, at + name + 1, ".-") : 0;
    return host > 3 ? name + 1 + host : 0;
}

static size_t sid_at(Str text, size_t at)
{
    return str_starts(str_from(text, at), STR("S-1-5-21-")) || str_starts(str_from(text, at), STR("S-1-12-"))
               ? run_of(text, at, "-")
               : 0;
}

static bool is_everybodys(Str domain)
{
    static const char *const words[] = {"AUTHORITY", "BUILTIN", "SERVICE", "APPPOOL", "MANAGER", "ROOT"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq(domain, str_of(words[i]))) {
            return true;
        }
    }
    return str_starts(domain, STR("HK")); /* the registry */
}

/* DOMAIN\user. A path goes on, or has small letters, or a name with an ending. */
static size_t domain_at(Str text, size_t at)
{
    uint8_t before = at ? text.at[at - 1] : ' ';
    size_t domain = 0, letters = 0;
    while (at + domain < text.len && (byte_digit(text.at[at + domain]) || text.at[at + domain] == '-' ||
                                      (text.at[at + domain] >= 'A' && text.at[at + domain] <= 'Z'))) {
        letters += text.at[at + domain] >= 'A';
        domain++;
    }
    if (letters < 2 || domain > 15 || at + domain >= text.len || text.at[at + domain] != '\\' ||
        str_find_byte(STR("\\/:%-.{"), before, 0) != STR_NOT_FOUND || is_everybodys(str_slice(text, at, at + domain))) {
        return 0;
    }
    size_t name = run_of(text, at + domain + 1, "-$"), end = at + domain + 1 + name;
    uint8_t behind = end < text.len ? text.at[end] : ' ';
    bool goes_on = behind == '\\' || behind == '&' ||
                   (behind == '.' && end + 1 < text.len && word_byte(text.at[end + 1]) && name > 0);
    return name && !byte_digit(text.at[at + domain + 1]) && !goes_on ? domain + 1 + name : 0;
}

/* The account of a storage address. */
static size_t account_at(Str text, size_t at)
{
    size_t n = run_of(text, at, "-");
    Str rest = str_from(text, at + n);
    size_t core = str_find(str_slice(rest, 0, 24), STR(".core.windows.net"), 0);
    return n && core != STR_NOT_FOUND && core > 0 && str_starts(rest, STR(".")) ? n : 0;
}

/* What follows these in a path or the name of a resource is somebody's. */
static Str owner_of(Str text, size_t at)
{
    static const struct {
        const char *before, *now;
    } owners[] = {
        {"\\Users\\", "someone"},
        {"/Users/", "someone"},
        {"/resourceGroups/", "group"},
        {"/virtualMachines/", DRAFT_MACHINE},
    };
    Str before = str_slice(text, 0, at);
    Str name = str_slice(text, at, at + run_of(text, at, ".-$ "));
    bool everybody = str_starts_nocase(name, STR("Public")) || str_starts_nocase(name, STR("Default"));
    for (size_t i = 0; i < sizeof owners / sizeof *owners && !everybody; i++) {
        if (str_ends_nocase(before, str_of(owners[i].before))) {
            return str_of(owners[i].now);
        }
    }
    return (Str){0};
}

static Str id_now(Mask *m, Str id)
{
    for (size_t i = 0; i < m->kept.count; i++) {
        if (str_eq_nocase(m->kept.at[i], id)) {
            return id;
        }
    }
    size_t n = 0;
    while (n < m->ids.count && !str_eq_nocase(m->ids.at[n], id)) {
        n++;
    }
    if (n == m->ids.count) {
        *VEC_ADD(m->a, &m->ids) = arena_str(m->a, id);
    }
    return arena_format(m->a, "00000000-0000-4000-8000-%012zu", n + 1);
}

static size_t machine_at(const Mask *m, Str text, size_t at)
{
    for (size_t i = 0; i < m->machines.count; i++) {
        Str name = m->machines.at[i];
        if (str_starts_nocase(str_from(text, at), name) && ends_word(text, at + name.len)) {
            return name.len;
        }
    }
    return 0;
}

/* How many bytes at a place are somebody's, and what is put there. */
static size_t somebody_at(Mask *m, Str text, size_t at, Str *now)
{
    size_t n;
    if ((n = guid_at(text, at))) {
        *now = id_now(m, str_slice(text, at, at + n));
    } else if ((n = machine_at(m, text, at))) {
        *now = STR(DRAFT_MACHINE);
    } else if ((n = sid_at(text, at))) {
        *now = STR("S-1-5-21-1-2-3-1000");
    } else if ((n = mail_at(text, at))) {
        *now = STR("someone@example.com");
    } else if ((n = domain_at(text, at))) {
        *now = STR("DOMAIN\\someone");
    } else if ((n = address_at(text, at))) {
        *now = STR("192.0.2.1");
    } else if ((n = account_at(text, at))) {
        *now = STR("example");
    } else if ((*now = owner_of(text, at)).len) {
        n = run_of(text, at, ".-$");
    }
    return n;
}

static Str without_secrets(Arena *a, Str text)
{
    VEC(Str) parts = {0};
    Str secret;
    size_t from = 0;
    while (secret_find(text, from, &secret)) {
        size_t at = (size_t)(secret.at - text.at);
        *VEC_ADD(a, &parts) = str_slice(text, from, at);
        *VEC_ADD(a, &parts) = STR("***");
        from = at + secret.len;
    }
    *VEC_ADD(a, &parts) = str_from(text, from);
    return parts.count > 1 ? arena_join(a, parts.at, parts.count) : text;
}

Str masked_text(Mask *m, Str text)
{
    Writing w = {.a = m->a};
    size_t from = 0;
    text = without_secrets(m->a, text);
    for (size_t i = 0; i < text.len;) {
        Str now;
        size_t n = begins_word(text, i) ? somebody_at(m, text, i, &now) : 0;
        if (n) {
            PUT(&w, str_slice(text, from, i), now);
            from = i + n;
        }
        i += n ? n : 1;
    }
    put(&w, str_from(text, from));
    return w.parts.count > 1 ? written(&w) : text;
}

Str masked_value(Mask *m, Str name, Str value)
{
    static const char *const people[] = {"user", "account", "subject", "workstation", "domain", "address", "computer"};
    bool somebody = secret_named(name);
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        somebody = somebody || str_has_nocase(name, str_of(people[i]));
    }
    return secret_named(name) ? STR("***") : somebody && value.len ? STR("someone") : masked_text(m, value);
}
