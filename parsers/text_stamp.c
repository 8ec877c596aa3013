#include "text_stamp.h"

#include <string.h>

#include "base/utf.h"

#define REDACTED STR("***REDACTED***")

Str text_unglued(Str line)
{
    while (line.len && line.at[0] == '*' && str_starts(line, REDACTED)) {
        line = str_from(line, REDACTED.len);
    }
    return line;
}

size_t text_thread(Str line)
{
    size_t i = 1;
    if (line.len < 4 || line.at[0] != '[') {
        return 0;
    }
    while (i < line.len && i <= 10 && byte_digit(line.at[i])) {
        i++;
    }
    return i > 1 && i + 1 < line.len && line.at[i] == ']' && line.at[i + 1] == ' ' ? i + 2 : 0;
}

static size_t blanks(Str text, size_t from)
{
    while (from < text.len && (text.at[from] == ' ' || text.at[from] == '\t')) {
        from++;
    }
    return from;
}

bool text_stamp(Str line, TextStamp *stamp)
{
    Str text = text_unglued(line);
    size_t at = text_thread(text), used;
    bool bracket = at < text.len && text.at[at] == '[';
    at += bracket;
    if (at >= text.len || !byte_digit(text.at[at])) {
        return false;
    }
    Str rest = str_from(text, at);
    if (!timestamp_iso(rest, &stamp->time, &used) && !timestamp_us(rest, &stamp->time, &used)) {
        return false;
    }
    if (bracket && (used >= rest.len || rest.at[used] != ']')) {
        return false;
    }
    stamp->text = str_slice(rest, 0, used);
    stamp->end = blanks(line, line.len - rest.len + used + bracket);
    return true;
}

bool text_level(Str *text, Level *level)
{
#define WORD(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
    static const struct {
        Str word;
        Level level;
    } words[] = {
        {WORD("INFO"), LEVEL_INFO},     {WORD("Information"), LEVEL_INFO},  {WORD("HEART"), LEVEL_VERBOSE},
        {WORD("TRACE"), LEVEL_VERBOSE}, {WORD("VERBOSE"), LEVEL_VERBOSE},   {WORD("DEBUG"), LEVEL_VERBOSE},
        {WORD("WARN"), LEVEL_WARNING},  {WORD("WARNING"), LEVEL_WARNING},   {WORD("ERROR"), LEVEL_ERROR},
        {WORD("ERR"), LEVEL_ERROR},     {WORD("CRITICAL"), LEVEL_CRITICAL}, {WORD("FATAL"), LEVEL_CRITICAL},
    };
#undef WORD
    if (!text->len || text->at[0] != '[') {
        return false;
    }
    size_t close = str_find_byte(str_slice(*text, 0, 14), ']', 1);
    Str word = close == STR_NOT_FOUND ? (Str){0} : str_slice(*text, 1, close);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (word.len == words[i].word.len && str_eq_nocase(word, words[i].word)) {
            bool colon = close + 1 < text->len && text->at[close + 1] == ':';
            *level = words[i].level;
            *text = str_from(*text, blanks(*text, close + 1 + colon));
            return true;
        }
    }
    return false;
}

/* --- heads ------------------------------------------------------------------------------------------------------ */

static bool is_utf16(Str head, bool big)
{
    size_t zeros = 0, pairs = head.len / 2;
    if (str_starts(head, big ? STR("\xFE\xFF") : STR("\xFF\xFE"))) {
        return true;
    }
    for (size_t i = 0; i < pairs; i++) {
        zeros += head.at[2 * i + !big] == 0 && head.at[2 * i + big] != 0;
    }
    return pairs >= 2 && zeros * 2 > pairs;
}

Str text_head(Str head, TextHead *room)
{
    head = str_slice(head, 0, LIMIT_HEAD);
    bool big = is_utf16(head, true);
    if (!big && !is_utf16(head, false)) {
        return str_starts(head, STR("\xEF\xBB\xBF")) ? str_from(head, 3) : head;
    }
    uint8_t pairs[LIMIT_HEAD];
    size_t bom = str_starts(head, STR("\xFE\xFF")) || str_starts(head, STR("\xFF\xFE")) ? 2 : 0;
    size_t len = (head.len - bom) & ~(size_t)1;
    for (size_t i = 0; i < len; i++) {
        pairs[i] = head.at[bom + (big ? i ^ 1 : i)];
    }
    return (Str){room->room, utf16le_to_utf8(room->room, (Str){pairs, len})};
}

