#include <string.h>

#include "limits.h"
#include "match.h"
#include "rule_case.h"

#define LOG(detection) "title: T\nname: r\nlogsource: {product: windows, service: application}\ndetection:\n" detection
#define TEXTLOG(detection)                                                                                             \
    "title: T\nname: r\nlogsource: {product: azurevm, service: vmsnapshot}\ndetection:\n" detection
#define STATE(detection)                                                                                               \
    "title: T\nname: r\nlogsource: {product: windows, category: service_state}\ndetection:\n" detection

typedef struct Found {
    Truth truth;
    bool listed;
    unsigned passed, tests;
} Found;

/* Near misses are told of rules that a cause asks for. */
#define CAUSE                                                                                                          \
    "---\ntitle: T\nname: case\nlevel: low\nvmsift:\n  cause: C.\n  conditions: {c: {rule: r, says: s}}\n"             \
    "  when: c\n  remedy: [{do: D.}]\n  references: [{document: d, section: s}]\n"

static Found found(const char *text, const Event *ev)
{
    RuleCase c;
    const MatchResult *results;
    Found f = {NO, false, 0, 0};
    char asked[4096];
    snprintf(asked, sizeof asked, "%s%s", text, CAUSE);
    rule_case_good(&c, asked);
    Matcher *m = matcher_open(&c.set);
    size_t count = match_event(m, ev, &results);
    assert_true(count <= 1);
    if (count) {
        f = (Found){results[0].truth, true, results[0].passed, results[0].tests};
        if (ev->service == SERVICE_EVENT_LOG) {
            assert_true(match_wants(m, ev->provider, ev->provider_alias, ev->id, ev->channel));
        }
    }
    matcher_close(m);
    rule_case_close(&c);
    return f;
}

static Event log_event(uint32_t id, const Field *fields, size_t count)
{
    return (Event){.service = SERVICE_EVENT_LOG,
                   .level = LEVEL_ERROR,
                   .id = id,
                   .channel = STR("Application"),
                   .provider = STR("Microsoft-Windows-Complus"),
                   .provider_alias = STR("COM+"),
                   .computer = STR("vm1"),
                   .fields = fields,
                   .field_count = count};
}

/* One test of one named field, in a rule that names the event and in one that does not: what names candidates must not
 * show. */
static Truth named(const char *test, const char *value)
{
    char text[512];
    const Field field = {STR("F"), str_of(value)};
    Event ev = log_event(1, &field, 1);
    snprintf(text, sizeof text, LOG("  s:\n    EventID: 1\n    %s\n  condition: s\n"), test);
    Truth truth = found(text, &ev).truth;
    snprintf(text, sizeof text, LOG("  s:\n    %s\n  condition: s\n"), test);
    if (found(text, &ev).truth != truth) {
        fail_msg("'%s' of '%s' without an event id", test, value);
    }
    snprintf(text, sizeof text, LOG("  s:\n    %s\n  condition: not s\n"), test);
    if (found(text, &ev).truth != truth_not(truth)) {
        fail_msg("not '%s' of '%s'", test, value);
    }
    return truth;
}

typedef struct Row {
    const char *test, *value;
    Truth truth;
} Row;

static void assert_rows(const Row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Truth truth = named(rows[i].test, rows[i].value);
        if (truth != rows[i].truth) {
            print_error("%s of '%s'\n", rows[i].test, rows[i].value);
        }
        assert_int_equal(truth, rows[i].truth);
    }
}
#define ASSERT_ROWS(...) assert_rows((const Row[]){__VA_ARGS__}, sizeof((const Row[]){__VA_ARGS__}) / sizeof(Row))

TEST(match_texts_without_case)
{
    ASSERT_ROWS({"F: abc", "ABC", YES}, {"F: ABC", "abc", YES}, {"F: abc", "abcd", NO}, {"F: abc", "", NO},
                {"F: 'Ärger'", "ärGER", YES}, {"F|contains: 'ÉTAT'", "l'état", YES}, {"F|endswith: 'ß'", "Straß", YES},
                {"F|startswith: 'Ж'", "жук", YES}, {"F: 'ΣΑΣ'", "σας", YES}, {"F: 'Ä'", "A", NO},
                {"F|cased: abc", "ABC", NO}, {"F|cased: abc", "abc", YES}, {"F|cased: 'Ä'", "ä", NO},
                {"F|contains|cased: 'B'", "abc", NO}, {"F|cased|contains: 'B'", "aBc", YES},
                {"F|contains|all|cased: [a, B]", "aBc", YES}, {"F|contains|all|cased: [a, b]", "aBc", NO},
                {"F: [x, y, abc]", "ABC", YES}, {"F: [x, y]", "ABC", NO});
}

