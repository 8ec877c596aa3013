#define PCRE2_CODE_UNIT_WIDTH 8
#include "match.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "platform.h"
#include "prefilter.h"
#include "rule_profile.h"

#define JIT_STACK_MIN (32 * KIB)

struct Matcher {
    const RuleSet *set;
    Arena arena;   /* as long as the matcher */
    Arena scratch; /* the joined message of one event */
    PrefilterScan scan;
    MatchResult *results;
    uint16_t *scored; /* by rule: events of this source of which it was told how near they came */
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    const Event *ev;
    const LogSource *source; /* of the candidate being proved */
    Str joined;              /* Message of an event without a text; at == NULL: not yet made */
    char id[16];
    const char *why;
    RuleProfile *costs; /* NULL: nobody asked */
    bool open;          /* values of the event may hold `*` for anything without a backslash */
};

Matcher *matcher_open(const RuleSet *set)
{
    Matcher *m = calloc(1, sizeof *m);
    if (!m) {
        fputs("vmsift: out of memory\n", stderr);
        exit(1);
    }
    m->set = set;
    m->data = pcre2_match_data_create(1, NULL);
    m->context = pcre2_match_context_create(NULL);
    m->stack = pcre2_jit_stack_create(JIT_STACK_MIN, LIMIT_REGEX_STACK, NULL);
    if (!m->data || !m->context) {
        fputs("vmsift: out of memory\n", stderr);
        exit(1);
    }
    pcre2_set_match_limit(m->context, LIMIT_REGEX_MATCH);
    pcre2_set_heap_limit(m->context, (uint32_t)(LIMIT_REGEX_STACK / KIB)); /* without JIT */
    if (m->stack) {
        pcre2_jit_stack_assign(m->context, NULL, m->stack);
    }
    prefilter_scan_init(&m->scan, set->prefilter, &m->arena);
    m->results = ARENA_NEW(&m->arena, MatchResult, set->rule_count);
    m->scored = ARENA_NEW(&m->arena, uint16_t, set->rule_count);
    m->costs = set->profile->on ? rule_profile_new(set->rule_count, &m->arena) : NULL;
    return m;
}

void matcher_close(Matcher *m)
{
    if (!m) {
        return;
    }
    if (m->costs) {
        rule_profile_add(m->set->profile, m->costs, m->set->rule_count);
    }
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_jit_stack_free(m->stack);
    arena_free(&m->arena);
    arena_free(&m->scratch);
    free(m);
}

void matcher_source(Matcher *m)
{
    prefilter_scan_source(&m->scan, m->set->prefilter);
    memset(m->scored, 0, m->set->rule_count * sizeof *m->scored);
}

/* --- one pattern, one value ------------------------------------------------------------------------------------- */

static bool same(Str a, Str b, bool cased)
{
    return cased ? str_eq(a, b) : str_eq_nocase(a, b);
}

static size_t find(Str s, Str needle, size_t from, bool cased)
{
    return cased ? str_find(s, needle, from) : str_find_nocase(s, needle, from);
}

static bool placed(Str value, Str text, Place place, bool cased)
{
    switch (place) {
    case PLACE_WHOLE: return same(value, text, cased);
    case PLACE_START: return same(str_slice(value, 0, text.len), text, cased);
    case PLACE_END: return value.len >= text.len && same(str_from(value, value.len - text.len), text, cased);
    default: return find(value, text, 0, cased) != STR_NOT_FOUND;
    }
}

/* Bytes of the character there: 1 where it is not UTF-8. */
static size_t character(Str s, size_t at)
{
    uint8_t c = s.at[at];
    size_t len = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (len > s.len - at) {
        return 1;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s.at[at + i] & 0xC0) != 0x80) {
            return 1;
        }
    }
    return len;
}

static size_t dash(Str s, size_t at)
{
    if (s.at[at] == '-' || s.at[at] == '/') {
        return 1;
    }
    bool wide = s.len - at >= 3 && s.at[at] == 0xE2 && s.at[at + 1] == 0x80; /* en dash, em dash, horizontal bar */
    return wide && s.at[at + 2] >= 0x93 && s.at[at + 2] <= 0x95 ? 3 : 0;
}

