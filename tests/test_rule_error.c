#include <string.h>

#include "rule_case.h"

#define LOG "title: T\nlogsource: {product: windows, service: system}\n"
#define END "1 error in 1 file\n"

static void assert_told(const char *text, const char *expected)
{
    RuleCase c;
    rule_case_open(&c, "x.yml", text);
    assert_string_equal(c.errors, expected);
    rule_case_close(&c);
}

TEST(error_shows_the_line_and_marks_the_place)
{
    static const struct {
        const char *text, *told;
    } cases[] = {
        {LOG "detection: {s: {A|contians: 1}, condition: s}\n",
         "x.yml:3:19: unknown modifier 'contians'; did you mean 'contains'?\n"
         "     3 | detection: {s: {A|contians: 1}, condition: s}\n"
         "       |                   ^~~~~~~~\n" END},
        {LOG "detection:\n  s: {A: 1}\n  condition: not sel\n", "x.yml:5:18: unknown selection 'sel'; known: s\n"
                                                                "     5 |   condition: not sel\n"
                                                                "       |                  ^~~\n" END},
        {LOG "detection:\n  s: {A: 1}\n  condition: s and\n",
         "x.yml:5:19: a name is missing here; write 'a and b', 'a or b' or 'not a'\n"
         "     5 |   condition: s and\n"
         "       |                   ^\n" END},
        {LOG "level: hihg\ndetection: {s: {A: 1}, condition: s}\n",
         "x.yml:3:8: unknown level 'hihg'; did you mean 'high'?\n"
         "     3 | level: hihg\n"
         "       |        ^~~~\n" END},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_told(cases[i].text, cases[i].told);
    }
}

/* However a text is quoted, folded or indented in the file, the mark is under the word itself. */
TEST(error_finds_its_place_in_texts_of_every_style)
{
    static const struct {
        const char *condition, *place, *mark;
    } cases[] = {
        {"'s  and ''q'''", "5:22", "^"}, /* `'` is no name */
        {"\"s\\x20and \\x71\"", "5:24", "^"},
        {"\"s\\n\\\n     and \\u0071\"", "6:10", "^"},
        {"s and\n\n     (q)", "7:7", "^"},
        {">-\n     s and\n\n     q", "8:6", "^"},
        {"| # a comment\n   s\n\n   and q", "8:8", "^"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512], place[64];
        RuleCase c;
        snprintf(text, sizeof text, LOG "detection:\n  s: {A: 1}\n  condition: %s\n", cases[i].condition);
        snprintf(place, sizeof place, "x.yml:%s: ", cases[i].place);
        rule_case_open(&c, "x.yml", text);
        if (strncmp(c.errors, place, strlen(place)) != 0 || !strstr(c.errors, cases[i].mark)) {
            fail_msg("%s at %s:\n%s", cases[i].condition, cases[i].place, c.errors);
        }
        rule_case_close(&c);
    }
}

TEST(error_line_is_shown_as_a_terminal_can_show_it)
{
    assert_told(LOG "detection: {s: {\"A\tB\x1b\": 1, \"\xE6\xBC\xA2|x\": 1}, condition: s}\n",
                "x.yml:3:21: not YAML: control characters are not allowed; files are UTF-8 without control characters\n"
                "     3 | detection: {s: {\"A  B\\x1b\": 1, \"\xE6\xBC\xA2|x\": 1}, condition: s}\n"
                "       |                      ^~~~\n" END);
    assert_told(LOG "detection: {s: {\"\xE6\xBC\xA2\t|foo\": 1}, condition: s}\r\n",
                "x.yml:3:21: unknown modifier 'foo'; known: contains, startswith, endswith, re, exists, fieldref, "
                "cidr, lt, lte, gt, gte, windash, base64, base64offset, utf16le, wide, utf16be, utf16, all, cased, "
                "neq, i, m, s\n"
                "     3 | detection: {s: {\"\xE6\xBC\xA2 |foo\": 1}, condition: s}\n"
                "       |                      ^~~\n" END);
    assert_told("\xEF\xBB\xBFtitel: T\ndetection: {s: 1, condition: s}\nlogsource: {product: windows}\ntitle: x\n",
                "x.yml:1:1: unknown key 'titel'; did you mean 'title'?\n"
                "     1 | titel: T\n"
                "       | ^~~~~\n" END);
}

