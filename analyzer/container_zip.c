#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "bundle_reader.h"
#include "limits.h"

/* --- a zip on disk ---------------------------------------------------------------------------------------------- */

#define FILE_PIECE (128 * KIB)

typedef struct DiskZip { /* what was read last, at `from` */
    FILE *file;
    uint64_t from;
    size_t len;
    uint8_t bytes[ZIP_WANT];
} DiskZip;

static Str disk_at(void *with, uint64_t offset, size_t want)
{
    DiskZip *d = with;
    if (offset < d->from || offset - d->from > d->len || d->len - (offset - d->from) < want) {
        d->len = platform_read_at(d->file, offset, d->bytes, want > FILE_PIECE ? ZIP_WANT : FILE_PIECE);
        d->from = offset;
    }
    return str_slice((Str){d->bytes, d->len}, (size_t)(offset - d->from), (size_t)(offset - d->from) + want);
}

static DiskZip *disk_zip(FILE *file)
{
    DiskZip *d = malloc(sizeof *d);
    if (!d) {
        abort();
    }
    d->file = file;
    d->from = d->len = 0;
    return d;
}

/* --- members ---------------------------------------------------------------------------------------------------- */

typedef struct MemberRead {
    ZipReader *zip;
    EntryBound bound;
    Arena *run;
} MemberRead;

static size_t read_zip_member(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    MemberRead *m = with;
    size_t want = bound_entry(&m->bound, m->zip->pos - m->zip->entry.data, room, trouble);
    size_t n = want ? zip_member_read(m->zip, to, want) : 0;
    bound_delivered(&m->bound, n);
    if (want && !n && m->zip->why) { /* the source may outlive the reader's next member */
        trouble->why = (const char *)arena_format(m->run, "%.200s", m->zip->why).at;
    }
    return n;
}

static void read_zip_entry(Reader *r, ZipReader *zip, const ZipInput *in, const ZipEntry *e, Str prefix, unsigned depth,
                           uint64_t *room)
{
    Source src;
    Str parts[] = {prefix, e->name};
    MemberRead with = {zip, {0, room}, r->analysis->run};
    const char *password = zip_encrypted(e) ? password_get(r->password, r->bundle) : NULL;
    zip_member_open(zip, in, e, password);
    source_open(&src, arena_join(r->analysis->run, parts, 2), e->open_ended ? 0 : e->size, e->mtime_ns, read_zip_member,
                &with);
    if (zip_encrypted(e) && !password) {
        unread_member(r, &src, depth, STR("encrypted"), zip->why);
    } else {
        read_member(r, &src, depth);
    }
    source_close(&src);
    zip_member_close(zip);
}

/* --- by the directory ------------------------------------------------------------------------------------------- */

const char *list_zip(FILE *file, uint64_t size, Arena *a, ZipDirectory *to)
{
    DiskZip *disk = disk_zip(file);
    const char *trouble = zip_directory(&(ZipInput){disk_at, disk, size}, a, to);
    free(disk);
    return trouble;
}

static uint64_t times_ratio(uint64_t bytes)
{
    return bytes < UINT64_MAX / LIMIT_RATIO / 4 ? LIMIT_RATIO * bytes : UINT64_MAX / 4;
}

static const char too_many[] = "more members than are read from one bundle";

/* What is encrypted is read together with those, for want of a look at it. */
static bool entry_waits(ZipReader *zip, const ZipInput *in, const ZipEntry *e)
{
    uint8_t head[LIMIT_HEAD];
    if (!member_may_wait(e->name, e->size)) {
        return false;
    }
    if (zip_encrypted(e)) {
        return true;
    }
    zip_member_open(zip, in, e, NULL);
    size_t n = zip_member_read(zip, head, sizeof head);
    zip_member_close(zip);
    return n > 0 && member_waits(e->name, (Str){head, n});
}

/* Sizes may lie, but not beyond what would be read of the member. */
const char *weigh_zip(FILE *file, uint64_t size, const ZipDirectory *d, Arena *a, Loads *to)
{
    ZipReader zip = {0};
    DiskZip *disk = disk_zip(file);
    ZipInput in = {disk_at, disk, size};
    size_t i = 0;
    for (; i < d->entries.count && (to->count < LIMIT_MEMBERS || d->entries.at[i].is_folder); i++) {
        const ZipEntry *e = &d->entries.at[i];
        uint64_t most = LIMIT_BOMB + times_ratio(e->packed);
        if (!e->is_folder) {
            bool together = entry_waits(&zip, &in, e);
            *VEC_ADD(a, to) = (Load){.size = e->size < most ? e->size : most, .together = together};
        }
    }
    zip_reader_close(&zip);
    free(disk);
    return i < d->entries.count ? too_many : NULL;
}

