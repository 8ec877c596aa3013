#include "evtx_render.h"

#include "base/secret.h"
#include "evtx_chunk.h"
#include "limits.h"

typedef struct Run { /* of one program over one record */
    BinXml *x;
    const Program *program;
    BinXmlValue *values;
    unsigned depth; /* fragments around it */
} Run;

static bool run_steps(const Run *r, size_t from, size_t to);

static bool run_nested(const Run *r, const BinXmlValue *v, Context context)
{
    size_t from = (size_t)(v->at - r->x->chunk->bytes.at);
    return render_fragment(r->x, from, from + v->len, context, r->depth + 1);
}

/* The element's steps once for each item, which takes the array's place meanwhile. */
static bool run_each(const Run *r, size_t from, size_t to, uint16_t each)
{
    BinXmlChunk *k = r->x->chunk;
    BinXmlValue array = r->values[each];
    Str rest = value_str(&array);
    unsigned outer = k->repeat, count = 0;
    bool good = true;
    do {
        r->values[each] = (BinXmlValue){array.at, 0, TYPE_STRING, 0};
        if (rest.len) {
            r->values[each] = value_item(array.type & ~TYPE_ARRAY, &rest);
        }
        k->work += to - from + 1;
        good = k->work <= LIMIT_BINXML_WORK || chunk_limit(r->x, "arrays in arrays in one chunk");
        k->repeat = count++;
        good = good && run_steps(r, from, to);
    } while (good && rest.len);
    k->repeat = outer;
    r->values[each] = array;
    return good;
}

/* Returns the step before the next one: the element is left out, done for each item, or its steps follow. */
static inline size_t run_element(const Run *r, size_t i, bool *good)
{
    const Step *s = &r->program->steps[i];
    if (s->value != NO_VALUE && value_null(&r->values[s->value])) {
        return s->jump - 1;
    }
    if (s->each == NO_VALUE || !(r->values[s->each].type & TYPE_ARRAY)) {
        return i;
    }
    *good = run_each(r, i + 1, s->jump, s->each);
    return s->jump - 1;
}

static bool named_secret(const Run *r, const BinXmlValue *value)
{
    Bytes *name = &r->x->chunk->name;
    name->len = 0;
    value_put(r->x->source, name, value);
    return secret_named(bytes_str(name));
}

/* Its name, a constant or a value, says that it must not leave. */
static inline bool is_secret(const Run *r, const Step *s)
{
    return s->secret || (s->each != NO_VALUE && named_secret(r, &r->values[s->each]));
}

/* ---- XML ---- */

static inline void put_value_xml(const Run *r, const Step *s, const BinXmlValue *v)
{
    if (v->len && is_secret(r, s)) {
        bytes_put(r->x->source, &r->x->text, STR("***"));
    } else {
        value_xml(r->x->source, &r->x->text, v);
    }
}

static inline bool run_value_xml(const Run *r, const Step *s)
{
    const BinXmlValue *v = &r->values[s->value];
    if (v->type == TYPE_XML) {
        return run_nested(r, v, IN_DOCUMENT);
    }
    put_value_xml(r, s, v);
    return true;
}

static void run_attribute(const Run *r, const Step *s)
{
    BinXml *x = r->x;
    const BinXmlValue *v = &r->values[s->value];
    if (!value_null(v)) {
        bytes_put(x->source, &x->text, s->constant);
        put_value_xml(r, s, v);
        bytes_put(x->source, &x->text, STR("\""));
    }
}

static bool run_xml(const Run *r, size_t from, size_t to)
{
    BinXml *x = r->x;
    bool good = true;
    for (size_t i = from; i < to && good; i++) {
        const Step *s = &r->program->steps[i];
        bytes_put(x->source, &x->text, s->text);
        switch (s->op) {
        case OP_VALUE: good = run_value_xml(r, s); break;
        case OP_ATTRIBUTE: run_attribute(r, s); break;
        case OP_ELEMENT: i = run_element(r, i, &good); break;
        default: break;
        }
        if (good && x->text.len > LIMIT_BINXML_TEXT) {
            return chunk_limit(x, "text of one chunk");
        }
    }
    return good;
}

