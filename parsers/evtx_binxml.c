#include "evtx_binxml.h"

#include "evtx_chunk.h"
#include "evtx_kept.h"
#include "evtx_render.h"
#include "limits.h"

void binxml_open(BinXml *x, BinXmlForm form, Arena *source)
{
    *x = (BinXml){.form = form, .source = source, .chunk = ARENA_NEW(source, BinXmlChunk, 1)};
}

void binxml_close(BinXml *x)
{
    if (x->chunk) {
        arena_free(&x->chunk->arena);
        arena_free(&x->chunk->kept);
    }
}

void binxml_chunk(BinXml *x, Str chunk)
{
    BinXmlChunk *k = x->chunk;
    k->bytes = chunk;
    arena_reset(&k->arena);
    kept_bound(x);
    memset(k->placed, 0, sizeof k->placed);
    memset(k->names, 0, sizeof k->names);
    k->compiled = k->work = k->text = 0;
    x->limit = false;
}

static void fields_settle(BinXml *x)
{
    BinXmlChunk *k = x->chunk;
    k->fields.count = 0;
    for (size_t i = 0; i < k->leaves.count; i++) {
        const Leaf *leaf = &k->leaves.at[i];
        *VEC_ADD(x->source, &k->fields) = (Field){leaf->name, str_slice(bytes_str(&x->text), leaf->from, leaf->to)};
    }
    x->fields = k->fields.at;
    x->field_count = k->fields.count;
}

bool binxml_record(BinXml *x, size_t from, size_t to)
{
    BinXmlChunk *k = x->chunk;
    size_t before = x->text.len;
    if (x->limit) {
        return false;
    }
    memset(x->system, 0, sizeof x->system);
    x->known = 0;
    x->why = NULL;
    k->asked = false;
    k->position = k->repeat = 0;
    k->leaves.count = k->values.count = 0;
    bool good = render_fragment(x, from, to, IN_DOCUMENT, 0);
    k->text += x->text.len - before;
    if (good && k->text > LIMIT_BINXML_TEXT) {
        good = chunk_limit(x, "text of one chunk");
    }
    if (!good) {
        x->text.len = before;
        return false;
    }
    fields_settle(x);
    return true;
}
