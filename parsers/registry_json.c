/* registry.json of the disk inspection (bundle-formats.md section 1.1.3), one object a device. It is written by hand:
 * only backslashes are escaped, so that quotes and line feeds of a value stand as they are, and types are lost.
 *   {
 *   "HKLM\\SYSTEM\\CurrentControlSet\\Services\\Dhcp\\Start": "0x2"
 *   ,"HKLM\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName\\ComputerName": "VM-A"
 *   } */
#include "registry_value.h"
#include "text_stamp.h"

static bool is_entry(Str line)
{
    line = str_from(line, str_starts(line, STR(",")));
    return str_starts_nocase(str_trim(line), STR("\"HK"));
}

static bool record_starts(Str line)
{
    line = str_trim(line);
    return is_entry(line) || str_eq(line, STR("{")) || str_eq(line, STR("}"));
}

static Str unescape(Arena *a, Str text)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, text.len);
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        i += text.at[i] == '\\' && i + 1 < text.len && text.at[i + 1] == '\\';
        to[n++] = text.at[i];
    }
    return (Str){to, n};
}

/* Value names may hold a backslash, too: the key is what somebody wants, else all up to the last one. */
static void split_target(Str target, RegistryValue *value)
{
    size_t number, cut = str_rfind_byte(target, '\\'), at = cut;
    for (; at != STR_NOT_FOUND; at = str_rfind_byte(str_slice(target, 0, at), '\\')) {
        if (registry_value_find(str_slice(target, 0, at), str_from(target, at + 1), &number)) {
            cut = at;
            break;
        }
    }
    value->key = str_slice(target, 0, cut);
    value->name = cut == STR_NOT_FOUND ? (Str){0} : str_from(target, cut + 1);
}

static bool is_bytes(Str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (i % 3 == 2 ? text.at[i] != ' ' : byte_hex(text.at[i]) < 0) {
            return false;
        }
    }
    return text.len && text.len % 3 == 0;
}

/* `0x3` is a REG_DWORD, `0x` and 16 digits a REG_QWORD, `de ad be ef ` bytes: everything else is told as a text. */
static void split_data(Arena *a, Str text, RegistryValue *value)
{
    uint64_t number;
    bool hex = str_starts(text, STR("0x")) && str_u64(str_from(text, 2), 16, &number);
    if (hex && (text.len <= 10 || text.len == 18)) {
        value->type = text.len == 18 ? REG_QWORD : REG_DWORD;
        value->data = registry_number(a, number, text.len == 18 ? 8 : 4);
    } else if (is_bytes(text)) {
        value->type = REG_BINARY;
        registry_bytes(a, text, &value->data);
    } else {
        value->type = REG_SZ;
        value->data = registry_utf16(a, text);
    }
}

static Status entry(const TextRecord *record, Source *src, Arena *scratch, Analysis *out)
{
    Str text = str_trim(str_from(record->text, str_starts(record->text, STR(",")))), current;
    size_t colon = str_find(text, STR("\": \""), 0);
    if (colon == STR_NOT_FOUND || text.len < colon + 5 || text.at[text.len - 1] != '"') {
        analysis_diag_line(out, src, record->line, "a value without its end");
        return ST_FAILED;
    }
    RegistryValue value = {.written_ns = TIME_NONE, .is_line = true, .at = record->line, .offset = record->offset};
    split_target(registry_key_short(scratch, unescape(scratch, str_slice(text, 1, colon))), &value);
    split_data(scratch, unescape(scratch, str_slice(text, colon + 4, text.len - 1)), &value);
    if (registry_control_set(scratch, value.key, &current)) {
        value.key = current; /* only the current one is collected */
    }
    registry_value_add(src, scratch, out, &value);
    return ST_OK;
}

static Status json_parse(Source *src, Arena *scratch, Analysis *out)
{
    Status status = ST_OK;
    size_t objects = 0, ends = 0;
    for (TextRecord record; source_text_record(src, record_starts, &record);) {
        Str first = str_trim(record.first);
        objects += str_eq(first, STR("{"));
        ends += str_eq(first, STR("}"));
        if (is_entry(record.first)) {
            status = status_worse(status, entry(&record, src, scratch, out));
        }
        status = status_worse(status, text_cut(&record, src, out));
        arena_reset(scratch);
    }
    if (objects > 1) {
        analysis_note(out, arena_format(scratch, "values of %zu devices", objects));
    }
    if (ends < objects) {
        analysis_diag_line(out, src, src->line + 1, "the list of values has no end");
        status = status_worse(status, ST_PARTIAL);
    }
    return status;
}

static Bid json_bid(Str path, Str head)
{
    TextHead room;
    head = str_trim(text_head(head, &room));
    bool entries = str_has(head, STR("\n\"HKLM\\\\")) || str_has(head, STR("\n\"HKEY_LOCAL_MACHINE\\\\"));
    return !text_looking(head) || !str_starts(head, STR("{"))                ? BID_NO
           : entries || str_eq_nocase(text_name(path), STR("registry.json")) ? BID_SHAPE
                                                                             : BID_NO;
}

const Parser parser_registry_json = {
    .name = "registry_json",
    .reads = "registry.json of the disk inspection",
    .service = SERVICE_REGISTRY_STATE,
    .bid = json_bid,
    .parse = json_parse,
};
