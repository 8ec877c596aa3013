/* mkfixture FOLDER OUT          OUT ends in .zip, .7z, .tar.gz or .tar
 * mkfixture FOLDER -folder DIR  files in a folder
 *
 * Makes a bundle out of a readable folder. Every file goes in as it is, in the bytewise order of names, except:
 *   NAME.evtx.xml   becomes NAME.evtx (evtx_writer.h)
 *   NAME.hive.txt   becomes NAME and its logs NAME.LOG1 … (hive_writer.h)
 *   NAME.zip.d/     becomes the archive NAME.zip; likewise .7z.d, .tar.gz.d, .tar.d
 *   NAME.events     events, one a line, that join those of NAME.evtx.xml (fixture_merge.h)
 *   NAME.add        lines that join those of NAME by their stamps
 *   bundle.txt      at the top (of a folder that becomes an archive, too) holds directives, one a line; # begins a
 * comment
 *
 * PATH is that of a member in the bundle, in double quotes if it has blanks; with * at its end it stands for all that
 * begin so.
 *   mtime PATH 2018-12-04T07:52:28Z     entry time, of the later of two lines; without any 2024-01-01T00:00:00Z
 *   eol PATH crlf|crcrlf                line feeds become these
 *   encoding PATH utf8bom|utf16le|utf16be|utf16le-nobom|utf16be-nobom|cp1252      of a file that is UTF-8 here
 *   cut PATH BYTES                      only so much of it (after eol and encoding)
 *   store PATH                          not compressed (zip)
 *   name PATH => NAME                   its name in the bundle; {5C} in NAME is the byte 0x5C
 *   base FOLDER                         another folder, whose files and directives this one adds to; files here win
 *   drop PATH                           a file of the base that is left out
 *   computer NAME                       of the events in a NAME.events that has no base
 *   password TEXT                       encrypts what comes into this archive (zip)
 * The same folder makes the same bytes, unless there is a password. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "base/timestamp.h"
#include "base/utf.h"
#include "evtx_writer.h"
#include "fixture_merge.h"
#include "hive_writer.h"

#define FILE_MAX ((size_t)64 << 20)

typedef struct Bundle {
    Arena *a;
    struct archive *to;
    bool zip;
    Str directives, target; /* target: of -folder, with a / at its end; else empty */
    Str base;               /* the folder this one stands on; empty: none */
} Bundle;

typedef struct Buffer {
    Arena *a;
    VEC(uint8_t) bytes;
} Buffer;

static void fail(Str what, const char *why)
{
    fprintf(stderr, "mkfixture: %.*s: %s\n", (int)what.len, (const char *)what.at, why);
    exit(1);
}

static Str join(Arena *a, Str first, Str second, Str third)
{
    const Str parts[] = {first, second, third};
    return arena_join(a, parts, 3);
}

static const char *c_text(Arena *a, Str s)
{
    return (const char *)join(a, s, STR("\0"), (Str){0}).at;
}

static Str read_file(Arena *a, Str path)
{
    FILE *f = fopen(c_text(a, path), "rb");
    uint8_t *bytes = malloc(FILE_MAX);
    if (!f || !bytes) {
        fail(path, "cannot be read");
    }
    Str file = arena_str(a, (Str){bytes, fread(bytes, 1, FILE_MAX, f)});
    free(bytes);
    fclose(f);
    return file;
}

/* --- directives ------------------------------------------------------------------------------------------------- */

static bool next_word(Str *line, Str *word)
{
    *line = str_trim(*line);
    bool quoted = str_starts(*line, STR("\""));
    *line = str_from(*line, quoted);
    return line->len > 0 && str_split(line, quoted ? '"' : ' ', word);
}

static bool is_for(Str pattern, Str path)
{
    return str_ends(pattern, STR("*")) ? str_starts(path, str_slice(pattern, 0, pattern.len - 1))
                                       : str_eq(pattern, path);
}

/* What the last line of that kind says of a member. */
static bool directive(const Bundle *b, const char *verb, Str path, Str *value)
{
    Str rest = b->directives, line, word;
    bool found = false;
    while (str_split(&rest, '\n', &line)) {
        if (next_word(&line, &word) && str_eq(word, str_of(verb)) && next_word(&line, &word) && is_for(word, path)) {
            *value = str_trim(line);
            found = true;
        }
    }
    return found;
}

