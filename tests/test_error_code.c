/* The dictionary, and codes found in text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error_code.h"
#include "portal_error.h"

static void error_code_dictionary_is_sorted_and_found(void **state)
{
    (void)state;
    size_t count;
    const ErrorCode *all = error_code_all(&count);
    assert_true(count > 1000);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(error_code_find(all[i].family, all[i].code), &all[i]);
        assert_true(i == 0 || all[i - 1].family < all[i].family ||
                    (all[i - 1].family == all[i].family && all[i - 1].code < all[i].code));
    }
}

static bool is_symbol(const ErrorCode *e)
{
    const char *s = e->symbol;
    for (; *s; s++) {
        bool lower = *s >= 'a' && *s <= 'z' && e->family >= CODE_EXTENSION;
        if (!lower && !(*s >= 'A' && *s <= 'Z') && !byte_digit((uint8_t)*s) && *s != '_') {
            return false;
        }
    }
    return s != e->symbol;
}

static void error_code_symbols_are_well_formed_and_unique(void **state)
{
    (void)state;
    size_t count;
    const ErrorCode *all = error_code_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (!all[i].symbol) {
            continue;
        }
        if (!is_symbol(&all[i])) {
            fail_msg("%s is no symbol", all[i].symbol);
        }
        for (size_t j = 0; j < i; j++) {
            if (all[j].family == all[i].family && all[j].symbol && strcmp(all[j].symbol, all[i].symbol) == 0) {
                fail_msg("%s stands for %08x and %08x", all[i].symbol, (unsigned)all[j].code, (unsigned)all[i].code);
            }
        }
    }
}

static void error_code_entries_have_a_source_and_a_sentence(void **state)
{
    (void)state;
    size_t count;
    const ErrorCode *all = error_code_all(&count);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(all[i].meaning);
        if (len < 10 || len > 120 || all[i].meaning[len - 1] != '.' || strlen(all[i].source) < 10) {
            fail_msg("%08x: %s (%s)", (unsigned)all[i].code, all[i].meaning, all[i].source);
        }
    }
}

/* HRESULT_FROM_WIN32, and who may have which numbers. */
static void error_code_numbers_fit_their_family(void **state)
{
    (void)state;
    size_t count;
    const ErrorCode *all = error_code_all(&count);
    for (size_t i = 0; i < count; i++) {
        const ErrorCode *e = &all[i], *inner = error_code_find(CODE_WIN32, e->code & 0xFFFF);
        bool fits = e->family == CODE_HRESULT    ? e->code >> 28 == 8
                    : e->family == CODE_NTSTATUS ? e->code >> 30 >= 1
                    : e->family == CODE_HANDLER  ? e->code < 2000 || e->code == UINT32_MAX
                                                 : e->code < 0x10000;
        if (!fits) {
            fail_msg("%08x is no %s", (unsigned)e->code, error_code_family_name(e->family));
        }
        bool carries = e->family == CODE_HRESULT && e->code >> 16 == 0x8007 && strncmp(e->symbol, "ERROR_", 6) == 0;
        if (carries && (!inner || strcmp(inner->symbol, e->symbol) != 0)) {
            fail_msg("%08x carries another error than %s", (unsigned)e->code, e->symbol);
        }
    }
}

static void error_code_of_win32_in_hresult_is_found(void **state)
{
    (void)state;
    assert_string_equal(error_code_find(CODE_HRESULT, 0x80070005)->symbol, "E_ACCESSDENIED");
    assert_string_equal(error_code_find(CODE_HRESULT, 0x8007042D)->symbol, "ERROR_SERVICE_LOGON_FAILED");
    assert_string_equal(error_code_find(CODE_HRESULT, 0x80070643)->symbol, "ERROR_INSTALL_FAILURE");
    assert_string_equal(error_code_find(CODE_NTSTATUS, 0xC0070005)->symbol, "ERROR_ACCESS_DENIED");
    assert_null(error_code_find(CODE_HRESULT, 0x80079999));
    assert_null(error_code_find(CODE_HRESULT, 0x80099999));
}

