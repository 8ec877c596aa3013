/* Where a value stands in a text of JSON that is known to be well-formed: for messages that name a line, and for
 * changing one value and nothing else. */
#ifndef JSON_PLACE_H
#define JSON_PLACE_H

#include "base/str.h"

typedef struct JsonStep { /* into an object by its key, or into an array */
    Str key;              /* at == NULL: the item of that index */
    size_t index;
} JsonStep;

typedef struct JsonSpan { /* bytes of the text */
    size_t from, to;
} JsonSpan;

/* The value that the steps lead to; where one of them leads nowhere, the last that does, and false. */
bool json_place(Str text, const JsonStep *steps, size_t count, JsonSpan *to);

typedef struct TextPlace { /* from 1, in characters; 0: not known */
    unsigned line, column;
} TextPlace;
TextPlace text_place(Str text, size_t offset);

#endif