/* A misspelt directive must not pass in silence. */
static void check_directives(Str rest)
{
    static const char *const verbs[] = {"mtime", "eol",      "encoding", "cut",  "store",
                                        "name",  "password", "base",     "drop", "computer"};
    Str line, word;
    while (str_split(&rest, '\n', &line)) {
        bool known = !next_word(&line, &word) || word.at[0] == '#';
        for (size_t i = 0; !known && i < sizeof verbs / sizeof *verbs; i++) {
            known = str_eq(word, str_of(verbs[i])) && line.len > 0;
        }
        if (!known) {
            fail(word, "no directive, or without its member");
        }
    }
}

static Str read_directives(Arena *a, Str folder)
{
    Str path = join(a, folder, STR("/bundle.txt"), (Str){0}), directives = {0};
    if (platform_file(c_text(a, path), true, NULL, NULL) == FILE_REGULAR) {
        directives = read_file(a, path);
    }
    check_directives(directives);
    return directives;
}

/* The argument of a directive that is not about a member. */
static Str setting(Str rest, const char *verb)
{
    Str line, word, value = {0};
    while (str_split(&rest, '\n', &line)) {
        if (next_word(&line, &word) && str_eq(word, str_of(verb))) {
            value = str_trim(line);
        }
    }
    return value;
}

/* The directives of a folder, behind those of its base. */
static void read_all_directives(Bundle *b, Str folder)
{
    Str own = read_directives(b->a, folder), base = setting(own, "base");
    b->directives = own;
    if (base.len) {
        b->base = str_starts(base, STR("/")) ? base : join(b->a, folder, STR("/"), base);
        b->directives = join(b->a, read_directives(b->a, b->base), STR("\n"), own);
    }
}

static Str with_eol(Arena *a, Str text, Str eol)
{
    Buffer to = {.a = a};
    for (size_t i = 0; i < text.len; i++) {
        for (size_t k = 0; text.at[i] == '\n' && k + 2 < eol.len; k += 2) {
            *VEC_ADD(a, &to.bytes) = '\r';
        }
        *VEC_ADD(a, &to.bytes) = text.at[i];
    }
    return (Str){to.bytes.at, to.bytes.count};
}

static void add_unit(Buffer *to, uint32_t unit, bool big)
{
    *VEC_ADD(to->a, &to->bytes) = (uint8_t)(big ? unit >> 8 : unit);
    *VEC_ADD(to->a, &to->bytes) = (uint8_t)(big ? unit : unit >> 8);
}

static Str to_utf16(Arena *a, Str text, bool big, bool bom)
{
    Buffer to = {.a = a};
    uint32_t rune;
    if (bom) {
        add_unit(&to, 0xFEFF, big);
    }
    for (size_t i = 0, used; i < text.len && (used = utf8_decode(text, i, &rune)) > 0; i += used) {
        if (rune >= 0x10000) {
            add_unit(&to, 0xD800 + ((rune - 0x10000) >> 10), big);
            rune = 0xDC00 + ((rune - 0x10000) & 0x3FF);
        }
        add_unit(&to, rune, big);
    }
    return (Str){to.bytes.at, to.bytes.count};
}

static Str to_cp1252(Arena *a, Str text)
{
    Buffer to = {.a = a};
    uint32_t rune;
    for (size_t i = 0, used; i < text.len && (used = utf8_decode(text, i, &rune)) > 0; i += used) {
        unsigned byte = 0;
        while (byte < 256 && cp1252_rune((uint8_t)byte) != rune) {
            byte++;
        }
        *VEC_ADD(a, &to.bytes) = (uint8_t)(byte < 256 ? byte : '?');
    }
    return (Str){to.bytes.at, to.bytes.count};
}

static Str encoded(Arena *a, Str text, Str encoding)
{
    if (str_eq(encoding, STR("utf8bom"))) {
        return join(a, STR("\xEF\xBB\xBF"), text, (Str){0});
    }
    if (str_eq(encoding, STR("cp1252"))) {
        return to_cp1252(a, text);
    }
    if (!str_starts(encoding, STR("utf16le")) && !str_starts(encoding, STR("utf16be"))) {
        fail(encoding, "unknown encoding");
    }
    return to_utf16(a, text, str_starts(encoding, STR("utf16be")), !str_ends(encoding, STR("-nobom")));
}

