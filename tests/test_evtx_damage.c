/* Event logs that are broken, went round or were cleared: what the ledger says of them, and what --recover finds. */
#include "unit.h"

#include <string.h>

#include "base/sink.h"
#include "capture.h"
#include "evtx_writer.h"

/* One event a minute: record N was written N minutes after 10:00. */
static Str event(Arena *a, unsigned record, unsigned minute, const char *channel)
{
    return arena_format(
        a,
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Service Control Manager'/><EventID>7036</EventID><Level>4</Level>"
        "<TimeCreated SystemTime='2023-07-01T%02u:%02u:00Z'/><EventRecordID>%u</EventRecordID>"
        "<Channel>%s</Channel><Computer>vm-lab</Computer></System><EventData><Data Name='param1'>Spooler"
        "</Data></EventData></Event>",
        10 + minute / 60, minute % 60, record, channel);
}

static Str events(Arena *a, unsigned from, unsigned to)
{
    VEC(Str) parts = {0};
    for (unsigned i = from; i <= to; i++) {
        *VEC_ADD(a, &parts) = event(a, i, i, "System");
    }
    return arena_join(a, parts.at, parts.count);
}

/* <Chunk ATTRIBUTES>events [from, to]</Chunk> */
static Str chunk(Arena *a, const char *attributes, unsigned from, unsigned to)
{
    return arena_join(a, (Str[]){STR("<Chunk "), str_of(attributes), STR(">"), events(a, from, to), STR("</Chunk>")},
                      5);
}

static Str file_of(Arena *a, const char *options, const Str *parts, size_t count)
{
    const char *why = NULL;
    Str inside = arena_join(a, parts, count);
    Str xml = arena_join(a, (Str[]){STR("<Events "), str_of(options), STR(">"), inside, STR("</Events>")}, 5);
    Str file = evtx_write(xml, a, &why);
    assert_null(why);
    return file;
}
#define FILE_OF(a, options, ...)                                                                                       \
    file_of(a, options, (const Str[]){__VA_ARGS__}, sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))

/* --- the ledger ----------------------------------------------------------------------------------------------------
 */

#define MINUTE     INT64_C(60000000000)
#define AT(minute) (INT64_C(1688205600000000000) + (minute)*MINUTE) /* 2023-07-01T10:00Z */

static Capture read_file(Str file)
{
    Capture c;
    capture_run(&c, parser_named(STR("evtx")), STR("System.evtx"), file, true);
    return c;
}

static void assert_hole(const Capture *c, size_t i, int from, int to, const char *why)
{
    assert_true(i < c->analysis.row->holes.count);
    const Hole *hole = &c->analysis.row->holes.at[i];
    assert_str(str_of(hole->why), str_of(why));
    assert_int_equal((hole->span.from_ns - AT(0)) / MINUTE, from);
    assert_int_equal((hole->span.to_ns - AT(0)) / MINUTE, to);
}

static void check(const Capture *c, size_t number_of_events, Status status, size_t holes)
{
    assert_int_equal(c->events.count, number_of_events);
    assert_int_equal(c->status, status);
    assert_int_equal(c->analysis.row->holes.count, holes);
}

static void end(Arena *a, Capture *c)
{
    capture_close(c);
    arena_free(a);
}

TEST(evtx_chunk_with_a_wrong_checksum_is_a_hole_between_its_neighbours)
{
    Arena a = {0};
    Capture c = read_file(
        FILE_OF(&a, "", chunk(&a, "", 1, 5), chunk(&a, "data-checksum='wrong'", 6, 10), chunk(&a, "", 11, 15)));
    check(&c, 15, ST_OK, 1);
    assert_hole(&c, 0, 5, 11, "a chunk's checksum does not match");
    assert_int_equal(c.analysis.row->diagnostics.count, 1);
    end(&a, &c);
}

TEST(evtx_newest_chunk_with_a_wrong_header_checksum_is_a_hole_to_the_end)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", chunk(&a, "", 1, 5), chunk(&a, "header-checksum='wrong'", 6, 10)));
    check(&c, 10, ST_OK, 1);
    assert_hole(&c, 0, 5, 10, "a chunk's checksum does not match");
    end(&a, &c);
}