/* `*` and `?` are wildcards; a backslash takes that from them and from itself, and is one before anything else. */
TEST(match_wildcards_and_escapes)
{
    ASSERT_ROWS({"F: 'a*c?e'", "AxxCdE", YES}, {"F: 'a*c?e'", "axxce", NO}, {"F: '*b*'", "abc", YES},
                {"F: '*bc'", "abc", YES}, {"F: 'b*'", "abc", NO}, {"F: '*'", "", YES}, {"F: '*'", "x", YES},
                {"F: '?'", "", NO}, {"F: '?'", "\xC3\xA4", YES}, {"F: '?\?'", "\xC3\xA4", NO},
                {"F: '?'", "\xF0\x9F\x98\x80", YES}, {"F: 'a**c'", "ac", YES}, {"F: 'a?*c'", "ac", NO},
                {"F: 'a\\*c'", "a*c", YES}, {"F: 'a\\*c'", "abc", NO}, {"F: 'a\\?c'", "a?c", YES},
                {"F: 'a\\?c'", "abc", NO}, {"F: 'a\\\\*c'", "a\\xc", YES}, {"F: 'a\\\\*c'", "axc", NO},
                {"F: 'a\\\\\\*c'", "a\\*c", YES}, {"F: 'a\\\\\\*c'", "a\\xc", NO}, {"F: 'a\\b'", "a\\b", YES},
                {"F: 'a\\\\b'", "a\\b", YES}, {"F: 'a\\\\\\b'", "a\\\\b", YES}, {"F: 'a\\\\\\\\b'", "a\\\\b", YES},
                {"F: 'C:\\Windows\\x'", "c:\\windows\\X", YES}, {"F: 'C:\\\\*\\x'", "C:\\Windows\\x", YES},
                {"F: 'a\\'", "a\\", YES}, {"F|endswith: '\\cmd.exe'", "C:\\CMD.EXE", YES},
                {"F|contains: 'a\\'", "xa\\x", YES}, {"F|contains: 'a\\*'", "xa*x", YES},
                {"F|contains: 'a\\*'", "xax", NO}, {"F|contains: 'Ä?c'", "xäbC", YES}, {"F: 'Ä*\\*'", "äx*", YES},
                {"F: 'Ä*\\*'", "äx", NO}, {"F|cased: 'Ä*'", "Äx", YES},
                {"F|contains: 'a*a*a*b'", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NO}, {"F: 'a*b'", "a\nb", YES},
                {"F: 'Ä?b'", "ä\nb", YES});
}

TEST(match_places_and_lists)
{
    ASSERT_ROWS({"F|startswith: ab", "abc", YES}, {"F|startswith: bc", "abc", NO}, {"F|startswith: abcd", "abc", NO},
                {"F|endswith: bc", "abc", YES}, {"F|endswith: ab", "abc", NO}, {"F|contains: b", "abc", YES},
                {"F|startswith: 'a?c'", "abcd", YES}, {"F|endswith: 'a?c'", "xabc", YES},
                {"F|contains: [x, c]", "abc", YES}, {"F|contains|all: [a, c]", "abc", YES},
                {"F|contains|all: [a, x]", "abc", NO}, {"F|all|contains: [a, c]", "abc", YES},
                {"F|startswith|all: [a, ab]", "abc", YES}, {"F|re|all: ['^a', 'c$']", "abc", YES},
                {"F|re|all: ['^a', 'b$']", "abc", NO}, {"F|neq: [abc, x]", "abc", NO}, {"F|neq: [y, x]", "abc", YES},
                {"F|contains|neq: b", "abc", NO}, {"F|contains|all|neq: [a, x]", "abc", YES},
                {"F|contains|all|neq: [a, c]", "abc", NO});
}

