#include "hive.h"

#include "base/cursor.h"
#include "base/utf.h"
#include "limits.h"

#define SECTOR          ((size_t)512)
#define BIN_HEADER      32
#define CELL_LEAST      8
#define SEGMENT         ((size_t)16344) /* data above this stands in segments, from version 1.4 on */
#define KEY_ROOT        0x0004u
#define KEY_LATIN1      0x0020u
#define KEY_PREDEFINED  0x0040u /* the number of values is a handle */
#define VALUE_LATIN1    0x0001u
#define DATA_IN_PLACE   0x80000000u
#define CELL_USED       0x80000000u /* the size is negative */
#define SUM_BYTES       508
#define BASE_NAME_AT    48
#define BASE_NAME_BYTES 64

/* --- the base block --------------------------------------------------------------------------------------------- */

static uint32_t base_sum(Str sector)
{
    Cursor c = cursor_of(sector);
    uint32_t sum = 0;
    while (c.pos < SUM_BYTES) {
        sum ^= cur_u32(&c, "checksum");
    }
    return sum == UINT32_MAX ? UINT32_MAX - 1 : sum == 0 ? 1 : sum;
}

bool hive_base(Str file, HiveBase *base)
{
    *base = (HiveBase){.root = HIVE_NONE};
    if (file.len < SECTOR || !str_starts(file, STR("regf"))) {
        return false;
    }
    Cursor c = {.in = str_slice(file, 0, SECTOR), .pos = 4};
    base->primary = cur_u32(&c, "sequence");
    base->secondary = cur_u32(&c, "sequence");
    base->written = cur_u64(&c, "written");
    base->major = cur_u32(&c, "major version");
    base->minor = cur_u32(&c, "minor version");
    base->type = cur_u32(&c, "type");
    cur_u32(&c, "format");
    base->root = cur_u32(&c, "root");
    base->bins_size = cur_u32(&c, "size");
    base->sector = cur_u32(&c, "clustering factor");
    base->name = cur_bytes(&c, BASE_NAME_BYTES, "name");
    cur_seek(&c, SUM_BYTES, "checksum");
    base->sum_fits = cur_u32(&c, "checksum") == base_sum(c.in);
    return true;
}

bool hive_base_clean(const HiveBase *base)
{
    return base->sum_fits && base->primary == base->secondary;
}

/* --- bytes and cells -------------------------------------------------------------------------------------------- */

static const uint8_t *page_of(const Hive *h, uint64_t at)
{
    return at / HIVE_PAGE < h->page_count ? h->pages[at / HIVE_PAGE] : NULL;
}

static bool has_newer(const Hive *h, uint64_t at, uint64_t len)
{
    for (uint64_t page = at / HIVE_PAGE; page * HIVE_PAGE < at + len && page < h->page_count; page++) {
        if (h->pages[page]) {
            return true;
        }
    }
    return false;
}

/* So many bytes of the bins; where a log has newer ones they are put together in the arena. at == NULL: not all there.
 */
static Str bytes_at(const Hive *h, uint64_t at, uint64_t len, Arena *a)
{
    if (at > h->len || len > h->len - at) {
        return (Str){0};
    }
    if (!has_newer(h, at, len)) {
        return at + len <= h->bins.len ? str_slice(h->bins, at, at + len) : (Str){0};
    }
    uint8_t *to = ARENA_NEW(a, uint8_t, len);
    for (uint64_t done = 0; done < len;) {
        uint64_t from = at + done, left = HIVE_PAGE - from % HIVE_PAGE;
        size_t n = left < len - done ? left : len - done;
        const uint8_t *page = page_of(h, from);
        if (!page && from + n > h->bins.len) {
            return (Str){0};
        }
        memcpy(to + done, page ? page + from % HIVE_PAGE : h->bins.at + from, n);
        done += n;
    }
    return (Str){to, len};
}

static bool damage(Hive *h, uint64_t offset, const char *what, const char *why)
{
    Str text = arena_format(&h->passing, "%s: %s", what, why);
    h->damage(h->with, h->bins_at + offset, (const char *)text.at);
    return false;
}

static bool is_seen(const Hive *h, uint32_t offset)
{
    return h->seen[offset / 64] >> offset / 8 % 8 & 1;
}