TEST(evtx_lost_chunk_is_a_hole_between_its_neighbours)
{
    Arena a = {0};
    const char *const ways[] = {"magic='lost'", "slot='zeros'"};
    for (size_t i = 0; i < 2; i++) {
        Capture c = read_file(FILE_OF(&a, "", chunk(&a, "", 1, 5), chunk(&a, ways[i], 6, 10), chunk(&a, "", 11, 15)));
        check(&c, 10, ST_FAILED, 1);
        assert_hole(&c, 0, 5, 11, "records here could not be read");
        capture_close(&c);
    }
    arena_free(&a);
}

TEST(evtx_torn_record_is_a_hole_up_to_the_next_chunk)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", chunk(&a, "torn='3'", 1, 5), chunk(&a, "", 6, 10)));
    check(&c, 7, ST_FAILED, 1);
    /* The chunk's checksum does not match either: all of it is doubtful. */
    assert_hole(&c, 0, 1, 6, "a chunk's checksum does not match");
    end(&a, &c);
}

TEST(evtx_log_that_went_round_has_no_hole)
{
    Arena a = {0};
    Capture c = read_file(
        FILE_OF(&a, "first-chunk='2'", chunk(&a, "", 101, 105), chunk(&a, "", 106, 110), chunk(&a, "", 111, 115)));
    check(&c, 15, ST_OK, 0);
    assert_int_equal(c.events.at[0].record, 106);
    end(&a, &c);
}

TEST(evtx_log_that_went_round_and_lost_a_chunk_has_one_hole)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "first-chunk='1'", chunk(&a, "", 101, 105), chunk(&a, "", 106, 110),
                                  chunk(&a, "magic='lost'", 111, 115), chunk(&a, "", 116, 120)));
    check(&c, 15, ST_FAILED, 1);
    assert_hole(&c, 0, 110, 116, "records here could not be read");
    end(&a, &c);
}

TEST(evtx_filtered_export_has_a_hole_wherever_ids_jump)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", events(&a, 1, 3), events(&a, 7, 9)));
    check(&c, 6, ST_OK, 1);
    assert_hole(&c, 0, 3, 7, "record ids are missing");
    end(&a, &c);
}

TEST(evtx_missing_ids_are_a_hole_though_the_clock_was_set_back)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", event(&a, 1, 1, "System"), event(&a, 2, 50, "System"),
                                  event(&a, 9, 40, "System"), event(&a, 10, 60, "System")));
    check(&c, 4, ST_OK, 1);
    assert_hole(&c, 0, 40, 50, "record ids are missing");
    end(&a, &c);
}

TEST(evtx_ids_that_follow_each_other_leave_no_hole_though_the_clock_was_set_back)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", event(&a, 1, 1, "System"), event(&a, 2, 50, "System"),
                                  event(&a, 3, 40, "System"), event(&a, 4, 60, "System")));
    check(&c, 4, ST_OK, 0);
    end(&a, &c);
}

/* The numbers of a cleared log go on: its first record says who cleared it, and what was before is not covered. */
TEST(evtx_cleared_log_has_no_hole_and_begins_with_its_clearing)
{
    Arena a = {0};
    Str cleared = STR("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
                      "<Provider Name='Microsoft-Windows-Eventlog'/><EventID>104</EventID><Level>4</Level>"
                      "<TimeCreated SystemTime='2023-07-01T18:00:00Z'/><EventRecordID>480</EventRecordID>"
                      "<Channel>System</Channel><Computer>vm-lab</Computer></System><UserData><LogFileCleared><Channel>"
                      "Application</Channel></LogFileCleared></UserData></Event>");
    Capture c = read_file(FILE_OF(&a, "", cleared, events(&a, 481, 485)));
    check(&c, 6, ST_OK, 0);
    assert_true(c.analysis.row->span.from_ns == AT(480));
    end(&a, &c);
}

TEST(evtx_ids_that_begin_anew_are_a_hole_between_the_old_and_the_new)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", events(&a, 5, 9), event(&a, 1, 30, "System"), event(&a, 2, 31, "System"),
                                  event(&a, 3, 32, "System")));
    check(&c, 8, ST_OK, 1);
    assert_hole(&c, 0, 9, 30, "record ids begin anew");
    end(&a, &c);
}