/* A number without quotes is the number, however it is written; in quotes it is a text. */
TEST(match_numbers_and_truths)
{
    ASSERT_ROWS({"F: 16", "16", YES}, {"F: 16", "0x10", YES}, {"F: 0x10", "16", YES}, {"F: '16'", "0x10", NO},
                {"F: '16'", "16", YES}, {"F: 16", "161", NO}, {"F: -1", "-1", YES}, {"F: 1.5", "1.50", YES},
                {"F|contains: 16", "x165", YES}, {"F|contains: 16", "0x10", NO}, {"F|startswith: 46", "4624", YES},
                {"F: [1, 2]", "2", YES}, {"F|neq: 16", "0x10", NO}, {"F|neq: 16", "17", YES},
                {"F: 99999999999999999999999", "99999999999999999999999", YES}, {"F: true", "True", YES},
                {"F: 'true'", "TRUE", YES}, {"F: false", "true", NO}, {"F: 'yes'", "YES", YES},
                {"F: 2022-03-08", "2022-03-08", YES}, {"F|gt: 9", "10", YES}, {"F|gt: 9", "9", NO},
                {"F|gte: 9", "9", YES}, {"F|gte: 0x10", "16", YES}, {"F|lt: 9", "8.9", YES}, {"F|lt: 9", "x", NO},
                {"F|lte: -1", "-2", YES}, {"F|lt: 9", "", NO}, {"F|gt: [100, 5]", "10", YES},
                {"F|gt|all: [5, 100]", "10", NO}, {"F|lt|neq: 9", "10", YES});
}

TEST(match_regular_expressions)
{
    ASSERT_ROWS({"F|re: '^a.c$'", "abc", YES}, {"F|re: '^A.c$'", "abc", NO}, {"F|re: b", "abc", YES},
                {"F|re|i: '^A.c$'", "abc", YES}, {"F|re|i: 'Ä'", "ä", YES}, {"F|re|m: '^b'", "a\nb", YES},
                {"F|re: '^b'", "a\nb", NO}, {"F|re: 'a.b'", "a\nb", NO}, {"F|re|s: 'a.b'", "a\nb", YES},
                {"F|re|i|s|m: '^B.C'", "a\nb\nc", YES}, {"F|re: 'a\\*'", "a*", YES}, {"F|re: 'a\\*'", "aa", NO},
                {"F|re: ['x', 'b']", "abc", YES}, {"F|re|neq: 'b'", "abc", NO}, {"F|re: ''", "abc", YES});
}

TEST(match_networks)
{
    ASSERT_ROWS({"F|cidr: 10.1.0.0/16", "10.1.2.3", YES}, {"F|cidr: 10.1.0.0/16", "10.2.2.3", NO},
                {"F|cidr: 10.0.0.0/7", "11.255.0.1", YES}, {"F|cidr: 10.1.2.3/32", "10.1.2.3", YES},
                {"F|cidr: 10.1.2.3/32", "10.1.2.4", NO}, {"F|cidr: 0.0.0.0/0", "1.2.3.4", YES},
                {"F|cidr: 0.0.0.0/0", "::1", NO}, {"F|cidr: 10.0.0.0/8", "::ffff:10.1.2.3", YES},
                {"F|cidr: 10.0.0.0/8", "10.0.0", NO}, {"F|cidr: 10.0.0.0/8", "text", NO},
                {"F|cidr: 'fe80::/10'", "fe80::1%3", YES}, {"F|cidr: 'fe80::/10'", "FEBF::1", YES},
                {"F|cidr: 'fe80::/10'", "fec0::1", NO}, {"F|cidr: '::/0'", "::1", YES},
                {"F|cidr: '::/0'", "10.0.0.1", NO}, {"F|cidr: '::1/128'", "0:0:0:0:0:0:0:1", YES},
                {"F|cidr: '::ffff:0:0/96'", "::ffff:1.2.3.4", YES}, {"F|cidr: [10.0.0.0/8, '::1/128']", "::1", YES},
                {"F|cidr|neq: 10.0.0.0/8", "10.1.2.3", NO});
}

TEST(match_dashes_that_begin_options)
{
    ASSERT_ROWS({"F|contains|windash: ' -f x'", "cmd /f x", YES}, {"F|windash|contains: ' /f x'", "cmd -f x", YES},
                {"F|contains|windash: ' -f x'",
                 "cmd \xE2\x80\x93"
                 "f x",
                 YES},
                {"F|contains|windash: ' -f x'",
                 "cmd \xE2\x80\x94"
                 "f x",
                 YES},
                {"F|contains|windash: ' -f x'",
                 "cmd \xE2\x80\x95"
                 "f x",
                 YES},
                {"F|contains|windash: ' \xE2\x80\x93"
                 "f x'",
                 "cmd -f x", YES},
                {"F|contains|windash: ' -f x'",
                 "cmd \xE2\x80\x92"
                 "f x",
                 NO},
                {"F|contains|windash: 'a-f'", "a/f", NO}, {"F|contains|windash: 'a-f'", "a-f", YES},
                {"F|windash: '-a -b'", "/a -b", YES}, {"F|windash: '-a -b'", "/a /b", YES},
                {"F|windash|contains|all: [' -a', ' /b']", "x /a -b", YES}, {"F|windash: '*-a*'", "x/ab", YES},
                {"F|windash: '-ä'", "/Ä", YES});
}

