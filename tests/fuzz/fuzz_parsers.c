/* libFuzzer over all parsers. The first byte picks the parser of the table, the rest is the file; with
 * VMSIFT_FUZZ_PARSER set to a name, everything goes to that parser. `make fuzz` builds and runs it, replay.c reads its
 * findings again. */
#include "fuzz_parsers.h"

#include <stdlib.h>

#include "../capture.h"
#include "base/sink.h"

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
    fuzz_one(parser, STR("Packages/Plugins/Vendor.Handler/1.0.70.0/Status/7.status"), bytes);
    return 0;
}

static void dump_one(const Parser *parser, Str path, Str bytes, DumpOptions how)
{
    Arena run = {0}, scratch = {0};
    Analysis analysis;
    Source src;
    Sink counted = sink_file(NULL);
    analysis_open(&analysis, NULL, &run);
    analysis_row(&analysis, path, 0, TIME_NONE, 1);
    source_open_memory(&src, path, bytes);
    parser->dump(&src, &scratch, how, &counted, &analysis);
    source_close(&src);
    sink_close(&counted);
    arena_free(&scratch);
    arena_free(&run);
}

void fuzz_one(const Parser *parser, Str path, Str bytes)
{
    Capture c;
    for (const Parser *const *p = parsers; *p; p++) {
        (*p)->bid(path, str_slice(bytes, 0, LIMIT_HEAD));
    }
    capture_run(&c, parser, path, bytes, false);
    capture_close(&c);
    for (int form = 0; parser->dump && form < (parser->recovers ? 4 : 2); form++) {
        dump_one(parser, path, bytes, (DumpOptions){form % 2 ? DUMP_XML : DUMP_JSONL, form >= 2});
    }
}
