#include "json_repair.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf.h"
#include "limits.h"

typedef struct Repair {
    Str text;
    size_t pos;
    Arena *a;
    json_t *open[LIMIT_JSON_DEPTH]; /* open[0] is the root and stays open until the end */
    size_t depth;
    size_t beyond; /* containers that are open above the limit of depth */
    bool closed;   /* the root was */
    bool has_key;
    Str key;
    size_t values;
    JsonRepair result;
} Repair;

static json_t *made(json_t *value)
{
    if (!value) {
        abort(); /* no memory */
    }
    return value;
}

static void bad(Repair *r, size_t at)
{
    if (r->result.bad_at == STR_NOT_FOUND) {
        r->result.bad_at = at;
    }
}

/* --- where values go ---------------------------------------------------------------------------------------------- */

static void put(Repair *r, json_t *value)
{
    json_t *top = r->depth && !r->beyond ? r->open[r->depth - 1] : NULL;
    const char *key = (const char *)r->key.at;
    bool taken = true;
    if (r->values++ >= LIMIT_JSON_VALUES) {
        r->result.limited = true;
        taken = false;
    } else if (json_is_array(top)) {
        json_array_append(top, value);
    } else if (json_is_object(top) && r->has_key && !json_object_getn(top, key, r->key.len)) {
        json_object_setn_new_nocheck(top, key, r->key.len, json_incref(value));
    } else {
        taken = json_is_object(top) && r->has_key;
    }
    if (!taken && !r->beyond && !r->result.limited) {
        bad(r, r->pos);
    }
    r->has_key = false;
    json_decref(value);
}

static void push(Repair *r, bool object)
{
    if (r->beyond || r->depth == LIMIT_JSON_DEPTH || r->values >= LIMIT_JSON_VALUES) {
        r->beyond++;
        r->has_key = false;
        r->result.limited = true;
        return;
    }
    json_t *container = made(object ? json_object() : json_array());
    if (r->depth) {
        /* A container nobody refers to (no key, a key again) is still read: its keys are worth having. */
        json_t *held = r->open[r->depth - 1];
        const char *key = (const char *)r->key.at;
        bool lost = json_is_object(held) && (!r->has_key || json_object_getn(held, key, r->key.len));
        r->key = lost ? STR("") : r->key;
        r->has_key = r->has_key || lost;
        put(r, json_incref(container));
    }
    r->open[r->depth++] = container;
    r->result.root = r->open[0];
}

static void pop_to(Repair *r, size_t depth)
{
    while (r->depth > depth) {
        json_decref(r->open[--r->depth]);
    }
    r->has_key = false;
}

