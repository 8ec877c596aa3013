/* APPNOTE.TXT 6.3 (PKWARE) and Info-ZIP's extra fields.
 *   member:    `PK\3\4` 26 bytes, name, extra fields, data, and where the sizes follow: `PK\7\8` crc, sizes
 *   directory: for each member `PK\1\2` 42 bytes, name, extra fields, comment
 *   end:       (`PK\6\6` record, `PK\6\7` where that is: zip64) `PK\5\6` 18 bytes, comment */
#include "zip.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/utf.h"
#include "limits.h"

#define CENTRAL_BYTES 46
#define END_BYTES     22
#define END64_BYTES   56
#define LOCATOR_BYTES 20
#define TAIL          (66 * KIB) /* the end record with the longest comment, and the zip64 records before it */
#define U32_FULL      UINT32_C(0xFFFFFFFF)
#define FLAG_LATER    8    /* sizes and checksum follow the data */
#define FLAG_UTF8     2048 /* the name is UTF-8 */

static const Str local_magic = {(const uint8_t *)"PK\3\4", 4}, central_magic = {(const uint8_t *)"PK\1\2", 4},
                 end_magic = {(const uint8_t *)"PK\5\6", 4}, end64_magic = {(const uint8_t *)"PK\6\6", 4},
                 locator_magic = {(const uint8_t *)"PK\6\7", 4}, later_magic = {(const uint8_t *)"PK\7\10", 4},
                 single_magic = {(const uint8_t *)"PK00", 4};

static Str zip_at(const ZipInput *in, uint64_t offset, size_t want)
{
    return in->at(in->with, offset, want);
}

static bool magic_at(const ZipInput *in, uint64_t offset, Str magic)
{
    return str_eq(zip_at(in, offset, magic.len), magic);
}

/* --- what the headers of a member say --------------------------------------------------------------------------- */

static int64_t dos_time_ns(uint32_t dos)
{
    unsigned date = dos >> 16, time = dos & 0xFFFF;
    int64_t ns;
    bool good = timestamp_civil((int)(date >> 9) + 1980, date >> 5 & 15, date & 31, (int)(time >> 11), time >> 5 & 63,
                                (int)(time & 31) * 2, &ns);
    return good ? ns : TIME_NONE;
}

static bool is_utf8(Str s)
{
    uint32_t rune;
    for (size_t i = 0, used; i < s.len; i += used) {
        used = utf8_decode(s, i, &rune);
        if (used == 0) {
            return false;
        }
    }
    return true;
}

typedef struct Extra { /* what the extra fields of a member say */
    Str unicode;       /* 0x7075: the checksum of the name it stands for, then the name */
    Str zip64, aes;
    int64_t mtime_ns; /* TIME_NONE: not there */
} Extra;

static void extra_ntfs(Str field, Extra *to)
{
    Cursor c = cursor_of(str_from(field, 4));
    while (!c.lack && cur_left(&c) >= 4) {
        uint16_t tag = cur_u16(&c, "tag"), len = cur_u16(&c, "length");
        Cursor times = cursor_of(cur_bytes(&c, len, "attribute"));
        if (tag == 1 && times.in.len >= 8) {
            to->mtime_ns = timestamp_filetime(cur_u64(&times, "modified"));
        }
    }
}

/* The best time is that of NTFS, then that of Unix. */
static Extra extra_read(Str fields)
{
    Extra x = {.mtime_ns = TIME_NONE};
    int64_t unix_ns = TIME_NONE;
    Cursor c = cursor_of(fields);
    while (!c.lack && cur_left(&c) >= 4) {
        size_t at = c.pos;
        uint16_t id = cur_u16(&c, "id"), len = cur_u16(&c, "length");
        Str field = cur_bytes(&c, len, "field");
        Cursor f = cursor_of(field);
        switch (id) {
        case 0x0001: x.zip64 = field; break;
        case 0x000A: extra_ntfs(field, &x); break;
        case 0x5455:
            if (cur_u8(&f, "flags") & 1 && cur_left(&f) >= 4) {
                int32_t seconds = (int32_t)cur_u32(&f, "modified");
                unix_ns = seconds > 0 ? seconds * NS_SECOND : TIME_NONE;
            }
            break;
        case 0x7075: x.unicode = len > 5 && field.len && field.at[0] == 1 ? str_from(field, 1) : (Str){0}; break;
        case 0x9901: x.aes = str_slice(fields, at, c.pos); break;
        default: break;
        }
    }
    x.mtime_ns = x.mtime_ns != TIME_NONE ? x.mtime_ns : unix_ns;
    return x;
}

