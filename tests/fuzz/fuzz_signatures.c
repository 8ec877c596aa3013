/* libFuzzer over signatures: one signature file of any bytes; what loads is tried on events. */
#include "match.h"
#include "rule_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_events(const RuleSet *set, Str text)
{
    Matcher *m = matcher_open(set);
    const Field fields[] = {
        {STR(""), text}, {STR("Image"), str_slice(text, 0, 64)}, {STR("ServiceName"), STR("MSDTC")}};
    for (Service s = SERVICE_OTHER; s < SERVICE_COUNT; s++) {
        const MatchResult *results;
        Event ev = {.service = s,
                    .id = 1,
                    .channel = STR("System"),
                    .message = s % 2 ? text : (Str){0},
                    .fields = fields,
                    .field_count = 3};
        match_event(m, &ev, &results);
        match_wants(m, ev.provider, ev.provider_alias, ev.id, ev.channel);
    }
    matcher_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena run = {0};
    RuleSet set;
    const Str files[1][2] = {{STR("x.yml"), {data, size}}};
    Sink errors = sink_file(NULL);
    if (rule_set_load_memory(&set, files, 1, &run, &errors) == ST_OK) {
        try_events(&set, files[0][1]);
    }
    rule_set_free(&set);
    sink_close(&errors);
    arena_free(&run);
    return 0;
}
