#include "zip.h"

#include <stdio.h>

#include "base/cursor.h"
#include "limits.h"

#define PIECE (64 * KIB)
enum { METHOD_STORED = 0, METHOD_DEFLATE = 8, METHOD_DEFLATE64 = 9 };

static Str packed_at(const ZipReader *r, size_t want)
{
    return r->in->at(r->in->with, r->pos, want);
}

static Str next_packed(void *with)
{
    ZipReader *r = with;
    Str part = packed_at(r, r->left < PIECE ? (size_t)r->left : PIECE);
    r->pos += part.len;
    r->left -= r->left == ZIP_SIZE_UNKNOWN ? 0 : part.len;
    return part;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* What the directory does not say: how long the name in front of the data is. */
static bool find_data(ZipReader *r)
{
    ZipEntry *e = &r->entry;
    Cursor c = cursor_of(r->in->at(r->in->with, e->at, ZIP_LOCAL_BYTES));
    bool header = str_eq(cur_bytes(&c, 4, "magic"), (Str){(const uint8_t *)"PK\3\4", 4});
    cur_seek(&c, 26, "head");
    uint64_t names = cur_u16(&c, "name length");
    names += cur_u16(&c, "fields length");
    e->data = e->at + ZIP_LOCAL_BYTES + names;
    return header && !c.lack;
}

static bool is_foreign(const ZipEntry *e)
{
    return zip_encrypted(e) ||
           (e->method != METHOD_STORED && e->method != METHOD_DEFLATE && e->method != METHOD_DEFLATE64);
}

static void open_foreign(ZipReader *r, const char *password)
{
    ZipEntry *e = &r->entry;
    if (zip_encrypted(e) && !password) {
        r->why = "encrypted: this member was not read";
    } else if (e->open_ended && !zip_find_descriptor(r->in, e)) {
        r->why = "its length is not known";
    } else {
        e->end = e->open_ended ? e->data + e->packed : e->end;
        e->open_ended = false;
        r->foreign = zip_foreign_open(r->in, e, password);
    }
}

void zip_member_open(ZipReader *r, const ZipInput *in, const ZipEntry *e, const char *password)
{
    if (!r->inflate) {
        r->inflate = inflate_open();
        crc_prepare(&r->crc);
    }
    r->in = in;
    r->entry = *e;
    r->delivered = r->sum = 0;
    r->ended = false;
    r->why = NULL;
    if (!e->data && !find_data(r)) {
        r->why = "its header is not where the directory says";
    } else if (e->end <= e->at) {
        r->why = "its bytes belong to another member";
    } else if (is_foreign(e)) {
        open_foreign(r, password);
    } else if (e->method != METHOD_STORED) {
        inflate_begin(r->inflate, e->method == METHOD_DEFLATE64, next_packed, r);
    }
    uint64_t room = r->entry.end > r->entry.data ? r->entry.end - r->entry.data : 0;
    r->pos = r->entry.data;
    r->left = r->entry.open_ended ? ZIP_SIZE_UNKNOWN : r->entry.packed < room ? r->entry.packed : room;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* True if the sizes and the checksum that follow a member stand there, and fit what was read. */
static bool descriptor_fits(const ZipReader *r, Str bytes)
{
    Cursor c = cursor_of(str_from(bytes, 4));
    uint32_t sum = cur_u32(&c, "checksum"), packed = cur_u32(&c, "packed"), more = cur_u32(&c, "packed or size");
    return sum == r->sum && packed == (uint32_t)r->delivered &&
           (more == (uint32_t)r->delivered || more == (uint32_t)(r->delivered >> 32));
}

/* Stored bytes of unknown number go up to a descriptor that fits them. */
static Str up_to_descriptor(ZipReader *r, Str part)
{
    static const Str magic = {(const uint8_t *)"PK\7\10", 4};
    size_t hit = str_find(part, magic, 0);
    if (hit == 0 && descriptor_fits(r, part)) {
        r->left = 0;
        return (Str){0};
    }
    hit = hit == 0 ? str_find(part, magic, 1) : hit;
    return str_slice(part, 0, hit < PIECE ? hit : PIECE);
}

static size_t read_stored(ZipReader *r, uint8_t *to, size_t room)
{
    bool open = r->left == ZIP_SIZE_UNKNOWN;
    size_t want = r->left < PIECE ? (size_t)r->left : PIECE;
    Str part = packed_at(r, open ? PIECE + ZIP_DESCRIPTOR_MOST : want < room ? want : room);
    part = str_slice(open ? up_to_descriptor(r, part) : part, 0, room);
    if (part.len) {
        memcpy(to, part.at, part.len);
    }
    r->pos += part.len;
    r->left -= open && r->left ? 0 : part.len;
    return part.len;
}

/* The checksum of a member whose header does not have it. */
static bool later_sum(ZipReader *r, uint32_t *sum)
{
    Cursor c = cursor_of(packed_at(r, 8));
    if (str_starts(c.in, (Str){(const uint8_t *)"PK\7\10", 4})) {
        cur_u32(&c, "magic");
    }
    *sum = cur_u32(&c, "checksum");
    return !c.lack;
}

static const char *what_is_wrong(ZipReader *r)
{
    const ZipEntry *e = &r->entry;
    bool inflated = e->method != METHOD_STORED, cut = r->left > 0 && packed_at(r, 1).len == 0;
    bool short_of = !e->open_ended && e->packed > e->end - e->data;
    uint32_t sum = e->crc;
    if (inflated && inflate_error(r->inflate)) {
        return cut        ? "the archive ends inside it"
               : short_of ? "its bytes run into those of the next member"
                          : inflate_error(r->inflate);
    }
    if (inflated) {
        r->pos = e->data + inflate_used(r->inflate);
    } else if (r->left > 0 || short_of) {
        return cut ? "the archive ends inside it" : "its bytes run into those of the next member";
    }
    if (!e->open_ended && r->delivered != e->size) {
        return "it is not as long as the archive says";
    }
    if (e->open_ended && !later_sum(r, &sum)) {
        return "the archive ends behind it, before its checksum";
    }
    return sum == r->sum ? NULL : "its checksum does not match";
}

size_t zip_member_read(ZipReader *r, uint8_t *to, size_t room)
{
    size_t n = 0;
    if (r->ended || r->why) {
        return 0;
    }
    if (r->foreign) {
        const char *why = NULL;
        n = zip_foreign_read(r->foreign, to, room, &why);
        if (why) {
            snprintf(r->told, sizeof r->told, "%.*s", (int)strcspn(why, "\n"), why);
            r->why = r->told;
        }
    } else {
        n = r->entry.method == METHOD_STORED ? read_stored(r, to, room) : inflate_read(r->inflate, to, room);
        r->sum = crc_add(&r->crc, r->sum, (Str){to, n});
        r->why = n ? NULL : what_is_wrong(r);
    }
    r->delivered += n;
    r->ended = n == 0;
    return n;
}

void zip_member_leave(ZipReader *r, ZipWalk *w)
{
    const ZipEntry *e = &r->entry;
    uint8_t bytes[4096];
    while (e->open_ended && zip_member_read(r, bytes, sizeof bytes) > 0) {
    }
    if (!e->open_ended) {
        w->pos = e->end;
    } else if (!r->why || w->in->size == ZIP_SIZE_UNKNOWN || w->reread > w->in->size) {
        w->pos = r->pos;
    } else {
        w->reread += r->pos - e->data;
        w->pos = e->data;
    }
}

void zip_member_close(ZipReader *r)
{
    zip_foreign_close(r->foreign);
    r->foreign = NULL;
}

void zip_reader_close(ZipReader *r)
{
    zip_member_close(r);
    inflate_close(r->inflate);
    *r = (ZipReader){0};
}