/* A name in the code page of some machine stays as it is: which page that was is written nowhere. */
static Str entry_name(Str raw, uint16_t flags, const Extra *x)
{
    Cursor c = cursor_of(x->unicode);
    if (!(flags & FLAG_UTF8) && x->unicode.len) {
        Crc crc;
        crc_prepare(&crc);
        Str name = str_from(x->unicode, 4);
        if (cur_u32(&c, "checksum") == crc_add(&crc, 0, raw) && is_utf8(name)) {
            return name;
        }
    }
    return raw;
}

/* `/` between parts. In a name of an unknown code page, 0x5C may be the second half of a character. */
static Str name_with_slashes(Arena *a, Str name)
{
    Str copy = arena_str(a, str_slice(name, 0, LIMIT_NAME));
    if (!is_utf8(copy) && str_find_byte(copy, '/', 0) != STR_NOT_FOUND) {
        return copy;
    }
    for (size_t i = 0; i < copy.len; i++) {
        if (copy.at[i] == '\\') {
            ((uint8_t *)copy.at)[i] = '/';
        }
    }
    return copy;
}

/* The sizes and the place that did not fit into 32 bits, in this order. */
static void entry_zip64(ZipEntry *e, Str field)
{
    Cursor c = cursor_of(field);
    uint64_t *values[] = {&e->size, &e->packed, &e->at};
    for (size_t i = 0; i < 3; i++) {
        if (*values[i] == U32_FULL && cur_left(&c) >= 8) {
            *values[i] = cur_u64(&c, "value");
        }
    }
}

static void entry_texts(ZipEntry *e, Str name, Str fields, Arena *a)
{
    Extra x = extra_read(fields);
    entry_zip64(e, x.zip64);
    e->name = name_with_slashes(a, entry_name(name, e->flags, &x));
    e->aes = arena_str(a, x.aes);
    e->mtime_ns = x.mtime_ns != TIME_NONE ? x.mtime_ns : dos_time_ns(e->dos_time);
    e->is_folder = str_ends(e->name, STR("/"));
}

static bool method_known(uint16_t method)
{
    return method <= 20 || method == 93 || (method >= 94 && method <= 99);
}

static bool is_header(Str bytes)
{
    Cursor c = cursor_of(bytes);
    if (!str_eq(cur_bytes(&c, 4, "magic"), local_magic)) {
        return false;
    }
    uint16_t need = cur_u16(&c, "version"), flags = cur_u16(&c, "flags"), method = cur_u16(&c, "method");
    cur_seek(&c, 26, "sizes");
    uint16_t name = cur_u16(&c, "name length");
    cur_u16(&c, "fields length");
    return !c.lack && (need & 0xFF) <= 63 && !(flags & 0xC000) && method_known(method) && name > 0 &&
           name <= LIMIT_NAME;
}

/* --- the directory ---------------------------------------------------------------------------------------------- */

typedef struct End {   /* of the archive */
    uint64_t from, to; /* of the directory */
    uint64_t shift;    /* bytes before the archive: every place it names is so much further on */
    uint64_t count;
    bool part;
    bool beheaded; /* its beginning is missing */
} End;

static bool end_64(const ZipInput *in, uint64_t end_at, End *to, uint64_t *size, uint64_t *offset)
{
    Cursor locator = cursor_of(end_at >= LOCATOR_BYTES ? zip_at(in, end_at - LOCATOR_BYTES, LOCATOR_BYTES) : (Str){0});
    if (!str_eq(cur_bytes(&locator, 4, "magic"), locator_magic)) {
        return false;
    }
    cur_u32(&locator, "disk");
    uint64_t told = cur_u64(&locator, "offset"), before = end_at - LOCATOR_BYTES - END64_BYTES;
    uint64_t at = end_at >= LOCATOR_BYTES + END64_BYTES && magic_at(in, before, end64_magic) ? before : told;
    Cursor c = cursor_of(zip_at(in, at, END64_BYTES));
    if (!str_eq(cur_bytes(&c, 4, "magic"), end64_magic)) {
        return false;
    }
    cur_seek(&c, 16, "disks");
    to->part = cur_u32(&c, "disk") != 0 || cur_u32(&c, "directory's disk") != 0;
    cur_u64(&c, "entries here");
    to->count = cur_u64(&c, "entries");
    *size = cur_u64(&c, "directory size");
    *offset = cur_u64(&c, "directory offset");
    to->to = at;
    return !c.lack;
}

