#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "bundle_reader.h"
#include "limits.h"
#include "parser.h"

/* --- kinds ------------------------------------------------------------------------------------------------------ */

BundleKind archive_kind(Str head)
{
    static const struct {
        size_t at;
        Str magic;
        BundleKind kind;
    } magics[] = {
        {0, {(const uint8_t *)"PK\3\4", 4}, BUNDLE_ZIP},
        {0, {(const uint8_t *)"PK\5\6", 4}, BUNDLE_ZIP},
        {0, {(const uint8_t *)"PK00PK\3\4", 8}, BUNDLE_ZIP},
        {0, {(const uint8_t *)"7z\xBC\xAF\x27\x1C", 6}, BUNDLE_7Z},
        {0, {(const uint8_t *)"MSCF\0\0\0\0", 8}, BUNDLE_CAB},
        {257, {(const uint8_t *)"ustar", 5}, BUNDLE_TAR},
        {0, {(const uint8_t *)"\x1F\x8B\x08", 3}, BUNDLE_TAR},
        {0,
         {(const uint8_t *)"\xFD"
                           "7zXZ\0",
          6},
         BUNDLE_TAR},
        {0, {(const uint8_t *)"\x28\xB5\x2F\xFD", 4}, BUNDLE_TAR},
        {0, {(const uint8_t *)"BZh", 3}, BUNDLE_TAR},
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (str_starts(str_from(head, magics[i].at), magics[i].magic)) {
            return magics[i].kind;
        }
    }
    return BUNDLE_FILE;
}

/* A zip ends with its directory; one that was cut is still read, member by member, by their own headers. */

#define ZIP_END 22 /* its bytes without the comment */

const char *zip_trouble(Str tail)
{
    static const Str end = {(const uint8_t *)"PK\5\6", 4};
    size_t at = str_find(tail, end, 0);
    bool whole = at != STR_NOT_FOUND && tail.len - at >= ZIP_END;
    return whole ? NULL : "the zip is cut: its directory at the end is missing or not whole";
}

/* --- archives --------------------------------------------------------------------------------------------------- */

typedef struct EntryRead { /* the data of one entry */
    struct archive *archive;
    uint64_t delivered;
    uint64_t *room;        /* inside another archive: what all of them may still give; else NULL */
    int64_t packed_before; /* bytes of the archive consumed when the entry began */
    Arena *run;
} EntryRead;

static size_t read_entry(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    EntryRead *e = with;
    int64_t packed = archive_filter_bytes(e->archive, -1) - e->packed_before;
    if (e->delivered >= LIMIT_BOMB && e->delivered / LIMIT_RATIO > (uint64_t)(packed > 0 ? packed : 0)) {
        *trouble = (ReadTrouble){"it unpacks to more than 200 times its size: read up to 64 MiB", true};
        return 0;
    }
    if (e->room && *e->room == 0) {
        *trouble = (ReadTrouble){"archives inside archives unpack to more than 200 times their size", true};
        return 0;
    }
    la_ssize_t n = archive_read_data(e->archive, to, e->room && *e->room < room ? (size_t)*e->room : room);
    if (n < 0) {
        const char *why = archive_error_string(e->archive);
        trouble->why = (const char *)arena_format(e->run, "%.200s", why ? why : "the archive is damaged").at;
        return 0;
    }
    e->delivered += (uint64_t)n;
    if (e->room) {
        *e->room -= (uint64_t)n;
    }
    return (size_t)n;
}

static struct archive *archive_new(BundleKind kind)
{
    struct archive *a = archive_read_new();
    if (!a) {
        abort();
    }
    /* One by one: "all" would also take the filters that run programs. */
    archive_read_support_format_zip(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_gnutar(a);
    archive_read_support_format_cab(a);
    if (kind == BUNDLE_TAR) {
        archive_read_support_format_raw(a); /* a single file behind gzip: bids lowest */
    }
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    return a;
}

/* `/` between parts, whatever the archive says; climbing and absolute names are only names. */
static Str member_path(Arena *a, Str prefix, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    name = name ? name : archive_entry_pathname_utf8(entry);
    Str path = arena_str(a, str_slice(str_of(name ? name : "(a name that cannot be decoded)"), 0, LIMIT_NAME));
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] == '\\') {
            ((uint8_t *)path.at)[i] = '/';
        }
    }
    Str parts[] = {prefix, path};
    return arena_join(a, parts, 2);
}