TEST(match_encodings)
{
    ASSERT_ROWS(
        {"F|base64: foobar", "Zm9vYmFy", YES}, {"F|base64: fooba", "Zm9vYmE=", YES},
        {"F|base64: foobar", "xZm9vYmFy", NO}, {"F|base64|contains: foobar", "xZm9vYmFyx", YES},
        {"F|base64|cased: foobar", "zm9vymfy", NO}, {"F|base64offset|contains: foobar", "AGZvb2Jhcg==", YES},
        {"F|base64offset|contains: foobar", "Zm9vYmFy", YES}, {"F|base64offset|contains: foobar", "AABmb29iYXI=", YES},
        {"F|base64offset|contains: foobar", "Zm9vYmF", NO}, {"F|base64offset|contains: 'ä'", "eMOkeA==", YES}, /* xäx */
        {"F|wide|base64offset|contains: http", "xx aAB0AHQAcAA yy", YES},
        {"F|utf16le|base64|contains: http", "aAB0AHQAcAA=", YES},
        {"F|utf16be|base64|contains: http", "AGgAdAB0AHA=", YES}, {"F|utf16|base64: a", "//5hAA==", YES},
        {"F|base64: '\\*'", "Kg==", YES});
}

TEST(match_references_to_other_fields)
{
    ASSERT_ROWS({"F|fieldref: F", "x", YES}, {"F|fieldref: G", "x", NO}, {"F|fieldref|neq: G", "x", YES},
                {"F|fieldref|neq: F", "x", NO}, {"F|fieldref: Computer", "VM1", YES},
                {"F|fieldref|cased: Computer", "VM1", NO}, {"F|fieldref|startswith: Computer", "vm1.example", YES},
                {"F|fieldref|endswith: Channel", "the application", YES},
                {"F|fieldref|contains: Provider_Name", "is com+ it", YES},
                {"F|contains|fieldref: Computer", "xvm1x", YES}, {"F|fieldref|contains: Computer", "vm2", NO},
                {"F|fieldref: EventID", "1", YES}, {"F|fieldref: [G, Computer]", "vm1", YES});
    const Field fields[] = {{STR("F"), STR("xÄRGER")}, {STR("G"), STR("ärger")}};
    Event ev = log_event(1, fields, 2);
    assert_int_equal(found(LOG("  s: {EventID: 1, F|fieldref|endswith: G}\n  condition: s\n"), &ev).truth, YES);
    assert_int_equal(found(LOG("  s: {EventID: 1, F|fieldref|startswith: G}\n  condition: s\n"), &ev).truth, NO);
    assert_int_equal(found(LOG("  s: {EventID: 1, F|fieldref|endswith|cased: G}\n  condition: s\n"), &ev).truth, NO);
}

TEST(match_absent_empty_and_null)
{
    ASSERT_ROWS({"G: null", "x", YES}, {"F: null", "x", NO}, {"F: null", "", NO}, {"G: ~", "x", YES}, {"G:", "x", YES},
                {"F: ''", "", YES}, {"F: ''", "x", NO}, {"G: ''", "x", NO}, {"G: [null, '']", "x", YES},
                {"F: [null, '']", "", YES}, {"F|neq: null", "x", YES}, {"G|neq: null", "x", NO}, {"G|neq: x", "x", YES},
                {"G|contains: x", "x", NO}, {"G|re: ''", "x", NO}, {"G|lt: 5", "x", NO}, {"F|exists: true", "x", YES},
                {"F|exists: true", "", YES}, {"F|exists: false", "x", NO}, {"G|exists: true", "x", NO},
                {"G|exists: false", "x", YES}, {"F: 'null'", "NULL", YES});
}

