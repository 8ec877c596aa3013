/* Advice on single texts and tests: what is well-formed and cannot be meant. */
#include "base/utf.h"
#include "lint_advice.h"

/* --- escapes ---------------------------------------------------------------------------------------------------- */

/* The letter behind the backslash that makes the character in double quotes; 0: none. */
static uint8_t escape_letter(uint32_t rune)
{
    static const struct {
        uint32_t rune;
        uint8_t letter;
    } escapes[] = {{0, '0'},  {7, 'a'},    {8, 'b'},    {9, 't'},    {10, 'n'},     {11, 'v'},    {12, 'f'},
                   {13, 'r'}, {0x1B, 'e'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        if (escapes[i].rune == rune) {
            return escapes[i].letter;
        }
    }
    return 0;
}

static bool is_letter(uint8_t c)
{
    return byte_lower(c) >= 'a' && byte_lower(c) <= 'z';
}

/* Behind `C:` of a path. */
static bool behind_drive(Str text, size_t at)
{
    return at >= 2 && text.at[at - 1] == ':' && is_letter(text.at[at - 2]) && (at == 2 || !is_letter(text.at[at - 3]));
}

/* Tabs and line ends are meant now and then, but not in a path. */
static bool is_slip(Str text, size_t at, uint32_t rune)
{
    bool blank = rune == '\t' || rune == '\n' || rune == '\r';
    return blank ? behind_drive(text, at) || str_find_byte(text, '\\', 0) != STR_NOT_FOUND
                 : escape_letter(rune) || rune < ' ' || (rune >= 0x7F && rune < 0xA0);
}

/* The text with its escapes, as it would stand in single quotes. */
static Str unescaped(Lint *l, Str text)
{
    VEC(Str) parts = {0};
    uint32_t rune;
    for (size_t at = 0, used; at < text.len && (used = utf8_decode(text, at, &rune)) > 0; at += used) {
        uint8_t letter = escape_letter(rune);
        bool hex = !letter && (rune < ' ' || (rune >= 0x7F && rune < 0xA0));
        *VEC_ADD(l->run, &parts) = letter ? arena_format(l->run, "\\%c", letter)
                                   : hex  ? arena_format(l->run, "\\x%02X", (unsigned)rune)
                                          : str_slice(text, at, at + used);
    }
    return arena_join(l->run, parts.at, parts.count);
}

static void advise_escape(Lint *l, const Node *n)
{
    uint32_t rune;
    for (size_t at = 0, used; at < n->text.len && (used = utf8_decode(n->text, at, &rune)) > 0; at += used) {
        if (is_slip(n->text, at, rune)) {
            uint8_t letter = escape_letter(rune);
            Str escape =
                letter ? arena_format(l->run, "\\%c", letter) : arena_format(l->run, "\\x%02X", (unsigned)rune);
            ADVISE(l, n, "escape", STR("'"), escape, STR("' in double quotes is the character "),
                   arena_format(l->run, "U+%04X", (unsigned)rune),
                   STR("; a backslash stands for itself in single quotes: '"), unescaped(l, str_slice(n->text, 0, 80)),
                   STR("'"));
            return;
        }
    }
}

void lint_escapes(Lint *l, const Node *n)
{
    if (n->kind == NODE_SCALAR && n->style == STYLE_DOUBLE) {
        advise_escape(l, n);
    }
    for (size_t i = 0; i < (n->kind == NODE_MAP ? 2 : 1) * n->count; i++) {
        lint_escapes(l, n->items[i]);
    }
}

/* --- fields of event logs --------------------------------------------------------------------------------------- */

/* What other programs call the fields that every event has. */
static void advise_name(Lint *l, const Test *t)
{
    static const struct {
        const char *name, *meant;
    } names[] = {
        {"Provider", "Provider_Name"}, {"ProviderName", "Provider_Name"},
        {"Event_ID", "EventID"},       {"EventCode", "EventID"},
        {"LogName", "Channel"},        {"Log_Name", "Channel"},
    };
    for (size_t i = 0; t->field == FIELD_NAMED && i < sizeof names / sizeof *names; i++) {
        if (str_eq_nocase(t->name, str_of(names[i].name))) {
            ADVISE(l, t->at, "field-name", STR("'"), t->name,
                   STR("' is taken for the name of a datum; what every event has is '"), str_of(names[i].meant),
                   STR("' (the others are EventID, Provider_Name, Channel, Level, Computer)"));
        }
    }
}

/* `EventID:` with nothing behind it. */
static void advise_null(Lint *l, const Test *t)
{
    bool head = t->field == FIELD_EVENT_ID || t->field == FIELD_PROVIDER || t->field == FIELD_CHANNEL;
    for (size_t v = 0; head && !t->negated && v < t->count; v++) {
        if (t->values[v].patterns[0].kind == PATTERN_NULL) {
            ADVISE(l, t->at, "never-true", STR("an empty value asks for events without '"), t->name,
                   STR("', and there are none; write the value"));
        }
    }
}

/* --- values ----------------------------------------------------------------------------------------------------- */

static bool is_numeric(Str field)
{
    static const char *const fields[] = {"Stage", "Uptime", "RunInUptime", "SilentMinutes", "ExitCode", "MsiError"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (str_eq_nocase(field, str_of(fields[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_whole_text(const Pattern *p)
{
    return p->kind == PATTERN_TEXT && p->place == PLACE_WHOLE;
}

static void advise_number(Lint *l, const Test *t)
{
    for (size_t v = 0; !t->negated && is_numeric(t->name) && v < t->count; v++) {
        const Pattern *p = &t->values[v].patterns[0];
        long double number;
        if (is_whole_text(p) && !number_parse(p->text, &number)) {
            ADVISE(l, t->values[v].at, "never-true", STR("'"), t->name, STR("' is a number, and never '"),
                   t->values[v].at->text, STR("'; write it in digits"));
        }
    }
}

/* The likeliest slip of all: what only stands in the message. */
static void advise_whole(Lint *l, const Test *t)
{
    for (size_t v = 0; t->field == FIELD_MESSAGE && v < t->count; v++) {
        const Pattern *p = &t->values[v].patterns[0];
        if ((is_whole_text(p) && p->text.len) || p->kind == PATTERN_NUMBER) {
            ADVISE(l, t->values[v].at, "whole-message", STR("the whole message is compared, so it must be '"),
                   str_slice(t->values[v].at->text, 0, 80),
                   STR("' and nothing else; write 'Message|contains' if it stands in it"));
        }
    }
}

void lint_value(Lint *l, const Rule *rule, const Test *t)
{
    if (rule->source->kind == SERVICE_EVENT_LOG) {
        advise_name(l, t);
        advise_null(l, t);
    } else {
        advise_number(l, t);
    }
    advise_whole(l, t);
}
