/* The format is described in libyal's "Windows XML Event Log (EVTX)" and in [MS-EVEN6]. */
#include "evtx_writer.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "base/timestamp.h"
#include "base/utf.h"

#define FILE_HEADER  4096
#define CHUNK_BYTES  65536
#define CHUNK_HEADER 512
/* Some readers drop the last record of a chunk that is filled to its last byte. */
#define CHUNK_FILL     (CHUNK_BYTES - 64)
#define STRING_TABLE   128
#define TEMPLATE_TABLE 384
#define DEPTH          64

typedef enum ValueType {
    TYPE_NULL = 0x00,
    TYPE_STRING = 0x01,
    TYPE_U8 = 0x04,
    TYPE_U16 = 0x06,
    TYPE_U32 = 0x08,
    TYPE_U64 = 0x0a,
    TYPE_BINARY = 0x0e,
    TYPE_GUID = 0x0f,
    TYPE_FILETIME = 0x11,
    TYPE_SID = 0x13,
    TYPE_HEX64 = 0x15,
    TYPE_BINXML = 0x21,
    TYPE_STRINGS = 0x81,
} ValueType;

typedef enum OpKind { OP_OPEN, OP_ATTRIBUTE, OP_LITERAL, OP_VALUE, OP_START_END, OP_EMPTY, OP_END } OpKind;

typedef struct Op { /* a step of writing a fragment */
    OpKind kind;
    Str text;     /* name or literal */
    size_t value; /* OP_VALUE: which */
} Op;

typedef struct Value {
    ValueType type;
    Str bytes, text;           /* as stored, and as it was written */
    const struct Plan *nested; /* TYPE_BINXML */
} Value;

typedef struct Plan { /* a fragment: its shape, which becomes a template, and what is filled in */
    VEC(Op) ops;
    VEC(Value) values;
} Plan;

typedef struct Chunk {
    uint8_t bytes[CHUNK_BYTES];
    size_t at; /* where the next byte goes */
    bool full; /* something did not fit: what was written since is void */
    uint64_t first, last;
    size_t count, last_record;
} Chunk;

typedef struct Writer {
    Arena *a;
    bool dirty, plain;
    uint64_t header_chunks, chunk_events, first_chunk; /* 0: not asked for */
    VEC(Chunk *) done;
    Chunk *chunk, *before; /* before: to go back to when a record does not fit */
    Chunk *old;            /* what the chunk held before; NULL: zeros */
    uint64_t record;
    const char *why; /* the first trouble */
} Writer;

/* --- bytes ------------------------------------------------------------------------------------------------------ */

static uint32_t crc32_of(uint32_t crc, const uint8_t *at, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    return ~crc;
}

static void set_number(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t get_u32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put(Chunk *c, Str bytes)
{
    if (c->full || bytes.len > CHUNK_FILL - c->at) {
        c->full = true;
    } else if (bytes.len) {
        memcpy(c->bytes + c->at, bytes.at, bytes.len);
        c->at += bytes.len;
    }
}

static void put_number(Chunk *c, uint64_t value, size_t bytes)
{
    uint8_t number[8];
    set_number(number, value, bytes);
    put(c, (Str){number, bytes});
}

static void patch(Chunk *c, size_t at, uint64_t value, size_t bytes)
{
    if (!c->full) {
        set_number(c->bytes + at, value, bytes);
    }
}

static Str utf16_of(Arena *a, Str text)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, 2 * text.len + 4);
    size_t len = 0, used;
    uint32_t rune;
    for (size_t i = 0; i < text.len && (used = utf8_decode(text, i, &rune)) > 0; i += used) {
        if (rune >= 0x10000) {
            set_number(to + len, 0xD800 + ((rune - 0x10000) >> 10), 2);
            len += 2;
            rune = 0xDC00 + ((rune - 0x10000) & 0x3FF);
        }
        set_number(to + len, rune, 2);
        len += 2;
    }
    return (Str){to, len};
}