TEST(match_fields_of_event_logs)
{
    const Field data[] = {{STR(""), STR("first")}, {STR(""), STR("Error Code = 0x8000FFFF")}};
    Event ev = log_event(4689, data, 2);
    assert_int_equal(
        found(LOG("  s: {EventID: 4689, Provider_Name: 'COM+', Data|contains: '0x8000ffff'}\n  condition: s\n"), &ev)
            .truth,
        YES);
    assert_int_equal(found(LOG("  s: {Provider_Name: Microsoft-Windows-Complus, Level: 2, Computer: VM1, Channel: "
                               "application}\n  condition: s\n"),
                           &ev)
                         .truth,
                     YES);
    assert_int_equal(
        found(LOG("  s: {Level: Error, Message|contains: \"first\\nError\"}\n  condition: s\n"), &ev).truth, YES);
    assert_int_equal(found(LOG("  k: [nothing, 'code = 0x8*']\n  condition: k\n"), &ev).truth, YES);
    static const struct {
        const char *words;
        Truth truth;
    } keywords[] = {
        {"{'|all': [first, code]}", YES},
        {"{'|all': [first, gone]}", NO},
        {"first", YES},
        {"[gone, '8000']", YES},
        {"[0, gone]", YES},
        {"{'|re': '^Err.*F$'}", YES},
        {"{'|cased': FIRST}", NO},
        {"{'|startswith': err}", YES},
        {"{'|startswith': code}", NO},
        {"[gone, {EventID: 4689}]", YES},
        {"[{EventID: 1}, {EventID: 2}]", NO},
        {"[{EventID: 1}, {EventID: 4689, Level: 2}]", YES},
        {"[{EventID: 1}, first]", YES},
        {"[{Data|contains|all: [error, code]}, {A: b}]", YES},
        {"[{Data|contains|all: [error, b]}, {A: b}]", NO},
    };
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        char text[512];
        snprintf(text, sizeof text, LOG("  k: %s\n  condition: k\n"), keywords[i].words);
        if (found(text, &ev).truth != keywords[i].truth) {
            fail_msg("%s", keywords[i].words);
        }
    }
    ev.channel = STR("System");
    assert_false(found(LOG("  s: {EventID: 4689}\n  condition: s\n"), &ev).listed);
}

TEST(match_conditions)
{
    const Field f = {STR("F"), STR("abc")};
    Event ev = log_event(1, &f, 1);
    static const struct {
        const char *condition;
        Truth truth;
    } cases[] = {
        {"a and b", NO},
        {"a or b", YES},
        {"a and not b", YES},
        {"not (a and not b)", NO},
        {"1 of a*", YES},
        {"all of a*", NO},
        {"1 of them", YES},
        {"all of them", NO},
        {"any of b*", NO},
        {"1 of a", YES},
        {"1 of *2", NO},
        {"all of *a", YES},
        {"1 of a* and not 1 of b*", YES}, /* of binds before not, not before and, and before or */
        {"a or b and b", YES},
        {"b and b or a", YES},
        {"not b and a", YES},
        {"not a or a", YES},
        {"not a and b", NO},
        {"not (a or b)", NO},
        {"not not a", YES},
        {"not a or b and a", NO},
        {"(a)and(not b)", YES},
        {"A-c_1", YES},
        {"a AND NOT b", YES},
        {"not all of a*", YES},
        {"[b, a]", YES},
        {"[b, b]", NO},
        {"not _h", NO},
        {"all of h*", YES},
        {"\"a and\\n not b\"", YES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 LOG("  a: {F: abc}\n  a2: {F: x}\n  b: {F: y}\n  _h: {F: abc}\n  h1: {F: abc}\n  h_: {F: abc}\n"
                     "  A-c_1: {F: abc}\n  condition: %s\n"),
                 cases[i].condition);
        if (found(text, &ev).truth != cases[i].truth) {
            fail_msg("%s", cases[i].condition);
        }
    }
}

TEST(match_near_misses_tell_how_near)
{
    const Field data = {STR(""), STR("hr = 80040206")};
    Event ev = log_event(4689, &data, 1);
    const char *rule =
        LOG("  s: {EventID: 4689, Provider_Name: 'COM+', Data|contains: '0x8000ffff'}\n  condition: s\n");
    Found f = found(rule, &ev);
    assert_int_equal(f.truth, NO);
    assert_true(f.listed);
    assert_int_equal(f.passed, 2);
    assert_int_equal(f.tests, 3);
    ev.provider = STR("Security");
    ev.provider_alias = (Str){0};
    assert_false(found(rule, &ev).listed);
}

TEST(match_near_misses_are_not_told_of_rules_that_nobody_asks_for)
{
    RuleCase c;
    const MatchResult *results;
    Event ev = log_event(4689, NULL, 0);
    rule_case_good(&c, LOG("  s: {EventID: 4689, Data|contains: '0x8000ffff'}\n  condition: s\n"));
    Matcher *m = matcher_open(&c.set);
    assert_int_equal(match_event(m, &ev, &results), 0);
    matcher_close(m);
    rule_case_close(&c);
}

