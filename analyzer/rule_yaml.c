#include "rule_yaml.h"

#include <string.h>
#include <yaml.h>

#include "limits.h"
#include "timestamp.h"

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
    size_t start; /* behind the byte order mark */
    Node *root;   /* of the document being read */
} Reader;

/* Says what is refused, and goes on: there may be more of it. */
static void refuse(Reader *r, yaml_mark_t at, const char *what)
{
    Str text = str_of(what);
    complain_at(r->l, (uint32_t)at.line + 1, (uint32_t)at.column + 1, 1, &text, 1);
}

/* Says it, and gives the file up. */
static bool give_up(Reader *r, yaml_mark_t at, const char *what)
{
    r->l->incomplete = true;
    refuse(r, at, what);
    return false;
}

static void key_check(Reader *r, const Frame *f, Node *key, yaml_mark_t at)
{
    if (key->kind != NODE_SCALAR) {
        refuse(r, at, "a list or a map as a key; keys are plain words");
        key->broken = true;
        return;
    }
    if (key->plain && str_eq(key->text, STR("<<"))) {
        refuse(r, at, "merge keys are not supported; write the keys out");
        key->broken = true;
        return;
    }
    for (size_t i = 0; i < f->items.count; i += 2) {
        const Node *other = f->items.at[i];
        if (!other->broken && str_eq(other->text, key->text)) {
            COMPLAIN(r->l, key, STR("key '"), key->text, STR("' stands here twice; first in line "),
                     arena_format(r->l->run, "%u", (unsigned)other->line), STR("; keep one"));
            key->broken = true;
            return;
        }
    }
}

static void node_place(Reader *r, Node *n, yaml_mark_t at)
{
    if (r->depth == 0) {
        r->root = n;
        return;
    }
    Frame *f = &r->open[r->depth - 1];
    if (f->node->kind == NODE_MAP && f->items.count % 2 == 0) {
        key_check(r, f, n, at);
    }
    *VEC_ADD(r->l->run, &f->items) = n;
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
        return give_up(r, at, "nested too deeply; sixteen levels are the most");
    }
    Node *n = node_new(r, kind, at);
    node_place(r, n, at);
    r->open[r->depth++] = (Frame){.node = n};
    return true;
}

/* What was refused is left out: the value of a key is so with it. */
static void node_shut(Reader *r)
{
    Frame *f = &r->open[--r->depth];
    size_t step = f->node->kind == NODE_MAP ? 2 : 1, count = 0;
    for (size_t i = 0; i + step <= f->items.count; i += step) {
        if (step == 1 || !f->items.at[i]->broken) {
            memmove(&f->items.at[count], &f->items.at[i], step * sizeof *f->items.at);
            count += step;
        } else {
            f->node->broken = true; /* what it lacks is not told: it may have been there */
        }
    }
    f->node->items = f->items.at;
    f->node->count = count / step;
}

static NodeStyle style_of(yaml_scalar_style_t style)
{
    return style == YAML_PLAIN_SCALAR_STYLE           ? STYLE_PLAIN
           : style == YAML_SINGLE_QUOTED_SCALAR_STYLE ? STYLE_SINGLE
           : style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ? STYLE_DOUBLE
                                                      : STYLE_BLOCK;
}

static void scalar_add(Reader *r, const yaml_event_t *e)
{
    Str text = {e->data.scalar.value, e->data.scalar.length};
    Node *n = node_new(r, NODE_SCALAR, e->start_mark);
    if (text.len > LIMIT_YAML_SCALAR) {
        refuse(r, e->start_mark, "a value of more than 16 KiB; shorten it");
        text.len = 0;
        n->broken = true;
    }
    n->text = arena_str(r->l->run, text);
    n->style = style_of(e->data.scalar.style);
    n->plain = n->style == STYLE_PLAIN;
    n->end_line = (uint32_t)e->end_mark.line + 1;
    n->end_column = (uint32_t)e->end_mark.column + 1;
    node_place(r, n, e->start_mark);
}

/* In the place of an alias. */
static void hole_add(Reader *r, const yaml_event_t *e)
{
    Node *n = node_new(r, NODE_SCALAR, e->start_mark);
    n->broken = true;
    node_place(r, n, e->start_mark);
}

/* What YAML has and signatures do not. */
static const char *forbidden(const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return "aliases are not supported; write the value out, or put a text that begins with '*' in quotes";
    case YAML_SCALAR_EVENT: anchor = e->data.scalar.anchor, tag = e->data.scalar.tag; break;
    case YAML_SEQUENCE_START_EVENT: anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag; break;
    case YAML_MAPPING_START_EVENT: anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag; break;
    case YAML_DOCUMENT_START_EVENT:
        return e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end
                   ? "tag directives are not supported; leave them out"
                   : NULL;
    default: return NULL;
    }
    return anchor ? "anchors are not supported; write the value out, or put a text that begins with '&' in quotes"
           : tag  ? "tags are not supported; leave it out, or put a text that begins with '!' in quotes"
                  : NULL;
}

