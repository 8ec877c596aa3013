#define PCRE2_CODE_UNIT_WIDTH 8
#include "rule_detection.h"

#include <pcre2.h>
#include <string.h>

#include "base/utf.h"
#include "limits.h"
#include "rule_expression.h"

#define TRANSFORMS_MAX 8

typedef enum Transform { TO_WINDASH, TO_BASE64, TO_BASE64OFFSET, TO_UTF16LE, TO_UTF16BE, TO_UTF16 } Transform;

typedef struct Modifiers {
    PatternKind kind;
    Place place;
    bool placed, all, cased, negated;
    Compare compare;
    uint32_t regex_options;
    Transform steps[TRANSFORMS_MAX];
    size_t step_count;
} Modifiers;

typedef struct Builder {
    Loader *l;
    RegexList *regexes;
    const LogSource *source;
} Builder;

/* --- numbers and addresses -------------------------------------------------------------------------------------- */

bool number_parse(Str s, long double *out)
{
    bool minus = s.len && (s.at[0] == '-' || s.at[0] == '+');
    bool negative = minus && s.at[0] == '-';
    s = str_from(s, minus);
    uint64_t whole;
    if (str_starts_nocase(s, STR("0x"))) {
        if (!str_u64(str_from(s, 2), 16, &whole)) {
            return false;
        }
        *out = negative ? -(long double)whole : (long double)whole;
        return true;
    }
    size_t dot = str_find_byte(s, '.', 0);
    Str fraction = dot == STR_NOT_FOUND ? (Str){0} : str_from(s, dot + 1);
    if (!str_u64(str_slice(s, 0, dot), 10, &whole) || (dot != STR_NOT_FOUND && fraction.len == 0)) {
        return false;
    }
    long double value = (long double)whole, unit = 1;
    for (size_t i = 0; i < fraction.len; i++) {
        if (!byte_digit(fraction.at[i])) {
            return false;
        }
        unit /= 10;
        value += unit * (fraction.at[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

static bool address_v4(Str s, uint8_t to[4])
{
    Str part;
    size_t n = 0;
    for (; str_split(&s, '.', &part); n++) {
        uint64_t byte;
        if (n == 4 || part.len > 3 || !str_u64(part, 10, &byte) || byte > 255) {
            return false;
        }
        to[n] = (uint8_t)byte;
    }
    return n == 4;
}

/* The groups of one side of `::`. */
static bool address_groups(Str s, uint8_t to[16], size_t *used)
{
    Str part;
    *used = 0;
    while (s.len && str_split(&s, ':', &part)) {
        uint64_t group;
        if (str_find_byte(part, '.', 0) != STR_NOT_FOUND && !s.len && *used <= 12 && address_v4(part, to + *used)) {
            *used += 4;
            return true;
        }
        if (*used > 14 || part.len > 4 || !str_u64(part, 16, &group)) {
            return false;
        }
        to[(*used)++] = (uint8_t)(group >> 8);
        to[(*used)++] = (uint8_t)group;
        if (s.at && !s.len) {
            return false; /* a colon at the end */
        }
    }
    return true;
}

bool address_parse(Str s, uint8_t address[16], bool *v4)
{
    memset(address, 0, 16);
    *v4 = address_v4(s, address + 12);
    if (*v4) {
        address[10] = address[11] = 0xFF;
        return true;
    }
    uint8_t left[16] = {0}, right[16] = {0};
    size_t gap = str_find(s, STR("::"), 0), used = 0, tail = 0;
    s = str_slice(s, 0, str_find_byte(s, '%', 0)); /* fe80::1%12 */
    if (str_find_byte(s, ':', 0) == STR_NOT_FOUND || !address_groups(str_slice(s, 0, gap), left, &used) ||
        (gap != STR_NOT_FOUND && !address_groups(str_from(s, gap + 2), right, &tail)) ||
        (gap == STR_NOT_FOUND ? used != 16 : used + tail > 14)) {
        return false;
    }
    memcpy(address, left, used);
    memcpy(address + 16 - tail, right, tail);
    *v4 = false;
    return true;
}

/* --- fields ----------------------------------------------------------------------------------------------------- */

static bool text_log(Service kind)
{
    return kind >= SERVICE_WAAPPAGENT && kind <= SERVICE_PLUGINLOG;
}

static FieldKind field_kind(const LogSource *source, Str name)
{
    static const struct {
        const char *name;
        FieldKind kind;
    } own[] = {
        {"EventID", FIELD_EVENT_ID}, {"Provider_Name", FIELD_PROVIDER},
        {"Channel", FIELD_CHANNEL},  {"Computer", FIELD_COMPUTER},
        {"Data", FIELD_DATA},
    };
    for (size_t i = 0; source->kind == SERVICE_EVENT_LOG && i < sizeof own / sizeof *own; i++) {
        if (str_eq_nocase(name, str_of(own[i].name))) {
            return own[i].kind;
        }
    }
    if (str_eq_nocase(name, STR("Level")) && (source->kind == SERVICE_EVENT_LOG || text_log(source->kind))) {
        return FIELD_LEVEL;
    }
    return !name.len ? FIELD_ANY : str_eq_nocase(name, STR("Message")) ? FIELD_MESSAGE : FIELD_NAMED;
}

static bool field_known(const LogSource *source, Str name)
{
    bool any = false, found = false;
    for (const LogSource *s = source; s; s = s->next) {
        any = any || !s->known_count;
        for (size_t i = 0; i < s->known_count && !found; i++) {
            found = str_eq_nocase(s->known[i], name);
        }
    }
    return any || found || !name.len;
}

/* Fields that Windows keeps outside of an event's data, and that our events do not carry. `at`: a text that begins with
 * the name. */
static bool field_check(Builder *b, const Node *at, Str name)
{
    static const char *const lost[] = {"EventRecordID",      "Execution_ProcessID",    "Execution_ThreadID",
                                       "Security_UserID",    "Correlation_ActivityID", "Provider_Guid",
                                       "EventID_Qualifiers", "TimeCreated_SystemTime", "Provider_EventSourceName"};
    for (size_t i = 0; b->source->kind == SERVICE_EVENT_LOG && i < sizeof lost / sizeof *lost; i++) {
        if (str_eq_nocase(name, str_of(lost[i]))) {
            COMPLAIN_IN(b->l, at, 0, name.len, STR("field '"), name,
                        STR("' is not supported; of the head of an event there are EventID, Provider_Name, Channel, "
                            "Level, Computer"));
            return false;
        }
    }
    if (!field_known(b->source, name)) {
        complain_unknown_in(b->l, at, 0, "field", name, b->source->known, b->source->known_count);
        return false;
    }
    if (name.len && (name.at[0] == ' ' || name.at[name.len - 1] == ' ')) {
        COMPLAIN_IN(b->l, at, 0, name.len, STR("a blank beside the name of a field; take it out"));
        return false;
    }
    return true;
}

/* --- texts with wildcards --------------------------------------------------------------------------------------- */

typedef struct Text {
    VEC(Piece) pieces;
} Text;

static void piece_add(Arena *a, Text *t, PieceKind kind, Str text)
{
    if (kind == PIECE_TEXT && !text.len) {
        return;
    }
    if (kind == PIECE_MANY && t->pieces.count && t->pieces.at[t->pieces.count - 1].kind == PIECE_MANY) {
        return;
    }
    *VEC_ADD(a, &t->pieces) = (Piece){kind, text};
}

/* Sigma: a backslash takes the meaning from `*`, `?` and itself, and is a backslash before anything else. */
static Text text_parse(Arena *a, Str s)
{
    Text t = {0};
    uint8_t *run = ARENA_NEW(a, uint8_t, s.len);
    size_t from = 0, to = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        if (c == '*' || c == '?') {
            piece_add(a, &t, PIECE_TEXT, (Str){run + from, to - from});
            piece_add(a, &t, c == '*' ? PIECE_MANY : PIECE_ONE, (Str){0});
            from = to;
            continue;
        }
        if (c == '\\' && i + 1 < s.len && (s.at[i + 1] == '*' || s.at[i + 1] == '?' || s.at[i + 1] == '\\')) {
            c = s.at[++i];
        }
        run[to++] = c;
    }
    piece_add(a, &t, PIECE_TEXT, (Str){run + from, to - from});
    return t;
}

static bool text_plain(const Text *t, Str *out)
{
    *out = t->pieces.count ? t->pieces.at[0].text : (Str){0};
    return t->pieces.count == 0 || (t->pieces.count == 1 && t->pieces.at[0].kind == PIECE_TEXT);
}

static bool word_byte(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_';
}

/* Bytes of the dash there: `-`, `/`, an en dash, an em dash or a horizontal bar; 0: none. */
static size_t dash_at(Str s, size_t at)
{
    if (s.at[at] == '-' || s.at[at] == '/') {
        return 1;
    }
    bool wide = s.len - at >= 3 && s.at[at] == 0xE2 && s.at[at + 1] == 0x80;
    return wide && s.at[at + 2] >= 0x93 && s.at[at + 2] <= 0x95 ? 3 : 0;
}

static bool option_byte(Str s, size_t at)
{
    return at < s.len && (word_byte(s.at[at]) || s.at[at] >= 0x80);
}

/* A dash that begins an option stands for every dash there is. */
static Text text_windash(Arena *a, const Text *t)
{
    Text out = {0};
    for (size_t p = 0; p < t->pieces.count; p++) {
        Piece piece = t->pieces.at[p];
        size_t from = 0;
        for (size_t i = 0, len; piece.kind == PIECE_TEXT && i < piece.text.len; i += len) {
            size_t dash = dash_at(piece.text, i);
            len = dash ? dash : 1;
            if (dash && option_byte(piece.text, i + dash) && !dash_at(piece.text, i + dash) &&
                !(i && option_byte(piece.text, i - 1))) {
                piece_add(a, &out, PIECE_TEXT, str_slice(piece.text, from, i));
                piece_add(a, &out, PIECE_DASH, (Str){0});
                from = i + dash;
            }
        }
        piece_add(a, &out, piece.kind, str_from(piece.text, from));
    }
    return out;
}

static Str utf16_encode(Arena *a, Str s, bool big, bool bom)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, 2 * s.len + 2);
    size_t n = 0, used;
    uint32_t rune = 0xFEFF;
    for (size_t i = 0; i < s.len || bom; i += used) {
        used = bom ? 0 : utf8_decode(s, i, &rune);
        used = used || bom ? used : 1;
        bom = false;
        uint32_t units[2] = {rune, 0};
        size_t count = 1;
        if (rune >= 0x10000) {
            units[0] = 0xD800 + ((rune - 0x10000) >> 10);
            units[1] = 0xDC00 + ((rune - 0x10000) & 0x3FF);
            count = 2;
        }
        for (size_t u = 0; u < count; u++) {
            to[n++] = (uint8_t)(big ? units[u] >> 8 : units[u]);
            to[n++] = (uint8_t)(big ? units[u] : units[u] >> 8);
        }
    }
    return (Str){to, n};
}

static Str base64_encode(Arena *a, Str s, size_t shift)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = s.len + shift;
    uint8_t *to = ARENA_NEW(a, uint8_t, (len + 2) / 3 * 4);
    size_t n = 0;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (i + k >= shift && i + k < len ? s.at[i + k - shift] : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            to[n++] = k <= len - i ? (uint8_t)digits[bits >> (18 - 6 * k) & 63] : '=';
        }
    }
    return (Str){to, n};
}

