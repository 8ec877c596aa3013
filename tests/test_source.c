#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "source.h"

static bool starts_with_bracket(Str line)
{
    return str_starts(line, STR("["));
}

/* Hands out one byte at a time, as a slow pipe may. */
typedef struct Drip {
    Str left;
} Drip;

static size_t drip(void *with, uint8_t *to, size_t room, ReadTrouble *trouble)
{
    Drip *d = with;
    (void)trouble;
    size_t n = d->left.len && room ? 1 : 0;
    if (n) {
        to[0] = d->left.at[0];
        d->left = str_from(d->left, 1);
    }
    return n;
}

TEST(source_line_takes_every_line_end_off_and_counts_line_feeds)
{
    Source src;
    Line line;
    source_open_memory(&src, STR("x"), STR("a\r\n\r\r\nb\nc"));
    assert_true(source_line(&src, &line));
    assert_str(line.text, STR("a"));
    assert_true(source_line(&src, &line));
    assert_int_equal(line.text.len, 0);
    assert_true(source_line(&src, &line));
    assert_str(line.text, STR("b"));
    assert_int_equal(line.number, 3);
    assert_true(source_line(&src, &line));
    assert_str(line.text, STR("c"));
    assert_int_equal(line.offset, 8);
    assert_false(source_line(&src, &line));
    assert_true(source_open_ended(&src));
    source_close(&src);
}

TEST(source_line_decodes_utf16_of_both_orders_with_and_without_a_mark)
{
    static const struct {
        Str bytes;
    } cases[] = {
        {{(const uint8_t *)"\xFF\xFE"
                           "h\0i\0\n\0x\0",
          10}},
        {{(const uint8_t *)"\xFE\xFF"
                           "\0h\0i\0\n\0x",
          10}},
        {{(const uint8_t *)"h\0i\0\n\0x\0", 8}},
        {{(const uint8_t *)"\0h\0i\0\n\0x", 8}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Source src;
        Line line;
        Drip with = {cases[i].bytes};
        source_open(&src, STR("x"), 0, TIME_NONE, drip, &with);
        assert_true(source_line(&src, &line));
        assert_str(line.text, STR("hi"));
        assert_true(source_line(&src, &line));
        assert_str(line.text, STR("x"));
        source_close(&src);
    }
}

TEST(source_line_takes_a_bom_and_zero_bytes_at_the_ends_off)
{
    Source src;
    Line line;
    source_open_memory(&src, STR("x"), STR("\xEF\xBB\xBFone\n\0\0two\0\0\n"));
    assert_true(source_line(&src, &line));
    assert_str(line.text, STR("one"));
    assert_true(source_line(&src, &line));
    assert_str(line.text, STR("two"));
    source_close(&src);
}

TEST(source_line_cuts_a_long_one_and_goes_on_with_the_next)
{
    Source src;
    Line line;
    size_t len = LIMIT_LINE + 1000;
    char *bytes = malloc(len + 6);
    memset(bytes, 'x', len);
    memcpy(bytes + len, "\nnext\n", 6);
    source_open_memory(&src, STR("x"), (Str){(uint8_t *)bytes, len + 6});
    assert_true(source_line(&src, &line));
    assert_true(line.cut);
    assert_int_equal(line.text.len, LIMIT_LINE);
    assert_true(source_line(&src, &line));
    assert_str(line.text, STR("next"));
    assert_int_equal(line.number, 2);
    source_close(&src);
    free(bytes);
}

TEST(source_text_record_gathers_continuation_lines)
{
    Source src;
    TextRecord r;
    Drip with = {STR("tail of a cut record\n[1] one\r\n  at two\r\n[2] three\n")};
    source_open(&src, STR("x"), 0, TIME_NONE, drip, &with);
    assert_true(source_text_record(&src, starts_with_bracket, &r));
    assert_true(r.headless);
    assert_true(source_text_record(&src, starts_with_bracket, &r));
    assert_false(r.headless);
    assert_str(r.first, STR("[1] one"));
    assert_str(r.text, STR("[1] one\r\n  at two"));
    assert_int_equal(r.line, 2);
    assert_true(source_text_record(&src, starts_with_bracket, &r));
    assert_str(r.text, STR("[2] three"));
    assert_int_equal(r.line, 4);
    assert_false(source_text_record(&src, starts_with_bracket, &r));
    source_close(&src);
}

TEST(source_text_record_beyond_the_limit_is_cut_at_the_next_start)
{
    Source src;
    TextRecord r;
    size_t lines = LIMIT_RECORD / 8 + 1000, len = 0;
    char *bytes = malloc(lines * 8 + 32);
    len += (size_t)sprintf(bytes, "[1] one\n");
    for (size_t i = 0; i < lines; i++) {
        len += (size_t)sprintf(bytes + len, "  more.\n");
    }
    len += (size_t)sprintf(bytes + len, "[2] two\n");
    source_open_memory(&src, STR("x"), (Str){(uint8_t *)bytes, len});
    assert_true(source_text_record(&src, starts_with_bracket, &r));
    assert_true(r.cut);
    assert_true(source_text_record(&src, starts_with_bracket, &r));
    assert_str(r.text, STR("[2] two"));
    assert_int_equal(r.line, lines + 2);
    assert_false(r.headless);
    assert_false(source_text_record(&src, starts_with_bracket, &r));
    source_close(&src);
    free(bytes);
}

TEST(source_take_counts_the_offset_and_ends_short)
{
    Source src;
    source_open_memory(&src, STR("x"), STR("abcdefgh"));
    assert_str(source_take(&src, 3), STR("abc"));
    assert_int_equal(src.offset, 3);
    assert_str(source_take(&src, 100), STR("defgh"));
    assert_int_equal(source_take(&src, 1).len, 0);
    source_close(&src);
}

TEST(source_that_is_held_ends_at_the_limit)
{
    Source src;
    source_open_memory(&src, STR("x"), STR("0123456789"));
    assert_true(source_fits(&src, 10));
    assert_false(source_fits(&src, 9));
    assert_str(source_hold(&src, 4), STR("0123"));
    assert_true(source_limited(&src));
    assert_str(source_take(&src, 100), STR("0123"));
    source_close(&src);
}

TEST(source_beside_is_found_without_case)
{
    const Companion all[] = {{STR("a/system.log1"), STR("1")}, {STR("b/SYSTEM.LOG2"), STR("2")}};
    const Companions beside = {.at = all, .count = 2};
    Source src = {.path = STR("A/SYSTEM"), .beside = &beside};
    assert_str(source_beside(&src, STR(".LOG1")), STR("1"));
    assert_null(source_beside(&src, STR(".LOG2")).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_line_takes_every_line_end_off_and_counts_line_feeds),
        cmocka_unit_test(source_line_decodes_utf16_of_both_orders_with_and_without_a_mark),
        cmocka_unit_test(source_line_takes_a_bom_and_zero_bytes_at_the_ends_off),
        cmocka_unit_test(source_line_cuts_a_long_one_and_goes_on_with_the_next),
        cmocka_unit_test(source_text_record_gathers_continuation_lines),
        cmocka_unit_test(source_text_record_beyond_the_limit_is_cut_at_the_next_start),
        cmocka_unit_test(source_take_counts_the_offset_and_ends_short),
        cmocka_unit_test(source_that_is_held_ends_at_the_limit),
        cmocka_unit_test(source_beside_is_found_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