static void error_code_is_found_by_its_symbol(void **state)
{
    (void)state;
    assert_int_equal(error_code_named(str_of("vss_e_hold_writes_timeout"))->code, 0x80042314);
    assert_int_equal(error_code_named(str_of("ERROR_INSTALL_FAILURE"))->family, CODE_MSI);
    assert_null(error_code_named(str_of("E_")));
    assert_null(error_code_named(str_of("")));
    assert_string_equal(error_code_facility(CODE_HRESULT, 0x80110401), "COM+");
    assert_string_equal(error_code_facility(CODE_NTSTATUS, 0xC0020017), "RPC runtime");
    assert_null(error_code_facility(CODE_HRESULT, 0x9FFF0000));
}

static void portal_errors_are_sorted_and_complete(void **state)
{
    (void)state;
    size_t count;
    const PortalError *all = portal_error_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (i && str_order_nocase(str_of(all[i - 1].name), str_of(all[i].name)) >= 0) {
            fail_msg("%s comes behind %s", all[i].name, all[i - 1].name);
        }
        if (!all[i].meaning || !all[i].source || (all[i].where != PORTAL_GUEST) != (all[i].action != NULL)) {
            fail_msg("%s lacks something", all[i].name);
        }
    }
}

/* What --code ranks by is explained, too: a new name in applies_to wants its line in portal_error.def. */
static void portal_errors_hold_every_name_of_the_catalogue(void **state)
{
    (void)state;
    Arena a = {0};
    RuleSet set;
    Sink errors = sink_file(stderr);
    assert_int_equal(rule_set_load(&set, NULL, false, &a, &errors), ST_OK);
    sink_close(&errors);
    for (size_t i = 0; i < set.cause_count; i++) {
        for (size_t n = 0; n < set.causes[i].applies_to_count; n++) {
            Str name = set.causes[i].applies_to[n];
            const ErrorCode *status = error_code_named(name);
            if (!portal_error_find(name) && !(status && status->family == CODE_EXTENSION)) {
                fail_msg("%.*s of %.*s is not in portal_error.def", (int)name.len, (const char *)name.at,
                         (int)set.causes[i].name.len, (const char *)set.causes[i].name.at);
            }
        }
    }
    rule_set_free(&set);
    arena_free(&a);
}

static void portal_error_is_found_however_it_is_written(void **state)
{
    (void)state;
    static const char *const mdtc = "ExtensionInstallationFailedMDTC";
    assert_string_equal(portal_error_find(str_of("usererrorvmnotfoundv2"))->name, "UserErrorVmNotFoundV2");
    assert_string_equal(portal_error_find(str_of("400094"))->name, "BCMV2VMNotFound");
    assert_string_equal(portal_error_find(str_of(mdtc))->name, mdtc);
    assert_string_equal(portal_error_find(str_of("ExtensionInstallationFailedMSDTC"))->name, mdtc);
    assert_true(portal_name_is(str_of("failedmsdtc"), str_of("FailedMDTC")));
    assert_true(portal_name_is(str_of("FailedMDTC"), str_of("FailedMSDTC")));
    assert_false(portal_name_is(str_of("FailedMSDTC"), str_of("FailedMDTCx")));
    assert_false(portal_name_is(str_of("MSDTC"), str_of("M")));
    assert_null(portal_error_find(str_of("UserError")));
    assert_null(portal_error_find(str_of("")));
    assert_null(portal_error_find(str_of("0")));
}

typedef struct Case {
    const char *text;
    CodeFamily family;
    uint32_t code; /* 0: none is found */
} Case;

static void check(const Case *c)
{
    Str text = str_of(c->text);
    size_t from = 0;
    CodeHit hit = {0};
    bool found = error_code_next(text, &from, &hit);
    if (found != (c->code != 0) || (found && (hit.code != c->code || hit.family != c->family))) {
        fail_msg("%s: expected %08x, found %08x", c->text, (unsigned)c->code, found ? (unsigned)hit.code : 0);
    }
    assert_true(from <= text.len);
    assert_true(!found || !error_code_next(text, &from, &hit));
}