/* What is left of the text whatever stands before and behind it. */
static Str base64_offset(Arena *a, Str s, size_t shift)
{
    static const size_t first[] = {0, 2, 3}, last[] = {0, 3, 2};
    Str all = base64_encode(a, s, shift);
    return str_slice(all, first[shift], all.len - last[(s.len + shift) % 3]);
}

/* --- patterns --------------------------------------------------------------------------------------------------- */

static Str lower(Arena *a, Str s)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, s.len);
    for (size_t i = 0; i < s.len; i++) {
        to[i] = byte_lower(s.at[i]);
    }
    return (Str){to, s.len};
}

static pcre2_code *regex_compile(Builder *b, const Node *at, Str text, uint32_t options)
{
    int error;
    size_t offset;
    const uint8_t *pattern = text.at ? text.at : (const uint8_t *)"";
    options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *code = pcre2_compile(pattern, text.len, options, &error, &offset, NULL);
    if (!code) {
        uint8_t why[160];
        int len = pcre2_get_error_message(error, why, sizeof why);
        COMPLAIN_IN(b->l, at, offset, offset + 1, STR("regular expression: "), ((Str){why, len > 0 ? (size_t)len : 0}),
                    STR("; PCRE2 syntax is expected"));
        return NULL;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    *VEC_ADD(b->l->run, &b->regexes->codes) = code;
    return code;
}

/* Letters beyond ASCII have no case for the byte matcher, so these texts go to PCRE2. */
static Str text_regex(Arena *a, const Text *t, Place place)
{
    VEC(Str) parts = {0};
    if (place == PLACE_WHOLE || place == PLACE_START) {
        *VEC_ADD(a, &parts) = STR("\\A");
    }
    for (size_t p = 0; p < t->pieces.count; p++) {
        const Piece *piece = &t->pieces.at[p];
        if (piece->kind != PIECE_TEXT) {
            *VEC_ADD(a, &parts) = piece->kind == PIECE_ONE    ? STR(".")
                                  : piece->kind == PIECE_MANY ? STR(".*?")
                                                              : STR("[-/\\x{2013}\\x{2014}\\x{2015}]");
        }
        for (size_t i = 0; i < piece->text.len; i++) {
            if (piece->text.at[i] < 0x80 && !word_byte(piece->text.at[i])) {
                *VEC_ADD(a, &parts) = STR("\\");
            }
            *VEC_ADD(a, &parts) = str_slice(piece->text, i, i + 1);
        }
    }
    if (place == PLACE_WHOLE || place == PLACE_END) {
        *VEC_ADD(a, &parts) = STR("\\z");
    }
    return arena_join(a, parts.at, parts.count);
}

static bool text_foreign(const Text *t)
{
    for (size_t p = 0; p < t->pieces.count; p++) {
        for (size_t i = 0; i < t->pieces.at[p].text.len; i++) {
            if (t->pieces.at[p].text.at[i] >= 0x80) {
                return true;
            }
        }
    }
    return false;
}

static void pattern_glob(Arena *a, Pattern *out, const Text *t, Place place)
{
    Text all = {0};
    if (place == PLACE_END || place == PLACE_ANYWHERE) {
        piece_add(a, &all, PIECE_MANY, (Str){0});
    }
    for (size_t p = 0; p < t->pieces.count; p++) {
        piece_add(a, &all, t->pieces.at[p].kind, t->pieces.at[p].text);
    }
    if (place == PLACE_START || place == PLACE_ANYWHERE) {
        piece_add(a, &all, PIECE_MANY, (Str){0});
    }
    for (size_t p = 0; p < all.pieces.count && !out->cased; p++) {
        all.pieces.at[p].text = lower(a, all.pieces.at[p].text);
    }
    out->kind = PATTERN_GLOB;
    out->pieces = all.pieces.at;
    out->piece_count = all.pieces.count;
}

/* `*x*`, `*x` and `x*` are what contains, endswith and startswith say, and those are quick. */
static Place place_fold(Text *t, Place place)
{
    bool head = t->pieces.count > 1 && t->pieces.at[0].kind == PIECE_MANY;
    bool tail = t->pieces.count > 1 && t->pieces.at[t->pieces.count - 1].kind == PIECE_MANY;
    bool from = place == PLACE_START || place == PLACE_WHOLE, to = place == PLACE_END || place == PLACE_WHOLE;
    if (head) {
        t->pieces.at++;
    }
    t->pieces.count -= (size_t)head + (tail && t->pieces.count > (size_t)head);
    from = from && !head;
    to = to && !tail;
    return from ? (to ? PLACE_WHOLE : PLACE_START) : to ? PLACE_END : PLACE_ANYWHERE;
}

static bool pattern_text(Builder *b, const Node *at, const Modifiers *m, Text t, bool encoded, Pattern *out)
{
    Arena *a = b->l->run;
    *out = (Pattern){.kind = PATTERN_TEXT, .cased = m->cased, .place = m->place};
    out->place = place_fold(&t, m->place);
    Str plain;
    if (!m->cased && !encoded && text_foreign(&t)) {
        out->kind = PATTERN_REGEX;
        out->pieces = t.pieces.at;
        out->piece_count = t.pieces.count;
        out->regex = regex_compile(b, at, text_regex(a, &t, out->place), PCRE2_CASELESS | PCRE2_DOTALL);
        return out->regex != NULL;
    }
    if (text_plain(&t, &plain)) {
        out->text = m->cased ? plain : lower(a, plain);
        return true;
    }
    pattern_glob(a, out, &t, out->place);
    return true;
}

typedef struct Texts {
    VEC(Text) list;
} Texts;

static void texts_plain(Arena *a, Texts *to, Str s)
{
    Text t = {0};
    piece_add(a, &t, PIECE_TEXT, s);
    *VEC_ADD(a, &to->list) = t;
}

static bool transform(Builder *b, const Node *at, Transform step, const Text *t, Texts *to)
{
    Arena *a = b->l->run;
    Str plain;
    if (step == TO_WINDASH) {
        *VEC_ADD(a, &to->list) = text_windash(a, t);
        return true;
    }
    if (!text_plain(t, &plain)) {
        COMPLAIN(b->l, at,
                 STR("wildcards (or windash) cannot be encoded; escape them with a backslash, or drop the encoding "
                     "modifier"));
        return false;
    }
    if (step == TO_BASE64OFFSET && plain.len < 2) {
        COMPLAIN(b->l, at, STR("too short to be found at every offset; give two characters or more"));
        return false;
    }
    if (step == TO_BASE64OFFSET) {
        for (size_t shift = 0; shift < 3; shift++) {
            texts_plain(a, to, base64_offset(a, plain, shift));
        }
    } else {
        texts_plain(a, to,
                    step == TO_BASE64 ? base64_encode(a, plain, 0)
                                      : utf16_encode(a, plain, step == TO_UTF16BE, step == TO_UTF16));
    }
    return true;
}

static bool value_text(Builder *b, const Node *at, const Modifiers *m, Value *out)
{
    Arena *a = b->l->run;
    Texts texts = {0};
    *VEC_ADD(a, &texts.list) = text_parse(a, at->text);
    bool encoded = false;
    for (size_t s = 0; s < m->step_count; s++) {
        Texts next = {0};
        for (size_t i = 0; i < texts.list.count; i++) {
            if (!transform(b, at, m->steps[s], &texts.list.at[i], &next)) {
                return false;
            }
        }
        texts = next;
        encoded = encoded || m->steps[s] != TO_WINDASH;
    }
    Pattern *patterns = ARENA_NEW(a, Pattern, texts.list.count);
    for (size_t i = 0; i < texts.list.count; i++) {
        if (!pattern_text(b, at, m, texts.list.at[i], encoded, &patterns[i])) {
            return false;
        }
    }
    *out = (Value){patterns, texts.list.count, at};
    return true;
}

static bool bits_beyond(const uint8_t net[16], unsigned bits)
{
    for (unsigned i = bits; i < 128; i++) {
        if (net[i / 8] >> (7 - i % 8) & 1) {
            return true;
        }
    }
    return false;
}

static bool pattern_cidr(Builder *b, const Node *at, Pattern *out)
{
    size_t slash = str_find_byte(at->text, '/', 0);
    uint64_t bits;
    if (slash == STR_NOT_FOUND || !address_parse(str_slice(at->text, 0, slash), out->net, &out->net_v4) ||
        !str_u64(str_from(at->text, slash + 1), 10, &bits) || bits > (out->net_v4 ? 32 : 128)) {
        COMPLAIN(b->l, at, STR("not a network; write it as 10.0.0.0/8 or fe80::/10"));
        return false;
    }
    out->bits = (unsigned)bits + (out->net_v4 ? 96 : 0);
    if (bits_beyond(out->net, out->bits)) {
        COMPLAIN_IN(b->l, at, slash, at->text.len,
                    STR("the address has bits beyond its mask; write the network's own address, or a longer mask"));
        return false;
    }
    return true;
}

static bool pattern_field(Builder *b, const Node *at, Pattern *out)
{
    if (!at->text.len || str_find_byte(at->text, '*', 0) != STR_NOT_FOUND ||
        str_find_byte(at->text, '?', 0) != STR_NOT_FOUND) {
        COMPLAIN(b->l, at, STR("fieldref needs the name of a field, without wildcards"));
        return false;
    }
    out->ref = field_kind(b->source, at->text);
    return field_check(b, at, at->text);
}

static bool pattern_of(Builder *b, const Node *at, const Modifiers *m, Pattern *out)
{
    *out = (Pattern){.kind = m->kind, .place = m->place, .cased = m->cased, .compare = m->compare, .text = at->text};
    size_t before = b->l->error_count;
    switch (m->kind) {
    case PATTERN_REGEX: out->regex = regex_compile(b, at, at->text, m->regex_options); return out->regex != NULL;
    case PATTERN_EXISTS: out->yes = node_flag(b->l, at, "exists"); return b->l->error_count == before;
    case PATTERN_CIDR: return pattern_cidr(b, at, out);
    case PATTERN_COMPARE:
        if (!number_parse(at->text, &out->number)) {
            COMPLAIN(b->l, at, STR("'"), at->text, STR("' is not a number; lt, lte, gt and gte compare numbers"));
            return false;
        }
        return true;
    default: return pattern_field(b, at, out);
    }
}

static bool all_of(Str s, const char *bytes)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!memchr(bytes, s.at[i], strlen(bytes))) {
            return false;
        }
    }
    return s.len > 0;
}