/* Each is found by the values of fields, whatever form they have. */
TEST(match_whole_values_in_every_form)
{
    static const struct {
        const char *test, *value;
        Truth truth;
    } cases[] = {
        {"F: 9", "9", YES},
        {"F: 9", "0x9", YES},
        {"F: 9", "10", NO},
        {"F: '9'", "9", YES},
        {"F: 0x1f", "31", YES},
        {"F: Abc", "aBC", YES},
        {"F: [x, abc]", "ABC", YES},
        {"F: [x, abc]", "abcd", NO},
        {"F: [x, '*bcde*']", "abcdef", YES},
        {"F|cased: Abc", "Abc", YES},
        {"F|cased: Abc", "abc", NO},
        {"F: skate",
         "s\xE2\x84\xAA"
         "ate",
         NO},
        {"F|neq: 9", "10", YES},
        {"F|neq: 9", "9", NO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(named(cases[i].test, cases[i].value), cases[i].truth);
    }
}

TEST(match_whole_values_of_several_fields)
{
    const Field two[] = {{STR("A"), STR("no")}, {STR("B"), STR("no")}, {STR("B"), STR("yes")}};
    Event ev = log_event(1, two, 3);
    const char *either = LOG("  a: {EventID: 1, A: 'yes'}\n  b: {EventID: 1, B: 'yes'}\n  condition: a or b\n");
    assert_int_equal(found(either, &ev).truth, YES);
    assert_int_equal(found(LOG("  a: {EventID: [1, 2], A: 'no', B: 'yes'}\n  condition: a\n"), &ev).truth, YES);
    assert_int_equal(found(LOG("  a: {EventID: [1, 2], A: 'yes', B: 'yes'}\n  condition: a\n"), &ev).truth, NO);
    ev.text_only = true;
    assert_int_equal(found(LOG("  a: {EventID: 1, C: 'yes'}\n  condition: a\n"), &ev).truth, UNKNOWN);
}

TEST(match_near_misses_by_id_are_looked_for_in_the_first_events_of_a_source)
{
    RuleCase c;
    const MatchResult *results;
    const Field other = {STR("F"), STR("other")}, right = {STR("F"), STR("right")};
    Event ev = log_event(1, &other, 1);
    rule_case_good(&c, LOG("  s: {EventID: 1, F: right}\n  condition: s\n") CAUSE);
    Matcher *m = matcher_open(&c.set);
    for (int source = 0; source < 2; source++) {
        matcher_source(m);
        for (int i = 0; i < LIMIT_NEAR_TRIED; i++) {
            assert_int_equal(match_event(m, &ev, &results), 1);
            assert_int_equal(results[0].truth, NO);
        }
        assert_int_equal(match_event(m, &ev, &results), 0);
        ev.fields = &right;
        assert_int_equal(match_event(m, &ev, &results), 1);
        assert_int_equal(results[0].truth, YES);
        ev.fields = &other;
    }
    matcher_close(m);
    rule_case_close(&c);
}

TEST(match_text_logs_by_their_record)
{
    Event ev = {.service = SERVICE_VMSNAPSHOT,
                .level = LEVEL_ERROR,
                .message = STR("[Error]: Install provider failed {Exception =\nx (0x80110401): Errors occurred")};
    const char *rule =
        TEXTLOG("  s: {Message|contains|all: [Install provider failed, '0x80110401']}\n  condition: s\n");
    assert_int_equal(found(rule, &ev).truth, YES);
    ev.message = STR("[Error]: Install provider failed {Exception = 0x80042304");
    Found f = found(rule, &ev);
    assert_true(f.listed && f.truth == NO && f.passed == 1 && f.tests == 2);
    ev.message = STR("all is well");
    assert_false(found(rule, &ev).listed);
}

TEST(match_state_that_lacks_a_field_is_unknown)
{
    const Field f[] = {{STR("ServiceName"), STR("MSDTC")}, {STR("StartType"), STR("3")}};
    Event ev = {.service = SERVICE_SERVICE_STATE, .fields = f, .field_count = 2};
    assert_int_equal(
        found(STATE("  s: {ServiceName: MSDTC}\n  ok: {Account: x}\n  condition: s and not ok\n"), &ev).truth, UNKNOWN);
    assert_int_equal(found(STATE("  s: {ServiceName: MSDTC, Account: null}\n  condition: s\n"), &ev).truth, UNKNOWN);
    assert_int_equal(found(STATE("  s: {ServiceName: MSDTC, Account|exists: false}\n  condition: s\n"), &ev).truth,
                     YES);
    Found f2 = found(STATE("  s: {ServiceName: MSDTC, StartType: '4'}\n  condition: s\n"), &ev);
    assert_true(f2.listed && f2.truth == NO && f2.passed == 1);
    assert_false(found(STATE("  s: {ServiceName: other, Account: x}\n  condition: s\n"), &ev).listed);
}

TEST(match_regex_at_its_limit_is_unknown)
{
    char value[256];
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = 0;
    assert_int_equal(named("F|re: '^(a+)+$(?!)'", value), UNKNOWN);
    assert_int_equal(named("F|re: '^(([a-z])+.)+[A-Z]([a-z])+$'", value), UNKNOWN);
}

TEST(match_category_renames_fields_of_the_other_source)
{
    const Field f[] = {{STR("NewProcessName"), STR("C:\\Windows\\System32\\cmd.exe")}};
    Event ev = log_event(4688, f, 1);
    const char *rule = "title: T\nname: r\nlogsource: {product: windows, category: process_creation}\n"
                       "detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}\n";
    ev.channel = STR("Security");
    assert_int_equal(found(rule, &ev).truth, YES);
    ev.id = 4689;
    assert_false(found(rule, &ev).listed);
}

TEST(match_wants_asks_for_what_rules_name)
{
    RuleCase c;
    rule_case_good(&c, LOG("  s: {EventID: 4689, Provider_Name: 'COM+', Data|contains: x}\n  condition: s\n"));
    Matcher *m = matcher_open(&c.set);
    assert_true(match_wants(m, STR("Microsoft-Windows-Complus"), STR("COM+"), 4689, STR("Application")));
    assert_false(match_wants(m, STR("Other"), STR(""), 4689, STR("Application")));
    assert_false(match_wants(m, STR("COM+"), STR(""), 4690, STR("Application")));
    assert_false(match_wants(m, STR("COM+"), STR(""), 4689, STR("System")));
    matcher_close(m);
    rule_case_close(&c);
}

/* --- what a rule asks the registry for --------------------------------------------------------------------------- */

#define REGISTRY(detection)                                                                                            \
    "title: T\nname: r\nlogsource: {product: windows, category: registry_state}\ndetection:\n" detection
#define SERVICES  "HKLM\\SYSTEM\\CurrentControlSet\\Services\\"
#define UNINSTALL "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\"
#define WOW64     "HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\"

static RegistrySet asked(const char *text)
{
    RuleCase c;
    rule_case_good(&c, text);
    Matcher *m = matcher_open(&c.set);
    RegistrySet set = match_registry_asked(m, &c.set.rules[0]);
    matcher_close(m);
    rule_case_close(&c);
    return set;
}

static void assert_asks(const char *test, const char *const *targets)
{
    char text[512];
    uint8_t room[REGISTRY_TARGET];
    snprintf(text, sizeof text, REGISTRY("  s:\n    %s\n    Details: x\n  condition: s\n"), test);
    RegistrySet set = asked(text);
    size_t found = 0, count = 0;
    for (Str target; (target = registry_value_target(count, room)).len; count++) {
        bool wanted = false;
        for (size_t i = 0; targets[i]; i++) {
            wanted = wanted || str_eq_nocase(target, str_of(targets[i]));
        }
        if (registry_set_has(&set, count) != wanted) {
            fail_msg("%s: %.*s", test, (int)target.len, (const char *)target.at);
        }
        found += wanted;
    }
    for (size_t i = 0; targets[i]; i++) {
        assert_true(found-- > 0);
    }
}

#define ASKS(...)            assert_asks(FIRST(__VA_ARGS__), (const char *const[]){__VA_ARGS__, NULL} + 1)
#define FIRST(...)           FIRST_OF(__VA_ARGS__, )
#define FIRST_OF(first, ...) first

TEST(asked_values_are_those_that_the_target_allows)
{
    ASKS("TargetObject: " SERVICES "msdtc\\start", SERVICES "MSDTC\\Start");
    ASKS("TargetObject|endswith: \\VSS\\Start", SERVICES "VSS\\Start");
    ASKS("TargetObject|endswith: [\\MSDTC\\Start, \\MSDTC\\ObjectName]", SERVICES "MSDTC\\Start",
         SERVICES "MSDTC\\ObjectName");
    ASKS("TargetObject|endswith: \\BcdrAgent\\IsProviderInstalled",
         "HKLM\\SOFTWARE\\Microsoft\\BcdrAgent\\IsProviderInstalled",
         "HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\BcdrAgent\\IsProviderInstalled");
    ASKS("TargetObject: HKLM\\SOFTWARE\\Nobody\\Reads\\This");
}

TEST(asked_values_of_a_list_are_found_by_one_of_them)
{
    ASKS("TargetObject: " UNINSTALL "{1}\\DisplayName", UNINSTALL "*\\DisplayName");
    ASKS("TargetObject|contains: \\Uninstall\\{1}", UNINSTALL "*\\DisplayName", UNINSTALL "*\\DisplayVersion",
         WOW64 "*\\DisplayName", WOW64 "*\\DisplayVersion");
    ASKS("TargetObject: '*\\Microsoft\\Windows\\\\*\\DisplayVersio?'", UNINSTALL "*\\DisplayVersion",
         WOW64 "*\\DisplayVersion");
    ASKS("TargetObject|endswith: \\.NETFramework\\v4.0.30319\\SchUseStrongCrypto",
         "HKLM\\SOFTWARE\\Microsoft\\.NETFramework\\v*\\SchUseStrongCrypto",
         "HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\.NETFramework\\v*\\SchUseStrongCrypto");
    ASKS("TargetObject|endswith: \\Virtual Machine\\Guest\\GuestAgentVersion",
         "HKLM\\SOFTWARE\\Microsoft\\Virtual Machine\\Guest\\*");
}

static size_t count_of(const RegistrySet *set)
{
    size_t count = 0;
    for (size_t i = 0; i < REGISTRY_VALUES; i++) {
        count += registry_set_has(set, i);
    }
    return count;
}

TEST(asked_values_are_all_where_the_target_is_not_tested)
{
    uint8_t room[REGISTRY_TARGET];
    size_t all = 0;
    while (registry_value_target(all, room).len) {
        all++;
    }
    RegistrySet set = asked(REGISTRY("  s:\n    Details: x\n  condition: s\n"));
    assert_int_equal(count_of(&set), all);
    set = asked(REGISTRY("  a:\n    TargetObject|endswith: \\Start\n  b:\n    Number: 4\n  condition: a or b\n"));
    assert_int_equal(count_of(&set), all);
    set = asked(REGISTRY("  a:\n    TargetObject|contains: Uninstall\n  condition: not a\n"));
    assert_in_range(count_of(&set), all - 4, all);
    set = asked(REGISTRY("  a:\n    TargetObject|re: 'MSDTC.Start$'\n  condition: a\n"));
    assert_in_range(count_of(&set), 1, all / 2);
    set = asked(LOG("  a:\n    EventID: 1\n  condition: a\n"));
    assert_true(registry_set_empty(&set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(match_texts_without_case),
        cmocka_unit_test(match_wildcards_and_escapes),
        cmocka_unit_test(match_places_and_lists),
        cmocka_unit_test(match_numbers_and_truths),
        cmocka_unit_test(match_regular_expressions),
        cmocka_unit_test(match_networks),
        cmocka_unit_test(match_dashes_that_begin_options),
        cmocka_unit_test(match_encodings),
        cmocka_unit_test(match_references_to_other_fields),
        cmocka_unit_test(match_absent_empty_and_null),
        cmocka_unit_test(match_fields_of_event_logs),
        cmocka_unit_test(match_conditions),
        cmocka_unit_test(match_near_misses_tell_how_near),
        cmocka_unit_test(match_near_misses_are_not_told_of_rules_that_nobody_asks_for),
        cmocka_unit_test(match_whole_values_in_every_form),
        cmocka_unit_test(match_whole_values_of_several_fields),
        cmocka_unit_test(match_near_misses_by_id_are_looked_for_in_the_first_events_of_a_source),
        cmocka_unit_test(match_text_logs_by_their_record),
        cmocka_unit_test(match_state_that_lacks_a_field_is_unknown),
        cmocka_unit_test(match_regex_at_its_limit_is_unknown),
        cmocka_unit_test(match_category_renames_fields_of_the_other_source),
        cmocka_unit_test(match_wants_asks_for_what_rules_name),
        cmocka_unit_test(asked_values_are_those_that_the_target_allows),
        cmocka_unit_test(asked_values_of_a_list_are_found_by_one_of_them),
        cmocka_unit_test(asked_values_are_all_where_the_target_is_not_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
