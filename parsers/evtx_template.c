#include "evtx_template.h"

#include "base/secret.h"
#include "evtx_chunk.h"
#include "evtx_kept.h"
#include "evtx_text.h"
#include "limits.h"

typedef struct Lower { /* nodes on their way into steps */
    BinXml *x;
    size_t values; /* see Program */
    bool secret;   /* XML: the name of an element or attribute around says that what follows must not leave … */
    uint16_t secret_name; /* … or this value may say so, which is the name; or NO_VALUE */
} Lower;

static const Node *node_at(const Lower *l, size_t i)
{
    return &l->x->chunk->nodes.at[i];
}

static void value_used(Lower *l, uint16_t value)
{
    if (value != NO_VALUE && value >= l->values) {
        l->values = value + 1u;
    }
}

static void step_constant(Step *s, Str constant)
{
    s->constant = constant;
    s->held = (uint8_t)text_holds(constant);
}

/* The text written since the last step becomes this one's. */
static Step *step_add(Lower *l, Op op, uint16_t value)
{
    BinXmlChunk *k = l->x->chunk;
    Step *s = VEC_ADD(l->x->source, &k->steps);
    *s = (Step){.op = (uint8_t)op, .value = value, .each = NO_VALUE, .context = SYSTEM_COUNT};
    if (k->constant.len) {
        s->text = arena_str(&k->kept, bytes_str(&k->constant));
        k->constant.len = 0;
    }
    value_used(l, value);
    return s;
}

static void write_raw(Lower *l, Str text)
{
    bytes_put(l->x->source, &l->x->chunk->constant, text);
}

static void write_escaped(Lower *l, Str text)
{
    if (l->secret) {
        text = text.len ? STR("***") : text;
    }
    Bytes *b = &l->x->chunk->constant;
    size_t from = b->len;
    bytes_put(l->x->source, b, text);
    text_escape_xml(l->x->source, b, from, HOLDS_ALL);
}

/* The value whose items repeat the element: the first one right in its content. */
static uint16_t value_of_content(const Lower *l, size_t i)
{
    for (size_t at = i + 1; at < node_at(l, i)->end; at = node_at(l, at)->end) {
        if (node_at(l, at)->kind == NODE_VALUE) {
            return node_at(l, at)->value;
        }
    }
    return NO_VALUE;
}

/* Only where it can make a difference. Returns the number of the step, or SIZE_MAX. */
static size_t element_begin(Lower *l, size_t i)
{
    uint16_t dependency = node_at(l, i)->value, each = value_of_content(l, i);
    if (dependency == NO_VALUE && each == NO_VALUE) {
        return SIZE_MAX;
    }
    Step *s = step_add(l, OP_ELEMENT, dependency);
    s->each = each;
    value_used(l, each);
    return l->x->chunk->steps.count - 1;
}

static void element_end(Lower *l, size_t step)
{
    BinXmlChunk *k = l->x->chunk;
    if (step == SIZE_MAX) {
        return;
    }
    if (k->constant.len) {
        step_add(l, OP_TEXT, NO_VALUE);
    }
    k->steps.at[step].jump = (uint32_t)k->steps.count;
}

/* ---- XML: constant text and values in turn ---- */

static void xml_value(Lower *l, uint16_t value)
{
    Step *s = step_add(l, OP_VALUE, value);
    s->secret = l->secret;
    s->each = l->secret_name;
    value_used(l, l->secret_name);
}

static void xml_attribute(Lower *l, size_t i)
{
    const Node *n = node_at(l, i), *first = node_at(l, i + 1);
    Str name = arena_join(&l->x->chunk->kept, (Str[]){STR(" "), n->text, STR("=\"")}, 3);
    if (n->end == i + 2 && first->kind == NODE_VALUE && first->optional) {
        Step *s = step_add(l, OP_ATTRIBUTE, first->value);
        s->constant = name;
        s->secret = secret_named(n->text);
        return;
    }
    const Lower outer = *l;
    l->secret = secret_named(n->text);
    l->secret_name = NO_VALUE;
    write_raw(l, name);
    for (size_t at = i + 1; at < n->end; at++) {
        if (node_at(l, at)->kind == NODE_VALUE) {
            xml_value(l, node_at(l, at)->value);
        } else {
            write_escaped(l, node_at(l, at)->text);
        }
    }
    write_raw(l, STR("\""));
    l->secret = outer.secret;
    l->secret_name = outer.secret_name;
}