/* Takes one piece that is no `*`; STR_NOT_FOUND if it is not there. */
static size_t piece_take(const Piece *piece, Str value, size_t at, bool cased)
{
    if (piece->kind == PIECE_TEXT) {
        Str there = str_slice(value, at, at + piece->text.len);
        return same(there, piece->text, cased) ? at + piece->text.len : STR_NOT_FOUND;
    }
    size_t len = at == value.len ? 0 : piece->kind == PIECE_ONE ? character(value, at) : dash(value, at);
    return len ? at + len : STR_NOT_FOUND;
}

/* The last `*` takes more and more until the rest fits: a star before it never needs to be tried again. */
static bool glob(const Pattern *p, Str value)
{
    size_t at = 0, i = 0, star = SIZE_MAX, mark = 0;
    while (true) {
        if (i < p->piece_count && p->pieces[i].kind == PIECE_MANY) {
            star = i++;
            mark = at;
            if (i == p->piece_count) {
                return true;
            }
        } else {
            size_t next = i < p->piece_count ? piece_take(&p->pieces[i], value, at, p->cased) : STR_NOT_FOUND;
            if (i == p->piece_count && at == value.len) {
                return true;
            }
            if (next != STR_NOT_FOUND) {
                at = next;
                i++;
                continue;
            }
            if (star == SIZE_MAX || mark >= value.len) {
                return false;
            }
            mark += character(value, mark);
            i = star + 1;
        }
        if (p->pieces[i].kind == PIECE_TEXT) { /* straight to where the text behind the star stands next */
            mark = find(value, p->pieces[i].text, mark, p->cased);
            if (mark == STR_NOT_FOUND) {
                return false;
            }
        }
        at = mark;
    }
}

bool pattern_text_holds(const Pattern *p, Str value)
{
    return p->kind == PATTERN_GLOB ? glob(p, value) : placed(value, p->text, p->place, p->cased);
}

static Truth regex(Matcher *m, const Pattern *p, Str value)
{
    const uint8_t *subject = value.at ? value.at : (const uint8_t *)"";
    int found = pcre2_match(p->regex, subject, value.len, 0, 0, m->data, m->context);
    if (found >= 0 || found == PCRE2_ERROR_NOMATCH) {
        return truth_of(found >= 0);
    }
    m->why = "a regular expression of the rule reached its limit on this event";
    return UNKNOWN;
}

static bool compare(const Pattern *p, Str value)
{
    long double number;
    if (!number_parse(str_trim(value), &number)) {
        return false;
    }
    return p->compare == COMPARE_LT    ? number < p->number
           : p->compare == COMPARE_LTE ? number <= p->number
           : p->compare == COMPARE_GT  ? number > p->number
                                       : number >= p->number;
}

static bool equal_number(const Pattern *p, Str value)
{
    long double number;
    return str_eq_nocase(value, p->text) || (number_parse(value, &number) && number == p->number);
}

static bool in_network(const Pattern *p, Str value)
{
    uint8_t address[16];
    bool v4;
    if (!address_parse(value, address, &v4) || (v4 && !p->net_v4)) {
        return false;
    }
    unsigned whole = p->bits / 8, rest = p->bits % 8;
    return memcmp(address, p->net, whole) == 0 && (!rest || (address[whole] ^ p->net[whole]) >> (8 - rest) == 0);
}

/* --- the values of a field -------------------------------------------------------------------------------------- */

typedef struct Look {
    FieldKind field;
    Str name;
    size_t at;
} Look;

/* Sigma's name of a field, as this source calls it. */
static Str own_name(const Matcher *m, Str name)
{
    for (size_t i = 0; i < m->source->renamed_count; i++) {
        if (str_eq_nocase(m->source->renamed[i].sigma, name)) {
            return m->source->renamed[i].own;
        }
    }
    return name;
}

/* Of an event log the rendered text, if there is one, and the strings it was made of: the text may be in any language,
 * or say no more than that there is none. */
static Str message(Matcher *m)
{
    const Event *ev = m->ev;
    if (m->joined.at || (ev->message.len && ev->service != SERVICE_EVENT_LOG)) {
        return m->joined.at ? m->joined : ev->message;
    }
    Str *parts = ARENA_NEW(&m->scratch, Str, 2 * ev->field_count + 2);
    size_t count = 0;
    if (ev->message.len) {
        parts[count++] = ev->message;
    }
    for (size_t i = 0; i < ev->field_count; i++) {
        if (count) {
            parts[count++] = STR("\n");
        }
        parts[count++] = ev->fields[i].value;
    }
    m->joined = arena_join(&m->scratch, parts, count);
    return m->joined;
}

