#include "event_message.h"

#include "error_code.h"

static const EventMessage catalogue[] = {
#define MESSAGE(provider, alias, id, text) {provider, alias, id, text},
#include "event_message.def"
#undef MESSAGE
};

#define STRINGS_MOST 64 /* that a text can use: a bit for each */

typedef struct Writer { /* of one event */
    Arena *arena;
    const Event *ev;
    uint64_t used; /* strings that the text holds */
    VEC(Str) parts;
    bool lacks; /* a string of the part under way is empty or missing */
} Writer;

static bool names(const EventMessage *m, Str name)
{
    return name.len && (str_eq_nocase(name, str_of(m->provider)) || str_eq_nocase(name, str_of(m->alias)));
}

const EventMessage *event_message_find(Str provider, Str provider_alias, uint32_t id)
{
    for (size_t i = 0; i < sizeof catalogue / sizeof *catalogue; i++) {
        const EventMessage *m = &catalogue[i];
        if (m->id == id && (names(m, provider) || names(m, provider_alias))) {
            return m;
        }
    }
    return NULL;
}

/* --- strings ---------------------------------------------------------------------------------------------------- */

static bool is_string(const Field *f)
{
    return !str_eq(f->name, STR("Binary"));
}

/* Some writers fill up what they do not use. */
static bool is_empty(Str value)
{
    return value.len == 0 || str_eq(value, STR("(NULL)"));
}

/* Position (from 1) or name; *at becomes its number among the strings (from 0). */
static const Field *string_find(const Event *ev, Str name, size_t position, size_t *at)
{
    *at = 0;
    for (size_t i = 0; i < ev->field_count; i++) {
        const Field *f = &ev->fields[i];
        if (!is_string(f)) {
            continue;
        }
        if (name.len ? str_eq_nocase(f->name, name) : *at + 1 == position) {
            return f;
        }
        ++*at;
    }
    return NULL;
}

/* Dates of EventLog 6008 are full of marks for the direction of writing. */
static Str readable(Arena *a, Str value)
{
    const Str mark = STR("\xE2\x80\x8E");
    VEC(Str) parts = {0};
    value = str_trim(value);
    for (size_t at; (at = str_find(value, mark, 0)) != STR_NOT_FOUND; value = str_from(value, at + mark.len)) {
        *VEC_ADD(a, &parts) = str_slice(value, 0, at);
    }
    if (!parts.count) {
        return value;
    }
    *VEC_ADD(a, &parts) = value;
    return arena_join(a, parts.at, parts.count);
}

/* --- what they mean --------------------------------------------------------------------------------------------- */

static void put(Writer *w, Str text)
{
    *VEC_ADD(w->arena, &w->parts) = text;
}

/* `%%n` and plain digits are decimal, unless letters or eight digits say otherwise. */
static const ErrorCode *code_of(Str value, uint64_t *number)
{
    bool percent = str_starts(value, STR("%%")), hex = str_starts_nocase(value, STR("0x"));
    Str digits = str_from(value, percent || hex ? 2 : 0);
    hex = hex || (!percent && digits.len == 8);
    if (!str_u64(digits, hex ? 16 : 10, number) || *number > UINT32_MAX) {
        return NULL;
    }
    CodeFamily family = *number >> 28 == 0xC ? CODE_NTSTATUS : *number >> 31 ? CODE_HRESULT : CODE_WIN32;
    return error_code_find(family, (uint32_t)*number);
}

static void put_number(Writer *w, Str value, uint64_t number)
{
    put(w, value);
    if (number > INT32_MAX && number <= UINT32_MAX && str_starts(value, STR("%%"))) {
        put(w, arena_format(w->arena, " = 0x%08x", (unsigned)number));
    }
}

static void put_code(Writer *w, Str value, const ErrorCode *code, uint64_t number)
{
    if (!code) {
        put_number(w, value, number);
        return;
    }
    Str meaning = str_of(code->meaning);
    meaning.len -= str_ends(meaning, STR("."));
    put(w, meaning);
    put(w, STR(" ("));
    put_number(w, value, number);
    if (code->symbol) {
        put(w, STR(", "));
        put(w, str_of(code->symbol));
    }
    put(w, STR(")"));
}

