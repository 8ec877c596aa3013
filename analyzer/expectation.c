#include "expectation.h"

#include <stdlib.h>

#include "base/whole_file.h"
#include "expectation_key.h"
#include "limits.h"
#include "rule_yaml.h"

/* --- places ------------------------------------------------------------------------------------------------------- */

JsonStep expect_step(const char *key)
{
    return (JsonStep){.key = str_of(key)};
}

Failure *expect_failed(const Expectation *e, const JsonStep *steps, size_t count, Str cause, Str what, FailureList *to)
{
    Failure *f = VEC_ADD(e->a, to);
    *f = (Failure){.cause = cause, .what = what, .file = e->file};
    f->exact = json_place(e->text, steps, count, &f->span);
    f->at = text_place(e->text, f->span.from);
    return f;
}

Failure *expect_failed_file(const Expectation *e, Str what, TextPlace at, FailureList *to)
{
    Failure *f = VEC_ADD(e->a, to);
    *f = (Failure){.what = what, .file = e->file, .at = at};
    return f;
}

void expectation_failed_key(const Expectation *e, const char *key, Str what, FailureList *to)
{
    const JsonStep step = expect_step(key);
    expect_failed(e, &step, 1, (Str){0}, what, to);
}

Failure *expectation_failed(const Expectation *e, Str cause, Str what, FailureList *to)
{
    const JsonStep steps[] = {{.key = STR("verdicts")}, {.key = cause}};
    return expect_failed(e, steps, 2, cause, what, to);
}