/* NULL and what is in the cell, or why there is none. */
static const char *cell_peek(Hive *h, uint32_t offset, Arena *a, Str *cell)
{
    Cursor c = cursor_of(bytes_at(h, offset, 4, &h->passing));
    uint32_t size = cur_u32(&c, "size");
    uint32_t len = 0u - size;
    if (c.lack || offset < BIN_HEADER) {
        return "its offset leads out of the hive";
    }
    if (offset % CELL_LEAST || len < CELL_LEAST || (size & CELL_USED && len % CELL_LEAST)) {
        return "there is no cell at its offset";
    }
    if (!(size & CELL_USED)) {
        return "its cell is free";
    }
    if (len > LIMIT_HIVE_VALUE || len > h->len - offset) {
        return "its cell is larger than can be";
    }
    *cell = bytes_at(h, (uint64_t)offset + 4, len - 4, a);
    return cell->at ? NULL : "its cell is not all there";
}

/* What is in the cell that belongs to `what` and to nobody else; false was told as damage. */
static bool cell_at(Hive *h, uint32_t offset, const char *what, Arena *a, Str *cell)
{
    const char *why = cell_peek(h, offset, a, cell);
    why = !why && is_seen(h, offset) ? "its cell belongs to another one already" : why;
    if (!why) {
        h->seen[offset / 64] |= (uint8_t)(1u << offset / 8 % 8);
    }
    return !why || damage(h, offset, what, why);
}

void hive_open(Hive *h, Arena *kept, HiveDamage *tell, void *with)
{
    h->kept = kept;
    h->damage = tell;
    h->with = with;
    h->seen = ARENA_NEW(kept, uint8_t, h->len / 64 + 1);
    h->passing = (Arena){0};
}

void hive_close(Hive *h)
{
    arena_free(&h->passing);
}

void hive_rewind(Hive *h)
{
    memset(h->seen, 0, h->len / 64 + 1);
}

/* Names whose high bytes are all zero are kept without them. */
static Str name_of(Hive *h, Str name, bool latin1)
{
    if (!latin1) {
        return arena_utf16le(&h->passing, name);
    }
    uint8_t *to = ARENA_NEW(&h->passing, uint8_t, 2 * name.len);
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        len += utf8_encode(to + len, name.at[i]);
    }
    return (Str){to, len};
}

/* --- keys ------------------------------------------------------------------------------------------------------- */

/* NULL, or what is wrong with it. */
static const char *key_read(Hive *h, uint32_t offset, Str cell, HiveKey *key)
{
    Cursor c = cursor_of(cell);
    *key = (HiveKey){.offset = offset};
    if (cur_u16(&c, "signature") != ('n' | 'k' << 8)) {
        return "its signature is another";
    }
    uint16_t flags = cur_u16(&c, "flags");
    key->written = cur_u64(&c, "written");
    cur_u32(&c, "access");
    key->parent = cur_u32(&c, "parent");
    key->subkeys = cur_u32(&c, "number of subkeys");
    cur_u32(&c, "volatile subkeys");
    key->subkey_list = cur_u32(&c, "list of subkeys");
    cur_u32(&c, "list of volatile subkeys");
    key->values = cur_u32(&c, "number of values");
    key->value_list = cur_u32(&c, "list of values");
    cur_bytes(&c, 28, "security, class, largest ones");
    uint16_t name_len = cur_u16(&c, "length of the name");
    cur_u16(&c, "length of the class");
    Str name = cur_bytes(&c, name_len, "name");
    key->name = name_of(h, str_slice(name, 0, LIMIT_HIVE_NAME), flags & KEY_LATIN1);
    key->values = flags & KEY_PREDEFINED ? 0 : key->values;
    return c.lack ? "its cell ends within it" : name.len > LIMIT_HIVE_NAME ? "its name is longer than can be" : NULL;
}

static bool key_at(Hive *h, uint32_t offset, HiveKey *key)
{
    Str cell;
    if (!cell_at(h, offset, "key", &h->passing, &cell)) {
        return false;
    }
    const char *wrong = key_read(h, offset, cell, key);
    return !wrong || damage(h, offset, "key", wrong);
}

/* --- values ----------------------------------------------------------------------------------------------------- */

