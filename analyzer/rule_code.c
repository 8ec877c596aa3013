#include "rule_code.h"

#include <stdio.h>

#include "rule_detection.h"

#define SYMBOL_LEAST 8 /* bytes; shorter ones (E_FAIL) stand in other words */

typedef struct Sought {
    const RuleSet *set;
    const ErrorCode *code;
    Str hex, plain, minus; /* 80110401, 2148598785, -2146368511; of small numbers the second alone */
} Sought;

/* --- one pattern ------------------------------------------------------------------------------------------------ */

/* A small number is a code only where something says so: `exit code: 1618`, `%%1450`. */
static bool text_names_small(Str text, const ErrorCode *code)
{
    CodeHit hit;
    for (size_t from = 0; error_code_next(text, &from, &hit);) {
        if (hit.family == code->family && hit.code == code->code) {
            return true;
        }
    }
    return false;
}

static bool text_names(const Sought *s, Str text)
{
    const char *symbol = s->code->symbol;
    if (symbol && str_of(symbol).len >= SYMBOL_LEAST && str_has_nocase(text, str_of(symbol))) {
        return true;
    }
    return error_code_is_hex(s->code->family)
               ? str_has_nocase(text, s->hex) || str_has(text, s->plain) || str_has(text, s->minus)
               : text_names_small(text, s->code);
}

static bool field_holds_codes(const Test *t, CodeFamily family)
{
    static const char *const names[] = {"ExitCode", "HResult", "Error", "Code"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq_nocase(t->name, str_of(names[i]))) {
            return (i == 3) == (family == CODE_EXTENSION || family == CODE_HANDLER);
        }
    }
    return false;
}

static bool number_is(const Sought *s, const Test *t, const Pattern *p)
{
    if (s->code->family == CODE_MSI_MESSAGE) {
        return t->field == FIELD_EVENT_ID && p->number == (long double)s->code->code + 10000;
    }
    long double number = (long double)s->code->code, negative = number - 4294967296.0L;
    return t->field == FIELD_NAMED && field_holds_codes(t, s->code->family) &&
           (p->number == number || (s->code->code >> 31 && p->number == negative));
}

static bool pattern_seeks(const Sought *s, const Test *t, const Pattern *p)
{
    if (p->kind == PATTERN_NUMBER) {
        return number_is(s, t, p);
    }
    for (size_t i = 0; i < p->piece_count; i++) {
        if (p->pieces[i].kind == PIECE_TEXT && text_names(s, p->pieces[i].text)) {
            return true;
        }
    }
    bool text = p->kind == PATTERN_TEXT || p->kind == PATTERN_GLOB || p->kind == PATTERN_REGEX;
    return text && text_names(s, p->text);
}

/* --- one rule --------------------------------------------------------------------------------------------------- */

static bool test_seeks(const Sought *s, const Test *t)
{
    for (size_t v = 0; !t->negated && v < t->count; v++) {
        for (size_t p = 0; p < t->values[v].count; p++) {
            if (pattern_seeks(s, t, &t->values[v].patterns[p])) {
                return true;
            }
        }
    }
    return false;
}

static bool selection_seeks(const Sought *s, const Selection *selection)
{
    if (selection->kind == SELECT_TEST) {
        return test_seeks(s, selection->test);
    }
    for (size_t i = 0; i < selection->count; i++) {
        if (selection_seeks(s, selection->items[i])) {
            return true;
        }
    }
    return false;
}

/* Behind a `not` stands what the rule is not about. */
static bool condition_seeks(const Sought *s, const Detection *d, const Expression *e)
{
    return e->kind == EXPR_LEAF  ? selection_seeks(s, d->selections[e->leaf])
           : e->kind == EXPR_NOT ? false
                                 : condition_seeks(s, d, e->left) || condition_seeks(s, d, e->right);
}

static bool rule_seeks(const Sought *s, const Rule *rule)
{
    if (rule->kind == RULE_DETECTION) {
        return condition_seeks(s, rule->detection, rule->detection->condition);
    }
    for (size_t i = 0; i < rule->part_count; i++) { /* parts come before what is made of them */
        if (rule_seeks(s, &s->set->rules[rule->parts[i]])) {
            return true;
        }
    }
    return false;
}

static bool rule_seeks_code(const RuleSet *set, const Rule *rule, const ErrorCode *code)
{
    char text[3][16];
    snprintf(text[0], sizeof text[0], "%08x", (unsigned)code->code);
    snprintf(text[1], sizeof text[1], "%lu", (unsigned long)code->code);
    snprintf(text[2], sizeof text[2], "%ld", (long)(int32_t)code->code);
    return rule_seeks(&(Sought){set, code, str_of(text[0]), str_of(text[1]), str_of(text[2])}, rule);
}

bool cause_seeks_code(const RuleSet *set, const Cause *cause, const ErrorCode *code, Str *says)
{
    for (size_t i = 0; i < cause->condition_count; i++) {
        const Condition *c = &cause->conditions[i];
        if (c->rule && rule_seeks_code(set, c->rule, code)) {
            *says = c->says;
            return true;
        }
    }
    for (size_t i = 0; i < cause->support_count; i++) {
        if (rule_seeks_code(set, cause->supports[i], code)) {
            *says = cause->supports[i]->title;
            return true;
        }
    }
    return false;
}
