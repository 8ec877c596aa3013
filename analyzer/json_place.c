#include "json_place.h"

static size_t skip_blanks(Str text, size_t at)
{
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\t' || text.at[at] == '\n' || text.at[at] == '\r')) {
        at++;
    }
    return at;
}

static size_t string_end(Str text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++) {
        at += text.at[at] == '\\';
    }
    return at < text.len ? at + 1 : text.len;
}

static size_t value_end(Str text, size_t at)
{
    size_t depth = 0;
    while (at < text.len) {
        uint8_t c = text.at[at];
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || c <= ' ')) {
            return at;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at = c == '"' ? string_end(text, at) : at + 1;
        if (depth == 0 && (c == '"' || c == '}' || c == ']')) {
            return at;
        }
    }
    return at;
}

/* The item of an object or array that a step leads to; `at` is behind the bracket. */
static bool step_into(Str text, size_t at, const JsonStep *step, JsonSpan *to)
{
    for (size_t index = 0;; index++) {
        Str key = {0};
        at = skip_blanks(text, at);
        if (at >= text.len || text.at[at] == '}' || text.at[at] == ']') {
            return false;
        }
        if (step->key.at) {
            size_t end = string_end(text, at);
            key = str_slice(text, at + 1, end - 1);
            at = skip_blanks(text, skip_blanks(text, end) + 1);
        }
        JsonSpan value = {at, value_end(text, at)};
        if (step->key.at ? str_eq(key, step->key) : index == step->index) {
            *to = value;
            return true;
        }
        at = skip_blanks(text, value.to);
        at += at < text.len && text.at[at] == ',';
    }
}

bool json_place(Str text, const JsonStep *steps, size_t count, JsonSpan *to)
{
    to->from = skip_blanks(text, 0);
    to->to = value_end(text, to->from);
    for (size_t i = 0; i < count; i++) {
        bool object = to->from < text.len && text.at[to->from] == '{';
        bool array = to->from < text.len && text.at[to->from] == '[';
        if (!(steps[i].key.at ? object : array) || !step_into(text, to->from + 1, &steps[i], to)) {
            return false;
        }
    }
    return true;
}

TextPlace text_place(Str text, size_t offset)
{
    TextPlace place = {1, 1};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        bool inside = (text.at[i] & 0xC0) == 0x80; /* of a character of UTF-8 */
        place.line += text.at[i] == '\n';
        place.column = text.at[i] == '\n' ? 1 : place.column + !inside;
    }
    return place;
}