/* By its own name, or that in the attribute of <Data Name="…">. */
static void xml_secret(Lower *l, size_t i)
{
    const Node *n = node_at(l, i);
    l->secret = l->secret || secret_named(n->text);
    for (size_t at = i + 1; at < n->end && node_at(l, at)->kind == NODE_ATTRIBUTE; at = node_at(l, at)->end) {
        const Node *name = node_at(l, at), *first = node_at(l, at + 1);
        if (name->end == at + 2 && str_eq(n->text, STR("Data")) && str_eq(name->text, STR("Name"))) {
            l->secret = l->secret || (first->kind == NODE_TEXT && secret_named(first->text));
            l->secret_name = first->kind == NODE_VALUE ? first->value : l->secret_name;
        }
    }
}

static void xml_node(Lower *l, size_t i);

static void xml_element(Lower *l, size_t i)
{
    const Node *n = node_at(l, i);
    size_t step = element_begin(l, i), at = i + 1;
    write_raw(l, STR("<"));
    write_raw(l, n->text);
    for (; at < n->end && node_at(l, at)->kind == NODE_ATTRIBUTE; at = node_at(l, at)->end) {
        xml_attribute(l, at);
    }
    if (n->empty) {
        write_raw(l, STR("/>"));
    } else {
        const Lower outer = *l;
        xml_secret(l, i);
        write_raw(l, STR(">"));
        for (; at < n->end; at = node_at(l, at)->end) {
            xml_node(l, at);
        }
        l->secret = outer.secret;
        l->secret_name = outer.secret_name;
        write_raw(l, STR("</"));
        write_raw(l, n->text);
        write_raw(l, STR(">"));
    }
    element_end(l, step);
}

/* "?>" inside an instruction would end it early. */
static void xml_instruction(Lower *l, Str text)
{
    write_raw(l, STR("<?"));
    for (size_t i = 0; i < text.len; i++) {
        bool control = text.at[i] < ' ' || text.at[i] == '?' || text.at[i] == '>';
        write_raw(l, control ? STR(" ") : str_slice(text, i, i + 1));
    }
    write_raw(l, STR("?>"));
}

static void xml_node(Lower *l, size_t i)
{
    const Node *n = node_at(l, i);
    switch (n->kind) {
    case NODE_ELEMENT: xml_element(l, i); break;
    case NODE_VALUE: xml_value(l, n->value); break;
    case NODE_PI: xml_instruction(l, n->text); break;
    default: write_escaped(l, n->text);
    }
}

/* ---- System, events and JSON: values with the names of their elements and attributes ---- */

/* Pieces [from, to): true if all of them are constant, or there is one value and nothing else. */
static bool pieces_single(Lower *l, size_t from, size_t to, uint16_t *value, Str *constant)
{
    Bytes *b = &l->x->chunk->piece;
    b->len = 0;
    *value = NO_VALUE;
    for (size_t at = from; at < to; at = node_at(l, at)->end) {
        const Node *n = node_at(l, at);
        if (n->kind == NODE_VALUE) {
            *value = n->value;
            return to - from == 1;
        }
        if (n->kind == NODE_TEXT) {
            bytes_put(l->x->source, b, n->text);
        }
    }
    *constant = arena_str(&l->x->chunk->kept, bytes_str(b));
    return true;
}

static void add_pieces(Lower *l, size_t from, size_t to)
{
    for (size_t at = from; at < to; at = node_at(l, at)->end) {
        step_constant(step_add(l, OP_PIECE, node_at(l, at)->value), node_at(l, at)->text);
    }
}

/* The text of attribute or content pieces into an item of System. */
static void lower_item(Lower *l, size_t from, size_t to, SystemItem item)
{
    uint16_t value;
    Str constant = {0};
    if (pieces_single(l, from, to, &value, &constant)) {
        Step *s = step_add(l, OP_SYSTEM, value);
        s->context = (uint8_t)item;
        step_constant(s, constant);
        return;
    }
    step_add(l, OP_LEAF_BEGIN, NO_VALUE)->context = (uint8_t)item;
    add_pieces(l, from, to);
    step_add(l, OP_LEAF_END, NO_VALUE);
}

/* As the form wants it: `"name":` or the name alone. */
static Str leaf_name(Lower *l, Str name)
{
    BinXmlChunk *k = l->x->chunk;
    if (l->x->form != BINXML_JSON || !name.len) {
        return name;
    }
    BinXmlValue v = value_of_text(name);
    k->name.len = 0;
    value_json(l->x->source, &k->name, &v);
    bytes_put(l->x->source, &k->name, STR(":"));
    return arena_str(&k->kept, bytes_str(&k->name));
}

