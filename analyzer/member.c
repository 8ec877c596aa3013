#include <string.h>

#include "base/platform.h"
#include "bundle_reader.h"
#include "limits.h"
#include "parser.h"

/* Where a member is one of an unknown number, it may take one part in so many of what room there is. */
#define SHARE_OF_MANY 8

SourceRow *row_begin(Reader *r, Str path, int64_t mtime_ns, unsigned depth)
{
    return analysis_row(r->analysis, path, r->order++, mtime_ns, r->stream || depth > 0 ? SHARE_OF_MANY : 1);
}

static bool is_left_out(const Reader *r, Str path, unsigned depth)
{
    for (size_t i = 0; depth == 0 && r->left_out && i < r->left_out->count; i++) {
        if (str_eq(r->left_out->at[i], path)) {
            return true;
        }
    }
    return false;
}

void unread_member(Reader *r, Source *src, unsigned depth, Str note, const char *what)
{
    if (is_left_out(r, src->path, depth)) {
        return;
    }
    SourceRow *row = row_begin(r, src->path, src->mtime_ns, depth);
    row->status = ROW_UNREAD;
    row->note = arena_str(r->analysis->run, note);
    analysis_diag(r->analysis, src, 0, what);
}

bool is_extension_package(Str name)
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
    return dots >= 1 && digits > dots && dots + digits == version.len &&
           str_find_byte(str_slice(stem, 0, cut), '.', 0) != STR_NOT_FOUND;
}

bool is_split_part(Str name)
{
    static const char *const kinds[] = {".zip", ".7z", ".rar", ".cab", ".tar", ".gz", ".tgz"};
    size_t cut = str_rfind_byte(name, '.');
    Str stem = str_slice(name, 0, cut), end = cut == STR_NOT_FOUND ? (Str){0} : str_from(name, cut + 1);
    uint64_t number;
    bool numbered = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        numbered = numbered || str_ends_nocase(stem, str_of(kinds[i]));
    }
    bool lettered = end.len == 3 && (byte_lower(end.at[0]) == 'z' || byte_lower(end.at[0]) == 'r');
    return (numbered && end.len == 3 && str_u64(end, 10, &number)) ||
           (lettered && str_u64(str_from(end, 1), 10, &number));
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
    return !took                                       ? ROW_UNREAD
           : status == ST_FAILED                       ? ROW_DAMAGED
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
        row->note = row->events && row->note.len ? row->note : arena_str(r->analysis->run, str_of(source_error(src)));
    }
}

/* --- members that wait for others ------------------------------------------------------------------------------- */

static void parse_member(Reader *r, Source *src, SourceRow *row, const Parser *parser)
{
    Status status = parser->parse(src, &r->scratch, r->analysis);
    row->status = row_status(src, parser, status);
    row->parser = row->status == ROW_UNREAD ? NULL : parser->name;
    row->service = parser->service;
    row->kind = row->status == ROW_UNREAD ? "other" : parser->kind ? parser->kind : service_name(parser->service);
    row->size = src->offset;
    tell_trouble(r, src, row);
    coverage_close(row, r->analysis->run);
    if (row->runs_full) {
        analysis_limit(r->analysis, "coverage", "its gaps are more than are told apart, so it proves no absence");
    }
}

static void read_one_held(Reader *r, Held *held, const Companions *beside)
{
    held->src.beside = beside;
    analysis_row_again(r->analysis, held->row);
    parse_member(r, &held->src, held->row, held->parser);
    analysis_row_end(r->analysis, held->row);
    arena_reset(&r->scratch);
}

static void alone_end(Reader *r)
{
    if (r->alone && !r->held.count) {
        platform_alone_end();
        r->alone = false;
    }
}

/* `path` is that of the stem, or goes on behind a dot: SYSTEM, SYSTEM.LOG1. */
static bool belongs(Str path, Str stem)
{
    return str_starts_nocase(path, stem) && (path.len == stem.len || path.at[stem.len] == '.');
}

/* Those from the index on whose paths belong to the stem; an empty one: all of them. */
static void read_set(Reader *r, size_t from, Str stem)
{
    Arena list = {0};
    size_t count = r->held.count > from ? r->held.count - from : 0, left = from;
    Held *held = count ? r->held.at + from : NULL;
    Companion *all = ARENA_NEW(&list, Companion, count);
    for (size_t i = 0; i < count; i++) {
        all[i] = (Companion){held[i].src.path, source_hold(&held[i].src, LIMIT_HIVES)};
    }
    const Companions beside = {all, count, r->early};
    for (size_t i = 0; i < count; i++) {
        if (!stem.len || belongs(held[i].src.path, stem)) {
            read_one_held(r, &held[i], &beside);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!stem.len || belongs(all[i].path, stem)) {
            r->held_bytes -= held[i].size;
            source_close(&held[i].src);
        } else {
            r->held.at[left++] = held[i];
        }
    }
    r->held.count = count ? left : r->held.count;
    arena_free(&list);
    alone_end(r);
}

void read_held(Reader *r, size_t from)
{
    read_set(r, from, (Str){0});
}

