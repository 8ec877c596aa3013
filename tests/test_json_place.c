#include "json_place.h"
#include "unit.h"

static const char text[] = "{\n \"a\": {\"b\" : [1, \"x]}\\\",\", {\"c\": true}], \"é\": \"v\"},\n \"d\":null }";

static void assert_place(const JsonStep *steps, size_t count, Str expected)
{
    JsonSpan span;
    assert_true(json_place(str_of(text), steps, count, &span));
    assert_str(str_slice(str_of(text), span.from, span.to), expected);
}

TEST(json_place_finds_values_by_key_and_index)
{
    const JsonStep a = {.key = STR("a")}, b = {.key = STR("b")}, c = {.key = STR("c")}, d = {.key = STR("d")};
    const JsonStep second = {.index = 1}, third = {.index = 2};
    assert_place((const JsonStep[]){a, b, {.index = 0}}, 3, STR("1"));
    assert_place((const JsonStep[]){a, b, second}, 3, STR("\"x]}\\\",\""));
    assert_place((const JsonStep[]){a, b, third, c}, 4, STR("true"));
    assert_place((const JsonStep[]){a, {.key = STR("é")}}, 2, STR("\"v\""));
    assert_place(&d, 1, STR("null"));
    assert_place(NULL, 0, str_of(text));
}

TEST(json_place_that_leads_nowhere_is_the_last_that_does)
{
    const JsonStep steps[] = {{.key = STR("a")}, {.key = STR("zz")}};
    JsonSpan span, whole;
    assert_false(json_place(str_of(text), steps, 2, &span));
    assert_true(json_place(str_of(text), steps, 1, &whole));
    assert_int_equal(span.from, whole.from);
    assert_int_equal(span.to, whole.to);
    assert_false(json_place(STR("[1]"), (const JsonStep[]){{.index = 1}}, 1, &span));
    assert_false(json_place(STR("{\"a\":"), steps, 1, &span) && span.to > 5);
}

TEST(text_place_counts_lines_and_characters)
{
    Str s = STR("ab\n\xC3\xA9x");
    assert_int_equal(text_place(s, 0).line, 1);
    assert_int_equal(text_place(s, 0).column, 1);
    assert_int_equal(text_place(s, 5).line, 2);
    assert_int_equal(text_place(s, 5).column, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_place_finds_values_by_key_and_index),
        cmocka_unit_test(json_place_that_leads_nowhere_is_the_last_that_does),
        cmocka_unit_test(text_place_counts_lines_and_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
