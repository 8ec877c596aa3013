#include "bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "limits.h"
#include "parser.h"

/* The order of a source in the bundle: the member's number, then counted on inside a nested archive. */
#define ORDER_MEMBER(index) ((uint64_t)(index) << 32)

const char *bundle_kind_name(BundleKind kind)
{
    static const char *const names[] = {"file", "folder", "zip", "7z", "tar", "cab", "case"};
    return names[kind];
}

#define MAX_THREADS 8

/* What one worker reads with. */
typedef struct Reader {
    Analysis *analysis;
    Arena scratch;
    uint64_t order;
    bool stream; /* members come one after the other, and how many is not known */
} Reader;

/* Where a member is one of an unknown number, it may take one part in so many of what room there is. */
#define SHARE_OF_MANY 8

static SourceRow *row_begin(Reader *r, Str path, int64_t mtime_ns, unsigned depth)
{
    return analysis_row(r->analysis, path, r->order++, mtime_ns, r->stream || depth > 0 ? SHARE_OF_MANY : 1);
}

/* --- one member ------------------------------------------------------------------------------------------------- */

static BundleKind archive_kind(Str head)
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
        {0, {(const uint8_t *)"\xFD" "7zXZ\0", 6}, BUNDLE_TAR},
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
#define ZIP_TAIL (66 * KIB) /* the end record and the longest comment behind it */

#define ZIP_END 22            /* its bytes without the comment */

static const char *zip_trouble(Str tail)
{
    static const Str end = {(const uint8_t *)"PK\5\6", 4};
    size_t at = str_find(tail, end, 0);
    bool whole = at != STR_NOT_FOUND && tail.len - at >= ZIP_END;
    return whole ? NULL : "the zip is cut: its directory at the end is missing or not whole";
}

/* `Microsoft.Azure.RecoveryServices.VMSnapshot_1.0.57.0.zip`: the extension's own package, which holds no logs. */
static bool is_extension_package(Str name)
{
    if (!str_ends_nocase(name, STR(".zip"))) {
        return false;
    }
    Str stem = str_slice(name, 0, name.len - 4);
    size_t cut = str_rfind_byte(stem, '_');
    Str version = cut == STR_NOT_FOUND ? (Str){0} : str_from(stem, cut + 1);
    size_t dots = 0, digits = 0;
    for (size_t i = 0; i < version.len; i++) {
        dots += version.at[i] == '.';
        digits += byte_digit(version.at[i]);
    }
    return dots >= 1 && digits > dots && dots + digits == version.len && str_find_byte(str_slice(stem, 0, cut), '.', 0) != STR_NOT_FOUND;
}

static void member_event(Reader *r, SourceRow *row, const Source *src)
{
    Str path = arena_str(&r->scratch, row->path);
    uint8_t *bytes = (uint8_t *)path.at;
    for (size_t i = 0; i < path.len; i++) {
        bytes[i] = bytes[i] == '/' ? '\\' : bytes[i];
    }
    Str parts[] = {STR("\\"), path};
    Str full = arena_join(&r->scratch, parts, 2);
    char when[TIMESTAMP_ROOM];
    size_t len = src->mtime_ns == TIME_NONE ? 0 : timestamp_format(when, src->mtime_ns, 0);
    Field fields[] = {
        {STR("TargetFilename"), full},
        {STR("Folder"), str_slice(full, 0, str_rfind_byte(full, '\\'))},
        {STR("Modified"), {(uint8_t *)when, len}},
    };
    Event ev = {.time_ns = src->mtime_ns,
                .trust = src->mtime_ns == TIME_NONE ? TRUST_NONE : TRUST_ASSUMED,
                .service = SERVICE_FILE_LISTING,
                .level = LEVEL_INFO,
                .is_line = true,
                .fields = fields,
                .field_count = len ? 3 : 2};
    uint64_t events = row->events;
    analysis_add(r->analysis, (Source *)src, &ev);
    row->events = events;
}

static RowStatus row_status(const Source *src, const Parser *parser, Status status)
{
    bool took = parser && !str_eq(str_of(parser->name), STR("unread"));
    return !took                                     ? ROW_UNREAD
           : status == ST_FAILED                     ? ROW_DAMAGED
           : status == ST_PARTIAL || source_error(src) ? ROW_PARTIAL
                                                     : ROW_READ;
}

