/* What regedit and `reg export` write, in version 5 or as REGEDIT4. It names no times of keys:
 *   [HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSDTC]
 *   "ObjectName"="NT AUTHORITY\\NetworkService"
 *   "FailureActions"=hex:00,00,00,00,\
 *     01,00,00,00 */
#include "registry_value.h"
#include "text_stamp.h"

typedef struct Export {
    Source *src;
    Analysis *out;
    Arena *scratch;
    Arena keep, keep_key;
    Str key;          /* of the values that follow; empty: nobody wants them */
    unsigned set;     /* the key is of ControlSet001, ControlSet002 …, and `key` of CurrentControlSet; else 0 */
    RegistrySet told; /* by the keys so far */
    bool ansi;        /* REGEDIT4: texts in bytes of a code page */
    bool damaged, deletes;
    bool has_current; /* CurrentControlSet itself is exported */
    unsigned current; /* HKLM\SYSTEM\Select\Current */
    VEC(struct Numbered {
        unsigned set;
        RegistryValue value;
    })
    numbered;
} Export;

static bool is_section(Str line)
{
    return str_starts_nocase(line, STR("[HK")) || str_starts_nocase(line, STR("[-HK"));
}

/* What stands between such lines belongs to the value before: bytes go on in the next line, and so do texts. */
static bool record_starts(Str line)
{
    return is_section(line) || str_starts(line, STR("\"")) || str_starts(line, STR("@=")) || str_starts(line, STR(";"));
}

static Status damage(Export *e, const TextRecord *record, const char *what)
{
    e->damaged = true;
    analysis_diag_line(e->out, e->src, record->line, what);
    return ST_FAILED;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

/* Behind an opening quote: *out is what stands before the closing one, *rest what stands behind it. */
static bool unquote(Arena *a, Str *rest, Str *out)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, rest->len);
    size_t n = 0;
    for (size_t i = 0; i < rest->len; i++) {
        uint8_t c = rest->at[i];
        if (c == '"') {
            *out = (Str){to, n};
            *rest = str_from(*rest, i + 1);
            return true;
        }
        bool escape = c == '\\' && i + 1 < rest->len && (rest->at[i + 1] == '\\' || rest->at[i + 1] == '"');
        to[n++] = escape ? rest->at[++i] : c;
    }
    return false;
}

/* Nothing but a comment. */
static bool is_rest(Str text)
{
    text = str_trim(text);
    return !text.len || text.at[0] == ';';
}

/* --- data ------------------------------------------------------------------------------------------------------- */

/* Bytes of a code page, in REGEDIT4, become what a hive holds. */
static Str widened(Export *e, uint32_t type, Str data)
{
    bool text = type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
    return e->ansi && text ? registry_utf16(e->scratch, data) : data;
}

/* `hex:01,02`, `hex(2):25,00,\` and the lines that follow. */
static const char *hex_data(Export *e, Str text, RegistryValue *value)
{
    size_t colon = str_find_byte(text, ':', 0);
    Str word = str_slice(text, 3, colon);
    uint64_t type = REG_BINARY;
    if (colon == STR_NOT_FOUND || (word.len && !str_u64(str_between(word, STR("("), STR(")")), 16, &type)) ||
        type > UINT32_MAX) {
        return "bytes without their type";
    }
    VEC(Str) lines = {0};
    bool more = true;
    for (Str rest = str_from(text, colon + 1), line; more && str_split(&rest, '\n', &line);) {
        line = str_trim(line);
        more = line.len && line.at[line.len - 1] == '\\';
        *VEC_ADD(e->scratch, &lines) = str_slice(line, 0, line.len - more);
    }
    if (more || !registry_bytes(e->scratch, arena_join(e->scratch, lines.at, lines.count), &value->data)) {
        return more ? "bytes that end before their end" : "something else among the bytes of a value";
    }
    value->type = (uint32_t)type;
    value->data = widened(e, value->type, value->data);
    return NULL;
}

static const char *text_data(Export *e, Str text, RegistryValue *value)
{
    if (!unquote(e->scratch, &text, &value->data) || !is_rest(text)) {
        return "a text without its closing quote";
    }
    value->type = REG_SZ;
    value->data = registry_utf16(e->scratch, value->data);
    return NULL;
}

static const char *number_data(Export *e, Str text, bool cut, RegistryValue *value)
{
    uint64_t number;
    size_t end = str_find_byte(text, ';', 0);
    Str digits = str_trim(str_slice(text, 0, end));
    if (digits.len > 8 || (cut && digits.len < 8) || !str_u64(digits, 16, &number)) {
        return "a dword that is no number of up to eight hexadecimal digits";
    }
    value->type = REG_DWORD;
    value->data = registry_number(e->scratch, number, 4);
    return NULL;
}

/* NULL, or what is the matter with it. */
static const char *data_of(Export *e, Str text, RegistryValue *value)
{
    bool cut = source_open_ended(e->src); /* the file ends here, be it on purpose or not */
    if (str_starts(text, STR("\""))) {
        return text_data(e, str_from(text, 1), value);
    }
    if (str_starts_nocase(text, STR("dword:"))) {
        return number_data(e, str_from(text, 6), cut, value);
    }
    if (str_starts_nocase(text, STR("hex"))) {
        return cut ? "the file ends inside a value" : hex_data(e, text, value);
    }
    return "a value of no known form";
}

/* --- values ----------------------------------------------------------------------------------------------------- */