/* ---- JSON ---- */

/* Names of fields stay until the next chunk, so a field may borrow them. */
static Str run_name(const Run *r, const Step *s)
{
    BinXmlChunk *k = r->x->chunk;
    if (s->each == NO_VALUE) {
        return s->text;
    }
    k->name.len = 0;
    if (r->x->form == BINXML_JSON) {
        value_json(r->x->source, &k->name, &r->values[s->each]);
        bytes_put(r->x->source, &k->name, STR(":"));
    } else {
        value_put(r->x->source, &k->name, &r->values[s->each]);
    }
    k->text += k->name.len;
    return arena_str(&k->arena, bytes_str(&k->name));
}

static void json_name(const Run *r, const Step *s)
{
    BinXml *x = r->x;
    BinXmlChunk *k = x->chunk;
    Str name = run_name(r, s);
    if (!name.len || name.at[1] == '"') {
        k->position++;
        bytes_put(x->source, &x->text, STR("\"Data"));
        bytes_u64(x->source, &x->text, k->position);
        bytes_put(x->source, &x->text, STR("\":"));
        return;
    }
    bytes_put(x->source, &x->text, name);
    if (k->repeat) {
        x->text.len -= 2;
        bytes_put(x->source, &x->text, STR("#"));
        bytes_u64(x->source, &x->text, k->repeat + 1u);
        bytes_put(x->source, &x->text, STR("\":"));
    }
}

static void json_open(const Run *r, const Step *s)
{
    json_name(r, s);
    r->x->chunk->repeat = 0;
    bytes_put(r->x->source, &r->x->text, STR("{"));
}

/* Every member ends with a comma; the last one's is taken back here. */
static void json_close(BinXml *x)
{
    x->text.len -= x->text.len && x->text.at[x->text.len - 1] == ',';
    bytes_put(x->source, &x->text, STR("},"));
}

static bool json_leaf(const Run *r, const Step *s, const BinXmlValue *v)
{
    BinXml *x = r->x;
    if (v->type == TYPE_XML) {
        json_open(r, s);
        bool good = run_nested(r, v, IN_USER);
        json_close(x);
        return good;
    }
    bool secret = v->len && is_secret(r, s);
    json_name(r, s);
    if (secret) {
        bytes_put(x->source, &x->text, STR("\"***\""));
    } else {
        value_json(x->source, &x->text, v);
    }
    bytes_put(x->source, &x->text, STR(","));
    return true;
}

/* ---- System and fields ---- */

static bool field_leaf(const Run *r, const Step *s, const BinXmlValue *v)
{
    BinXml *x = r->x;
    if (v->type == TYPE_XML) {
        return run_nested(r, v, IN_USER);
    }
    Leaf *leaf = VEC_ADD(x->source, &x->chunk->leaves);
    *leaf = (Leaf){.name = run_name(r, s), .from = x->text.len};
    value_put(x->source, &x->text, v);
    leaf->to = x->text.len;
    return true;
}

static bool run_leaf(const Run *r, const Step *s, const BinXmlValue *v)
{
    return r->x->form == BINXML_JSON ? json_leaf(r, s, v) : field_leaf(r, s, v);
}

static inline BinXmlValue step_value(const Run *r, const Step *s)
{
    return s->value != NO_VALUE ? r->values[s->value]
                                : (BinXmlValue){s->constant.at, (uint32_t)s->constant.len, TYPE_TEXT, s->held};
}

static void run_system(const Run *r, SystemItem item, const BinXmlValue *v)
{
    if (!r->x->system[item].at) {
        r->x->system[item] = *v;
        r->x->known++;
    }
}