/* Data in segments: a list of cells, all of them full but the last. */
static Str segments(Hive *h, uint32_t offset, Str head, size_t size)
{
    Str list;
    Cursor c = {.in = head, .pos = 2};
    uint16_t count = cur_u16(&c, "number of segments");
    uint32_t list_at = cur_u32(&c, "list of segments");
    if (c.lack || size > count * SEGMENT || !cell_at(h, list_at, "list of segments", &h->passing, &list)) {
        damage(h, offset, "large data", "its segments do not hold as much as the value tells");
        return (Str){0};
    }
    uint8_t *to = ARENA_NEW(&h->passing, uint8_t, size);
    size_t done = 0;
    Cursor each = cursor_of(list);
    while (done < size) {
        Str segment;
        uint32_t at = cur_u32(&each, "segment");
        size_t n = size - done < SEGMENT ? size - done : SEGMENT;
        if (each.lack || !cell_at(h, at, "segment", &h->passing, &segment) || segment.len < n) {
            damage(h, offset, "large data", "a segment is missing");
            break;
        }
        memcpy(to + done, segment.at, n);
        done += n;
    }
    return (Str){to, done};
}

/* Sets the data; it is whole, or where it is not has been told. */
static void data_at(Hive *h, HiveValue *value, uint32_t size, uint32_t offset, Str in_place)
{
    Str cell = in_place;
    if (!(size & DATA_IN_PLACE) && size > LIMIT_HIVE_VALUE) {
        damage(h, value->offset, "value", "its data is larger than is read");
        return;
    }
    if (!(size & DATA_IN_PLACE) && size && !cell_at(h, offset, "data of a value", &h->passing, &cell)) {
        return;
    }
    bool segmented = !(size & DATA_IN_PLACE) && size > SEGMENT && h->minor > 3 && str_starts(cell, STR("db"));
    size &= ~DATA_IN_PLACE;
    value->data = segmented ? segments(h, offset, cell, size) : str_slice(cell, 0, size);
    value->whole = value->data.len == size;
    if (!value->whole && !segmented) {
        damage(h, value->offset, "value", "its data ends beyond its cell");
    }
}

static bool value_at(Hive *h, uint32_t offset, HiveValue *value)
{
    Str cell;
    if (!cell_at(h, offset, "value", &h->passing, &cell)) {
        return false;
    }
    Cursor c = cursor_of(cell);
    if (cur_u16(&c, "signature") != ('v' | 'k' << 8)) {
        return damage(h, offset, "value", "its signature is another");
    }
    uint16_t name_len = cur_u16(&c, "length of the name");
    uint32_t size = cur_u32(&c, "size");
    Str in_place = str_slice(cell, c.pos, c.pos + 4);
    uint32_t data = cur_u32(&c, "data");
    uint32_t type = cur_u32(&c, "type");
    uint16_t flags = cur_u16(&c, "flags");
    cur_u16(&c, "spare");
    Str name = cur_bytes(&c, name_len, "name");
    if (c.lack) {
        return damage(h, offset, "value", "its cell ends within it");
    }
    *value = (HiveValue){.offset = offset, .type = type, .name = name_of(h, name, flags & VALUE_LATIN1)};
    data_at(h, value, size, data, in_place);
    return true;
}

/* --- the walk --------------------------------------------------------------------------------------------------- */

typedef struct Walk {
    Hive *h;
    const HiveVisitor *visitor;
    uint8_t *path;
    size_t len;
    unsigned depth;
    size_t parents; /* read so far */
} Walk;

static void walk_key(Walk *w, uint32_t offset);

static void walk_values(Walk *w, const HiveKey *key)
{
    Hive *h = w->h;
    Str list;
    if (!key->values || !cell_at(h, key->value_list, "list of values", h->kept, &list)) {
        return;
    }
    if (key->values > list.len / 4) {
        damage(h, key->offset, "key", "its list of values is shorter than it tells");
    }
    Cursor c = cursor_of(list);
    for (uint32_t i = 0; i < key->values && cur_left(&c) >= 4; i++) {
        HiveValue value;
        if (value_at(h, cur_u32(&c, "value"), &value)) {
            w->visitor->value(w->visitor->with, (Str){w->path, w->len}, key, &value);
        }
        arena_reset(&h->passing);
    }
}