static void numbered_keep(Export *e, const RegistryValue *value)
{
    if (e->numbered.count == LIMIT_CONTROL_SETS) {
        analysis_limit(e->out, "control sets", "of the numbered control sets, 2,000 values are looked at");
        return;
    }
    struct Numbered *n = VEC_ADD(&e->keep, &e->numbered);
    *n = (struct Numbered){e->set, *value};
    n->value.key = arena_str(&e->keep, value->key);
    n->value.name = arena_str(&e->keep, value->name);
    n->value.data = arena_str(&e->keep, value->data);
}

static bool is_select(Str key)
{
    return str_eq_nocase(key, STR("HKLM\\SYSTEM\\Select"));
}

static void value_add(Export *e, const RegistryValue *value)
{
    if (is_select(value->key) && str_eq_nocase(value->name, STR("Current")) && value->type == REG_DWORD) {
        e->current = value->data.len ? value->data.at[0] : 0;
    }
    if (e->set) {
        numbered_keep(e, value);
    } else {
        registry_value_add(e->src, e->scratch, e->out, value);
    }
}

/* What is deleted is not there, but such a file is made to change a registry, not read out of one. */
static void deletion(Export *e, const TextRecord *record)
{
    if (!e->deletes) {
        analysis_diag_line(e->out, e->src, record->line, "a deletion: the file is made to change a registry");
    }
    e->deletes = true;
}

static Status value_record(Export *e, const TextRecord *record)
{
    Str text = record->text, name = {0};
    RegistryValue value = {.written_ns = TIME_NONE, .is_line = true, .at = record->line, .offset = record->offset};
    bool named = text.at[0] == '@';
    text = str_from(text, 1);
    if (!named && (!unquote(e->scratch, &text, &name) || !str_starts(text, STR("=")))) {
        return damage(e, record, "a value without its name");
    }
    const char *trouble = data_of(e, str_trim(str_from(text, 1)), &value);
    if (trouble) {
        return damage(e, record, trouble);
    }
    value.key = e->key;
    value.name = name;
    value_add(e, &value);
    return ST_OK;
}

static Status section(Export *e, const TextRecord *record)
{
    Str line = str_trim(record->first);
    arena_reset(&e->keep_key);
    e->key = (Str){0};
    if (line.at[line.len - 1] != ']' || !is_rest(str_from(record->text, record->first.len))) {
        return damage(e, record, "the name of a key without its end");
    }
    line = str_slice(line, 1, line.len - 1);
    if (line.at[0] == '-') {
        deletion(e, record);
        return ST_OK;
    }
    Str key = registry_key_short(&e->keep_key, line);
    e->has_current = e->has_current || str_starts_nocase(key, STR("HKLM\\SYSTEM\\CurrentControlSet"));
    e->set = registry_control_set(&e->keep_key, key, &key);
    e->key = registry_key_wanted(key) || is_select(key) ? key : (Str){0};
    if (!e->set) {
        registry_set_key(&e->told, key, false);
    }
    return ST_OK;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* CurrentControlSet is one of the numbered ones, and which one Select\Current says; it stands behind them. */
static void numbered_add(Export *e)
{
    for (size_t i = 0; i < e->numbered.count && !e->has_current && e->current; i++) {
        if (e->numbered.at[i].set == e->current) {
            registry_value_add(e->src, e->scratch, e->out, &e->numbered.at[i].value);
            arena_reset(e->scratch);
        }
    }
    if (e->numbered.count && !e->has_current && !e->current) {
        analysis_diag_line(e->out, e->src, e->numbered.at[0].value.at,
                           "a control set by its number, and nothing says that it is the current one");
    }
}

static Status record_parse(Export *e, const TextRecord *record)
{
    Str first = record->first;
    if (is_section(first)) {
        return section(e, record);
    }
    if (record_starts(first)) {
        if (first.at[0] != ';' && str_ends(str_trim(first), STR("=-"))) {
            deletion(e, record);
            return ST_OK;
        }
        return first.at[0] == ';' || !e->key.len ? ST_OK : value_record(e, record);
    }
    e->ansi = e->ansi || str_starts(str_trim(first), STR("REGEDIT4"));
    return ST_OK;
}

static Status export_parse(Source *src, Arena *scratch, Analysis *out)
{
    Export e = {.src = src, .out = out, .scratch = scratch};
    Status status = ST_OK;
    for (TextRecord record; source_text_record(src, record_starts, &record);) {
        status = status_worse(status, record_parse(&e, &record));
        status = status_worse(status, text_cut(&record, src, out));
        e.damaged = e.damaged || record.cut;
        arena_reset(scratch);
    }
    numbered_add(&e);
    if (!e.damaged && !e.deletes && !source_error(src) && !source_open_ended(src)) {
        registry_set_join(&out->row->registry, &e.told);
    }
    arena_free(&e.keep);
    arena_free(&e.keep_key);
    return status;
}

static Bid export_bid(Str path, Str head)
{
    TextHead room;
    head = str_trim(text_head(head, &room));
    bool header = str_starts(head, STR("Windows Registry Editor Version")) || str_starts(head, STR("REGEDIT4"));
    bool section = str_has_nocase(head, STR("[HKEY_")) && str_ends_nocase(path, STR(".reg"));
    return text_looking(head) && (header || section) ? BID_SHAPE : BID_NO;
}

const Parser parser_registry_export = {
    .name = "registry_export",
    .reads = "exported registry keys (.reg)",
    .service = SERVICE_REGISTRY_STATE,
    .bid = export_bid,
    .parse = export_parse,
};
