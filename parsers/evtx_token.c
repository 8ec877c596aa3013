#include "evtx_token.h"

#include "base/utf.h"
#include "evtx_chunk.h"
#include "limits.h"

/* A record has no room for more value descriptors than this: a substitution beyond it can never have a value. */
#define VALUES_MOST 16384u

/* ---- names ---- */

static bool name_byte(uint8_t c, bool first)
{
    return c >= 0x80 || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_' || c == ':' ||
           (!first && (byte_digit(c) || c == '-' || c == '.'));
}

/* A name goes out without escaping, so it must be one. */
static Str name_clean(Arena *a, Str utf16)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, utf16.len / 2 * 3 + 1);
    size_t len = utf16le_to_utf8(to, utf16);
    for (size_t i = 0; i < len; i++) {
        if (!name_byte(to[i], i == 0)) {
            to[i] = '_';
        }
    }
    if (len == 0) {
        to[len++] = '_';
    }
    return (Str){to, len};
}

static uint16_t name_hash(Str utf16)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < utf16.len; i += 2) {
        hash = hash * 65599 + little_u16(utf16.at + i);
    }
    return (uint16_t)hash;
}

/* What stands at the cursor: link, hash, length, text, end. */
static Str name_body(const BinXml *x, Cursor *c)
{
    cur_u32(c, "name link");
    uint16_t hash = cur_u16(c, "name hash");
    Str utf16 = cur_bytes(c, 2 * (size_t)cur_u16(c, "name length"), "name");
    cur_u16(c, "name end");
    if (x->strict && !c->lack && hash != name_hash(utf16)) {
        c->lack = "one of its names was overwritten";
    }
    return utf16;
}

static Str name_add(BinXml *x, uint32_t offset, Str utf16)
{
    BinXmlChunk *k = x->chunk;
    Name *n = ARENA_NEW(&k->arena, Name, 1), **bucket = &k->names[offset % CHUNK_BUCKETS];
    *n = (Name){.next = *bucket, .offset = offset, .text = name_clean(&k->kept, utf16)};
    *bucket = n;
    k->compiled += utf16.len;
    return n->text;
}

Str token_name(BinXml *x, uint32_t offset, const char **lack)
{
    BinXmlChunk *k = x->chunk;
    for (const Name *n = k->names[offset % CHUNK_BUCKETS]; n; n = n->next) {
        if (n->offset == offset) {
            return n->text;
        }
    }
    Cursor there = {.in = k->bytes, .lack = *lack};
    cur_seek(&there, offset, "name offset");
    Str utf16 = name_body(x, &there);
    *lack = there.lack;
    return *lack ? (Str){0} : name_add(x, offset, utf16);
}

/* A reference to a name: an offset in the chunk, and the name itself when that offset is right here. */
static Str name_read(BinXml *x, Cursor *c)
{
    NameUse use = {.at = c->pos};
    uint32_t offset = cur_u32(c, "name offset");
    if (!c->lack && offset == c->pos) {
        Str utf16 = name_body(x, c);
        use.here = c->pos - offset;
        use.text = c->lack ? (Str){0} : name_add(x, offset, utf16);
    } else {
        use.text = token_name(x, offset, &c->lack);
    }
    *VEC_ADD(x->source, &x->chunk->uses) = use;
    return use.text;
}

/* ---- tokens into nodes ---- */

typedef struct Reader { /* of one fragment or definition */
    BinXml *x;
    Cursor *c;
    bool dependencies; /* inside a template an element names the value it depends on */
    bool in_start;     /* between <name and > */
    size_t attribute;  /* the open one, or 0: the first node is an element */
    size_t open[LIMIT_BINXML_ELEMENTS];
    size_t depth;
} Reader;

static Node *node_add(Reader *r, NodeKind kind, Str text)
{
    BinXmlChunk *k = r->x->chunk;
    Node *n = VEC_ADD(r->x->source, &k->nodes);
    *n = (Node){.kind = (uint8_t)kind, .value = NO_VALUE, .end = (uint32_t)k->nodes.count, .text = text};
    return n;
}

static void attribute_end(Reader *r)
{
    BinXmlChunk *k = r->x->chunk;
    if (r->attribute) {
        k->nodes.at[r->attribute].end = (uint32_t)k->nodes.count;
        r->attribute = 0;
    }
}

static bool read_open(Reader *r, bool more)
{
    uint16_t dependency = r->dependencies ? cur_u16(r->c, "dependency") : NO_VALUE;
    cur_u32(r->c, "element size");
    Str name = name_read(r->x, r->c);
    if (more) {
        cur_u32(r->c, "attribute list size");
    }
    if (r->depth == LIMIT_BINXML_ELEMENTS) {
        return chunk_limit(r->x, "elements nested too deep");
    }
    if (r->in_start) {
        return chunk_fail(r->x, "element inside a start tag");
    }
    r->open[r->depth++] = r->x->chunk->nodes.count;
    r->in_start = true;
    node_add(r, NODE_ELEMENT, name)->value = dependency < VALUES_MOST ? dependency : NO_VALUE;
    return true;
}

