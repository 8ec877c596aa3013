/* Of a marked line, what a rule may ask for: what is the same on every machine that has the trouble. */
#include "draft_parts.h"
#include "error_code.h"

#define PIECES_MAX 4
#define PIECE_MIN  8

static bool letter(uint8_t c)
{
    return byte_lower(c) >= 'a' && byte_lower(c) <= 'z';
}

/* --- log sources ------------------------------------------------------------------------------------------------ */

static const LogSource *source_of(const RuleSet *rules, const Event *ev)
{
    for (size_t i = 0; i < rules->source_count; i++) {
        const LogSource *s = &rules->sources[i];
        bool log = ev->service == SERVICE_EVENT_LOG;
        if (s->kind == ev->service &&
            (log ? !s->category.len && s->channel.len && str_eq_nocase(s->channel, ev->channel)
                 : !str_eq(s->service, STR("diskinfo")))) {
            return s;
        }
    }
    return NULL;
}

/* --- words ------------------------------------------------------------------------------------------------------ */

/* A word that another machine, run or version would have otherwise. */
static bool varies(Mask *mask, Str word)
{
    bool digits = false, letters = false;
    for (size_t i = 0; i < word.len; i++) {
        digits = digits || byte_digit(word.at[i]);
        letters = letters || letter(word.at[i]) || word.at[i] >= 0x80;
        if (word.at[i] == '\\' || word.at[i] == '/' || word.at[i] == '@' || word.at[i] == '%') {
            return true;
        }
    }
    return digits || (word.len > 1 && !letters && word.at[0] != '-') || !str_eq(masked_text(mask, word), word);
}

