#include "hive_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "base/utf.h"
#include "hive_log.h"
#include "limits.h"

#define BLOCK      4096u
#define SECTOR     512u
#define BIN_HEADER 32u
#define SEGMENT    16344u
#define NONE       UINT32_MAX
#define TICKS_1601 INT64_C(116444736000000000)
#define LOGS       3

typedef struct Value {
    Str name, data;
    uint32_t type, at, data_at;
} Value;

typedef struct Key {
    Str name;
    uint64_t written;
    struct Key *parent;
    VEC(Value) values;
    VEC(struct Key *) keys;
    uint32_t at, list_at, values_at;
} Key;

typedef struct Bytes {
    uint8_t *at;
    size_t len, room;
} Bytes;

typedef struct State { /* the bins after one stage */
    Str bins;
    uint32_t root;
    int log; /* which log holds the way to it from the one before; -1: the hive itself */
    bool old;
} State;

typedef struct Writer {
    Arena *a;
    const char *why;
    size_t line; /* of the text, being read; 0: none */
    Str file, list;
    uint32_t minor, leaf, sequence;
    uint64_t written, time;
    Key *root, *key;
    Bytes bins;
    size_t bin_end; /* of the bin being filled */
    uint32_t security;
    bool torn;
    VEC(State) states;
    HiveFiles files;
} Writer;

static void fail(Writer *w, const char *why)
{
    if (!w->why) {
        w->why = w->line ? (const char *)arena_format(w->a, "line %zu: %s", w->line, why).at : why;
    }
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

static void put_u16(uint8_t *to, uint32_t n)
{
    to[0] = (uint8_t)n;
    to[1] = (uint8_t)(n >> 8);
}

static void put_u32(uint8_t *to, uint32_t n)
{
    put_u16(to, n);
    put_u16(to + 2, n >> 16);
}

static void put_u64(uint8_t *to, uint64_t n)
{
    put_u32(to, (uint32_t)n);
    put_u32(to + 4, (uint32_t)(n >> 32));
}

/* `len` zero bytes behind the others. */
static uint8_t *grow(Writer *w, Bytes *b, size_t len)
{
    if (b->room - b->len < len) {
        size_t room = 2 * (b->len + len) + BLOCK;
        uint8_t *at = ARENA_NEW(w->a, uint8_t, room);
        if (b->len) {
            memcpy(at, b->at, b->len);
        }
        b->at = at;
        b->room = room;
    }
    uint8_t *to = b->at + b->len;
    b->len += len;
    return to;
}

static Str utf16(Writer *w, Str text)
{
    Bytes to = {0};
    uint32_t rune;
    for (size_t i = 0, used; i < text.len && (used = utf8_decode(text, i, &rune)) > 0; i += used) {
        if (rune >= 0x10000) {
            put_u16(grow(w, &to, 2), 0xD800 + ((rune - 0x10000) >> 10));
            rune = 0xDC00 + ((rune - 0x10000) & 0x3FF);
        }
        put_u16(grow(w, &to, 2), rune);
    }
    return (Str){to.at, to.len};
}

/* A name as it is kept: one byte a character where that is enough. */
static Str name_bytes(Writer *w, Str name, bool *narrow)
{
    Str wide = utf16(w, name);
    uint8_t *to = ARENA_NEW(w->a, uint8_t, wide.len / 2);
    *narrow = true;
    for (size_t i = 0; i < wide.len; i += 2) {
        *narrow = *narrow && wide.at[i + 1] == 0;
        to[i / 2] = wide.at[i];
    }
    return *narrow ? (Str){to, wide.len / 2} : wide;
}

/* --- cells ------------------------------------------------------------------------------------------------------ */

static void close_bin(Writer *w)
{
    if (w->bins.len < w->bin_end) {
        size_t left = w->bin_end - w->bins.len;
        put_u32(grow(w, &w->bins, left), (uint32_t)left); /* free */
    }
}

/* Returns the offset of a cell for so many bytes. */
static uint32_t cell(Writer *w, size_t len)
{
    size_t size = (len + 4 + 7) / 8 * 8;
    if (w->bin_end - w->bins.len < size) {
        close_bin(w);
        size_t at = w->bins.len, bin = (BIN_HEADER + size + BLOCK - 1) / BLOCK * BLOCK;
        uint8_t *head = grow(w, &w->bins, BIN_HEADER);
        memcpy(head, "hbin", 4);
        put_u32(head + 4, (uint32_t)at);
        put_u32(head + 8, (uint32_t)bin);
        put_u64(head + 20, at ? 0 : w->written);
        w->bin_end = at + bin;
    }
    uint32_t at = (uint32_t)w->bins.len;
    put_u32(grow(w, &w->bins, size), 0u - (uint32_t)size);
    return at;
}

static uint8_t *in_cell(Writer *w, uint32_t at)
{
    return w->bins.at + at + 4;
}

static uint32_t cell_of(Writer *w, Str bytes)
{
    uint32_t at = cell(w, bytes.len);
    memcpy(in_cell(w, at), bytes.at, bytes.len);
    return at;
}

static uint32_t large_data(Writer *w, Str data)
{
    uint32_t count = (uint32_t)((data.len + SEGMENT - 1) / SEGMENT);
    uint32_t list = cell(w, 4 * count), head = cell(w, 8);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = cell_of(w, str_slice(data, (size_t)i * SEGMENT, (size_t)(i + 1) * SEGMENT));
        put_u32(in_cell(w, list) + 4 * i, at);
    }
    memcpy(in_cell(w, head), "db", 2);
    put_u16(in_cell(w, head) + 2, count);
    put_u32(in_cell(w, head) + 4, list);
    return head;
}

