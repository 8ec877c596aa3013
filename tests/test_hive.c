/* Registry hives and the replay of their logs, on hives that the writer makes. */
#include "capture.h"
#include "hive_log.h"
#include "hive_writer.h"
#include "unit.h"

#define SYSTEM                                                                                                         \
    "file \\SystemRoot\\System32\\Config\\SYSTEM\nsequence 41\n[Select]\n\"Current\"=dword:1\n"                        \
    "[ControlSet001\\Services\\MSDTC]\n\"Start\"=dword:00000001\n"
#define START(n)   "\"Start\"=dword:0000000" n "\n"
#define SOFTWARE   "file SOFTWARE\n[Classes]\n[Microsoft\\GuestAgent]\n"
#define FILES_MOST 4

typedef struct Case {
    Arena a;
    HiveFiles files;
    Companion beside[FILES_MOST];
    Companions all;
    Capture c;
} Case;

static void make(Case *t, const char *text)
{
    const char *why = NULL;
    *t = (Case){0};
    t->files = hive_write(str_of(text), &t->a, &why);
    assert_null(why);
}

/* Reads the hive with its logs beside it. */
static void read_hive(Case *t)
{
    for (size_t i = 0; i < t->files.count; i++) {
        Str parts[] = {STR("config/SYSTEM"), t->files.at[i].suffix};
        t->beside[i] = (Companion){arena_join(&t->a, parts, 2), t->files.at[i].bytes};
    }
    t->all = (Companions){.at = t->beside, .count = t->files.count};
    capture_run_beside(&t->c, parser_named(STR("registry_hive")), STR("config/SYSTEM"), t->files.at[0].bytes, &t->all,
                       true);
}

static void end(Case *t)
{
    capture_close(&t->c);
    arena_free(&t->a);
}

static Str file_of(const Case *t, const char *suffix)
{
    for (size_t i = 0; i < t->files.count; i++) {
        if (str_eq(t->files.at[i].suffix, str_of(suffix))) {
            return t->files.at[i].bytes;
        }
    }
    fail();
    return (Str){0};
}

static void assert_details(const Case *t, const char *name, const char *details)
{
    for (size_t i = 0; i < t->c.events.count; i++) {
        const Event *ev = &t->c.events.at[i];
        if (str_ends(event_field(ev, STR("TargetObject")), str_of(name))) {
            assert_str(event_field(ev, STR("Details")), str_of(details));
            return;
        }
    }
    fail_msg("no value %s", name);
}

static void assert_note(const Case *t, const char *end_of_it)
{
    Str note = t->c.analysis.row->note;
    assert_str(str_from(note, note.len > str_of(end_of_it).len ? note.len - str_of(end_of_it).len : 0),
               str_of(end_of_it));
}

/* --- checksums -------------------------------------------------------------------------------------------------- */

/* Made with an implementation that gives the published sums of Marvin32 with their seed, given that of the registry. */
TEST(hash_is_marvin32_with_the_seed_of_the_registry)
{
    uint8_t bytes[40];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_int_equal(hive_log_hash(STR("")), UINT64_C(0xb39efca403966e08));
    assert_int_equal(hive_log_hash(STR("HvLE")), UINT64_C(0x914527932cf336dd));
    assert_int_equal(hive_log_hash((Str){bytes, sizeof bytes}), UINT64_C(0x2366e1bab67b6ea3));
}

/* --- the hive --------------------------------------------------------------------------------------------------- */

TEST(base_block_tells_what_stands_in_it)
{
    Case t;
    HiveBase base;
    make(&t, "file SOFTWARE\nversion 1.6\nwritten 2023-05-03T09:30:00Z\nsequence 9\n[A]\n");
    assert_true(hive_base(file_of(&t, ""), &base));
    assert_true(base.sum_fits && hive_base_clean(&base));
    assert_int_equal(base.primary, 9);
    assert_int_equal(base.minor, 6);
    assert_int_equal(base.root, 32);
    assert_int_equal(base.bins_size, 4096);
    assert_int_equal(timestamp_filetime(base.written), INT64_C(1683106200) * NS_SECOND);
    assert_false(hive_base(str_slice(file_of(&t, ""), 0, 511), &base));
    arena_free(&t.a);
}

