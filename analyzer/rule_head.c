/* What all documents of signatures have in common: title, id, level, date … */
#include "rule_load.h"

typedef enum KeyForm {
    KEY_OTHER, /* looked at elsewhere, or a key of the author's own */
    KEY_TEXT,
    KEY_TEXTS, /* a list of texts, or one */
    KEY_DAY,
    KEY_ID,
    KEY_LEVEL,
    KEY_STATUS,
    KEY_TAXONOMY,
    KEY_RELATED,
} KeyForm;

static const struct Key {
    const char *name;
    KeyForm form;
} keys[] = {
    {"title", KEY_TEXT},        {"id", KEY_ID},
    {"name", KEY_TEXT},         {"related", KEY_RELATED},
    {"status", KEY_STATUS},     {"description", KEY_TEXT},
    {"references", KEY_TEXTS},  {"author", KEY_TEXT},
    {"date", KEY_DAY},          {"modified", KEY_DAY},
    {"tags", KEY_TEXTS},        {"level", KEY_LEVEL},
    {"fields", KEY_TEXTS},      {"license", KEY_TEXT},
    {"scope", KEY_TEXTS},       {"falsepositives", KEY_TEXTS},
    {"taxonomy", KEY_TAXONOMY}, {"logsource", KEY_OTHER},
    {"detection", KEY_OTHER},   {"vmsift", KEY_OTHER},
    {"correlation", KEY_OTHER},
};
#define KEY_COUNT (sizeof keys / sizeof *keys)

static bool uuid(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.at[i] != '-' : byte_hex(s.at[i]) < 0) {
            return false;
        }
    }
    return s.len == 36;
}

static void id_check(Loader *l, const Node *n)
{
    Str id = node_text(l, n, "id");
    if (id.len && !uuid(id)) {
        COMPLAIN(l, n, STR("'id' must be a UUID: 8-4-4-4-12 hexadecimal digits"));
    }
}

static void day_check(Loader *l, const Node *n, const char *key)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    Str s = node_text(l, n, key);
    uint64_t year, month = 0, day = 0;
    bool ok = s.len == 10 && s.at[4] == '-' && s.at[7] == '-' && str_u64(str_slice(s, 0, 4), 10, &year) &&
              str_u64(str_slice(s, 5, 7), 10, &month) && str_u64(str_from(s, 8), 10, &day) && month >= 1 &&
              month <= 12 && day >= 1 && day <= days[month - 1] &&
              (month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
    if (s.len && !ok) {
        COMPLAIN(l, n, STR("'"), str_of(key), STR("' must be a day, as 2024-01-31"));
    }
}

static void word_check(Loader *l, const Node *n, const char *key, const Str *words, size_t count)
{
    Str word = node_text(l, n, key);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(word, words[i])) {
            return;
        }
    }
    if (word.len) {
        complain_unknown(l, n, key, word, words, count);
    }
}

static void related_check(Loader *l, const Node *n)
{
    const Str members[] = {STR("id"), STR("type")};
    const Str types[] = {STR("derived"), STR("obsolete"), STR("merged"), STR("renamed"), STR("similar")};
    if (n->kind != NODE_LIST) {
        COMPLAIN(l, n, STR("'related' must be a list of {id: …, type: …}"));
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        if (map_check(l, n->items[i], "related", members, 2)) {
            const Node *id = map_get(n->items[i], "id"), *type = map_get(n->items[i], "type");
            if (!id || !type) {
                COMPLAIN(l, n->items[i], STR("'related' needs an 'id' and a 'type'"));
                continue;
            }
            id_check(l, id);
            word_check(l, type, "type", types, sizeof types / sizeof *types);
        }
    }
}

static void key_check(Loader *l, const struct Key *key, const Node *value)
{
    const Str levels[] = {STR("informational"), STR("low"), STR("medium"), STR("high"), STR("critical")};
    const Str statuses[] = {STR("stable"), STR("test"), STR("experimental"), STR("deprecated"), STR("unsupported")};
    size_t count;
    switch (key->form) {
    case KEY_TEXT: node_text(l, value, key->name); break;
    case KEY_TEXTS: node_texts(l, value, key->name, &count); break;
    case KEY_DAY: day_check(l, value, key->name); break;
    case KEY_ID: id_check(l, value); break;
    case KEY_LEVEL: word_check(l, value, "level", levels, sizeof levels / sizeof *levels); break;
    case KEY_STATUS: word_check(l, value, "status", statuses, sizeof statuses / sizeof *statuses); break;
    case KEY_TAXONOMY:
        if (!str_eq_nocase(node_text(l, value, "taxonomy"), STR("sigma"))) {
            COMPLAIN(l, value,
                     STR("only the taxonomy 'sigma' is supported; write its names of fields and log sources"));
        }
        break;
    case KEY_RELATED: related_check(l, value); break;
    case KEY_OTHER: break;
    }
}

/* Sigma allows keys of one's own; what looks like a slip of the pen is one. */
void head_check(Loader *l, const Node *doc)
{
    Str known[KEY_COUNT];
    for (size_t k = 0; k < KEY_COUNT; k++) {
        known[k] = str_of(keys[k].name);
    }
    words_tell(l, "document", known, KEY_COUNT);
    for (size_t i = 0; i < doc->count; i++) {
        Str name = map_key(doc, i)->text, near = nearest_word(name, known, KEY_COUNT);
        if (str_eq(name, STR("action")) || str_eq(name, STR("filter"))) {
            COMPLAIN(l, map_key(doc, i), STR("'"), name, STR("' is not supported; write complete rules"));
        } else if (near.len && !str_eq(near, name)) {
            complain_unknown(l, map_key(doc, i), "key", name, known, KEY_COUNT);
        }
        for (size_t k = 0; k < KEY_COUNT; k++) {
            if (str_eq(name, known[k])) {
                key_check(l, &keys[k], map_value(doc, i));
            }
        }
    }
}

bool head_misspelt(const Node *doc, const char *key)
{
    Str known[KEY_COUNT];
    for (size_t k = 0; k < KEY_COUNT; k++) {
        known[k] = str_of(keys[k].name);
    }
    for (size_t i = 0; i < doc->count; i++) {
        Str name = map_key(doc, i)->text;
        if (!str_eq(name, str_of(key)) && str_eq(nearest_word(name, known, KEY_COUNT), str_of(key))) {
            return true;
        }
    }
    return false;
}

Str head_text(Loader *l, const Node *doc, const char *key, bool must)
{
    const Node *n = map_get(doc, key);
    if (!n && must && !head_misspelt(doc, key)) {
        COMPLAIN(l, doc, STR("'"), str_of(key), STR("' is missing; add '"), str_of(key), STR(": …'"));
    }
    return n && n->kind == NODE_SCALAR ? n->text : (Str){0};
}