static void write_value(Writer *w, Value *v)
{
    bool narrow, in_place = v->data.len <= 4;
    Str name = name_bytes(w, v->name, &narrow);
    v->data_at = in_place ? 0 : v->data.len > SEGMENT && w->minor > 3 ? large_data(w, v->data) : cell_of(w, v->data);
    v->at = cell(w, 20 + name.len);
    uint8_t *to = in_cell(w, v->at);
    memcpy(to, "vk", 2);
    put_u16(to + 2, (uint32_t)name.len);
    put_u32(to + 4, (uint32_t)v->data.len | (in_place ? 0x80000000u : 0));
    put_u32(to + 8, v->data_at);
    if (in_place && v->data.len) {
        memcpy(to + 8, v->data.at, v->data.len);
    }
    put_u32(to + 12, v->type);
    put_u16(to + 16, narrow);
    if (name.len) {
        memcpy(to + 20, name.at, name.len);
    }
}

static uint32_t name_hash(Writer *w, Str name)
{
    Str wide = utf16(w, name);
    uint32_t hash = 0;
    for (size_t i = 0; i + 1 < wide.len; i += 2) {
        uint32_t c = (uint32_t)(wide.at[i] | wide.at[i + 1] << 8);
        hash = hash * 37 + (c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    return hash;
}

static uint32_t leaf(Writer *w, Str kind, struct Key **keys, size_t count)
{
    size_t each = str_eq(kind, STR("li")) ? 4 : 8;
    uint32_t at = cell(w, 4 + each * count);
    uint8_t *to = in_cell(w, at);
    memcpy(to, kind.at, 2);
    put_u16(to + 2, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *element = in_cell(w, at) + 4 + each * i;
        put_u32(element, keys[i]->at);
        if (str_eq(kind, STR("lh"))) {
            put_u32(element + 4, name_hash(w, keys[i]->name));
        } else if (each == 8) {
            Str hint = str_slice(keys[i]->name, 0, 4);
            memcpy(element + 4, hint.at, hint.len);
        }
    }
    return at;
}

static uint32_t lists(Writer *w, const Key *key)
{
    if (!str_eq(w->list, STR("ri"))) {
        return leaf(w, w->list, key->keys.at, key->keys.count);
    }
    size_t count = (key->keys.count + w->leaf - 1) / w->leaf;
    uint32_t root = cell(w, 4 + 4 * count);
    memcpy(in_cell(w, root), "ri", 2);
    put_u16(in_cell(w, root) + 2, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        size_t from = i * w->leaf, left = key->keys.count - from;
        uint32_t at = leaf(w, STR("lh"), key->keys.at + from, left < w->leaf ? left : w->leaf);
        put_u32(in_cell(w, root) + 4 + 4 * i, at);
    }
    return root;
}

static int by_name(const void *a, const void *b)
{
    return str_order_nocase((*(Key *const *)a)->name, (*(Key *const *)b)->name);
}

static void write_values(Writer *w, Key *key)
{
    key->values_at = key->values.count ? cell(w, 4 * key->values.count) : NONE;
    for (size_t i = 0; i < key->values.count; i++) {
        write_value(w, &key->values.at[i]);
        put_u32(in_cell(w, key->values_at) + 4 * i, key->values.at[i].at);
    }
}

static void write_key(Writer *w, Key *key)
{
    bool narrow;
    Str name = name_bytes(w, key->name, &narrow);
    key->at = cell(w, 76 + name.len);
    if (!key->parent) { /* a descriptor without owner, group and lists */
        static const uint8_t sk[40] = {'s', 'k', [12] = 1, [16] = 20, [20] = 1, [23] = 0x80};
        w->security = cell_of(w, (Str){sk, sizeof sk});
        put_u32(in_cell(w, w->security) + 4, w->security);
        put_u32(in_cell(w, w->security) + 8, w->security);
    }
    write_values(w, key);
    if (key->keys.count) {
        qsort(key->keys.at, key->keys.count, sizeof *key->keys.at, by_name);
    }
    for (size_t i = 0; i < key->keys.count; i++) {
        write_key(w, key->keys.at[i]);
    }
    key->list_at = key->keys.count ? lists(w, key) : NONE;
    uint8_t *to = in_cell(w, key->at);
    memcpy(to, "nk", 2);
    put_u16(to + 2, (narrow ? 0x20 : 0) | (key->parent ? 0 : 0x0C));
    put_u64(to + 4, key->written);
    put_u32(to + 16, key->parent ? key->parent->at : 0);
    put_u32(to + 20, (uint32_t)key->keys.count);
    put_u32(to + 28, key->list_at);
    put_u32(to + 32, NONE);
    put_u32(to + 36, (uint32_t)key->values.count);
    put_u32(to + 40, key->values_at);
    put_u32(to + 44, w->security);
    put_u32(to + 48, NONE);
    put_u16(to + 72, (uint32_t)name.len);
    memcpy(to + 76, name.at, name.len);
}

static void write_state(Writer *w, int log, bool old)
{
    w->bins = (Bytes){0};
    w->bin_end = 0;
    write_key(w, w->root);
    close_bin(w);
    *VEC_ADD(w->a, &w->states) = (State){{w->bins.at, w->bins.len}, w->root->at, log, old};
}

/* --- base blocks and logs --------------------------------------------------------------------------------------- */

static void put_sum(uint8_t *base)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < 508; i += 4) {
        sum ^=
            (uint32_t)base[i] | (uint32_t)base[i + 1] << 8 | (uint32_t)base[i + 2] << 16 | (uint32_t)base[i + 3] << 24;
    }
    put_u32(base + 508, sum == NONE ? NONE - 1 : sum ? sum : 1);
}