/* Called an archive, and none: text in it is an error page or a part of something, not a log. */
static bool misnamed(const Source *src, const Parser *parser)
{
    static const char *const endings[] = {".zip", ".7z", ".cab", ".tar", ".gz", ".tgz", ".xz", ".zst"};
    bool archive = false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        archive = archive || str_ends_nocase(src->name, str_of(endings[i]));
    }
    return archive && str_eq(str_of(parser->name), STR("plain_text"));
}

static void tell_trouble(Reader *r, Source *src, SourceRow *row)
{
    if (source_error(src) && source_limited(src)) {
        analysis_limit(r->analysis, "member size", source_error(src));
    } else if (source_error(src)) {
        analysis_diag(r->analysis, src, src->offset, source_error(src));
        row->status = row->events ? ROW_PARTIAL : ROW_UNREAD;
        row->note = row->note.len ? row->note : arena_str(r->analysis->run, str_of(source_error(src)));
    }
}

static void read_plain(Reader *r, Source *src, SourceRow *row, Str head)
{
    if (head.len == 0 && src->offset > 0) {
        row->status = ROW_UNREAD;
        row->note = STR("nothing but zero bytes: lost in a crash, or never written");
        tell_trouble(r, src, row);
        return;
    }
    const Parser *parser = parser_pick(src->path, head);
    if (misnamed(src, parser)) {
        row->status = ROW_UNREAD;
        row->note = STR("named like an archive, but it is none");
        analysis_diag(r->analysis, src, 0, "named like an archive, but it does not begin like one");
        return;
    }
    Status status = parser->parse(src, &r->scratch, r->analysis);
    row->status = row_status(src, parser, status);
    row->parser = row->status == ROW_UNREAD ? NULL : parser->name;
    row->service = parser->service;
    row->kind = row->status == ROW_UNREAD ? "other" : parser->kind ? parser->kind : service_name(parser->service);
    row->size = src->offset;
    tell_trouble(r, src, row);
    coverage_close(row, r->analysis->run);
}

/* A crash leaves rows of zeros, also in front of what is good. */
static Str skip_zeros(Source *src)
{
    static const uint8_t zeros[LIMIT_HEAD];
    Str head = source_peek(src, LIMIT_HEAD);
    while (head.len == LIMIT_HEAD && memcmp(head.at, zeros, LIMIT_HEAD) == 0 && src->offset < LIMIT_BOMB) {
        source_take(src, LIMIT_HEAD);
        head = source_peek(src, LIMIT_HEAD);
    }
    return head;
}

static void read_nested(Reader *r, Source *src, SourceRow *row, BundleKind kind, unsigned depth);

static void read_member(Reader *r, Source *src, unsigned depth)
{
    SourceRow *row = row_begin(r, src->path, src->mtime_ns, depth);
    member_event(r, row, src);
    Str head = skip_zeros(src);
    BundleKind kind = archive_kind(head);
    if (kind != BUNDLE_FILE && is_extension_package(src->name)) {
        row->status = ROW_SKIPPED;
        row->note = STR("the package of an extension, not a log bundle");
    } else if (kind != BUNDLE_FILE && depth < LIMIT_ARCHIVE_DEPTH) {
        read_nested(r, src, row, kind, depth + 1);
    } else if (kind != BUNDLE_FILE) {
        row->status = ROW_UNREAD;
        row->note = STR("an archive too deep inside other archives");
        analysis_limit(r->analysis, "archive depth", "archives deeper than this are not opened");
    } else {
        read_plain(r, src, row, head);
    }
    analysis_row_end(r->analysis, row);
    arena_reset(&r->scratch);
}

/* --- archives --------------------------------------------------------------------------------------------------- */