/* A leaf of several pieces: they are joined first. *i becomes the number of its last step. */
static bool run_pieces(const Run *r, size_t *i)
{
    const Step *begin = &r->program->steps[*i], *s = begin + 1;
    BinXmlChunk *k = r->x->chunk;
    k->piece.len = 0;
    for (; s->op == OP_PIECE; s++) {
        BinXmlValue v = step_value(r, s);
        value_put(r->x->source, &k->piece, &v);
    }
    *i += (size_t)(s - begin);
    Str joined = arena_str(&k->arena, bytes_str(&k->piece));
    BinXmlValue v = value_of_text(joined);
    k->text += joined.len;
    if (begin->context != SYSTEM_COUNT) {
        run_system(r, begin->context, &v);
        return true;
    }
    return run_leaf(r, begin, &v);
}

static bool data_wanted(BinXml *x)
{
    BinXmlChunk *k = x->chunk;
    if (!k->asked) {
        k->asked = true;
        k->wanted = !x->wants || x->wants(x, x->with);
    }
    return k->wanted;
}

static bool run_inner(const Run *r, const Step *s)
{
    const BinXmlValue *v = &r->values[s->value];
    if (s->context == IN_EVENT && !data_wanted(r->x)) {
        return true; /* right below Event it can only be data */
    }
    if (v->type == TYPE_XML) {
        return run_nested(r, v, s->context);
    }
    if (value_null(v) || (s->context != IN_DATA && s->context != IN_USER)) {
        return true;
    }
    Step leaf = *s;
    leaf.text = r->x->form == BINXML_JSON ? STR("\"#text\":") : STR("#text");
    return run_leaf(r, &leaf, v);
}

static bool run_fields(const Run *r, size_t from, size_t to)
{
    BinXml *x = r->x;
    bool good = true;
    for (size_t i = from; i < to && good; i++) {
        const Step *s = &r->program->steps[i];
        BinXmlValue v;
        switch (s->op) {
        case OP_SYSTEM:
            v = step_value(r, s);
            run_system(r, s->context, &v);
            break;
        case OP_LEAF:
            v = step_value(r, s);
            good = run_leaf(r, s, &v);
            break;
        case OP_ELEMENT: i = run_element(r, i, &good); break;
        case OP_DATA: i = data_wanted(x) ? i : s->jump - 1; break;
        case OP_NESTED: good = run_inner(r, s); break;
        case OP_LEAF_BEGIN: good = run_pieces(r, &i); break;
        case OP_OPEN:
            if (x->form == BINXML_JSON) {
                json_open(r, s);
            }
            break;
        case OP_CLOSE:
            if (x->form == BINXML_JSON) {
                json_close(x);
            }
            break;
        default: break;
        }
        if (x->text.len > LIMIT_BINXML_TEXT || x->chunk->text > LIMIT_BINXML_TEXT) {
            return chunk_limit(x, "text of one chunk");
        }
    }
    return good;
}

static bool run_steps(const Run *r, size_t from, size_t to)
{
    return r->x->form == BINXML_XML ? run_xml(r, from, to) : run_fields(r, from, to);
}

/* Room for the values of one more template. Grown copies stay behind in the arena, so those above keep theirs. */
static BinXmlValue *values_push(BinXml *x, size_t count)
{
    BinXmlChunk *k = x->chunk;
    while (k->values.room - k->values.count < count) {
        vec_grow(x->source, (void **)&k->values.at, k->values.count, &k->values.room, sizeof *k->values.at);
    }
    BinXmlValue *at = k->values.at ? k->values.at + k->values.count : NULL;
    k->values.count += count;
    return at;
}

typedef struct Given { /* what a record says about its values; zeroed: nothing */
    size_t count;      /* of descriptors: size and type, four bytes each; the values stand behind them */
    const uint8_t *at; /* the first descriptor */
    size_t left;       /* bytes from there to the end of the record, no less than the descriptors take */
} Given;