static void put_base(Writer *w, uint8_t *to, const State *s, uint32_t primary, uint32_t secondary, uint32_t type)
{
    Str path = utf16(w, w->file);
    path = str_from(path, path.len > 62 ? path.len - 62 : 0);
    memcpy(to, "regf", 4);
    put_u32(to + 4, primary);
    put_u32(to + 8, secondary);
    put_u64(to + 12, w->written);
    put_u32(to + 20, 1);
    put_u32(to + 24, w->minor);
    put_u32(to + 28, type);
    put_u32(to + 32, 1);
    put_u32(to + 36, s->root);
    put_u32(to + 40, (uint32_t)s->bins.len);
    put_u32(to + 44, 1);
    if (path.len) {
        memcpy(to + 48, path.at, path.len);
    }
    put_sum(to);
}

static bool differ(Str before, Str after, size_t at, size_t len)
{
    return !str_eq(str_slice(before, at, at + len), str_slice(after, at, at + len));
}

/* An entry of the new form: all blocks that the change touched, those side by side in one. */
static void put_entry(Writer *w, Bytes *log, const State *from, const State *to, uint32_t number)
{
    size_t start = log->len, pages = 0, left;
    Bytes data = {0};
    grow(w, log, 40);
    for (size_t at = 0; at < to->bins.len; at += BLOCK) {
        size_t len = 0;
        while (at + len < to->bins.len && differ(from->bins, to->bins, at + len, BLOCK)) {
            len += BLOCK;
        }
        if (len) {
            uint8_t *reference = grow(w, log, 8);
            put_u32(reference, (uint32_t)at);
            put_u32(reference + 4, (uint32_t)len);
            memcpy(grow(w, &data, len), to->bins.at + at, len);
            at += len;
            pages++;
        }
    }
    if (data.len) {
        memcpy(grow(w, log, data.len), data.at, data.len);
    }
    left = (log->len - start) % SECTOR;
    grow(w, log, left ? SECTOR - left : 0);
    uint8_t *head = log->at + start;
    memcpy(head, "HvLE", 4);
    put_u32(head + 4, (uint32_t)(log->len - start));
    put_u32(head + 12, number);
    put_u32(head + 16, (uint32_t)to->bins.len);
    put_u32(head + 20, (uint32_t)pages);
    put_u64(head + 24, hive_log_hash((Str){head + 40, log->len - start - 40}));
    put_u64(head + 32, hive_log_hash((Str){head, 32}));
}

