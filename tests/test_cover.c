#include "collection.h"
#include "cover.h"
#include "unit.h"

#define FIND(wants, modes) cover_find((wants), sizeof(wants) / sizeof *(wants), (modes))

TEST(cover_of_what_nobody_holds_is_empty)
{
    const Want none[] = {{0, 0}, {0, 0}};
    assert_int_equal(cover_find(NULL, 0, 12), 0);
    assert_int_equal(FIND(none, 12), 0);
}

TEST(cover_leaves_out_what_nobody_holds)
{
    const Want wants[] = {{0, 0}, {1 << 3, 0}};
    assert_int_equal(FIND(wants, 12), 1 << 3);
}

TEST(cover_one_mode_that_holds_all_beats_two)
{
    const Want wants[] = {{1 << 0 | 1 << 5, 0}, {1 << 1 | 1 << 5, 0}};
    assert_int_equal(FIND(wants, 12), 1 << 5);
}

TEST(cover_takes_a_lesser_holder_before_a_second_mode)
{
    const Want wants[] = {{1 << 0 | 1 << 5, 0}, {1 << 1, 1 << 5}};
    assert_int_equal(FIND(wants, 12), 1 << 5);
}

TEST(cover_of_equals_holds_more_in_full)
{
    const Want wants[] = {{1 << 2 | 1 << 7, 0}, {1 << 7, 1 << 2}};
    assert_int_equal(FIND(wants, 12), 1 << 7);
}

TEST(cover_of_equals_is_the_preferred_mode)
{
    const Want wants[] = {{1 << 1 | 1 << 4 | 1 << 11, 0}};
    assert_int_equal(FIND(wants, 12), 1 << 1);
}

static size_t bits(uint32_t set)
{
    size_t n = 0;
    for (; set; set &= set - 1) {
        n++;
    }
    return n;
}

static bool holds_all(const Want *wants, size_t count, uint32_t set)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t holders = wants[i].whole | wants[i].lesser;
        if (holders && !(holders & set)) {
            return false;
        }
    }
    return true;
}

/* Against all 4096 sets of twelve modes, one after the other. */
TEST(cover_is_never_larger_than_need_be)
{
    uint32_t seed = 1;
    for (size_t round = 0; round < 400; round++) {
        Want wants[9];
        for (size_t i = 0; i < 9; i++) {
            uint32_t r[3];
            for (size_t k = 0; k < 3; k++) {
                seed = seed * 1664525u + 1013904223u;
                r[k] = seed >> 20;
            }
            wants[i] = (Want){r[0] & r[1] & 0xFFF, r[1] & r[2] & ~(r[0] & r[1]) & 0xFFF};
        }
        size_t least = 12;
        for (uint32_t set = 0; set < 1 << 12; set++) {
            least = holds_all(wants, 9, set) && bits(set) < least ? bits(set) : least;
        }
        uint32_t found = cover_find(wants, 9, 12);
        assert_true(holds_all(wants, 9, found));
        assert_int_equal(bits(found), least);
    }
}

TEST(source_path_fits_below_any_root_and_in_any_case)
{
    const Str paths[] = {STR("C:\\WindowsAzure\\Logs\\Plugins\\*\\*\\CommandExecution*.log")};
    const LogSource s = {.vm_path = paths, .vm_path_count = 1};
    assert_true(source_path_fits(&s, STR("device_0/windowsazure/logs/Plugins/A.B/1.0/CommandExecution_2.log"), false));
    assert_true(source_path_fits(&s, STR("WindowsAzure/Logs/Plugins/A.B/1.0/CommandExecution.log"), false));
    assert_true(source_path_fits(&s, STR("/WindowsAzure/Logs/Plugins/*/*/CommandExecution.log"), false));
    assert_false(source_path_fits(&s, STR("WindowsAzure/Logs/Plugins/A.B/CommandExecution.log"), false));
    assert_false(source_path_fits(&s, STR("WindowsAzure/Logs/Plugins/A/B/1.0/CommandExecution.log"), false));
    assert_false(source_path_fits(&s, STR("MyWindowsAzure/Logs/Plugins/A/1.0/CommandExecution.log"), false));
    assert_false(source_path_fits(&s, STR("CommandExecution.log"), false));
    assert_true(source_path_fits(&s, STR("CommandExecution.log"), true));
    assert_true(source_path_fits(&s, STR("a/b\\commandexecution.LOG"), true));
    assert_false(source_path_fits(&s, STR(""), false));
    assert_false(source_path_fits(&s, STR(""), true));
}

TEST(source_path_that_is_all_wildcard_fits_no_name_alone)
{
    const Str paths[] = {STR("C:\\Packages\\Plugins\\*\\*\\*.log")};
    const LogSource s = {.vm_path = paths, .vm_path_count = 1};
    assert_true(source_path_fits(&s, STR("Packages/Plugins/A/1/x.log"), false));
    assert_false(source_path_fits(&s, STR("x.log"), true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cover_of_what_nobody_holds_is_empty),
        cmocka_unit_test(cover_leaves_out_what_nobody_holds),
        cmocka_unit_test(cover_one_mode_that_holds_all_beats_two),
        cmocka_unit_test(cover_takes_a_lesser_holder_before_a_second_mode),
        cmocka_unit_test(cover_of_equals_holds_more_in_full),
        cmocka_unit_test(cover_of_equals_is_the_preferred_mode),
        cmocka_unit_test(cover_is_never_larger_than_need_be),
        cmocka_unit_test(source_path_fits_below_any_root_and_in_any_case),
        cmocka_unit_test(source_path_that_is_all_wildcard_fits_no_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
