#include "bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "bundle_reader.h"
#include "limits.h"

#define MAX_THREADS 8

const char *bundle_kind_name(BundleKind kind)
{
    static const char *const names[] = {"file", "folder", "zip", "7z", "tar", "cab", "case"};
    return names[kind];
}

/* --- workers ---------------------------------------------------------------------------------------------------- */

typedef struct Shared { /* between the workers */
    const char *path;
    const FileList *files;   /* a folder; NULL: an archive on disk */
    const ZipDirectory *zip; /* of a zip on disk; NULL: it is none, or has no directory to go by */
    FILE *file;
    uint64_t size; /* of the archive */
    BundleKind kind;
    const RuleSet *rules;
    EventWatch *watch;
    void *watch_with;
    Password *password;
    Str name;
    size_t room; /* for what is kept */
    Loads loads; /* by member: sizes by the archive's own directory; where that lies, only the shares are uneven */
    struct Part {
        Arena run;
        Analysis analysis;
        const char *trouble;
    } * parts;
} Shared;

static void work_folder(Reader *r, Shared *shared, uint8_t worker)
{
    for (size_t i = 0; i < shared->files->files.count; i++) {
        if (shared->loads.at[i].owner == worker) {
            r->order = ORDER_MEMBER(i);
            r->analysis->room = shared->loads.at[i].room;
            r->together = shared->loads.at[i].together;
            read_listed(r, &shared->files->files.at[i]);
        }
    }
}

static void work(unsigned index, void *with)
{
    Shared *shared = with;
    struct Part *part = &shared->parts[index];
    Reader r = {.analysis = &part->analysis,
                .password = shared->password,
                .bundle = shared->name,
                .together = true,
                .stream = !shared->files && !shared->zip};
    analysis_open(&part->analysis, shared->rules, &part->run);
    part->analysis.room = shared->room;
    part->analysis.watch = shared->watch;
    part->analysis.watch_with = shared->watch_with;
    if (shared->files) {
        work_folder(&r, shared, (uint8_t)index);
    } else if (shared->zip) {
        read_zip_share(&r, shared->file, shared->size, shared->zip, &shared->loads, (uint8_t)index);
    } else if (shared->kind == BUNDLE_ZIP) {
        part->trouble = walk_zip(&r, shared->file, shared->size);
    } else {
        part->trouble = read_archive(&r, shared->path, shared->kind);
    }
    read_held(&r, 0);
    arena_free(&r.scratch);
    analysis_close(&part->analysis);
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
    unsigned together = MAX_THREADS; /* who reads those */
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
        Load *load = &loads[order[i].index];
        together = load->together && together == MAX_THREADS ? least : together;
        least = load->together ? together : least;
        busy[least] += load->size + 4 * KIB;
        load->owner = (uint8_t)least;
    }
}

/* A small log is kept whole; what is left of the room goes by size. Whoever reads, the rooms are the same. */
static void give_room(Load *loads, size_t count, size_t room)
{
    uint64_t all = 1;
    size_t small = room / (LIMIT_KEPT_ALL / LIMIT_KEPT_SMALL);
    size_t least = count && small / count < LIMIT_KEPT_LEAST ? small / count : LIMIT_KEPT_LEAST;
    for (size_t i = 0; i < count; i++) {
        all += loads[i].size < UINT64_MAX / LIMIT_MEMBERS ? loads[i].size : 0;
    }
    for (size_t i = 0; i < count; i++) {
        double part = loads[i].size < all ? (double)loads[i].size / (double)all : 1;
        loads[i].room = least + (size_t)(part * (double)room);
    }
}

static const char *read_shared(Shared *shared, Analysis *into, unsigned threads)
{
    Arena scratch = {0};
    const char *trouble = NULL;
    threads = threads > MAX_THREADS ? MAX_THREADS : threads;
    shared->rules = into->rules;
    shared->watch = into->watch;
    shared->watch_with = into->watch_with;
    shared->room = into->room;
    shared->parts = ARENA_NEW(&scratch, struct Part, threads);
    if (shared->zip) {
        trouble = weigh_zip(shared->file, shared->size, shared->zip, &scratch, &shared->loads);
    }
    for (size_t i = 0; shared->files && i < shared->files->files.count; i++) {
        const FileEntry *file = &shared->files->files.at[i];
        *VEC_ADD(&scratch, &shared->loads) = (Load){.size = file->size, .together = listed_waits(file)};
    }
    share_out(shared->loads.at, shared->loads.count, threads, &scratch);
    give_room(shared->loads.at, shared->loads.count, shared->room);
    platform_parallel(threads, work, shared);
    for (unsigned i = 0; i < threads; i++) {
        trouble = trouble ? trouble : shared->parts[i].trouble;
        analysis_adopt(into, &shared->parts[i].analysis);
    }
    arena_free(&scratch);
    return trouble;
}

