#ifndef FUZZ_PARSERS_H
#define FUZZ_PARSERS_H

#include "parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* All bids and one parser over one file. */
void fuzz_one(const Parser *parser, Str path, Str bytes);

#endif