TEST(evtx_chunk_that_is_there_twice_is_no_hole)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", chunk(&a, "", 1, 9), chunk(&a, "", 3, 6), chunk(&a, "", 10, 12)));
    check(&c, 16, ST_OK, 0);
    end(&a, &c);
}

TEST(evtx_events_of_another_channel_do_not_cover_the_first_one)
{
    Arena a = {0};
    Capture c = read_file(
        FILE_OF(&a, "", events(&a, 10, 12), event(&a, 13, 5, "Application"), event(&a, 14, 40, "Application")));
    check(&c, 5, ST_OK, 2);
    assert_hole(&c, 0, 5, 10, "only events of other channels");
    assert_hole(&c, 1, 12, 40, "only events of other channels");
    end(&a, &c);
}

TEST(evtx_chunks_beyond_the_count_of_the_header_are_read_and_too_few_are_a_cut)
{
    Arena a = {0};
    Str file = FILE_OF(&a, "dirty='yes' header-chunks='1'", chunk(&a, "", 1, 5), chunk(&a, "", 6, 10));
    Capture c = read_file(file);
    check(&c, 10, ST_OK, 0);
    capture_close(&c);
    file = FILE_OF(&a, "header-chunks='9'", chunk(&a, "", 1, 5), chunk(&a, "", 6, 10));
    c = read_file(file);
    check(&c, 10, ST_PARTIAL, 0);
    end(&a, &c);
}

TEST(evtx_file_without_its_header_is_read_from_its_first_chunk)
{
    Arena a = {0};
    Str file = FILE_OF(&a, "", events(&a, 1, 5));
    memset((uint8_t *)(uintptr_t)file.at, 0, 128);
    assert_int_equal(parser_named(STR("evtx"))->bid(STR("x/System.evtx"), str_slice(file, 0, LIMIT_HEAD)), BID_NAME);
    Capture c = read_file(file);
    check(&c, 5, ST_FAILED, 0);
    assert_str(c.analysis.row->diagnostics.at[0].what, STR("file header lost"));
    end(&a, &c);
}

TEST(evtx_without_records_is_sound)
{
    Arena a = {0};
    Capture c = read_file(FILE_OF(&a, "", chunk(&a, "", 2, 1)));
    check(&c, 0, ST_OK, 0);
    assert_int_equal(c.analysis.row->diagnostics.count, 0);
    capture_close(&c);
    c = read_file(FILE_OF(&a, "", STR("")));
    check(&c, 0, ST_OK, 0);
    end(&a, &c);
}

/* --- recovery ------------------------------------------------------------------------------------------------------
 */

typedef struct Dumped {
    Arena arena;
    Str text;
    Str note;
} Dumped;

static Dumped dump_file(Str file, DumpOptions how)
{
    Dumped d = {0};
    Analysis analysis;
    Source src;
    Arena scratch = {0};
    Sink to = {.bytes = ARENA_NEW(&d.arena, uint8_t, MIB), .room = MIB};
    analysis_open(&analysis, NULL, &d.arena);
    analysis_row(&analysis, STR("System.evtx"), 0, TIME_NONE, 1);
    source_open_memory(&src, STR("System.evtx"), file);
    parser_named(STR("evtx"))->dump(&src, &scratch, how, &to, &analysis);
    d.text = (Str){to.bytes, to.used};
    d.note = analysis.row->note;
    source_close(&src);
    arena_free(&scratch);
    return d;
}

static void end_dump(Arena *a, Dumped *d)
{
    arena_free(&d->arena);
    arena_free(a);
}

static size_t count_of(Str text, const char *what)
{
    size_t count = 0;
    for (size_t at = 0; (at = str_find(text, str_of(what), at)) != STR_NOT_FOUND; at++) {
        count++;
    }
    return count;
}

/* All lines but those that are marked. */
static Str unmarked(Arena *a, Str text, const char *mark)
{
    VEC(Str) lines = {0};
    for (Str line; str_split(&text, '\n', &line);) {
        if (line.len && !str_has(line, str_of(mark))) {
            *VEC_ADD(a, &lines) = line;
            *VEC_ADD(a, &lines) = STR("\n");
        }
    }
    return arena_join(a, lines.at, lines.count);
}