static const char *read_folder(const Bundle *bundle, Password *password, Analysis *analysis, unsigned threads)
{
    const char *path = bundle->path;
    FileList list = {0};
    list_folder(analysis->run, path, (Str){0}, 0, &list);
    if (list.files.count == 1 && !list.files.at[0].path.len) {
        return list.files.at[0].trouble;
    }
    Shared shared = {.path = path, .files = &list, .password = password, .name = bundle->name};
    const char *trouble = read_shared(&shared, analysis, threads);
    return list.full ? "more members than are read from one bundle" : trouble;
}

/* One stream, read by one worker: standard input, a single file, or what is in memory. */
static const char *read_source(Bundle *bundle, Source *src, const StrList *left_out, Password *password,
                               Analysis *analysis)
{
    Reader r = {.analysis = analysis,
                .password = password,
                .bundle = bundle->name,
                .together = true,
                .stream = true,
                .left_out = left_out};
    const char *trouble = NULL;
    bundle->kind = archive_kind_behind(source_peek(src, LIMIT_HEAD));
    if (bundle->kind == BUNDLE_FILE || is_extension_package(bundle->name)) {
        bundle->kind = BUNDLE_FILE;
        read_member(&r, src, 0);
    } else {
        size_t members;
        bool held;
        trouble = read_archive_stream(&r, src, bundle->kind, (Str){0}, 0, &members, &held);
    }
    source_close(src);
    read_held(&r, 0);
    arena_free(&r.scratch);
    return trouble;
}

static const char *read_stream(Bundle *bundle, FILE *in, uint64_t size, int64_t mtime_ns, Password *password,
                               Analysis *analysis)
{
    Source src;
    source_open(&src, bundle->name, size, mtime_ns, read_file, in);
    return read_source(bundle, &src, NULL, password, analysis);
}

static BundleKind file_kind(FILE *in)
{
    uint8_t head[512];
    return archive_kind((Str){head, platform_read_at(in, 0, head, sizeof head)});
}

bool bundle_is_archive(const char *path)
{
    FILE *in = platform_file(path, true, NULL, NULL) == FILE_REGULAR ? fopen(path, "rb") : NULL;
    bool is = in && file_kind(in) != BUNDLE_FILE;
    if (in) {
        fclose(in);
    }
    return is;
}

/* A zip has a directory, so that every worker can go to its members; where it is lost, and in the other kinds, one
 * follows the other. A directory at the end makes a zip of whatever it begins with. */
static const char *read_opened(Bundle *bundle, FILE *in, Password *password, Analysis *analysis, unsigned threads)
{
    uint64_t size = 0;
    int64_t mtime_ns = TIME_NONE;
    ZipDirectory zip = {0};
    platform_file(bundle->path, true, &size, &mtime_ns);
    bundle->kind = file_kind(in);
    bool maybe = bundle->kind == BUNDLE_ZIP || bundle->kind == BUNDLE_FILE;
    bool listed = maybe && !list_zip(in, size, analysis->run, &zip);
    bundle->kind = listed ? BUNDLE_ZIP : bundle->kind;
    if (bundle->kind == BUNDLE_FILE || is_extension_package(bundle->name)) {
        return read_stream(bundle, in, size, mtime_ns, password, analysis);
    }
    Shared shared = {.path = bundle->path,
                     .zip = listed ? &zip : NULL,
                     .file = in,
                     .size = size,
                     .kind = bundle->kind,
                     .password = password,
                     .name = bundle->name};
    return read_shared(&shared, analysis, listed ? threads : 1);
}

static const char *read_regular(Bundle *bundle, Password *password, Analysis *analysis, unsigned threads)
{
    FILE *in = fopen(bundle->path, "rb");
    if (!in) {
        return strerror(errno);
    }
    const char *trouble = read_opened(bundle, in, password, analysis, threads);
    fclose(in);
    return trouble && bundle->kind != BUNDLE_FILE && is_split_part(bundle->name) ? SPLIT_PART : trouble;
}