/* secret.h knows values by the names before them; here the name is an attribute or an element. */
static bool name_is_secret(Lower *l, Str name)
{
    return l->x->form == BINXML_JSON && secret_named(name);
}

typedef struct LeafShape {
    Str name;            /* empty: unnamed */
    uint16_t name_value; /* or NO_VALUE */
} LeafShape;

static Step *leaf_step(Lower *l, Op op, uint16_t value, const LeafShape *shape)
{
    Step *s = step_add(l, op, value);
    s->text = leaf_name(l, shape->name);
    s->each = shape->name_value;
    s->secret = name_is_secret(l, shape->name);
    value_used(l, shape->name_value);
    return s;
}

static void lower_leaf(Lower *l, size_t from, size_t to, const LeafShape *shape)
{
    uint16_t value;
    Str constant = {0};
    if (pieces_single(l, from, to, &value, &constant)) {
        step_constant(leaf_step(l, OP_LEAF, value, shape), constant);
        return;
    }
    leaf_step(l, OP_LEAF_BEGIN, NO_VALUE, shape);
    add_pieces(l, from, to);
    step_add(l, OP_LEAF_END, NO_VALUE);
}

static void lower_children(Lower *l, size_t from, size_t to, Context context);

static size_t content_of(const Lower *l, size_t i)
{
    size_t at = i + 1;
    while (at < node_at(l, i)->end && node_at(l, at)->kind == NODE_ATTRIBUTE) {
        at = node_at(l, at)->end;
    }
    return at;
}

static bool is_namespace(Str name)
{
    return str_eq(name, STR("xmlns")) || str_starts(name, STR("xmlns:"));
}

/* The attributes that are data, as leaves: "@Name" in JSON. */
static void lower_attributes(Lower *l, size_t i)
{
    for (size_t at = i + 1, end = content_of(l, i); at < end; at = node_at(l, at)->end) {
        Str name = node_at(l, at)->text;
        if (is_namespace(name)) {
            continue;
        }
        if (l->x->form == BINXML_JSON) {
            name = arena_join(&l->x->chunk->kept, (Str[]){STR("@"), name}, 2);
        }
        lower_leaf(l, at + 1, node_at(l, at)->end, &(LeafShape){name, NO_VALUE});
    }
}

static bool has_attributes(const Lower *l, size_t i)
{
    for (size_t at = i + 1, end = content_of(l, i); at < end; at = node_at(l, at)->end) {
        if (!is_namespace(node_at(l, at)->text)) {
            return true;
        }
    }
    return false;
}

static bool has_elements(const Lower *l, size_t i)
{
    for (size_t at = content_of(l, i); at < node_at(l, i)->end; at = node_at(l, at)->end) {
        if (node_at(l, at)->kind == NODE_ELEMENT) {
            return true;
        }
    }
    return false;
}

static size_t attribute_named(const Lower *l, size_t i, Str name)
{
    for (size_t at = i + 1, end = content_of(l, i); at < end; at = node_at(l, at)->end) {
        if (str_eq(node_at(l, at)->text, name)) {
            return at;
        }
    }
    return 0;
}

static Str element_name(const Lower *l, size_t i)
{
    return node_at(l, i)->text;
}

/* The constant @Name; empty if there is none. */
static Str data_name(const Lower *l, size_t i)
{
    size_t name = attribute_named(l, i, STR("Name"));
    bool constant = name && node_at(l, name)->end == name + 2 && node_at(l, name + 1)->kind == NODE_TEXT;
    return constant ? node_at(l, name + 1)->text : (Str){0};
}

/* Siblings of the same name are told apart only this far back: names are compared with every one. */
#define SIBLINGS_LOOKED_AT 256

/* JSON has one member a name: the second sibling of a name is name#2. */
static Str sibling_name(Lower *l, size_t first, size_t i, Str name, Str (*name_of)(const Lower *l, size_t i))
{
    Arena *a = &l->x->chunk->kept;
    unsigned same = 1, looked = 0;
    if (l->x->form != BINXML_JSON || !name.len) {
        return name;
    }
    for (size_t at = first; at < i && looked < SIBLINGS_LOOKED_AT; at = node_at(l, at)->end, looked++) {
        same += node_at(l, at)->kind == NODE_ELEMENT && str_eq(name_of(l, at), name);
    }
    return same == 1 ? name : arena_join(a, (Str[]){name, arena_format(a, "#%u", same)}, 2);
}