bool text_looking(Str head)
{
    size_t zeros = 0, controls = 0;
    while (head.len && head.at[head.len - 1] == 0) {
        head.len--; /* what a crash leaves behind the last line */
    }
    for (size_t i = 0; i < head.len; i++) {
        uint8_t c = head.at[i];
        zeros += c == 0;
        controls += c != 0 && c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1B;
    }
    return head.len > zeros && zeros <= head.len / 2 && controls <= head.len / 64 + 1;
}

bool text_next(Str *rest, Str *line)
{
    if (!str_split(rest, '\n', line)) {
        return false;
    }
    while (line->len && (line->at[line->len - 1] == '\r' || line->at[line->len - 1] == 0)) {
        line->len--;
    }
    return true;
}

Str text_scanned_member(Str path)
{
    size_t device = str_find_nocase(path, STR("/device_"), 0);
    return device == STR_NOT_FOUND ? (Str){0} : str_from(path, device + 1);
}

Str text_name(Str path)
{
    size_t cut = str_rfind_byte(path, '/');
    return cut == STR_NOT_FOUND ? path : str_from(path, cut + 1);
}

/* --- codes ------------------------------------------------------------------------------------------------------ */

static bool hex_code(Str text, size_t at, uint32_t *code)
{
    uint32_t value = 0;
    if (text.len - at < 8 || byte_hex(text.at[at]) < 8) {
        return false;
    }
    for (size_t i = at; i < at + 8; i++) {
        if (byte_hex(text.at[i]) < 0) {
            return false;
        }
        value = value << 4 | (uint32_t)byte_hex(text.at[i]);
    }
    *code = value;
    return text.len - at == 8 || byte_hex(text.at[at + 8]) < 0;
}

/* `-2147024891`: a signed HRESULT. */
static bool decimal_code(Str text, uint32_t *code)
{
    for (size_t at = 0; (at = str_find_byte(text, '-', at)) != STR_NOT_FOUND; at++) {
        size_t end = at + 1;
        int64_t value;
        if (end >= text.len || text.at[end] != '2') {
            continue;
        }
        while (end < text.len && byte_digit(text.at[end])) {
            end++;
        }
        if (end - at == 11 && str_i64(str_slice(text, at, end), &value) && value >= INT32_MIN) {
            *code = (uint32_t)(int32_t)value;
            return true;
        }
    }
    return false;
}

Str text_hresult(Str text, bool decimals, char room[static 11])
{
    uint32_t code = 0;
    bool found = false;
    for (size_t at = 1; !found && (at = str_find_byte(text, 'x', at)) != STR_NOT_FOUND; at++) {
        found = text.at[at - 1] == '0' && hex_code(text, at + 1, &code);
    }
    if (!found && !(decimals && decimal_code(text, &code))) {
        return (Str){0};
    }
    memcpy(room, "0x", 2);
    for (int i = 0; i < 8; i++) {
        room[2 + i] = "0123456789abcdef"[code >> (28 - 4 * i) & 15];
    }
    return (Str){(const uint8_t *)room, 10};
}

static bool is_hex(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'f');
}

/* `1603`, `-1`, `0x80070643`; a nought in hexadecimal is `0`. */
static Str exit_value(Str text)
{
    bool hex = str_starts_nocase(text, STR("0x"));
    size_t sign = text.len && text.at[0] == '-', at = hex ? 2 : sign, digits = at, nought = at;
    while (at < text.len && (hex ? is_hex(text.at[at]) : byte_digit(text.at[at]))) {
        nought += at == nought && text.at[at] == '0';
        at++;
    }
    if (at == digits || at - digits > 10) {
        return (Str){0};
    }
    return str_slice(text, hex && nought == at ? at - 1 : 0, at);
}

