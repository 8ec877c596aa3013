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
    "---\ntitle: T\nname: case\nlevel: low\nvmsift:\n  cause: C.\n  conditions: {c: {rule: r, says: s}}\n"               \
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

/* One test of one named field. */
static Truth named(const char *test, const char *value)
{
    char text[512];
    const Field field = {STR("F"), str_of(value)};
    Event ev = log_event(1, &field, 1);
    snprintf(text, sizeof text, LOG("  s:\n    EventID: 1\n    %s\n  condition: s\n"), test);
    return found(text, &ev).truth;
}

TEST(match_texts_without_case_and_with_wildcards)
{
    assert_int_equal(named("F: abc", "ABC"), YES);
    assert_int_equal(named("F|cased: abc", "ABC"), NO);
    assert_int_equal(named("F: 'a*c?e'", "AxxCdE"), YES);
    assert_int_equal(named("F: 'a*c?e'", "axxce"), NO);
    assert_int_equal(named("F: '*b*'", "abc"), YES);
    assert_int_equal(named("F: '*bc'", "abc"), YES);
    assert_int_equal(named("F: 'b*'", "abc"), NO);
    assert_int_equal(named("F: 'a\\*c'", "a*c"), YES);
    assert_int_equal(named("F: 'a\\*c'", "abc"), NO);
    assert_int_equal(named("F: 'C:\\\\*\\x'", "C:\\Windows\\x"), YES); /* \\* is a backslash, then anything */
    assert_int_equal(named("F: 'C:\\Windows\\x'", "c:\\windows\\X"), YES);
    assert_int_equal(named("F|endswith: '\\cmd.exe'", "C:\\CMD.EXE"), YES);
    assert_int_equal(named("F|startswith: ab", "abc"), YES);
    assert_int_equal(named("F|contains|all: [a, c]", "abc"), YES);
    assert_int_equal(named("F|contains|all: [a, x]", "abc"), NO);
    assert_int_equal(named("F|contains: 'a*a*a*b'", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), NO);
    assert_int_equal(named("F|contains: 'Ä?c'", "xäbC"), YES);
    assert_int_equal(named("F: '?'", "\xC3\xA4"), YES);
}

TEST(match_modifiers)
{
    assert_int_equal(named("F|re: '^a.c$'", "abc"), YES);
    assert_int_equal(named("F|re: '^A.c$'", "abc"), NO);
    assert_int_equal(named("F|re|i: '^A.c$'", "abc"), YES);
    assert_int_equal(named("F|re|m: '^b'", "a\nb"), YES);
    assert_int_equal(named("F|neq: abc", "abd"), YES);
    assert_int_equal(named("F|neq: abc", "ABC"), NO);
    assert_int_equal(named("F|gt: 9", "10"), YES);
    assert_int_equal(named("F|gte: 0x10", "16"), YES);
    assert_int_equal(named("F|lt: 9", "x"), NO);
    assert_int_equal(named("F: 16", "0x10"), YES);
    assert_int_equal(named("F: '16'", "0x10"), NO);
    assert_int_equal(named("F|cidr: 10.1.0.0/16", "10.1.2.3"), YES);
    assert_int_equal(named("F|cidr: 10.1.0.0/16", "10.2.2.3"), NO);
    assert_int_equal(named("F|cidr: 'fe80::/10'", "fe80::1%3"), YES);
    assert_int_equal(named("F|cidr: '::ffff:0:0/96'", "::ffff:1.2.3.4"), YES);
    assert_int_equal(named("F|contains|windash: ' -f x'", "cmd /f x"), YES);
    assert_int_equal(named("F|contains|windash: ' -f x'", "cmd \xE2\x80\x93"
                                                          "f x"),
                     YES);
    assert_int_equal(named("F|contains|windash: 'a-f'", "a/f"), NO);
    assert_int_equal(named("F|base64: foobar", "Zm9vYmFy"), YES);
    assert_int_equal(named("F|base64: fooba", "Zm9vYmE="), YES);
    assert_int_equal(named("F|wide|base64offset|contains: http", "xx aAB0AHQAcAA yy"), YES);
    assert_int_equal(named("F|base64offset|contains: foobar", "AGZvb2Jhcg=="), YES);
    assert_int_equal(named("F|fieldref: F", "x"), YES);
    assert_int_equal(named("F|fieldref: G", "x"), NO);
    assert_int_equal(named("F|exists: true", "x"), YES);
    assert_int_equal(named("G|exists: false", "x"), YES);
}

TEST(match_absent_empty_and_null)
{
    assert_int_equal(named("G: null", "x"), YES);
    assert_int_equal(named("F: null", "x"), NO);
    assert_int_equal(named("F: ''", ""), YES);
    assert_int_equal(named("G: ''", "x"), NO);
    assert_int_equal(named("G: [null, '']", "x"), YES);
    assert_int_equal(named("G|neq: x", "x"), YES);
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
    assert_int_equal(found(LOG("  k: {'|all': [first, code]}\n  condition: k\n"), &ev).truth, YES);
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
    } cases[] = {{"a and b", NO},  {"a or b", YES},    {"a and not b", YES}, {"not (a and not b)", NO},
                 {"1 of a*", YES}, {"all of a*", NO},  {"1 of them", YES},   {"all of them", NO},
                 {"[b, a]", YES},  {"not _h", NO}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, LOG("  a: {F: abc}\n  a2: {F: x}\n  b: {F: y}\n  _h: {F: abc}\n  condition: %s\n"),
                 cases[i].condition);
        assert_int_equal(found(text, &ev).truth, cases[i].truth);
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
        {"F: skate", "s\xE2\x84\xAA" "ate", NO},
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
        cmocka_unit_test(match_texts_without_case_and_with_wildcards),
        cmocka_unit_test(match_modifiers),
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
