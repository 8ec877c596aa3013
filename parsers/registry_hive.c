/* Registry hives (SYSTEM, SOFTWARE …) and their transaction logs. A hive that was imaged while Windows ran is dirty:
 * its logs hold what is newer, and are replayed in memory (hive_log.h). Of SYSTEM and SOFTWARE, the keys that decide
 * something become events; other hives are named, and that is all.
 *
 * `dump`: in the order of the tree one line a key, {"key","time"}, and behind it one a value:
 * {"key","time","name","type","data"}. The default value's name is empty. data: a text, a number, an array of texts, or
 * "hex" instead: bytes as they stand. "whole":false: not all of the data is there. Of a log there is only the note. */
#include "base/cursor.h"
#include "base/secret.h"
#include "base/sink.h"
#include "base/utf.h"
#include "hive_log.h"
#include "limits.h"
#include "registry_value.h"

#define LOGS 3

typedef struct Kind {
    const char *name;  /* of the file, without case */
    const char *mount; /* where Windows shows its root */
    bool decides;      /* it holds keys that decide something */
    bool secret;       /* its data is: password hashes and the like */
} Kind;

enum { KIND_SYSTEM, KIND_SOFTWARE };

static const Kind kinds[] = {
    {"SYSTEM", "HKLM\\SYSTEM", true, false},
    {"SOFTWARE", "HKLM\\SOFTWARE", true, false},
    {"SAM", "HKLM\\SAM", false, true},
    {"SECURITY", "HKLM\\SECURITY", false, true},
    {"DEFAULT", "HKU\\.DEFAULT", false, false},
    {"COMPONENTS", "HKLM\\COMPONENTS", false, false},
    {"DRIVERS", "HKLM\\DRIVERS", false, false},
    {"NTUSER.DAT", "HKCU", false, false},
    {"UsrClass.dat", "HKCU\\Software\\Classes", false, false},
    {"registry", "HIVE", false, false},
};
#define KIND_OTHER (sizeof kinds / sizeof *kinds - 1)

typedef struct Opened { /* a hive with its logs */
    Source *src;
    Arena *scratch;
    Hive hive;
    HiveLog logs[LOGS];
    const char *log_names[LOGS];
    size_t log_count;
    HiveReplay now;
    bool base_lost;
    uint32_t root;
    const Kind *kind;
    uint32_t control_set; /* SYSTEM: the number of the current one; 0: not known */
} Opened;

static void silent(void *with, uint64_t at, const char *what)
{
    (void)with;
    (void)at;
    (void)what;
}

/* --- which hive ------------------------------------------------------------------------------------------------- */

typedef struct RootFacts {
    bool select, sets, microsoft, classes;
    uint32_t current;
} RootFacts;

static HiveWant root_key(void *with, Str path, const HiveKey *key)
{
    RootFacts *facts = with;
    if (!path.len) {
        return WANT_SUBKEYS;
    }
    facts->select = facts->select || str_eq_nocase(key->name, STR("Select"));
    facts->sets = facts->sets || str_starts_nocase(key->name, STR("ControlSet0"));
    facts->microsoft = facts->microsoft || str_eq_nocase(key->name, STR("Microsoft"));
    facts->classes = facts->classes || str_eq_nocase(key->name, STR("Classes"));
    return str_eq_nocase(path, STR("\\Select")) ? WANT_VALUES : WANT_NOTHING;
}

static void root_value(void *with, Str path, const HiveKey *key, const HiveValue *value)
{
    (void)path;
    (void)key;
    RootFacts *facts = with;
    if (str_eq_nocase(value->name, STR("Current")) && value->data.len == 4) {
        Cursor c = cursor_of(value->data);
        facts->current = cur_u32(&c, "Current");
    }
}

static RootFacts root_facts(Hive *h, uint32_t root)
{
    RootFacts facts = {0};
    HiveDamage *damage = h->damage;
    h->damage = silent; /* the walk that follows tells it */
    hive_walk(h, root, STR(""), &(HiveVisitor){root_key, root_value, &facts});
    hive_rewind(h);
    h->damage = damage;
    return facts;
}