/* Where an end record says its directory is: true if one begins there. */
static bool end_read(const ZipInput *in, uint64_t at, End *to)
{
    Cursor c = cursor_of(zip_at(in, at, END_BYTES));
    cur_seek(&c, 4, "magic");
    uint16_t disk = cur_u16(&c, "disk"), first = cur_u16(&c, "directory's disk");
    cur_u16(&c, "entries here");
    *to = (End){.to = at, .count = cur_u16(&c, "entries"), .part = disk != first || (disk && disk != 0xFFFF)};
    uint64_t size = cur_u32(&c, "directory size"), offset = cur_u32(&c, "directory offset");
    if (c.lack) {
        return false;
    }
    end_64(in, at, to, &size, &offset);
    if (to->part) {
        return true;
    }
    to->from = size <= to->to ? to->to - size : offset;
    if (!magic_at(in, to->from, central_magic)) {
        to->from = offset;
    }
    to->shift = to->from > offset ? to->from - offset : 0;
    to->beheaded = to->from < offset;
    return to->count == 0 ? at == 0 : to->from < to->to && magic_at(in, to->from, central_magic);
}

/* The last end record that fits; a comment may hold what looks like one. */
static bool end_find(const ZipInput *in, End *to)
{
    uint64_t from = in->size > TAIL ? in->size - TAIL : 0;
    Arena a = {0};
    Str tail = arena_str(&a, zip_at(in, from, TAIL));
    bool found = false;
    for (size_t at = tail.len; at-- > 0 && !found;) {
        found = str_starts(str_from(tail, at), end_magic) && end_read(in, from + at, to);
    }
    arena_free(&a);
    return found;
}

/* One record; false if there is none. */
static bool central_read(const ZipInput *in, uint64_t *pos, uint64_t shift, Arena *a, ZipEntry *e)
{
    Cursor c = cursor_of(zip_at(in, *pos, CENTRAL_BYTES));
    if (!str_eq(cur_bytes(&c, 4, "magic"), central_magic)) {
        return false;
    }
    cur_u32(&c, "versions");
    *e = (ZipEntry){.flags = cur_u16(&c, "flags")};
    e->method = cur_u16(&c, "method");
    e->dos_time = cur_u32(&c, "time");
    e->crc = cur_u32(&c, "checksum");
    e->packed = cur_u32(&c, "packed size");
    e->size = cur_u32(&c, "size");
    size_t name = cur_u16(&c, "name length"), fields = cur_u16(&c, "fields length"), comment = cur_u16(&c, "comment");
    cur_seek(&c, 38, "attributes");
    bool dos_folder = cur_u32(&c, "attributes") & 16 && e->size == 0;
    e->at = cur_u32(&c, "offset");
    Str texts = zip_at(in, *pos + CENTRAL_BYTES, name + fields);
    if (c.lack || texts.len < name + fields) {
        return false;
    }
    entry_texts(e, str_slice(texts, 0, name), str_from(texts, name), a);
    e->is_folder = e->is_folder || dos_folder;
    e->at = e->at < UINT64_MAX / 2 ? e->at + shift : e->at;
    *pos += CENTRAL_BYTES + name + fields + comment;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const ZipEntry *x = *(ZipEntry *const *)a, *y = *(ZipEntry *const *)b;
    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x > y) - (x < y);
}

/* Members that share bytes would let a small archive unpack to anything: each ends where the next one begins. Where an
 * entry leads to no header at all, it is the entry that is wrong, and it takes nothing from the one before. */
static void set_ends(const ZipInput *in, ZipDirectory *d, uint64_t directory)
{
    Arena scratch = {0};
    ZipEntry **order = ARENA_NEW(&scratch, ZipEntry *, d->entries.count);
    for (size_t i = 0; i < d->entries.count; i++) {
        order[i] = &d->entries.at[i];
    }
    qsort(order, d->entries.count, sizeof *order, by_place);
    uint64_t end = directory;
    for (size_t i = d->entries.count; i-- > 0;) {
        ZipEntry *e = order[i], *before = i ? order[i - 1] : NULL;
        bool twice = i + 1 < d->entries.count && order[i + 1]->at == e->at;
        e->end = twice ? e->at : end;
        bool reached = before && (before->packed > e->at || before->at + ZIP_LOCAL_BYTES > e->at - before->packed);
        end = e->at < end && (!reached || is_header(zip_at(in, e->at, ZIP_LOCAL_BYTES))) ? e->at : end;
    }
    arena_free(&scratch);
}