/* `live` records are printed in any case; with --recover `more` come whole, and `lost` as headers. */
static void assert_recovered(Str file, size_t live, size_t more, size_t lost, const char *why)
{
    static const char *const marks[] = {"\"recovered\":true,", "<!-- recovered, "};
    static const char *const records[] = {"\"provider\":", "<EventRecordID>"};
    for (DumpFormat format = DUMP_JSONL; format <= DUMP_XML; format++) {
        Dumped plain = dump_file(file, (DumpOptions){.format = format});
        Dumped with = dump_file(file, (DumpOptions){.format = format, .recover = true});
        assert_int_equal(count_of(plain.text, "\n"), live);
        assert_int_equal(count_of(plain.text, marks[format]), 0);
        assert_str(unmarked(&with.arena, with.text, marks[format]), plain.text);
        assert_int_equal(count_of(with.text, marks[format]), more + lost);
        assert_int_equal(count_of(with.text, records[format]), live + more);
        assert_int_equal(count_of(with.text, why), more + lost);
        Str note = arena_format(&with.arena, "recovered records: %zu; others of which only the header is left: %zu",
                                more, lost);
        assert_str(with.note, note);
        arena_free(&plain.arena);
        arena_free(&with.arena);
    }
}

TEST(recover_finds_nothing_in_a_sound_log)
{
    Arena a = {0};
    assert_recovered(FILE_OF(&a, "chunk-events='4'", events(&a, 1, 9)), 9, 0, 0, "recovered");
    arena_free(&a);
}

TEST(recover_finds_old_records_whose_template_is_still_there)
{
    Arena a = {0};
    /* The old record of another shape brings its own template, behind what the new ones overwrite. */
    Str other = STR("<Event><System><Provider Name='Old'/><EventID>1</EventID><EventRecordID>3</EventRecordID>"
                    "<Channel>System</Channel></System><EventData><Data Name='x'>1</Data></EventData></Event>");
    Str old = arena_join(&a,
                         (Str[]){STR("<Chunk><Before>"), events(&a, 1, 2), other, STR("</Before>"),
                                 event(&a, 50, 50, "System"), STR("</Chunk>")},
                         6);
    assert_recovered(FILE_OF(&a, "", old), 1, 2, 0, "behind the free-space offset of its chunk");
    arena_free(&a);
}

TEST(recover_tells_the_header_of_an_old_record_whose_template_was_overwritten)
{
    Arena a = {0};
    Str new = STR("<Event><System><Provider Name='New'/><EventID>1</EventID><EventRecordID>50</EventRecordID>"
                  "<Channel>System</Channel></System><EventData><Data Name='y'>1</Data></EventData></Event>");
    Str old =
        arena_join(&a, (Str[]){STR("<Chunk><Before>"), events(&a, 1, 4), STR("</Before>"), new, STR("</Chunk>")}, 5);
    Str file = FILE_OF(&a, "", old);
    assert_recovered(file, 1, 0, 3, "its template was overwritten");
    Dumped d = dump_file(file, (DumpOptions){.recover = true});
    assert_true(str_has(d.text, STR("{\"record\":2,\"time\":\"2023-07-01T10:02:00.0000000Z\",\"recovered\":true,")));
    arena_free(&d.arena);
    d = dump_file(file, (DumpOptions){.format = DUMP_XML, .recover = true});
    assert_true(str_has(d.text, STR(": record 2 of 2023-07-01T10:02:00.0000000Z, its content is lost: ")));
    end_dump(&a, &d);
}

/* The old record's own template is whole, but it takes its names from the first one, where others stand now. */
TEST(recover_tells_the_header_of_an_old_record_whose_names_were_overwritten)
{
    Arena a = {0};
    Str new = STR("<Event><UserData><Quite><Different Names='1'><Here/></Different></Quite></UserData></Event>");
    Str other = STR("<Event><System><Provider Name='Old'/><EventID>1</EventID><EventRecordID>3</EventRecordID>"
                    "<Channel>System</Channel></System><EventData><Data Name='x'>1</Data></EventData></Event>");
    Str old = arena_join(
        &a, (Str[]){STR("<Chunk><Before>"), event(&a, 1, 1, "System"), other, STR("</Before>"), new, STR("</Chunk>")},
        6);
    Str file = FILE_OF(&a, "", old);
    Dumped d = dump_file(file, (DumpOptions){.recover = true});
    assert_int_equal(count_of(d.text, "\n"), 2);
    assert_int_equal(count_of(d.text, "\"lost\":\"one of its names was overwritten\""), 1);
    end_dump(&a, &d);
}