/* --- values ----------------------------------------------------------------------------------------------------- */

static bool hex_bytes(Str text, uint8_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = byte_hex(text.at[2 * i]), low = byte_hex(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void swap(uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t other = at[len - 1 - i];
        at[len - 1 - i] = at[i];
        at[i] = other;
    }
}

/* {00112233-4455-6677-8899-aabbccddeeff}: the first three parts are little-endian. */
static bool guid_bytes(Str text, uint8_t *to)
{
    static const struct {
        size_t from, bytes;
    } parts[] = {{1, 4}, {10, 2}, {15, 2}, {20, 2}, {25, 6}};
    if (text.len != 38) {
        return false;
    }
    for (size_t i = 0, at = 0; i < 5; at += parts[i++].bytes) {
        if (!hex_bytes(str_from(text, parts[i].from), to + at, parts[i].bytes)) {
            return false;
        }
        swap(to + at, i < 3 ? parts[i].bytes : 0);
    }
    return true;
}

/* S-1-5-18: revision, authority (big-endian), then sub-authorities. Returns the length, 0 if it is none. */
static size_t sid_bytes(Str text, uint8_t *to)
{
    Str part;
    uint64_t n;
    size_t count = 0;
    if (!str_split(&text, '-', &part) || !str_eq_nocase(part, STR("S")) || !str_split(&text, '-', &part) ||
        !str_u64(part, 10, &n) || n != 1 || !str_split(&text, '-', &part) || !str_u64(part, 10, &n)) {
        return 0;
    }
    set_number(to + 2, n, 6);
    swap(to + 2, 6);
    for (; text.len && count < 15 && str_split(&text, '-', &part) && str_u64(part, 10, &n); count++) {
        set_number(to + 8 + 4 * count, n, 4);
    }
    to[0] = 1;
    to[1] = (uint8_t)count;
    return 8 + 4 * count;
}

static bool filetime_bytes(Str text, uint8_t *to)
{
    Timestamp t;
    if (!timestamp_iso(text, &t, NULL)) {
        return false;
    }
    set_number(to, (uint64_t)(t.ns / 100 + INT64_C(116444736000000000)), 8);
    return true;
}

static bool number_bytes(Str text, uint8_t *to, size_t bytes)
{
    uint64_t n;
    bool hex = str_starts_nocase(text, STR("0x"));
    if (!str_u64(str_from(text, hex ? 2 : 0), hex ? 16 : 10, &n)) {
        return false;
    }
    set_number(to, n, bytes);
    return true;
}

/* The stored form, or an empty Str when the text is not of that type. */
static Str typed_bytes(Arena *a, ValueType type, Str text)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, text.len + 80);
    switch (type) {
    case TYPE_U8: return (Str){to, number_bytes(text, to, 1) ? 1 : 0};
    case TYPE_U16: return (Str){to, number_bytes(text, to, 2) ? 2 : 0};
    case TYPE_U32: return (Str){to, number_bytes(text, to, 4) ? 4 : 0};
    case TYPE_HEX64:
    case TYPE_U64: return (Str){to, number_bytes(text, to, 8) ? 8 : 0};
    case TYPE_BINARY: return (Str){to, hex_bytes(text, to, text.len / 2) ? text.len / 2 : 0};
    case TYPE_GUID: return (Str){to, guid_bytes(text, to) ? 16 : 0};
    case TYPE_FILETIME: return (Str){to, filetime_bytes(text, to) ? 8 : 0};
    case TYPE_SID: return (Str){to, sid_bytes(text, to)};
    default: return (Str){to, 0};
    }
}

/* Many strings of real logs carry their NUL along; here it is the empty ones. */
static Value value_of(Arena *a, ValueType type, Str text)
{
    Str bytes = type == TYPE_NULL ? (Str){0} : typed_bytes(a, type, text);
    if (type == TYPE_NULL || bytes.len) {
        return (Value){.type = type, .bytes = bytes, .text = text};
    }
    bytes = utf16_of(a, text);
    return (Value){.type = TYPE_STRING, .bytes = {bytes.at, bytes.len ? bytes.len : 2}, .text = text};
}