TEST(hive_that_was_closed_ignores_its_logs)
{
    Case t;
    make(&t, SYSTEM "=== LOG1\n" START("2") "poke file 4 29,00,00,00\nsum\n");
    read_hive(&t);
    assert_details(&t, "MSDTC\\Start", "DWORD (0x00000001)");
    assert_int_equal(t.c.status, ST_OK);
    assert_int_equal(t.c.analysis.row->diagnostics.count, 0);
    end(&t);
}

TEST(control_set_is_the_one_that_select_names)
{
    Case t;
    make(&t, "[Select]\n\"Current\"=dword:3\n[ControlSet001\\Services\\MSDTC]\n" START(
                 "1") "[ControlSet003\\Services\\MSDTC]\n" START("3"));
    read_hive(&t);
    assert_int_equal(t.c.events.count, 1);
    assert_details(&t, "HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSDTC\\Start", "DWORD (0x00000003)");
    end(&t);
}

TEST(value_whose_data_is_lost_is_no_event)
{
    Case t;
    make(&t, SOFTWARE "\"A\"=\"kept, in a cell\"\n\"B\"=\"lost, in a cell\"\n\"C\"=fill:40000:20\n"
                      "poke value:Microsoft\\GuestAgent\\B 8 00,00,00,7f\n"
                      "poke data:Microsoft\\GuestAgent\\C 2 01,00\n");
    read_hive(&t);
    assert_int_equal(t.c.events.count, 1);
    assert_details(&t, "GuestAgent\\A", "kept, in a cell");
    assert_int_equal(t.c.analysis.row->diagnostics.count, 2);
    assert_int_equal(t.c.status, ST_FAILED);
    end(&t);
}

TEST(branch_that_was_read_whole_is_told)
{
    Case t;
    size_t number;
    assert_true(registry_value_find(STR("HKLM\\SOFTWARE\\Microsoft\\BcdrAgent"), STR("IsProviderInstalled"), &number));
    make(&t, SOFTWARE "\"A\"=\"x\"\n");
    read_hive(&t);
    assert_true(registry_set_has(&t.c.analysis.row->registry, number));
    end(&t);
    make(&t, SOFTWARE "\"A\"=\"x\"\npoke key:Microsoft\\GuestAgent 0 00,00\n");
    read_hive(&t);
    assert_false(registry_set_has(&t.c.analysis.row->registry, number));
    end(&t);
}

TEST(key_that_no_list_names_is_found_by_its_parents)
{
    Case t;
    make(&t, SOFTWARE "\"A\"=\"x\"\npoke list:Microsoft 0 78,78\n");
    read_hive(&t);
    assert_int_equal(t.c.events.count, 1);
    assert_details(&t, "GuestAgent\\A", "x");
    assert_int_equal(t.c.status, ST_FAILED);
    end(&t);
    make(&t, SOFTWARE "\"A\"=\"x\"\npoke list:Microsoft 0 78,78\n"
                      "poke key:Microsoft 16 @key:Microsoft\\GuestAgent\n"); /* parents in a circle */
    read_hive(&t);
    assert_int_equal(t.c.events.count, 0);
    end(&t);
}

TEST(depth_of_keys_has_a_limit)
{
    Arena a = {0};
    VEC(Str) parts = {0};
    const char *why = NULL;
    *VEC_ADD(&a, &parts) = STR("[a");
    for (size_t i = 0; i < 600; i++) {
        *VEC_ADD(&a, &parts) = STR("\\b");
    }
    *VEC_ADD(&a, &parts) = STR("]\n\"v\"=\"x\"\n");
    HiveFiles files = hive_write(arena_join(&a, parts.at, parts.count), &a, &why);
    Source src;
    Sink out = sink_file(NULL);
    Analysis analysis;
    analysis_open(&analysis, NULL, &a);
    SourceRow *row = analysis_row(&analysis, STR("SYSTEM"), 0, TIME_NONE, 1);
    source_open_memory(&src, STR("SYSTEM"), files.at[0].bytes);
    parser_named(STR("registry_hive"))->dump(&src, &a, (DumpOptions){0}, &out, &analysis);
    assert_true(row->diagnostics.count > 0);
    assert_true(str_ends(row->diagnostics.at[0].what, STR("deeper inside others than is read")));
    source_close(&src);
    sink_close(&out);
    arena_free(&a);
}

