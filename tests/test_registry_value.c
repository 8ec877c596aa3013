/* Values of the registry as events, out of any source, and what an export tells. */
#include "capture.h"
#include "registry_value.h"
#include "unit.h"

#include <uchar.h>

#define MSDTC       "HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSDTC"
#define BCDR        "HKLM\\SOFTWARE\\Microsoft\\BCDRAGENT"
#define UTF16(text) ((Str){(const uint8_t *)u"" text, sizeof u"" text})

static RegistryValue asked;

static Status add_asked(Source *src, Arena *scratch, Analysis *out)
{
    registry_value_add(src, scratch, out, &asked);
    return ST_OK;
}

static void add(Capture *c, RegistryValue value)
{
    static const Parser parser = {.name = "asked", .service = SERVICE_REGISTRY_STATE, .parse = add_asked};
    asked = value;
    capture_run(c, &parser, STR("SYSTEM"), (Str){0}, true);
}

static void assert_value(RegistryValue value, const char *details, const char *type, const char *number)
{
    Capture c;
    add(&c, value);
    assert_int_equal(c.events.count, 1);
    assert_str(event_field(&c.events.at[0], STR("Details")), str_of(details));
    assert_str(event_field(&c.events.at[0], STR("ValueType")), str_of(type));
    assert_str(event_field(&c.events.at[0], STR("Number")), str_of(number));
    capture_close(&c);
}

static RegistryValue made(const char *name, RegistryType type, Str data)
{
    return (RegistryValue){
        .key = STR(MSDTC), .name = str_of(name), .type = type, .data = data, .written_ns = 1, .at = 4096};
}

static RegistryValue text(Str data)
{
    return made("ObjectName", REG_SZ, data);
}

TEST(value_text_ends_at_its_nul_or_at_its_end)
{
    assert_value(text(UTF16("NT AUTHORITY\\NetworkService")), "NT AUTHORITY\\NetworkService", "REG_SZ", "");
    assert_value(text(str_slice(UTF16("LocalSystem"), 0, 22)), "LocalSystem", "REG_SZ", "");
    assert_value(text(str_slice(UTF16("LocalSystem"), 0, 21)), "LocalSyste", "REG_SZ", "");
    assert_value(text(UTF16("Local\0System\0\0")), "Local", "REG_SZ", "");
    assert_value(text((Str){0}), "(Empty)", "REG_SZ", "");
    assert_value(text((Str){(const uint8_t *)"\0\xD8Z\0", 4}), "\xEF\xBF\xBDZ", "REG_SZ", "");
    assert_value(text(UTF16("042")), "042", "REG_SZ", "042");
}

TEST(value_number_is_printed_as_sysmon_does)
{
    RegistryValue v = made("Start", REG_DWORD, (Str){(const uint8_t *)"\3\0\0\x80", 4});
    assert_value(v, "DWORD (0x80000003)", "REG_DWORD", "2147483651");
    v.type = REG_DWORD_BIG_ENDIAN;
    assert_value(v, "Binary Data", "REG_DWORD_BIG_ENDIAN", "50331776");
    v.type = REG_QWORD;
    assert_value(v, "Binary Data", "REG_QWORD", "");
    v.data = (Str){(const uint8_t *)"\1\0\0\0\2\0\0\0", 8};
    assert_value(v, "QWORD (0x00000002-0x00000001)", "REG_QWORD", "8589934593");
    v.type = REG_DWORD;
    assert_value(v, "Binary Data", "REG_DWORD", "");
    v.type = 0xFFFF0001;
    assert_value(v, "Binary Data", "type 0xffff0001", "");
}

TEST(value_quote_shows_what_sysmon_hides)
{
    Capture c;
    add(&c, made("Start", REG_MULTI_SZ, UTF16("RPCSS\0SamSS\0")));
    assert_str(c.events.at[0].message, STR(MSDTC "\\Start = REG_MULTI_SZ RPCSS; SamSS"));
    capture_close(&c);
    add(&c, made("Start", REG_BINARY, STR("\xDE\xAD")));
    assert_str(c.events.at[0].message, STR(MSDTC "\\Start = REG_BINARY de ad"));
    capture_close(&c);
    add(&c, text(UTF16("LocalSystem")));
    assert_str(c.events.at[0].message, STR(MSDTC "\\ObjectName = \"LocalSystem\""));
    assert_str(event_field(&c.events.at[0], STR("TargetObject")), STR(MSDTC "\\ObjectName"));
    capture_close(&c);
}

TEST(value_time_is_the_last_write_and_no_part_of_the_span)
{
    Capture c;
    add(&c, text(UTF16("LocalSystem")));
    assert_int_equal(c.events.at[0].time_ns, 1);
    assert_int_equal(c.analysis.row->span.from_ns, TIME_NONE);
    capture_close(&c);
}