/* The base block keeps the end of the path under which Windows had it open. */
static const Kind *kind_of(const Opened *o, const RootFacts *facts)
{
    Str path = arena_utf16le(o->scratch, o->now.base.name);
    path = str_slice(path, 0, str_find_byte(path, 0, 0));
    size_t cut = str_rfind_byte(path, '\\');
    Str name = cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
    for (size_t i = 0; i < KIND_OTHER; i++) {
        if (str_eq_nocase(name, str_of(kinds[i].name))) {
            return &kinds[i];
        }
    }
    return &kinds[facts->select && facts->sets         ? KIND_SYSTEM
                  : facts->microsoft && facts->classes ? KIND_SOFTWARE
                                                       : KIND_OTHER];
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static void find_logs(Opened *o)
{
    static const char *const names[LOGS] = {"LOG1", "LOG2", "LOG"};
    for (size_t i = 0; i < LOGS; i++) {
        Str suffix = arena_join(o->scratch, (Str[]){STR("."), str_of(names[i])}, 2);
        Str bytes = source_beside(o->src, suffix);
        if (bytes.at) {
            o->log_names[o->log_count] = names[i];
            hive_log_open(bytes, &o->logs[o->log_count++]);
        }
    }
}

/* False: it is no hive. */
static bool open_hive(Opened *o, Str file, HiveDamage *damage, void *with)
{
    HiveBase base;
    bool has_base = hive_base(file, &base);
    bool bare = str_starts(file, STR("hbin")); /* zeros instead of a base block were skipped */
    Str bins = bare ? file : str_from(file, HIVE_BLOCK);
    if (!has_base && !str_starts(bins, STR("hbin"))) {
        return false;
    }
    find_logs(o);
    hive_replay(has_base ? &base : NULL, bins, o->logs, o->log_count, o->scratch, &o->now);
    o->base_lost = !has_base || !base.sum_fits;
    o->hive = (Hive){.bins = bins,
                     .bins_at = o->src->offset + (bare ? 0 : HIVE_BLOCK),
                     .len = o->now.len,
                     .pages = o->now.pages,
                     .page_count = o->now.page_count,
                     .minor = o->now.base.root == HIVE_NONE ? 5 : o->now.base.minor};
    hive_open(&o->hive, o->scratch, damage, with);
    o->root = hive_find_root(&o->hive, o->now.base.root);
    RootFacts facts = {0};
    if (o->root != HIVE_NONE) {
        facts = root_facts(&o->hive, o->root);
    }
    o->kind = kind_of(o, &facts);
    o->control_set = facts.current;
    return true;
}

/* --- in words --------------------------------------------------------------------------------------------------- */

typedef struct Words {
    Arena *a;
    VEC(Str) parts;
} Words;

static void say(Words *w, const char *text)
{
    *VEC_ADD(w->a, &w->parts) = str_of(text);
}

static void say_replayed(Words *w, const Opened *o)
{
    const char *before = "; it was not closed: replayed ";
    for (size_t i = 0; i < o->log_count; i++) {
        const HiveLog *log = &o->logs[i];
        if (log->replayed) {
            say(w, before);
            *VEC_ADD(w->a, &w->parts) =
                log->form == HIVE_LOG_NEW ? arena_format(w->a, "%u %s of %s", log->replayed,
                                                         log->replayed == 1 ? "entry" : "entries", o->log_names[i])
                                          : arena_format(w->a, "%u pages of %s", (unsigned)log->pages, o->log_names[i]);
            before = " and ";
        }
    }
}

static bool is_replayed(const Opened *o)
{
    bool any = false;
    for (size_t i = 0; i < o->log_count; i++) {
        any = any || o->logs[i].replayed;
    }
    return any;
}

/* What was written last is not in it. */
static bool is_unflushed(const Opened *o)
{
    bool stops = false;
    for (size_t i = 0; i < o->log_count; i++) {
        stops = stops || o->logs[i].stops;
    }
    return o->now.dirty && (stops || !is_replayed(o));
}

static Str hive_words(const Opened *o)
{
    Words w = {.a = o->scratch};
    char when[TIMESTAMP_ROOM];
    int64_t written_ns = timestamp_filetime(o->now.base.written);
    say(&w, o->kind->name);
    say(&w, " hive");
    if (written_ns != TIME_NONE) {
        timestamp_format(when, written_ns, 0);
        say(&w, ", written ");
        *VEC_ADD(w.a, &w.parts) = arena_str(w.a, str_of(when));
    }
    if (o->base_lost) {
        say(&w,
            o->now.base_recovered ? "; its base block is lost, and was taken from a log" : "; its base block is lost");
    }
    if (is_replayed(o)) {
        say_replayed(&w, o);
    } else if (o->now.dirty) {
        say(&w, o->log_count ? "; it was not closed, and its logs do not fit"
                             : "; it was not closed, and its logs are missing");
        say(&w, ": it may be minutes old");
    }
    return arena_join(w.a, w.parts.at, w.parts.count);
}

static Str log_words(Arena *a, const HiveLog *log)
{
    unsigned last = log->first + log->entries - 1;
    switch (log->form) {
    case HIVE_LOG_OLD: return arena_format(a, "transaction log of a hive: %u dirty pages", (unsigned)log->pages);
    case HIVE_LOG_NEW:
        return log->entries == 1 ? arena_format(a, "transaction log of a hive: entry %u", last)
               : log->entries
                   ? arena_format(a, "transaction log of a hive: entries %u to %u", (unsigned)log->first, last)
                   : STR("transaction log of a hive: no whole entry");
    default: return STR("transaction log of a hive: nothing in it");
    }
}

/* --- events ----------------------------------------------------------------------------------------------------- */

typedef struct Reading {
    Opened opened;
    Analysis *out;
    Sink *sink;    /* dump; else NULL */
    Arena passing; /* of one value */
    Status status;
    bool damaged; /* in its tree */
} Reading;

static void hive_damage(void *with, uint64_t at, const char *what)
{
    Reading *r = with;
    analysis_diag(r->out, r->opened.src, at, what);
    r->status = ST_FAILED;
    r->damaged = true;
}

/* With the set that is current called as Windows shows it. */
static Str resolved(Reading *r, Str path)
{
    const Opened *o = &r->opened;
    Str rest = str_from(path, str_of(o->kind->mount).len + 1), set;
    if (o->kind != &kinds[KIND_SYSTEM] || !str_split(&rest, '\\', &set) ||
        !str_eq_nocase(set, arena_format(&r->passing, "ControlSet%03u", (unsigned)o->control_set))) {
        return path;
    }
    Str parts[] = {STR("HKLM\\SYSTEM\\CurrentControlSet"), rest.len ? STR("\\") : STR(""), rest};
    return arena_join(&r->passing, parts, 3);
}

static HiveWant event_key(void *with, Str path, const HiveKey *key)
{
    (void)key;
    Reading *r = with;
    path = resolved(r, path);
    HiveWant want = (registry_key_wanted(path) ? WANT_VALUES : 0) | (registry_key_leads(path) ? WANT_SUBKEYS : 0);
    arena_reset(&r->passing);
    return want;
}

static void event_value(void *with, Str path, const HiveKey *key, const HiveValue *value)
{
    Reading *r = with;
    if (!value->whole) {
        return; /* half a value decides nothing */
    }
    RegistryValue v = {.key = resolved(r, path),
                       .name = value->name,
                       .type = value->type,
                       .data = value->data,
                       .written_ns = timestamp_filetime(key->written),
                       .at = r->opened.hive.bins_at + value->offset};
    registry_value_add(r->opened.src, &r->passing, r->out, &v);
    arena_reset(&r->passing);
}

static void check_base(Reading *r, uint64_t start)
{
    Opened *o = &r->opened;
    if (o->base_lost) {
        analysis_diag(r->out, o->src, start, "base block: it is lost, or its checksum does not fit");
        r->status = o->now.base_recovered ? r->status : ST_FAILED;
    }
    if (o->now.base.root != HIVE_NONE && (o->now.base.major != 1 || o->now.base.minor < 3 || o->now.base.minor > 6)) {
        analysis_diag(r->out, o->src, start + 20, "a version of the format that is not known");
    }
    for (size_t i = 0; i < o->log_count; i++) {
        if (o->now.dirty && o->logs[i].stops) {
            Str what = arena_format(o->scratch, "%s is replayed up to offset %zu: %s", o->log_names[i],
                                    o->logs[i].stops_at, o->logs[i].stops);
            analysis_diag(r->out, o->src, start, (const char *)what.at);
        }
    }
    if (o->now.dirty && o->log_count < 2 && o->src->beside && o->src->beside->early) {
        analysis_limit(r->out, "registry hives",
                       "read before all members of the bundle were in: logs may have followed");
    }
}

static void check_length(Reading *r)
{
    Opened *o = &r->opened;
    if (o->now.base.root != HIVE_NONE && o->now.base.bins_size > o->hive.len) {
        analysis_diag(r->out, o->src, o->hive.bins_at + o->hive.len, "the hive is cut off");
        r->status = status_worse(r->status, ST_PARTIAL);
    }
}

/* An older state of the machine, kept by Windows in case the hive is lost; the Windows before an upgrade; a backup that
 * somebody made. */
static bool is_old_copy(Str path)
{
    static const char *const folders[] = {"/RegBack/", "Windows.old/"}, *const ends[] = {".sav", ".old", ".bak"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (str_has_nocase(path, str_of(folders[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (str_ends_nocase(path, str_of(ends[i]))) {
            return true;
        }
    }
    return false;
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

static void put_head(const Reading *r, Str path, const HiveKey *key)
{
    int64_t written_ns = timestamp_filetime(key->written);
    sink_put(r->sink, "{\"key\":");
    sink_json(r->sink, path);
    if (written_ns != TIME_NONE) {
        sink_put(r->sink, ",\"time\":\"");
        sink_time(r->sink, written_ns, 7);
        sink_put(r->sink, "\"");
    }
}

static HiveWant dump_key(void *with, Str path, const HiveKey *key)
{
    Reading *r = with;
    put_head(r, path, key);
    sink_put(r->sink, "}\n");
    return WANT_VALUES | WANT_SUBKEYS;
}

static void put_hex(Sink *out, Str data)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t part[512];
    sink_put(out, ",\"hex\":\"");
    for (size_t done = 0; done < data.len;) {
        size_t n = 0;
        for (; n < sizeof part && done < data.len; done++) {
            part[n++] = (uint8_t)digits[data.at[done] >> 4];
            part[n++] = (uint8_t)digits[data.at[done] & 15];
        }
        sink_raw(out, (Str){part, n});
    }
    sink_put(out, "\"");
}

/* False if it is not whole UTF-16: then only its bytes are the truth. */
static bool utf16_text(Arena *a, Str data, Str *text)
{
    for (size_t i = 0; i + 1 < data.len; i += 2) {
        bool high = (data.at[i + 1] & 0xFC) == 0xD8, low = (data.at[i + 1] & 0xFC) == 0xDC;
        bool paired = high && i + 3 < data.len && (data.at[i + 3] & 0xFC) == 0xDC;
        if ((high && !paired) || low) {
            return false;
        }
        i += paired ? 2 : 0;
    }
    *text = arena_utf16le(a, data);
    return data.len % 2 == 0;
}

static Str without_nul(Str text)
{
    return text.len && text.at[text.len - 1] == 0 ? str_slice(text, 0, text.len - 1) : text;
}

static void put_texts(Sink *out, Str text)
{
    Str rest = without_nul(without_nul(text)), part; /* the last text's end, and the list's */
    sink_put(out, ",\"data\":[");
    for (const char *before = ""; rest.len && str_split(&rest, 0, &part); before = ",") {
        sink_put(out, before);
        sink_json(out, part);
    }
    sink_put(out, "]");
}

static bool put_number(Sink *out, const HiveValue *value)
{
    uint64_t number = 0;
    size_t size = value->type == REG_QWORD                                          ? 8
                  : value->type == REG_DWORD || value->type == REG_DWORD_BIG_ENDIAN ? 4
                                                                                    : 0;
    if (!size || value->data.len != size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | value->data.at[value->type == REG_DWORD_BIG_ENDIAN ? i : size - 1 - i];
    }
    sink_format(out, ",\"data\":%llu", (unsigned long long)number);
    return true;
}

static void put_data(Reading *r, const HiveValue *value)
{
    Arena *passing = &r->opened.hive.passing;
    bool text = value->type == REG_SZ || value->type == REG_EXPAND_SZ || value->type == REG_LINK;
    Str utf8;
    if (secret_named(value->name) || (r->opened.kind->secret && value->data.len)) {
        sink_put(r->sink, ",\"data\":\"***\"");
    } else if (text && utf16_text(passing, value->data, &utf8)) {
        sink_put(r->sink, ",\"data\":");
        sink_json(r->sink, without_nul(utf8));
    } else if (value->type == REG_MULTI_SZ && utf16_text(passing, value->data, &utf8)) {
        put_texts(r->sink, utf8);
    } else if (!put_number(r->sink, value)) {
        put_hex(r->sink, value->data);
    }
}

static void dump_value(void *with, Str path, const HiveKey *key, const HiveValue *value)
{
    Reading *r = with;
    put_head(r, path, key);
    sink_put(r->sink, ",\"name\":");
    sink_json(r->sink, value->name);
    sink_put(r->sink, ",\"type\":");
    sink_json(r->sink, registry_type_name(&r->opened.hive.passing, value->type));
    put_data(r, value);
    sink_put(r->sink, value->whole ? "}\n" : ",\"whole\":false}\n");
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void read_tree(Reading *r)
{
    Opened *o = &r->opened;
    const HiveVisitor visitor =
        r->sink ? (HiveVisitor){dump_key, dump_value, r} : (HiveVisitor){event_key, event_value, r};
    if (o->root == HIVE_NONE) {
        hive_damage(r, o->hive.bins_at, "root key: there is none");
        return;
    }
    if (!r->sink && o->kind == &kinds[KIND_SYSTEM] && !o->control_set) {
        hive_damage(r, o->hive.bins_at + o->root, "Select\\Current cannot be read: ControlSet001 is taken for it");
        o->control_set = 1;
    }
    hive_check_bins(&o->hive, o->now.base.root == HIVE_NONE ? UINT32_MAX : o->now.base.bins_size);
    hive_walk(&o->hive, o->root, str_of(o->kind->mount), &visitor);
    if (r->status == ST_OK) {
        registry_branch_read(r->out, str_of(o->kind->mount));
    }
    if (r->damaged) {
        hive_walk_lost(&o->hive, o->root, str_of(o->kind->mount), &visitor);
    }
}

static Status read_hive(Reading *r, Str file)
{
    Opened *o = &r->opened;
    uint64_t start = o->src->offset;
    if (!open_hive(o, file, hive_damage, r)) {
        analysis_note(r->out, STR("named like a hive, but it is none"));
        analysis_diag(r->out, o->src, start, "named like a hive, but it does not begin like one");
        return ST_FAILED;
    }
    Str words = hive_words(o), more = STR("");
    r->out->row->unflushed = is_unflushed(o);
    check_base(r, start);
    if (!r->sink && is_old_copy(o->src->path)) {
        more = STR("; an older copy: it says nothing of the machine as it was");
    } else if (!r->sink && !o->kind->decides) {
        more = o->kind == &kinds[KIND_OTHER] ? STR("; neither SYSTEM nor SOFTWARE, so it is only named")
                                             : STR("; nothing in it concerns backups");
    } else {
        check_length(r);
        read_tree(r);
    }
    analysis_note(r->out, arena_join(o->scratch, (Str[]){words, more}, 2));
    hive_close(&o->hive);
    arena_free(&r->passing);
    return r->status;
}

/* A log without its hive is only named: what is in it are pages, not keys. */
static bool is_log(Str file)
{
    HiveBase base;
    Str body = str_slice(file, HIVE_PAGE, HIVE_PAGE + 4);
    return (hive_base(file, &base) && base.type != 0 && base.sum_fits) || str_eq(body, STR("HvLE")) ||
           str_eq(body, STR("DIRT"));
}

static Status read_log(Source *src, Arena *scratch, Analysis *out, Str file)
{
    HiveLog log;
    hive_log_open(file, &log);
    if (log.stops) {
        analysis_diag(out, src, src->offset + log.stops_at, log.stops);
    }
    analysis_note(out, log_words(scratch, &log));
    return ST_OK;
}

static Status registry_read(Source *src, Arena *scratch, Sink *sink, Analysis *out)
{
    Str file = source_hold(src, LIMIT_HIVES);
    Reading *r = ARENA_NEW(scratch, Reading, 1);
    *r = (Reading){.opened = {.src = src, .scratch = scratch}, .out = out, .sink = sink};
    Status status = is_log(file) ? read_log(src, scratch, out, file) : read_hive(r, file);
    source_skip(src, file.len);
    return status;
}

static Status registry_parse(Source *src, Arena *scratch, Analysis *out)
{
    return registry_read(src, scratch, NULL, out);
}

static Status registry_dump(Source *src, Arena *scratch, DumpOptions how, Sink *to, Analysis *out)
{
    (void)how; /* one form, and nothing else is asked for */
    return registry_read(src, scratch, to, out);
}

/* --- the choice ------------------------------------------------------------------------------------------------- */

/* The first block may be lost while all else is whole. */
static bool is_named(Str path)
{
    return str_ends_nocase(path, STR("config/SYSTEM")) || str_ends_nocase(path, STR("config/SOFTWARE"));
}

static Bid registry_bid(Str path, Str head)
{
    Str body = str_slice(head, HIVE_PAGE, HIVE_PAGE + 4);
    bool magic = str_starts(head, STR("regf")) || str_starts(head, STR("hbin\0\0\0\0")) || str_eq(body, STR("HvLE")) ||
                 str_eq(body, STR("DIRT"));
    bool binary = str_find_byte(head, 0, 0) != STR_NOT_FOUND;
    return magic ? BID_MAGIC : is_named(path) && binary ? BID_NAME : BID_NO;
}

static bool registry_waits(Str head)
{
    HiveBase base;
    return !hive_base(head, &base) || base.type != 0 || !hive_base_clean(&base);
}

const Parser parser_registry_hive = {
    .name = "registry_hive",
    .reads = "registry hives SYSTEM and SOFTWARE with their transaction logs, dirty ones too",
    .kind = "registry_hive",
    .service = SERVICE_REGISTRY_STATE,
    .bid = registry_bid,
    .parse = registry_parse,
    .waits = registry_waits,
    .dump = registry_dump,
};