static void read_entry_member(Reader *r, struct archive *a, struct archive_entry *entry, Str path, unsigned depth)
{
    Source src;
    EntryRead with = {a, 0, depth > 0 ? &r->nested_room : NULL, archive_filter_bytes(a, -1), r->analysis->run};
    int64_t mtime = archive_entry_mtime_is_set(entry) ? (int64_t)archive_entry_mtime(entry) : 0;
    int64_t mtime_ns = mtime > 0 && mtime < INT64_MAX / NS_SECOND ? mtime * NS_SECOND : TIME_NONE;
    uint64_t size =
        archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0;
    source_open(&src, path, size, mtime_ns, read_entry, &with);
    if (archive_entry_is_encrypted(entry)) {
        SourceRow *row = row_begin(r, path, mtime_ns, depth);
        row->status = ROW_UNREAD;
        row->note = STR("encrypted");
        analysis_diag(r->analysis, &src, 0, "encrypted: this member was not read");
    } else {
        read_member(r, &src, depth);
    }
    source_close(&src);
}

typedef struct Walk { /* of the members of one archive */
    Reader *reader;
    struct archive *archive;
    Str prefix;
    unsigned depth;
    const struct Load *loads; /* by member; NULL: all are ours */
    size_t load_count;
    uint8_t worker;
    size_t members;
    const char *trouble; /* why it ended early */
} Walk;

static void walk_archive(Walk *w)
{
    Arena *run = w->reader->analysis->run;
    for (struct archive_entry *entry;;) {
        int got = archive_read_next_header(w->archive, &entry);
        if (got == ARCHIVE_EOF) {
            return;
        }
        if (got < ARCHIVE_WARN) {
            const char *why = archive_error_string(w->archive);
            w->trouble = (const char *)arena_format(run, "%.200s", why ? why : "the archive is damaged").at;
            if (got == ARCHIVE_FATAL || ++w->members > LIMIT_MEMBERS) {
                return;
            }
            continue;
        }
        if (archive_entry_filetype(entry) == AE_IFDIR) {
            continue;
        }
        if (w->members >= LIMIT_MEMBERS) {
            w->trouble = "more members than are read from one bundle";
            return;
        }
        Str path = member_path(run, w->prefix, entry);
        size_t index = w->members++;
        const Load *load = index < w->load_count ? &w->loads[index] : NULL;
        if (str_ends(path, STR("/")) || (load ? load->owner != w->worker : w->worker != 0)) {
            continue;
        }
        if (w->depth == 0) {
            w->reader->order = ORDER_MEMBER(index);
            w->reader->analysis->room = load ? load->room : w->reader->analysis->room;
            w->reader->together = !load || load->together;
        }
        read_entry_member(w->reader, w->archive, entry, path, w->depth);
    }
}

/* A nested archive comes as a stream. What must seek (and a zip, whose directory is at its end) is held in memory;
 * what is too large for that is read as it comes. */
typedef struct Nested {
    Source *src;
    uint8_t *held;
    size_t len;
    bool more; /* the source goes on behind what is held */
    bool begun;
} Nested;

static void hold(Nested *n)
{
    size_t room = 0;
    for (;;) {
        Str part = source_peek(n->src, 64 * KIB);
        if (part.len == 0 || n->len >= LIMIT_HELD) {
            n->more = part.len > 0;
            return;
        }
        if (room - n->len < part.len) {
            room = (n->src->size > n->len && n->src->size <= LIMIT_HELD ? (size_t)n->src->size : room + room / 4) +
                   64 * KIB;
            n->held = realloc(n->held, room);
            if (!n->held) {
                abort();
            }
        }
        memcpy(n->held + n->len, part.at, part.len);
        n->len += part.len;
        source_skip(n->src, part.len);
    }
}

static la_ssize_t nested_read(struct archive *a, void *with, const void **bytes)
{
    (void)a;
    Nested *n = with;
    Str part = n->begun ? source_take(n->src, 64 * KIB) : (Str){n->held, n->len};
    n->begun = true;
    *bytes = part.at;
    return (la_ssize_t)part.len;
}

/* Walks an archive if it could be opened, and lets go of it. */
static void walk_opened(Walk *walk, int got)
{
    if (got == ARCHIVE_OK) {
        walk_archive(walk);
    } else {
        const char *why = archive_error_string(walk->archive);
        walk->trouble =
            (const char *)arena_format(walk->reader->analysis->run, "%.200s", why ? why : "it cannot be opened").at;
    }
    archive_read_free(walk->archive);
}

const char *read_archive_stream(Reader *r, Source *src, BundleKind kind, Str prefix, unsigned depth, size_t *members,
                                bool *held)
{
    Nested n = {.src = src};
    Walk walk = {.reader = r, .archive = archive_new(kind), .prefix = prefix, .depth = depth};
    hold(&n);
    Str bytes = {n.held, n.len};
    const char *cut =
        kind == BUNDLE_ZIP && !n.more ? zip_trouble(str_from(bytes, n.len > ZIP_TAIL ? n.len - ZIP_TAIL : 0)) : NULL;
    int got = n.more ? archive_read_open(walk.archive, &n, NULL, nested_read, NULL)
                     : archive_read_open_memory(walk.archive, n.held, n.len);
    walk_opened(&walk, got);
    free(n.held);
    *members = walk.members;
    *held = !n.more;
    return walk.trouble ? walk.trouble : cut;
}

