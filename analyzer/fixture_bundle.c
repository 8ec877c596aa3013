#include "fixture_bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "base/platform.h"
#include "base/timestamp.h"
#include "base/utf.h"
#include "base/whole_file.h"
#include "evtx_writer.h"
#include "fixture_merge.h"
#include "hive_writer.h"
#include "limits.h"

typedef struct Leaf { /* a file of the folders that make one bundle */
    Str path;         /* in the folder; ends in / for a folder that becomes an archive, which stands before its files */
    Str file;         /* on disk */
    bool own;         /* not of the base */
} Leaf;

typedef struct Mix { /* one archive in the making: the bundle, or one inside it */
    Arena *a;
    FixtureBundle *all; /* the outermost one: the first trouble of all that are made together is its */
    const Leaf *leaves; /* in their order */
    size_t count;
    Str directives;
    FixtureBundle *to;
} Mix;

typedef struct Buffer {
    Arena *a;
    VEC(uint8_t) bytes;
} Buffer;

static Str join(Arena *a, Str first, Str second, Str third)
{
    return arena_join(a, (Str[]){first, second, third}, 3);
}

static const char *c_text(Arena *a, Str s)
{
    return (const char *)join(a, s, STR("\0"), (Str){0}).at;
}

/* Those who write a member say `line 3: what is wrong`. */
static unsigned take_line(Str *why)
{
    uint64_t line = 0;
    size_t cut = str_starts(*why, STR("line ")) ? str_find_byte(*why, ':', 5) : STR_NOT_FOUND;
    if (cut == STR_NOT_FOUND || !str_u64(str_slice(*why, 5, cut), 10, &line)) {
        return 0;
    }
    *why = str_trim(str_from(*why, cut + 1));
    return (unsigned)line;
}

static void fail(const Mix *m, Str file, const char *why)
{
    if (!m->all->trouble.len) {
        m->all->trouble = str_of(why);
        m->all->trouble_line = take_line(&m->all->trouble);
        m->all->trouble_file = file;
    }
}

static Str read_file(const Mix *m, Str path)
{
    Str bytes;
    const char *why = whole_file(m->a, path, LIMIT_FIXTURE_FILE, &bytes);
    if (why) {
        fail(m, path, why);
    }
    return bytes;
}

static bool is_there(const Mix *m, Str path, FileKind kind)
{
    return path.len && platform_file(c_text(m->a, path), true, NULL, NULL) == kind;
}