/* --- replay ----------------------------------------------------------------------------------------------------- */

TEST(entries_of_both_logs_are_replayed_in_the_order_of_their_numbers)
{
    Case t;
    make(&t, SYSTEM "=== LOG2\n" START("2") "=== LOG1\n" START("3") "=== LOG1\n" START("4"));
    read_hive(&t);
    assert_details(&t, "MSDTC\\Start", "DWORD (0x00000004)");
    assert_note(&t, "replayed 2 entries of LOG1 and 1 entry of LOG2");
    end(&t);
}

TEST(entries_that_stand_in_the_hive_already_are_passed_over)
{
    Case t; /* the hive was flushed after the first entry, and the log was written on */
    make(&t, SYSTEM
         "=== LOG1\n" START("2") "=== LOG1\n" START("3") "poke file 4 2b,00,00,00\npoke file 8 2a,00,00,00\nsum\n");
    read_hive(&t);
    assert_details(&t, "MSDTC\\Start", "DWORD (0x00000003)");
    assert_note(&t, "replayed 1 entry of LOG1");
    end(&t);
}

TEST(log_that_begins_later_is_not_replayed)
{
    Case t;
    make(&t, SYSTEM "=== LOG1\n" START("2") "poke file 4 27,00,00,00\npoke file 8 26,00,00,00\nsum\n");
    read_hive(&t);
    assert_details(&t, "MSDTC\\Start", "DWORD (0x00000001)");
    assert_note(&t, "its logs do not fit: it may be minutes old");
    assert_int_equal(t.c.status, ST_OK);
    end(&t);
}

TEST(replay_stops_at_an_entry_whose_checksum_does_not_fit)
{
    static const char *const pokes[] = {
        "poke log1 5200 ff\n", /* second entry: its head */
        "poke log1 9600 ff\n", /* and a page of it */
    };
    for (size_t i = 0; i < 2; i++) {
        Case t;
        Arena a = {0};
        const Str parts[] = {STR(SYSTEM "=== LOG1\n" START("2") "=== LOG1\n" START("3") "=== LOG1\n" START("4")),
                             str_of(pokes[i]),
                             {(const uint8_t *)"", 1}};
        make(&t, (const char *)arena_join(&a, parts, 3).at);
        read_hive(&t);
        assert_details(&t, "MSDTC\\Start", "DWORD (0x00000002)");
        assert_note(&t, "replayed 1 entry of LOG1");
        assert_int_equal(t.c.analysis.row->diagnostics.count, 1);
        end(&t);
        arena_free(&a);
    }
}

TEST(old_log_is_replayed_only_if_it_is_of_the_same_time)
{
    Case t;
    make(&t, SYSTEM "=== LOG1 old\n" START("2"));
    read_hive(&t);
    assert_details(&t, "MSDTC\\Start", "DWORD (0x00000002)");
    end(&t);
    make(&t, SYSTEM "=== LOG1 old\n" START("2") "poke file 12 01\nsum\n");
    read_hive(&t);
    assert_details(&t, "MSDTC\\Start", "DWORD (0x00000001)");
    assert_note(&t, "its logs do not fit: it may be minutes old");
    end(&t);
}

TEST(old_log_that_is_cut_is_not_replayed)
{
    Case t;
    make(&t, SYSTEM "=== LOG1 old\n" START("2") "cut log1 4000\n");
    read_hive(&t);
    assert_details(&t, "MSDTC\\Start", "DWORD (0x00000001)");
    end(&t);
}