/* Too much to wait any longer: the largest, with those that are in of its own. */
static void make_room(Reader *r)
{
    const Held *largest = &r->held.at[0];
    for (size_t i = 1; i < r->held.count; i++) {
        largest = r->held.at[i].size > largest->size ? &r->held.at[i] : largest;
    }
    r->early = true;
    read_set(r, 0, largest->src.path);
}

/* A whole member in memory is what costs most: of all workers, only one at a time has any. */
static void hold(Reader *r, Source *src, SourceRow *row)
{
    while (r->held.count && !source_fits(src, LIMIT_HIVES - r->held_bytes)) {
        make_room(r);
        r->analysis->row = row;
    }
    if (!r->alone) {
        platform_alone_begin();
        r->alone = true;
    }
    source_hold(src, LIMIT_HIVES - r->held_bytes);
}

static void hold_member(Reader *r, Source *src, SourceRow *row, const Parser *parser)
{
    *VEC_ADD(r->analysis->run, &r->held) = (Held){*src, row, parser, source_hold(src, LIMIT_HIVES).len};
    r->held_bytes += r->held.at[r->held.count - 1].size;
    src->state = NULL; /* who opened it has nothing to close any more */
}

static void read_plain(Reader *r, Source *src, SourceRow *row, Str head, unsigned depth)
{
    if (head.len == 0 && source_error(src)) { /* not an empty file: nothing of it could be had */
        row->status = ROW_UNREAD;
        tell_trouble(r, src, row);
        return;
    }
    if (head.len == 0 && src->offset > 0) {
        row->status = ROW_UNREAD;
        row->note = STR("nothing but zero bytes: lost in a crash, or never written");
        tell_trouble(r, src, row);
        return;
    }
    const Parser *parser = parser_pick(src->path, head);
    if (is_split_part(src->name) && str_eq(str_of(parser->name), STR("unread"))) {
        row->status = ROW_UNREAD;
        row->note = STR(SPLIT_PART);
        analysis_diag(r->analysis, src, 0, SPLIT_PART);
        return;
    }
    if (misnamed(src, parser)) {
        row->status = ROW_UNREAD;
        row->note = STR("named like an archive, but it is none");
        analysis_diag(r->analysis, src, 0, "named like an archive, but it does not begin like one");
        return;
    }
    if (parser->waits) {
        bool waits = parser->waits(head) && (r->together || depth > 0);
        hold(r, src, row);
        if (waits) {
            hold_member(r, src, row, parser);
            return;
        }
    }
    parse_member(r, src, row, parser);
    alone_end(r);
}

/* A crash leaves rows of zeros, also in front of what is good. */
static Str skip_zeros(Reader *r, Source *src)
{
    static const uint8_t zeros[LIMIT_HEAD];
    Str head = source_peek(src, LIMIT_HEAD);
    while (head.len == LIMIT_HEAD && memcmp(head.at, zeros, LIMIT_HEAD) == 0) {
        if (src->offset >= LIMIT_BOMB) {
            analysis_limit(r->analysis, "member size",
                           "it begins with more than 64 MiB of zero bytes: read up to there");
            break;
        }
        source_take(src, LIMIT_HEAD);
        head = source_peek(src, LIMIT_HEAD);
    }
    return head;
}

static void read_nested(Reader *r, Source *src, SourceRow *row, BundleKind kind, unsigned depth)
{
    Analysis *analysis = r->analysis;
    Str parts[] = {src->path, STR("!/")};
    size_t members = 0;
    bool held = true;
    if (depth == 1) {
        r->nested_room = LIMIT_NESTED + LIMIT_RATIO * (src->size < UINT64_MAX / LIMIT_RATIO / 2 ? src->size : 0);
    }
    size_t waiting = r->held.count;
    const char *trouble =
        read_archive_stream(r, src, kind, arena_join(analysis->run, parts, 2), depth, &members, &held);
    read_held(r, waiting);
    analysis->row = row; /* back from the members */
    row->parser = "archive";
    row->size = src->offset;
    row->note = arena_format(analysis->run, "%s archive with %zu members", bundle_kind_name(kind), members);
    if (trouble && is_split_part(src->name)) {
        trouble = SPLIT_PART;
    }
    if (trouble || source_error(src)) {
        row->status = !held && kind == BUNDLE_7Z ? ROW_UNREAD : ROW_DAMAGED;
        analysis_diag(analysis, src, src->offset, trouble ? trouble : source_error(src));
    }
}

void read_member(Reader *r, Source *src, unsigned depth)
{
    if (is_left_out(r, src->path, depth)) {
        return;
    }
    SourceRow *row = row_begin(r, src->path, src->mtime_ns, depth);
    member_event(r, row, src);
    Str head = skip_zeros(r, src);
    BundleKind kind = str_ends_nocase(src->name, STR(".zip")) ? archive_kind_behind(head) : archive_kind(head);
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
        read_plain(r, src, row, head, depth);
    }
    analysis_row_end(r->analysis, row);
    arena_reset(&r->scratch);
}