Str expect_quoted(Arena *a, const char *text)
{
    return JOIN(a, STR("\""), str_of(text), STR("\""));
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static const char *const shape_words[] = {
    [S_FLAG] = "true or false",
    [S_NUMBER] = "a number",
    [S_NUMBERS] = "a list of numbers",
    [S_TEXT] = "a text",
    [S_TEXTS] = "a list of texts",
    [S_PAIRS] = "a list of pairs: [[\"beginning\", \"other beginning\"]]",
    [S_OBJECT] = "an object",
    [S_NUMBER_BY] = "an object of numbers",
    [S_TEXT_BY] = "an object of texts",
    [S_TEXTS_BY] = "an object of lists of texts: {\"cause\": [\"needle\"]}",
    [S_VERDICT_BY] = "an object of verdicts: confirmed, likely, possible, cannot_tell, ruled_out, a list of them, or *",
    [S_CONDITION_BY] = "an object: {\"cause\": {\"condition\": \"true\", \"false\" or \"unknown\"}}",
    [S_SOURCE_BY] = "an object: {\"path\": \"status\"} or {\"path\": {\"key\": value}}",
};

static bool is_word_of(const json_t *value, const char *const *words, size_t count)
{
    for (size_t i = 0; json_is_string(value) && i < count; i++) {
        if (str_eq(str_of(json_string_value(value)), str_of(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_verdict(const json_t *value)
{
    static const char *const words[] = {"confirmed", "likely", "possible", "cannot_tell", "ruled_out"};
    return is_word_of(value, words, sizeof words / sizeof *words);
}

static bool is_truth(const json_t *value)
{
    static const char *const words[] = {"true", "false", "unknown"};
    return is_word_of(value, words, sizeof words / sizeof *words);
}

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_number(const json_t *value)
{
    return json_is_integer(value);
}

static bool is_list_of(const json_t *value, bool (*is)(const json_t *item))
{
    bool good = json_is_array(value);
    for (size_t i = 0; good && i < json_array_size(value); i++) {
        good = is(json_array_get(value, i));
    }
    return good;
}

static bool is_object_of(json_t *value, bool (*is)(const json_t *item))
{
    const char *key;
    json_t *item;
    bool good = json_is_object(value);
    json_object_foreach(value, key, item)
    {
        good = good && is(item);
    }
    return good;
}

static bool is_texts(const json_t *value)
{
    return is_list_of(value, is_text);
}

static bool is_pair(const json_t *value)
{
    return is_texts(value) && json_array_size(value) == 2;
}

static bool is_verdicts(const json_t *value)
{
    static const char *const any[] = {"*"};
    return is_verdict(value) || is_word_of(value, any, 1) || (is_list_of(value, is_verdict) && json_array_size(value));
}

static bool is_conditions(const json_t *value)
{
    return is_object_of((json_t *)value, is_truth);
}

static bool is_source(const json_t *value)
{
    return json_is_string(value) || json_is_object(value);
}

typedef bool Is(const json_t *value);

/* Of shapes that are objects of something: of what. */
static Is *item_of(Shape shape)
{
    switch (shape) {
    case S_NUMBER_BY: return is_number;
    case S_TEXT_BY: return is_text;
    case S_TEXTS_BY: return is_texts;
    case S_VERDICT_BY: return is_verdicts;
    case S_CONDITION_BY: return is_conditions;
    case S_SOURCE_BY: return is_source;
    default: return NULL;
    }
}

static bool is_shape(const json_t *value, Shape shape)
{
    switch (shape) {
    case S_FLAG: return json_is_boolean(value);
    case S_NUMBER: return is_number(value);
    case S_NUMBERS: return is_list_of(value, is_number);
    case S_TEXT: return is_text(value);
    case S_TEXTS: return is_texts(value);
    case S_PAIRS: return is_list_of(value, is_pair);
    default: return json_is_object(value); /* its items: check_items */
    }
}

static void check_items(const Expectation *e, const char *name, json_t *object, Shape shape, FailureList *to)
{
    Is *is = item_of(shape);
    const char *key;
    json_t *item;
    json_object_foreach(object, key, item)
    {
        if (is && !is(item)) {
            const JsonStep steps[] = {expect_step(name), expect_step(key)};
            char *text = json_dumps(item, JSON_ENCODE_ANY);
            Str what = JOIN(e->a, str_of(key), STR(": not "), str_of(text ? text : "that"), STR("; "),
                            expect_quoted(e->a, name), STR(" wants "), str_of(shape_words[shape]));
            free(text);
            expect_failed(e, steps, 2, (Str){0}, what, to);
        }
    }
}

static void check_key(const Expectation *e, const char *name, json_t *value, FailureList *to)
{
    const ExpectKey *key = expect_key(str_of(name));
    const JsonStep step = expect_step(name);
    Arena *a = e->a;
    if (!key) {
        StrList known = {0};
        Str all = {0};
        for (const ExpectKey *k = expect_keys; k->name; k++) {
            *VEC_ADD(a, &known) = str_of(k->name);
            all = JOIN(a, all, all.len ? STR(", ") : (Str){0}, str_of(k->name));
        }
        Str near = nearest_word(str_of(name), known.at, known.count);
        Str what = JOIN(a, STR("unknown key "), expect_quoted(a, name));
        what = near.len ? JOIN(a, what, STR("; did you mean \""), near, STR("\"?"))
                        : JOIN(a, what, STR("; known are "), all);
        expect_failed(e, &step, 1, (Str){0}, what, to);
    } else if (!is_shape(value, key->shape)) {
        Str what = JOIN(a, expect_quoted(a, name), STR(" wants "), str_of(shape_words[key->shape]));
        expect_failed(e, &step, 1, (Str){0}, what, to);
    } else {
        check_items(e, name, value, key->shape, to);
    }
}

static void check_keys(const Expectation *e, FailureList *to)
{
    const char *name;
    json_t *value;
    json_object_foreach(e->root, name, value)
    {
        check_key(e, name, value, to);
    }
    if (!json_object_get(e->root, "verdicts")) {
        expect_failed(e, NULL, 0, (Str){0}, STR("\"verdicts\" is missing: which causes, and what is said of each"), to);
    }
}

bool expectation_load(Expectation *e, Str file, Arena *a, FailureList *to)
{
    json_error_t error;
    size_t before = to->count;
    *e = (Expectation){.file = file, .a = a};
    const char *why = whole_file(a, file, LIMIT_EXPECT, &e->text);
    if (why) {
        expect_failed_file(e, str_of(why), (TextPlace){0}, to);
        return false;
    }
    json_t *root = json_loadb((const char *)e->text.at, e->text.len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        TextPlace at = {!root && error.line > 0 ? (unsigned)error.line : 1,
                        !root && error.column > 0 ? (unsigned)error.column : 1};
        Str what = root ? STR("it is no object") : JOIN(a, STR("it is no JSON: "), str_of(error.text));
        expect_failed_file(e, what, at, to);
        json_decref(root);
        return false;
    }
    e->root = root;
    check_keys(e, to);
    return to->count == before;
}

bool expectation_wants_term(const Expectation *e)
{
    return json_object_get(e->root, "term") != NULL;
}

bool expectation_flag(const Expectation *e, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(e->root, key);
    return value ? json_is_true(value) : otherwise;
}

StrList expectation_words(const Expectation *e, const char *key)
{
    const json_t *list = json_object_get(e->root, key);
    StrList words = {0};
    for (size_t i = 0; i < json_array_size(list); i++) {
        *VEC_ADD(e->a, &words) = str_of(json_string_value(json_array_get(list, i)));
    }
    return words;
}

FixtureInclude expectation_include(const Expectation *e, Str folder)
{
    const char *include = json_string_value(json_object_get(e->root, "include"));
    const json_t *rename = json_object_get(e->root, "rename");
    StrList drop = expectation_words(e, "drop");
    FixtureInclude to = {.drop = drop.at, .drop_count = drop.count, .rename_count = json_array_size(rename)};
    Str(*pairs)[2] = (Str(*)[2])ARENA_NEW(e->a, Str, 2 * to.rename_count);
    for (size_t i = 0; i < 2 * to.rename_count; i++) {
        pairs[i / 2][i % 2] = str_of(json_string_value(json_array_get(json_array_get(rename, i / 2), i % 2)));
    }
    to.rename = (const Str(*)[2])pairs;
    to.folder = include ? JOIN(e->a, folder, STR("/"), str_of(include), STR("/bundle")) : (Str){0};
    return to;
}

static int by_place(const void *a, const void *b)
{
    size_t x = ((const Failure *)a)->span.from, y = ((const Failure *)b)->span.from;
    return (x > y) - (x < y);
}

Str expectation_updated(const Expectation *e, const FailureList *failures)
{
    FailureList edits = {0};
    StrList parts = {0};
    size_t at = 0;
    for (size_t i = 0; i < failures->count; i++) {
        if (failures->at[i].becomes.len) {
            *VEC_ADD(e->a, &edits) = failures->at[i];
        }
    }
    if (edits.count) {
        qsort(edits.at, edits.count, sizeof *edits.at, by_place);
    }
    for (size_t i = 0; i < edits.count; i++) {
        *VEC_ADD(e->a, &parts) = str_slice(e->text, at, edits.at[i].span.from);
        *VEC_ADD(e->a, &parts) = edits.at[i].becomes;
        at = edits.at[i].span.to;
    }
    *VEC_ADD(e->a, &parts) = str_from(e->text, at);
    return arena_join(e->a, parts.at, parts.count);
}
