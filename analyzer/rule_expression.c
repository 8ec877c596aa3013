#include "rule_expression.h"

#define DEPTH_MAX      64
#define EXPRESSION_MAX 4096

typedef struct Parser {
    Loader *l;
    const Node *at;
    const char *what;
    const Str *names;
    size_t count;
    Str text;
    size_t pos, made;
    unsigned depth;
    bool failed; /* not understood from there on */
    bool wrong;  /* a name is not known; the rest can be looked at all the same */
} Parser;

Truth expression_truth(const Expression *e, const Truth *values)
{
    switch (e->kind) {
    case EXPR_LEAF: return values[e->leaf];
    case EXPR_NOT: return truth_not(expression_truth(e->left, values));
    case EXPR_AND: return truth_and(expression_truth(e->left, values), expression_truth(e->right, values));
    default: return truth_or(expression_truth(e->left, values), expression_truth(e->right, values));
    }
}

const Expression *expression_new(Arena *run, ExpressionKind kind, const Expression *left, const Expression *right)
{
    Expression *e = ARENA_NEW(run, Expression, 1);
    *e = (Expression){.kind = kind, .left = left, .right = right};
    return e;
}

static const Expression *fail(Parser *p, size_t pos, size_t len, const char *what)
{
    if (!p->failed) {
        COMPLAIN_IN(p->l, p->at, pos, pos + len, str_of(what));
    }
    p->failed = true;
    return NULL;
}

static const Expression *make(Parser *p, ExpressionKind kind, const Expression *left, const Expression *right)
{
    if (++p->made > EXPRESSION_MAX) {
        return fail(p, 0, p->text.len, "a condition of more than 4096 parts; split the rule");
    }
    return expression_new(p->l->run, kind, left, right);
}

static const Expression *leaf(Parser *p, size_t index)
{
    Expression *e = (Expression *)make(p, EXPR_LEAF, NULL, NULL);
    if (e) {
        e->leaf = (uint32_t)index;
    }
    return e;
}

static bool word_byte(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || c == '_' || c == '-' || c == '*' ||
           c >= 0x80;
}

static void blanks(Parser *p)
{
    while (p->pos < p->text.len &&
           (p->text.at[p->pos] == ' ' || (p->text.at[p->pos] >= 9 && p->text.at[p->pos] <= 13))) {
        p->pos++;
    }
}

/* The next word without taking it; empty at anything else. */
static Str word(Parser *p)
{
    blanks(p);
    size_t end = p->pos;
    while (end < p->text.len && word_byte(p->text.at[end])) {
        end++;
    }
    return str_slice(p->text, p->pos, end);
}

static bool take(Parser *p, Str keyword)
{
    if (!str_eq_nocase(word(p), keyword)) {
        return false;
    }
    p->pos += keyword.len;
    return true;
}

static bool take_byte(Parser *p, uint8_t byte)
{
    blanks(p);
    if (p->pos >= p->text.len || p->text.at[p->pos] != byte) {
        return false;
    }
    p->pos++;
    return true;
}

/* `*` alone is the only wildcard of names. */
static bool name_like(Str name, Str pattern)
{
    size_t star = str_find_byte(pattern, '*', 0);
    if (star == STR_NOT_FOUND) {
        return str_eq(name, pattern);
    }
    if (name.len < star || !str_eq(str_slice(name, 0, star), str_slice(pattern, 0, star))) {
        return false;
    }
    Str rest = str_from(pattern, star + 1);
    for (size_t from = star; from <= name.len; from++) {
        if (name_like(str_from(name, from), rest)) {
            return true;
        }
    }
    return false;
}