/* Returns how many keys the list names. */
static uint32_t walk_list(Walk *w, uint32_t offset, unsigned lists)
{
    Hive *h = w->h;
    Str list;
    if (!cell_at(h, offset, "list of subkeys", h->kept, &list)) {
        return 0;
    }
    Cursor c = cursor_of(list);
    Str kind = cur_bytes(&c, 2, "signature");
    uint16_t count = cur_u16(&c, "number of subkeys");
    bool hashed = str_eq(kind, STR("lf")) || str_eq(kind, STR("lh")), of_lists = str_eq(kind, STR("ri"));
    size_t size = hashed ? 8 : 4;
    if ((!hashed && !of_lists && !str_eq(kind, STR("li"))) || (of_lists && lists >= LIMIT_HIVE_LISTS)) {
        damage(h, offset, "list of subkeys", of_lists ? "too many lists in lists" : "its signature is another");
        return 0;
    }
    if (cur_left(&c) / size < count) {
        damage(h, offset, "list of subkeys", "it is longer than its cell");
    }
    uint32_t named = 0;
    for (uint16_t i = 0; i < count && cur_left(&c) >= size; i++) {
        uint32_t at = cur_u32(&c, "subkey");
        cur_bytes(&c, size - 4, "hash");
        if (of_lists) {
            named += walk_list(w, at, lists + 1);
        } else {
            walk_key(w, at);
            named++;
        }
    }
    return named;
}

static void walk_subkeys(Walk *w, const HiveKey *key)
{
    if (!key->subkeys) {
        return;
    }
    if (w->depth >= LIMIT_HIVE_DEPTH) {
        damage(w->h, key->offset, "key", "deeper inside others than is read");
        return;
    }
    w->depth++;
    uint32_t named = walk_list(w, key->subkey_list, 0);
    w->depth--;
    if (named != key->subkeys) {
        damage(w->h, key->offset, "key", "its lists name another number of subkeys than it tells");
    }
}

/* The key's name behind the path; false if that becomes too long. */
static bool path_add(Walk *w, const HiveKey *key)
{
    if (key->name.len + 1 > LIMIT_HIVE_PATH - w->len) {
        return damage(w->h, key->offset, "key", "its path is longer than is read");
    }
    w->path[w->len++] = '\\';
    memcpy(w->path + w->len, key->name.at, key->name.len);
    w->len += key->name.len;
    return true;
}

static void walk_key(Walk *w, uint32_t offset)
{
    HiveKey key;
    size_t len = w->len;
    bool good = key_at(w->h, offset, &key) && (w->depth == 0 || path_add(w, &key));
    HiveWant want = good ? w->visitor->key(w->visitor->with, (Str){w->path, w->len}, &key) : WANT_NOTHING;
    key.name = (Str){0};
    arena_reset(&w->h->passing);
    if (want & WANT_VALUES) {
        walk_values(w, &key);
    }
    if (want & WANT_SUBKEYS) {
        walk_subkeys(w, &key);
    }
    w->len = len;
}

static Walk walk_from(Hive *h, Str top, const HiveVisitor *visitor)
{
    Walk w = {.h = h, .visitor = visitor, .path = ARENA_NEW(h->kept, uint8_t, LIMIT_HIVE_PATH)};
    top = str_slice(top, 0, LIMIT_HIVE_NAME);
    memcpy(w.path, top.at, top.len);
    w.len = top.len;
    return w;
}

void hive_walk(Hive *h, uint32_t offset, Str top, const HiveVisitor *visitor)
{
    Walk w = walk_from(h, top, visitor);
    walk_key(&w, offset);
}

/* --- keys that no list names ------------------------------------------------------------------------------------ */

static bool is_key(Hive *h, uint32_t offset, uint16_t flags)
{
    Cursor c = cursor_of(bytes_at(h, offset, 8, &h->passing));
    uint32_t size = cur_u32(&c, "size");
    uint16_t signature = cur_u16(&c, "signature");
    return (cur_u16(&c, "flags") & flags) == flags && size & CELL_USED && signature == ('n' | 'k' << 8);
}

