/* Regular expressions as the Sigma specification has them (modifiers appendix, "Regular Expression"): . ^ $ * + ? {n,m}
 * [a-z] [^a-z] ( ) |, and a backslash that takes the meaning from one of these. Other tools that read Sigma know no
 * more; PCRE2, which is used here, knows a lot more. */
#include "lint_advice.h"

typedef struct Scan {
    Str text;
    size_t at;
    bool in_class;
} Scan;

static bool letter(uint8_t c)
{
    return byte_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z');
}

static bool follows(const Scan *s, const char *text)
{
    return str_starts(str_from(s->text, s->at), str_of(text));
}

static const char *escape_trouble(const Scan *s)
{
    uint8_t c = s->at + 1 < s->text.len ? s->text.at[s->at + 1] : 0;
    switch (c) {
    case 'd': return "\\d; write [0-9]";
    case 'D': return "\\D; write [^0-9]";
    case 'w': return "\\w; write [A-Za-z0-9_]";
    case 'W': return "\\W; write [^A-Za-z0-9_]";
    case 's': return "\\s; write a blank, or [ ] with what else may stand there";
    case 'S': return "\\S; write [^ ]";
    case 'b':
    case 'B': return "\\b; write what stands before or behind the word, as (^|[^A-Za-z])";
    case 'A':
    case 'z':
    case 'Z': return "\\A, \\z and \\Z; write ^ and $";
    case 'K': return "\\K; a rule only asks whether it matches, leave it out";
    case 'Q': return "\\Q; put a backslash before each sign that is meant literally";
    case 'R': return "\\R; write what ends the line";
    default: break;
    }
    return byte_digit(c) ? "a back-reference; name the texts that may stand there"
           : letter(c)   ? "a backslash before a letter; write the sign itself or a class"
                         : NULL;
}

static const char *group_trouble(const Scan *s)
{
    return follows(s, "(?:") ? "(?: ); write ( )"
           : follows(s, "(?=") || follows(s, "(?!") || follows(s, "(?<=") || follows(s, "(?<!")
               ? "look-around; write what may stand there, as ([^0-9]|$)"
           : follows(s, "(?>")                                            ? "an atomic group; write ( )"
           : follows(s, "(?<") || follows(s, "(?P<") || follows(s, "(?'") ? "a named group; write ( )"
           : follows(s, "(?R") || follows(s, "(?&") || follows(s, "(?P>") || follows(s, "(?0") ? "recursion"
           : follows(s, "(?#") ? "a comment; write it behind # in the file"
           : follows(s, "(?i)") || follows(s, "(?m)") || follows(s, "(?s)")
               ? "an option inside; write it behind re, as 're|i'"
           : follows(s, "(?") ? "what begins with (?"
           : follows(s, "(*") ? "a verb of PCRE2"
                              : NULL;
}

static const char *trouble_here(const Scan *s)
{
    uint8_t c = s->text.at[s->at], next = s->at + 1 < s->text.len ? s->text.at[s->at + 1] : 0;
    if (c == '\\') {
        return escape_trouble(s);
    }
    if (s->in_class) {
        return follows(s, "[:") ? "a class by name; write its letters, as [a-z]" : NULL;
    }
    if (c == '(') {
        return group_trouble(s);
    }
    bool repeats = c == '*' || c == '+' || c == '?' || c == '}';
    return repeats && next == '?' ? "a lazy repetition; leave the second sign out: a rule only asks whether it matches"
           : repeats && next == '+' ? "a possessive repetition; leave the second sign out"
                                    : NULL;
}

/* NULL: portable. */
static const char *trouble_of(Str text, size_t *at)
{
    for (Scan s = {.text = text}; s.at < text.len; s.at++) {
        const char *why = trouble_here(&s);
        if (why) {
            *at = s.at;
            return why;
        }
        uint8_t c = text.at[s.at];
        if (c == '\\') {
            s.at++;
        } else if (c == '[' && !s.in_class) {
            s.in_class = true;
            s.at += s.at + 1 < text.len && text.at[s.at + 1] == '^';
            s.at += s.at + 1 < text.len && text.at[s.at + 1] == ']';
        } else if (c == ']') {
            s.in_class = false;
        }
    }
    return NULL;
}

/* The text that the regex stands for, if it is nothing but a text; its wildcards and backslashes escaped as a plain
 * value has them. */
static bool plain_text(Arena *a, Str text, Str *out)
{
    VEC(Str) parts = {0};
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == '\\' && (i + 1 == text.len || letter(text.at[i + 1]))) {
            return false;
        }
        if (c != '\\' && str_find_byte(STR(".^$*+?{}[]()|"), c, 0) != STR_NOT_FOUND) {
            return false;
        }
        i += c == '\\';
        if (text.at[i] == '*' || text.at[i] == '?' || (text.at[i] == '\\' && i + 1 == text.len)) {
            *VEC_ADD(a, &parts) = STR("\\");
        }
        *VEC_ADD(a, &parts) = str_slice(text, i, i + 1);
    }
    *out = arena_join(a, parts.at, parts.count);
    return out->len > 0;
}

static Str without_any(Str text, bool *head, bool *tail)
{
    bool caret = str_starts(text, STR("^")), dollar = str_ends(text, STR("$")) && !str_ends(text, STR("\\$"));
    text = str_slice(text, caret, text.len - dollar);
    bool before = str_starts(text, STR(".*")), behind = str_ends(text, STR(".*")) && !str_ends(text, STR("\\.*"));
    text = str_slice(text, 2 * (size_t)before, text.len - 2 * (size_t)behind);
    *head = caret && !before;
    *tail = dollar && !behind;
    return text;
}

static void advise_plain(Lint *l, const Test *t, const Node *at, Str flags)
{
    bool head, tail;
    Str text;
    if (str_has(flags, STR("|m")) || !plain_text(l->run, without_any(at->text, &head, &tail), &text)) {
        return;
    }
    Str field = str_slice(t->at->text, 0, str_find_byte(t->at->text, '|', 0));
    Str place = head && tail ? STR("") : head ? STR("|startswith") : tail ? STR("|endswith") : STR("|contains");
    Str cased = str_has(flags, STR("|i")) ? STR("") : STR("|cased");
    ADVISE(l, at, "plain-regex", STR("this regular expression is a plain text, which is found faster; write '"), field,
           place, cased, STR(": "), text, STR("'"));
}

void lint_regexes(Lint *l, const Test *t)
{
    if (t->at->kind != NODE_SCALAR) {
        return;
    }
    size_t re = str_find(t->at->text, STR("|re"), 0), at;
    Str flags = re == STR_NOT_FOUND ? (Str){0} : str_from(t->at->text, re + 3);
    for (size_t i = 0; i < t->count; i++) {
        const Value *v = &t->values[i];
        if (v->patterns[0].kind != PATTERN_REGEX || v->patterns[0].pieces) {
            continue;
        }
        const char *why = trouble_of(v->at->text, &at);
        if (why) {
            ADVISE(l, v->at, "regex", STR("Sigma's regular expressions have no "), str_of(why),
                   arena_format(l->run, " (at byte %zu)", at + 1));
        } else {
            advise_plain(l, t, v->at, flags);
        }
    }
}
