/* The errors of a rule set: gathered while it is loaded, told at the end in the order of files and lines, each with the
 * line it is in and a mark under the place. Private to rule*.c. */
#ifndef RULE_ERROR_H
#define RULE_ERROR_H

#include "base/arena.h"
#include "base/sink.h"

typedef struct RuleFile {
    Str path;      /* as errors name it */
    Str text;      /* empty: an error shows no line of it */
    size_t number; /* files are told of in this order */
    bool builtin;  /* part of the program */
    bool replaced; /* another file of that name takes its place: only its rules count, for others may ask for them */
} RuleFile;

/* A scalar's style says how its text stands in the file. */
typedef enum NodeStyle { STYLE_NONE, STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_BLOCK } NodeStyle;
typedef enum NodeKind { NODE_SCALAR, NODE_LIST, NODE_MAP } NodeKind;
typedef struct Node { /* of YAML; see rule_yaml.h */
    NodeKind kind;
    NodeStyle style;               /* STYLE_NONE: of a list or a map */
    bool plain;                    /* a scalar without quotes: null, true and 123 are not text */
    bool broken;                   /* was refused as YAML; nothing more is said of it */
    uint32_t line, column;         /* 1-based, in characters */
    uint32_t end_line, end_column; /* right behind it; 0: not known */
    Str text;
    struct Node **items; /* of a list; of a map: key, value, key, value … */
    size_t count;        /* items; pairs of a map */
} Node;

typedef struct Complaint {
    const RuleFile *file;
    uint32_t line, column; /* line 0: the file as a whole */
    uint32_t width;        /* characters that are at fault; 0: up to the end of the line */
    Str what;
} Complaint;

/* Sees every list of words that something of a signature is held against: so signatures/schema.json is tested. */
typedef void WordsTold(void *with, const char *what, const Str *words, size_t count);

typedef struct Loader {
    Arena *run;
    Sink *errors;
    WordsTold *told; /* NULL: nobody looks */
    void *told_with;
    const RuleFile *file; /* the one that is being looked at */
    size_t error_count;
    VEC(Complaint) complaints; /* at most LIMIT_COMPLAINTS */
    bool incomplete;           /* a document could not be read: what is named may well be in it */
} Loader;

/* What is wrong, and what would be right. at == NULL: the file as a whole. */
void complain(Loader *l, const Node *at, const Str *parts, size_t count);
#define COMPLAIN(l, at, ...)                                                                                           \
    complain(l, at, (const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))
/* The same of the bytes [from, to) of a scalar's text. */
void complain_in(Loader *l, const Node *at, size_t from, size_t to, const Str *parts, size_t count);
#define COMPLAIN_IN(l, at, from, to, ...)                                                                              \
    complain_in(l, at, from, to, (const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))
/* The same of a place that no node stands for. */
void complain_at(Loader *l, uint32_t line, uint32_t column, uint32_t width, const Str *parts, size_t count);
/* "unknown WHAT 'word'; did you mean 'known'?", or all that are known. */
void complain_unknown(Loader *l, const Node *at, const char *what, Str word, const Str *known, size_t count);
void complain_unknown_in(Loader *l, const Node *at, size_t from, const char *what, Str word, const Str *known,
                         size_t count);
void words_tell(Loader *l, const char *what, const Str *words, size_t count);
/* The known word that comes nearest; empty if none comes near. */
Str nearest_word(Str word, const Str *known, size_t count);

/* The line and the column of a byte of the file. */
void file_place(const RuleFile *file, size_t byte, uint32_t *line, uint32_t *column);

/* Writes them all to l->errors, and how many there are. */
void complaints_tell(Loader *l);

#endif
