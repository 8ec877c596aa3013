#include "registry_value.h"

#include "base/secret.h"
#include "text_stamp.h"
#include "utf.h"

/* --- data ------------------------------------------------------------------------------------------------------- */

static bool is_text(uint32_t type)
{
    return type == REG_SZ || type == REG_EXPAND_SZ;
}

/* Up to the first NUL, as every program reads it: what stands behind it is left over from a longer value. */
static Str text_of(Arena *a, Str data)
{
    Str text = arena_utf16le(a, data);
    return str_slice(text, 0, str_find_byte(text, 0, 0));
}

static Str texts_of(Arena *a, Str data)
{
    VEC(Str) parts = {0};
    Str text, rest = arena_utf16le(a, data);
    while (str_split(&rest, 0, &text) && text.len) {
        if (parts.count) {
            *VEC_ADD(a, &parts) = STR("; ");
        }
        *VEC_ADD(a, &parts) = text;
    }
    return arena_join(a, parts.at, parts.count);
}

#define BYTES_SHOWN 64

static Str bytes_of(Arena *a, Str data)
{
    VEC(Str) parts = {0};
    for (size_t i = 0; i < data.len && i < BYTES_SHOWN; i++) {
        *VEC_ADD(a, &parts) = arena_format(a, i ? " %02x" : "%02x", data.at[i]);
    }
    if (data.len > BYTES_SHOWN) {
        *VEC_ADD(a, &parts) = arena_format(a, " … (%zu bytes)", data.len);
    }
    return arena_join(a, parts.at, parts.count);
}

/* False if it is no number, or not as long as one of its type. */
static bool number_of(const RegistryValue *value, uint64_t *number)
{
    Str data = value->data;
    size_t size = value->type == REG_QWORD                                          ? 8
                  : value->type == REG_DWORD || value->type == REG_DWORD_BIG_ENDIAN ? 4
                                                                                    : 0;
    *number = 0;
    for (size_t i = 0; i < size && data.len == size; i++) {
        size_t at = value->type == REG_DWORD_BIG_ENDIAN ? i : size - 1 - i;
        *number = *number << 8 | data.at[at];
    }
    return size && data.len == size;
}

Str registry_type_name(Arena *a, uint32_t type)
{
    static const char *const names[] = {
        "REG_NONE",
        "REG_SZ",
        "REG_EXPAND_SZ",
        "REG_BINARY",
        "REG_DWORD",
        "REG_DWORD_BIG_ENDIAN",
        "REG_LINK",
        "REG_MULTI_SZ",
        "REG_RESOURCE_LIST",
        "REG_FULL_RESOURCE_DESCRIPTOR",
        "REG_RESOURCE_REQUIREMENTS_LIST",
        "REG_QWORD",
    };
    bool known = type < sizeof names / sizeof *names;
    return known ? str_of(names[type]) : arena_format(a, "type 0x%x", (unsigned)type);
}

/* --- the event -------------------------------------------------------------------------------------------------- */

typedef struct Shown {
    Str details; /* as Sysmon prints it in its event 13 */
    Str number;  /* in decimal; empty: it is none */
    Str quote;   /* for people, who want to see what Sysmon hides */
} Shown;

static Shown show_text(Arena *a, Str data)
{
    uint64_t number;
    Str text = text_of(a, data);
    return (Shown){.details = text.len ? text : STR("(Empty)"),
                   .number = str_u64(text, 10, &number) ? text : (Str){0},
                   .quote = arena_join(a, (Str[]){STR("\""), text, STR("\"")}, 3)};
}

static Shown show_number(Arena *a, uint32_t type, uint64_t number)
{
    Shown shown = {.number = arena_format(a, "%llu", (unsigned long long)number)};
    unsigned high = (unsigned)(number >> 32), low = (unsigned)number;
    shown.details = type == REG_QWORD   ? arena_format(a, "QWORD (0x%08x-0x%08x)", high, low)
                    : type == REG_DWORD ? arena_format(a, "DWORD (0x%08x)", low)
                                        : STR("Binary Data");
    shown.quote = arena_join(a, (Str[]){registry_type_name(a, type), STR(" "), shown.number}, 3);
    return shown;
}

static Shown show_bytes(Arena *a, const RegistryValue *value)
{
    Str data = value->type == REG_MULTI_SZ ? texts_of(a, value->data) : bytes_of(a, value->data);
    return (Shown){.details = STR("Binary Data"),
                   .quote = arena_join(a, (Str[]){registry_type_name(a, value->type), STR(" "), data}, 3)};
}

static Shown show(Arena *a, const RegistryValue *value)
{
    uint64_t number;
    return secret_named(value->name)   ? (Shown){.details = STR("***"), .quote = STR("***")}
           : is_text(value->type)      ? show_text(a, value->data)
           : number_of(value, &number) ? show_number(a, value->type, number)
                                       : show_bytes(a, value);
}

/* The extension reads its switches as texts: `True` as a number, or `1` as a text, is neither true nor false to it. */
static bool is_switch(Str key, Str name)
{
    Str part = str_from(key, str_rfind_byte(key, '\\') + 1);
    return (str_eq_nocase(part, STR("BcdrAgent")) || str_eq_nocase(part, STR("BcdrAgentPersistentKeys"))) &&
           !str_eq_nocase(name, STR("SnapshotMethod"));
}