typedef struct EntryRead { /* the data of one entry */
    struct archive *archive;
    uint64_t delivered;
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
    la_ssize_t n = archive_read_data(e->archive, to, room);
    if (n < 0) {
        const char *why = archive_error_string(e->archive);
        trouble->why = (const char *)arena_format(e->run, "%.200s", why ? why : "the archive is damaged").at;
        return 0;
    }
    e->delivered += (uint64_t)n;
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
    EntryRead with = {a, 0, archive_filter_bytes(a, -1), r->analysis->run};
    int64_t mtime = archive_entry_mtime_is_set(entry) ? (int64_t)archive_entry_mtime(entry) : 0;
    int64_t mtime_ns = mtime > 0 && mtime < INT64_MAX / NS_SECOND ? mtime * NS_SECOND : TIME_NONE;
    uint64_t size = archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0;
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

typedef struct Load { /* one member of the bundle: what it weighs, who reads it, how much may be kept of it */
    uint64_t size;
    size_t room;
    uint8_t owner;
} Load;

typedef struct Walk { /* of the members of one archive */
    Reader *reader;
    struct archive *archive;
    Str prefix;
    unsigned depth;
    const struct Load *loads; /* by member; NULL: all are ours */
    size_t load_count;
    uint8_t worker;
    size_t members;
    const char *trouble;  /* why it ended early */
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
            room = (n->src->size > n->len && n->src->size <= LIMIT_HELD ? (size_t)n->src->size : room + room / 4) + 64 * KIB;
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

static void trouble_of(Walk *walk)
{
    const char *why = archive_error_string(walk->archive);
    walk->trouble = (const char *)arena_format(walk->reader->analysis->run, "%.200s", why ? why : "it cannot be opened").at;
}

static const char *walk_stream(Walk *walk, Nested *n, BundleKind kind)
{
    hold(n);
    Str held = {n->held, n->len};
    const char *cut = kind == BUNDLE_ZIP && !n->more ? zip_trouble(str_from(held, n->len > ZIP_TAIL ? n->len - ZIP_TAIL : 0)) : NULL;
    int got = n->more ? archive_read_open(walk->archive, n, NULL, nested_read, NULL)
                      : archive_read_open_memory(walk->archive, n->held, n->len);
    if (got == ARCHIVE_OK) {
        walk_archive(walk);
    } else {
        trouble_of(walk);
    }
    archive_read_free(walk->archive);
    free(n->held);
    walk->trouble = walk->trouble ? walk->trouble : cut;
    return walk->trouble;
}

static void read_nested(Reader *r, Source *src, SourceRow *row, BundleKind kind, unsigned depth)
{
    Analysis *analysis = r->analysis;
    Str parts[] = {src->path, STR("!/")};
    Nested n = {.src = src};
    Walk walk = {.reader = r, .archive = archive_new(kind), .prefix = arena_join(analysis->run, parts, 2), .depth = depth};
    walk_stream(&walk, &n, kind);
    analysis->row = row; /* back from the members */
    row->parser = "archive";
    row->size = src->offset;
    row->note = arena_format(analysis->run, "%s archive with %zu members", bundle_kind_name(kind), walk.members);
    if (walk.trouble || source_error(src)) {
        row->status = n.more && kind == BUNDLE_7Z ? ROW_UNREAD : ROW_DAMAGED;
        analysis_diag(analysis, src, src->offset, walk.trouble ? walk.trouble : source_error(src));
    }
}

/* --- folders ---------------------------------------------------------------------------------------------------- */

typedef struct FileEntry {
    Str path; /* below the folder */
    const char *full;
    uint64_t size;
    int64_t mtime_ns;
    const char *trouble;
} FileEntry;

typedef struct FileList {
    VEC(FileEntry) files;
    bool full;
} FileList;

static void list_folder(Arena *a, const char *full, Str below, unsigned depth, FileList *to)
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

static size_t read_file(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    FILE *file = with;
    size_t n = fread(to, 1, room, file);
    if (n == 0 && ferror(file)) {
        trouble->why = strerror(errno);
    }
    return n;
}

static void read_listed(Reader *r, const FileEntry *file)
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

/* --- the whole bundle ------------------------------------------------------------------------------------------- */

typedef struct Shared { /* between the workers */
    const char *path;
    const FileList *files; /* a folder; NULL: an archive on disk */
    BundleKind kind;
    const RuleSet *rules;
    VEC(Load) loads; /* by member */
    struct Part {
        Arena run;
        Analysis analysis;
        const char *trouble;
    } *parts;
} Shared;

static void work_folder(Reader *r, Shared *shared, uint8_t worker)
{
    for (size_t i = 0; i < shared->files->files.count; i++) {
        if (shared->loads.at[i].owner == worker) {
            r->order = ORDER_MEMBER(i);
            r->analysis->room = shared->loads.at[i].room;
            read_listed(r, &shared->files->files.at[i]);
        }
    }
}

static void work_archive(Reader *r, Shared *shared, struct Part *part, uint8_t worker)
{
    Walk walk = {.reader = r, .archive = archive_new(shared->kind), .loads = shared->loads.at,
                 .load_count = shared->loads.count, .worker = worker};
    if (archive_read_open_filename(walk.archive, shared->path, 64 * KIB) == ARCHIVE_OK) {
        walk_archive(&walk);
    } else {
        trouble_of(&walk);
    }
    part->trouble = walk.trouble;
    archive_read_free(walk.archive);
}

static void work(unsigned index, void *with)
{
    Shared *shared = with;
    struct Part *part = &shared->parts[index];
    Reader r = {.analysis = &part->analysis, .stream = !shared->files && shared->kind != BUNDLE_ZIP};
    analysis_open(&part->analysis, shared->rules, &part->run);
    if (shared->files) {
        work_folder(&r, shared, (uint8_t)index);
    } else {
        work_archive(&r, shared, part, (uint8_t)index);
    }
    arena_free(&r.scratch);
    analysis_close(&part->analysis);
}

static void merge(Analysis *into, struct Part *part)
{
    for (size_t i = 0; i < part->analysis.rows.count; i++) {
        *VEC_ADD(into->run, &into->rows) = part->analysis.rows.at[i];
    }
    for (size_t i = 0; i < part->analysis.kept.count; i++) {
        *VEC_ADD(into->run, &into->kept) = part->analysis.kept.at[i];
    }
    for (size_t i = 0; i < part->analysis.matches.count; i++) {
        *VEC_ADD(into->run, &into->matches) = part->analysis.matches.at[i];
    }
    for (size_t i = 0; i < part->analysis.codes.count; i++) {
        *VEC_ADD(into->run, &into->codes) = part->analysis.codes.at[i];
    }
    arena_adopt(into->run, &part->run);
}

typedef struct Weight {
    uint64_t size;
    size_t index;
} Weight;

static int heavier_first(const void *a, const void *b)
{
    const Weight *x = a, *y = b;
    return x->size != y->size ? (x->size > y->size ? -1 : 1) : (x->index > y->index) - (x->index < y->index);
}

/* The largest member first, each to the worker that has least to do: no worker waits for another's giant at the end. */
static void share_out(Load *loads, size_t count, unsigned threads, Arena *scratch)
{
    uint64_t busy[MAX_THREADS] = {0};
    Weight *order = ARENA_NEW(scratch, Weight, count);
    for (size_t i = 0; i < count; i++) {
        order[i] = (Weight){loads[i].size, i};
    }
    if (count) {
        qsort(order, count, sizeof *order, heavier_first);
    }
    for (size_t i = 0; i < count; i++) {
        unsigned least = 0;
        for (unsigned w = 1; w < threads; w++) {
            least = busy[w] < busy[least] ? w : least;
        }
        busy[least] += order[i].size + 4 * KIB;
        loads[order[i].index].owner = (uint8_t)least;
    }
}

/* A small log is kept whole; what is left of the room goes by size. Whoever reads, the rooms are the same. */
static void give_room(Load *loads, size_t count)
{
    uint64_t all = 1;
    size_t least = count && LIMIT_KEPT_SMALL / count < LIMIT_KEPT_LEAST ? LIMIT_KEPT_SMALL / count : LIMIT_KEPT_LEAST;
    for (size_t i = 0; i < count; i++) {
        all += loads[i].size < UINT64_MAX / LIMIT_MEMBERS ? loads[i].size : 0;
    }
    for (size_t i = 0; i < count; i++) {
        double part = loads[i].size < all ? (double)loads[i].size / (double)all : 1;
        loads[i].room = least + (size_t)(part * LIMIT_KEPT_ALL);
    }
}

/* Sizes by the archive's own directory; where that lies, only the shares are uneven. */
static void list_archive(Shared *shared, Arena *a)
{
    struct archive *in = archive_new(shared->kind);
    struct archive_entry *entry;
    int got = archive_read_open_filename(in, shared->path, 64 * KIB);
    while (got == ARCHIVE_OK && shared->loads.count < LIMIT_MEMBERS) {
        got = archive_read_next_header(in, &entry);
        if ((got == ARCHIVE_OK || got == ARCHIVE_WARN) && archive_entry_filetype(entry) != AE_IFDIR) {
            uint64_t size = archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0;
            *VEC_ADD(a, &shared->loads) = (Load){.size = size};
        }
        got = got == ARCHIVE_WARN ? ARCHIVE_OK : got;
    }
    archive_read_free(in);
}

static const char *read_shared(Shared *shared, Analysis *into, unsigned threads)
{
    Arena scratch = {0};
    const char *trouble = NULL;
    threads = threads > MAX_THREADS ? MAX_THREADS : threads;
    shared->rules = into->rules;
    shared->parts = ARENA_NEW(&scratch, struct Part, threads);
    if (!shared->files && shared->kind == BUNDLE_ZIP) {
        list_archive(shared, &scratch);
    }
    for (size_t i = 0; shared->files && i < shared->files->files.count; i++) {
        *VEC_ADD(&scratch, &shared->loads) = (Load){.size = shared->files->files.at[i].size};
    }
    share_out(shared->loads.at, shared->loads.count, threads, &scratch);
    give_room(shared->loads.at, shared->loads.count);
    platform_parallel(threads, work, shared);
    for (unsigned i = 0; i < threads; i++) {
        trouble = trouble ? trouble : shared->parts[i].trouble;
        merge(into, &shared->parts[i]);
    }
    arena_free(&scratch);
    return trouble;
}

static const char *read_folder(const char *path, Analysis *analysis, unsigned threads)
{
    FileList list = {0};
    list_folder(analysis->run, path, (Str){0}, 0, &list);
    if (list.files.count == 1 && !list.files.at[0].path.len) {
        return list.files.at[0].trouble;
    }
    Shared shared = {.path = path, .files = &list};
    const char *trouble = read_shared(&shared, analysis, threads);
    return list.full ? "more members than are read from one bundle" : trouble;
}

/* One stream, read by one worker: standard input, or a single file. */
static const char *read_stream(Bundle *bundle, FILE *in, Str name, uint64_t size, int64_t mtime_ns, Analysis *analysis)
{
    Reader r = {.analysis = analysis, .stream = true};
    Source src;
    const char *trouble = NULL;
    source_open(&src, name, size, mtime_ns, read_file, in);
    bundle->kind = archive_kind(source_peek(&src, LIMIT_HEAD));
    if (bundle->kind == BUNDLE_FILE || is_extension_package(name)) {
        bundle->kind = BUNDLE_FILE;
        read_member(&r, &src, 0);
    } else {
        Nested n = {.src = &src};
        Walk walk = {.reader = &r, .archive = archive_new(bundle->kind)};
        trouble = walk_stream(&walk, &n, bundle->kind);
    }
    source_close(&src);
    arena_free(&r.scratch);
    return trouble;
}

static BundleKind file_kind(FILE *in)
{
    uint8_t head[512];
    size_t n = fread(head, 1, sizeof head, in);
    rewind(in);
    return archive_kind((Str){head, n});
}

static const char *file_trouble(FILE *in, uint64_t size)
{
    static uint8_t tail[ZIP_TAIL];
    if (fseek(in, size > sizeof tail ? -(long)sizeof tail : -(long)size, SEEK_END) != 0) {
        return NULL;
    }
    return zip_trouble((Str){tail, fread(tail, 1, sizeof tail, in)});
}

/* A zip has a directory, so that every worker can go to its members. The other kinds are one stream, but may seek. */
static const char *read_regular(Bundle *bundle, Analysis *analysis, unsigned threads)
{
    uint64_t size = 0;
    int64_t mtime_ns = TIME_NONE;
    FILE *in = fopen(bundle->path, "rb");
    if (!in) {
        return strerror(errno);
    }
    platform_file(bundle->path, true, &size, &mtime_ns);
    bundle->kind = file_kind(in);
    const char *trouble;
    if (bundle->kind == BUNDLE_FILE || is_extension_package(bundle->name)) {
        trouble = read_stream(bundle, in, bundle->name, size, mtime_ns, analysis);
    } else {
        Shared shared = {.path = bundle->path, .kind = bundle->kind};
        const char *cut = bundle->kind == BUNDLE_ZIP ? file_trouble(in, size) : NULL;
        trouble = read_shared(&shared, analysis, bundle->kind == BUNDLE_ZIP ? threads : 1);
        trouble = trouble ? trouble : cut;
    }
    fclose(in);
    return trouble;
}

static const char *read_any(Bundle *bundle, Analysis *analysis, unsigned threads)
{
    if (str_eq(str_of(bundle->path), STR("-"))) {
        bundle->name = STR("stdin");
        return read_stream(bundle, stdin, bundle->name, 0, TIME_NONE, analysis);
    }
    switch (platform_file(bundle->path, true, NULL, NULL)) {
    case FILE_FOLDER:
        bundle->kind = BUNDLE_FOLDER;
        return read_folder(bundle->path, analysis, threads);
    case FILE_REGULAR:
        return read_regular(bundle, analysis, threads);
    case FILE_OTHER:
        return "neither a file nor a folder";
    default:
        return strerror(errno);
    }
}

/* --- what the whole says ---------------------------------------------------------------------------------------- */

static void bundle_span(Bundle *bundle, const Analysis *analysis)
{
    bundle->time_first = bundle->time_last = TIME_NONE;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->span.from_ns == TIME_NONE) {
            continue;
        }
        if (bundle->time_first == TIME_NONE || row->span.from_ns < bundle->time_first) {
            bundle->time_first = row->span.from_ns;
            bundle->digits_first = row->time_digits;
        }
        if (bundle->time_last == TIME_NONE || row->span.to_ns > bundle->time_last) {
            bundle->time_last = row->span.to_ns;
            bundle->digits_last = row->time_digits;
        }
    }
}