static void put_bitmap(Writer *w, Bytes *log, const State *from, const State *to)
{
    size_t pages = to->bins.len / SECTOR, len = (4 + pages / 8 + SECTOR - 1) / SECTOR * SECTOR;
    uint8_t *map = grow(w, log, len);
    size_t map_at = (size_t)(map - log->at);
    memcpy(map, "DIRT", 4);
    for (size_t block = 0; block < to->bins.len; block += BLOCK) {
        if (differ(from->bins, to->bins, block, BLOCK)) {
            log->at[map_at + 4 + block / BLOCK] = 0xFF;
            memcpy(grow(w, log, BLOCK), to->bins.at + block, BLOCK);
        }
    }
}

static void write_logs(Writer *w)
{
    static const char *const suffixes[LOGS] = {".LOG", ".LOG1", ".LOG2"};
    Bytes logs[LOGS] = {{0}};
    const State *last = &w->states.at[w->states.count - 1];
    for (size_t i = 1; i < w->states.count; i++) {
        const State *s = &w->states.at[i];
        Bytes *log = &logs[s->log];
        uint32_t number = w->sequence + (uint32_t)i - 1;
        if (!log->len) {
            put_base(w, grow(w, log, SECTOR), s->old ? last : s, number, number, s->old ? 1 : 6);
        }
        s->old ? put_bitmap(w, log, s - 1, last) : put_entry(w, log, s - 1, s, number);
        if (s->old) {
            break;
        }
    }
    for (int i = 0; i < LOGS; i++) {
        if (logs[i].len) {
            w->files.at[w->files.count++] = (HiveFile){str_of(suffixes[i]), {logs[i].at, logs[i].len}};
        }
    }
}

static void write_files(Writer *w)
{
    bool dirty = w->states.count > 1;
    const State *first = &w->states.at[0], *last = &w->states.at[w->states.count - 1];
    Bytes file = {0};
    put_base(w, grow(w, &file, BLOCK), first, w->sequence + dirty, w->sequence, 0);
    memcpy(grow(w, &file, first->bins.len), first->bins.at, first->bins.len);
    for (size_t at = BLOCK; w->torn && dirty && at < first->bins.len; at += 2 * BLOCK) {
        Str page = str_slice(last->bins, at, at + BLOCK);
        memcpy(file.at + BLOCK + at, page.at, page.len);
    }
    w->files.at[w->files.count++] = (HiveFile){STR(""), {file.at, file.len}};
    if (dirty) {
        write_logs(w);
    }
}

/* --- reading the text ------------------------------------------------------------------------------------------- */

static Key *child(Writer *w, Key *parent, Str name, bool make)
{
    for (size_t i = 0; i < parent->keys.count; i++) {
        if (str_eq_nocase(parent->keys.at[i]->name, name)) {
            return parent->keys.at[i];
        }
    }
    if (!make) {
        return NULL;
    }
    Key *key = ARENA_NEW(w->a, Key, 1);
    *key = (Key){.name = name, .written = w->time, .parent = parent};
    *VEC_ADD(w->a, &parent->keys) = key;
    return key;
}

