/* The dictionary, and codes found in text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error_code.h"

static const ErrorCode in_file_order[] = {
#define CODE(family, number, symbol, meaning) {CODE_##family, number, symbol, meaning},
#include "error_code.def"
#undef CODE
};

static void error_code_dictionary_is_sorted_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof in_file_order / sizeof *in_file_order; i++) {
        const ErrorCode *e = &in_file_order[i], *found = error_code_find(e->family, e->code);
        assert_non_null(found);
        assert_string_equal(found->meaning, e->meaning);
        assert_true(i == 0 || e[-1].family < e->family || (e[-1].family == e->family && e[-1].code < e->code));
    }
}

static void error_code_of_win32_in_hresult_is_found(void **state)
{
    (void)state;
    assert_string_equal(error_code_find(CODE_HRESULT, 0x80070005)->symbol, "E_ACCESSDENIED");
    assert_string_equal(error_code_find(CODE_HRESULT, 0x8007042D)->symbol, "ERROR_SERVICE_LOGON_FAILED");
    assert_string_equal(error_code_find(CODE_HRESULT, 0x80070643)->symbol, "ERROR_INSTALL_FAILURE");
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
    assert_string_equal(error_code_facility(0x80110401), "COM+");
    assert_null(error_code_facility(0x9FFF0000));
    assert_string_equal(portal_error_find(str_of("usererrorvmnotfoundv2"))->name, "UserErrorVmNotFoundV2");
    assert_null(portal_error_find(str_of("UserError")));
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
        cmocka_unit_test(error_code_of_win32_in_hresult_is_found),
        cmocka_unit_test(error_code_is_found_by_its_symbol),
        cmocka_unit_test(error_code_next_finds_every_form),
        cmocka_unit_test(error_code_next_leaves_numbers_alone),
        cmocka_unit_test(error_code_next_goes_on_behind_the_last_hit),
        cmocka_unit_test(error_code_next_survives_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