/* An element of UserData: a leaf, or an object with its attributes, its text and its elements. */
static void lower_user(Lower *l, size_t i, size_t first)
{
    const Node *n = node_at(l, i);
    Str name = sibling_name(l, first, i, n->text, element_name);
    size_t content = content_of(l, i);
    if (!has_attributes(l, i) && !has_elements(l, i)) {
        lower_leaf(l, content, n->end, &(LeafShape){name, NO_VALUE});
        return;
    }
    step_add(l, OP_OPEN, NO_VALUE)->text = leaf_name(l, name);
    lower_attributes(l, i);
    if (has_elements(l, i)) {
        lower_children(l, content, n->end, IN_USER);
    } else if (content < n->end) {
        Str text = l->x->form == BINXML_JSON ? STR("#text") : name;
        lower_leaf(l, content, n->end, &(LeafShape){text, NO_VALUE});
    }
    step_add(l, OP_CLOSE, NO_VALUE);
}

static void lower_data(Lower *l, size_t i, size_t first)
{
    LeafShape shape = {.name_value = NO_VALUE};
    size_t name = attribute_named(l, i, STR("Name"));
    if (name && !pieces_single(l, name + 1, node_at(l, name)->end, &shape.name_value, &shape.name)) {
        shape.name_value = NO_VALUE;
    }
    shape.name = sibling_name(l, first, i, shape.name, data_name);
    if (has_elements(l, i)) {
        step_add(l, OP_OPEN, NO_VALUE)->text = leaf_name(l, shape.name.len ? shape.name : STR("Data"));
        lower_children(l, content_of(l, i), node_at(l, i)->end, IN_USER);
        step_add(l, OP_CLOSE, NO_VALUE);
        return;
    }
    lower_leaf(l, content_of(l, i), node_at(l, i)->end, &shape);
}

static void lower_system(Lower *l, size_t i)
{
    static const struct {
        const char *element, *attribute;
        SystemItem item;
    } items[] = {
        {"Provider", "Name", SYSTEM_PROVIDER},      {"Provider", "EventSourceName", SYSTEM_ALIAS},
        {"EventID", NULL, SYSTEM_EVENT_ID},         {"Level", NULL, SYSTEM_LEVEL},
        {"TimeCreated", "SystemTime", SYSTEM_TIME}, {"EventRecordID", NULL, SYSTEM_RECORD},
        {"Channel", NULL, SYSTEM_CHANNEL},          {"Computer", NULL, SYSTEM_COMPUTER},
    };
    for (size_t k = 0; k < sizeof items / sizeof *items; k++) {
        if (!str_eq(node_at(l, i)->text, str_of(items[k].element))) {
            continue;
        }
        size_t at = items[k].attribute ? attribute_named(l, i, str_of(items[k].attribute)) : i;
        if (items[k].attribute && !at) {
            continue;
        }
        lower_item(l, items[k].attribute ? at + 1 : content_of(l, i), node_at(l, at)->end, items[k].item);
    }
}

/* A child of Event. */
static void lower_part(Lower *l, size_t i)
{
    Str name = node_at(l, i)->text;
    size_t content = content_of(l, i), end = node_at(l, i)->end;
    if (str_eq(name, STR("System"))) {
        lower_children(l, content, end, IN_SYSTEM);
        return;
    }
    step_add(l, OP_DATA, NO_VALUE);
    size_t step = l->x->chunk->steps.count - 1;
    if (str_eq(name, STR("RenderingInfo"))) {
        lower_children(l, content, end, IN_RENDERING);
    } else {
        lower_attributes(l, i);
        lower_children(l, content, end, str_eq(name, STR("EventData")) ? IN_DATA : IN_USER);
    }
    l->x->chunk->steps.at[step].jump = (uint32_t)l->x->chunk->steps.count;
}

static void lower_element(Lower *l, size_t i, size_t first, Context context)
{
    Str name = node_at(l, i)->text;
    size_t step = element_begin(l, i), content = content_of(l, i), end = node_at(l, i)->end;
    if (context == IN_DOCUMENT && str_eq(name, STR("Event"))) {
        lower_children(l, content, end, IN_EVENT);
    } else if (context == IN_EVENT) {
        lower_part(l, i);
    } else if (context == IN_SYSTEM) {
        lower_system(l, i);
    } else if (context == IN_RENDERING) {
        if (str_eq(name, STR("Message"))) {
            lower_item(l, content, end, SYSTEM_MESSAGE);
        }
    } else if (context == IN_DATA && str_eq(name, STR("Data"))) {
        lower_data(l, i, first);
    } else {
        lower_user(l, i, first);
    }
    element_end(l, step);
}

