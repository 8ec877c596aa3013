/* What `reg query` prints, saved or pasted; it may be all of a key, or one value of it:
 *   HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSDTC
 *       Start    REG_DWORD    0x3 */
#include "registry_value.h"
#include "text_stamp.h"

typedef struct Words {
    Str name, type, data;
} Words;

/* Four blanks stand before the name, before the type and before the data, which may be empty. */
static bool value_line(Str line, Words *words)
{
    if (!str_starts(line, STR("    "))) {
        return false;
    }
    size_t type = str_find(line, STR("    REG_"), 4);
    if (type == STR_NOT_FOUND) {
        return false;
    }
    size_t end = str_find(line, STR("    "), type + 4);
    words->name = str_slice(line, 4, type);
    words->type = str_trim(str_slice(line, type + 4, end));
    words->data = end == STR_NOT_FOUND ? (Str){0} : str_from(line, end + 4);
    return true;
}

static bool key_line(Str line)
{
    return str_starts(line, STR("HKEY_"));
}

/* `a\0b` */
static Str texts_data(Arena *a, Str text)
{
    VEC(Str) parts = {0};
    for (size_t at = 0; at < text.len;) {
        size_t cut = str_find(text, STR("\\0"), at);
        *VEC_ADD(a, &parts) = registry_utf16(a, str_slice(text, at, cut));
        *VEC_ADD(a, &parts) = STR("\0\0");
        at = cut == STR_NOT_FOUND ? text.len : cut + 2;
    }
    return arena_join(a, parts.at, parts.count);
}

static bool data_of(Arena *a, const Words *words, RegistryValue *value)
{
    static const struct {
        const char *name;
        RegistryType type;
    } types[] = {
        {"REG_SZ", REG_SZ},       {"REG_EXPAND_SZ", REG_EXPAND_SZ}, {"REG_MULTI_SZ", REG_MULTI_SZ},
        {"REG_DWORD", REG_DWORD}, {"REG_QWORD", REG_QWORD},         {"REG_BINARY", REG_BINARY},
        {"REG_NONE", REG_NONE},
    };
    size_t i = 0, count = sizeof types / sizeof *types;
    while (i < count && !str_eq(words->type, str_of(types[i].name))) {
        i++;
    }
    uint64_t number = 0;
    bool numeric = str_starts(words->data, STR("0x")) && str_u64(str_trim(str_from(words->data, 2)), 16, &number);
    value->type = i < count ? types[i].type : REG_NONE;
    switch (value->type) {
    case REG_SZ:
    case REG_EXPAND_SZ: value->data = registry_utf16(a, words->data); return true;
    case REG_MULTI_SZ: value->data = texts_data(a, words->data); return true;
    case REG_DWORD: value->data = registry_number(a, number, 4); return numeric && number <= UINT32_MAX;
    case REG_QWORD: value->data = registry_number(a, number, 8); return numeric;
    default: return i < count && registry_bytes(a, str_trim(words->data), &value->data);
    }
}

static Status value_add(const Line *line, const Words *words, Str key, Source *src, Arena *scratch, Analysis *out)
{
    RegistryValue value = {
        .key = key, .written_ns = TIME_NONE, .is_line = true, .at = line->number, .offset = line->offset};
    value.name = str_eq(words->name, STR("(Default)")) ? (Str){0} : words->name;
    if (line->cut || source_open_ended(src) || !data_of(scratch, words, &value)) {
        analysis_diag_line(out, src, line->number, "a value that is not whole, or of no known type");
        return ST_FAILED;
    }
    registry_value_add(src, scratch, out, &value);
    return ST_OK;
}

/* Lines of other commands may stand between. */
static Status query_parse(Source *src, Arena *scratch, Analysis *out)
{
    Status status = ST_OK;
    Arena keep = {0};
    Str key = {0};
    Words words;
    for (Line line; source_line(src, &line);) {
        if (key_line(line.text)) {
            arena_reset(&keep);
            key = registry_key_short(&keep, str_trim(str_slice(line.text, 0, LIMIT_NAME)));
            key = registry_key_wanted(key) ? key : (Str){0};
        } else if (key.len && value_line(line.text, &words)) {
            status = status_worse(status, value_add(&line, &words, key, src, scratch, out));
        } else if (str_trim(line.text).len) {
            key = (Str){0};
        }
        arena_reset(scratch);
    }
    arena_free(&keep);
    return status;
}

static Bid query_bid(Str path, Str head)
{
    (void)path;
    TextHead room;
    head = text_head(head, &room);
    bool looking = text_looking(head), key = false;
    Words words;
    for (Str line; looking && text_next(&head, &line);) {
        if (key && value_line(line, &words)) {
            return BID_SHAPE;
        }
        key = key_line(line) || (key && !str_trim(line).len);
    }
    return BID_NO;
}

const Parser parser_registry_query = {
    .name = "registry_query",
    .reads = "what reg query printed",
    .service = SERVICE_REGISTRY_STATE,
    .bid = query_bid,
    .parse = query_parse,
};