static Str changed(const Bundle *b, Str path, Str bytes)
{
    Str value;
    uint64_t len;
    if (directive(b, "eol", path, &value)) {
        bytes = with_eol(b->a, bytes, value);
    }
    if (directive(b, "encoding", path, &value)) {
        bytes = encoded(b->a, bytes, value);
    }
    if (directive(b, "cut", path, &value)) {
        if (!str_u64(value, 10, &len)) {
            fail(path, "cut needs a number of bytes");
        }
        bytes = str_slice(bytes, 0, len);
    }
    return bytes;
}

static Str name_in_bundle(const Bundle *b, Str path)
{
    Str value;
    Buffer to = {.a = b->a};
    if (!directive(b, "name", path, &value)) {
        return path;
    }
    value = str_trim(str_from(value, str_starts(value, STR("=>")) ? 2 : 0));
    for (size_t i = 0; i < value.len; i++) {
        bool byte = value.at[i] == '{' && i + 3 < value.len && value.at[i + 3] == '}' &&
                    byte_hex(value.at[i + 1]) >= 0 && byte_hex(value.at[i + 2]) >= 0;
        *VEC_ADD(b->a, &to.bytes) =
            byte ? (uint8_t)(byte_hex(value.at[i + 1]) << 4 | byte_hex(value.at[i + 2])) : value.at[i];
        i += byte ? 3 : 0;
    }
    return (Str){to.bytes.at, to.bytes.count};
}

static int64_t mtime_of(const Bundle *b, Str path)
{
    Str value = STR("2024-01-01T00:00:00Z");
    Timestamp t;
    directive(b, "mtime", path, &value);
    if (!timestamp_iso(value, &t, NULL)) {
        fail(value, "not a time");
    }
    return t.ns;
}

/* --- archives --------------------------------------------------------------------------------------------------- */

static void check(struct archive *to, int result, Str what)
{
    if (result < ARCHIVE_WARN) {
        fail(what, archive_error_string(to));
    }
}

static void add_member(const Bundle *b, Str path, Str bytes)
{
    Str value;
    struct archive_entry *entry = archive_entry_new();
    int64_t ns = mtime_of(b, path);
    bytes = changed(b, path, bytes);
    archive_entry_set_pathname(entry, c_text(b->a, join(b->a, b->target, name_in_bundle(b, path), (Str){0})));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (int64_t)bytes.len);
    archive_entry_set_mtime(entry, ns / NS_SECOND, (long)(ns % NS_SECOND));
    if (b->zip) {
        directive(b, "store", path, &value) ? archive_write_zip_set_compression_store(b->to)
                                            : archive_write_zip_set_compression_deflate(b->to);
    }
    check(b->to, archive_write_header(b->to, entry), path);
    if (bytes.len && archive_write_data(b->to, bytes.at, bytes.len) < 0) {
        fail(path, archive_error_string(b->to));
    }
    check(b->to, archive_write_finish_entry(b->to), path);
    archive_entry_free(entry);
}

static la_ssize_t write_buffer(struct archive *archive, void *with, const void *bytes, size_t len)
{
    (void)archive;
    Buffer *to = with;
    for (size_t i = 0; i < len; i++) {
        *VEC_ADD(to->a, &to->bytes) = ((const uint8_t *)bytes)[i];
    }
    return (la_ssize_t)len;
}

static void set_password(Arena *a, struct archive *archive, Str rest)
{
    Str line, word;
    while (str_split(&rest, '\n', &line)) {
        if (next_word(&line, &word) && str_eq(word, STR("password"))) {
            archive_write_set_format_option(archive, "zip", "encryption", "aes256");
            archive_write_set_passphrase(archive, c_text(a, str_trim(line)));
        }
    }
}

static struct archive *archive_begin(Str name, Str directives, Buffer *to)
{
    struct archive *archive = archive_write_new();
    if (str_ends_nocase(name, STR(".zip"))) {
        archive_write_set_format_zip(archive);
    } else if (str_ends_nocase(name, STR(".7z"))) {
        archive_write_set_format_7zip(archive);
    } else if (str_ends_nocase(name, STR(".tar")) || str_ends_nocase(name, STR(".tar.gz"))) {
        archive_write_set_format_pax_restricted(archive);
    } else {
        fail(name, "ends in none of .zip .7z .tar .tar.gz");
    }
    if (str_ends_nocase(name, STR(".gz"))) {
        archive_write_add_filter_gzip(archive);
        archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
    }
    set_password(to->a, archive, directives);
    archive_write_set_bytes_in_last_block(archive, 1);
    check(archive, archive_write_open(archive, to, NULL, write_buffer, NULL), name);
    return archive;
}

