/* Which tests of a rule an event missed, and how that reads. */
#include <string.h>

#include "match.h"
#include "rule_case.h"
#include "rule_words.h"

#define LOG(detection) "title: T\nname: r\nlogsource: {product: windows, service: application}\ndetection:\n" detection

/* `+` before what held, `-` before what did not, one a line. */
static void says(const char *rule, const Event *ev, const char *expected)
{
    RuleCase c;
    Arena a = {0};
    TestResults tests = {0};
    VEC(Str) lines = {0};
    rule_case_good(&c, rule);
    Matcher *m = matcher_open(&c.set);
    match_explain(m, rule_find(&c.set, STR("r")), ev, &a, &tests);
    for (size_t i = 0; i < tests.list.count; i++) {
        const TestResult *r = &tests.list.at[i];
        bool held = r->truth == YES && !r->excluded;
        *VEC_ADD(&a, &lines) = held ? STR("+") : STR("-");
        *VEC_ADD(&a, &lines) = held ? test_held(r, &a) : test_missed(r, &a);
        *VEC_ADD(&a, &lines) = STR("\n");
    }
    Str all = arena_join(&a, lines.at, lines.count);
    if (!str_eq(all, str_of(expected))) {
        fail_msg("expected:\n%sfound:\n%.*s", expected, (int)all.len, (const char *)all.at);
    }
    matcher_close(m);
    rule_case_close(&c);
    arena_free(&a);
}

static Event event(uint32_t id, const Field *fields, size_t count)
{
    return (Event){.service = SERVICE_EVENT_LOG,
                   .level = LEVEL_ERROR,
                   .id = id,
                   .channel = STR("Application"),
                   .provider = STR("VSS"),
                   .fields = fields,
                   .field_count = count};
}

TEST(rule_words_say_what_held_and_what_is_there_instead)
{
    const Field data[] = {{{0},
                           STR("Unexpected error, hr = 0x80042314, and later 0x80042314 and hr = 80070005, which is "
                               "a long text that nobody wants to read again")}};
    Event ev = event(8193, data, 1);
    says(LOG("  e: {EventID: 8193, Provider_Name: [VSS, volsnap]}\n  c:\n    Message|contains: ['0x80040154', "
             "'80070057']\n"
             "  condition: e and c\n"),
         &ev,
         "+EventID is 8193\n+Provider_Name is 'vss' or 'volsnap'\n"
         "-Message does not contain '0x80040154' or '80070057'; it has 0x80042314, 0x80070005\n");
    says(LOG("  e: {EventID: 22}\n  condition: e\n"), &ev, "-EventID is not 22; it is '8193'\n");
    says(LOG("  e:\n    Name: x\n    Message|startswith: Error\n  condition: e\n"), &ev,
         "-Name is not 'x'; there is no such field\n-Message does not start with 'error'\n");
}

TEST(rule_words_of_every_kind_of_pattern)
{
    const Field data[] = {{STR("A"), STR("abc")}, {STR("N"), STR("5")}, {STR("P"), STR("10.0.0.1")}};
    Event ev = event(1, data, 3);
#define ONE(test, expected) says(LOG("  e:\n    " test "\n  condition: e\n"), &ev, expected)
    ONE("A|endswith: bc", "+A ends in 'bc'\n");
    ONE("A|endswith: x", "-A does not end in 'x'; it is 'abc'\n");
    ONE("A: 'x*c'", "-A is not like 'x*c'; it is 'abc'\n");
    ONE("A|re: '^b'", "-A does not match '^b'; it is 'abc'\n");
    ONE("N|gt: 7", "-N is not more than 7; it is '5'\n");
    ONE("N|lte: 5", "+N is at most 5\n");
    ONE("P|cidr: 192.168.0.0/16", "-P does not lie in 192.168.0.0/16; it is '10.0.0.1'\n");
    ONE("A|fieldref: N", "-A does not go with the field N; it is 'abc'\n");
    ONE("A: null", "-A is there; it is 'abc'\n");
    ONE("A|exists: false", "-A is there\n");
    ONE("B|exists: true", "-B is absent\n");
    ONE("A|contains|all: [b, x]", "+A contains 'b'\n-A does not contain 'x'; it is 'abc'\n");
    ONE("A: [q, r, s, t, u, v]", "-A is not 'q' or 'r' or 's' or 't' or one of 2 more; it is 'abc'\n");
#undef ONE
}

/* Of alternatives the nearest one, and of an exception what makes it hold. */
TEST(rule_words_follow_the_way_that_comes_nearest)
{
    const Field data[] = {{STR("A"), STR("abc")}, {STR("B"), STR("x")}};
    Event ev = event(1, data, 2);
    says(LOG("  one: {A: q, B: r}\n  two: {A: abc, B: r}\n  condition: one or two\n"), &ev,
         "+A is 'abc'\n-B is not 'r'; it is 'x'\n");
    says(LOG("  e: {EventID: 1}\n  noise: {A: [q, abc]}\n  condition: e and not noise\n"), &ev,
         "+EventID is 1\n-A is 'q' or 'abc', which the rule leaves out\n");
    says(LOG("  e: {EventID: 1}\n  noise: {A: q}\n  condition: e and not noise\n"), &ev, "+EventID is 1\n");
    says(LOG("  e:\n    - {A: q}\n    - {A: abc, B: y}\n  condition: e\n"), &ev,
         "+A is 'abc'\n-B is not 'y'; it is 'x'\n");
}

/* What an event cannot know is not missed, and a secret is not shown. */
TEST(rule_words_of_the_unknown_and_of_secrets)
{
    const Field state[] = {{STR("ServiceName"), STR("MSDTC")}};
    Event ev = {.service = SERVICE_SERVICE_STATE, .fields = state, .field_count = 1};
    says("title: T\nname: r\nlogsource: {product: windows, category: service_state}\ndetection:\n"
         "  e: {ServiceName: MSDTC, Account: LocalSystem}\n  condition: e\n",
         &ev, "+ServiceName is 'msdtc'\n-it cannot be known whether Account is 'localsystem'\n");
    const Field secret[] = {{STR("Password"), STR("hunter2")}};
    ev = event(1, secret, 1);
    says(LOG("  e: {Password: x}\n  condition: e\n"), &ev, "-Password is not 'x'; it is '***'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_words_say_what_held_and_what_is_there_instead),
        cmocka_unit_test(rule_words_of_every_kind_of_pattern),
        cmocka_unit_test(rule_words_follow_the_way_that_comes_nearest),
        cmocka_unit_test(rule_words_of_the_unknown_and_of_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
