#include "evtx_kept.h"

#include "evtx_bytes.h"
#include "evtx_chunk.h"
#include "limits.h"

/* Which names a definition holds itself depends on what the chunk held before it, so one template has some forms, and
 * a large log some hundreds of them. */
#define BUCKET_MOST 16
/* Templates and names read before all of it is forgotten, at some ten times their size. It loses nothing but time. */
#define KEPT_MOST (1 * MIB)

typedef struct Kept {
    struct Kept *next;
    Str id, body;
    Context context;
    const NameUse *uses; /* `at` counts in `body` */
    size_t use_count;
    const Program *program;
} Kept;

void kept_bound(BinXml *x)
{
    BinXmlChunk *k = x->chunk;
    k->kept_bytes += k->compiled;
    if (k->kept_bytes > KEPT_MOST) {
        arena_reset(&k->kept);
        memset(k->keeps, 0, sizeof k->keeps);
        k->kept_bytes = 0;
    }
}

static Kept **bucket_of(BinXml *x, const KeptKey *key)
{
    return &x->chunk->keeps[(little_u32(key->id.at) ^ key->body.len ^ (size_t)key->context << 4) % CHUNK_BUCKETS];
}

/* The reference at `at` of the body: to the same name, and in the same way. */
static bool same_use(BinXml *x, const Kept *kept, Str body, const NameUse *use)
{
    const uint8_t *at = body.at + use->at;
    uint32_t offset = little_u32(at);
    bool here = offset == (size_t)(at - x->chunk->bytes.at) + 4;
    const char *lack = NULL;
    if (here != (use->here != 0)) {
        return false;
    }
    if (here) { /* the first four bytes are its link to another name */
        return memcmp(at + 8, kept->body.at + use->at + 8, use->here - 4) == 0;
    }
    x->chunk->compiled += use->text.len;
    return str_eq(token_name(x, offset, &lack), use->text) && !lack;
}

static bool same_body(BinXml *x, const Kept *kept, Str body)
{
    size_t from = 0;
    for (size_t i = 0; i < kept->use_count; i++) {
        const NameUse *use = &kept->uses[i];
        if (!str_eq(str_slice(kept->body, from, use->at), str_slice(body, from, use->at)) ||
            !same_use(x, kept, body, use)) {
            return false;
        }
        from = use->at + 4 + use->here;
    }
    return str_eq(str_from(kept->body, from), str_from(body, from));
}

const Program *kept_find(BinXml *x, const KeptKey *key)
{
    for (const Kept *kept = *bucket_of(x, key); kept; kept = kept->next) {
        if (kept->context == key->context && kept->body.len == key->body.len && str_eq(kept->id, key->id) &&
            same_body(x, kept, key->body)) {
            x->chunk->compiled += key->body.len;
            return kept->program;
        }
    }
    return NULL;
}

static bool is_full(const Kept *kept)
{
    size_t count = 0;
    for (; kept; kept = kept->next) {
        count++;
    }
    return count >= BUCKET_MOST;
}

void kept_add(BinXml *x, const KeptKey *key, const Program *program)
{
    BinXmlChunk *k = x->chunk;
    Kept **bucket = bucket_of(x, key);
    size_t body_at = (size_t)(key->body.at - k->bytes.at);
    if (is_full(*bucket)) {
        return;
    }
    NameUse *uses = ARENA_NEW(&k->kept, NameUse, k->uses.count);
    for (size_t i = 0; i < k->uses.count; i++) {
        uses[i] = k->uses.at[i];
        uses[i].at -= body_at;
    }
    Kept *kept = ARENA_NEW(&k->kept, Kept, 1);
    *kept = (Kept){.next = *bucket,
                   .id = arena_str(&k->kept, key->id),
                   .body = arena_str(&k->kept, key->body),
                   .context = key->context,
                   .uses = uses,
                   .use_count = k->uses.count,
                   .program = program};
    *bucket = kept;
}