/* What follows the word `exit`. */
static Str exit_number(Str text)
{
    size_t at = 0;
    bool with = str_starts_nocase(text, STR("ed with"));
    at = blanks(text, with ? 7 : 0);
    if (with && str_starts_nocase(str_from(text, at), STR("exit"))) {
        at = blanks(text, at + 4);
    }
    if (str_starts_nocase(str_from(text, at), STR("code"))) {
        at += 4;
    } else if (!with) {
        return (Str){0};
    }
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == ':' || text.at[at] == '=' || text.at[at] == '\t' ||
                             text.at[at] == '\'' || text.at[at] == '"')) {
        at++;
    }
    return exit_value(str_from(text, at));
}

Str text_exit_code(Str text, size_t *from)
{
    for (size_t at = *from > 1 ? *from : 1; (at = str_find_byte(text, 'x', at)) != STR_NOT_FOUND; at++) {
        if (byte_lower(text.at[at - 1]) == 'e' && str_starts_nocase(str_slice(text, at + 1, at + 3), STR("it"))) {
            Str number = exit_number(str_slice(text, at + 3, at + 64));
            if (number.len) {
                *from = at + 1;
                return number;
            }
        }
    }
    *from = text.len;
    return (Str){0};
}

/* --- names ------------------------------------------------------------------------------------------------------ */

static bool is_name(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '.' || c == '_' || c == '-';
}

static bool is_version(uint8_t c)
{
    return byte_digit(c) || c == '.';
}

static Str word_at(Str text, size_t at, bool (*belongs)(uint8_t))
{
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == ':' || text.at[at] == '\'' || text.at[at] == '"' ||
                             text.at[at] == '=')) {
        at++;
    }
    size_t end = at;
    while (end < text.len && belongs(text.at[end])) {
        end++;
    }
    while (end > at && text.at[end - 1] == '.') {
        end--;
    }
    return str_slice(text, at, end);
}

Str text_version(Str text)
{
    size_t at = str_find_nocase(text, STR("version"), 0);
    Str word = at == STR_NOT_FOUND ? (Str){0} : word_at(text, at + 7, is_version);
    return word.len && byte_digit(word.at[0]) ? word : (Str){0};
}

/* A handler is named with dots (publisher.type); other words behind `plugin` are prose. */
static Str handler_at(Str text, size_t at)
{
    Str word = word_at(text, at, is_name);
    return str_find_byte(word, '.', 0) == STR_NOT_FOUND ? (Str){0} : word;
}

void text_handler(Str text, Str *handler, Str *version)
{
    static const char *const before[] = {"name:", "plugin ", "handler ", "extension "};
    text = str_slice(text, 0, 1024);
    *handler = *version = (Str){0};
    for (size_t i = 0; i < sizeof before / sizeof *before && !handler->len; i++) {
        Str word = str_of(before[i]);
        for (size_t at = 0; !handler->len && (at = str_find(text, word, at)) != STR_NOT_FOUND; at++) {
            *handler = handler_at(text, at + word.len);
        }
    }
    size_t end = handler->len ? str_find(str_slice(text, 0, (size_t)(handler->at - text.at)), STR(" with exception"), 0)
                              : STR_NOT_FOUND;
    if (end != STR_NOT_FOUND) {
        *handler = (Str){0}; /* what the exception says is not whose it is */
        return;
    }
    size_t cut = str_rfind_byte(*handler, '_');
    if (cut != STR_NOT_FOUND && cut + 1 < handler->len && byte_digit(handler->at[cut + 1])) {
        *version = str_from(*handler, cut + 1);
        *handler = str_slice(*handler, 0, cut);
    } else if (handler->len) {
        *version = text_version(str_from(text, (size_t)(handler->at - text.at)));
    }
}

static Str path_part(Str text, size_t at)
{
    size_t end = at;
    while (end < text.len && text.at[end] != '/' && text.at[end] != '\\' && text.at[end] >= 0x20 &&
           text.at[end] != '"') {
        end++;
    }
    return end < text.len && (text.at[end] == '/' || text.at[end] == '\\') ? str_slice(text, at, end) : (Str){0};
}

bool text_is_version(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_version(s.at[i])) {
            return false;
        }
    }
    return s.len > 0 && byte_digit(s.at[0]);
}