/* --- from XML to a plan ----------------------------------------------------------------------------------------- */

static ValueType system_type(Str element, Str attribute)
{
    static const struct {
        const char *element, *attribute;
        ValueType type;
    } types[] = {
        {"EventID", "", TYPE_U16},
        {"EventID", "Qualifiers", TYPE_U16},
        {"Version", "", TYPE_U8},
        {"Level", "", TYPE_U8},
        {"Task", "", TYPE_U16},
        {"Opcode", "", TYPE_U8},
        {"Keywords", "", TYPE_HEX64},
        {"TimeCreated", "SystemTime", TYPE_FILETIME},
        {"EventRecordID", "", TYPE_U64},
        {"Correlation", "ActivityID", TYPE_GUID},
        {"Correlation", "RelatedActivityID", TYPE_GUID},
        {"Execution", "ProcessID", TYPE_U32},
        {"Execution", "ThreadID", TYPE_U32},
        {"Security", "UserID", TYPE_SID},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (str_eq(element, str_of(types[i].element)) && str_eq(attribute, str_of(types[i].attribute))) {
            return types[i].type;
        }
    }
    return TYPE_STRING;
}

static Str name_of(const xmlNode *node)
{
    return node ? str_of((const char *)node->name) : (Str){0};
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && str_eq(name_of(node), str_of(name));
}

static Str text_of(Writer *w, const xmlNode *node)
{
    xmlChar *text = xmlNodeGetContent(node);
    Str s = arena_str(w->a, str_of(text ? (const char *)text : ""));
    xmlFree(text);
    return s;
}

static Str attribute_of(Writer *w, const xmlNode *node, const char *name)
{
    xmlAttr *attribute = xmlHasProp(node, (const xmlChar *)name);
    return attribute ? text_of(w, (const xmlNode *)attribute) : (Str){0};
}

static void plan_op(Writer *w, Plan *p, OpKind kind, Str text)
{
    *VEC_ADD(w->a, &p->ops) = (Op){.kind = kind, .text = text};
}

static void plan_value(Writer *w, Plan *p, Value value)
{
    *VEC_ADD(w->a, &p->ops) = (Op){.kind = OP_VALUE, .value = p->values.count};
    *VEC_ADD(w->a, &p->values) = value;
}

/* Windows has such an attribute in its template and gives it no value: readers leave it out. */
static void plan_null(Writer *w, Plan *p, const xmlNode *node, const char *element, const char *attribute)
{
    if (is_element(node, element) && !w->plain && !xmlHasProp(node, (const xmlChar *)attribute)) {
        plan_op(w, p, OP_ATTRIBUTE, str_of(attribute));
        plan_value(w, p, (Value){.type = TYPE_NULL});
    }
}

static void plan_attributes(Writer *w, Plan *p, const xmlNode *node)
{
    bool in_system = is_element(node->parent, "System");
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
        const Str parts[] = {STR("xmlns:"), ns->prefix ? str_of((const char *)ns->prefix) : (Str){0}};
        plan_op(w, p, OP_ATTRIBUTE, ns->prefix ? arena_join(w->a, parts, 2) : STR("xmlns"));
        plan_op(w, p, OP_LITERAL, str_of((const char *)ns->href));
    }
    for (const xmlAttr *at = node->properties; at; at = at->next) {
        Str name = name_of((const xmlNode *)at), text = text_of(w, (const xmlNode *)at);
        plan_op(w, p, OP_ATTRIBUTE, name);
        if (!in_system || is_element(node, "Provider")) {
            plan_op(w, p, OP_LITERAL, text);
        } else {
            plan_value(w, p, value_of(w->a, system_type(name_of(node), name), text));
        }
    }
    if (in_system) {
        plan_null(w, p, node, "Correlation", "ActivityID");
        plan_null(w, p, node, "Security", "UserID");
    }
}

