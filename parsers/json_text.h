/* JSON documents of agents and extensions: decoded at the door, held against our own limits, and read as far as they
 * go when they are cut, glued or redacted. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <jansson.h>

#include "parser.h"

typedef struct JsonText {
    Str text;      /* decoded, without NUL bytes; lives in the arena */
    json_t *root;  /* NULL: nothing could be read. Values borrow from it until json_text_close */
    bool broken;   /* values may be missing, at the end or in between */
    Status status; /* ST_PARTIAL: cut by its end or by a limit; ST_FAILED: bytes inside make no sense */
} JsonText;

/* Reads the whole source. What is wrong with it is told to `out`, with its line and without any of its bytes. */
void json_text_open(JsonText *doc, Source *src, Arena *a, Analysis *out);
void json_text_close(JsonText *doc);
/* The document is none of the kind it should be: a diagnostic, unless another one told already that it is broken. */
void json_text_foreign(JsonText *doc, Source *src, Analysis *out, const char *what);

/* A document inside a string: decoded a second time, as far as it goes (*broken). NULL if it is none; else the caller
 * owns the reference. */
json_t *json_text_nested(Str text, Arena *a, bool *broken);

/* A member by a path of ours, "status/formattedMessage/message": names without case, an array stands for its first
 * element. NULL if there is none. */
const json_t *json_text_at(const json_t *from, const char *path);
/* The first member of that name in document order, at any depth. */
const json_t *json_text_find(const json_t *from, Str key);
/* Strings (borrowed), whole numbers and truth values as text; empty for everything else. */
Str json_text_str(Arena *a, const json_t *value);
/* An array, or what stands in place of one, element by element; NULL behind the last. */
const json_t *json_text_item(const json_t *list, size_t index);

/* Where something stands in the text: moves on to the next `needle`, or stays if there is none. */
typedef struct JsonPlace {
    size_t offset, from;
    uint64_t line; /* 0 before the first call */
} JsonPlace;
void json_text_seek(const JsonText *doc, JsonPlace *place, Str needle);

/* For bids: true if the head begins as JSON does (or was redacted there) and holds the key. UTF-16 is seen through. */
bool json_head_has(Str head, Str key);

#endif