static bool one(Look *look, Str value, Str *out)
{
    *out = value;
    return look->at++ == 0 && value.len;
}

static bool two(Look *look, Str a, Str b, Str *out)
{
    while (look->at < 2) {
        *out = look->at++ == 0 ? a : b;
        if (out->len) {
            return true;
        }
    }
    return false;
}

/* `Data4`: the fourth datum without a name; 0 for other names. */
static uint64_t position(Str name)
{
    uint64_t n;
    return str_starts_nocase(name, STR("Data")) && str_u64(str_from(name, 4), 10, &n) ? n : 0;
}

static bool datum_at(const Event *ev, uint64_t nth, Str *out)
{
    for (size_t i = 0; i < ev->field_count; i++) {
        if (!ev->fields[i].name.len && --nth == 0) {
            *out = ev->fields[i].value;
            return true;
        }
    }
    return false;
}

static bool field_next(const Matcher *m, Look *look, Str *out)
{
    const Event *ev = m->ev;
    uint64_t nth = look->at == 0 && look->field == FIELD_NAMED ? position(look->name) : 0;
    if (nth && datum_at(ev, nth, out)) {
        look->at = ev->field_count;
        return true;
    }
    while (look->at < ev->field_count) {
        const Field *f = &ev->fields[look->at++];
        bool data = look->field == FIELD_DATA && (!f->name.len || str_eq_nocase(f->name, STR("Data")));
        if (data || (look->field == FIELD_NAMED && str_eq_nocase(f->name, look->name))) {
            *out = f->value;
            return true;
        }
    }
    return false;
}

static Str level_number(Level level)
{
    return str_slice(STR("012345"), (size_t)level, (size_t)level + 1);
}