static void lower_children(Lower *l, size_t from, size_t to, Context context)
{
    for (size_t at = from; at < to; at = node_at(l, at)->end) {
        const Node *n = node_at(l, at);
        if (n->kind == NODE_ELEMENT) {
            lower_element(l, at, from, context);
        } else if (n->kind == NODE_VALUE) {
            step_add(l, OP_NESTED, n->value)->context = (uint8_t)context;
        } else if (n->kind == NODE_TEXT && (context == IN_DATA || context == IN_USER) && str_trim(n->text).len) {
            lower_leaf(l, at, at + 1, &(LeafShape){STR("#text"), NO_VALUE});
        }
    }
}

static void lower_all(Lower *l, Context context)
{
    BinXmlChunk *k = l->x->chunk;
    k->steps.count = 0;
    k->constant.len = 0;
    if (l->x->form != BINXML_XML) {
        lower_children(l, 0, k->nodes.count, context);
        return;
    }
    for (size_t at = 0; at < k->nodes.count; at = k->nodes.at[at].end) {
        xml_node(l, at);
    }
    if (k->constant.len) {
        step_add(l, OP_TEXT, NO_VALUE);
    }
}

static Program *program_make(BinXml *x, Context context)
{
    BinXmlChunk *k = x->chunk;
    Lower l = {.x = x, .secret_name = NO_VALUE};
    lower_all(&l, context);
    Program *p = ARENA_NEW(&k->kept, Program, 1);
    Step *steps = ARENA_NEW(&k->kept, Step, k->steps.count);
    if (k->steps.count) {
        memcpy(steps, k->steps.at, k->steps.count * sizeof *steps);
    }
    *p = (Program){.steps = steps, .count = k->steps.count, .values = l.values};
    return p;
}

/* ---- the outside ---- */

/* No chunk of 64 KiB holds more than that of templates, unless they overlap on purpose. */
static bool may_compile(BinXml *x, size_t bytes)
{
    return x->chunk->compiled + bytes <= LIMIT_BINXML_COMPILED || chunk_limit(x, "too many templates in one chunk");
}

/* The definition at `offset`: link, identifier, size, elements. */
static const Program *template_read(BinXml *x, uint32_t offset, Context context)
{
    Cursor c = cursor_of(x->chunk->bytes);
    cur_seek(&c, offset, "template offset");
    cur_u32(&c, "template link");
    Str id = cur_bytes(&c, 16, "template identifier");
    size_t size = cur_u32(&c, "template size"), from = c.pos;
    if (c.lack || size > cur_left(&c)) {
        chunk_fail(x, c.lack ? c.lack : "template size");
        return NULL;
    }
    c.in.len = from + size;
    if (!may_compile(x, size)) {
        return NULL;
    }
    const KeptKey key = {.id = id, .body = str_from(c.in, from), .context = context};
    const Program *p = kept_find(x, &key);
    if (!p && token_nodes(x, &c, true)) {
        p = program_make(x, context);
        kept_add(x, &key, p);
    }
    return p;
}

const Program *template_at(BinXml *x, uint32_t offset, Context context)
{
    BinXmlChunk *k = x->chunk;
    Placed **bucket = &k->placed[offset % CHUNK_BUCKETS];
    for (const Placed *p = *bucket; p; p = p->next) {
        if (p->offset == offset && p->context == context) {
            return p->program;
        }
    }
    const Program *program = template_read(x, offset, context);
    if (program) {
        Placed *p = ARENA_NEW(&k->arena, Placed, 1);
        *p = (Placed){.next = *bucket, .offset = offset, .context = context, .program = program};
        *bucket = p;
    }
    return program;
}

bool template_is(const BinXml *x, uint32_t offset, uint32_t id)
{
    Str guid = str_slice(x->chunk->bytes, (size_t)offset + 4, (size_t)offset + 8);
    return guid.len == 4 && little_u32(guid.at) == id;
}

const Program *template_elements(BinXml *x, Cursor *c, Context context)
{
    if (!may_compile(x, cur_left(c)) || !token_nodes(x, c, false)) {
        return NULL;
    }
    return program_make(x, context);
}