static const Expression *of_names(Parser *p, bool all, Str pattern, size_t pos)
{
    bool them = str_eq_nocase(pattern, STR("them"));
    const Expression *e = NULL;
    size_t stars = 0;
    bool hidden = false;
    for (size_t i = 0; i < pattern.len; i++) {
        stars += pattern.at[i] == '*';
    }
    if (stars > 2) {
        return fail(p, pos, pattern.len, "a name with more than two '*'; use one");
    }
    for (size_t i = 0; i < p->count && !p->failed; i++) {
        bool like = them || name_like(p->names[i], pattern);
        if (!like || str_starts(p->names[i], STR("_"))) { /* those are never counted in */
            hidden = hidden || (like && !them);
            continue;
        }
        const Expression *next = leaf(p, i);
        e = e ? make(p, all ? EXPR_AND : EXPR_OR, e, next) : next;
    }
    if (e || p->failed) {
        return e;
    }
    if (hidden) {
        return fail(p, pos, pattern.len, "names that begin with '_' do not count here; name it: 'a or _b'");
    }
    Str near = nearest_word(str_slice(pattern, 0, str_find_byte(pattern, '*', 0)), p->names, p->count);
    COMPLAIN_IN(p->l, p->at, pos, pos + pattern.len, STR("no "), str_of(p->what), STR(" is named like '"), pattern,
                near.len ? STR("'; did you mean '") : STR("'; check the letters before '*"), near,
                near.len ? STR("'?") : STR("'"));
    p->wrong = true;
    return leaf(p, 0);
}

static const Expression *either(Parser *p);

static const Expression *name(Parser *p)
{
    Str w = word(p);
    size_t pos = p->pos;
    bool all = str_eq_nocase(w, STR("all")), one = str_eq(w, STR("1")) || str_eq_nocase(w, STR("any"));
    bool counted = w.len && byte_digit(w.at[0]);
    p->pos += w.len;
    if ((all || one || counted) && take(p, STR("of"))) {
        if (!all && !one) {
            return fail(p, pos, w.len,
                        "only '1 of', 'any of' and 'all of' are supported; write a correlation to count");
        }
        Str pattern = word(p);
        size_t from = p->pos;
        p->pos += pattern.len;
        return pattern.len ? of_names(p, all, pattern, from)
                           : fail(p, from, 1, "a name, a name with '*' or 'them' must follow");
    }
    if (!w.len || str_eq_nocase(w, STR("and")) || str_eq_nocase(w, STR("or"))) {
        return fail(p, pos, w.len,
                    pos < p->text.len && p->text.at[pos] == '|'
                        ? "aggregation with '|' is not supported; write a correlation"
                        : "a name is missing here; write 'a and b', 'a or b' or 'not a'");
    }
    for (size_t i = 0; i < p->count; i++) {
        if (str_eq(p->names[i], w)) {
            return leaf(p, i);
        }
    }
    complain_unknown_in(p->l, p->at, pos, p->what, w, p->names, p->count);
    p->wrong = true;
    return leaf(p, 0);
}

static const Expression *operand(Parser *p)
{
    const Expression *e;
    if (++p->depth > DEPTH_MAX) {
        return fail(p, p->pos, 1, "nested too deeply; 64 levels are the most");
    }
    if (take(p, STR("not"))) {
        e = operand(p);
        e = e ? make(p, EXPR_NOT, e, NULL) : NULL;
    } else if (take_byte(p, '(')) {
        e = either(p);
        if (e && !take_byte(p, ')')) {
            e = fail(p, p->pos, 1, "')' is missing here; every '(' needs one");
        }
    } else {
        e = name(p);
    }
    p->depth--;
    return e;
}

static const Expression *both(Parser *p)
{
    const Expression *e = operand(p);
    while (e && take(p, STR("and"))) {
        const Expression *right = operand(p);
        e = right ? make(p, EXPR_AND, e, right) : NULL;
    }
    return e;
}

static const Expression *either(Parser *p)
{
    const Expression *e = both(p);
    while (e && take(p, STR("or"))) {
        const Expression *right = both(p);
        e = right ? make(p, EXPR_OR, e, right) : NULL;
    }
    return e;
}

const Expression *expression_parse(Loader *l, const Node *at, const char *what, const Str *names, size_t count)
{
    Parser p = {.l = l, .at = at, .what = what, .names = names, .count = count};
    p.text = node_text(l, at, "condition");
    if (!p.text.len) {
        return NULL;
    }
    const Expression *e = either(&p);
    blanks(&p);
    if (e && p.pos < p.text.len) {
        return fail(&p, p.pos, 1,
                    p.text.at[p.pos] == '|' ? "aggregation with '|' is not supported; write a correlation"
                                            : "not understood; 'and', 'or' or the end was expected here");
    }
    return p.wrong ? NULL : e;
}