/* What readers of YAML do not agree upon: yes, 017, 1_000, 1:30, 1e3, .5 are a text to some and a number or a truth to
 * others. NULL, or what it may be taken for. */
static const char *ambiguous(Str s)
{
    const Str flags[] = {STR("yes"), STR("no"), STR("on"), STR("off")};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (str_eq_nocase(s, flags[i])) {
            return "a truth, as true and false are";
        }
    }
    Str n = str_from(s, s.len && (s.at[0] == '-' || s.at[0] == '+'));
    bool digit = n.len && byte_digit(n.at[0]);
    if (str_starts(n, STR("0o")) || str_starts(n, STR("0b")) ||
        (n.len > 1 && n.at[0] == '0' && all_of(n, "01234567"))) {
        return all_of(str_from(n, 2), "01234567") || n.at[1] < 'a' ? "a number that is not to the base of ten" : NULL;
    }
    if (digit && (all_of(n, "0123456789_") || all_of(n, "0123456789:")) && !all_of(n, "0123456789") &&
        byte_digit(n.at[n.len - 1])) {
        return "a number with '_' or ':' in it";
    }
    bool point =
        n.len > 1 && n.at[0] == '.' &&
        (all_of(str_from(n, 1), "0123456789") || str_eq_nocase(n, STR(".inf")) || str_eq_nocase(n, STR(".nan")));
    size_t e = str_find_byte(n, 'e', 0);
    e = e == STR_NOT_FOUND ? str_find_byte(n, 'E', 0) : e;
    bool power = digit && e != STR_NOT_FOUND && all_of(str_slice(n, 0, e), "0123456789.") &&
                 all_of(str_from(n, e + 1), "+-0123456789");
    return point || power ? "a number with a point or a power of ten" : NULL;
}