static void add_folder(const Bundle *b, Str folder, Str base, Str prefix);

static Str folder_as_archive(Arena *a, Str folder, Str name)
{
    Buffer file = {.a = a};
    Bundle b = {.a = a, .zip = str_ends_nocase(name, STR(".zip"))};
    read_all_directives(&b, folder);
    b.to = archive_begin(name, b.directives, &file);
    add_folder(&b, folder, b.base, (Str){0});
    check(b.to, archive_write_close(b.to), name);
    archive_write_free(b.to);
    return (Str){file.bytes.at, file.bytes.count};
}

static bool is_archive_folder(Str name)
{
    return str_ends(name, STR(".zip.d")) || str_ends(name, STR(".7z.d")) || str_ends(name, STR(".tar.gz.d")) ||
           str_ends(name, STR(".tar.d"));
}

typedef struct Place { /* one level of the tree: the folder itself, and what it stands on */
    Str folder, base;  /* base: empty, or the same folder below the base */
} Place;

static FileKind kind_of(const Bundle *b, Str folder, Str name)
{
    return folder.len ? platform_file(c_text(b->a, join(b->a, folder, STR("/"), name)), true, NULL, NULL) : FILE_NONE;
}

/* A file of the folder, else of its base. */
static Str file_at(const Bundle *b, const Place *at, Str name)
{
    bool own = kind_of(b, at->folder, name) == FILE_REGULAR;
    return own || kind_of(b, at->base, name) == FILE_REGULAR ? join(b->a, own ? at->folder : at->base, STR("/"), name)
                                                             : (Str){0};
}

static Str read_added(const Bundle *b, const Place *at, Str stem, Str ending)
{
    Str name = join(b->a, stem, ending, (Str){0});
    return kind_of(b, at->folder, name) == FILE_REGULAR ? read_file(b->a, join(b->a, at->folder, STR("/"), name))
                                                        : (Str){0};
}

static void add_event_log(const Bundle *b, const Place *at, Str stem, Str prefix)
{
    const char *why = NULL;
    Str name = join(b->a, stem, STR(".evtx.xml"), (Str){0}), file = file_at(b, at, name);
    Str xml = file.len ? read_file(b->a, file) : (Str){0}, added = read_added(b, at, stem, STR(".events"));
    if (added.len) {
        xml = merge_events(b->a, xml, added, stem, setting(b->directives, "computer"), &why);
    }
    Str bytes = why ? (Str){0} : evtx_write(xml, b->a, &why);
    if (why) {
        fail(name, why);
    }
    add_member(b, join(b->a, prefix, stem, STR(".evtx")), bytes);
}

static void add_plain(const Bundle *b, const Place *at, Str name, Str prefix)
{
    Str bytes = read_file(b->a, file_at(b, at, name)), added = read_added(b, at, name, STR(".add"));
    add_member(b, join(b->a, prefix, name, (Str){0}), added.len ? merge_lines(b->a, bytes, added) : bytes);
}

static void add_hive(const Bundle *b, const Place *at, Str name, Str prefix)
{
    const char *why = NULL;
    HiveFiles files = hive_write(read_file(b->a, file_at(b, at, name)), b->a, &why);
    if (why) {
        fail(name, why);
    }
    for (size_t i = 0; i < files.count; i++) {
        Str stem = str_slice(name, 0, name.len - 9);
        add_member(b, join(b->a, prefix, stem, files.at[i].suffix), files.at[i].bytes);
    }
}