static const xmlNode *first_element(const xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE) {
        node = node->next;
    }
    return node;
}

/* All unnamed Data of a classic event: one element with one array. */
static void plan_strings(Writer *w, Plan *p, const xmlNode *data)
{
    VEC(Str) parts = {0};
    VEC(Str) texts = {0};
    for (; data; data = first_element(data->next)) {
        if (is_element(data, "Data")) {
            *VEC_ADD(w->a, &texts) = text_of(w, data);
            *VEC_ADD(w->a, &parts) = utf16_of(w->a, texts.at[texts.count - 1]);
            *VEC_ADD(w->a, &parts) = STR("\0\0");
        }
    }
    for (size_t i = 0; i < (w->plain ? texts.count : 1); i++) {
        plan_op(w, p, OP_OPEN, STR("Data"));
        plan_op(w, p, OP_START_END, (Str){0});
        plan_value(
            w, p, (Value){.type = TYPE_STRINGS, .bytes = arena_join(w->a, parts.at, parts.count), .text = texts.at[i]});
        plan_op(w, p, OP_END, (Str){0});
    }
}

static bool is_classic(const xmlNode *event_data)
{
    size_t unnamed = 0;
    for (const xmlNode *n = first_element(event_data->children); n; n = first_element(n->next)) {
        if (!is_element(n, "Binary") && (!is_element(n, "Data") || xmlHasProp(n, (const xmlChar *)"Name"))) {
            return false;
        }
        unnamed += is_element(n, "Data");
    }
    return unnamed > 0;
}

static void plan_element(Writer *w, Plan *p, const xmlNode *node, unsigned depth);

static void plan_nested(Writer *w, Plan *p, const xmlNode *node, unsigned depth)
{
    Plan *nested = ARENA_NEW(w->a, Plan, 1);
    plan_element(w, nested, node, depth);
    plan_value(w, p, (Value){.type = TYPE_BINXML, .nested = nested});
}

static bool is_nested(const xmlNode *node)
{
    return is_element(node->parent, "Event") &&
           (is_element(node, "UserData") || (is_element(node, "EventData") && !is_classic(node)));
}

static void plan_children(Writer *w, Plan *p, const xmlNode *child, bool classic, unsigned depth)
{
    for (; child; child = first_element(child->next)) {
        if (!classic || !is_element(child, "Data")) {
            is_nested(child) ? plan_nested(w, p, child, depth) : plan_element(w, p, child, depth);
        }
    }
}

static void plan_element(Writer *w, Plan *p, const xmlNode *node, unsigned depth)
{
    const xmlNode *child = first_element(node->children);
    bool in_system = is_element(node->parent, "System");
    bool classic = is_element(node, "EventData") && is_classic(node);
    plan_op(w, p, OP_OPEN, name_of(node));
    plan_attributes(w, p, node);
    if (depth >= DEPTH || (!child && !node->children && (in_system || is_element(node, "EventData")))) {
        plan_op(w, p, OP_EMPTY, (Str){0});
        return;
    }
    plan_op(w, p, OP_START_END, (Str){0});
    if (classic) {
        plan_strings(w, p, child);
    }
    plan_children(w, p, child, classic, depth + 1);
    if (!child) {
        ValueType type = in_system                    ? system_type(name_of(node), (Str){0})
                         : is_element(node, "Binary") ? TYPE_BINARY
                                                      : TYPE_STRING;
        plan_value(w, p, value_of(w->a, type, text_of(w, node)));
    }
    plan_op(w, p, OP_END, (Str){0});
}

/* --- from a plan to binary XML ---------------------------------------------------------------------------------- */

