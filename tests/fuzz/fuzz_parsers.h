#ifndef FUZZ_PARSERS_H
#define FUZZ_PARSERS_H

#include "parser.h"

/* What the fuzzer calls its input. One of a parser that reads files with others: the file, its .LOG1, its .LOG2, and
 * behind them the lengths of these two, 32 bits each. */
#define FUZZ_PATH    "Packages/Plugins/Vendor.Handler/1.0.70.0/Status/7.status"
#define FUZZ_LENGTHS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* All bids and one parser over one file; `beside`: NULL, or those it may be read with. */
void fuzz_one(const Parser *parser, Str path, Str bytes, const Companions *beside);

#endif