static Key *find_key(Writer *w, Str path, bool make)
{
    Key *key = w->root;
    size_t depth = 0;
    for (Str part; key && path.len && str_split(&path, '\\', &part);) {
        key = child(w, key, part, make);
        if (++depth > 2 * LIMIT_HIVE_DEPTH) { /* the reader is tested beyond it */
            fail(w, "keys too deep inside each other");
            return w->root;
        }
    }
    return key;
}

static Value *find_value(Key *key, Str name)
{
    for (size_t i = 0; key && i < key->values.count; i++) {
        if (str_eq_nocase(key->values.at[i].name, name)) {
            return &key->values.at[i];
        }
    }
    return NULL;
}

/* Takes a text in quotes off the front. */
static bool quoted(Writer *w, Str *rest, Str *text)
{
    Bytes to = {0};
    size_t i = 1;
    if (!str_starts(*rest, STR("\""))) {
        return false;
    }
    for (; i < rest->len && rest->at[i] != '"'; i++) {
        i += rest->at[i] == '\\' && i + 1 < rest->len;
        *grow(w, &to, 1) = rest->at[i];
    }
    bool closed = i < rest->len;
    *text = (Str){to.at, to.len};
    *rest = str_from(*rest, i + 1);
    return closed;
}

static Str hex_bytes(Writer *w, Str text)
{
    Bytes to = {0};
    Str part;
    uint64_t n;
    while (text.len && str_split(&text, ',', &part)) {
        if (!str_u64(str_trim(part), 16, &n)) {
            fail(w, "no bytes");
        }
        *grow(w, &to, 1) = (uint8_t)n;
    }
    return (Str){to.at, to.len};
}

static Str text_data(Writer *w, Str text)
{
    return utf16(w, arena_join(w->a, (Str[]){text, {(const uint8_t *)"", 1}}, 2));
}

static Str multi_data(Writer *w, Str rest)
{
    VEC(Str) parts = {0};
    Str text;
    while (quoted(w, &rest, &text)) {
        *VEC_ADD(w->a, &parts) = text_data(w, text);
        rest = str_from(rest, str_starts(rest, STR(",")));
    }
    *VEC_ADD(w->a, &parts) = (Str){(const uint8_t *)"\0", 2};
    return arena_join(w->a, parts.at, parts.count);
}

static Str number_data(Writer *w, Str digits, size_t size)
{
    uint64_t n = 0;
    uint8_t bytes[8];
    if (!str_u64(digits, 16, &n)) {
        fail(w, "no number");
    }
    put_u64(bytes, n);
    return arena_str(w->a, (Str){bytes, size});
}

static Str fill_data(Writer *w, Str rest)
{
    Str len;
    uint64_t n = 0, byte = 0;
    if (!str_split(&rest, ':', &len) || !str_u64(len, 10, &n) || !str_u64(rest, 16, &byte) || n > LIMIT_HIVE_VALUE) {
        fail(w, "fill:BYTES:BYTE wants at most 16 MiB");
        n = 0;
    }
    uint8_t *to = ARENA_NEW(w->a, uint8_t, n);
    for (size_t i = 0; i < n; i++) {
        to[i] = (uint8_t)(byte + i / SEGMENT); /* no segment like another */
    }
    return (Str){to, n};
}

static bool takes(Str *rest, const char *word)
{
    bool yes = str_starts(*rest, str_of(word));
    *rest = str_from(*rest, yes ? str_of(word).len : 0);
    return yes;
}

static void set_data(Writer *w, Value *v, Str rest)
{
    Str text;
    uint64_t type = 3;
    if (takes(&rest, "dword:")) {
        v->type = 4;
        v->data = number_data(w, rest, 4);
    } else if (takes(&rest, "qword:")) {
        v->type = 11;
        v->data = number_data(w, rest, 8);
    } else if (takes(&rest, "multi:")) {
        v->type = 7;
        v->data = multi_data(w, rest);
    } else if (takes(&rest, "fill:")) {
        v->type = 3;
        v->data = fill_data(w, rest);
    } else if (takes(&rest, "hex")) {
        if (takes(&rest, "(") && str_split(&rest, ')', &text) && !str_u64(text, 16, &type)) {
            fail(w, "hex(TYPE):");
        }
        v->type = (uint32_t)type;
        v->data = hex_bytes(w, str_from(rest, 1));
    } else {
        v->type = takes(&rest, "expand:") ? 2 : 1;
        if (!quoted(w, &rest, &text)) {
            fail(w, "a value is \"text\", expand:\"text\", multi:\"a\",\"b\", "
                    "dword:00000001, qword:…, hex:de,ad or fill:BYTES:5a");
        }
        v->data = text_data(w, text);
    }
}