static bool value_check(Builder *b, const Node *at, const Modifiers *m, bool keyword)
{
    const char *other = at->plain ? ambiguous(at->text) : NULL;
    if (at->kind != NODE_SCALAR) {
        COMPLAIN(b->l, at, STR("a value is a text, a number, or a flat list of them"));
    } else if (node_null(at) && (keyword || m->kind != PATTERN_TEXT || m->placed || m->cased || m->step_count)) {
        COMPLAIN(b->l, at,
                 keyword ? STR("null is no keyword; give a word that must stand in the event")
                         : STR("null goes with no modifier but neq; write '' for an empty text"));
    } else if (m->kind == PATTERN_TEXT && !node_null(at) && !at->text.len &&
               (keyword || m->place != PLACE_WHOLE || m->step_count)) {
        COMPLAIN(b->l, at, STR("an empty text stands in every value; give a text, or use '|exists: true'"));
    } else if (other && m->kind == PATTERN_TEXT) {
        COMPLAIN(b->l, at, STR("'"), at->text, STR("' may also be read as "), str_of(other),
                 STR("; put it in quotes if it is a text"));
    } else {
        return !at->broken;
    }
    return false;
}

static bool value_load(Builder *b, const Node *at, const Modifiers *m, bool keyword, Value *out)
{
    if (!value_check(b, at, m, keyword)) {
        return false;
    }
    Pattern *p = ARENA_NEW(b->l->run, Pattern, 1);
    *out = (Value){p, 1, at};
    if (node_null(at)) {
        p->kind = PATTERN_NULL;
        return true;
    }
    if (m->kind != PATTERN_TEXT) {
        return pattern_of(b, at, m, p);
    }
    if (at->plain && m->place == PLACE_WHOLE && !m->step_count && number_parse(at->text, &p->number)) {
        p->kind = PATTERN_NUMBER;
        p->text = lower(b->l->run, at->text);
        return true;
    }
    return value_text(b, at, m, out);
}