static void switch_check(Source *src, Arena *scratch, Analysis *out, const RegistryValue *value, Str details)
{
    bool text = is_text(value->type), view = str_has_nocase(value->key, STR("\\WOW6432Node\\"));
    bool known = text && (str_eq_nocase(details, STR("True")) || str_eq_nocase(details, STR("False")));
    if (!is_switch(value->key, value->name) || (known && !view)) {
        return;
    }
    Str what = view   ? STR("in the view of 32-bit programs (WOW6432Node)")
               : text ? STR("neither True nor False")
                      : registry_type_name(scratch, value->type);
    Str why = view ? STR(": no document tells that the extension reads it there")
                   : STR(": the extension reads a text (REG_SZ), True or False");
    const char *told = (const char *)arena_join(scratch, (Str[]){value->name, STR(" is "), what, why, STR("\0")}, 5).at;
    (void)(value->is_line ? analysis_diag_line : analysis_diag)(out, src, value->at, told);
}

void registry_value_add(Source *src, Arena *scratch, Analysis *out, const RegistryValue *value)
{
    size_t number;
    if (!registry_value_find(value->key, value->name, &number)) {
        return;
    }
    registry_set_value(&out->row->registry, value->key, value->name);
    Shown shown = show(scratch, value);
    Str name = value->name.len ? value->name : STR("(Default)");
    Str path = arena_join(scratch, (Str[]){value->key, STR("\\"), name}, 3);
    bool timed = value->written_ns != TIME_NONE;
    TextEvent t = {.ev = {.time_ns = value->written_ns,
                          .time_digits = timed ? 7 : 0,
                          .trust = timed ? TRUST_STAMPED : TRUST_NONE,
                          .service = SERVICE_REGISTRY_STATE,
                          .level = LEVEL_INFO,
                          .is_line = value->is_line,
                          .record = value->at,
                          .offset = value->is_line ? value->offset : value->at,
                          .message = arena_join(scratch, (Str[]){path, STR(" = "), shown.quote}, 3)}};
    text_field(&t, STR("TargetObject"), path);
    text_field(&t, STR("Details"), shown.details);
    text_field(&t, STR("ValueType"), registry_type_name(scratch, value->type));
    text_field(&t, STR("Number"), shown.number);
    if (str_ends_nocase(path, STR("\\Control\\ComputerName\\ComputerName\\ComputerName"))) {
        t.ev.mark = MARK_MACHINE;
        t.ev.computer = is_text(value->type) ? text_of(scratch, value->data) : (Str){0};
    }
    switch_check(src, scratch, out, value, shown.details);
    text_add(&t, src, out);
}

void registry_branch_read(Analysis *out, Str root)
{
    registry_set_key(&out->row->registry, root, true);
}

/* --- values in text --------------------------------------------------------------------------------------------- */

Str registry_key_short(Arena *a, Str key)
{
    static const char *const roots[] = {"HKEY_LOCAL_MACHINE\\", "HKLM\\"};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        Str root = str_of(roots[i]);
        if (str_starts_nocase(key, root)) {
            return arena_join(a, (Str[]){STR("HKLM\\"), str_from(key, root.len)}, 2);
        }
    }
    return (Str){0};
}

unsigned registry_control_set(Arena *a, Str key, Str *current)
{
    Str before = STR("HKLM\\SYSTEM\\ControlSet");
    uint64_t number;
    if (!str_starts_nocase(key, before) || !str_u64(str_slice(key, before.len, before.len + 3), 10, &number) ||
        (key.len > before.len + 3 && key.at[before.len + 3] != '\\')) {
        return 0;
    }
    *current = arena_join(a, (Str[]){STR("HKLM\\SYSTEM\\CurrentControlSet"), str_from(key, before.len + 3)}, 2);
    return (unsigned)number;
}

Str registry_utf16(Arena *a, Str text)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, 2 * text.len);
    size_t n = 0;
    for (size_t i = 0; i < text.len;) {
        uint32_t rune;
        size_t used = utf8_decode(text, i, &rune);
        rune = used ? rune : cp1252_rune(text.at[i]);
        i += used ? used : 1;
        if (rune >= 0x10000) {
            uint32_t high = 0xD800 + ((rune - 0x10000) >> 10);
            to[n++] = (uint8_t)high;
            to[n++] = (uint8_t)(high >> 8);
            rune = 0xDC00 + ((rune - 0x10000) & 0x3FF);
        }
        to[n++] = (uint8_t)rune;
        to[n++] = (uint8_t)(rune >> 8);
    }
    return (Str){to, n};
}

Str registry_number(Arena *a, uint64_t number, size_t size)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, size);
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(number >> 8 * i);
    }
    return (Str){to, size};
}

bool registry_bytes(Arena *a, Str text, Str *bytes)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, text.len);
    size_t n = 0, digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = byte_hex(text.at[i]);
        bool gap = text.at[i] == ' ' || text.at[i] == ',';
        if (digit < 0 && !gap) {
            return false;
        }
        if (gap || digits == 2) {
            n += digits > 0;
            digits = 0;
        }
        if (!gap) {
            to[n] = (uint8_t)((digits ? to[n] << 4 : 0) | digit);
            digits++;
        }
    }
    *bytes = (Str){to, n + (digits > 0)};
    return true;
}
