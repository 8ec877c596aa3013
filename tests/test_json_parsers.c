/* The JSON parsers: the result behind the result, files that are cut or redacted, and secrets that must stay inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"
#include "extension_status.h"
#include "json_repair.h"

#define TEST(name) static void name(void **state)
#define SECRET     "TUlJQ2ludmVudGVkU0VDUkVU"
#define THUMB      "FEDC76543210BA98FEDC76543210BA98FEDC7654"
#define TASK       "0f3a2b1c-aaaa-4bbb-8ccc-0123456789ab_1"

static const char settings[] =
    "{\"runtimeSettings\":[{\"handlerSettings\":{\"publicSettings\":{\n"
    "\"taskId\":\"" TASK "\",\"commandToExecute\":\"snapshot\",\"commandStartTimeUTCTicks\":\"638197830424282249\"},\n"
    "\"protectedSettings\":\"" SECRET SECRET "\",\n"
    "\"protectedSettingsCertThumbprint\":\"" THUMB "\"}}]}";

static const char status[] =
    "[{\"version\":\"1.0\",\"timestampUTC\":\"2023-05-15T21:33:12Z\",\"status\":{\"name\":\"Enable\",\"status\":"
    "\"success\","
    "\"code\":1,\"taskId\":\"" TASK
    "\",\"substatus\":[{\"name\":\"{\\\"timestampUTC\\\":\\\"\\\\/Date(1684186272428)\\\\/\\\","
    "\\\"status\\\":{\\\"status\\\":\\\"error\\\",\\\"code\\\":2,\\\"formattedMessage\\\":{\\\"message\\\":\\\"it "
    "failed\\\"}}}\","
    "\"status\":\"success\"}]}}]";

static void run(Capture *c, const char *parser, const char *path, Str bytes)
{
    const Parser *p = parser_named(str_of(parser));
    assert_non_null(p);
    capture_run(c, p, str_of(path), bytes, true);
}

static void assert_str(Str got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.len ? got.at : (const uint8_t *)"", want, got.len);
}

static void assert_field(const Capture *c, size_t event, const char *name, const char *want)
{
    assert_true(event < c->events.count);
    assert_str(event_field(&c->events.at[event], str_of(name)), want);
}

/* --- secrets ------------------------------------------------------------------------------------------------------ */

/* Eight bytes in a row of a secret are too many. */
static bool leaks(Str text)
{
    static const char *const secrets[] = {SECRET, THUMB};
    for (size_t s = 0; s < 2; s++) {
        Str secret = str_of(secrets[s]);
        for (size_t i = 0; i + 8 <= secret.len; i++) {
            if (str_has(text, str_slice(secret, i, i + 8))) {
                return true;
            }
        }
    }
    return false;
}

static void assert_no_leak(const Capture *c)
{
    const SourceRow *row = c->analysis.row;
    for (size_t i = 0; i < c->events.count; i++) {
        const Event *ev = &c->events.at[i];
        assert_false(leaks(ev->message) || leaks(ev->time_text) || leaks(ev->provider) || leaks(ev->computer));
        for (size_t f = 0; f < ev->field_count; f++) {
            if (leaks(ev->fields[f].value)) {
                print_message("%.*s shows a secret\n", (int)ev->fields[f].name.len,
                              (const char *)ev->fields[f].name.at);
            }
            assert_false(leaks(ev->fields[f].name) || leaks(ev->fields[f].value));
        }
    }
    for (size_t i = 0; i < row->diagnostics.count; i++) {
        assert_false(leaks(row->diagnostics.at[i].what));
    }
    for (size_t i = 0; i < row->limits.count; i++) {
        assert_false(leaks(row->limits.at[i].what));
    }
    assert_false(leaks(row->note));
}

TEST(settings_cut_or_changed_anywhere_never_show_the_secret)
{
    (void)state;
    static const char *const parser[] = {"handler_settings", "handler_status", "handler_json", "aggregate_status"};
    static const char changes[] = "\":,{}[]\\\n ";
    char text[sizeof settings];
    for (size_t at = 0; at < sizeof settings - 1; at++) {
        for (size_t k = 0; k < sizeof changes + 2; k++) {
            Capture c;
            memcpy(text, settings, sizeof text);
            Str bytes = {(const uint8_t *)text, k == sizeof changes ? at : sizeof settings - 1};
            if (k < sizeof changes) {
                text[at] = changes[k];
            }
            run(&c, parser[k % 4 ? 0 : at % 4], "Plugins/Vendor.A/1.0/RuntimeSettings/7.settings", bytes);
            assert_no_leak(&c);
            capture_close(&c);
        }
    }
}

TEST(settings_tell_task_sequence_and_time)
{
    (void)state;
    Capture c;
    run(&c, "handler_settings", "x/Vendor.A/1.0/RuntimeSettings/7.settings", str_of(settings));
    assert_int_equal(c.status, ST_OK);
    assert_int_equal(c.events.count, 1);
    assert_int_equal(c.events.at[0].mark, MARK_SETTINGS);
    assert_int_equal(c.events.at[0].time_ns, INT64_C(1684186242428224900));
    assert_field(&c, 0, "TaskId", TASK);
    assert_field(&c, 0, "Sequence", "7");
    assert_field(&c, 0, "Handler", "Vendor.A");
    assert_field(&c, 0, "Version", "1.0");
    capture_close(&c);
}

/* --- status ------------------------------------------------------------------------------------------------------- */