TEST(base_block_that_is_lost_comes_from_the_log)
{
    static const char *const pokes[] = {"poke file 0 00,00,00,00\n", "poke file 41 11\n"};
    for (size_t i = 0; i < 2; i++) {
        Case t;
        Arena a = {0};
        const Str parts[] = {STR(SYSTEM "=== LOG1\n" START("2")), str_of(pokes[i]), {(const uint8_t *)"", 1}};
        make(&t, (const char *)arena_join(&a, parts, 3).at);
        read_hive(&t);
        assert_details(&t, "MSDTC\\Start", "DWORD (0x00000002)");
        assert_note(&t,
                    "its base block is lost, and was taken from a log; it was not closed: replayed 1 entry of LOG1");
        assert_int_equal(t.c.status, ST_OK);
        end(&t);
        arena_free(&a);
    }
}

TEST(base_block_that_is_lost_lets_both_logs_be_replayed)
{
    Case t;
    make(&t, SYSTEM "=== LOG2\n[ControlSet001\\Services\\VSS]\n" START(
                 "2") "=== LOG1\n[ControlSet001\\Services\\swprv]\n" START("3") "poke file 0 00,00,00,00\n");
    read_hive(&t);
    assert_details(&t, "VSS\\Start", "DWORD (0x00000002)");
    assert_details(&t, "swprv\\Start", "DWORD (0x00000003)");
    assert_note(&t, "replayed 1 entry of LOG1 and 1 entry of LOG2");
    end(&t);
}

TEST(log_is_named_and_not_read_as_a_hive)
{
    Case t;
    make(&t, SYSTEM "=== LOG1\n" START("2") "=== LOG1\n" START("3"));
    capture_run(&t.c, parser_named(STR("registry_hive")), STR("config/SYSTEM.LOG1"), file_of(&t, ".LOG1"), true);
    assert_int_equal(t.c.events.count, 0);
    assert_int_equal(t.c.status, ST_OK);
    assert_note(&t, "transaction log of a hive: entries 41 to 42");
    end(&t);
}

TEST(hive_whose_logs_could_not_be_waited_for_says_so)
{
    Case t;
    make(&t, SYSTEM "=== LOG1\n" START("2"));
    const Companions early = {.at = t.beside, .early = true};
    capture_run_beside(&t.c, parser_named(STR("registry_hive")), STR("config/SYSTEM"), file_of(&t, ""), &early, true);
    assert_int_equal(t.c.analysis.row->limits.count, 1);
    assert_note(&t, "its logs are missing: it may be minutes old");
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_marvin32_with_the_seed_of_the_registry),
        cmocka_unit_test(base_block_tells_what_stands_in_it),
        cmocka_unit_test(hive_that_was_closed_ignores_its_logs),
        cmocka_unit_test(control_set_is_the_one_that_select_names),
        cmocka_unit_test(value_whose_data_is_lost_is_no_event),
        cmocka_unit_test(branch_that_was_read_whole_is_told),
        cmocka_unit_test(key_that_no_list_names_is_found_by_its_parents),
        cmocka_unit_test(depth_of_keys_has_a_limit),
        cmocka_unit_test(entries_of_both_logs_are_replayed_in_the_order_of_their_numbers),
        cmocka_unit_test(entries_that_stand_in_the_hive_already_are_passed_over),
        cmocka_unit_test(log_that_begins_later_is_not_replayed),
        cmocka_unit_test(replay_stops_at_an_entry_whose_checksum_does_not_fit),
        cmocka_unit_test(old_log_is_replayed_only_if_it_is_of_the_same_time),
        cmocka_unit_test(old_log_that_is_cut_is_not_replayed),
        cmocka_unit_test(base_block_that_is_lost_comes_from_the_log),
        cmocka_unit_test(base_block_that_is_lost_lets_both_logs_be_replayed),
        cmocka_unit_test(log_is_named_and_not_read_as_a_hive),
        cmocka_unit_test(hive_whose_logs_could_not_be_waited_for_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