/* --- modifiers -------------------------------------------------------------------------------------------------- */

typedef enum ModifierKind {
    MOD_PLACE,
    MOD_KIND,
    MOD_COMPARE,
    MOD_TRANSFORM,
    MOD_ALL,
    MOD_CASED,
    MOD_NEQ,
    MOD_FLAG,
    MOD_REFUSED
} ModifierKind;
static const struct Modifier {
    const char *name;
    ModifierKind kind;
    int value;
} modifiers[] = {
    {"contains", MOD_PLACE, PLACE_ANYWHERE},
    {"startswith", MOD_PLACE, PLACE_START},
    {"endswith", MOD_PLACE, PLACE_END},
    {"re", MOD_KIND, PATTERN_REGEX},
    {"exists", MOD_KIND, PATTERN_EXISTS},
    {"fieldref", MOD_KIND, PATTERN_FIELD},
    {"cidr", MOD_KIND, PATTERN_CIDR},
    {"lt", MOD_COMPARE, COMPARE_LT},
    {"lte", MOD_COMPARE, COMPARE_LTE},
    {"gt", MOD_COMPARE, COMPARE_GT},
    {"gte", MOD_COMPARE, COMPARE_GTE},
    {"windash", MOD_TRANSFORM, TO_WINDASH},
    {"base64", MOD_TRANSFORM, TO_BASE64},
    {"base64offset", MOD_TRANSFORM, TO_BASE64OFFSET},
    {"utf16le", MOD_TRANSFORM, TO_UTF16LE},
    {"wide", MOD_TRANSFORM, TO_UTF16LE},
    {"utf16be", MOD_TRANSFORM, TO_UTF16BE},
    {"utf16", MOD_TRANSFORM, TO_UTF16},
    {"all", MOD_ALL, 0},
    {"cased", MOD_CASED, 0},
    {"neq", MOD_NEQ, 0},
    {"i", MOD_FLAG, PCRE2_CASELESS},
    {"m", MOD_FLAG, PCRE2_MULTILINE},
    {"s", MOD_FLAG, PCRE2_DOTALL},
    {"expand", MOD_REFUSED, 0},
    {"minute", MOD_REFUSED, 0},
    {"hour", MOD_REFUSED, 0},
    {"day", MOD_REFUSED, 0},
    {"week", MOD_REFUSED, 0},
    {"month", MOD_REFUSED, 0},
    {"year", MOD_REFUSED, 0},
};
#define MODIFIER_COUNT (sizeof modifiers / sizeof *modifiers)