TEST(status_result_is_the_nested_one)
{
    (void)state;
    Capture c;
    run(&c, "handler_status", "7.status", str_of(status));
    assert_int_equal(c.status, ST_OK);
    assert_int_equal(c.events.count, 1);
    assert_int_equal(c.events.at[0].time_ns, INT64_C(1684186272428000000));
    assert_int_equal(c.events.at[0].level, LEVEL_ERROR);
    assert_field(&c, 0, "Status", "error");
    assert_field(&c, 0, "OuterStatus", "success");
    assert_field(&c, 0, "Code", "2");
    assert_field(&c, 0, "Handler", "Microsoft.Azure.RecoveryServices.VMSnapshot");
    assert_str(c.events.at[0].message, "it failed");
    capture_close(&c);
}

TEST(status_cut_anywhere_never_claims_success)
{
    (void)state;
    for (size_t len = 0; len < sizeof status - 2; len++) {
        Capture c;
        run(&c, "handler_status", "7.status", (Str){(const uint8_t *)status, len});
        assert_int_equal(c.status, ST_PARTIAL);
        assert_int_equal(c.analysis.row->diagnostics.count, 1);
        for (size_t i = 0; i < c.events.count; i++) {
            assert_false(str_eq(event_field(&c.events.at[i], STR("Status")), STR("success")));
        }
        capture_close(&c);
    }
}

TEST(status_many_values_reach_a_limit)
{
    (void)state;
    Capture c;
    Arena a = {0};
    size_t len = LIMIT_JSON_VALUES * 3 + 3;
    uint8_t *many = ARENA_NEW(&a, uint8_t, len);
    many[0] = '[';
    for (size_t i = 1; i < len; i++) {
        many[i] = (uint8_t) "{},"[(i - 1) % 3];
    }
    run(&c, "handler_status", "7.status", (Str){many, len});
    assert_int_equal(c.analysis.row->limits.count, 1);
    assert_true(c.status >= ST_PARTIAL);
    capture_close(&c);
    arena_free(&a);
}

/* --- parts -------------------------------------------------------------------------------------------------------- */

TEST(time_of_an_extension_in_both_forms)
{
    (void)state;
    assert_int_equal(extension_time(STR("\\/Date(1559865179380)\\/")).ns, INT64_C(1559865179380000000));
    assert_int_equal(extension_time(STR("/Date(-1000)/")).ns, -NS_SECOND);
    assert_int_equal(extension_time(STR("2019-06-06T23:52:59")).ns, INT64_C(1559865179000000000));
    assert_true(extension_time(STR("/Date(9223372036854775807)/")).ns == TIME_NONE);
    assert_true(extension_time(STR("Date()")).ns == TIME_NONE);
    assert_true(extension_time(STR("soon")).ns == TIME_NONE);
}

TEST(sequence_of_renamed_copies)
{
    (void)state;
    assert_true(handler_numbered(STR("a/0.status"), STR(".status")));
    assert_true(handler_numbered(STR("0 (2).STATUS"), STR(".status")));
    assert_true(handler_numbered(STR("12 - Copy.status"), STR(".status")));
    assert_true(handler_numbered(STR("ext.4.status.txt"), STR(".status")));
    assert_false(handler_numbered(STR("service.status"), STR(".status")));
    assert_false(handler_numbered(STR("7.log"), STR(".status")));
}

TEST(repair_takes_keys_out_of_what_is_left)
{
    (void)state;
    Arena a = {0};
    JsonRepair fix =
        json_repair(STR("***REDACTED***  \"a\": \"x\\u00e9\\ud83d\\ude00\\n\", \"b\": [1, {\"c\": tru"), &a);
    assert_true(fix.cut);
    assert_int_equal(fix.bad_at, 0);
    assert_str(json_text_str(&a, json_text_at(fix.root, "a")), "x\xC3\xA9\xF0\x9F\x98\x80\n");
    assert_str(json_text_str(&a, json_text_at(fix.root, "b")), "1");
    assert_null(json_text_find(fix.root, STR("c")));
    json_decref(fix.root);
    arena_free(&a);
}

TEST(bids_do_not_take_each_others_files)
{
    (void)state;
    static const struct {
        const char *path, *head, *parser;
    } cases[] = {
        {"a.txt", "[{\"status\":{\"status\":\"success\",\"substatus\":[]}}]", "handler_status"},
        {"7.status", "{\"aggregateStatus\":{\"guestAgentStatus\":{}}}", "aggregate_status"},
        {"7.status", "{\"runtimeSettings\":[]}", "handler_settings"},
        {"7.status", "[{\"heartbeat\":{\"status\":\"ready\"}}]", "handler_json"},
        {"x", "[{\"handlerEnvironment\":{\"heartbeatFile\":\"a\"}}]", "handler_json"},
        {"7.status", "", "handler_status"},
        {"7.settings", "***REDACTED***", "handler_settings"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Parser *picked = parser_pick(str_of(cases[i].path), str_of(cases[i].head));
        assert_non_null(picked);
        assert_string_equal(picked->name, cases[i].parser);
    }
    assert_false(json_head_has(STR("[00000007] a \"status\" in a log"), STR("\"status\"")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_cut_or_changed_anywhere_never_show_the_secret),
        cmocka_unit_test(settings_tell_task_sequence_and_time),
        cmocka_unit_test(status_result_is_the_nested_one),
        cmocka_unit_test(status_cut_anywhere_never_claims_success),
        cmocka_unit_test(status_many_values_reach_a_limit),
        cmocka_unit_test(time_of_an_extension_in_both_forms),
        cmocka_unit_test(sequence_of_renamed_copies),
        cmocka_unit_test(repair_takes_keys_out_of_what_is_left),
        cmocka_unit_test(bids_do_not_take_each_others_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
