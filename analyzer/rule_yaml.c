#include "rule_yaml.h"

#include <string.h>
#include <yaml.h>

#include "limits.h"
#include "timestamp.h"

#define WORD_MAX 64

/* --- errors ----------------------------------------------------------------------------------------------------- */

static void complain_at(Loader *l, size_t line, size_t column, const Str *parts, size_t count)
{
    l->error_count++;
    sink_term(l->errors, l->file);
    sink_format(l->errors, ":%zu:%zu: ", line, column);
    for (size_t i = 0; i < count; i++) {
        sink_term(l->errors, parts[i]);
    }
    sink_put(l->errors, "\n");
}

void complain(Loader *l, const Node *at, const Str *parts, size_t count)
{
    complain_at(l, at ? at->line : 1, at ? at->column : 1, parts, count);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters wrong, missing, too many, or two swapped. */
static size_t distance(Str a, Str b)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            uint8_t x = byte_lower(a.at[i - 1]), y = byte_lower(b.at[j - 1]);
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (x != y));
            bool swapped = i > 1 && j > 1 && x == byte_lower(b.at[j - 2]) && y == byte_lower(a.at[i - 2]);
            now[j] = swapped ? least(now[j], before[j - 2] + 1) : now[j];
        }
    }
    return rows[a.len % 3][b.len];
}

Str nearest_word(Str word, const Str *known, size_t count)
{
    Str best = {0};
    size_t reach = 1 + word.len / 4;
    for (size_t i = 0; i < count && word.len <= WORD_MAX; i++) {
        size_t far = known[i].len && known[i].len <= WORD_MAX ? distance(word, known[i]) : SIZE_MAX;
        if (far <= reach && far < word.len) {
            best = known[i];
            reach = far ? far - 1 : 0;
            if (far == 0) {
                break;
            }
        }
    }
    return best;
}

void complain_unknown(Loader *l, const Node *at, const char *what, Str word, const Str *known, size_t count)
{
    Str near = nearest_word(word, known, count);
    if (near.len) {
        COMPLAIN(l, at, STR("unknown "), str_of(what), STR(" '"), word, STR("'; did you mean '"), near, STR("'?"));
        return;
    }
    VEC(Str) list = {0};
    for (size_t i = 0; i < count && i < 40; i++) {
        *VEC_ADD(l->run, &list) = i ? STR(", ") : STR("; known: ");
        *VEC_ADD(l->run, &list) = known[i];
    }
    Str all = count > 40 ? (Str){0} : arena_join(l->run, list.at, list.count);
    COMPLAIN(l, at, STR("unknown "), str_of(what), STR(" '"), word, STR("'"), all);
}

/* --- the tree --------------------------------------------------------------------------------------------------- */

typedef struct Frame { /* an open list or map */
    Node *node;
    VEC(Node *) items;
} Frame;

typedef struct Reader {
    Loader *l;
    yaml_parser_t parser;
    Frame open[LIMIT_YAML_DEPTH];
    size_t depth, nodes;
    Node *root; /* of the document being read */
} Reader;

static bool refuse(Reader *r, yaml_mark_t at, const char *what)
{
    Str text = str_of(what);
    complain_at(r->l, at.line + 1, at.column + 1, &text, 1);
    return false;
}

static bool key_check(Reader *r, const Frame *f, const Node *key, yaml_mark_t at)
{
    if (key->kind != NODE_SCALAR) {
        return refuse(r, at, "a list or a map as a key; keys are plain words");
    }
    if (key->plain && str_eq(key->text, STR("<<"))) {
        return refuse(r, at, "merge keys are not supported; write the keys out");
    }
    for (size_t i = 0; i < f->items.count; i += 2) {
        const Node *other = f->items.at[i];
        if (str_eq(other->text, key->text)) {
            COMPLAIN(r->l, key, STR("key '"), key->text, STR("' stands here twice; first in line "),
                     arena_format(r->l->run, "%u", (unsigned)other->line), STR("; keep one"));
            return false;
        }
    }
    return true;
}

