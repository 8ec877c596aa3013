/* What of a marked line goes into a draft, and what is put in the place of names. */
#include "draft_parts.h"

#include <string.h>

#include "rule_case.h"

typedef struct Masked {
    Arena a;
    Mask mask;
} Masked;

static void assert_masked(const char *text, const char *expected)
{
    Masked m = {0};
    m.mask.a = &m.a;
    mask_machine(&m.mask, STR("srv-pay7.corp.test"));
    assert_str(masked_text(&m.mask, str_of(text)), str_of(expected));
    arena_free(&m.a);
}

TEST(mask_replaces_who_and_where)
{
    assert_masked("on SRV-PAY7 and srv-pay7.corp.test", "on vm-draft-01 and vm-draft-01");
    assert_masked("from 10.1.2.3:443", "from 192.0.2.1:443");
    assert_masked("to anna.k@corp.test.", "to someone@example.com");
    assert_masked("S-1-5-21-11-22-33-500 owns it", "S-1-5-21-1-2-3-1000 owns it");
    assert_masked("for CORP\\anna from CORP-2\\svc-sql$.", "for DOMAIN\\someone from DOMAIN\\someone.");
    assert_masked("C:\\Users\\anna k\\x", "C:\\Users\\someone k\\x");
    assert_masked("/resourceGroups/hr-west/providers", "/resourceGroups/group/providers");
    assert_masked("https://paystore.blob.core.windows.net/c", "https://example.blob.core.windows.net/c");
    assert_masked("?sv=1&sig=abcdef0123456789&x=1", "?sv=1&sig=***&x=1");
}

TEST(mask_keeps_what_is_the_same_everywhere)
{
    assert_masked("srv-pay70 and xsrv-pay7", "srv-pay70 and xsrv-pay7");
    assert_masked("Version 1.0.70.0, C:\\Packages\\Plugins\\X\\10.0.7.0\\x.exe",
                  "Version 1.0.70.0, C:\\Packages\\Plugins\\X\\10.0.7.0\\x.exe");
    assert_masked("127.0.0.1 and 168.63.129.16", "127.0.0.1 and 168.63.129.16");
    assert_masked("C:\\Users\\Public\\x", "C:\\Users\\Public\\x");
    assert_masked("S-1-5-18", "S-1-5-18");
    assert_masked("NT AUTHORITY\\SYSTEM BUILTIN\\Administrators NT SERVICE\\TrustedInstaller",
                  "NT AUTHORITY\\SYSTEM BUILTIN\\Administrators NT SERVICE\\TrustedInstaller");
    assert_masked("HKLM\\SYSTEM, BIN\\x.dll, C:\\TEMP\\x, PCI\\VEN_8086&DEV_1, SYSTEM\\Setup\\x, windows\\system32",
                  "HKLM\\SYSTEM, BIN\\x.dll, C:\\TEMP\\x, PCI\\VEN_8086&DEV_1, SYSTEM\\Setup\\x, windows\\system32");
    assert_masked("0x80042306 in vssvc.exe", "0x80042306 in vssvc.exe");
}

TEST(mask_gives_the_same_id_the_same_name)
{
    assert_masked("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed_1 2b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed "
                  "1B9D6BCD-bbfd-4b2d-9b5d-ab8dfbbd4bed",
                  "00000000-0000-4000-8000-000000000001_1 00000000-0000-4000-8000-000000000002 "
                  "00000000-0000-4000-8000-000000000001");
}

/* The values of the test of Message that is drafted of the line, a bar between two; empty: there is none. */
static void assert_words(const char *line, const char *expected)
{
    RuleCase c;
    Arena a = {0};
    Mask mask = {.a = &a};
    DraftRule rule;
    Str trouble = {0};
    const Event ev = {.service = SERVICE_VMSNAPSHOT, .message = str_of(line), .is_line = true, .record = 1};
    rule_case_good(&c, "title: T\nname: r\nlogsource: {product: windows, service: system}\n"
                       "detection: {s: {EventID: 1}, condition: s}\n");
    mask_machine(&mask, STR("srv-pay7"));
    bool made = draft_rule(&c.set, &ev, ev.message, &mask, &a, &rule, &trouble);
    VEC(Str) parts = {0};
    for (size_t i = 0; made && i < rule.tests.at[0].values.count; i++) {
        *VEC_ADD(&a, &parts) = i ? STR("|") : STR("");
        *VEC_ADD(&a, &parts) = rule.tests.at[0].values.at[i];
    }
    Str words = arena_join(&a, parts.at, parts.count);
    if (!str_eq(words, str_of(expected))) {
        print_error("%s\nexpected: %s\nactual:   %.*s\n", line, expected, (int)words.len, (const char *)words.at);
    }
    assert_int_equal(made, *expected != 0);
    assert_str(words, str_of(expected));
    rule_case_close(&c);
    arena_free(&a);
}

TEST(draft_of_a_text_line_has_the_words_that_stay)
{
    assert_words(
        "2022-03-08T21:40:02.0076850Z [Error]: Install provider failed {Exception = COMException (0x8000FFFF): bad}",
        "0x8000FFFF|Install provider failed|COMException");
    assert_words(
        "[00000024] 2022-03-08T21:39:48.000Z [INFO]  Processing plugin Contoso.Agent version 1.0.70.0, state: enabled",
        "Processing plugin Contoso.Agent version|state: enabled");
    assert_words("2022-03-08T21:40:02Z [Error]: Copy of C:\\Windows\\System32\\msvcp120.dll failed on srv-pay7",
                 "failed on|msvcp120.dll");
    assert_words("2022-03-08T21:40:02Z [Error]: 17 of 23 at 0x7ffa2210", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mask_replaces_who_and_where),
        cmocka_unit_test(mask_keeps_what_is_the_same_everywhere),
        cmocka_unit_test(mask_gives_the_same_id_the_same_name),
        cmocka_unit_test(draft_of_a_text_line_has_the_words_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
