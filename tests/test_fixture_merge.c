#include "unit.h"

#include "fixture_merge.h"

#define EVENT(time, id, record)                                                                                        \
    "<Event x='y'><System><EventID>" id "</EventID><TimeCreated SystemTime='" time "'/><EventRecordID>" record         \
    "</EventRecordID><Computer>vm-1</Computer></System></Event>"

TEST(merge_lines_puts_records_at_their_time_and_keeps_continuations)
{
    Arena a = {0};
    Str base = STR("[1] 2022-03-13T10:00:00Z a\n  more\n[1] 2022-03-13T12:00:00Z c\n");
    assert_str(
        merge_lines(&a, base, STR("[1] 2022-03-13T11:00:00Z b\n  less")),
        STR("[1] 2022-03-13T10:00:00Z a\n  more\n[1] 2022-03-13T11:00:00Z b\n  less\n[1] 2022-03-13T12:00:00Z c\n"));
    assert_str(merge_lines(&a, STR("undated\n"), STR("[1] 2022-03-13T11:00:00Z b\n")),
               STR("undated\n[1] 2022-03-13T11:00:00Z b\n"));
    arena_free(&a);
}

TEST(merge_events_orders_by_time_and_numbers_anew)
{
    Arena a = {0};
    const char *why = NULL;
    Str base =
        STR("<Events>" EVENT("2022-03-13T10:00:00Z", "1", "70") EVENT("2022-03-13T12:00:00Z", "3", "71") "</Events>");
    Str xml = merge_events(
        &a, base, STR("# note\n2022-03-13T11:00:00Z | A;{g};B | 2;49152 | 2 | C:\\n{0A}<x> | @p=1 | @Binary=00\n"),
        STR("Application"), (Str){0}, &why);
    assert_null(why);
    size_t first = str_find(xml, STR("<EventID>1</EventID>"), 0), second = str_find(xml, STR(">2</EventID>"), 0);
    assert_true(first < second && second < str_find(xml, STR("<EventID>3</EventID>"), 0));
    assert_true(str_has(
        xml, STR("<Provider Name='A' Guid='{g}' EventSourceName='B'/><EventID Qualifiers='49152'>2</EventID>")));
    assert_true(
        str_has(xml, STR("<EventRecordID>71</EventRecordID><Channel>Application</Channel><Computer>vm-1</Computer>")));
    assert_true(str_has(xml, STR("<Data>C:\\n&#10;&lt;x&gt;</Data><Data Name='p'>1</Data><Binary>00</Binary>")));
    assert_true(str_has(xml, STR("<EventRecordID>72</EventRecordID>")));
    arena_free(&a);
}

TEST(merge_events_refuses_what_it_cannot_place)
{
    Arena a = {0};
    const char *why = NULL;
    merge_events(&a, (Str){0}, STR("2022-03-13 | A | 1 | 2 | x"), STR("System"), STR("vm"), &why);
    assert_non_null(why);
    why = NULL;
    merge_events(&a, (Str){0}, STR("2022-03-13T11:00:00Z | A | 1"), STR("System"), STR("vm"), &why);
    assert_non_null(why);
    why = NULL;
    merge_events(&a, (Str){0}, STR("2022-03-13T11:00:00Z | A | 1 | 2 | x"), STR("System"), (Str){0}, &why);
    assert_non_null(why);
    why = NULL;
    assert_true(
        merge_events(&a, (Str){0}, STR("2022-03-13T11:00:00Z | A | 1 | 2 | x"), STR("System"), STR("vm"), &why).len);
    assert_null(why);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merge_lines_puts_records_at_their_time_and_keeps_continuations),
        cmocka_unit_test(merge_events_orders_by_time_and_numbers_anew),
        cmocka_unit_test(merge_events_refuses_what_it_cannot_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
