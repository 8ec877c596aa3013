/* signature_json FILE...   signature files as the loader reads them, in JSON, for tests/schema.py:
 *
 *   {"errors": "…", "docs": [{"file": …, "doc": …}, …], "words": {"what it is held against": [word, …], …},
 *    "product": [word, …], "service": […], "category": […]}
 *
 * All files are one set, with the built-in log sources and no built-in causes. Plain scalars are what YAML 1.2 makes of
 * them, as in editors. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "rule_load.h"

static json_t *text_json(Str s)
{
    return json_stringn((const char *)(s.at ? s.at : (const uint8_t *)""), s.len);
}

static json_t *number_json(Str s)
{
    char text[64], *end;
    if (s.len == 0 || s.len >= sizeof text || (!byte_digit(s.at[s.len - 1]) && byte_hex(s.at[s.len - 1]) < 0)) {
        return NULL;
    }
    memcpy(text, s.at, s.len);
    text[s.len] = 0;
    bool hex = str_starts(s, STR("0x")), plain = true;
    for (size_t i = 0; i < s.len && !hex; i++) {
        plain = plain && (byte_digit(s.at[i]) || s.at[i] == '.' || (i == 0 && (s.at[i] == '-' || s.at[i] == '+')));
    }
    double real = plain ? strtod(text, &end) : 0;
    bool whole = hex || str_find_byte(s, '.', 0) == STR_NOT_FOUND;
    if (whole && plain) {
        long long n = strtoll(text, &end, hex ? 16 : 10);
        return *end ? NULL : json_integer(n);
    }
    return plain && !*end ? json_real(real) : NULL;
}

static json_t *scalar_json(const Node *n)
{
    if (!n->plain) {
        return text_json(n->text);
    }
    bool yes = str_eq(n->text, STR("true")) || str_eq(n->text, STR("True")) || str_eq(n->text, STR("TRUE"));
    bool no = str_eq(n->text, STR("false")) || str_eq(n->text, STR("False")) || str_eq(n->text, STR("FALSE"));
    json_t *number = number_json(n->text);
    return node_null(n) ? json_null() : yes || no ? json_boolean(yes) : number ? number : text_json(n->text);
}

static json_t *node_json(Arena *a, const Node *n)
{
    if (n->kind == NODE_SCALAR) {
        return scalar_json(n);
    }
    json_t *to = n->kind == NODE_LIST ? json_array() : json_object();
    for (size_t i = 0; i < n->count; i++) {
        if (n->kind == NODE_LIST) {
            json_array_append_new(to, node_json(a, n->items[i]));
        } else {
            Str key = arena_join(a, (Str[]){map_key(n, i)->text, STR("\0")}, 2);
            json_object_set_new(to, (const char *)key.at, node_json(a, map_value(n, i)));
        }
    }
    return to;
}

static void told(void *with, const char *what, const Str *words, size_t count)
{
    json_t *all = with, *list = json_object_get(all, what);
    if (!list) {
        list = json_array();
        json_object_set_new(all, what, list);
    }
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, text_json(words[i]));
    }
}

static Str file_text(Arena *a, const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *in = fopen(path, "rb");
    if (!in) {
        perror(path);
        exit(1);
    }
    Str text = arena_str(a, (Str){bytes, fread(bytes, 1, sizeof bytes, in)});
    fclose(in);
    return text;
}

static void sources_json(json_t *to, const RuleSet *set)
{
    const char *const keys[] = {"product", "service", "category"};
    for (size_t k = 0; k < 3; k++) {
        json_t *list = json_array();
        for (size_t i = 0; i < set->source_count; i++) {
            const LogSource *s = &set->sources[i];
            Str word = k == 0 ? s->product : k == 1 ? s->service : s->category;
            if (word.len) {
                json_array_append_new(list, text_json(word));
            }
        }
        json_object_set_new(to, keys[k], list);
    }
}

int main(int argc, char **argv)
{
    Arena a = {0};
    RuleSet set;
    static char said[1 << 20];
    FILE *errors = tmpfile(), *quiet = tmpfile();
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    Str(*files)[2] = arena_alloc(&a, count, sizeof *files, _Alignof(Str));
    json_t *all = json_object(), *docs = json_array(), *words = json_object();
    if (!errors || !quiet) {
        perror("tmpfile");
        return 1;
    }
    Sink none = sink_file(quiet), to = sink_file(errors);
    for (size_t i = 0; i < count; i++) {
        files[i][0] = str_of(argv[i + 1]);
        files[i][1] = file_text(&a, argv[i + 1]);
        const RuleFile file = {.path = files[i][0], .text = files[i][1]};
        Loader l = {.run = &a, .errors = &none, .file = &file};
        NodeList nodes = {0};
        yaml_read(&l, &nodes);
        for (size_t d = 0; d < nodes.docs.count; d++) {
            json_array_append_new(docs,
                                  json_pack("{s:s, s:o}", "file", argv[i + 1], "doc", node_json(&a, nodes.docs.at[d])));
        }
    }
    rule_set_load_told(&set, (const Str(*)[2])files, count, &a, &to, told, words);
    sink_close(&to);
    sink_close(&none);
    rewind(errors);
    said[fread(said, 1, sizeof said - 1, errors)] = 0;
    json_object_set_new(all, "errors", json_string(said));
    json_object_set_new(all, "docs", docs);
    json_object_set_new(all, "words", words);
    sources_json(all, &set);
    json_dumpf(all, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(all);
    rule_set_free(&set);
    arena_free(&a);
    fclose(errors);
    fclose(quiet);
    return 0;
}