static bool event_take(Reader *r, const yaml_event_t *e, NodeList *docs)
{
    const char *why = forbidden(e);
    if (why) {
        refuse(r, e->start_mark, why);
    }
    if (++r->nodes > LIMIT_YAML_NODES) {
        return give_up(r, e->start_mark, "more than 20000 values in one file; split it");
    }
    switch (e->type) {
    case YAML_ALIAS_EVENT: hole_add(r, e); return true;
    case YAML_SCALAR_EVENT: scalar_add(r, e); return true;
    case YAML_SEQUENCE_START_EVENT: return node_open(r, NODE_LIST, e->start_mark);
    case YAML_MAPPING_START_EVENT: return node_open(r, NODE_MAP, e->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: node_shut(r); return true;
    case YAML_DOCUMENT_END_EVENT:
        if (r->root && (r->root->broken || !node_null(r->root))) {
            *VEC_ADD(r->l->run, &docs->docs) = r->root;
        }
        r->root = NULL;
        return true;
    default: return true;
    }
}

/* What would be right, by what libyaml says of it. */
static Str syntax_advice(const yaml_parser_t *p)
{
    Str problem = str_of(p->problem ? p->problem : "");
    return p->error == YAML_READER_ERROR ? STR("; files are UTF-8 without control characters")
           : str_has(problem, STR("cannot start any token"))
               ? STR("; indent with blanks, and put a value that begins with '%', '@' or '`' in quotes")
           : str_has(problem, STR("alphabetic or numeric character"))
               ? STR("; put a value that begins with '*' or '&' in quotes")
           : str_has(problem, STR("escape character")) || str_has(problem, STR("hexdecimal")) /* as libyaml has it */
               ? STR("; put a text with backslashes in single quotes")
               : STR("; check indents, colons and quotes here and above");
}

static void syntax_error(Reader *r)
{
    const yaml_parser_t *p = &r->parser;
    uint32_t line = (uint32_t)p->problem_mark.line + 1, column = (uint32_t)p->problem_mark.column + 1;
    if (p->error == YAML_READER_ERROR) { /* it knows an offset only */
        file_place(r->l->file, r->start + p->problem_offset, &line, &column);
    }
    bool begun = p->context && p->error != YAML_READER_ERROR && p->context_mark.line + 1 < line;
    Str parts[] = {STR("not YAML: "),
                   str_of(p->problem ? p->problem : "out of memory"),
                   begun ? STR(" ") : (Str){0},
                   begun ? str_of(p->context) : (Str){0},
                   begun ? arena_format(r->l->run, " that begins in line %zu", p->context_mark.line + 1) : (Str){0},
                   syntax_advice(p)};
    r->l->incomplete = true;
    complain_at(r->l, line, column, 1, parts, sizeof parts / sizeof *parts);
}

void yaml_read(Loader *l, NodeList *docs)
{
    Reader r = {.l = l};
    Str text = l->file->text;
    if (text.len > LIMIT_YAML_BYTES || str_starts(text, STR("\xFF\xFE")) || str_starts(text, STR("\xFE\xFF"))) {
        l->incomplete = true;
        COMPLAIN(l, NULL,
                 text.len > LIMIT_YAML_BYTES ? STR("more than 1 MiB; split the file")
                                             : STR("is UTF-16; save it as UTF-8"));
        return;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        syntax_error(&r);
        return;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    r.start = str_starts(text, STR("\xEF\xBB\xBF")) ? 3 : 0;
    Str yaml = str_from(text, r.start);
    yaml_parser_set_input_string(&r.parser, yaml.len ? yaml.at : (const uint8_t *)"", yaml.len);
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r.parser, &e)) {
            syntax_error(&r);
            break;
        }
        more = event_take(&r, &e, docs) && e.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&r.parser);
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
    bool misspelt = false;
    if (n->kind != NODE_MAP) {
        COMPLAIN(l, n, STR("'"), str_of(what), STR("' must be a map: 'key: value'"));
        return false;
    }
    words_tell(l, what, known, count);
    for (size_t i = 0; i < n->count; i++) {
        bool found = false;
        Str key = map_key(n, i)->text;
        for (size_t k = 0; k < count && !found; k++) {
            found = str_eq(key, known[k]);
        }
        if (!found) {
            complain_unknown(l, map_key(n, i), "key", key, known, count);
            misspelt = misspelt || nearest_word(key, known, count).len;
        }
    }
    return !misspelt;
}

Str node_text(Loader *l, const Node *n, const char *what)
{
    if (n->kind == NODE_SCALAR && !node_null(n) && n->text.len) {
        return n->text;
    }
    COMPLAIN(l, n, STR("'"), str_of(what),
             n->kind == NODE_SCALAR ? STR("' has no text; give one, or take the key out") : STR("' must be a text"));
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
