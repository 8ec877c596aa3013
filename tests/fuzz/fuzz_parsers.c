/* libFuzzer over all parsers. The first byte picks the parser of the table, the rest is the file; with
 * VMSIFT_FUZZ_PARSER set to a name, everything goes to that parser. One that is read with others of its folder (a hive
 * with its logs) has them behind it, and behind them their lengths (fuzz_parsers.h). `make fuzz` builds and runs it,
 * replay.c reads its findings again. */
#include "fuzz_parsers.h"

#include <stdlib.h>

static const Parser *chosen(void)
{
    const char *name = getenv("VMSIFT_FUZZ_PARSER");
    return name && *name ? parser_named(str_of(name)) : NULL;
}

static size_t parser_count(void)
{
    size_t n = 0;
    while (parsers[n]) {
        n++;
    }
    return n;
}

static uint32_t length_at(Str bytes, size_t from_end)
{
    uint32_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        n = n << 8 | bytes.at[bytes.len - from_end + 3 - i];
    }
    return n;
}

/* Takes the logs off the end, as far as the lengths there fit. */
static Str take_logs(Str bytes, Companion logs[2])
{
    if (bytes.len < FUZZ_LENGTHS) {
        return bytes;
    }
    size_t end = bytes.len - FUZZ_LENGTHS;
    for (size_t i = 2; i-- > 0;) {
        uint32_t len = length_at(bytes, FUZZ_LENGTHS - 4 * i);
        if (len <= end) {
            logs[i].bytes = str_slice(bytes, end - len, end);
            end -= len;
        }
    }
    return str_slice(bytes, 0, end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Parser *parser = chosen();
    Str bytes = {data, size};
    if (!parser && size == 0) {
        return 0;
    }
    if (!parser) {
        parser = parsers[data[0] % parser_count()];
        bytes = str_from(bytes, 1);
    }
    Companion logs[2] = {{STR(FUZZ_PATH ".LOG1"), {0}}, {STR(FUZZ_PATH ".LOG2"), {0}}};
    const Companions beside = {.at = logs, .count = 2};
    if (parser->waits) {
        bytes = take_logs(bytes, logs);
    }
    fuzz_one(parser, STR(FUZZ_PATH), bytes, parser->waits ? &beside : NULL);
    return 0;
}