static const char *read_any(Bundle *bundle, Password *password, Analysis *analysis, unsigned threads)
{
    if (str_eq(str_of(bundle->path), STR("-"))) {
        bundle->name = STR("stdin");
        return read_stream(bundle, stdin, 0, TIME_NONE, password, analysis);
    }
    switch (platform_file(bundle->path, true, NULL, NULL)) {
    case FILE_FOLDER: bundle->kind = BUNDLE_FOLDER; return read_folder(bundle, password, analysis, threads);
    case FILE_REGULAR: return read_regular(bundle, password, analysis, threads);
    case FILE_OTHER: return "neither a file nor a folder";
    default: return strerror(errno);
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

/* Of a case: unknown where its collections differ. */
static Str common_mode(const Bundle *bundle)
{
    Str mode = bundle->inputs.at[0].collection_mode;
    for (size_t i = 1; i < bundle->inputs.count; i++) {
        mode = str_eq(mode, bundle->inputs.at[i].collection_mode) ? mode : (Str){0};
    }
    return mode;
}

static void bundle_mode(Bundle *bundle, const Analysis *analysis)
{
    bool results = false;
    bundle->collected_ns = TIME_NONE;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        results = results || (row->kind && str_eq(str_of(row->kind), STR("diskinspect")) &&
                              str_ends_nocase(row->path, STR("results.txt")));
        if (row->gathering && row->gathering->collected_ns > bundle->collected_ns) {
            bundle->collected_ns = row->gathering->collected_ns;
        }
    }
    bundle->collections = collection_find(analysis, analysis->run);
    if (bundle->inputs.count) {
        bundle->collection_mode = common_mode(bundle);
        return;
    }
    for (size_t i = 0; i < bundle->collections.list.count && !bundle->collection_mode.len; i++) {
        bundle->collection_mode = bundle->collections.list.at[i].mode;
    }
    if (!bundle->collection_mode.len && !results && bundle->kind != BUNDLE_FILE) {
        bundle->collection_mode = STR("manual");
    }
}

/* The newest name that the registry, or another source of a name, knows. */
static Str machine_marked(const Analysis *analysis, bool registry)
{
    for (size_t i = analysis->kept.count; i > 0; i--) {
        const Event *ev = &analysis->kept.at[i - 1]->ev;
        if (ev->mark == MARK_MACHINE && ev->computer.len && (ev->service == SERVICE_REGISTRY_STATE) == registry) {
            return ev->computer;
        }
    }
    return (Str){0};
}

static Str machine_logged(const Analysis *analysis)
{
    Str name = {0};
    int64_t newest = TIME_NONE;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        if (row->computer_ns != TIME_NONE && row->computer_ns > newest) {
            newest = row->computer_ns;
            name = row->computer;
        }
    }
    return name;
}

/* What the agent calls the machine, else what its newest event log does, else the registry, which cuts names short. */
static void bundle_machine(Bundle *bundle, const Analysis *analysis)
{
    Str agent = machine_marked(analysis, false), log = machine_logged(analysis);
    bundle->machine = agent.len ? agent : log.len ? log : machine_marked(analysis, true);
}

static void bundle_status(Bundle *bundle, const Analysis *analysis, const char *trouble)
{
    size_t read = 0, locked = 0;
    for (size_t i = 0; i < analysis->rows.count; i++) {
        const SourceRow *row = analysis->rows.at[i];
        locked += str_starts(row->note, STR("encrypted"));
        read += row->parser && row->status != ROW_UNREAD && !str_eq(str_of(row->parser), STR("archive"));
    }
    if (trouble) {
        bundle->trouble = arena_str(analysis->run, str_of(trouble));
        bundle->status = ST_PARTIAL;
    } else if (analysis->rows.count == 0) {
        bundle->trouble = STR("it is empty");
    } else if (read == 0 && locked > 0) {
        bundle->trouble = bundle->kind == BUNDLE_7Z
                              ? STR("it is encrypted: unpack it first")
                              : STR("it is encrypted, and no password opens it (--password-file FILE)");
    } else if (read == 0) {
        bundle->trouble = STR("nothing in it is of a kind that is read here");
    }
    if (read == 0) {
        bundle->status = ST_FAILED;
    }
}

/* The report names the trouble itself; the row is where the ledger says that something of the bundle is lost. */
static void container_row(const Bundle *bundle, Analysis *analysis)
{
    if (bundle->status == ST_PARTIAL) {
        SourceRow *row = analysis_row(analysis, bundle->name, UINT64_MAX, TIME_NONE, 1);
        row->status = ROW_DAMAGED;
        row->note = bundle->trouble;
    }
}

static void bundle_begin(Bundle *bundle, const char *path)
{
    Str name = str_of(path);
    while (name.len > 1 && name.at[name.len - 1] == '/') {
        name.len--;
    }
    size_t cut = str_rfind_byte(name, '/');
    *bundle = (Bundle){.path = path, .name = cut == STR_NOT_FOUND ? name : str_from(name, cut + 1)};
}

static void bundle_end(Bundle *bundle, Analysis *analysis, const char *trouble)
{
    bundle_status(bundle, analysis, trouble);
    container_row(bundle, analysis);
    analysis_sort(analysis);
}

void bundle_read(Bundle *bundle, const char *path, Password *password, Analysis *analysis, unsigned threads)
{
    bundle_begin(bundle, path);
    password_begin(password, !str_eq(str_of(path), STR("-")));
    bundle_end(bundle, analysis, read_any(bundle, password, analysis, threads));
}

void bundle_read_memory(Bundle *bundle, const char *path, Str bytes, const StrList *left_out, Analysis *analysis)
{
    Password none = {0};
    Source src;
    bundle_begin(bundle, path);
    password_begin(&none, false);
    source_open_memory(&src, bundle->name, bytes);
    bundle_end(bundle, analysis, read_source(bundle, &src, left_out, &none, analysis));
}

void bundle_conclude(Bundle *bundle, const Analysis *analysis)
{
    bundle_span(bundle, analysis);
    bundle_mode(bundle, analysis);
    bundle_machine(bundle, analysis);
}