static void put_name(Writer *w, Chunk *c, Str name)
{
    Str wide = utf16_of(w->a, name);
    uint32_t hash = 0;
    for (size_t i = 0; i < wide.len; i += 2) {
        hash = hash * 65599 + (wide.at[i] | (uint32_t)wide.at[i + 1] << 8);
    }
    uint8_t *bucket = c->bytes + STRING_TABLE + 4 * ((hash & 0xFFFF) % 64);
    uint32_t at = get_u32(bucket);
    while (at && !(c->bytes[at + 6] == wide.len / 2 && memcmp(c->bytes + at + 8, wide.at, wide.len) == 0)) {
        at = get_u32(c->bytes + at);
    }
    if (at) {
        put_number(c, at, 4);
        return;
    }
    put_number(c, c->at + 4, 4);
    at = (uint32_t)c->at;
    put_number(c, get_u32(bucket), 4);
    put_number(c, hash & 0xFFFF, 2);
    put_number(c, wide.len / 2, 2);
    put(c, wide);
    put_number(c, 0, 2);
    if (!c->full) {
        set_number(bucket, at, 4);
    }
}

static void put_text(Writer *w, Chunk *c, Str text)
{
    Str wide = utf16_of(w->a, text);
    put(c, STR("\x05\x01"));
    put_number(c, wide.len / 2, 2);
    put(c, wide);
}

static void put_ops(Writer *w, Chunk *c, const Plan *p);

static void put_op_value(Writer *w, Chunk *c, const Plan *p, size_t index, bool attribute)
{
    const Value *v = &p->values.at[index];
    if (!w->plain) {
        put_number(c, attribute || v->type == TYPE_BINXML ? 0x0e : 0x0d, 1);
        put_number(c, index, 2);
        put_number(c, v->type, 1);
    } else if (v->nested) {
        put_ops(w, c, v->nested);
    } else {
        put_text(w, c, v->text);
    }
}

typedef struct Open { /* sizes that are known only at the end of what they measure; list 0: no attributes */
    size_t sizes[DEPTH + 2], depth, list;
} Open;

static void put_open(Writer *w, Chunk *c, Open *open, Str name, bool attributes)
{
    put_number(c, attributes ? 0x41 : 0x01, 1);
    if (!w->plain) {
        put_number(c, 0xFFFF, 2);
    }
    open->sizes[open->depth++] = c->at;
    put_number(c, 0, 4);
    put_name(w, c, name);
    open->list = attributes ? c->at : 0;
    put_number(c, 0, attributes ? 4 : 0);
}

static void put_start_end(Chunk *c, Open *open, uint8_t token)
{
    if (open->list) {
        patch(c, open->list, c->at - open->list - 4, 4);
    }
    open->list = 0;
    put_number(c, token, 1);
}

static void close_size(Chunk *c, Open *open)
{
    size_t at = open->sizes[--open->depth];
    patch(c, at, c->at - at - 4, 4);
}

static void put_ops(Writer *w, Chunk *c, const Plan *p)
{
    Open open = {.depth = 0};
    for (size_t i = 0; i < p->ops.count; i++) {
        const Op *op = &p->ops.at[i];
        switch (op->kind) {
        case OP_OPEN: put_open(w, c, &open, op->text, p->ops.at[i + 1].kind == OP_ATTRIBUTE); break;
        case OP_ATTRIBUTE:
            put_number(c, p->ops.at[i + 2].kind == OP_ATTRIBUTE ? 0x46 : 0x06, 1);
            put_name(w, c, op->text);
            break;
        case OP_LITERAL: put_text(w, c, op->text); break;
        case OP_VALUE: put_op_value(w, c, p, op->value, open.list > 0); break;
        case OP_START_END: put_start_end(c, &open, 0x02); break;
        case OP_EMPTY:
            put_start_end(c, &open, 0x03);
            close_size(c, &open);
            break;
        case OP_END:
            put_number(c, 0x04, 1);
            close_size(c, &open);
            break;
        }
    }
}