static void add_file(const Bundle *b, const Place *at, Str name, Str prefix)
{
    Str stem;
    if (str_ends(name, STR(".evtx.xml"))) {
        add_event_log(b, at, str_slice(name, 0, name.len - 9), prefix);
    } else if (str_ends(name, STR(".hive.txt"))) {
        add_hive(b, at, name, prefix);
    } else if (str_ends(name, STR(".events"))) {
        stem = str_slice(name, 0, name.len - 7);
        if (!file_at(b, at, join(b->a, stem, STR(".evtx.xml"), (Str){0})).len) {
            add_event_log(b, at, stem, prefix);
        }
    } else if (str_ends(name, STR(".add"))) {
        stem = str_slice(name, 0, name.len - 4);
        if (!file_at(b, at, stem).len) {
            fail(name, "there is no file to add it to");
        }
    } else {
        add_plain(b, at, name, prefix);
    }
}

/* Names of both folders, sorted, each once. */
static void list_place(const Bundle *b, const Place *at, Str **names, size_t *count)
{
    Str *own = NULL, *base = NULL;
    size_t own_count = 0, base_count = 0, i = 0, k = 0;
    if ((at->folder.len && !platform_folder(b->a, c_text(b->a, at->folder), &own, &own_count)) ||
        (at->base.len && !platform_folder(b->a, c_text(b->a, at->base), &base, &base_count))) {
        fail(at->folder.len ? at->folder : at->base, "cannot be read");
    }
    *names = ARENA_NEW(b->a, Str, own_count + base_count + 1);
    *count = 0;
    while (i < own_count || k < base_count) {
        int order = i == own_count ? 1 : k == base_count ? -1 : str_order(own[i], base[k]);
        (*names)[(*count)++] = order <= 0 ? own[i] : base[k];
        i += order <= 0;
        k += order >= 0;
    }
}

static bool is_dropped(const Bundle *b, const Place *at, Str name, Str path)
{
    Str value;
    return kind_of(b, at->folder, name) == FILE_NONE && directive(b, "drop", path, &value);
}

static void add_folder(const Bundle *b, Str folder, Str base, Str prefix)
{
    Str *names;
    size_t count;
    Place at = {folder, base};
    list_place(b, &at, &names, &count);
    for (size_t i = 0; i < count; i++) {
        Str name = names[i], path = join(b->a, prefix, name, (Str){0});
        bool own = kind_of(b, folder, name) == FILE_FOLDER, below = kind_of(b, base, name) == FILE_FOLDER;
        Str deeper = own ? join(b->a, folder, STR("/"), name) : (Str){0};
        Str deeper_base = below ? join(b->a, base, STR("/"), name) : (Str){0};
        if (is_dropped(b, &at, name, path)) {
            continue;
        }
        if ((own || below) && is_archive_folder(path)) {
            path = str_slice(path, 0, path.len - 2);
            add_member(b, path, folder_as_archive(b->a, own ? deeper : deeper_base, path));
        } else if (own || below) {
            add_folder(b, deeper, deeper_base, join(b->a, path, STR("/"), (Str){0}));
        } else if (prefix.len || !str_eq(name, STR("bundle.txt"))) {
            add_file(b, &at, name, prefix);
        }
    }
}

static void write_folder(Arena *a, Str folder, Str target)
{
    Bundle b = {.a = a, .to = archive_write_disk_new()};
    read_all_directives(&b, folder);
    b.target = join(a, target, STR("/"), (Str){0});
    archive_write_disk_set_options(b.to, ARCHIVE_EXTRACT_TIME);
    add_folder(&b, folder, b.base, (Str){0});
    check(b.to, archive_write_close(b.to), target);
    archive_write_free(b.to);
}

static void write_archive(Arena *a, Str folder, Str target)
{
    Str bytes = folder_as_archive(a, folder, target);
    FILE *f = fopen(c_text(a, target), "wb");
    if (!f || fwrite(bytes.at, 1, bytes.len, f) != bytes.len || fclose(f) != 0) {
        fail(target, "cannot be written");
    }
}

int main(int argc, char **argv)
{
    Arena a = {0};
    platform_begin();
    if (argc == 4 && str_eq(str_of(argv[2]), STR("-folder"))) {
        write_folder(&a, str_of(argv[1]), str_of(argv[3]));
    } else if (argc == 3) {
        write_archive(&a, str_of(argv[1]), str_of(argv[2]));
    } else {
        fprintf(stderr, "usage: mkfixture FOLDER OUT.zip|OUT.7z|OUT.tar.gz|OUT.tar|-folder DIR\n");
        return 1;
    }
    arena_free(&a);
    return 0;
}
