#include "json_text.h"

#include <stdlib.h>
#include <string.h>

#include "json_repair.h"

/* --- in ----------------------------------------------------------------------------------------------------------- */

static Str without_nul(Arena *a, Str text)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        to[len] = text.at[i];
        len += text.at[i] != 0;
    }
    return (Str){to, len};
}

/* jansson allows 2048 levels and any number of values, each of which takes a hundred bytes and more. */
static bool within_limits(Str text)
{
    size_t depth = 0, values = 0;
    bool inside = false;
    for (size_t i = 0; i < text.len && values < LIMIT_JSON_VALUES; i++) {
        uint8_t c = text.at[i];
        if (inside) {
            i += c == '\\';
            inside = c != '"';
        } else if (c == '{' || c == '[') {
            values++;
            if (++depth > LIMIT_JSON_DEPTH) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else {
            values += c == ',';
            inside = c == '"';
        }
    }
    return values < LIMIT_JSON_VALUES;
}

static uint64_t line_at(Str text, size_t at)
{
    uint64_t line = 1;
    for (size_t i = 0; (i = str_find_byte(text, '\n', i)) < at; i++) {
        line++;
    }
    return line;
}

/* jansson's own words quote the text near the error, which may be a secret. */
static void tell(JsonText *doc, const JsonRepair *fix, uint64_t line, Source *src, Analysis *out)
{
    const char *what = str_has(doc->text, STR("***REDACTED***"))  ? "JSON is not whole: lines were redacted"
                       : !fix->root                               ? "no JSON"
                       : fix->cut && fix->bad_at == STR_NOT_FOUND ? "JSON is cut"
                       : fix->bad_at == STR_NOT_FOUND             ? "not valid JSON"
                                                                  : "text that does not belong into the JSON";
    if (fix->cut && fix->bad_at == STR_NOT_FOUND) {
        line = line_at(doc->text, doc->text.len);
        doc->status = ST_PARTIAL;
    } else {
        line = fix->bad_at == STR_NOT_FOUND ? line : line_at(doc->text, fix->bad_at);
        doc->status = ST_FAILED;
    }
    analysis_diag_line(out, src, line, what);
}

static void parse(JsonText *doc, Arena *a, Source *src, Analysis *out)
{
    json_error_t error = {.line = 1};
    bool fits = within_limits(doc->text);
    if (fits) {
        doc->root = json_loadb((const char *)doc->text.at, doc->text.len, JSON_ALLOW_NUL, &error);
    }
    if (doc->root) {
        return;
    }
    JsonRepair fix = json_repair(doc->text, a);
    doc->root = fix.root;
    doc->broken = true;
    if (fits || fix.bad_at != STR_NOT_FOUND || fix.cut) {
        tell(doc, &fix, error.line > 0 ? (uint64_t)error.line : 1, src, out);
    }
    if (fix.limited) {
        analysis_limit(out, "JSON values", "values that lie too deep or are too many were left out");
        doc->status = status_worse(doc->status, ST_PARTIAL);
    }
}

/* In growing steps: nearly every document is small, and a buffer is made for what is asked. */
static Str peek_all(Source *src)
{
    Str text = source_peek_text(src, 64 * KIB);
    for (size_t want = 64 * KIB; text.len >= want && want <= LIMIT_DOCUMENT; text = source_peek_text(src, want)) {
        want = want * 2 <= LIMIT_DOCUMENT ? want * 2 : LIMIT_DOCUMENT + 1;
    }
    return text;
}

void json_text_open(JsonText *doc, Source *src, Arena *a, Analysis *out)
{
    *doc = (JsonText){.status = ST_OK};
    Str text = peek_all(src);
    bool whole = text.len <= LIMIT_DOCUMENT;
    text = str_slice(text, 0, LIMIT_DOCUMENT);
    doc->text = without_nul(a, text);
    source_consume_text(src, text.len);
    if (!whole) {
        analysis_limit(out, "document size", "the rest of the document was not read");
    }
    if (str_trim(doc->text).len) {
        parse(doc, a, src, out);
    } else {
        doc->broken = true;
        doc->status = text.len ? ST_FAILED : ST_PARTIAL;
        analysis_diag_line(out, src, 1, text.len ? "nothing but zero bytes and blanks" : "the file is empty");
    }
    doc->status = status_worse(doc->status, whole ? ST_OK : ST_PARTIAL);
}

void json_text_close(JsonText *doc)
{
    json_decref(doc->root);
    doc->root = NULL;
}

void json_text_foreign(JsonText *doc, Source *src, Analysis *out, const char *what)
{
    if (!doc->broken) {
        analysis_diag_line(out, src, 1, what);
        doc->status = ST_FAILED;
    }
}

json_t *json_text_nested(Str text, Arena *a, bool *broken)
{
    text = str_trim(text);
    *broken = false;
    if (!str_starts(text, STR("{")) && !str_starts(text, STR("["))) {
        return NULL;
    }
    json_t *root = NULL;
    if (within_limits(text)) {
        root = json_loadb((const char *)text.at, text.len, JSON_ALLOW_NUL, NULL);
    }
    *broken = !root;
    return root ? root : json_repair(text, a).root;
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

static const json_t *member(const json_t *object, Str name)
{
    const char *key;
    size_t len;
    json_t *value;
    json_object_keylen_foreach((json_t *)object, key, len, value)
    {
        if (str_eq_nocase((Str){(const uint8_t *)key, len}, name)) {
            return value;
        }
    }
    return NULL;
}

const json_t *json_text_at(const json_t *from, const char *path)
{
    Str rest = str_of(path), name;
    from = json_text_item(from, 0);
    while (from && str_split(&rest, '/', &name)) {
        from = json_is_object(from) ? json_text_item(member(from, name), 0) : NULL;
    }
    return from;
}

const json_t *json_text_item(const json_t *list, size_t index)
{
    return json_is_array(list) ? json_array_get(list, index) : index == 0 ? list : NULL;
}

const json_t *json_text_find(const json_t *from, Str key)
{
    const json_t *hit = json_is_object(from) ? member(from, key) : NULL;
    for (size_t i = 0; !hit && json_is_array(from) && i < json_array_size(from); i++) {
        hit = json_text_find(json_array_get(from, i), key);
    }
    if (hit || !json_is_object(from)) {
        return hit;
    }
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)from, name, value)
    {
        (void)name;
        if ((hit = json_text_find(value, key))) {
            return hit;
        }
    }
    return NULL;
}