static Str trim_signs(Str text)
{
    while (text.len && !letter(text.at[0]) && text.at[0] < 0x80 && !byte_digit(text.at[0])) {
        text = str_from(text, 1);
    }
    while (text.len && !letter(text.at[text.len - 1]) && text.at[text.len - 1] < 0x80 &&
           !byte_digit(text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

typedef struct Pieces {
    VEC(Str) list;
} Pieces;

/* The longest ones; two codes of one number are one. */
static void piece_add(Arena *run, Pieces *p, Str piece, size_t least)
{
    piece = trim_signs(piece);
    for (size_t i = 0; i < p->list.count; i++) {
        if (str_has_nocase(p->list.at[i], piece)) {
            return;
        }
    }
    if (piece.len >= least) {
        *VEC_ADD(run, &p->list) = piece;
    }
}

static bool is_program(Str word)
{
    static const char *const endings[] = {".dll", ".exe", ".sys", ".msi", ".cpp"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (str_ends_nocase(word, str_of(endings[i])) && word.len > 5) {
            return true;
        }
    }
    return false;
}

/* File names at the ends of paths. */
static void programs_find(Arena *run, Mask *mask, Str text, Pieces *p)
{
    for (size_t i = 0; i < text.len && p->list.count < PIECES_MAX;) {
        size_t n = 0;
        while (i + n < text.len && (letter(text.at[i + n]) || byte_digit(text.at[i + n]) || text.at[i + n] == '.' ||
                                    text.at[i + n] == '_' || text.at[i + n] == '-')) {
            n++;
        }
        Str word = trim_signs(str_slice(text, i, i + n));
        if (is_program(word) && str_eq(masked_text(mask, word), word)) {
            piece_add(run, p, word, 5);
        }
        i += n ? n : 1;
    }
}

/* Codes as they stand there. */
static void codes_find(Arena *run, Str text, Pieces *p)
{
    CodeHit hit;
    for (size_t from = 0; p->list.count < PIECES_MAX && error_code_next(text, &from, &hit);) {
        size_t at = str_find_nocase(text, STR("0x"), hit.at);
        if (at != STR_NOT_FOUND && at <= hit.at + 2) {
            piece_add(run, p, str_slice(text, at, at + 10), 10);
        }
    }
}

/* Where the stamp and the level of a line end. */
static size_t head_end(Str line)
{
    static const char *const levels[] = {"[Information]:", "[Error]:", "[Warning]:", "[Verbose]:", "[INFO]",
                                         "[WARN]",         "[ERROR]",  "[HEART]",    "[DEBUG]"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        size_t at = str_find_nocase(str_slice(line, 0, 80), str_of(levels[i]), 0);
        if (at != STR_NOT_FOUND) {
            return at + str_of(levels[i]).len;
        }
    }
    return 0;
}

static int longer_first(Str a, Str b)
{
    return a.len > b.len ? -1 : a.len < b.len;
}

/* Runs of words that stay, the longest ones. */
static void words_find(Arena *run, Mask *mask, Str line, Pieces *to)
{
    VEC(Str) found = {0};
    Str rest = str_from(line, head_end(line));
    size_t from = STR_NOT_FOUND;
    for (size_t i = 0; i <= rest.len;) {
        size_t end = i;
        while (end < rest.len && rest.at[end] > ' ') {
            end++;
        }
        bool broken = end < rest.len && rest.at[end] != ' '; /* a value of YAML stands on one line */
        Str word = str_slice(rest, i, end);
        /* What a sign of grouping or of assignment begins is a value. */
        size_t cut = 0;
        while (cut < word.len && str_find_byte(STR("={}()[];,\"'"), word.at[cut], 0) == STR_NOT_FOUND) {
            cut++;
        }
        bool stays = word.len && cut && !varies(mask, str_slice(word, 0, cut));
        from = stays && from == STR_NOT_FOUND ? i : from;
        if (from != STR_NOT_FOUND && (!stays || cut < word.len || end >= rest.len || broken)) {
            *VEC_ADD(run, &found) = trim_signs(str_slice(rest, from, stays ? i + cut : i));
            from = STR_NOT_FOUND;
        }
        i = end + 1;
    }
    while (to->list.count < PIECES_MAX) {
        size_t best = STR_NOT_FOUND;
        for (size_t i = 0; i < found.count; i++) {
            best =
                found.at[i].len >= PIECE_MIN && (best == STR_NOT_FOUND || longer_first(found.at[i], found.at[best]) < 0)
                    ? i
                    : best;
        }
        if (best == STR_NOT_FOUND) {
            return;
        }
        piece_add(run, to, found.at[best], PIECE_MIN);
        found.at[best] = (Str){0};
    }
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

static DraftTest *test_add(Arena *run, DraftRule *rule, Str field, Str value)
{
    DraftTest *t = VEC_ADD(run, &rule->tests);
    *t = (DraftTest){.field = field, .quoted = true};
    *VEC_ADD(run, &t->values) = value;
    return t;
}

static void test_contains(Arena *run, DraftRule *rule, Str field, const Pieces *pieces)
{
    DraftTest *t = VEC_ADD(run, &rule->tests);
    *t = (DraftTest){.quoted = true};
    t->field = arena_join(run, (Str[]){field, pieces->list.count > 1 ? STR("|contains|all") : STR("|contains")}, 2);
    for (size_t i = 0; i < pieces->list.count; i++) {
        *VEC_ADD(run, &t->values) = pieces->list.at[i];
    }
}

static bool text_rule(Arena *run, Mask *mask, Str line, DraftRule *rule)
{
    Pieces pieces = {0};
    codes_find(run, line, &pieces);
    pieces.list.count = pieces.list.count > 2 ? 2 : pieces.list.count;
    words_find(run, mask, line, &pieces);
    programs_find(run, mask, line, &pieces);
    if (pieces.list.count) {
        test_contains(run, rule, STR("Message"), &pieces);
    }
    return pieces.list.count > 0;
}

/* GUIDs in braces name classes and writers; others name runs and subscriptions. */
static void classes_find(Arena *run, Mask *mask, Str text, Pieces *p)
{
    for (size_t i = 1; i < text.len && p->list.count < PIECES_MAX; i++) {
        size_t n = text.at[i - 1] == '{' ? guid_at(text, i) : 0;
        if (n) {
            piece_add(run, p, str_slice(text, i, i + n), n);
            *VEC_ADD(run, &mask->kept) = str_slice(text, i, i + n);
        }
    }
}

static bool is_plain_name(Str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!letter(name.at[i]) && !byte_digit(name.at[i]) && name.at[i] != '_' && name.at[i] != '-') {
            return false;
        }
    }
    return name.len > 0;
}

/* A key stands once in a map. */
static bool is_tested(const DraftRule *rule, Str field)
{
    for (size_t i = 0; i < rule->tests.count; i++) {
        Str name = rule->tests.at[i].field;
        if (str_eq_nocase(str_slice(name, 0, str_find_byte(name, '|', 0)), field.len ? field : STR("Data"))) {
            return true;
        }
    }
    return false;
}

static void event_rule(Arena *run, Mask *mask, const Event *ev, DraftRule *rule)
{
    test_add(run, rule, STR("Provider_Name"), ev->provider_alias.len ? ev->provider_alias : ev->provider);
    test_add(run, rule, STR("EventID"), arena_format(run, "%u", (unsigned)ev->id))->quoted = false;
    for (size_t i = 0; i < ev->field_count && rule->tests.count < 4; i++) {
        const Field *f = &ev->fields[i];
        Pieces pieces = {0};
        if (str_eq_nocase(f->name, STR("Binary")) || !str_eq(masked_value(mask, f->name, STR("x")), STR("x")) ||
            is_tested(rule, f->name)) {
            continue;
        }
        classes_find(run, mask, f->value, &pieces);
        codes_find(run, f->value, &pieces);
        programs_find(run, mask, f->value, &pieces);
        if (pieces.list.count) {
            pieces.list.count = pieces.list.count > 2 ? 2 : pieces.list.count;
            test_contains(run, rule, is_plain_name(f->name) ? f->name : STR("Data"), &pieces);
        }
    }
}

static bool status_rule(Arena *run, Mask *mask, const Event *ev, DraftRule *rule)
{
    static const char *const fields[] = {"Handler", "Status", "ErrorCodeName", "Code"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        Str value = event_field(ev, str_of(fields[i]));
        if (value.len) {
            test_add(run, rule, str_of(fields[i]), value);
        }
    }
    return (text_rule(run, mask, ev->message, rule) || rule->tests.count > 1);
}

static bool registry_rule(Arena *run, Mask *mask, const Event *ev, DraftRule *rule, Str *trouble)
{
    Str target = event_field(ev, STR("TargetObject")), details = event_field(ev, STR("Details"));
    Str type = event_field(ev, STR("ValueType"));
    if (!str_eq(type, STR("REG_SZ")) && !str_eq(type, STR("REG_DWORD"))) {
        *trouble = STR("only values of the types REG_SZ and REG_DWORD become drafts");
        return false;
    }
    Pieces classes = {0};
    classes_find(run, mask, target, &classes); /* they stay in the fixtures, too */
    if (!str_eq(masked_text(mask, details), details) || !str_eq(masked_text(mask, target), target)) {
        *trouble = STR("the value names a machine, a person or a secret");
        return false;
    }
    test_add(run, rule, STR("TargetObject"), target);
    bool number = str_eq(type, STR("REG_DWORD"));
    test_add(run, rule, number ? STR("Number") : STR("Details"), number ? event_field(ev, STR("Number")) : details)
        ->quoted = !number;
    return true;
}

bool draft_rule(const RuleSet *rules, const Event *ev, Str line, Mask *mask, Arena *run, DraftRule *rule, Str *trouble)
{
    *rule = (DraftRule){.source = source_of(rules, ev)};
    if (!rule->source) {
        *trouble =
            ev->service == SERVICE_EVENT_LOG
                ? arena_join(run,
                             (Str[]){STR("signatures/logsources.yml has no log source for the channel '"), ev->channel,
                                     STR("', so that no rule can ask for it; add one there")},
                             3)
                : STR("no rule can ask for what this file holds; signatures/logsources.yml names the log sources");
        return false;
    }
    switch (ev->service) {
    case SERVICE_EVENT_LOG: event_rule(run, mask, ev, rule); return true;
    case SERVICE_STATUS:
    case SERVICE_AGGREGATESTATUS:
        *trouble = STR("the status says nothing that a rule could ask for");
        return status_rule(run, mask, ev, rule);
    case SERVICE_REGISTRY_STATE: return registry_rule(run, mask, ev, rule, trouble);
    case SERVICE_FILE_LISTING:
    case SERVICE_DISKINSPECT:
        *trouble = STR("drafts are made of event logs, text logs, status files and values of the registry; "
                       "signatures/README.md says how such a rule is written");
        return false;
    default:
        *trouble = STR("no words of the line stay the same from run to run; mark another one");
        return text_rule(run, mask, line, rule);
    }
}