static bool node_place(Reader *r, Node *n, yaml_mark_t at)
{
    if (r->depth == 0) {
        r->root = n;
        return true;
    }
    Frame *f = &r->open[r->depth - 1];
    if (f->node->kind == NODE_MAP && f->items.count % 2 == 0 && !key_check(r, f, n, at)) {
        return false;
    }
    *VEC_ADD(r->l->run, &f->items) = n;
    return true;
}

static Node *node_new(Reader *r, NodeKind kind, yaml_mark_t at)
{
    Node *n = ARENA_NEW(r->l->run, Node, 1);
    *n = (Node){.kind = kind, .line = (uint32_t)at.line + 1, .column = (uint32_t)at.column + 1};
    return n;
}

static bool node_open(Reader *r, NodeKind kind, yaml_mark_t at)
{
    if (r->depth == LIMIT_YAML_DEPTH) {
        return refuse(r, at, "nested too deeply; sixteen levels are the most");
    }
    Node *n = node_new(r, kind, at);
    if (!node_place(r, n, at)) {
        return false;
    }
    r->open[r->depth++] = (Frame){.node = n};
    return true;
}

static void node_shut(Reader *r)
{
    Frame *f = &r->open[--r->depth];
    f->node->items = f->items.at;
    f->node->count = f->node->kind == NODE_MAP ? f->items.count / 2 : f->items.count;
}

static bool scalar_add(Reader *r, const yaml_event_t *e)
{
    Str text = {e->data.scalar.value, e->data.scalar.length};
    if (text.len > LIMIT_YAML_SCALAR) {
        return refuse(r, e->start_mark, "a value of more than 16 KiB; shorten it");
    }
    Node *n = node_new(r, NODE_SCALAR, e->start_mark);
    n->text = arena_str(r->l->run, text);
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return node_place(r, n, e->start_mark);
}

/* What YAML has and signatures do not. */
static const char *forbidden(const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (e->type) {
    case YAML_ALIAS_EVENT: return "aliases are not supported; write the value out";
    case YAML_SCALAR_EVENT: anchor = e->data.scalar.anchor, tag = e->data.scalar.tag; break;
    case YAML_SEQUENCE_START_EVENT: anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag; break;
    case YAML_MAPPING_START_EVENT: anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag; break;
    case YAML_DOCUMENT_START_EVENT:
        return e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end
                   ? "tag directives are not supported; leave them out"
                   : NULL;
    default: return NULL;
    }
    return anchor ? "anchors are not supported; write the value out"
           : tag  ? "tags are not supported; leave it out"
                  : NULL;
}

static bool event_take(Reader *r, const yaml_event_t *e, NodeList *docs)
{
    const char *why = forbidden(e);
    if (why) {
        return refuse(r, e->start_mark, why);
    }
    if (++r->nodes > LIMIT_YAML_NODES) {
        return refuse(r, e->start_mark, "more than 20000 values in one file; split it");
    }
    switch (e->type) {
    case YAML_SCALAR_EVENT: return scalar_add(r, e);
    case YAML_SEQUENCE_START_EVENT: return node_open(r, NODE_LIST, e->start_mark);
    case YAML_MAPPING_START_EVENT: return node_open(r, NODE_MAP, e->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: node_shut(r); return true;
    case YAML_DOCUMENT_END_EVENT:
        if (r->root && !node_null(r->root)) {
            *VEC_ADD(r->l->run, &docs->docs) = r->root;
        }
        r->root = NULL;
        return true;
    default: return true;
    }
}

static bool syntax_error(Reader *r)
{
    const yaml_parser_t *p = &r->parser;
    yaml_mark_t at = p->problem_mark;
    if (p->error == YAML_READER_ERROR) { /* it knows an offset only */
        at = (yaml_mark_t){0};
    }
    Str parts[] = {STR("not YAML: "), str_of(p->problem ? p->problem : "out of memory"), STR("; "),
                   p->error == YAML_READER_ERROR ? STR("files are UTF-8 without control characters")
                                                 : STR("check indents, colons and quotes here and above")};
    complain_at(r->l, at.line + 1, at.column + 1, parts, sizeof parts / sizeof *parts);
    return false;
}

bool yaml_read(Loader *l, Str text, NodeList *docs)
{
    Reader r = {.l = l};
    if (text.len > LIMIT_YAML_BYTES) {
        COMPLAIN(l, NULL, STR("more than 1 MiB; split the file"));
        return false;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        return syntax_error(&r);
    }
    yaml_parser_set_input_string(&r.parser, text.at ? text.at : (const uint8_t *)"", text.len);
    bool ok = true, done = false;
    while (ok && !done) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r.parser, &e)) {
            ok = syntax_error(&r);
            break;
        }
        done = e.type == YAML_STREAM_END_EVENT;
        ok = event_take(&r, &e, docs);
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&r.parser);
    return ok;
}

