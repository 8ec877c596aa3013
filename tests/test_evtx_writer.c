#define _POSIX_C_SOURCE 200809L /* popen */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "evtx_writer.h"

#define HEAD(record)                                                                                                   \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='VSS'/>"              \
    "<EventID Qualifiers='49152'>8193</EventID><Version>0</Version><Level>2</Level><Task>3</Task><Opcode>0</Opcode>"   \
    "<Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='2023-05-11T21:38:47.9531601Z'/>"                    \
    "<EventRecordID>" record "</EventRecordID><Correlation/><Execution ProcessID='700' ThreadID='12'/>"                \
    "<Channel>Application</Channel><Computer>vm-lab</Computer><Security UserID='S-1-5-18'/></System>"
#define CLASSIC(record)                                                                                                \
    HEAD(record) "<EventData><Data>one</Data><Data></Data><Data>three</Data><Binary>0AFF</Binary></EventData></Event>"
#define NAMED(record)                                                                                                  \
    HEAD(record)                                                                                                       \
    "<EventData><Data Name='param1'>\xC3\xBC &lt;x&gt;</Data><Data Name='param2'></Data></EventData></Event>"
#define USER(record) HEAD(record) "<UserData><Outer><Inner>deep</Inner></Outer></UserData></Event>"

static Str write_events(Arena *a, Str xml)
{
    const char *why = NULL;
    Str file = evtx_write(xml, a, &why);
    assert_null(why);
    return file;
}

TEST(writer_makes_whole_chunks)
{
    Arena a = {0};
    Str file = write_events(&a, STR("<Events chunk-events='2' header-chunks='1' dirty='yes'>" CLASSIC("5") NAMED("6")
                                        USER("7") "</Events>"));
    assert_int_equal(file.len, 4096 + 2 * 65536);
    assert_true(str_starts(file, STR("ElfFile\0")));
    assert_int_equal(file.at[42], 1);
    assert_int_equal(file.at[120], 1);
    assert_true(str_starts(str_from(file, 4096 + 65536), STR("ElfChnk\0")));
    arena_free(&a);
}

TEST(writer_starts_a_chunk_when_one_is_full)
{
    Arena a = {0};
    VEC(Str) parts = {0};
    *VEC_ADD(&a, &parts) = STR("<Events>");
    for (unsigned i = 0; i < 1000; i++) {
        *VEC_ADD(&a, &parts) = STR(CLASSIC("9"));
    }
    *VEC_ADD(&a, &parts) = STR("</Events>");
    Str file = write_events(&a, arena_join(&a, parts.at, parts.count));
    assert_true(file.len > 4096 + 65536);
    assert_int_equal((file.len - 4096) % 65536, 0);
    arena_free(&a);
}

TEST(writer_refuses_what_is_no_event)
{
    Arena a = {0};
    const char *why = NULL;
    assert_int_equal(evtx_write(STR("<Events><Other/></Events>"), &a, &why).len, 0);
    assert_non_null(why);
    why = NULL;
    assert_int_equal(evtx_write(STR("<Events>"), &a, &why).len, 0);
    assert_non_null(why);
    arena_free(&a);
}

static void assert_read(const char *options)
{
    Arena a = {0};
    Capture c;
    const Str parts[] = {STR("<Events "), str_of(options), STR(">" CLASSIC("5") NAMED("6") USER("7") "</Events>")};
    capture_run(&c, parser_named(STR("evtx")), STR("x.evtx"), write_events(&a, arena_join(&a, parts, 3)), true);
    assert_int_equal(c.status, ST_OK);
    assert_int_equal(c.events.count, 3);
    const Event *ev = c.events.at;
    assert_str(ev[0].provider, STR("VSS"));
    assert_int_equal(ev[0].id, 8193);
    assert_int_equal(ev[0].level, LEVEL_ERROR);
    assert_true(ev[0].time_ns == INT64_C(1683841127953160100));
    assert_str(ev[0].computer, STR("vm-lab"));
    assert_int_equal(ev[0].field_count, 4);
    assert_str(ev[0].fields[0].value, STR("one"));
    assert_str(ev[0].fields[1].value, STR(""));
    assert_str(ev[0].fields[2].value, STR("three"));
    assert_str(ev[0].fields[3].value, STR("0AFF"));
    assert_str(ev[1].fields[0].name, STR("param1"));
    assert_str(ev[1].fields[0].value, STR("\xC3\xBC <x>"));
    assert_str(ev[2].fields[0].name, STR("Inner"));
    assert_int_equal(ev[2].record, 7);
    capture_close(&c);
    arena_free(&a);
}

TEST(our_reader_reads_what_was_written)
{
    assert_read("");
    assert_read("chunk-events='1' header-chunks='1' dirty='yes'");
    assert_read("template='no'");
}

TEST(another_reader_reads_what_was_written)
{
    Arena a = {0};
    char output[65536], path[] = "/tmp/test_evtx_writer.evtx";
    if (system("command -v evtxexport >/dev/null 2>&1") != 0) {
        print_message("evtxexport is not installed\n");
        skip();
    }
    Str file = write_events(&a, STR("<Events chunk-events='2'>" CLASSIC("5") NAMED("6") USER("7") "</Events>"));
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(file.at, 1, file.len, f), file.len);
    fclose(f);
    f = popen("evtxexport -f xml /tmp/test_evtx_writer.evtx", "r");
    assert_non_null(f);
    Str text = {(const uint8_t *)output, fread(output, 1, sizeof output, f)};
    assert_int_equal(pclose(f), 0);
    remove(path);
    const char *const wants[] = {"<EventRecordID>7</EventRecordID>",
                                 "<Data>three</Data>",
                                 "<Binary>0AFF</Binary>",
                                 "UserID=\"S-1-5-18\"",
                                 "<Data Name=\"param1\">\xC3\xBC &lt;x&gt;</Data>",
                                 "<Inner>deep</Inner>",
                                 "2023-05-11T21:38:47.953160100Z"};
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        assert_true(str_has(text, str_of(wants[i])));
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_makes_whole_chunks),
        cmocka_unit_test(writer_starts_a_chunk_when_one_is_full),
        cmocka_unit_test(writer_refuses_what_is_no_event),
        cmocka_unit_test(our_reader_reads_what_was_written),
        cmocka_unit_test(another_reader_reads_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