static void close_one(Repair *r, bool object)
{
    if (r->beyond) {
        r->beyond--;
        return;
    }
    size_t at = r->depth;
    while (at > 0 && json_is_object(r->open[at - 1]) != object) {
        at--;
    }
    if (at != r->depth || at == 0) {
        bad(r, r->pos);
    }
    if (at > 0) {
        pop_to(r, at > 1 ? at - 1 : 1);
    }
    r->closed = r->closed || at == 1;
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(Repair *r)
{
    while (r->pos < r->text.len && blank(r->text.at[r->pos])) {
        r->pos++;
    }
}

static bool hex4(Str s, size_t at, uint32_t *value)
{
    *value = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = at + i < s.len ? byte_hex(s.at[at + i]) : -1;
        if (digit < 0) {
            return false;
        }
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* The character behind `\u` at s[*at]; moves behind it. */
static uint32_t unicode_escape(Str s, size_t *at)
{
    uint32_t high, low;
    if (!hex4(s, *at, &high)) {
        return 'u';
    }
    *at += 4;
    if (high >= 0xD800 && high < 0xDC00 && *at + 1 < s.len && s.at[*at] == '\\' && s.at[*at + 1] == 'u' &&
        hex4(s, *at + 2, &low) && low >= 0xDC00 && low < 0xE000) {
        *at += 6;
        return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    return high >= 0xD800 && high < 0xE000 ? 0xFFFD : high;
}

static uint32_t short_escape(uint8_t c)
{
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'b': return '\b';
    case 'f': return '\f';
    default: return c;
    }
}

static Str unescape(Arena *a, Str raw)
{
    if (str_find_byte(raw, '\\', 0) == STR_NOT_FOUND) {
        return raw;
    }
    uint8_t *to = ARENA_NEW(a, uint8_t, raw.len);
    size_t len = 0;
    for (size_t i = 0; i < raw.len;) {
        uint8_t c = raw.at[i++];
        if (c != '\\' || i == raw.len) {
            to[len++] = c;
            continue;
        }
        c = raw.at[i++];
        if (c == 'u') {
            len += utf8_encode(to + len, unicode_escape(raw, &i));
        } else if (c < 0x80) {
            to[len++] = (uint8_t)short_escape(c);
        } else {
            to[len++] = c;
        }
    }
    return (Str){to, len};
}

/* From behind the quote. A line feed ends a string, too: JSON has none in strings, and the next line may be good. */
static Str string_token(Repair *r)
{
    size_t from = r->pos;
    while (r->pos < r->text.len && r->text.at[r->pos] != '"' && r->text.at[r->pos] != '\n') {
        r->pos += r->text.at[r->pos] == '\\' && r->pos + 1 < r->text.len ? 2 : 1;
    }
    Str raw = str_slice(r->text, from, r->pos);
    if (r->pos >= r->text.len) {
        r->result.cut = true;
    } else if (r->text.at[r->pos++] == '\n') {
        bad(r, r->pos - 1);
    }
    return unescape(r->a, raw);
}

/* The start of a message or of JSON inside is worth having; the start of a number or an id is a wrong one. */
static bool good_when_cut(Str value)
{
    return str_find_byte(value, ' ', 0) != STR_NOT_FOUND || str_starts(value, STR("{")) || str_starts(value, STR("["));
}

static void string(Repair *r)
{
    r->pos++;
    Str value = string_token(r);
    skip_blanks(r);
    if (r->pos == r->text.len || r->text.at[r->pos] != ':') {
        bool half_key = r->pos == r->text.len && !r->has_key;
        if (r->result.cut ? r->has_key && good_when_cut(value) : !half_key) {
            put(r, made(json_stringn_nocheck((const char *)value.at, value.len)));
        }
        return;
    }
    r->pos++;
    if (!r->beyond && (!r->depth || json_is_array(r->open[r->depth - 1]))) {
        bad(r, r->pos);
        push(r, true);
    }
    r->key = value;
    r->has_key = true;
}

static bool is_number(Str word)
{
    bool digits = false;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.at[i];
        digits = digits || byte_digit(c);
        if (!byte_digit(c) && c != '-' && c != '+' && c != '.' && byte_lower(c) != 'e') {
            return false;
        }
    }
    return digits;
}

static bool word_byte(uint8_t c)
{
    bool letter = byte_lower(c) >= 'a' && byte_lower(c) <= 'z';
    return letter || byte_digit(c) || c == '-' || c == '+' || c == '.' || c == '_';
}

static void word(Repair *r)
{
    size_t from = r->pos;
    while (r->pos < r->text.len && word_byte(r->text.at[r->pos])) {
        r->pos++;
    }
    Str text = str_slice(r->text, from, r->pos);
    if (r->pos == r->text.len) {
        r->result.cut = true;
    } else if (str_eq(text, STR("true")) || str_eq(text, STR("false"))) {
        put(r, json_boolean(text.at[0] == 't'));
    } else if (str_eq(text, STR("null"))) {
        put(r, json_null());
    } else if (is_number(text)) {
        put(r, made(json_stringn_nocheck((const char *)text.at, text.len)));
    } else {
        bad(r, from);
    }
}

static void token(Repair *r)
{
    uint8_t c = r->text.at[r->pos];
    if (c == '"') {
        string(r);
    } else if (c == '{' || c == '[') {
        push(r, c == '{');
        r->pos++;
    } else if (c == '}' || c == ']') {
        close_one(r, c == '}');
        r->pos++;
    } else if (word_byte(c)) {
        word(r);
    } else {
        if (c != ',') {
            bad(r, r->pos);
        }
        r->has_key = false;
        r->pos++;
    }
}

JsonRepair json_repair(Str text, Arena *a)
{
    Repair r = {.text = text, .a = a, .result = {.bad_at = STR_NOT_FOUND}};
    for (skip_blanks(&r); r.pos < text.len; skip_blanks(&r)) {
        if (r.closed && r.result.bad_at == STR_NOT_FOUND) {
            bad(&r, r.pos); /* text behind a whole document: what an older, longer one left */
            break;
        }
        token(&r);
    }
    r.result.cut = r.result.cut || (r.result.root && !r.closed);
    pop_to(&r, r.depth ? 1 : 0);
    return r.result;
}