static void error_code_next_finds_every_form(void **state)
{
    static const Case cases[] = {
        {"Error Code = 0x8000ffff : Catastrophic failure", CODE_HRESULT, 0x8000FFFF},
        {"COMException (0x80110401): Errors", CODE_HRESULT, 0x80110401},
        {"exit 0XC0000142", CODE_NTSTATUS, 0xC0000142},
        {"hr = 80040206: CoGetObject", CODE_HRESULT, 0x80040206},
        {"HRESULT: c0000142", CODE_NTSTATUS, 0xC0000142},
        {"HRESULT: 0x80110401)", CODE_HRESULT, 0x80110401},
        {"Self-signed Certificate Generation failed. Error Code: -2146893808.", CODE_HRESULT, 0x80090010},
        {"failed (-2147024891)", CODE_HRESULT, 0x80070005},
        {"code -1073741502", CODE_NTSTATUS, 0xC0000142},
        {"%%2147942405", CODE_HRESULT, 0x80070005},
        {"service-specific error %%3221229574.", CODE_NTSTATUS, 0xC0001006},
        {"%%50", CODE_WIN32, 50},
        {"Error Code: 2147942405", CODE_HRESULT, 0x80070005},
        {"with error code 2147942405", CODE_HRESULT, 0x80070005},
        {"PFXImportCertStore failed. Error Code: 86", CODE_WIN32, 86},
        {"has exited with Exit code: 1618", CODE_MSI, 1618},
        {"Exit code: 3010", CODE_MSI, 3010},
        {"ExitCode=128", CODE_WIN32, 128},
        {"\"ExitCode\": 1603,", CODE_MSI, 1603},
        {"Exit code: -1073741502", CODE_NTSTATUS, 0xC0000142},
        {"Exception code: 0xe0434352", CODE_NTSTATUS, 0xE0434352},
        {"Error Code: 10013", CODE_WIN32, 10013},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check(&cases[i]);
    }
}

static void error_code_next_leaves_numbers_alone(void **state)
{
    static const char *const texts[] = {
        "",
        "0",
        "0x",
        "-",
        "%",
        "%%",
        "0x8000fff",
        "0x80004005a",
        "0x00000005",
        "0x8000000000000000",
        "Exit code: 0",
        "ExitCode=0",
        "ExitCode=5",
        "Exit code: 1699",
        "2147942405",
        "id 80040206",
        "thr = 80040206",
        "-1",
        "--2147024891",
        "a-2147024891",
        "{9f2d-2147024891}",
        "2023-05-11T21:38:47.9531601Z",
        "%50",
        "%%0",
        "Error Code: 1007",
        "error code: 1009",
        "Exception code: 0xe0000000",
        "Error Code: -1",
        "Exit code: 99999999999",
        "Errors 0x7fffffff",
        "x80004005",
        "10x80004005",
        "-21470248910",
        "cccccccc",
        "hr = ",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check(&(Case){.text = texts[i]});
    }
}

static void error_code_next_goes_on_behind_the_last_hit(void **state)
{
    (void)state;
    Str text = STR("0x80004005, then hr = 80040206, then Exit code: 1603 and -2147024891");
    static const uint32_t codes[] = {0x80004005, 0x80040206, 1603, 0x80070005};
    size_t from = 0, before = 0;
    CodeHit hit;
    for (size_t i = 0; i < 4; i++) {
        assert_true(error_code_next(text, &from, &hit));
        assert_int_equal(hit.code, codes[i]);
        assert_true(hit.at >= before && hit.at < from);
        before = from;
    }
    assert_false(error_code_next(text, &from, &hit));
}

static void error_code_next_survives_every_cut(void **state)
{
    (void)state;
    Str text = STR("Error Code: -2146893808 hr = c0000142 %%3221229574 \"ExitCode\": \"1603\" 0x80110401");
    for (size_t len = 0; len <= text.len; len++) {
        uint8_t *exact = malloc(len + !len);
        assert_non_null(exact);
        memcpy(exact, text.at, len);
        CodeHit hit;
        for (size_t from = 0; error_code_next((Str){exact, len}, &from, &hit);) {
            assert_true(from <= len);
        }
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_code_dictionary_is_sorted_and_found),
        cmocka_unit_test(error_code_symbols_are_well_formed_and_unique),
        cmocka_unit_test(error_code_entries_have_a_source_and_a_sentence),
        cmocka_unit_test(error_code_numbers_fit_their_family),
        cmocka_unit_test(error_code_of_win32_in_hresult_is_found),
        cmocka_unit_test(portal_errors_are_sorted_and_complete),
        cmocka_unit_test(portal_errors_hold_every_name_of_the_catalogue),
        cmocka_unit_test(portal_error_is_found_however_it_is_written),
        cmocka_unit_test(error_code_is_found_by_its_symbol),
        cmocka_unit_test(error_code_next_finds_every_form),
        cmocka_unit_test(error_code_next_leaves_numbers_alone),
        cmocka_unit_test(error_code_next_goes_on_behind_the_last_hit),
        cmocka_unit_test(error_code_next_survives_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