static bool encodes(const Modifiers *m)
{
    for (size_t i = 0; i < m->step_count; i++) {
        if (m->steps[i] != TO_WINDASH) {
            return true;
        }
    }
    return false;
}

/* What is wrong with one more modifier behind those before it; NULL: nothing. */
static const char *place_add(Modifiers *m, Place place)
{
    if (m->placed || !(m->kind == PATTERN_TEXT || m->kind == PATTERN_FIELD)) {
        return "' does not go with the modifiers before it; one of contains, startswith, endswith, and no re or number";
    }
    m->place = place;
    m->placed = true;
    return NULL;
}

static const char *kind_add(Modifiers *m, PatternKind kind, int value)
{
    if (m->kind != PATTERN_TEXT || m->step_count || (m->placed && kind != PATTERN_FIELD) ||
        (kind == PATTERN_EXISTS && (m->all || m->negated))) {
        return "' does not go with the modifiers before it; leave one of them out";
    }
    if (m->cased && kind != PATTERN_FIELD) {
        return kind == PATTERN_REGEX ? "' minds case by itself; leave 'cased' out"
                                     : "' does not go with 'cased'; leave that out";
    }
    m->kind = kind;
    m->compare = kind == PATTERN_COMPARE ? (Compare)value : COMPARE_LT;
    return NULL;
}

static const char *transform_add(Modifiers *m, Transform step)
{
    if (m->kind != PATTERN_TEXT || m->step_count == TRANSFORMS_MAX) {
        return "' does not go with the modifiers before it; it changes a text";
    }
    if (step == TO_WINDASH ? m->step_count > 0 : m->step_count > 0 && m->steps[0] == TO_WINDASH) {
        return "' does not go with the modifiers before it; windash and an encoding exclude each other";
    }
    if (step != TO_WINDASH && m->placed) {
        return "' encodes the text; write it before contains, startswith or endswith";
    }
    m->steps[m->step_count++] = step;
    return NULL;
}

static const char *flag_add(Modifiers *m, uint32_t flag)
{
    if (m->kind != PATTERN_REGEX || (m->regex_options & flag)) {
        return m->kind == PATTERN_REGEX ? "' stands here twice; leave one out"
                                        : "' is a flag of re; write it behind re";
    }
    m->regex_options |= flag;
    return NULL;
}

static const char *option_add(Modifiers *m, ModifierKind kind)
{
    bool *option = kind == MOD_ALL ? &m->all : kind == MOD_CASED ? &m->cased : &m->negated;
    if (*option) {
        return "' stands here twice; leave one out";
    }
    if (m->kind == PATTERN_EXISTS) {
        return "' does not go with exists; write 'exists: true' or 'exists: false'";
    }
    if (kind == MOD_CASED && m->kind != PATTERN_TEXT && m->kind != PATTERN_FIELD) {
        return m->kind == PATTERN_REGEX ? "' does not go with re, which minds case; '|i' makes it not"
                                        : "' goes with texts only; leave it out";
    }
    *option = true;
    return NULL;
}

static const char *modifier_add(Modifiers *m, const struct Modifier *mod)
{
    switch (mod->kind) {
    case MOD_PLACE: return place_add(m, (Place)mod->value);
    case MOD_KIND: return kind_add(m, (PatternKind)mod->value, 0);
    case MOD_COMPARE: return kind_add(m, PATTERN_COMPARE, mod->value);
    case MOD_TRANSFORM: return transform_add(m, (Transform)mod->value);
    case MOD_FLAG: return flag_add(m, (uint32_t)mod->value);
    case MOD_REFUSED: return "' is not supported; write the values out";
    default: return option_add(m, mod->kind);
    }
}