const char *zip_directory(const ZipInput *in, Arena *a, ZipDirectory *to)
{
    End end;
    *to = (ZipDirectory){0};
    if (in->size == ZIP_SIZE_UNKNOWN || !end_find(in, &end)) {
        return "the zip is cut: its directory at the end is missing or not whole";
    }
    if (end.part) {
        to->part = true;
        return "a part of a zip that was split into several files: put them together first";
    }
    if (end.beheaded) {
        return "the beginning of the zip is missing";
    }
    /* One more than is read from a bundle, so that whoever reads them meets the limit. */
    for (uint64_t pos = end.from; pos < end.to && to->entries.count <= LIMIT_MEMBERS;) {
        ZipEntry e;
        if (!central_read(in, &pos, end.shift, a, &e)) {
            return "the zip's directory is damaged";
        }
        *VEC_ADD(a, &to->entries) = e;
    }
    /* Beyond 65,535 members, old writers count from 0 again. */
    if (to->entries.count < end.count && to->entries.count <= LIMIT_MEMBERS) {
        return "the zip's directory is damaged";
    }
    if (to->entries.count) {
        set_ends(in, to, end.from);
    }
    return NULL;
}

/* --- from member to member -------------------------------------------------------------------------------------- */

static bool local_read(const ZipInput *in, uint64_t at, Arena *a, ZipEntry *e)
{
    Cursor c = cursor_of(zip_at(in, at, ZIP_LOCAL_BYTES));
    if (!is_header(c.in)) {
        return false;
    }
    cur_seek(&c, 6, "version");
    *e = (ZipEntry){.flags = cur_u16(&c, "flags")};
    e->method = cur_u16(&c, "method");
    e->dos_time = cur_u32(&c, "time");
    e->crc = cur_u32(&c, "checksum");
    e->packed = cur_u32(&c, "packed size");
    e->size = cur_u32(&c, "size");
    size_t name = cur_u16(&c, "name length"), fields = cur_u16(&c, "fields length");
    Str texts = zip_at(in, at, ZIP_LOCAL_BYTES + name + fields);
    if (texts.len < ZIP_LOCAL_BYTES + name) {
        return false;
    }
    entry_texts(e, str_slice(texts, ZIP_LOCAL_BYTES, ZIP_LOCAL_BYTES + name), str_from(texts, ZIP_LOCAL_BYTES + name),
                a);
    e->at = at;
    e->data = at + ZIP_LOCAL_BYTES + name + fields;
    e->open_ended = e->flags & FLAG_LATER && (e->packed == 0 || e->packed == U32_FULL);
    return true;
}

/* The length of a record of the directory and its end; 0: none stands there. */
static uint64_t record_len(const ZipInput *in, uint64_t at, bool *end)
{
    Cursor c = cursor_of(zip_at(in, at, CENTRAL_BYTES));
    Str magic = cur_bytes(&c, 4, "magic");
    uint64_t len = 0;
    *end = false;
    if (str_eq(magic, central_magic)) {
        cur_seek(&c, 28, "head");
        len = CENTRAL_BYTES + (uint64_t)cur_u16(&c, "name");
        len += cur_u16(&c, "fields");
        len += cur_u16(&c, "comment");
    } else if (str_eq(magic, end64_magic)) {
        len = 12 + (uint64_t)cur_u32(&c, "size");
    } else if (str_eq(magic, locator_magic)) {
        len = LOCATOR_BYTES;
    } else if (str_eq(magic, end_magic)) {
        cur_seek(&c, 20, "end record");
        len = END_BYTES + (uint64_t)cur_u16(&c, "comment");
        *end = true;
    }
    return c.lack ? 0 : len;
}