static void value_line(Writer *w, Str line)
{
    Str name = {0};
    bool removes = takes(&line, "-");
    if (!takes(&line, "@") && !quoted(w, &line, &name)) {
        fail(w, "a line is [KEY], \"NAME\"=VALUE, @=VALUE, time T, written T, "
                "=== LOG1 or torn (-\"NAME\" and -[KEY] take away)");
        return;
    }
    Value *v = find_value(w->key, name);
    w->key->written = w->time;
    if (removes && v) {
        *v = w->key->values.at[--w->key->values.count];
        return;
    }
    if (!v) {
        v = VEC_ADD(w->a, &w->key->values);
        *v = (Value){.name = name};
    }
    if (!takes(&line, "=")) {
        fail(w, "\"NAME\"=DATA");
    }
    set_data(w, v, line);
}

static void key_line(Writer *w, Str line)
{
    bool removes = takes(&line, "-");
    Str path = str_slice(line, 1, str_rfind_byte(line, ']'));
    if (!removes) {
        w->key = find_key(w, path, true);
        return;
    }
    Key *key = find_key(w, path, false);
    for (size_t i = 0; key && key->parent && i < key->parent->keys.count; i++) {
        if (key->parent->keys.at[i] == key) {
            key->parent->keys.at[i] = key->parent->keys.at[--key->parent->keys.count];
        }
    }
}

static uint64_t filetime(Writer *w, Str text)
{
    Timestamp t;
    if (!timestamp_iso(text, &t, NULL)) {
        fail(w, "no time");
        return 0;
    }
    return (uint64_t)(t.ns / 100 + TICKS_1601);
}

static uint32_t number(Writer *w, Str text)
{
    uint64_t n = 0;
    if (!str_u64(text, 10, &n)) {
        fail(w, "no number");
    }
    return (uint32_t)n;
}

/* `=== LOG1 old` ends a stage. */
static void stage_line(Writer *w, Str line, int *log, bool *old)
{
    Str name;
    write_state(w, *log, *old);
    str_split(&line, ' ', &name);
    *log = str_eq(name, STR("LOG1")) ? 1 : str_eq(name, STR("LOG2")) ? 2 : 0;
    *old = str_eq(line, STR("old"));
}

static Str list_kind(Writer *w, Str word)
{
    static const char *const kinds[] = {"lf", "lh", "li", "ri"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (str_eq(word, str_of(kinds[i]))) {
            return word;
        }
    }
    fail(w, "lists are lf, lh, li or ri");
    return w->list;
}

static bool head_line(Writer *w, Str line)
{
    if (takes(&line, "file")) {
        w->file = str_trim(line);
    } else if (takes(&line, "version 1.")) {
        w->minor = number(w, line);
    } else if (takes(&line, "lists ")) {
        w->list = list_kind(w, line);
    } else if (takes(&line, "leaf ")) {
        w->leaf = number(w, line);
        w->leaf = w->leaf ? w->leaf : 1;
    } else if (takes(&line, "sequence ")) {
        w->sequence = number(w, line);
    } else if (takes(&line, "written ")) {
        w->written = filetime(w, line);
    } else if (takes(&line, "time ")) {
        w->time = w->key->written = filetime(w, line);
    } else if (str_eq(line, STR("torn"))) {
        w->torn = true;
    } else {
        return false;
    }
    return true;
}

static bool is_damage(Str line)
{
    return str_starts(line, STR("poke ")) || str_starts(line, STR("cut ")) || str_eq(line, STR("sum"));
}