Str json_text_str(Arena *a, const json_t *value)
{
    if (json_is_string(value)) {
        return (Str){(const uint8_t *)json_string_value(value), json_string_length(value)};
    }
    if (json_is_integer(value)) {
        return arena_format(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    }
    return json_is_true(value) ? STR("true") : json_is_false(value) ? STR("false") : STR("");
}

void json_text_seek(const JsonText *doc, JsonPlace *place, Str needle)
{
    size_t hit = str_find(doc->text, needle, place->from);
    place->line = place->line ? place->line : 1;
    if (hit == STR_NOT_FOUND) {
        place->from = doc->text.len; /* for good: a search that fails must not be repeated over the whole text */
        return;
    }
    for (size_t i = place->offset; (i = str_find_byte(doc->text, '\n', i)) < hit; i++) {
        place->line++;
    }
    place->offset = hit;
    place->from = hit + 1;
}

/* --- bids --------------------------------------------------------------------------------------------------------- */

/* `[{`, `[]`, `{"` or `{}`: a log line may begin with a bracket, too. */
static bool begins_like_json(Str head)
{
    head = str_trim(head);
    if (str_starts(head, STR("***REDACTED***"))) {
        return true;
    }
    if (!str_starts(head, STR("{")) && !str_starts(head, STR("["))) {
        return false;
    }
    Str next = str_trim(str_from(head, 1));
    const char *follow = head.at[0] == '{' ? "\"}" : "{]";
    return next.len && (next.at[0] == follow[0] || next.at[0] == follow[1]);
}

bool json_head_has(Str head, Str key)
{
    uint8_t plain[LIMIT_HEAD + 1]; /* without the zero bytes, ASCII in UTF-16 is ASCII */
    size_t len = 0;
    for (size_t i = 0; i < head.len && len < LIMIT_HEAD; i++) {
        plain[len] = head.at[i];
        len += head.at[i] != 0;
    }
    Str text = {plain, len};
    text = str_from(text, str_starts(text, STR("\xEF\xBB\xBF"))                                    ? 3
                          : str_starts(text, STR("\xFF\xFE")) || str_starts(text, STR("\xFE\xFF")) ? 2
                                                                                                   : 0);
    return begins_like_json(text) && str_has(text, key);
}