static uint64_t hash_bytes(uint64_t hash, Str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.at[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

/* The same shape has the same identifier in every file. */
static void plan_guid(const Plan *p, uint8_t *guid)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < p->ops.count; i++) {
        const Op *op = &p->ops.at[i];
        uint8_t kind[2] = {(uint8_t)op->kind, op->kind == OP_VALUE ? (uint8_t)p->values.at[op->value].type : 0};
        hash = hash_bytes(hash_bytes(hash, (Str){kind, 2}), op->text);
    }
    set_number(guid, hash, 8);
    set_number(guid + 8, hash_bytes(hash, (Str){guid, 8}), 8);
}

static void put_template(Writer *w, Chunk *c, const Plan *p, Str guid)
{
    uint8_t *bucket = c->bytes + TEMPLATE_TABLE + 4 * (get_u32(guid.at) % 32);
    uint32_t at = get_u32(bucket);
    while (at && memcmp(c->bytes + at + 4, guid.at, 16) != 0) {
        at = get_u32(c->bytes + at);
    }
    if (at) {
        put_number(c, at, 4);
        return;
    }
    put_number(c, c->at + 4, 4);
    at = (uint32_t)c->at;
    put_number(c, get_u32(bucket), 4);
    put(c, guid);
    size_t size = c->at;
    put_number(c, 0, 4);
    put(c, STR("\x0f\x01\x01\x00"));
    put_ops(w, c, p);
    put_number(c, 0, 1);
    patch(c, size, c->at - size - 4, 4);
    if (!c->full) {
        set_number(bucket, at, 4);
    }
}

static void put_fragment(Writer *w, Chunk *c, const Plan *p)
{
    uint8_t guid[16];
    put(c, STR("\x0f\x01\x01\x00"));
    if (w->plain) {
        put_ops(w, c, p);
        put_number(c, 0, 1);
        return;
    }
    plan_guid(p, guid);
    put(c, STR("\x0c\x01"));
    put(c, (Str){guid, 4});
    put_template(w, c, p, (Str){guid, 16});
    put_number(c, p->values.count, 4);
    size_t table = c->at;
    for (size_t i = 0; i < p->values.count; i++) {
        put_number(c, (uint64_t)p->values.at[i].type << 16, 4);
    }
    for (size_t i = 0; i < p->values.count; i++) {
        size_t start = c->at;
        if (p->values.at[i].nested) {
            put_fragment(w, c, p->values.at[i].nested);
        } else {
            put(c, p->values.at[i].bytes);
        }
        patch(c, table + 4 * i, c->at - start, 2);
    }
    put_number(c, 0, 1);
}

/* --- records, chunks, file -------------------------------------------------------------------------------------- */

static void chunk_begin(Chunk *c)
{
    memset(c, 0, sizeof *c);
    memcpy(c->bytes, "ElfChnk", 8);
    c->at = CHUNK_HEADER;
}

static void sum_header(Chunk *c)
{
    uint32_t head = crc32_of(0, c->bytes, 120);
    set_number(c->bytes + 124, crc32_of(head, c->bytes + 128, CHUNK_HEADER - 128), 4);
}

static void chunk_close(Writer *w)
{
    Chunk *c = ARENA_NEW(w->a, Chunk, 1);
    memcpy(c, w->chunk, sizeof *c);
    if (w->old) {
        memcpy(c->bytes + c->at, w->old->bytes + c->at, CHUNK_BYTES - c->at);
        w->old = NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        set_number(c->bytes + 8 + 16 * i, c->first, 8);
        set_number(c->bytes + 16 + 16 * i, c->last, 8);
    }
    set_number(c->bytes + 40, 128, 4);
    set_number(c->bytes + 44, c->last_record, 4);
    set_number(c->bytes + 48, c->at, 4);
    set_number(c->bytes + 52, crc32_of(0, c->bytes + CHUNK_HEADER, c->at - CHUNK_HEADER), 4);
    sum_header(c);
    *VEC_ADD(w->a, &w->done) = c;
    chunk_begin(w->chunk);
}

