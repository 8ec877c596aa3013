/* libFuzzer over all parsers. The first byte picks the parser of the table, the rest is the file; with
 * VMSIFT_FUZZ_PARSER set to a name, everything goes to that parser. One that is read with others of its folder (a hive
 * with its logs) has them behind it, and behind them their lengths (fuzz_parsers.h). `make fuzz` builds and runs it,
 * replay.c reads its findings again. */
#include "fuzz_parsers.h"

#include <stdlib.h>

#include "../capture.h"
#include "base/sink.h"
#include "hive_log.h"

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

static void dump_one(const Parser *parser, Str path, Str bytes, const Companions *beside, DumpOptions how)
{
    Arena run = {0}, scratch = {0};
    Analysis analysis;
    Source src;
    Sink counted = sink_file(NULL);
    analysis_open(&analysis, NULL, &run);
    analysis_row(&analysis, path, 0, TIME_NONE, 1);
    source_open_memory(&src, path, bytes);
    src.beside = beside;
    parser->dump(&src, &scratch, how, &counted, &analysis);
    source_close(&src);
    sink_close(&counted);
    arena_free(&scratch);
    arena_free(&run);
}

static void run(const Parser *parser, Str path, Str bytes, const Companions *beside)
{
    Capture c;
    capture_run_beside(&c, parser, path, bytes, beside, false);
    capture_close(&c);
}

/* A changed byte makes an entry void, so what is behind the checksums would never be reached. */
static void fit_sums(uint8_t *log, size_t len)
{
    for (size_t at = 512; len > 40 && at <= len - 40;) {
        uint32_t size = 0;
        for (size_t i = 8; i > 4; i--) {
            size = size << 8 | log[at + i - 1];
        }
        if (memcmp(log + at, "HvLE", 4) != 0 || size < 40 || size > len - at) {
            return;
        }
        uint64_t sum = hive_log_hash((Str){log + at + 40, size - 40});
        memcpy(log + at + 24, &sum, sizeof sum);
        sum = hive_log_hash((Str){log + at, 32});
        memcpy(log + at + 32, &sum, sizeof sum);
        at += size;
    }
}

static void run_with_sums(const Parser *parser, Str path, Str bytes, const Companions *beside)
{
    Arena a = {0};
    Companion *logs = ARENA_NEW(&a, Companion, beside->count);
    for (size_t i = 0; i < beside->count; i++) {
        logs[i] = (Companion){beside->at[i].path, arena_str(&a, beside->at[i].bytes)};
        fit_sums((uint8_t *)logs[i].bytes.at, logs[i].bytes.len);
    }
    const Companions fitting = {.at = logs, .count = beside->count, .early = true};
    run(parser, path, bytes, &fitting);
    arena_free(&a);
}

void fuzz_one(const Parser *parser, Str path, Str bytes, const Companions *beside)
{
    for (const Parser *const *p = parsers; *p; p++) {
        (*p)->bid(path, str_slice(bytes, 0, LIMIT_HEAD));
    }
    if (parser->waits) {
        parser->waits(str_slice(bytes, 0, LIMIT_HEAD));
    }
    run(parser, path, bytes, beside);
    if (beside) {
        run_with_sums(parser, path, bytes, beside);
    }
    for (int form = 0; parser->dump && form < 4; form++) {
        DumpOptions how = {form % 2 ? DUMP_XML : DUMP_JSONL, form >= 2};
        if ((how.format != DUMP_XML || parser->writes_xml) && (!how.recover || parser->recovers)) {
            dump_one(parser, path, bytes, beside, how);
        }
    }
}
