#define _GNU_SOURCE /* mkdtemp */
#include <stdio.h>
#include <stdlib.h>

#include "base/platform.h"
#include "fixture_bundle.h"
#include "parser.h"
#include "pipeline.h"
#include "unit.h"

#define CASES "fixtures/signatures/"

static const FixtureMember *member(const FixtureBundle *b, Str name)
{
    for (size_t i = 0; i < b->members.count; i++) {
        if (str_eq(b->members.at[i].name, name)) {
            return &b->members.at[i];
        }
    }
    return NULL;
}

TEST(fixture_included_files_are_renamed_or_left_out)
{
    Arena a = {0};
    const Str drop[] = {STR("Windows/System32/winevt/Logs/System")};
    const Str rename[][2] = {{STR("Windows/System32/winevt/"), STR("logs.zip.d/")}, {STR("Windows/"), STR("W/")}};
    FixtureInclude include = {STR(CASES "desktop-heap/confirmed/bundle"), drop, 1, rename, 2};
    FixtureBundle b = fixture_bundle(&a, STR("no/such/folder"), &include);
    assert_str(b.trouble, STR(""));
    const FixtureMember *logs = member(&b, STR("logs.zip"));
    assert_non_null(logs);
    assert_true(str_has(logs->bytes, STR("Logs/Application.evtx")));
    assert_false(str_has(logs->bytes, STR("Logs/System.evtx")));
    for (size_t i = 0; i < b.members.count; i++) {
        assert_false(str_starts(b.members.at[i].name, STR("Windows/")));
    }
    arena_free(&a);
}

TEST(fixture_trouble_names_file_and_line)
{
    Arena a = {0};
    char folder[] = "/tmp/fixture-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.events", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("# time | provider | id | level\n2022-03-13T11:00:00Z | A | 1\n", f);
    fclose(f);
    FixtureBundle b = fixture_bundle(&a, str_of(folder), NULL);
    assert_str(b.trouble_file, str_of(path));
    assert_int_equal(b.trouble_line, 2);
    assert_str(b.trouble, STR("an event is: time | provider | event id | level | data"));
    remove(path);
    remove(folder);
    arena_free(&a);
}

/* The one file NAME of a bundle. */
static FixtureBundle bundle_of(Arena *a, const char *name, const char *text)
{
    char folder[] = "/tmp/fixture-XXXXXX", path[120];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    char settings[120];
    snprintf(settings, sizeof settings, "%s/bundle.txt", folder);
    f = fopen(settings, "w");
    assert_non_null(f);
    fputs("computer vm1\n", f);
    fclose(f);
    FixtureBundle b = fixture_bundle(a, arena_str(a, str_of(folder)), NULL);
    remove(path);
    remove(settings);
    remove(folder);
    return b;
}

#define EVENT "2022-03-13T11:00:00Z | Microsoft-Windows-CodeIntegrity | 3077 | 2 | x\n"

/* A letter of UTF-16 is a byte and a zero. */
static bool has_utf16(Str bytes, const char *word)
{
    Str text = str_of(word);
    for (size_t at = 0; at + 2 * text.len <= bytes.len; at++) {
        size_t i = 0;
        while (i < text.len && bytes.at[at + 2 * i] == text.at[i] && !bytes.at[at + 2 * i + 1]) {
            i++;
        }
        if (i == text.len) {
            return true;
        }
    }
    return false;
}

TEST(fixture_events_of_a_channel_with_a_slash_name_it)
{
    Arena a = {0};
    FixtureBundle b = bundle_of(&a, "Microsoft-Windows-CodeIntegrity%4Operational.events", EVENT);
    assert_str(b.trouble, STR(""));
    const FixtureMember *log = member(&b, STR("Microsoft-Windows-CodeIntegrity%4Operational.evtx"));
    assert_non_null(log);
    assert_true(has_utf16(log->bytes, "Microsoft-Windows-CodeIntegrity/Operational"));
    assert_false(has_utf16(log->bytes, "%4"));
    arena_free(&a);
}

TEST(fixture_events_named_as_if_they_were_an_evtx_are_told)
{
    Arena a = {0};
    FixtureBundle b = bundle_of(&a, "System.evtx.events", EVENT);
    assert_true(str_ends(b.trouble_file, STR("/System.evtx.events")));
    assert_str(b.trouble, STR("name it without .evtx: NAME.events becomes NAME.evtx"));
    arena_free(&a);
}

typedef struct Run {
    RuleSet rules;
    Arena a;
    Str report;
    size_t rows;
} Run;

static void take(void *with, const Report *report)
{
    Run *run = with;
    Sink out = sink_memory();
    report_format(report_formats, STR("json"))->write(report, &(ReportStyle){0}, &out);
    run->report = arena_str(&run->a, sink_bytes(&out));
    run->rows = report->analysis->rows.count;
    sink_close(&out);
}

static void run_input(Run *run, const char *path, Str bytes, const StrList *left_out)
{
    Password none = {0};
    Options opt = {.choice = {.at_ns = TIME_NONE}, .threads = 2, .password = &none};
    pipeline_read(&opt, &(PipelineInput){&path, 1, bytes, left_out}, &run->rules, take, run);
}

TEST(bundle_in_memory_gives_the_report_of_the_one_on_disk)
{
    Run run = {0};
    char folder[] = "/tmp/fixture-XXXXXX", path[64];
    Sink errors = sink_file(NULL);
    assert_int_equal(rule_set_load(&run.rules, NULL, false, &run.a, &errors), ST_OK);
    FixtureBundle b = fixture_bundle(&run.a, STR(CASES "desktop-heap/confirmed/bundle"), NULL);
    Str bytes = fixture_archive(&run.a, &b, STR("bundle.zip"));
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/bundle.zip", folder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, f), bytes.len);
    fclose(f);

    run_input(&run, path, (Str){0}, NULL);
    Str on_disk = run.report;
    run_input(&run, "bundle.zip", bytes, NULL);
    assert_str(run.report, on_disk);
    assert_true(str_has(on_disk, STR("\"id\":\"desktop-heap\",\"verdict\":\"confirmed\"")));

    size_t rows = run.rows;
    StrList left_out = {0};
    *VEC_ADD(&run.a, &left_out) = b.members.at[0].name;
    run_input(&run, "bundle.zip", bytes, &left_out);
    assert_int_equal(run.rows, rows - 1);

    remove(path);
    remove(folder);
    sink_close(&errors);
    rule_set_free(&run.rules);
    arena_free(&run.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixture_included_files_are_renamed_or_left_out),
        cmocka_unit_test(fixture_trouble_names_file_and_line),
        cmocka_unit_test(fixture_events_of_a_channel_with_a_slash_name_it),
        cmocka_unit_test(fixture_events_named_as_if_they_were_an_evtx_are_told),
        cmocka_unit_test(bundle_in_memory_gives_the_report_of_the_one_on_disk),
    };
    platform_begin();
    parsers_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