static void put_record(Writer *w, Chunk *c, const Plan *p, uint64_t written)
{
    size_t start = c->at;
    put_number(c, 0x2a2a, 4);
    put_number(c, 0, 4);
    put_number(c, w->record, 8);
    put_number(c, written, 8);
    put_fragment(w, c, p);
    uint64_t size = c->at + 4 - start;
    put_number(c, size, 4);
    patch(c, start + 4, size, 4);
    c->first = c->count ? c->first : w->record;
    c->last = w->record;
    c->count++;
    c->last_record = start;
}

static bool record_add(Writer *w, const Plan *p, uint64_t written)
{
    if (w->chunk_events && w->chunk->count >= w->chunk_events) {
        chunk_close(w);
    }
    memcpy(w->before, w->chunk, sizeof *w->before);
    put_record(w, w->chunk, p, written);
    if (w->chunk->full && w->before->count) {
        memcpy(w->chunk, w->before, sizeof *w->chunk);
        chunk_close(w);
        put_record(w, w->chunk, p, written);
    }
    return !w->chunk->full;
}

static const xmlNode *child_named(const xmlNode *node, const char *name)
{
    const xmlNode *child = node ? first_element(node->children) : NULL;
    while (child && !is_element(child, name)) {
        child = first_element(child->next);
    }
    return child;
}

static bool event_add(Writer *w, const xmlNode *event)
{
    Plan plan = {0};
    uint8_t written[8] = {0};
    const xmlNode *head = child_named(event, "System");
    const xmlNode *number = child_named(head, "EventRecordID"), *time = child_named(head, "TimeCreated");
    if (!number || !str_u64(str_trim(text_of(w, number)), 10, &w->record)) {
        w->record++;
    }
    if (time) {
        filetime_bytes(attribute_of(w, time, "SystemTime"), written);
    }
    plan_element(w, &plan, event, 0);
    return record_add(w, &plan, get_u32(written) | (uint64_t)get_u32(written + 4) << 32);
}

/* --- chunks as they should not be --------------------------------------------------------------------------------- */

static bool is_set(Writer *w, const xmlNode *chunk, const char *attribute, const char *value)
{
    return str_eq(attribute_of(w, chunk, attribute), str_of(value));
}

static void tear(Chunk *c, uint64_t record)
{
    uint8_t *at = c->bytes + CHUNK_HEADER;
    for (; record > 1 && at < c->bytes + c->at; record--) {
        at += get_u32(at + 4);
    }
    set_number(at + 4, 0, 4);
}

static void spoil(Writer *w, const xmlNode *chunk, Chunk *c)
{
    uint64_t record;
    if (str_u64(attribute_of(w, chunk, "torn"), 10, &record)) {
        tear(c, record);
    }
    if (is_set(w, chunk, "data-checksum", "wrong")) {
        c->bytes[52] ^= 1;
        sum_header(c);
    }
    c->bytes[124] ^= is_set(w, chunk, "header-checksum", "wrong");
    memset(c->bytes, 0, is_set(w, chunk, "slot", "zeros") ? CHUNK_BYTES : is_set(w, chunk, "magic", "lost") ? 8 : 0);
}

static bool chunk_add(Writer *w, const xmlNode *chunk);

static bool fail(Writer *w, const xmlNode *node, const char *why)
{
    if (!w->why) {
        w->why = (const char *)arena_format(w->a, "line %ld: %s", xmlGetLineNo((xmlNode *)node), why).at;
    }
    return false;
}

static bool child_add(Writer *w, const xmlNode *child)
{
    if (is_element(child, "Event")) {
        return event_add(w, child) || fail(w, child, "an event is larger than a chunk");
    }
    if (is_element(child, "Chunk")) {
        return chunk_add(w, child);
    }
    return is_element(child, "Before") || fail(w, child, "an element that is no Event");
}