const char *read_archive(Reader *r, const char *path, BundleKind kind, const Loads *loads, uint8_t worker)
{
    Walk walk = {
        .reader = r, .archive = archive_new(kind), .loads = loads->at, .load_count = loads->count, .worker = worker};
    walk_opened(&walk, archive_read_open_filename(walk.archive, path, 64 * KIB));
    return walk.trouble;
}

/* Only the first bytes tell, and to look at them costs: what is read together consists of whole sectors. So do event
 * logs, of which there are hundreds. */
static bool may_wait(Str path, uint64_t size)
{
    return size && size % 512 == 0 && !str_ends_nocase(path, STR(".evtx"));
}

static bool waits(Str path, Str head)
{
    return parser_pick(path, head)->waits != NULL;
}

static bool entry_waits(struct archive *in, Str path)
{
    uint8_t head[LIMIT_HEAD];
    la_ssize_t n = archive_read_data(in, head, sizeof head);
    return n > 0 && waits(path, (Str){head, (size_t)n});
}

void list_archive(const char *path, BundleKind kind, Arena *a, Loads *to)
{
    struct archive *in = archive_new(kind);
    struct archive_entry *entry;
    int got = archive_read_open_filename(in, path, 64 * KIB);
    while (got == ARCHIVE_OK && to->count < LIMIT_MEMBERS) {
        got = archive_read_next_header(in, &entry);
        if ((got == ARCHIVE_OK || got == ARCHIVE_WARN) && archive_entry_filetype(entry) != AE_IFDIR) {
            uint64_t size = archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0;
            Str member = member_path(a, (Str){0}, entry);
            bool together = may_wait(member, size) && entry_waits(in, member);
            *VEC_ADD(a, to) = (Load){.size = size, .together = together};
        }
        got = got == ARCHIVE_WARN ? ARCHIVE_OK : got;
    }
    archive_read_free(in);
}

/* --- folders ---------------------------------------------------------------------------------------------------- */

void list_folder(Arena *a, const char *full, Str below, unsigned depth, FileList *to)
{
    Str *names;
    size_t count;
    if (depth > 64 || !platform_folder(a, full, &names, &count)) {
        const char *why = depth > 64 ? "folders too deep inside each other" : strerror(errno);
        *VEC_ADD(a, &to->files) = (FileEntry){below, full, 0, TIME_NONE, (const char *)arena_format(a, "%s", why).at};
        return;
    }
    for (size_t i = 0; i < count; i++) {
        Str deep[] = {str_of(full), STR("/"), names[i], {(const uint8_t *)"", 1}};
        Str flat[] = {below, below.len ? STR("/") : (Str){0}, names[i]};
        FileEntry file = {arena_join(a, flat, 3), (const char *)arena_join(a, deep, 4).at, 0, TIME_NONE, NULL};
        FileKind kind = platform_file(file.full, false, &file.size, &file.mtime_ns);
        if (to->files.count >= LIMIT_MEMBERS) {
            to->full = true;
            return;
        }
        if (kind == FILE_FOLDER) {
            list_folder(a, file.full, file.path, depth + 1, to);
            continue;
        }
        file.trouble = kind == FILE_REGULAR ? NULL : "not a regular file (a link or a device)";
        *VEC_ADD(a, &to->files) = file;
    }
}

bool listed_waits(const FileEntry *file)
{
    uint8_t head[LIMIT_HEAD];
    FILE *in = may_wait(file->path, file->size) && !file->trouble ? fopen(file->full, "rb") : NULL;
    size_t n = in ? fread(head, 1, sizeof head, in) : 0;
    if (in) {
        fclose(in);
    }
    return n > 0 && waits(file->path, (Str){head, n});
}

size_t read_file(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    FILE *file = with;
    size_t n = fread(to, 1, room, file);
    if (n == 0 && ferror(file)) {
        trouble->why = strerror(errno);
    }
    return n;
}

void read_listed(Reader *r, const FileEntry *file)
{
    FILE *in = file->trouble ? NULL : fopen(file->full, "rb");
    if (!in) {
        SourceRow *row = row_begin(r, file->path, file->mtime_ns, 0);
        row->status = ROW_UNREAD;
        row->note = arena_str(r->analysis->run, str_of(file->trouble ? file->trouble : strerror(errno)));
        analysis_diag(r->analysis, NULL, 0, file->trouble ? file->trouble : strerror(errno));
        return;
    }
    setvbuf(in, NULL, _IONBF, 0);
    Source src;
    source_open(&src, file->path, file->size, file->mtime_ns, read_file, in);
    read_member(r, &src, 0);
    source_close(&src);
    fclose(in);
}
