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
        {0, {(const uint8_t *)"PK\7\10PK\3\4", 8}, BUNDLE_ZIP}, /* the first part of one that was split */
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

BundleKind archive_kind_behind(Str head)
{
    BundleKind kind = archive_kind(head);
    return kind == BUNDLE_FILE && zip_header_find(head) != STR_NOT_FOUND ? BUNDLE_ZIP : kind;
}

/* --- archives --------------------------------------------------------------------------------------------------- */

size_t bound_entry(const EntryBound *b, uint64_t packed, size_t want, ReadTrouble *trouble)
{
    if (b->delivered >= LIMIT_BOMB && b->delivered / LIMIT_RATIO > packed) {
        *trouble = (ReadTrouble){"it unpacks to more than 200 times its size: read up to 64 MiB", true};
        return 0;
    }
    if (b->room && *b->room == 0) {
        *trouble = (ReadTrouble){"archives inside archives unpack to more than 200 times their size", true};
        return 0;
    }
    return b->room && *b->room < want ? (size_t)*b->room : want;
}

void bound_delivered(EntryBound *b, size_t bytes)
{
    b->delivered += bytes;
    if (b->room) {
        *b->room -= bytes;
    }
}

typedef struct EntryRead { /* the data of one entry */
    struct archive *archive;
    EntryBound bound;
    int64_t packed_before; /* bytes of the archive consumed when the entry began */
    Arena *run;
} EntryRead;

static const char *why_of(struct archive *a, Arena *run, const char *otherwise)
{
    const char *why = archive_error_string(a);
    why = why ? why : otherwise;
    return str_has_nocase(str_of(why), STR("encrypted"))
               ? "an encrypted archive of this kind is not read: unpack it first"
               : (const char *)arena_format(run, "%.200s", why).at;
}

static size_t read_entry(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    EntryRead *e = with;
    int64_t packed = archive_filter_bytes(e->archive, -1) - e->packed_before;
    size_t want = bound_entry(&e->bound, packed > 0 ? (uint64_t)packed : 0, room, trouble);
    la_ssize_t n = want ? archive_read_data(e->archive, to, want) : 0;
    if (n < 0) {
        trouble->why = why_of(e->archive, e->run, "the archive is damaged");
        return 0;
    }
    bound_delivered(&e->bound, (size_t)n);
    return (size_t)n;
}

static struct archive *archive_new(BundleKind kind)
{
    struct archive *a = archive_read_new();
    if (!a) {
        abort();
    }
    /* One by one: "all" would also take the filters that run programs. */
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

typedef struct Walk { /* of the members of one archive */
    Reader *reader;
    struct archive *archive;
    Str prefix, container; /* container: the archive's own name */
    unsigned depth;
    size_t members;
    const char *trouble; /* why it ended early */
} Walk;

/* A single file behind gzip has no name of its own but that of the archive. */
static Str raw_name(Str container)
{
    static const char *const endings[] = {".gz", ".bz2", ".xz", ".zst"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        Str ending = str_of(endings[i]);
        if (str_ends_nocase(container, ending) && container.len > ending.len) {
            return str_slice(container, 0, container.len - ending.len);
        }
    }
    return STR("data");
}

/* `/` between parts, whatever the archive says; climbing and absolute names are only names. */
static Str member_path(const Walk *w, struct archive_entry *entry)
{
    Arena *a = w->reader->analysis->run;
    const char *name = archive_entry_pathname(entry);
    name = name ? name : archive_entry_pathname_utf8(entry);
    Str raw = archive_format(w->archive) == ARCHIVE_FORMAT_RAW
                  ? raw_name(w->container)
                  : str_of(name ? name : "(a name that cannot be decoded)");
    Str path = arena_str(a, str_slice(raw, 0, LIMIT_NAME));
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] == '\\') {
            ((uint8_t *)path.at)[i] = '/';
        }
    }
    Str parts[] = {w->prefix, path};
    return arena_join(a, parts, 2);
}

static void read_entry_member(Reader *r, struct archive *a, struct archive_entry *entry, Str path, unsigned depth)
{
    Source src;
    EntryRead with = {a, {0, depth > 0 ? &r->nested_room : NULL}, archive_filter_bytes(a, -1), r->analysis->run};
    int64_t mtime = archive_entry_mtime_is_set(entry) ? (int64_t)archive_entry_mtime(entry) : 0;
    int64_t mtime_ns = mtime > 0 && mtime < INT64_MAX / NS_SECOND ? mtime * NS_SECOND : TIME_NONE;
    uint64_t size =
        archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0;
    source_open(&src, path, size, mtime_ns, read_entry, &with);
    if (archive_entry_is_encrypted(entry)) {
        unread_member(r, &src, depth, STR("encrypted"),
                      "encrypted: this kind of archive is not decrypted; unpack it first");
    } else {
        read_member(r, &src, depth);
    }
    source_close(&src);
}