static bool modifier_take(Builder *b, const Node *key, size_t from, Str word, Modifiers *m)
{
    for (size_t i = 0; i < MODIFIER_COUNT; i++) {
        if (!str_eq(str_of(modifiers[i].name), word)) {
            continue;
        }
        const char *why = modifier_add(m, &modifiers[i]);
        if (why) {
            COMPLAIN_IN(b->l, key, from, from + word.len, STR("modifier '"), word, str_of(why));
        }
        return !why;
    }
    Str names[MODIFIER_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < MODIFIER_COUNT; i++) {
        names[count] = str_of(modifiers[i].name);
        count += modifiers[i].kind != MOD_REFUSED;
    }
    if (word.len) {
        complain_unknown_in(b->l, key, from, "modifier", word, names, count);
    } else {
        COMPLAIN_IN(b->l, key, from - 1, from, STR("a modifier is missing behind '|'; add it, or take the '|' out"));
    }
    return false;
}

/* Those behind the bar of `Field|a|b`. */
static bool modifiers_load(Builder *b, const Node *key, size_t bar, Modifiers *m)
{
    for (size_t from = bar + 1, to; from <= key->text.len; from = to + 1) {
        to = str_find_byte(key->text, '|', from);
        to = to == STR_NOT_FOUND ? key->text.len : to;
        if (!modifier_take(b, key, from, str_slice(key->text, from, to), m)) {
            return false;
        }
    }
    bool offset = m->step_count && m->steps[m->step_count - 1] == TO_BASE64OFFSET;
    if (offset && m->place != PLACE_ANYWHERE) {
        COMPLAIN_IN(b->l, key, bar + 1, key->text.len,
                    STR("base64offset finds a text inside another; add '|contains'"));
        return false;
    }
    if (encodes(m) && m->steps[m->step_count - 1] == TO_UTF16 && m->place == PLACE_END) {
        COMPLAIN_IN(b->l, key, bar + 1, key->text.len,
                    STR("utf16 begins with a byte order mark; use utf16le or utf16be to find an end"));
        return false;
    }
    return true;
}

/* --- tests and selections --------------------------------------------------------------------------------------- */

static bool is_identity(const LogSource *source, FieldKind kind, Str name)
{
    if (kind == FIELD_EVENT_ID || kind == FIELD_PROVIDER || kind == FIELD_CHANNEL) {
        return true;
    }
    for (size_t i = 0; i < source->identity_count; i++) {
        if (str_eq_nocase(source->identity[i], name)) {
            return true;
        }
    }
    return false;
}

static const Selection *selection_test(Builder *b, const Test *test)
{
    Selection *s = ARENA_NEW(b->l->run, Selection, 1);
    *s = (Selection){.kind = SELECT_TEST, .test = test};
    return s;
}

static const Selection *test_load(Builder *b, Str name, const Modifiers *m, Node *const *values, size_t count,
                                  const Node *key, const Node *at)
{
    Value *list = ARENA_NEW(b->l->run, Value, count);
    Test *t = ARENA_NEW(b->l->run, Test, 1);
    if (!count) {
        COMPLAIN(b->l, at, STR("an empty list; give at least one value"));
        return NULL;
    }
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        ok = value_load(b, values[i], m, !name.len, &list[i]) && ok;
    }
    if (!ok) {
        return NULL;
    }
    *t = (Test){.name = name, .all = m->all, .negated = m->negated, .values = list, .count = count, .at = key};
    t->field = field_kind(b->source, name);
    t->identity = is_identity(b->source, t->field, name);
    return selection_test(b, t);
}

static bool pair_check(Builder *b, const Node *key, size_t bar, const Modifiers *m, const Node *value)
{
    bool list = value->kind == NODE_LIST;
    if (!bar && (m->kind == PATTERN_EXISTS || m->kind == PATTERN_FIELD)) {
        COMPLAIN(b->l, key, STR("this modifier needs a field before it: 'Field|exists'"));
        return false;
    }
    if (list && m->kind == PATTERN_EXISTS) {
        COMPLAIN(b->l, value, STR("'exists' is true or false, not a list"));
        return false;
    }
    if (m->all && (!list || value->count < 2) && !value->broken) {
        COMPLAIN_IN(b->l, key, bar + 1, key->text.len,
                    STR("modifier 'all' needs a list of two values or more; leave it out for one"));
        return false;
    }
    return true;
}

static const Selection *pair_load(Builder *b, const Node *key, Node *value)
{
    size_t bar = str_find_byte(key->text, '|', 0);
    Str name = str_slice(key->text, 0, bar);
    Modifiers m = {.place = name.len ? PLACE_WHOLE : PLACE_ANYWHERE};
    if (!key->text.len || node_null(key)) {
        COMPLAIN(b->l, key, STR("the name of a field is missing; write 'Field: value', or words as a list"));
        return NULL;
    }
    if (!field_check(b, key, name) || (bar != STR_NOT_FOUND && !modifiers_load(b, key, bar, &m)) ||
        !pair_check(b, key, bar, &m, value)) {
        return NULL;
    }
    bool list = value->kind == NODE_LIST;
    return test_load(b, name, &m, list ? value->items : &value, list ? value->count : 1, key, value);
}