/* The first `used` values; absent ones become null. False if they do not fit into the record. */
static bool values_read(BinXmlValue *to, size_t used, const Given *given)
{
    const uint8_t *at = given->at, *value = given->count ? at + 4 * given->count : at;
    size_t left = given->left - 4 * given->count;
    for (size_t i = 0; i < given->count; i++, at += 4) {
        size_t size = little_u16(at);
        if (size > left) {
            return false;
        }
        if (i < used) {
            bool ours = (at[2] & ~TYPE_ARRAY) == TYPE_TEXT; /* no file may say so */
            to[i] = (BinXmlValue){value, (uint32_t)size, ours ? TYPE_BINARY : at[2], 0};
        }
        value += size;
        left -= size;
    }
    for (size_t i = given->count; i < used; i++) {
        to[i] = (BinXmlValue){value, 0, TYPE_NULL, 0};
    }
    return true;
}

static bool run_program(BinXml *x, const Program *p, const Given *given, unsigned depth)
{
    size_t before = x->chunk->values.count;
    Run r = {.x = x, .program = p, .values = values_push(x, p->values), .depth = depth};
    bool good = values_read(r.values, p->values, given) || chunk_fail(x, "values beyond the end of the record");
    good = good && run_steps(&r, 0, p->count);
    x->chunk->values.count = before;
    return good;
}

/* Behind the values of a record stand its end token and less than 8 bytes to its end, unless they are another's. */
static bool values_fill(const Given *given)
{
    size_t used = 4 * given->count;
    for (size_t i = 0; i < given->count; i++) {
        used += little_u16(given->at + 4 * i);
    }
    return used <= given->left && given->left - used <= 8;
}

/* Behind the token: one byte, template id, offset; the definition if it is here; count, descriptors, values. */
static bool run_template(BinXml *x, Cursor *c, Context context, unsigned depth)
{
    Str head = cur_bytes(c, 9, "template");
    if (c->lack) {
        return chunk_fail(x, c->lack);
    }
    uint32_t offset = little_u32(head.at + 5);
    if (offset == c->pos) {
        cur_bytes(c, 20, "template definition");
        cur_bytes(c, cur_u32(c, "template size"), "template definition");
    }
    size_t count = cur_left(c) < 4 ? SIZE_MAX : little_u32(c->in.at + c->pos);
    if (c->lack || count > (cur_left(c) - 4) / 4) {
        return chunk_fail(x, c->lack ? c->lack : "value count");
    }
    c->pos += 4;
    Given given = {count, c->in.at + c->pos, cur_left(c)};
    if (x->strict && (!template_is(x, offset, little_u32(head.at + 1)) || (!depth && !values_fill(&given)))) {
        return chunk_fail(x, "its template was overwritten");
    }
    const Program *p = template_at(x, offset, context);
    if (!p) {
        return false;
    }
    x->chunk->work += p->count;
    return run_program(x, p, &given, depth);
}

/* Elements outside any template. */
static bool run_elements(BinXml *x, Cursor *c, Context context, unsigned depth)
{
    const Program *p = template_elements(x, c, context);
    return p && run_program(x, p, &(Given){0}, depth);
}

bool render_fragment(BinXml *x, size_t from, size_t to, Context context, unsigned depth)
{
    Cursor c = {.in = str_slice(x->chunk->bytes, 0, to), .pos = from};
    if (depth > LIMIT_BINXML_DEPTH) {
        return chunk_limit(x, "fragments nested too deep");
    }
    if (x->chunk->work > LIMIT_BINXML_WORK) {
        return chunk_limit(x, "fragments repeated in one chunk");
    }
    while (c.pos < c.in.len && c.in.at[c.pos] == TOKEN_HEADER) {
        cur_bytes(&c, 4, "fragment header");
        if (c.lack) {
            return chunk_fail(x, c.lack);
        }
    }
    if (c.pos >= c.in.len || c.in.at[c.pos] == TOKEN_END) {
        return depth || !x->strict || chunk_fail(x, "its content was overwritten");
    }
    if (c.in.at[c.pos] == TOKEN_TEMPLATE) {
        c.pos++;
        return run_template(x, &c, context, depth);
    }
    return run_elements(x, &c, context, depth);
}