static bool children_add(Writer *w, const xmlNode *parent)
{
    const xmlNode *child = first_element(parent->children);
    while (child && child_add(w, child)) {
        child = first_element(child->next);
    }
    return !child;
}

/* The events of <Before> are written first and those of the chunk over them. */
static bool chunk_add(Writer *w, const xmlNode *chunk)
{
    const xmlNode *old = child_named(chunk, "Before");
    if (w->chunk->count) {
        chunk_close(w);
    }
    if (old) {
        uint64_t record = w->record;
        if (!children_add(w, old)) {
            return false;
        }
        w->old = ARENA_NEW(w->a, Chunk, 1);
        memcpy(w->old, w->chunk, sizeof *w->old);
        chunk_begin(w->chunk);
        w->record = record;
    }
    bool good = children_add(w, chunk);
    chunk_close(w);
    spoil(w, chunk, w->done.at[w->done.count - 1]);
    return good;
}

/* --- the file --------------------------------------------------------------------------------------------------- */

static Str file_bytes(Writer *w)
{
    size_t count = w->done.count, first = count ? w->first_chunk % count : 0, len = FILE_HEADER + count * CHUNK_BYTES;
    uint8_t *to = ARENA_NEW(w->a, uint8_t, len);
    memcpy(to, "ElfFile", 8);
    set_number(to + 8, first, 8);
    set_number(to + 16, count ? (first + count - 1) % count : 0, 8);
    set_number(to + 24, w->record + 1, 8);
    set_number(to + 32, 128, 4);
    set_number(to + 36, 0x00030001, 4);
    set_number(to + 40, FILE_HEADER, 2);
    set_number(to + 42, w->header_chunks ? w->header_chunks : count, 2);
    set_number(to + 120, w->dirty, 4);
    set_number(to + 124, crc32_of(0, to, 120), 4);
    for (size_t i = 0; i < count; i++) {
        memcpy(to + FILE_HEADER + (first + i) % count * CHUNK_BYTES, w->done.at[i]->bytes, CHUNK_BYTES);
    }
    return (Str){to, len};
}

static void read_options(Writer *w, const xmlNode *root)
{
    w->dirty = is_set(w, root, "dirty", "yes");
    w->plain = is_set(w, root, "template", "no");
    str_u64(attribute_of(w, root, "header-chunks"), 10, &w->header_chunks);
    str_u64(attribute_of(w, root, "chunk-events"), 10, &w->chunk_events);
    str_u64(attribute_of(w, root, "first-chunk"), 10, &w->first_chunk);
}

static Str write_all(Writer *w, const xmlNode *root)
{
    w->chunk = ARENA_NEW(w->a, Chunk, 1);
    w->before = ARENA_NEW(w->a, Chunk, 1);
    chunk_begin(w->chunk);
    if (!(is_element(root, "Event") ? child_add(w, root) : children_add(w, root))) {
        return (Str){0};
    }
    if (w->chunk->count) {
        chunk_close(w);
    }
    return file_bytes(w);
}

static const char *xml_trouble(Arena *a)
{
    const xmlError *error = xmlGetLastError();
    Str said = error && error->message ? str_trim(str_of(error->message)) : STR("it ends too early");
    Str line = arena_format(a, "line %d: not well-formed XML: ", error ? error->line : 1);
    return (const char *)arena_join(a, (Str[]){line, said, {(const uint8_t *)"", 1}}, 3).at;
}

Str evtx_write(Str xml, Arena *a, const char **why)
{
    Writer w = {.a = a};
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES;
    xmlDoc *doc = xmlReadMemory((const char *)xml.at, (int)xml.len, "events.xml", NULL, options);
    *why = doc ? NULL : xml_trouble(a);
    if (!doc) {
        return (Str){0};
    }
    read_options(&w, xmlDocGetRootElement(doc));
    Str file = write_all(&w, xmlDocGetRootElement(doc));
    *why = w.why;
    xmlFreeDoc(doc);
    return file;
}