static void read_text(Writer *w, Str text)
{
    Str line;
    int log = -1;
    bool old = false;
    while (!w->why && str_split(&text, '\n', &line)) {
        w->line++;
        line = str_trim(line);
        if (!line.len || line.at[0] == '#' || is_damage(line) || head_line(w, line)) {
            continue;
        }
        if (takes(&line, "=== ")) {
            stage_line(w, line, &log, &old);
        } else if (str_starts(line, STR("[")) || str_starts(line, STR("-["))) {
            key_line(w, line);
        } else {
            value_line(w, line);
        }
    }
    write_state(w, log, old);
}

/* --- damage ----------------------------------------------------------------------------------------------------- */

/* The offset of a cell in the bins of the last stage. */
static uint32_t cell_named(Writer *w, Str name)
{
    Str kind;
    str_split(&name, ':', &kind);
    size_t cut = str_rfind_byte(name, '\\');
    Str above = cut == STR_NOT_FOUND ? (Str){0} : str_slice(name, 0, cut);
    Str last = cut == STR_NOT_FOUND ? name : str_from(name, cut + 1);
    bool of_value = str_eq(kind, STR("value")) || str_eq(kind, STR("data"));
    const Key *key = find_key(w, of_value ? above : name, false);
    const Value *v = of_value && key ? find_value((Key *)key, last) : NULL;
    if (!key || (of_value && !v)) {
        fail(w, "no such cell");
        return 0;
    }
    return str_eq(kind, STR("value"))    ? v->at
           : str_eq(kind, STR("data"))   ? v->data_at
           : str_eq(kind, STR("list"))   ? key->list_at
           : str_eq(kind, STR("values")) ? key->values_at
                                         : key->at;
}

static Str *file_named(Writer *w, Str name)
{
    Str suffix = str_eq(name, STR("file")) ? STR("") : arena_join(w->a, (Str[]){STR("."), name}, 2);
    for (size_t i = 0; i < w->files.count; i++) {
        if (str_eq_nocase(w->files.at[i].suffix, suffix)) {
            return &w->files.at[i].bytes;
        }
    }
    return NULL;
}

static void poke(Writer *w, Str line)
{
    Str target, where;
    int64_t at = 0;
    str_split(&line, ' ', &target);
    str_split(&line, ' ', &where);
    Str *file = file_named(w, target);
    uint8_t offset[4];
    if (!str_i64(where, &at) || at < INT32_MIN || at > INT32_MAX) {
        fail(w, "poke WHAT OFFSET BYTES");
        return;
    }
    at += file ? 0 : BLOCK + 4 + cell_named(w, target);
    file = file ? file : file_named(w, STR("file"));
    Str bytes = {offset, 4};
    if (str_starts(line, STR("@"))) {
        put_u32(offset, cell_named(w, str_from(line, 1)));
    } else {
        bytes = hex_bytes(w, line);
    }
    if (at < 0 || (uint64_t)at + bytes.len > file->len) {
        fail(w, "poke beyond the file");
    } else if (bytes.len) {
        memcpy((uint8_t *)file->at + at, bytes.at, bytes.len);
    }
}

static void damage_line(Writer *w, Str line)
{
    Str target;
    if (takes(&line, "poke ")) {
        poke(w, line);
    } else if (takes(&line, "cut ")) {
        str_split(&line, ' ', &target);
        Str *file = file_named(w, target);
        if (file) {
            *file = str_slice(*file, 0, number(w, line));
        } else {
            fail(w, "cut FILE BYTES");
        }
    } else if (str_eq(line, STR("sum")) && w->files.at[0].bytes.len >= SECTOR) {
        put_sum((uint8_t *)w->files.at[0].bytes.at);
    }
}

HiveFiles hive_write(Str text, Arena *a, const char **why)
{
    Writer w = {.a = a, .minor = 5, .leaf = 2, .sequence = 7, .list = STR("lh")};
    w.written = w.time = UINT64_C(133274352000000000);
    w.root = w.key = ARENA_NEW(a, Key, 1);
    *w.root = (Key){.name = STR("ROOT"), .written = w.time};
    read_text(&w, text);
    w.line = 0;
    if (!w.why) {
        write_files(&w);
    }
    for (Str rest = text, line; !w.why && str_split(&rest, '\n', &line);) {
        w.line++;
        damage_line(&w, str_trim(line));
    }
    *why = w.why;
    return w.why ? (HiveFiles){0} : w.files;
}
