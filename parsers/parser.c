#include "parser.h"

#include <libxml/parser.h>

#define PARSER(name) extern const Parser parser_##name;
#include "parsers.def"
#undef PARSER

const Parser *const parsers[] = {
#define PARSER(name) &parser_##name,
#include "parsers.def"
#undef PARSER
    NULL,
};

void parsers_begin(void)
{
    xmlInitParser();
}

const Parser *parser_pick(Str path, Str head)
{
    const Parser *best = NULL;
    Bid best_bid = BID_NO;
    for (const Parser *const *p = parsers; *p; p++) {
        Bid bid = (*p)->bid(path, head);
        if (bid > best_bid) {
            best_bid = bid;
            best = *p;
        }
    }
    return best;
}

const Parser *parser_named(Str name)
{
    for (const Parser *const *p = parsers; *p; p++) {
        if (str_eq(name, str_of((*p)->name))) {
            return *p;
        }
    }
    return NULL;
}