TEST(recover_goes_on_behind_a_torn_record)
{
    Arena a = {0};
    Str file = FILE_OF(&a, "", chunk(&a, "torn='2'", 1, 5));
    Dumped d = dump_file(file, (DumpOptions){.recover = true});
    assert_int_equal(count_of(d.text, "\"why\":\"damaged\""), 1);
    assert_int_equal(count_of(d.text, "\"why\":\"behind damage in its chunk\""), 3);
    assert_int_equal(count_of(d.text, "\"provider\""), 4);
    end_dump(&a, &d);
}

TEST(recover_reads_a_chunk_without_its_magic)
{
    Arena a = {0};
    Str file = FILE_OF(&a, "", chunk(&a, "", 1, 3), chunk(&a, "magic='lost'", 4, 6), chunk(&a, "", 7, 9));
    assert_recovered(file, 6, 3, 0, "in a chunk without its magic");
    arena_free(&a);
}

TEST(recover_reads_chunks_that_were_moved)
{
    Arena a = {0};
    Str file = FILE_OF(&a, "", chunk(&a, "", 1, 3), chunk(&a, "", 4, 6), chunk(&a, "", 7, 9));
    Str foreign = {ARENA_NEW(&a, uint8_t, 1000), 1000};
    Str moved = arena_join(&a, (Str[]){str_slice(file, 0, 4096 + 65536), foreign, str_from(file, 4096 + 65536)}, 3);
    assert_recovered(moved, 3, 6, 0, "in a chunk out of its place");
    arena_free(&a);
}

TEST(recover_marks_nothing_in_a_chunk_with_a_wrong_checksum)
{
    Arena a = {0};
    Str file = FILE_OF(&a, "dirty='yes' header-chunks='1'", chunk(&a, "data-checksum='wrong'", 1, 3), events(&a, 4, 6));
    assert_recovered(file, 6, 0, 0, "recovered");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evtx_chunk_with_a_wrong_checksum_is_a_hole_between_its_neighbours),
        cmocka_unit_test(evtx_newest_chunk_with_a_wrong_header_checksum_is_a_hole_to_the_end),
        cmocka_unit_test(evtx_lost_chunk_is_a_hole_between_its_neighbours),
        cmocka_unit_test(evtx_torn_record_is_a_hole_up_to_the_next_chunk),
        cmocka_unit_test(evtx_log_that_went_round_has_no_hole),
        cmocka_unit_test(evtx_log_that_went_round_and_lost_a_chunk_has_one_hole),
        cmocka_unit_test(evtx_filtered_export_has_a_hole_wherever_ids_jump),
        cmocka_unit_test(evtx_missing_ids_are_a_hole_though_the_clock_was_set_back),
        cmocka_unit_test(evtx_ids_that_follow_each_other_leave_no_hole_though_the_clock_was_set_back),
        cmocka_unit_test(evtx_cleared_log_has_no_hole_and_begins_with_its_clearing),
        cmocka_unit_test(evtx_ids_that_begin_anew_are_a_hole_between_the_old_and_the_new),
        cmocka_unit_test(evtx_chunk_that_is_there_twice_is_no_hole),
        cmocka_unit_test(evtx_events_of_another_channel_do_not_cover_the_first_one),
        cmocka_unit_test(evtx_chunks_beyond_the_count_of_the_header_are_read_and_too_few_are_a_cut),
        cmocka_unit_test(evtx_file_without_its_header_is_read_from_its_first_chunk),
        cmocka_unit_test(evtx_without_records_is_sound),
        cmocka_unit_test(recover_finds_nothing_in_a_sound_log),
        cmocka_unit_test(recover_finds_old_records_whose_template_is_still_there),
        cmocka_unit_test(recover_tells_the_header_of_an_old_record_whose_template_was_overwritten),
        cmocka_unit_test(recover_tells_the_header_of_an_old_record_whose_names_were_overwritten),
        cmocka_unit_test(recover_goes_on_behind_a_torn_record),
        cmocka_unit_test(recover_reads_a_chunk_without_its_magic),
        cmocka_unit_test(recover_reads_chunks_that_were_moved),
        cmocka_unit_test(recover_marks_nothing_in_a_chunk_with_a_wrong_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
