#include "rule_words.h"

#include "error_code.h"
#include "rule_detection.h"
#include "secret.h"

#define VALUES_MOST 4
#define SHORT_VALUE 80 /* bytes; longer ones are in the quote */
#define CODES_MOST  4

typedef struct Words {
    Arena *a;
    VEC(Str) parts;
} Words;

static void say(Words *w, Str text)
{
    *VEC_ADD(w->a, &w->parts) = text;
}

static Str said(Words *w)
{
    return arena_join(w->a, w->parts.at, w->parts.count);
}

/* --- what is wanted --------------------------------------------------------------------------------------------- */

static Str field_name(const Test *t)
{
    switch (t->field) {
    case FIELD_ANY: return STR("any of its values");
    case FIELD_MESSAGE: return STR("Message");
    case FIELD_LEVEL: return STR("Level");
    case FIELD_EVENT_ID: return STR("EventID");
    case FIELD_PROVIDER: return STR("Provider_Name");
    case FIELD_CHANNEL: return STR("Channel");
    case FIELD_COMPUTER: return STR("Computer");
    case FIELD_DATA: return STR("Data");
    default: return t->name;
    }
}

static const char *const compare_words[] = {
    [COMPARE_LT] = "less than ", [COMPARE_LTE] = "at most ", [COMPARE_GT] = "more than ", [COMPARE_GTE] = "at least "};

/* The verb with its negation: `contains`, `does not contain`. */
static const char *verb(const Pattern *p, bool yes)
{
    switch (p->kind) {
    case PATTERN_GLOB: return yes ? "is like " : "is not like ";
    case PATTERN_REGEX: return yes ? "matches " : "does not match ";
    case PATTERN_CIDR: return yes ? "lies in " : "does not lie in ";
    case PATTERN_FIELD: return yes ? "goes with the field " : "does not go with the field ";
    case PATTERN_NULL: return yes ? "is absent" : "is there";
    case PATTERN_EXISTS: return yes == p->yes ? "is there" : "is absent";
    case PATTERN_TEXT: break;
    default: return yes ? "is " : "is not ";
    }
    switch (p->place) {
    case PLACE_START: return yes ? "starts with " : "does not start with ";
    case PLACE_END: return yes ? "ends in " : "does not end in ";
    case PLACE_ANYWHERE: return yes ? "contains " : "does not contain ";
    default: return yes ? "is " : "is not ";
    }
}

static void say_glob(Words *w, const Pattern *p)
{
    for (size_t i = 0; i < p->piece_count; i++) {
        const Piece *piece = &p->pieces[i];
        say(w, piece->kind == PIECE_TEXT   ? piece->text
               : piece->kind == PIECE_MANY ? STR("*")
               : piece->kind == PIECE_ONE  ? STR("?")
                                           : STR("-"));
    }
}

static void say_pattern(Words *w, const Pattern *p)
{
    bool quoted = p->kind == PATTERN_TEXT || p->kind == PATTERN_GLOB || p->kind == PATTERN_REGEX;
    if (p->kind == PATTERN_NULL || p->kind == PATTERN_EXISTS) {
        return;
    }
    say(w, p->kind == PATTERN_COMPARE ? str_of(compare_words[p->compare]) : quoted ? STR("'") : (Str){0});
    if (p->kind == PATTERN_GLOB) {
        say_glob(w, p);
    } else {
        say(w, p->text);
    }
    say(w, quoted ? STR("'") : (Str){0});
}

static void say_wanted(Words *w, const TestResult *r, bool yes)
{
    const Test *t = r->test;
    const Value *values = r->value ? r->value : t->values;
    size_t count = r->value ? 1 : t->count;
    say(w, field_name(t));
    say(w, STR(" "));
    say(w, str_of(verb(&values->patterns[0], yes)));
    for (size_t i = 0; i < count && i < VALUES_MOST; i++) {
        say(w, i ? t->all ? STR(" and ") : STR(" or ") : (Str){0});
        say_pattern(w, &values[i].patterns[0]);
    }
    if (count > VALUES_MOST) {
        say(w, arena_format(w->a, " or one of %zu more", count - VALUES_MOST));
    }
}

/* --- what is there ---------------------------------------------------------------------------------------------- */

static bool has_code(Str text)
{
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = byte_hex(text.at[i]) >= 0 ? run + 1 : 0;
        if (run == 8) {
            return true;
        }
    }
    return false;
}

static bool wants_code(const TestResult *r)
{
    const Value *values = r->value ? r->value : r->test->values;
    for (size_t v = 0; v < (r->value ? 1 : r->test->count); v++) {
        const Pattern *p = &values[v].patterns[0];
        if (p->kind == PATTERN_TEXT && has_code(p->text)) {
            return true;
        }
    }
    return false;
}

static void say_codes(Words *w, Str text)
{
    CodeHit hit;
    uint32_t seen[CODES_MOST];
    size_t count = 0;
    for (size_t from = 0; count < CODES_MOST && error_code_next(text, &from, &hit);) {
        bool again = false;
        for (size_t i = 0; i < count; i++) {
            again = again || seen[i] == hit.code;
        }
        if (!again) {
            say(w, count ? STR(", ") : STR("; it has "));
            say(w, arena_format(w->a, error_code_is_hex(hit.family) ? "0x%08x" : "%u", (unsigned)hit.code));
            seen[count++] = hit.code;
        }
    }
    say(w, count ? (Str){0} : STR("; it has no error code"));
}

static void say_there(Words *w, const TestResult *r)
{
    if (!r->has.at) {
        say(w, STR("; there is no such field"));
    } else if (r->has.len <= SHORT_VALUE && str_find_byte(r->has, '\n', 0) == STR_NOT_FOUND) {
        say(w, STR("; it is '"));
        say(w, secret_named(r->test->name) ? STR("***") : r->has);
        say(w, STR("'"));
    } else if (wants_code(r)) {
        say_codes(w, r->has);
    }
}

Str test_held(const TestResult *r, Arena *a)
{
    Words w = {.a = a};
    say_wanted(&w, r, !r->test->negated);
    return said(&w);
}

Str test_missed(const TestResult *r, Arena *a)
{
    Words w = {.a = a};
    if (r->truth == UNKNOWN) {
        say(&w, STR("it cannot be known whether "));
        say_wanted(&w, r, !r->test->negated);
    } else if (r->excluded) {
        say_wanted(&w, r, !r->test->negated);
        say(&w, STR(", which the rule leaves out"));
    } else {
        bool exists = r->test->values[0].patterns[0].kind == PATTERN_EXISTS;
        say_wanted(&w, r, r->test->negated);
        if (!exists) {
            say_there(&w, r);
        }
    }
    return said(&w);
}