static void bundle_mode(Bundle *bundle, const Analysis *analysis)
{
    bool results = false;
    bundle->collected_ns = bundle->time_last;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->kind && str_eq(str_of(row->kind), STR("diskinspect")) && str_ends_nocase(row->path, STR("results.txt"))) {
            results = true;
            if (row->mtime_ns != TIME_NONE && row->mtime_ns >= bundle->time_last) {
                bundle->collected_ns = row->mtime_ns;
            }
        }
    }
    for (size_t i = 0; i < analysis->kept.count && !bundle->collection_mode.len; i++) {
        bundle->collection_mode = event_field(&analysis->kept.at[i]->ev, STR("Manifest"));
    }
    if (!bundle->collection_mode.len && !results && bundle->kind != BUNDLE_FILE) {
        bundle->collection_mode = STR("manual");
    }
}

/* What the agent calls the machine, else what its newest event log does. */
static void bundle_machine(Bundle *bundle, const Analysis *analysis)
{
    for (size_t i = analysis->kept.count; i > 0; i--) {
        const Event *ev = &analysis->kept.at[i - 1]->ev;
        if (ev->mark == MARK_MACHINE && ev->computer.len) {
            bundle->machine = ev->computer;
            return;
        }
    }
    int64_t newest = TIME_NONE;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->computer_ns != TIME_NONE && row->computer_ns > newest) {
            newest = row->computer_ns;
            bundle->machine = row->computer;
        }
    }
}