static const Selection *map_load(Builder *b, const Node *n)
{
    const Selection **items = ARENA_NEW(b->l->run, const Selection *, n->count);
    bool ok = n->count > 0;
    if (!ok) {
        COMPLAIN(b->l, n, STR("an empty selection; give at least one 'field: value'"));
    }
    for (size_t i = 0; i < n->count; i++) {
        items[i] = pair_load(b, map_key(n, i), map_value(n, i));
        ok = ok && items[i];
    }
    Selection *s = ARENA_NEW(b->l->run, Selection, 1);
    *s = (Selection){.kind = SELECT_ALL, .items = items, .count = n->count};
    return ok ? s : NULL;
}

static const Selection *list_load(Builder *b, const Node *n)
{
    const Selection **items = ARENA_NEW(b->l->run, const Selection *, n->count + 1);
    Node **words = ARENA_NEW(b->l->run, Node *, n->count);
    Modifiers keyword = {.place = PLACE_ANYWHERE};
    size_t count = 0, word_count = 0;
    bool ok = true;
    for (size_t i = 0; i < n->count; i++) {
        if (n->items[i]->kind == NODE_MAP) {
            items[count] = map_load(b, n->items[i]);
            ok = ok && items[count++];
        } else {
            words[word_count++] = n->items[i];
        }
    }
    if (word_count || !n->count) {
        items[count] = test_load(b, (Str){0}, &keyword, words, word_count, n, n);
        ok = ok && items[count++];
    }
    Selection *s = ARENA_NEW(b->l->run, Selection, 1);
    *s = (Selection){.kind = SELECT_ANY, .items = items, .count = count};
    return ok ? s : NULL;
}

static const Selection *selection_load(Builder *b, Node *n)
{
    Modifiers keyword = {.place = PLACE_ANYWHERE};
    if (node_null(n)) {
        COMPLAIN(b->l, n, STR("an empty selection; give at least one 'field: value'"));
        return NULL;
    }
    size_t colon = n->plain ? str_find_byte(n->text, ':', 0) : STR_NOT_FOUND;
    if (colon != STR_NOT_FOUND) { /* A:1 is a word to YAML */
        COMPLAIN_IN(b->l, n, colon, colon + 1,
                    STR("a blank is missing behind ':'; write 'field: value', or put a word to search for in quotes"));
        return NULL;
    }
    return n->kind == NODE_MAP    ? map_load(b, n)
           : n->kind == NODE_LIST ? list_load(b, n)
                                  : test_load(b, (Str){0}, &keyword, &n, 1, n, n);
}

/* Several conditions: any of them. */
static const Expression *condition_load(Loader *l, const Node *n, const Str *names, size_t count)
{
    if (n->kind != NODE_LIST) {
        return expression_parse(l, n, "selection", names, count);
    }
    const Expression *all = NULL;
    for (size_t i = 0; i < n->count; i++) {
        const Expression *e = expression_parse(l, n->items[i], "selection", names, count);
        all = all && e ? expression_new(l->run, EXPR_OR, all, e) : e;
    }
    if (!n->count) {
        COMPLAIN(l, n, STR("an empty condition; name a selection"));
    }
    return all;
}

/* What a condition can name. */
static void selection_name_check(Loader *l, const Node *key)
{
    const Str taken[] = {STR("and"), STR("or"), STR("not")};
    bool ok = key->text.len > 0;
    for (size_t i = 0; i < key->text.len; i++) {
        uint8_t c = key->text.at[i];
        ok = ok && (word_byte(c) || c == '-' || c >= 0x80);
    }
    for (size_t i = 0; i < 3; i++) {
        ok = ok && !str_eq_nocase(key->text, taken[i]);
    }
    if (!ok) {
        COMPLAIN(l, key, STR("'"), key->text,
                 STR("' cannot be named in a condition; use letters, digits, '_' and '-', and no 'and', 'or', 'not'"));
    }
}

static bool key_is_selection(Loader *l, const Node *key, bool has_condition)
{
    const Str condition = STR("condition");
    if (str_eq(key->text, condition)) {
        return false;
    }
    if (str_eq(key->text, STR("timeframe"))) {
        COMPLAIN(l, key, STR("'timeframe' is not supported; write a correlation with a timespan"));
        return false;
    }
    if (!has_condition && nearest_word(key->text, &condition, 1).len) {
        complain_unknown(l, key, "key", key->text, &condition, 1);
        return false;
    }
    selection_name_check(l, key);
    return true;
}

Detection *detection_load(Loader *l, const Node *n, const LogSource *source, RegexList *regexes)
{
    Builder b = {l, regexes, source};
    size_t before = l->error_count;
    if (n->kind != NODE_MAP) {
        COMPLAIN(l, n, STR("'detection' must be a map of selections and a condition"));
        return NULL;
    }
    const Node *condition = map_get(n, "condition");
    Detection *d = ARENA_NEW(l->run, Detection, 1);
    Str *names = ARENA_NEW(l->run, Str, n->count);
    d->selections = ARENA_NEW(l->run, const Selection *, n->count);
    d->keys = ARENA_NEW(l->run, const Node *, n->count);
    for (size_t i = 0; i < n->count; i++) {
        if (key_is_selection(l, map_key(n, i), condition)) {
            names[d->count] = map_key(n, i)->text;
            d->keys[d->count] = map_key(n, i);
            d->selections[d->count++] = selection_load(&b, map_value(n, i));
        }
    }
    if (condition) {
        d->condition = condition_load(l, condition, names, d->count);
    } else if (l->error_count == before) {
        COMPLAIN(l, n, STR("'condition' is missing; add 'condition: selection'"));
    }
    return l->error_count == before ? d : NULL;
}
