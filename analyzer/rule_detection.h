/* A detection in its compiled form. Private to rule*.c, prefilter.c and match.c. */
#ifndef RULE_DETECTION_H
#define RULE_DETECTION_H

#include "rule.h"
#include "rule_yaml.h"

struct pcre2_real_code_8;

typedef enum FieldKind {
    FIELD_NAMED,
    FIELD_ANY, /* keywords: the message and every value */
    FIELD_MESSAGE,
    FIELD_LEVEL,
    FIELD_EVENT_ID,
    FIELD_PROVIDER,
    FIELD_CHANNEL,
    FIELD_COMPUTER,
    FIELD_DATA, /* any unnamed datum */
} FieldKind;

typedef enum PieceKind { PIECE_TEXT, PIECE_ONE, PIECE_MANY, PIECE_DASH } PieceKind;
typedef struct Piece { /* of a text with wildcards */
    PieceKind kind;
    Str text;
} Piece;

typedef enum PatternKind {
    PATTERN_TEXT,
    PATTERN_GLOB,
    PATTERN_REGEX,
    PATTERN_NUMBER,  /* the same text, or the same number */
    PATTERN_COMPARE, /* lt, lte, gt, gte */
    PATTERN_CIDR,
    PATTERN_FIELD, /* the value of another field */
    PATTERN_NULL,
    PATTERN_EXISTS,
} PatternKind;
typedef enum Place { PLACE_WHOLE, PLACE_START, PLACE_END, PLACE_ANYWHERE } Place;
typedef enum Compare { COMPARE_LT, COMPARE_LTE, COMPARE_GT, COMPARE_GTE } Compare;

typedef struct Pattern {
    PatternKind kind;
    Place place;
    bool cased;
    bool yes; /* exists */
    Compare compare;
    Str text;            /* in lower case unless cased; FIELD: its name */
    FieldKind ref;       /* FIELD */
    const Piece *pieces; /* GLOB; with the place worked in. Of a REGEX made from a text: what it was made from */
    size_t piece_count;
    struct pcre2_real_code_8 *regex;
    long double number;
    uint8_t net[16]; /* IPv4 as ::ffff:a.b.c.d */
    bool net_v4;
    unsigned bits;
} Pattern;

typedef struct Value { /* as the author wrote it; holds if any of its patterns does */
    const Pattern *patterns;
    size_t count;
    const Node *at;
} Value;

typedef struct Test { /* one line of a selection */
    FieldKind field;
    Str name;
    bool all; /* every value must hold, not just one */
    bool negated;
    bool identity; /* it says what the event is, not what is the matter with it */
    const Value *values;
    size_t count;
    const Node *at; /* its key; of words without one, the words */
} Test;

typedef enum SelectionKind { SELECT_TEST, SELECT_ALL, SELECT_ANY } SelectionKind;
typedef struct Selection {
    SelectionKind kind;
    const Test *test;
    const struct Selection *const *items;
    size_t count;
} Selection;

typedef struct Detection {
    const Selection **selections; /* leaf n of the condition is selections[n] … */
    const Node **keys;            /* … and is called so */
    size_t count;
    const Expression *condition;
} Detection;

typedef struct RegexList {
    VEC(struct pcre2_real_code_8 *) codes;
} RegexList;

/* NULL after an error. */
Detection *detection_load(Loader *l, const Node *n, const LogSource *source, RegexList *regexes);

bool number_parse(Str s, long double *out); /* 12, -1.5, 0x1f */
bool address_parse(Str s, uint8_t address[16], bool *v4);
/* Of a TEXT or GLOB pattern. In match.c. */
bool pattern_text_holds(const Pattern *p, Str value);

#endif