/* `words`: 1=a|2=b */
static void put_word(Writer *w, Str value, Str words)
{
    for (Str word; str_split(&words, '|', &word);) {
        size_t equals = str_find_byte(word, '=', 0);
        if (str_eq(str_slice(word, 0, equals), value)) {
            put(w, str_from(word, equals + 1));
            put(w, STR(" ("));
            put(w, value);
            put(w, STR(")"));
            return;
        }
    }
    put(w, value);
}

static void put_value(Writer *w, Str value, Str form)
{
    uint64_t number = 0;
    if (!form.len) {
        put(w, value);
    } else if (str_eq(form, STR("code"))) {
        const ErrorCode *code = code_of(value, &number);
        put_code(w, value, code, number);
    } else if (str_eq(form, STR("msi"))) {
        bool is_number = str_u64(value, 10, &number) && number <= UINT32_MAX;
        if (is_number && number == 0) {
            put_word(w, value, STR("0=success"));
        } else {
            put_code(w, value, is_number ? error_code_find(CODE_MSI, (uint32_t)number) : NULL, number);
        }
    } else {
        put_word(w, value, form);
    }
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static size_t digits_of(Str text)
{
    size_t n = 0;
    while (n < text.len && byte_digit(text.at[n])) {
        n++;
    }
    return n;
}

/* The mark behind a %; returns how long it is. 0: it is no mark, only a percent sign. */
static size_t put_mark(Writer *w, Str mark)
{
    uint64_t position = 0;
    Str name = {0}, form = {0};
    size_t len = digits_of(mark), at;
    if (len) {
        str_u64(str_slice(mark, 0, len), 10, &position);
    } else if (str_starts(mark, STR("("))) {
        name = str_between(mark, STR("("), STR(")"));
        len = name.len + 2;
    } else {
        return 0;
    }
    if (str_starts(str_from(mark, len), STR("!"))) {
        form = str_between(str_from(mark, len), STR("!"), STR("!"));
        len += form.len + 2;
    }
    const Field *f = string_find(w->ev, name, (size_t)position, &at);
    Str value = f ? readable(w->arena, f->value) : (Str){0};
    w->lacks = w->lacks || is_empty(value);
    w->used |= f && at < STRINGS_MOST ? UINT64_C(1) << at : 0;
    put_value(w, value, form);
    return len;
}

static void put_text(Writer *w, Str text)
{
    for (size_t cut; (cut = str_find_byte(text, '%', 0)) != STR_NOT_FOUND;) {
        put(w, str_slice(text, 0, cut));
        text = str_from(text, cut + 1);
        size_t len = put_mark(w, text);
        if (!len) {
            put(w, STR("%"));
        }
        text = str_from(text, len);
    }
    put(w, text);
}

/* Without what it did not find. */
static void put_optional(Writer *w, Str text)
{
    Writer before = *w;
    w->lacks = false;
    put_text(w, text);
    if (w->lacks) {
        w->parts.count = before.parts.count;
        w->used = before.used;
    }
    w->lacks = before.lacks;
}

static void put_rest(Writer *w)
{
    size_t at = 0, unnamed = 0, count = 0;
    for (size_t i = 0; i < w->ev->field_count; i++) {
        const Field *f = &w->ev->fields[i];
        unnamed += f->name.len == 0;
        if (!is_string(f)) {
            continue;
        }
        bool used = at < STRINGS_MOST && w->used >> at & 1;
        Str value = str_trim(f->value);
        at++;
        if (used || is_empty(value)) {
            continue;
        }
        put(w, count++ ? STR("; ") : STR(" ["));
        put(w, f->name.len ? f->name : arena_format(w->arena, "Data%zu", unnamed));
        put(w, STR("="));
        put(w, value);
    }
    if (count) {
        put(w, STR("]"));
    }
}

Str event_message(Arena *a, const Event *ev)
{
    const EventMessage *m = event_message_find(ev->provider, ev->provider_alias, ev->id);
    Writer w = {.arena = a, .ev = ev};
    if (!m) {
        return (Str){0};
    }
    for (Str text = str_of(m->text); text.len;) {
        size_t open = str_find_byte(text, '{', 0);
        Str optional = open == STR_NOT_FOUND ? (Str){0} : str_between(text, STR("{"), STR("}"));
        put_text(&w, str_slice(text, 0, open));
        put_optional(&w, optional);
        text = open == STR_NOT_FOUND ? (Str){0} : str_from(text, open + optional.len + 2);
    }
    if (w.lacks) {
        return (Str){0};
    }
    put_rest(&w);
    return arena_join(a, w.parts.at, w.parts.count);
}