TEST(error_in_a_long_line_shows_what_is_near)
{
    char text[8192], line[4096], shown[512];
    memset(line, 'x', 3000);
    snprintf(line + 3000, sizeof line - 3000, "', 017, '%s'",
             "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
    snprintf(text, sizeof text, LOG "detection:\n  s: ['%s]\n  condition: s\n", line);
    snprintf(shown, sizeof shown, "     4 | \xE2\x80\xA6%.37s', 017, '%.54s\xE2\x80\xA6\n       | %41s^~~\n", line,
             line + 3009, "");
    RuleCase c;
    rule_case_open(&c, "x.yml", text);
    if (strncmp(c.errors, "x.yml:4:3011: ", 14) != 0 || !strstr(c.errors, shown)) {
        fail_msg("%s\nexpected %s", c.errors, shown);
    }
    rule_case_close(&c);
}

TEST(errors_of_all_documents_are_told_in_order_and_counted)
{
    assert_told("title: &a T\nb: *a\nb: !!str x\ntitle: U\n<<: 1\n? [k]\n: 1\n---\ntitle: V\n---\ntitle: [\n",
                "x.yml:1:8: anchors are not supported; write the value out, or put a text that begins with '&' in "
                "quotes\n"
                "     1 | title: &a T\n"
                "       |        ^\n"
                "x.yml:2:4: aliases are not supported; write the value out, or put a text that begins with '*' in "
                "quotes\n"
                "     2 | b: *a\n"
                "       |    ^\n"
                "x.yml:3:1: key 'b' stands here twice; first in line 2; keep one\n"
                "     3 | b: !!str x\n"
                "       | ^\n"
                "x.yml:3:4: tags are not supported; leave it out, or put a text that begins with '!' in quotes\n"
                "     3 | b: !!str x\n"
                "       |    ^\n"
                "x.yml:4:1: key 'title' stands here twice; first in line 1; keep one\n"
                "     4 | title: U\n"
                "       | ^~~~~\n"
                "x.yml:5:1: merge keys are not supported; write the keys out\n"
                "     5 | <<: 1\n"
                "       | ^\n"
                "x.yml:6:3: a list or a map as a key; keys are plain words\n"
                "     6 | ? [k]\n"
                "       |   ^\n"
                "x.yml:9:1: a document has exactly one of 'detection', 'correlation' and 'vmsift'; add the one it is "
                "about\n"
                "     9 | title: V\n"
                "       | ^\n"
                "x.yml:12:1: not YAML: did not find expected node content; check indents, colons and quotes here and "
                "above\n"
                "    12 | \n"
                "       | ^\n"
                "9 errors in 1 file\n");
}

/* What is named may be in the document that could not be read. */
TEST(error_that_may_come_of_another_is_not_told)
{
    assert_told("title: C\ncorrelation: {type: temporal, rules: [lost, r], timespan: 1h}\n---\n" LOG
                "name: r\ndetection: {s: {A: 1}, condition: s}\n---\nname: lost\ntitle: [\n",
                "x.yml:11:1: not YAML: did not find expected node content; check indents, colons and quotes here and "
                "above\n"
                "    11 | \n"
                "       | ^\n" END);
}

/* What a misspelt key stands for is not missing, and what a rule is called without it may still be asked for. */
TEST(error_of_a_misspelt_key_is_the_only_one)
{
    assert_told(LOG "name: r\ndetecton: {s: {A: 1}, condition: s}\n---\n"
                    "title: C\ncorrelation: {type: temporal, rules: [r], timespan: 1h}\n",
                "x.yml:4:1: unknown key 'detecton'; did you mean 'detection'?\n"
                "     4 | detecton: {s: {A: 1}, condition: s}\n"
                "       | ^~~~~~~~\n" END);
    assert_told("title: T\nlogsorce: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n",
                "x.yml:2:1: unknown key 'logsorce'; did you mean 'logsource'?\n"
                "     2 | logsorce: {product: windows}\n"
                "       | ^~~~~~~~\n" END);
    assert_told("tittle: T\nlogsource: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n",
                "x.yml:1:1: unknown key 'tittle'; did you mean 'title'?\n"
                "     1 | tittle: T\n"
                "       | ^~~~~~\n" END);
}

TEST(errors_beyond_the_limit_are_counted)
{
    static char text[40000];
    RuleCase c;
    size_t n = (size_t)snprintf(text, sizeof text, LOG "detection:\n  condition: s\n  s:\n");
    for (int i = 0; i < 600; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "    F%d|al: 1\n", i);
    }
    rule_case_open(&c, "x.yml", text);
    size_t lines = 0;
    for (const char *at = c.errors; (at = strstr(at, "unknown modifier")); at++) {
        lines++;
    }
    assert_int_equal(lines, 500);
    assert_non_null(strstr(c.errors, "the first 500 are shown\n600 errors in 1 file\n"));
    rule_case_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_shows_the_line_and_marks_the_place),
        cmocka_unit_test(error_finds_its_place_in_texts_of_every_style),
        cmocka_unit_test(error_line_is_shown_as_a_terminal_can_show_it),
        cmocka_unit_test(error_in_a_long_line_shows_what_is_near),
        cmocka_unit_test(errors_of_all_documents_are_told_in_order_and_counted),
        cmocka_unit_test(error_that_may_come_of_another_is_not_told),
        cmocka_unit_test(error_of_a_misspelt_key_is_the_only_one),
        cmocka_unit_test(errors_beyond_the_limit_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