static bool look_next(Matcher *m, Look *look, Str *out)
{
    const Event *ev = m->ev;
    switch (look->field) {
    case FIELD_MESSAGE: return one(look, message(m), out);
    case FIELD_LEVEL: return two(look, level_number(ev->level), str_of(level_name(ev->level)), out);
    case FIELD_EVENT_ID: return one(look, str_of(m->id), out);
    case FIELD_PROVIDER: return two(look, ev->provider, ev->provider_alias, out);
    case FIELD_CHANNEL: return one(look, ev->channel, out);
    case FIELD_COMPUTER: return one(look, ev->computer, out);
    case FIELD_ANY:
        if (look->at == 0 && ev->message.len) {
            look->at = 1;
            *out = ev->message;
            return true;
        }
        look->at += look->at == 0;
        *out = look->at <= ev->field_count ? ev->fields[look->at - 1].value : (Str){0};
        return look->at++ <= ev->field_count;
    default: return field_next(m, look, out);
    }
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

static bool may_lack(const Matcher *m)
{
    return m->ev->text_only || m->ev->service >= SERVICE_EPISODE;
}

static Truth absent(Matcher *m)
{
    if (!may_lack(m)) {
        return NO;
    }
    m->why = m->why ? m->why : "the bundle does not tell a field that the rule tests";
    return UNKNOWN;
}

static bool foreign(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

/* Letters beyond ASCII have no case for the byte matcher; PCRE2 knows it. */
static bool placed_foreign(Matcher *m, Str value, Str text, Place place)
{
    int error;
    size_t offset;
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_CASELESS | PCRE2_LITERAL;
    options |= place == PLACE_WHOLE || place == PLACE_START ? PCRE2_ANCHORED : 0;
    options |= place == PLACE_WHOLE || place == PLACE_END ? PCRE2_ENDANCHORED : 0;
    pcre2_code *code = pcre2_compile(text.at, text.len, options, &error, &offset, NULL);
    bool found = code && value.len && pcre2_match(code, value.at, value.len, 0, 0, m->data, m->context) >= 0;
    pcre2_code_free(code);
    return found;
}

static Truth same_field(Matcher *m, const Pattern *p, Str value)
{
    Look look = {p->ref, p->ref == FIELD_NAMED ? own_name(m, p->text) : p->text, 0};
    Str other;
    bool any = false;
    while (look_next(m, &look, &other)) {
        any = true;
        if (placed(value, other, p->place, p->cased) ||
            (!p->cased && foreign(other) && placed_foreign(m, value, other, p->place))) {
            return YES;
        }
    }
    return any ? NO : absent(m);
}

#define TOKEN_MANY 256
#define TOKEN_ONE  257

static uint16_t *tokens_of(Arena *a, const Pattern *p, size_t *count)
{
    const Piece ends[] = {{PIECE_MANY, {0}}, {PIECE_TEXT, p->text}, {PIECE_MANY, {0}}};
    size_t from = p->place == PLACE_WHOLE || p->place == PLACE_START;
    size_t to = p->place == PLACE_WHOLE || p->place == PLACE_END ? 2 : 3;
    const Piece *pieces = p->kind == PATTERN_GLOB ? p->pieces : ends + from;
    size_t piece_count = p->kind == PATTERN_GLOB ? p->piece_count : to - from;
    size_t room = 0, n = 0;
    for (size_t i = 0; i < piece_count; i++) {
        room += pieces[i].kind == PIECE_TEXT ? pieces[i].text.len : 1;
    }
    uint16_t *tokens = ARENA_NEW(a, uint16_t, room);
    for (size_t i = 0; i < piece_count; i++) {
        const Piece *piece = &pieces[i];
        if (piece->kind != PIECE_TEXT) {
            tokens[n++] = piece->kind == PIECE_ONE ? TOKEN_ONE : TOKEN_MANY;
        }
        for (size_t k = 0; piece->kind == PIECE_TEXT && k < piece->text.len; k++) {
            tokens[n++] = byte_lower(piece->text.at[k]);
        }
    }
    *count = n;
    return tokens;
}

static bool token_fits(uint16_t token, uint8_t c)
{
    return token == TOKEN_ONE || token == byte_lower(c);
}

/* Before the first star of either, and behind the last one, byte stands against byte: most pairs part there. */
static bool ends_differ(const uint16_t *tokens, size_t count, Str open)
{
    for (size_t i = 0; i < count && i < open.len && tokens[i] != TOKEN_MANY && open.at[i] != '*'; i++) {
        if (!token_fits(tokens[i], open.at[i])) {
            return true;
        }
    }
    for (size_t i = 1; i <= count && i <= open.len; i++) {
        uint16_t token = tokens[count - i];
        uint8_t c = open.at[open.len - i];
        if (token == TOKEN_MANY || c == '*') {
            break;
        }
        if (!token_fits(token, c)) {
            return true;
        }
    }
    return false;
}

/* True if some text fits both the pattern and `open`, where `*` stands for anything without a backslash: from the ends
 * of both to their beginnings, below[k] tells it of the pattern behind the token and of open behind k bytes. */
static bool overlaps(Arena *a, const Pattern *p, Str open)
{
    size_t count;
    const uint16_t *tokens = tokens_of(a, p, &count);
    if (ends_differ(tokens, count, open)) {
        return false;
    }
    bool *below = ARENA_NEW(a, bool, open.len + 1), *now = ARENA_NEW(a, bool, open.len + 1);
    for (size_t i = count + 1; i-- > 0;) {
        for (size_t k = open.len + 1; k-- > 0;) {
            bool star = k < open.len && open.at[k] == '*', many = i < count && tokens[i] == TOKEN_MANY;
            bool same = i < count && k < open.len && token_fits(tokens[i], open.at[k]);
            bool taken = i < count && (many || (star && tokens[i] != '\\'));
            now[k] = (i == count && k == open.len) || (taken && below[k]) ||
                     ((star || many) && k < open.len && now[k + 1]) || (same && below[k + 1]);
        }
        bool *swap = below;
        below = now;
        now = swap;
    }
    return below[0];
}

static Truth open_truth(Matcher *m, const Pattern *p, Str value)
{
    bool text = p->kind == PATTERN_TEXT || p->kind == PATTERN_GLOB;
    return text && !overlaps(&m->scratch, p, value) ? NO : UNKNOWN;
}

static Truth pattern_truth(Matcher *m, const Pattern *p, Str value)
{
    if (m->open && str_find_byte(value, '*', 0) != STR_NOT_FOUND && p->kind != PATTERN_EXISTS) {
        return open_truth(m, p, value);
    }
    switch (p->kind) {
    case PATTERN_REGEX: return regex(m, p, value);
    case PATTERN_NUMBER: return truth_of(equal_number(p, value));
    case PATTERN_COMPARE: return truth_of(compare(p, value));
    case PATTERN_CIDR: return truth_of(in_network(p, str_trim(value)));
    case PATTERN_FIELD: return same_field(m, p, value);
    case PATTERN_NULL: return NO;
    case PATTERN_EXISTS: return truth_of(p->yes);
    default: return truth_of(pattern_text_holds(p, value));
    }
}

static Truth absent_truth(Matcher *m, const Pattern *p)
{
    if (p->kind == PATTERN_EXISTS) {
        return truth_of(!p->yes);
    }
    return p->kind == PATTERN_NULL && !may_lack(m) ? YES : absent(m);
}

/* Any value of the field, any pattern of the author's value. */
static Truth value_truth(Matcher *m, const Test *t, const Value *v)
{
    Look look = {t->field, t->field == FIELD_NAMED ? own_name(m, t->name) : t->name, 0};
    Str value;
    Truth truth = NO;
    bool any = false;
    while (truth != YES && look_next(m, &look, &value)) {
        any = true;
        for (size_t p = 0; p < v->count && truth != YES; p++) {
            truth = truth_or(truth, pattern_truth(m, &v->patterns[p], value));
        }
    }
    return any ? truth : absent_truth(m, &v->patterns[0]);
}

static Truth test_truth(Matcher *m, const Test *t)
{
    Truth truth = t->all ? YES : NO;
    for (size_t v = 0; v < t->count && truth != (t->all ? NO : YES); v++) {
        Truth next = value_truth(m, t, &t->values[v]);
        truth = t->all ? truth_and(truth, next) : truth_or(truth, next);
    }
    return t->negated ? truth_not(truth) : truth;
}

static Truth selection_truth(Matcher *m, const Selection *s)
{
    if (s->kind == SELECT_TEST) {
        return test_truth(m, s->test);
    }
    bool all = s->kind == SELECT_ALL;
    Truth truth = all ? YES : NO;
    for (size_t i = 0; i < s->count && truth != (all ? NO : YES); i++) {
        Truth next = selection_truth(m, s->items[i]);
        truth = all ? truth_and(truth, next) : truth_or(truth, next);
    }
    return truth;
}

static Truth condition_truth(Matcher *m, const Detection *d, const Expression *e)
{
    if (e->kind == EXPR_LEAF) {
        return selection_truth(m, d->selections[e->leaf]);
    }
    Truth left = condition_truth(m, d, e->left);
    if (e->kind == EXPR_NOT) {
        return truth_not(left);
    }
    if (left == (e->kind == EXPR_AND ? NO : YES)) {
        return left;
    }
    Truth right = condition_truth(m, d, e->right);
    return e->kind == EXPR_AND ? truth_and(left, right) : truth_or(left, right);
}

/* --- near misses ------------------------------------------------------------------------------------------------ */

typedef struct Score { /* how near an event came to one way of fulfilling a rule */
    unsigned passed, tests;
    bool strong; /* something more than its level held */
    bool alien;  /* it is not even the event the rule is about */
} Score;

static Score score_both(Score a, Score b)
{
    return (Score){a.passed + b.passed, a.tests + b.tests, a.strong || b.strong, a.alien || b.alien};
}

static Score score_either(Score a, Score b)
{
    if (a.alien != b.alien) {
        return a.alien ? b : a;
    }
    return (uint64_t)b.passed * a.tests > (uint64_t)a.passed * b.tests ? b : a;
}

static Score test_score(Matcher *m, const Test *t)
{
    Score score = {.tests = t->all ? (unsigned)t->count : 1};
    for (size_t v = 0; t->all && v < t->count; v++) {
        score.passed += value_truth(m, t, &t->values[v]) == YES;
    }
    if (!t->all || t->negated) {
        score = (Score){.passed = test_truth(m, t) == YES, .tests = 1};
    }
    score.strong = score.passed && t->field != FIELD_LEVEL && !t->negated;
    score.alien = t->identity && score.passed < score.tests;
    return score;
}

static Score selection_score(Matcher *m, const Selection *s)
{
    Score score = {0};
    for (size_t i = 0; s->kind != SELECT_TEST && i < s->count; i++) {
        Score next = selection_score(m, s->items[i]);
        score = i == 0 ? next : s->kind == SELECT_ALL ? score_both(score, next) : score_either(score, next);
    }
    return s->kind == SELECT_TEST ? test_score(m, s->test) : score;
}

static Score condition_score(Matcher *m, const Detection *d, const Expression *e)
{
    if (e->kind == EXPR_LEAF) {
        return selection_score(m, d->selections[e->leaf]);
    }
    if (e->kind == EXPR_NOT) { /* that an exception does not hold brings no event nearer */
        return (Score){.tests = condition_truth(m, d, e->left) == YES};
    }
    Score left = condition_score(m, d, e->left), right = condition_score(m, d, e->right);
    return e->kind == EXPR_AND ? score_both(left, right) : score_either(left, right);
}

static uint16_t clamp16(unsigned n)
{
    return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

/* --- events ----------------------------------------------------------------------------------------------------- */

static bool candidate_result(Matcher *m, const Candidate *c, MatchResult *out)
{
    const Detection *d = c->rule->detection;
    m->source = c->source;
    m->why = NULL;
    Truth truth = condition_truth(m, d, d->condition);
    *out = (MatchResult){.rule = c->rule, .truth = truth, .why = truth == UNKNOWN ? m->why : NULL};
    if (truth != NO || !c->rule->asked || m->scored[c->rule->index] == LIMIT_NEAR_SCORED) {
        return truth != NO;
    }
    m->scored[c->rule->index]++;
    Score score = condition_score(m, d, d->condition);
    out->passed = clamp16(score.passed);
    out->tests = clamp16(score.tests);
    return score.strong && !score.alien && out->passed < out->tests;
}

static bool candidate_timed(Matcher *m, const Candidate *c, MatchResult *out)
{
    uint64_t start = m->costs ? platform_clock_ns() : 0;
    bool told = candidate_result(m, c, out);
    if (m->costs) {
        RuleCost *cost = &m->costs->costs[c->rule->index];
        cost->tried++;
        cost->held += told && out->truth != NO;
        cost->ns += platform_clock_ns() - start;
    }
    return told;
}

static void candidates_find(Matcher *m, const Event *ev)
{
    uint64_t start = m->costs ? platform_clock_ns() : 0;
    prefilter_scan(m->set->prefilter, &m->scan, ev);
    if (m->costs) {
        m->costs->events++;
        m->costs->scan_ns += platform_clock_ns() - start;
    }
}

static void id_text(Matcher *m, uint32_t id)
{
    char digits[16];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + id % 10);
        id /= 10;
    } while (id);
    for (size_t i = 0; i < n; i++) {
        m->id[i] = digits[n - 1 - i];
    }
    m->id[n] = 0;
}

size_t match_event(Matcher *m, const Event *ev, const MatchResult **results)
{
    size_t count = 0;
    *results = m->results;
    candidates_find(m, ev);
    if (!m->scan.count) {
        return 0;
    }
    m->ev = ev;
    id_text(m, ev->id);
    if (m->joined.at) {
        m->joined = (Str){0};
        arena_reset(&m->scratch);
    }
    for (size_t i = 0; i < m->scan.count; i++) {
        count += candidate_timed(m, &m->scan.found[i], &m->results[count]);
    }
    return count;
}

/* --- test by test ----------------------------------------------------------------------------------------------- */

typedef struct Explain {
    Matcher *m;
    Arena *a;
    TestResults *out;
} Explain;

static Str values_of(const Explain *x, const Test *t)
{
    Look look = {t->field, t->field == FIELD_NAMED ? own_name(x->m, t->name) : t->name, 0};
    VEC(Str) parts = {0};
    Str value;
    while (look_next(x->m, &look, &value)) {
        if (parts.count) {
            *VEC_ADD(x->a, &parts) = STR("\n");
        }
        *VEC_ADD(x->a, &parts) = value;
    }
    return parts.count ? arena_join(x->a, parts.at, parts.count) : (Str){0};
}

static void result_add(Explain *x, const Test *t, const Value *value, bool excluded, Truth truth)
{
    *VEC_ADD(x->a, &x->out->list) = (TestResult){t, value, excluded, truth, values_of(x, t)};
}

static void explain_test(Explain *x, const Test *t, bool excluded)
{
    if (!t->all || t->negated) {
        result_add(x, t, NULL, excluded, test_truth(x->m, t));
        return;
    }
    for (size_t v = 0; v < t->count; v++) {
        result_add(x, t, &t->values[v], excluded, value_truth(x->m, t, &t->values[v]));
    }
}

static bool goes_before(Score a, Score b)
{
    return a.alien != b.alien ? b.alien : (uint64_t)a.passed * b.tests > (uint64_t)b.passed * a.tests;
}

static void explain_selection(Explain *x, const Selection *s, bool excluded)
{
    const Selection *best = NULL;
    if (s->kind == SELECT_TEST) {
        explain_test(x, s->test, excluded);
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        bool part = s->kind == SELECT_ALL || (excluded && selection_truth(x->m, s->items[i]) != NO);
        if (part) {
            explain_selection(x, s->items[i], excluded);
        } else if (!best || goes_before(selection_score(x->m, s->items[i]), selection_score(x->m, best))) {
            best = s->items[i];
        }
    }
    if (best && s->kind == SELECT_ANY && !excluded) {
        explain_selection(x, best, excluded);
    }
}

static void explain_condition(Explain *x, const Detection *d, const Expression *e, bool excluded)
{
    if (excluded && condition_truth(x->m, d, e) == NO) {
        return; /* the exception does not hold */
    }
    if (e->kind == EXPR_LEAF) {
        explain_selection(x, d->selections[e->leaf], excluded);
    } else if (e->kind == EXPR_NOT) {
        explain_condition(x, d, e->left, true);
    } else if (e->kind == EXPR_AND || excluded) {
        explain_condition(x, d, e->left, excluded);
        explain_condition(x, d, e->right, excluded);
    } else {
        bool right = goes_before(condition_score(x->m, d, e->right), condition_score(x->m, d, e->left));
        explain_condition(x, d, right ? e->right : e->left, false);
    }
}

/* Which of the rule's sources the event comes from: it may name fields in its own way. */
static const LogSource *source_for(const Rule *rule, const Event *ev)
{
    const LogSource *source = rule->source;
    while (source &&
           !(source->kind == ev->service && (!source->channel.len || str_eq_nocase(source->channel, ev->channel)))) {
        source = source->next;
    }
    return source ? source : rule->source;
}

static void event_take(Matcher *m, const Event *ev)
{
    m->ev = ev;
    id_text(m, ev->id);
    m->joined = (Str){0};
    arena_reset(&m->scratch);
}

void match_explain(Matcher *m, const Rule *rule, const Event *ev, Arena *a, TestResults *out)
{
    event_take(m, ev);
    m->source = source_for(rule, ev);
    m->why = NULL;
    explain_condition(&(Explain){m, a, out}, rule->detection, rule->detection->condition, false);
}

bool match_wants(const Matcher *m, Str provider, Str provider_alias, uint32_t id, Str channel)
{
    Matcher *own = (Matcher *)m; /* the channel found last is remembered; nothing else changes */
    return prefilter_wants(m->set->prefilter, &own->scan, provider, provider_alias, id, channel);
}

static bool could_match(Matcher *m, const Rule *rule, const LogSource *source, const Event *ev)
{
    const Detection *d = rule->detection;
    m->ev = ev;
    m->source = source;
    m->open = true;
    bool could = condition_truth(m, d, d->condition) != NO;
    m->open = false;
    m->joined = (Str){0};
    arena_reset(&m->scratch);
    return could;
}

RegistrySet match_registry_asked(Matcher *m, const Rule *rule)
{
    RegistrySet asked = {0};
    uint8_t room[REGISTRY_TARGET];
    Field target = {.name = STR("TargetObject")};
    const Event ev = {.service = SERVICE_REGISTRY_STATE, .fields = &target, .field_count = 1};
    const LogSource *source = rule->source;
    while (source && source->kind != SERVICE_REGISTRY_STATE) {
        source = source->next;
    }
    for (size_t i = 0; source && (target.value = registry_value_target(i, room)).len; i++) {
        if (could_match(m, rule, source, &ev)) {
            registry_set_add(&asked, i);
        }
    }
    return asked;
}