/* The sizes behind a member whose header did not have them, with 32 or 64 bits: whichever a header follows. */
static uint64_t descriptor_len(const ZipInput *in, uint64_t at)
{
    static const unsigned lens[] = {16, 24};
    for (size_t i = 0; i < 2; i++) {
        if (str_starts(zip_at(in, at + lens[i], 4), STR("PK"))) {
            return lens[i];
        }
    }
    return lens[0];
}

/* The next `PK`, or where the bytes end. */
static uint64_t next_pk(const ZipInput *in, uint64_t from)
{
    for (;;) {
        Str part = zip_at(in, from, 64 * KIB);
        size_t hit = str_find(part, STR("PK"), 0);
        if (hit != STR_NOT_FOUND || part.len < 2) {
            return from + (hit != STR_NOT_FOUND ? hit : part.len);
        }
        from += part.len - 1;
    }
}

/* The next place where a header or a record of the directory stands, or where the bytes end. */
static uint64_t next_header(const ZipInput *in, uint64_t from)
{
    bool end;
    uint64_t at = next_pk(in, from);
    while (!is_header(zip_at(in, at, ZIP_LOCAL_BYTES)) && record_len(in, at, &end) == 0 && zip_at(in, at, 1).len) {
        at = next_pk(in, at + 1);
    }
    return at;
}

/* Where a member ends whose header tells its length: if nothing known stands there, the length is wrong. */
static uint64_t walked_end(const ZipInput *in, const ZipEntry *e)
{
    bool end;
    uint64_t told = e->packed < UINT64_MAX / 2 ? e->data + e->packed : UINT64_MAX / 2;
    if (in->size == ZIP_SIZE_UNKNOWN || told == in->size || is_header(zip_at(in, told, ZIP_LOCAL_BYTES)) ||
        record_len(in, told, &end) > 0 || magic_at(in, told, later_magic)) {
        return told;
    }
    return next_header(in, e->data);
}

/* True if sizes and checksum stand there, of a member of so many packed bytes. */
static bool descriptor_at(const ZipInput *in, uint64_t at, ZipEntry *e)
{
    for (size_t bytes = 4; bytes <= 8; bytes += 4) {
        Cursor c = cursor_of(zip_at(in, at, ZIP_DESCRIPTOR_MOST));
        bool there = str_eq(cur_bytes(&c, 4, "magic"), later_magic);
        e->crc = cur_u32(&c, "checksum");
        e->packed = bytes == 4 ? cur_u32(&c, "packed size") : cur_u64(&c, "packed size");
        e->size = bytes == 4 ? cur_u32(&c, "size") : cur_u64(&c, "size");
        if (there && !c.lack && e->packed == at - e->data) {
            return true;
        }
    }
    return false;
}

bool zip_find_descriptor(const ZipInput *in, ZipEntry *e)
{
    if (in->size == ZIP_SIZE_UNKNOWN) {
        return false;
    }
    uint64_t to = next_header(in, e->data), at = next_pk(in, e->data);
    while (at < to && !descriptor_at(in, at, e)) {
        at = next_pk(in, at + 1);
    }
    return at < to;
}

size_t zip_header_find(Str bytes)
{
    size_t at = str_find(bytes, local_magic, 0);
    while (at != STR_NOT_FOUND && !is_header(str_from(bytes, at))) {
        at = str_find(bytes, local_magic, at + 1);
    }
    return at;
}

bool zip_walk(ZipWalk *w, Arena *a, ZipEntry *e)
{
    for (bool end;;) {
        Str head = str_slice(zip_at(w->in, w->pos, ZIP_LOCAL_BYTES), 0, 4);
        if (head.len == 0) {
            return false;
        }
        if (local_read(w->in, w->pos, a, e)) {
            e->end = e->open_ended ? ZIP_SIZE_UNKNOWN : walked_end(w->in, e);
            w->ended = false;
            return true;
        }
        uint64_t len = record_len(w->in, w->pos, &end);
        if (len > 0) {
            w->ended = end;
            w->pos += len;
        } else if (str_eq(head, later_magic) || str_eq(head, single_magic)) {
            w->part = w->part || (w->pos == 0 && str_eq(head, later_magic));
            w->pos += w->pos == 0 ? 4 : descriptor_len(w->in, w->pos);
        } else {
            uint64_t next = next_header(w->in, w->pos + 1);
            w->strayed += w->pos > 0 && next - w->pos > ZIP_DESCRIPTOR_MOST ? next - w->pos : 0;
            w->pos = next;
        }
    }
}