/* --- typed access ----------------------------------------------------------------------------------------------- */

const Node *map_get(const Node *map, const char *key)
{
    Str word = str_of(key);
    for (size_t i = 0; map->kind == NODE_MAP && i < map->count; i++) {
        if (str_eq(map_key(map, i)->text, word)) {
            return map_value(map, i);
        }
    }
    return NULL;
}

bool node_null(const Node *n)
{
    return n->kind == NODE_SCALAR && n->plain &&
           (n->text.len == 0 || str_eq(n->text, STR("~")) || str_eq_nocase(n->text, STR("null")));
}

bool map_check(Loader *l, const Node *n, const char *what, const Str *known, size_t count)
{
    if (n->kind != NODE_MAP) {
        COMPLAIN(l, n, STR("'"), str_of(what), STR("' must be a map: 'key: value'"));
        return false;
    }
    size_t before = l->error_count;
    for (size_t i = 0; i < n->count; i++) {
        bool found = false;
        for (size_t k = 0; k < count && !found; k++) {
            found = str_eq(map_key(n, i)->text, known[k]);
        }
        if (!found) {
            complain_unknown(l, map_key(n, i), "key", map_key(n, i)->text, known, count);
        }
    }
    return l->error_count == before;
}

Str node_text(Loader *l, const Node *n, const char *what)
{
    if (n->kind == NODE_SCALAR && !node_null(n) && n->text.len) {
        return n->text;
    }
    COMPLAIN(l, n, STR("'"), str_of(what), STR("' must be a text"));
    return (Str){0};
}

bool node_flag(Loader *l, const Node *n, const char *what)
{
    bool yes = n->kind == NODE_SCALAR && (str_eq_nocase(n->text, STR("true")) || str_eq_nocase(n->text, STR("yes")));
    bool no = n->kind == NODE_SCALAR && (str_eq_nocase(n->text, STR("false")) || str_eq_nocase(n->text, STR("no")));
    if ((!yes && !no) || !n->plain) {
        COMPLAIN(l, n, STR("'"), str_of(what), STR("' must be true or false, without quotes"));
    }
    return yes;
}

int64_t node_span(Loader *l, const Node *n, const char *what)
{
    int64_t ns = 0;
    if (n->kind != NODE_SCALAR || !timespan_parse(n->text, &ns) || ns < 0) {
        COMPLAIN(l, n, STR("'"), str_of(what),
                 STR("' must be a time span: a number and s, m, h, d or w, as 90s, 5m, 24h"));
        return 0;
    }
    return ns;
}

const Str *node_texts(Loader *l, const Node *n, const char *what, size_t *count)
{
    size_t items = n->kind == NODE_LIST ? n->count : 1;
    Str *texts = ARENA_NEW(l->run, Str, items);
    *count = 0;
    for (size_t i = 0; i < items; i++) {
        Str text = node_text(l, n->kind == NODE_LIST ? n->items[i] : n, what);
        if (text.len) {
            texts[(*count)++] = text;
        }
    }
    return texts;
}

Str map_text(Loader *l, const Node *map, const char *key, bool must)
{
    const Node *n = map_get(map, key);
    if (n) {
        return node_text(l, n, key);
    }
    if (must) {
        COMPLAIN(l, map, STR("'"), str_of(key), STR("' is missing; add '"), str_of(key), STR(": …'"));
    }
    return (Str){0};
}

const Str *map_texts(Loader *l, const Node *map, const char *key, size_t *count)
{
    const Node *n = map_get(map, key);
    *count = 0;
    return n ? node_texts(l, n, key, count) : NULL;
}