TEST(value_nobody_wants_is_left_out)
{
    Capture c;
    add(&c, made("DisplayName", REG_SZ, UTF16("x")));
    assert_int_equal(c.events.count, 0);
    capture_close(&c);
    RegistryValue other = made("Start", REG_SZ, UTF16("x"));
    other.key = STR(MSDTC "2");
    add(&c, other);
    assert_int_equal(c.events.count, 0);
    capture_close(&c);
}

static void assert_told(const char *key, RegistryType type, Str data, const char *what)
{
    Capture c;
    RegistryValue v = made("IsProviderInstalled", type, data);
    v.key = str_of(key);
    add(&c, v);
    assert_int_equal(c.events.count, 1);
    assert_int_equal(c.analysis.row->diagnostics.count, what ? 1 : 0);
    if (what) {
        assert_str(c.analysis.row->diagnostics.at[0].what, str_of(what));
        assert_int_equal(c.analysis.row->diagnostics.at[0].at, 4096);
    }
    capture_close(&c);
}

TEST(switch_of_the_extension_in_another_type_is_told)
{
    assert_told(BCDR, REG_SZ, UTF16("True"), NULL);
    assert_told(BCDR, REG_SZ, UTF16("false"), NULL);
    assert_told(BCDR, REG_DWORD, STR("\1\0\0\0"),
                "IsProviderInstalled is REG_DWORD: the extension reads a text (REG_SZ), True or False");
    assert_told(BCDR, REG_SZ, UTF16("1"),
                "IsProviderInstalled is neither True nor False: the extension reads a text (REG_SZ), True or False");
}

TEST(switch_of_the_extension_in_the_other_view_is_told)
{
    assert_told("HKLM\\SOFTWARE\\Wow6432Node\\Microsoft\\BcdrAgent", REG_SZ, UTF16("True"),
                "IsProviderInstalled is in the view of 32-bit programs (WOW6432Node): no document tells that the "
                "extension reads it there");
}

TEST(value_computer_name_names_the_machine)
{
    Capture c;
    RegistryValue v = made("ComputerName", REG_SZ, UTF16("VM-A"));
    v.key = STR("HKLM\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName");
    add(&c, v);
    assert_int_equal(c.events.at[0].mark, MARK_MACHINE);
    assert_str(c.events.at[0].computer, STR("VM-A"));
    capture_close(&c);
}

/* --- values in text --------------------------------------------------------------------------------------------- */

TEST(export_in_utf16_is_read_as_in_utf8)
{
    static const char16_t bytes[] = u"\xFEFFWindows Registry Editor Version 5.00\r\n\r\n"
                                    u"[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\MSDTC]\r\n"
                                    u"\"ObjectName\"=\"NT-AUTORIT\xC4T\\\\Netzwerkdienst\"\r\n\r\n";
    Capture c;
    capture_run(&c, parser_named(STR("registry_export")), STR("MSDTC.reg"),
                (Str){(const uint8_t *)bytes, sizeof bytes - 2}, true);
    assert_int_equal(c.status, ST_OK);
    assert_int_equal(c.events.count, 1);
    assert_str(event_field(&c.events.at[0], STR("Details")), STR("NT-AUTORIT\xC3\x84T\\Netzwerkdienst"));
    capture_close(&c);
}

static bool tells(const char *bytes, const char *name)
{
    size_t number;
    Capture c;
    assert_true(registry_value_find(STR(MSDTC), str_of(name), &number));
    capture_run(&c, parser_named(STR("registry_export")), STR("MSDTC.reg"), str_of(bytes), true);
    bool told = registry_set_has(&c.analysis.row->registry, number);
    capture_close(&c);
    return told;
}

#define HEAD "REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\MSDTC]\n"

TEST(export_tells_what_is_not_there_only_if_it_is_whole)
{
    assert_true(tells(HEAD "\"Start\"=dword:00000003\n", "ObjectName"));
    assert_true(tells(HEAD "\"Start\"=dword:00000003\n", "Start"));
    assert_false(tells(HEAD "\"Start\"=dword:00000003", "ObjectName"));
    assert_true(tells(HEAD "\"Start\"=dword:00000003", "Start"));
    assert_false(tells(HEAD "\"Start\"=dword:0000", "Start"));
    assert_false(tells(HEAD "\"Start\"=dword:x\n", "ObjectName"));
    assert_false(tells(HEAD "\"Start\"=-\n", "ObjectName"));
    assert_false(tells("REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services]\n", "Start"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_text_ends_at_its_nul_or_at_its_end),
        cmocka_unit_test(value_number_is_printed_as_sysmon_does),
        cmocka_unit_test(value_quote_shows_what_sysmon_hides),
        cmocka_unit_test(value_time_is_the_last_write_and_no_part_of_the_span),
        cmocka_unit_test(value_nobody_wants_is_left_out),
        cmocka_unit_test(switch_of_the_extension_in_another_type_is_told),
        cmocka_unit_test(switch_of_the_extension_in_the_other_view_is_told),
        cmocka_unit_test(value_computer_name_names_the_machine),
        cmocka_unit_test(export_in_utf16_is_read_as_in_utf8),
        cmocka_unit_test(export_tells_what_is_not_there_only_if_it_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
