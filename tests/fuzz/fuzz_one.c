#include "../capture.h"
#include "base/sink.h"
#include "fuzz_parsers.h"
#include "hive_log.h"

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

static void capture_one(const Parser *parser, Str path, Str bytes, const Companions *beside)
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
    capture_one(parser, path, bytes, &fitting);
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
    capture_one(parser, path, bytes, beside);
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