static void bundle_status(Bundle *bundle, const Analysis *analysis, const char *trouble)
{
    size_t read = 0;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        read += row->parser && row->status != ROW_UNREAD && !str_eq(str_of(row->parser), STR("archive"));
    }
    if (trouble) {
        bundle->trouble = arena_str(analysis->run, str_of(trouble));
        bundle->status = ST_PARTIAL;
    } else if (analysis->rows.count == 0) {
        bundle->trouble = STR("it is empty");
    } else if (read == 0) {
        bundle->trouble = STR("nothing in it is of a kind that is read here");
    }
    if (read == 0) {
        bundle->status = ST_FAILED;
    }
}

static void container_row(const Bundle *bundle, Analysis *analysis)
{
    if (bundle->status == ST_PARTIAL) {
        SourceRow *row = analysis_row(analysis, bundle->name, UINT64_MAX, TIME_NONE, 1);
        row->status = ROW_DAMAGED;
        row->note = bundle->trouble;
        analysis_note(analysis, bundle->trouble);
        analysis_diag(analysis, NULL, 0, (const char *)arena_format(analysis->run, "%.*s", (int)bundle->trouble.len, (const char *)bundle->trouble.at).at);
    }
}

void bundle_read(Bundle *bundle, const char *path, Analysis *analysis, unsigned threads)
{
    Str name = str_of(path);
    while (name.len > 1 && name.at[name.len - 1] == '/') {
        name.len--;
    }
    size_t cut = str_rfind_byte(name, '/');
    *bundle = (Bundle){.path = path, .name = cut == STR_NOT_FOUND ? name : str_from(name, cut + 1)};
    const char *trouble = read_any(bundle, analysis, threads);
    bundle_status(bundle, analysis, trouble);
    container_row(bundle, analysis);
    analysis_sort(analysis);
}

void bundle_conclude(Bundle *bundle, const Analysis *analysis)
{
    bundle_span(bundle, analysis);
    bundle_mode(bundle, analysis);
    bundle_machine(bundle, analysis);
}