/* The path of a key by what it and those above it say of their parents; false if that does not lead to the top. */
static bool path_by_parents(Walk *w, uint32_t top, uint32_t offset, HiveKey *key)
{
    HiveKey above[LIMIT_HIVE_DEPTH];
    size_t count = 0, len = w->len;
    Str cell;
    for (uint32_t at = offset; at != top; at = above[count++].parent) {
        if (count == LIMIT_HIVE_DEPTH || w->parents++ > LIMIT_HIVE_PARENTS ||
            cell_peek(w->h, at, &w->h->passing, &cell) || key_read(w->h, at, cell, &above[count])) {
            return false;
        }
        len += above[count].name.len + 1;
        if (len > LIMIT_HIVE_PATH) {
            return false;
        }
    }
    *key = count ? above[0] : (HiveKey){0};
    while (count > 0) {
        path_add(w, &above[--count]);
    }
    return true;
}

static bool walk_lost_key(Walk *w, uint32_t top, uint32_t offset)
{
    HiveKey key;
    size_t len = w->len;
    bool found = path_by_parents(w, top, offset, &key);
    HiveWant want = found ? w->visitor->key(w->visitor->with, (Str){w->path, w->len}, &key) : WANT_NOTHING;
    arena_reset(&w->h->passing);
    if (want & WANT_VALUES) {
        w->h->seen[offset / 64] |= (uint8_t)(1u << offset / 8 % 8);
        walk_values(w, &key);
    }
    w->len = len;
    return want & WANT_VALUES;
}

/* Of the first cell of a bin, or the next one; where there is none, the next block may be a bin. */
static uint64_t next_cell(Hive *h, uint64_t at)
{
    Str head = bytes_at(h, at, 4, &h->passing);
    Cursor c = cursor_of(head);
    uint32_t size = cur_u32(&c, "size");
    uint32_t len = str_eq(head, STR("hbin")) ? BIN_HEADER : size & CELL_USED ? 0u - size : size;
    bool good = !c.lack && len % CELL_LEAST == 0 && len >= CELL_LEAST && len <= h->len - at;
    arena_reset(&h->passing);
    return good ? at + len : (at / HIVE_BLOCK + 1) * HIVE_BLOCK;
}

void hive_walk_lost(Hive *h, uint32_t top, Str name, const HiveVisitor *visitor)
{
    Walk w = walk_from(h, name, visitor);
    size_t found = 0;
    for (uint64_t at = 0; at < h->len && at < HIVE_NONE; at = next_cell(h, at)) {
        uint32_t offset = (uint32_t)at;
        found += !is_seen(h, offset) && is_key(h, offset, 0) && walk_lost_key(&w, top, offset);
        arena_reset(&h->passing);
    }
    if (w.parents > LIMIT_HIVE_PARENTS) {
        h->damage(h->with, h->bins_at, "more keys without a list than are looked for");
    }
    if (found) {
        Str what = arena_format(&h->passing, "%zu keys that no list names were found by their parents", found);
        h->damage(h->with, h->bins_at, (const char *)what.at);
    }
}

/* --- where it begins -------------------------------------------------------------------------------------------- */

uint32_t hive_find_root(Hive *h, uint32_t told)
{
    uint32_t found = told != HIVE_NONE && is_key(h, told, 0) ? told : HIVE_NONE;
    for (uint64_t at = BIN_HEADER; found == HIVE_NONE && at < HIVE_BLOCK;) {
        Cursor c = cursor_of(bytes_at(h, at, 4, &h->passing));
        uint32_t size = cur_u32(&c, "size");
        size = size & CELL_USED ? 0u - size : size;
        found = is_key(h, (uint32_t)at, KEY_ROOT) ? (uint32_t)at : HIVE_NONE;
        if (size < CELL_LEAST) {
            break;
        }
        at += size;
    }
    arena_reset(&h->passing);
    return found;
}

static uint32_t bin_size(Hive *h, uint64_t at)
{
    Cursor c = cursor_of(bytes_at(h, at, BIN_HEADER, &h->passing));
    Str signature = cur_bytes(&c, 4, "signature");
    uint32_t offset = cur_u32(&c, "offset"), size = cur_u32(&c, "size");
    bool good = str_eq(signature, STR("hbin")) && offset == at && size && size % HIVE_BLOCK == 0 && size <= h->len - at;
    arena_reset(&h->passing);
    return good ? size : 0;
}

void hive_check_bins(Hive *h, uint64_t end)
{
    bool told = false;
    for (uint64_t at = 0; at < end && at < h->len;) {
        uint32_t size = bin_size(h, at);
        if (!size && !told) {
            damage(h, at, "bin", "its head is not one");
        }
        told = !size;
        at += size ? size : HIVE_BLOCK;
    }
}