static bool read_close(Reader *r, unsigned token)
{
    BinXmlChunk *k = r->x->chunk;
    if (r->depth == 0 || r->in_start != (token != TOKEN_CLOSE)) {
        return chunk_fail(r->x, "end of an element that is not open");
    }
    attribute_end(r);
    r->in_start = false;
    if (token != TOKEN_CLOSE_START) {
        Node *n = &k->nodes.at[r->open[--r->depth]];
        n->end = (uint32_t)k->nodes.count;
        n->empty = token == TOKEN_CLOSE_EMPTY;
    }
    return true;
}

static bool read_attribute(Reader *r)
{
    if (!r->in_start) {
        return chunk_fail(r->x, "attribute outside a start tag");
    }
    attribute_end(r);
    Str name = name_read(r->x, r->c);
    r->attribute = r->x->chunk->nodes.count;
    node_add(r, NODE_ATTRIBUTE, name);
    return true;
}

static Str read_utf16(Reader *r)
{
    size_t units = cur_u16(r->c, "text length");
    Str utf16 = cur_bytes(r->c, 2 * units, "text");
    while (utf16.len && !utf16.at[utf16.len - 1] && !utf16.at[utf16.len - 2]) {
        utf16.len -= 2;
    }
    return arena_utf16le(&r->x->chunk->kept, utf16);
}

static Str read_character(Reader *r)
{
    uint8_t unit[2];
    uint16_t rune = cur_u16(r->c, "character");
    unit[0] = (uint8_t)rune;
    unit[1] = (uint8_t)(rune >> 8);
    return arena_utf16le(&r->x->chunk->kept, (Str){unit, 2});
}

static Str read_entity(Reader *r)
{
    static const char *const entities[][2] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
    Str name = name_read(r->x, r->c);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (str_eq(name, str_of(entities[i][0]))) {
            return str_of(entities[i][1]);
        }
    }
    return arena_join(&r->x->chunk->kept, (Str[]){STR("&"), name, STR(";")}, 3);
}

static Str read_instruction(Reader *r)
{
    Str name = name_read(r->x, r->c);
    if (cur_left(r->c) && (r->c->in.at[r->c->pos] & ~TOKEN_MORE) == TOKEN_PI_DATA) {
        cur_u8(r->c, "instruction");
        return arena_join(&r->x->chunk->kept, (Str[]){name, STR(" "), read_utf16(r)}, 3);
    }
    return name;
}

static void read_substitution(Reader *r, bool optional)
{
    uint16_t number = cur_u16(r->c, "substitution");
    cur_u8(r->c, "substitution type");
    Node *n = node_add(r, NODE_VALUE, (Str){0});
    n->value = number < VALUES_MOST ? number : VALUES_MOST;
    n->optional = optional;
}

/* Text of any token that stands for characters. */
static bool read_piece(Reader *r, unsigned token)
{
    if (r->in_start ? !r->attribute : !r->depth) {
        return chunk_fail(r->x, "text outside an element");
    }
    switch (token) {
    case TOKEN_VALUE:
        if (cur_u8(r->c, "value type") != TYPE_STRING) {
            return chunk_fail(r->x, "value type in the text");
        }
        node_add(r, NODE_TEXT, read_utf16(r));
        return true;
    case TOKEN_CDATA: node_add(r, NODE_TEXT, read_utf16(r)); return true;
    case TOKEN_CHARACTER: node_add(r, NODE_TEXT, read_character(r)); return true;
    case TOKEN_ENTITY: node_add(r, NODE_TEXT, read_entity(r)); return true;
    default: read_substitution(r, token == TOKEN_OPTIONAL); return true;
    }
}

static bool read_token(Reader *r, uint8_t byte)
{
    unsigned token = byte & ~(unsigned)TOKEN_MORE;
    switch (token) {
    case TOKEN_OPEN: return read_open(r, byte & TOKEN_MORE);
    case TOKEN_CLOSE_START:
    case TOKEN_CLOSE_EMPTY:
    case TOKEN_CLOSE: return read_close(r, token);
    case TOKEN_ATTRIBUTE: return read_attribute(r);
    case TOKEN_VALUE:
    case TOKEN_CDATA:
    case TOKEN_CHARACTER:
    case TOKEN_ENTITY:
    case TOKEN_NORMAL:
    case TOKEN_OPTIONAL: return read_piece(r, token);
    case TOKEN_HEADER: cur_bytes(r->c, 3, "fragment header"); return true;
    case TOKEN_PI_TARGET:
        if (r->in_start) {
            return chunk_fail(r->x, "instruction inside a start tag");
        }
        node_add(r, NODE_PI, read_instruction(r));
        return true;
    default: return chunk_fail(r->x, "unknown token");
    }
}

bool token_nodes(BinXml *x, Cursor *c, bool dependencies)
{
    BinXmlChunk *k = x->chunk;
    size_t start = c->pos;
    Reader r = {.x = x, .c = c, .dependencies = dependencies};
    k->nodes.count = k->uses.count = 0;
    while (cur_left(c) && !c->lack) {
        uint8_t byte = cur_u8(c, "token");
        if (byte == TOKEN_END) {
            break;
        }
        if (!read_token(&r, byte)) {
            return false;
        }
    }
    k->compiled += c->pos - start;
    if (c->lack) {
        return chunk_fail(x, c->lack);
    }
    return r.depth == 0 || chunk_fail(x, "element without its end");
}