void read_zip_share(Reader *r, FILE *file, uint64_t size, const ZipDirectory *d, const Loads *loads, uint8_t worker)
{
    ZipReader zip = {0};
    DiskZip *disk = disk_zip(file);
    ZipInput in = {disk_at, disk, size};
    size_t index = 0;
    for (size_t i = 0; i < d->entries.count && index < loads->count; i++) {
        if (d->entries.at[i].is_folder) {
            continue;
        }
        const Load *load = &loads->at[index];
        if (load->owner == worker) {
            r->order = ORDER_MEMBER(index);
            r->analysis->room = load->room;
            r->together = load->together;
            read_zip_entry(r, &zip, &in, &d->entries.at[i], (Str){0}, 0, NULL);
        }
        index++;
    }
    zip_reader_close(&zip);
    free(disk);
}

static const char *read_zip_listed(Reader *r, const ZipInput *in, const ZipDirectory *d, Str prefix, unsigned depth,
                                   uint64_t *room, size_t *members)
{
    ZipReader zip = {0};
    size_t i = 0;
    for (; i < d->entries.count && *members < LIMIT_MEMBERS; i++) {
        if (!d->entries.at[i].is_folder) {
            r->order = depth == 0 ? ORDER_MEMBER(*members) : r->order;
            read_zip_entry(r, &zip, in, &d->entries.at[i], prefix, depth, room);
            ++*members;
        }
    }
    zip_reader_close(&zip);
    return i < d->entries.count ? too_many : NULL;
}

/* --- by the members' own headers -------------------------------------------------------------------------------- */

/* `why`: there is no directory to go by; NULL: it was not asked for, the zip comes as a stream. */
static const char *walk_trouble(const ZipWalk *w, const char *why, Arena *a)
{
    if (w->part) {
        return "a part of a zip that was split into several files: put them together first";
    }
    why = why || w->ended ? why : "the zip is cut: its directory at the end is missing or not whole";
    Str own = why ? arena_format(a, "%s; its members were read by their own headers", why) : (Str){0};
    if (w->strayed) {
        own = arena_format(a, "%.*s%s%llu bytes in it belong to no member that can be read", (int)own.len,
                           (const char *)own.at, own.len ? ", and " : "", (unsigned long long)w->strayed);
    }
    return own.len ? (const char *)own.at : NULL;
}

static const char *read_zip_walked(Reader *r, const ZipInput *in, const char *why, Str prefix, unsigned depth,
                                   uint64_t *room, size_t *members)
{
    Arena *run = r->analysis->run;
    ZipReader zip = {0};
    ZipWalk w = {.in = in};
    bool full = false;
    for (ZipEntry e; zip_walk(&w, run, &e);) {
        full = *members >= LIMIT_MEMBERS;
        if (full) {
            break;
        }
        if (e.is_folder) {
            w.pos = e.end == ZIP_SIZE_UNKNOWN ? e.data : e.end;
            continue;
        }
        r->order = depth == 0 ? ORDER_MEMBER(*members) : r->order;
        read_zip_entry(r, &zip, in, &e, prefix, depth, room);
        zip_member_leave(&zip, &w);
        ++*members;
    }
    zip_reader_close(&zip);
    return full ? too_many : walk_trouble(&w, why, run);
}

const char *walk_zip(Reader *r, FILE *file, uint64_t size)
{
    DiskZip *disk = disk_zip(file);
    ZipInput in = {disk_at, disk, size};
    size_t members = 0;
    ZipDirectory d;
    Arena scratch = {0};
    const char *why = zip_directory(&in, &scratch, &d);
    const char *trouble = read_zip_walked(r, &in, why, (Str){0}, 0, NULL, &members);
    arena_free(&scratch);
    free(disk);
    return trouble;
}

const char *read_zip_input(Reader *r, const ZipInput *in, Str prefix, unsigned depth, size_t *members)
{
    ZipDirectory d = {0};
    uint64_t *room = depth > 0 ? &r->nested_room : NULL;
    *members = 0;
    const char *why = in->size == ZIP_SIZE_UNKNOWN ? NULL : zip_directory(in, r->analysis->run, &d);
    return why || in->size == ZIP_SIZE_UNKNOWN ? read_zip_walked(r, in, why, prefix, depth, room, members)
                                               : read_zip_listed(r, in, &d, prefix, depth, room, members);
}