/* --- directives --------------------------------------------------------------------------------------------------- */

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
static bool directive(Str rest, const char *verb, Str path, Str *value)
{
    Str line, word;
    bool found = false;
    while (str_split(&rest, '\n', &line)) {
        if (next_word(&line, &word) && str_eq(word, str_of(verb)) && next_word(&line, &word) && is_for(word, path)) {
            *value = str_trim(line);
            found = true;
        }
    }
    return found;
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

static bool is_time(Str text)
{
    Timestamp t;
    return timestamp_iso(text, &t, NULL);
}

static bool is_encoding(Str word)
{
    static const char *const names[] = {"utf8bom", "utf16le", "utf16be", "utf16le-nobom", "utf16be-nobom", "cp1252"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq(word, str_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* NULL, or what is wrong with a line: a misspelt directive must not pass in silence. */
static const char *line_trouble(Str line)
{
    static const char *const verbs[] = {"mtime", "eol",      "encoding", "cut",  "store",
                                        "name",  "password", "base",     "drop", "computer"};
    Str verb, path = {0};
    uint64_t number;
    bool known = !next_word(&line, &verb) || verb.at[0] == '#';
    if (known) {
        return NULL;
    }
    for (size_t i = 0; !known && i < sizeof verbs / sizeof *verbs; i++) {
        known = str_eq(verb, str_of(verbs[i]));
    }
    if (!known) {
        return "no such directive; known are mtime, eol, encoding, cut, store, name, password, base, drop, computer";
    }
    next_word(&line, &path);
    Str value = str_trim(line);
    return !path.len                                       ? "a directive without its argument"
           : str_eq(verb, STR("mtime")) && !is_time(value) ? "mtime wants a member and a time"
           : str_eq(verb, STR("encoding")) && !is_encoding(value)
               ? "no such encoding; known are utf8bom, "
                 "utf16le, utf16be, utf16le-nobom, utf16be-nobom, cp1252"
           : str_eq(verb, STR("cut")) && !str_u64(value, 10, &number) ? "cut wants a member and a number of bytes"
                                                                      : NULL;
}

static Str read_directives(const Mix *m, Str path)
{
    Str directives = is_there(m, path, FILE_REGULAR) ? read_file(m, path) : (Str){0}, line;
    size_t number = 0;
    for (Str rest = directives; str_split(&rest, '\n', &line);) {
        const char *why = line_trouble(line);
        number++;
        if (why) {
            fail(m, path, (const char *)arena_format(m->a, "line %zu: %s", number, why).at);
        }
    }
    return directives;
}

/* --- what becomes of a file --------------------------------------------------------------------------------------- */

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
    return to_utf16(a, text, str_starts(encoding, STR("utf16be")), !str_ends(encoding, STR("-nobom")));
}

static Str changed(const Mix *m, Str path, Str bytes)
{
    Str value;
    uint64_t len;
    if (directive(m->directives, "eol", path, &value)) {
        bytes = with_eol(m->a, bytes, value);
    }
    if (directive(m->directives, "encoding", path, &value)) {
        bytes = encoded(m->a, bytes, value);
    }
    if (directive(m->directives, "cut", path, &value) && str_u64(value, 10, &len)) {
        bytes = str_slice(bytes, 0, len);
    }
    return bytes;
}

static Str name_in_bundle(const Mix *m, Str path)
{
    Str value;
    Buffer to = {.a = m->a};
    if (!directive(m->directives, "name", path, &value)) {
        return path;
    }
    value = str_trim(str_from(value, str_starts(value, STR("=>")) ? 2 : 0));
    for (size_t i = 0; i < value.len; i++) {
        bool byte = value.at[i] == '{' && i + 3 < value.len && value.at[i + 3] == '}' &&
                    byte_hex(value.at[i + 1]) >= 0 && byte_hex(value.at[i + 2]) >= 0;
        *VEC_ADD(m->a, &to.bytes) =
            byte ? (uint8_t)(byte_hex(value.at[i + 1]) << 4 | byte_hex(value.at[i + 2])) : value.at[i];
        i += byte ? 3 : 0;
    }
    return (Str){to.bytes.at, to.bytes.count};
}

static int64_t mtime_of(const Mix *m, Str path)
{
    Str value = STR("2024-01-01T00:00:00Z");
    Timestamp t = {0};
    directive(m->directives, "mtime", path, &value);
    timestamp_iso(value, &t, NULL);
    return t.ns;
}

static void add_member(const Mix *m, Str path, Str bytes)
{
    Str value;
    *VEC_ADD(m->a, &m->to->members) = (FixtureMember){
        .name = name_in_bundle(m, path),
        .bytes = changed(m, path, bytes),
        .mtime_ns = mtime_of(m, path),
        .stored = directive(m->directives, "store", path, &value),
    };
}

/* --- the files of the folders ------------------------------------------------------------------------------------- */

static bool is_archive_folder(Str name)
{
    return str_ends(name, STR(".zip.d")) || str_ends(name, STR(".7z.d")) || str_ends(name, STR(".tar.gz.d")) ||
           str_ends(name, STR(".tar.d"));
}

typedef struct Leaves {
    const Mix *mix;
    VEC(Leaf) list;
    bool own;
} Leaves;

static void add_leaf(Leaves *to, Str path, Str file)
{
    *VEC_ADD(to->mix->a, &to->list) = (Leaf){path, file, to->own};
}

static void list_leaves(Leaves *to, Str folder, Str below, unsigned depth)
{
    Arena *a = to->mix->a;
    Str *names;
    size_t count;
    if (depth > LIMIT_FIXTURE_DEPTH || !platform_folder(a, c_text(a, folder), &names, &count)) {
        fail(to->mix, folder, depth > LIMIT_FIXTURE_DEPTH ? "folders too deep inside each other" : strerror(errno));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        Str file = join(a, folder, STR("/"), names[i]), path = join(a, below, names[i], (Str){0});
        FileKind kind = platform_file(c_text(a, file), true, NULL, NULL);
        Str inside = join(a, path, STR("/"), (Str){0});
        if (kind == FILE_FOLDER && is_archive_folder(path)) {
            add_leaf(to, inside, file);
        }
        if (kind == FILE_FOLDER) {
            list_leaves(to, file, inside, depth + 1);
        } else if (below.len || !str_eq(path, STR("bundle.txt"))) {
            add_leaf(to, path, file);
        }
    }
}

/* Whether a path, or a folder it is in, is dropped. */
static bool is_dropped(Str directives, Str path)
{
    Str value;
    for (size_t end = 0; end < path.len;) {
        size_t cut = str_find_byte(path, '/', end);
        if (directive(directives, "drop", str_slice(path, 0, cut), &value)) {
            return true;
        }
        end = cut == STR_NOT_FOUND ? path.len : cut + 1;
    }
    return false;
}

/* An archive of the base is not mixed with one of the same name: the own one takes its place. */
static bool is_replaced(const Leaves *own, Str path)
{
    for (size_t i = 0; i < own->list.count; i++) {
        Str other = own->list.at[i].path;
        if (str_eq(other, path) || (str_ends(other, STR("/")) && str_starts(path, other))) {
            return true;
        }
    }
    return false;
}

static void add_base(Leaves *to, Str folder)
{
    Leaves base = {.mix = to->mix};
    list_leaves(&base, folder, (Str){0}, 0);
    for (size_t i = 0; i < base.list.count; i++) {
        Leaf leaf = base.list.at[i];
        if (!is_replaced(to, leaf.path) && !is_dropped(to->mix->directives, leaf.path)) {
            *VEC_ADD(to->mix->a, &to->list) = leaf;
        }
    }
}

static Str renamed(Arena *a, const FixtureInclude *include, Str path)
{
    for (size_t i = 0; i < include->rename_count; i++) {
        Str from = include->rename[i][0];
        if (str_starts(path, from)) {
            return join(a, include->rename[i][1], str_from(path, from.len), (Str){0});
        }
    }
    return path;
}

static bool is_left_out(const FixtureInclude *include, Str path)
{
    for (size_t i = 0; i < include->drop_count; i++) {
        if (str_starts(path, include->drop[i])) {
            return true;
        }
    }
    return false;
}

/* Renaming may put files into folders that become archives. */
static void add_archive_leaves(Leaves *to, const Leaf *leaf)
{
    for (size_t cut = 0; (cut = str_find_byte(leaf->path, '/', cut)) != STR_NOT_FOUND; cut++) {
        Str folder = str_slice(leaf->path, 0, cut + 1);
        if (is_archive_folder(str_slice(folder, 0, cut)) && !is_replaced(to, folder)) {
            add_leaf(to, folder, leaf->file);
        }
    }
}

static void add_included(Leaves *to, const FixtureInclude *include)
{
    Leaves more = {.mix = to->mix};
    list_leaves(&more, include->folder, (Str){0}, 0);
    for (size_t i = 0; i < more.list.count; i++) {
        Leaf leaf = {renamed(to->mix->a, include, more.list.at[i].path), more.list.at[i].file, true};
        bool is_folder = str_ends(more.list.at[i].path, STR("/"));
        if (is_folder || is_left_out(include, more.list.at[i].path) || str_eq(leaf.path, STR("bundle.txt"))) {
            continue;
        }
        add_archive_leaves(to, &leaf);
        size_t k = 0;
        while (k < to->list.count && !str_eq(to->list.at[k].path, leaf.path)) {
            k++;
        }
        *(k < to->list.count ? &to->list.at[k] : VEC_ADD(to->mix->a, &to->list)) = leaf;
    }
}

/* Bytewise by the names of each folder: the end of a name is before everything. */
static int by_path(const void *a, const void *b)
{
    Str x = ((const Leaf *)a)->path, y = ((const Leaf *)b)->path;
    size_t i = 0;
    while (i < x.len && i < y.len && x.at[i] == y.at[i]) {
        i++;
    }
    int left = i == x.len ? -1 : x.at[i] == '/' ? 0 : x.at[i] + 1;
    int right = i == y.len ? -1 : y.at[i] == '/' ? 0 : y.at[i] + 1;
    return (left > right) - (left < right);
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static const Leaf *leaf_of(const Mix *m, Str path)
{
    for (size_t i = 0; i < m->count; i++) {
        if (str_eq(m->leaves[i].path, path)) {
            return &m->leaves[i];
        }
    }
    return NULL;
}

static const Leaf *leaf_added(const Mix *m, Str stem, Str ending)
{
    const Leaf *leaf = leaf_of(m, join(m->a, stem, ending, (Str){0}));
    return leaf && leaf->own ? leaf : NULL;
}

static Str last_part(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
}

/* Windows names the file of a channel so: %4 stands for the slash. */
static Str channel_of(Arena *a, Str stem)
{
    VEC(Str) parts = {0};
    Str rest = last_part(stem);
    for (size_t cut; (cut = str_find(rest, STR("%4"), 0)) != STR_NOT_FOUND; rest = str_from(rest, cut + 2)) {
        *VEC_ADD(a, &parts) = str_slice(rest, 0, cut);
        *VEC_ADD(a, &parts) = STR("/");
    }
    *VEC_ADD(a, &parts) = rest;
    return arena_join(a, parts.at, parts.count);
}

static void add_event_log(const Mix *m, Str stem)
{
    const Leaf *xml = leaf_of(m, join(m->a, stem, STR(".evtx.xml"), (Str){0}));
    const Leaf *added = leaf_added(m, stem, STR(".events"));
    bool misnamed = added && str_ends(stem, STR(".evtx"));
    const char *why = misnamed ? "name it without .evtx: NAME.events becomes NAME.evtx" : NULL;
    Str text = xml ? read_file(m, xml->file) : (Str){0};
    if (added && !why) {
        Str computer = setting(m->directives, "computer");
        text = merge_events(m->a, text, read_file(m, added->file), channel_of(m->a, stem), computer, &why);
    }
    bool merged = added && !why;
    Str bytes = why || m->all->trouble.len ? (Str){0} : evtx_write(text, m->a, &why);
    if (why) {
        Str what = str_of(why);
        bool elsewhere = merged && take_line(&what); /* lines of what was made of the file are not its own */
        fail(m, added ? added->file : xml ? xml->file : stem, elsewhere ? c_text(m->a, what) : why);
    }
    add_member(m, join(m->a, stem, STR(".evtx"), (Str){0}), bytes);
}

static void add_hive(const Mix *m, const Leaf *leaf, Str stem)
{
    const char *why = NULL;
    HiveFiles files = hive_write(read_file(m, leaf->file), m->a, &why);
    if (why) {
        fail(m, leaf->file, why);
    }
    for (size_t i = 0; i < files.count; i++) {
        add_member(m, join(m->a, stem, files.at[i].suffix, (Str){0}), files.at[i].bytes);
    }
}

static void add_plain(const Mix *m, const Leaf *leaf, Str path)
{
    const Leaf *added = leaf_added(m, path, STR(".add"));
    Str bytes = read_file(m, leaf->file);
    add_member(m, path, added ? merge_lines(m->a, bytes, read_file(m, added->file)) : bytes);
}

/* *stem: the path without that ending. */
static bool takes_off(Str path, Str ending, Str *stem)
{
    bool ends = str_ends(path, ending);
    *stem = str_slice(path, 0, path.len - (ends ? ending.len : 0));
    return ends;
}

static void add_file(const Mix *m, const Leaf *leaf)
{
    Str stem, path = leaf->path;
    if (takes_off(path, STR(".evtx.xml"), &stem)) {
        add_event_log(m, stem);
    } else if (takes_off(path, STR(".hive.txt"), &stem)) {
        add_hive(m, leaf, stem);
    } else if (takes_off(path, STR(".events"), &stem)) {
        if (!leaf_of(m, join(m->a, stem, STR(".evtx.xml"), (Str){0}))) {
            add_event_log(m, stem);
        }
    } else if (takes_off(path, STR(".add"), &stem)) {
        if (!leaf_of(m, stem)) {
            fail(m, leaf->file, "there is no file to add it to");
        }
    } else {
        add_plain(m, leaf, path);
    }
}

static void add_leaves(Mix *m);

/* The folder's own directives, behind those of its base; what that holds. */
static void begin(Mix *m, Leaves *leaves, Str folder)
{
    Str own = read_directives(m, join(m->a, folder, STR("/bundle.txt"), (Str){0})), base = setting(own, "base");
    m->directives = own;
    if (base.len) {
        base = str_starts(base, STR("/")) ? base : join(m->a, folder, STR("/"), base);
        Str others = read_directives(m, join(m->a, base, STR("/bundle.txt"), (Str){0}));
        m->directives = join(m->a, others, STR("\n"), own);
        add_base(leaves, base);
    }
    m->to->password = setting(m->directives, "password");
}

static void finish(Mix *m, Leaves *leaves)
{
    if (leaves->list.count) {
        qsort(leaves->list.at, leaves->list.count, sizeof *leaves->list.at, by_path);
    }
    m->leaves = leaves->list.at;
    m->count = leaves->list.count;
    add_leaves(m);
}

/* A folder that becomes an archive: all leaves behind its own whose paths go on from it. Returns how many. */
static size_t add_archive(const Mix *m, const Leaf *leaf, size_t left)
{
    FixtureBundle inside = {0};
    Mix of = {.a = m->a, .all = m->all, .to = &inside};
    Leaves leaves = {.mix = &of};
    Str folder = leaf->file, path = str_slice(leaf->path, 0, leaf->path.len - STR(".d/").len);
    size_t count = 1;
    for (; count < left && str_starts(leaf[count].path, leaf->path); count++) {
        Leaf own = {str_from(leaf[count].path, leaf->path.len), leaf[count].file, true};
        if (str_eq(own.path, STR("bundle.txt"))) {
            folder = str_slice(own.file, 0, str_rfind_byte(own.file, '/'));
        } else {
            *VEC_ADD(m->a, &leaves.list) = own;
        }
    }
    begin(&of, &leaves, folder);
    finish(&of, &leaves);
    Str bytes = m->all->trouble.len ? (Str){0} : fixture_archive(m->a, &inside, path);
    if (inside.trouble.len) {
        fail(m, leaf->file, c_text(m->a, inside.trouble));
    }
    add_member(m, path, bytes);
    return count;
}

static void add_leaves(Mix *m)
{
    for (size_t i = 0; i < m->count && !m->all->trouble.len;) {
        const Leaf *leaf = &m->leaves[i];
        if (str_ends(leaf->path, STR("/"))) {
            i += add_archive(m, leaf, m->count - i);
        } else {
            add_file(m, leaf);
            i++;
        }
    }
}

FixtureBundle fixture_bundle(Arena *a, Str folder, const FixtureInclude *include)
{
    FixtureBundle bundle = {0};
    Mix m = {.a = a, .all = &bundle, .to = &bundle};
    Leaves leaves = {.mix = &m, .own = true};
    bool included = include && include->folder.len;
    if (!included || is_there(&m, folder, FILE_FOLDER)) {
        list_leaves(&leaves, folder, (Str){0}, 0);
    }
    if (included) {
        add_included(&leaves, include);
    }
    begin(&m, &leaves, folder);
    finish(&m, &leaves);
    return bundle;
}

/* --- archives ----------------------------------------------------------------------------------------------------- */

static la_ssize_t write_buffer(struct archive *archive, void *with, const void *bytes, size_t len)
{
    (void)archive;
    Buffer *to = with;
    for (size_t i = 0; i < len; i++) {
        *VEC_ADD(to->a, &to->bytes) = ((const uint8_t *)bytes)[i];
    }
    return (la_ssize_t)len;
}

/* By the ending of the name; false if it is of no kind. */
static bool set_format(struct archive *archive, Str name)
{
    if (str_ends_nocase(name, STR(".zip"))) {
        archive_write_set_format_zip(archive);
    } else if (str_ends_nocase(name, STR(".7z"))) {
        archive_write_set_format_7zip(archive);
    } else if (str_ends_nocase(name, STR(".tar")) || str_ends_nocase(name, STR(".tar.gz"))) {
        archive_write_set_format_pax_restricted(archive);
    } else {
        return false;
    }
    if (str_ends_nocase(name, STR(".gz"))) {
        archive_write_add_filter_gzip(archive);
        archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
    }
    return true;
}

static bool write_member(struct archive *archive, Arena *a, const FixtureMember *member, bool zip)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, c_text(a, member->name));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (int64_t)member->bytes.len);
    archive_entry_set_mtime(entry, member->mtime_ns / NS_SECOND, (long)(member->mtime_ns % NS_SECOND));
    if (zip) {
        member->stored ? archive_write_zip_set_compression_store(archive)
                       : archive_write_zip_set_compression_deflate(archive);
    }
    bool good = archive_write_header(archive, entry) >= ARCHIVE_WARN &&
                (!member->bytes.len || archive_write_data(archive, member->bytes.at, member->bytes.len) >= 0) &&
                archive_write_finish_entry(archive) >= ARCHIVE_WARN;
    archive_entry_free(entry);
    return good;
}

static bool write_members(struct archive *archive, Arena *a, const FixtureBundle *bundle, Str name)
{
    bool zip = str_ends_nocase(name, STR(".zip")), good = true;
    for (size_t i = 0; good && i < bundle->members.count; i++) {
        good = write_member(archive, a, &bundle->members.at[i], zip);
    }
    return good && archive_write_close(archive) >= ARCHIVE_WARN;
}

Str fixture_archive(Arena *a, FixtureBundle *bundle, Str name)
{
    Buffer to = {.a = a};
    struct archive *archive = archive_write_new();
    if (!set_format(archive, name)) {
        bundle->trouble = STR("ends in none of .zip .7z .tar .tar.gz");
        bundle->trouble_file = name;
        archive_write_free(archive);
        return (Str){0};
    }
    if (bundle->password.len) {
        archive_write_set_format_option(archive, "zip", "encryption", "aes256");
        archive_write_set_passphrase(archive, c_text(a, bundle->password));
    }
    archive_write_set_bytes_in_last_block(archive, 1);
    if (archive_write_open(archive, &to, NULL, write_buffer, NULL) < ARCHIVE_WARN ||
        !write_members(archive, a, bundle, name)) {
        const char *why = archive_error_string(archive);
        bundle->trouble = arena_str(a, str_of(why ? why : "it cannot be made"));
        bundle->trouble_file = name;
    }
    archive_write_free(archive);
    return bundle->trouble.len ? (Str){0} : (Str){to.bytes.at, to.bytes.count};
}