void text_plugin_path(Str text, Str *handler, Str *version)
{
    *handler = *version = (Str){0};
    for (size_t at = 0; (at = str_find_nocase(text, STR("Plugins"), at)) != STR_NOT_FOUND; at++) {
        size_t from = at + 8;
        if (from > text.len || (text.at[from - 1] != '/' && text.at[from - 1] != '\\')) {
            continue;
        }
        Str name = path_part(text, from);
        Str number = name.len ? path_part(text, from + name.len + 1) : (Str){0};
        if (name.len && !text_is_version(name)) {
            *handler = name;
            *version = text_is_version(number) ? number : (Str){0};
            return;
        }
    }
}

void text_member_handler(Str path, Str *handler, Str *version)
{
    text_plugin_path(path, handler, version);
    Str parts[3] = {{0}}, part; /* …/<handler>/<version>/<name> */
    for (Str rest = path; str_split(&rest, '/', &part);) {
        parts[0] = parts[1];
        parts[1] = parts[2];
        parts[2] = part;
    }
    if (!handler->len && text_is_version(parts[1]) && str_find_byte(parts[1], '.', 0) != STR_NOT_FOUND) {
        *version = parts[1];
        *handler = str_find_byte(parts[0], '.', 0) == STR_NOT_FOUND ? (Str){0} : parts[0];
    }
}

/* --- events ----------------------------------------------------------------------------------------------------- */

void text_field(TextEvent *t, Str name, Str value)
{
    if (value.len && t->ev.field_count < TEXT_FIELDS) {
        t->fields[t->ev.field_count++] = (Field){name, value};
    }
}

void text_codes(TextEvent *t, Str text)
{
    /* Lines of the life cycle are many, and have dates, but no signed codes. */
    bool decimals = t->ev.level != LEVEL_INFO && t->ev.level != LEVEL_VERBOSE;
    size_t from = 0;
    t->ev.fields = t->fields;
    if (!decimals && str_find_byte(text, 'x', 0) == STR_NOT_FOUND) {
        return;
    }
    if (!event_field(&t->ev, STR("ExitCode")).len) {
        text_field(t, STR("ExitCode"), text_exit_code(text, &from));
    }
    text_field(t, STR("HResult"), text_hresult(text, decimals || t->ev.mark == MARK_COMMAND_EXIT, t->hresult));
}

void text_add(TextEvent *t, Source *src, Analysis *out)
{
    t->ev.fields = t->fields;
    analysis_add(out, src, &t->ev);
}

Str text_message(Arena *scratch, const TextRecord *record)
{
    Str text = record->text;
    if (text.len <= record->first.len || str_find_byte(text, '\r', 0) == STR_NOT_FOUND) {
        return text;
    }
    arena_reset(scratch);
    uint8_t *to = ARENA_NEW(scratch, uint8_t, text.len);
    size_t len = 0;
    for (size_t from = 0, hit; from < text.len; from = hit + 1) {
        hit = str_find_byte(text, '\r', from);
        hit = hit == STR_NOT_FOUND ? text.len : hit;
        memcpy(to + len, text.at + from, hit - from);
        len += hit - from;
    }
    return (Str){to, len};
}

void text_time(TextEvent *t, const TextStamp *stamp, const Event *before)
{
    Event *ev = &t->ev;
    if (stamp) {
        ev->time_ns = stamp->time.ns;
        ev->time_digits = stamp->time.digits;
        ev->time_text = stamp->text;
        ev->trust = stamp->time.zoned ? TRUST_STAMPED : TRUST_ASSUMED;
    } else {
        ev->time_ns = before->time_ns;
        ev->time_digits = before->time_digits;
        ev->trust = before->time_ns == TIME_NONE ? TRUST_NONE : TRUST_INHERITED;
    }
}

Status text_cut(const TextRecord *record, Source *src, Analysis *out)
{
    if (!record->cut) {
        return ST_OK;
    }
    analysis_limit(out, "record size", "records are read up to 1 MiB");
    return analysis_diag_line(out, src, record->line, "a record longer than is read: its end is lost");
}

Status text_end(Source *src, Analysis *out)
{
    if (src->offset == 0 || source_error(src) || !source_open_ended(src)) {
        return ST_OK;
    }
    return analysis_diag_line(out, src, src->line + 1, "the file ends inside a line");
}