static void walk_archive(Walk *w)
{
    Arena *run = w->reader->analysis->run;
    for (struct archive_entry *entry;;) {
        int got = archive_read_next_header(w->archive, &entry);
        if (got == ARCHIVE_EOF) {
            return;
        }
        if (got < ARCHIVE_WARN) {
            w->trouble = why_of(w->archive, run, "the archive is damaged");
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
        Str path = member_path(w, entry);
        w->reader->order = w->depth == 0 ? ORDER_MEMBER(w->members) : w->reader->order;
        w->members++;
        if (!str_ends(path, STR("/"))) {
            read_entry_member(w->reader, w->archive, entry, path, w->depth);
        }
    }
}

/* A nested archive comes as a stream. What must seek (and a zip, whose directory is at its end) is held in memory;
 * what is too large for that is read as it comes. */
typedef struct Nested {
    Source *src;
    uint8_t *held;
    size_t len;
    uint64_t held_to; /* where the source stood then */
    bool more;        /* it goes on behind what is held */
    bool begun;
    uint8_t *seam; /* bytes of both, side by side */
} Nested;

static void hold(Nested *n)
{
    size_t room = 0;
    for (;;) {
        Str part = source_peek(n->src, 64 * KIB);
        if (part.len == 0 || n->len >= LIMIT_HELD) {
            n->more = part.len > 0;
            n->held_to = n->src->offset;
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

/* Bytes of the stream that were passed but can still be had: a zip's reader looks a little ahead and comes back. */
#define BACK (64 * KIB)

/* As ZipInput wants it: what is held, and behind it what the source still has. */
static Str nested_at(void *with, uint64_t offset, size_t want)
{
    Nested *n = with;
    uint64_t gone = n->src->offset - n->held_to, at = offset - n->len;
    if (offset < n->len) {
        Str part = str_slice((Str){n->held, n->len}, (size_t)offset, (size_t)offset + want);
        Str more = part.len < want && n->more && gone == 0 ? source_peek(n->src, want - part.len) : (Str){0};
        if (!more.len) {
            return part;
        }
        n->seam = n->seam ? n->seam : malloc(ZIP_WANT);
        if (!n->seam) {
            abort();
        }
        memcpy(n->seam, part.at, part.len);
        memcpy(n->seam + part.len, more.at, more.len);
        return (Str){n->seam, part.len + more.len};
    }
    if (!n->more || at < gone || (at - gone > BACK && !source_skip(n->src, at - gone - BACK))) {
        return (Str){0};
    }
    size_t skip = (size_t)(at - (n->src->offset - n->held_to));
    return str_from(source_peek(n->src, skip + want), skip);
}

/* Walks an archive if it could be opened, and lets go of it. */
static void walk_opened(Walk *walk, int got)
{
    if (got == ARCHIVE_OK) {
        walk_archive(walk);
    } else {
        walk->trouble = why_of(walk->archive, walk->reader->analysis->run, "it cannot be opened");
    }
    archive_read_free(walk->archive);
}

static const char *walk_nested(Reader *r, Nested *n, BundleKind kind, Str prefix, unsigned depth, size_t *members)
{
    Walk walk = {
        .reader = r, .archive = archive_new(kind), .prefix = prefix, .container = n->src->name, .depth = depth};
    walk_opened(&walk, n->more ? archive_read_open(walk.archive, n, NULL, nested_read, NULL)
                               : archive_read_open_memory(walk.archive, n->held, n->len));
    *members = walk.members;
    return walk.trouble;
}

const char *read_archive_stream(Reader *r, Source *src, BundleKind kind, Str prefix, unsigned depth, size_t *members,
                                bool *held)
{
    Nested n = {.src = src};
    hold(&n);
    ZipInput in = {nested_at, &n, n.more ? ZIP_SIZE_UNKNOWN : n.len};
    const char *trouble = kind == BUNDLE_ZIP ? read_zip_input(r, &in, prefix, depth, members)
                                             : walk_nested(r, &n, kind, prefix, depth, members);
    *held = !n.more;
    free(n.held);
    free(n.seam);
    return trouble;
}

const char *read_archive(Reader *r, const char *path, BundleKind kind)
{
    Str name = str_of(path);
    size_t cut = str_rfind_byte(name, '/');
    Walk walk = {
        .reader = r, .archive = archive_new(kind), .container = cut == STR_NOT_FOUND ? name : str_from(name, cut + 1)};
    walk_opened(&walk, archive_read_open_filename(walk.archive, path, 64 * KIB));
    return walk.trouble;
}

/* Only the first bytes tell, and to look at them costs: what is read together consists of whole sectors. So do event
 * logs, of which there are hundreds. */
bool member_may_wait(Str path, uint64_t size)
{
    return size && size % 512 == 0 && !str_ends_nocase(path, STR(".evtx"));
}

bool member_waits(Str path, Str head)
{
    return parser_pick(path, head)->waits != NULL;
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
    FILE *in = member_may_wait(file->path, file->size) && !file->trouble ? fopen(file->full, "rb") : NULL;
    size_t n = in ? fread(head, 1, sizeof head, in) : 0;
    if (in) {
        fclose(in);
    }
    return n > 0 && member_waits(file->path, (Str){head, n});
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
