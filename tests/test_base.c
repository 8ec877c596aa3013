#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/secret.h"
#include "base/sink.h"
#include "base/timestamp.h"
#include "base/utf.h"

TEST(cursor_read_past_end_names_the_field_and_gives_zero)
{
    Cursor c = cursor_of(STR("\x01\x02\x03"));
    assert_int_equal(cur_u16(&c, "first"), 0x0201);
    assert_int_equal(cur_u32(&c, "second"), 0);
    assert_string_equal(c.lack, "second");
    assert_int_equal(cur_u8(&c, "third"), 0);
    assert_string_equal(c.lack, "second");
}

TEST(str_split_gives_empty_parts_and_ends)
{
    Str rest = STR("a,,b"), part;
    assert_true(str_split(&rest, ',', &part));
    assert_str(part, STR("a"));
    assert_true(str_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_true(str_split(&rest, ',', &part));
    assert_str(part, STR("b"));
    assert_false(str_split(&rest, ',', &part));
}

TEST(str_numbers_refuse_overflow_and_trailing_text)
{
    uint64_t n = 7;
    int64_t i;
    assert_true(str_u64(STR("18446744073709551615"), 10, &n));
    assert_true(n == UINT64_MAX);
    assert_false(str_u64(STR("18446744073709551616"), 10, &n));
    assert_false(str_u64(STR("12x"), 10, &n));
    assert_false(str_u64(STR(""), 10, &n));
    assert_true(str_i64(STR("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_false(str_i64(STR("9223372036854775808"), &i));
}

TEST(arena_keeps_strings_apart_and_reset_reuses)
{
    Arena a = {0};
    Str one = arena_str(&a, STR("one")), two = arena_str(&a, STR("two"));
    assert_str(one, STR("one"));
    assert_str(two, STR("two"));
    for (int i = 0; i < 1000; i++) {
        memset(ARENA_NEW(&a, char, 1000), 'x', 1000);
    }
    assert_str(one, STR("one"));
    arena_reset(&a);
    assert_int_equal(*ARENA_NEW(&a, char, 1), 0);
    arena_free(&a);
}

static void assert_iso(Str text, Str expected)
{
    Timestamp t;
    size_t used;
    char to[TIMESTAMP_ROOM];
    assert_true(timestamp_iso(text, &t, &used));
    assert_int_equal(used, text.len);
    assert_str((Str){(uint8_t *)to, timestamp_format(to, t.ns, t.digits)}, expected);
}

TEST(timestamp_iso_keeps_precision_and_takes_offsets_off)
{
    assert_iso(STR("2023-05-11T21:38:47.9531601Z"), STR("2023-05-11T21:38:47.9531601Z"));
    assert_iso(STR("2023-05-11 21:38:47"), STR("2023-05-11T21:38:47Z"));
    assert_iso(STR("2024-02-29T00:30:00+01:00"), STR("2024-02-28T23:30:00Z"));
    assert_iso(STR("1969-12-31T23:59:59.5Z"), STR("1969-12-31T23:59:59.5Z"));
}

TEST(timestamp_refuses_days_that_do_not_exist)
{
    Timestamp t;
    assert_false(timestamp_iso(STR("2023-02-29T00:00:00Z"), &t, NULL));
    assert_false(timestamp_iso(STR("2023-13-01T00:00:00Z"), &t, NULL));
    assert_false(timestamp_iso(STR("2023-01-01T24:00:00Z"), &t, NULL));
    assert_false(timestamp_iso(STR("2023-01-01T00:00"), &t, NULL));
}

TEST(timestamp_of_filetime_and_ticks)
{
    Timestamp t;
    assert_true(timestamp_iso(STR("2019-06-06T06:36:24.4977993Z"), &t, NULL));
    assert_true(timestamp_ticks(UINT64_C(636953997844977993)) == t.ns); /* bundle-formats.md 5.3 */
    assert_true(timestamp_filetime(UINT64_C(116444736000000000)) == 0);
    assert_true(timestamp_filetime(0) == TIME_NONE);
    assert_true(timestamp_filetime(UINT64_MAX) == TIME_NONE);
}

TEST(timespan_takes_fixed_units_only)
{
    int64_t ns;
    assert_true(timespan_parse(STR("24h"), &ns));
    assert_true(ns == NS_DAY);
    assert_false(timespan_parse(STR("1M"), &ns));
    assert_false(timespan_parse(STR("h"), &ns));
    assert_false(timespan_parse(STR("99999999999999999999d"), &ns));
}

TEST(utf16_joins_pairs_and_replaces_lone_surrogates)
{
    Arena a = {0};
    assert_str(arena_utf16le(&a, STR("A\0\x3D\xD8\x00\xDE")), STR("A\xF0\x9F\x98\x80"));
    assert_str(arena_utf16le(&a, STR("\x3D\xD8"
                                     "A\0")),
               STR("\xEF\xBF\xBD"
                   "A"));
    assert_str(arena_utf16le(&a, STR("A\0B")), STR("A"));
    arena_free(&a);
}

TEST(utf8_refuses_overlong_and_surrogates)
{
    uint32_t rune;
    assert_int_equal(utf8_decode(STR("\xC3\xBC"), 0, &rune), 2);
    assert_int_equal(rune, 0xFC);
    assert_int_equal(utf8_decode(STR("\xC0\x80"), 0, &rune), 0);
    assert_int_equal(utf8_decode(STR("\xED\xA0\x80"), 0, &rune), 0);
    assert_int_equal(utf8_decode(STR("\xF4\x90\x80\x80"), 0, &rune), 0);
}

static Str printed(Arena *a, void (*put)(Sink *out, Str text), Str text)
{
    FILE *file = tmpfile();
    uint8_t bytes[512];
    Sink out = sink_file(file);
    put(&out, text);
    assert_int_equal(sink_close(&out), ST_OK);
    rewind(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return arena_str(a, (Str){bytes, n});
}

TEST(sink_term_shows_control_bytes_and_direction_marks)
{
    Arena a = {0};
    assert_str(printed(&a, sink_term,
                       STR("a\x1b[31mb\xE2\x80\xAE"
                           "c\n")),
               STR("a\\x1b[31mb\\u{202e}c\\x0a"));
    arena_free(&a);
}

TEST(sink_json_escapes_and_reads_stray_bytes_as_windows_1252)
{
    Arena a = {0};
    assert_str(printed(&a, sink_json, STR("\"\\\n\x01\x80")), STR("\"\\\"\\\\\\n\\u0001\xE2\x82\xAC\""));
    arena_free(&a);
}

TEST(sink_xml_replaces_what_xml_cannot_hold)
{
    Arena a = {0};
    assert_str(printed(&a, sink_xml, STR("<&\x01>")), STR("&lt;&amp;\xEF\xBF\xBD&gt;"));
    arena_free(&a);
}

TEST(secrets_are_masked_whatever_the_nesting)
{
    Arena a = {0};
    assert_str(printed(&a, sink_term, STR("https://x/y?sv=1&sig=aBc%2B&se=2")), STR("https://x/y?sv=1&sig=***&se=2"));
    assert_str(printed(&a, sink_term, STR("{\"protectedSettings\": \"TUlJ\"}")),
               STR("{\"protectedSettings\": \"***\"}"));
    assert_str(printed(&a, sink_term, STR("{\\\"AccountKey\\\":\\\"abc==\\\"}")),
               STR("{\\\"AccountKey\\\":\\\"***\\\"}"));
    assert_str(printed(&a, sink_term, STR("Password=hunter2;User=a")), STR("Password=***;User=a"));
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"design=5", "design=5"},
        {"PublicKeyToken=b77a5c561934e089", "PublicKeyToken=b77a5c561934e089"},
        {"ElevatedToken: %%1842", "ElevatedToken: %%1842"},
        {"?sv=1\\u0026sig=aBc\\u0026se=2", "?sv=1\\u0026sig=***\\u0026se=2"},
        {"sv%3D1%26sig%3DaBc%26se%3D2", "sv%3D1%26sig%3D***%26se%3D2"},
        {"Authorization: Bearer eyJabc.def", "Authorization: ***"},
        {"got Bearer eyJabc.def now", "got Bearer *** now"},
        {"{\"accessToken\":\"abc\"}", "{\"accessToken\":\"***\"}"},
        {"client_secret=abc def", "client_secret=*** def"},
        {"\"adminPassword\": \"a,b)c&d e\",", "\"adminPassword\": \"***\","},
        {"password='one TWO' x", "password='***' x"},
        {"pwd=ab,TAIL)END x", "pwd=*** x"},
        {"<Password>abc</Password>", "<Password>***</Password>"},
        {"https://user:PASS@host/x", "https://user:***@host/x"},
        {"at 10:15:30 http://host:80/x", "at 10:15:30 http://host:80/x"},
        {"-----BEGIN RSA PRIVATE KEY-----abc-----END", "-----BEGIN RSA PRIVATE KEY-----***-----END"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_str(printed(&a, sink_term, str_of(cases[i].text)), str_of(cases[i].shown));
    }
    arena_free(&a);
}

static bool marked(Str text)
{
    bool mark = str_find_byte(text, '@', 0) < text.len;
    for (size_t i = 0; i < text.len; i++) {
        mark |= secret_mark(i ? text.at[i - 1] : 0, text.at[i], i + 1 < text.len ? text.at[i + 1] : 0);
    }
    return mark;
}

TEST(secrets_of_command_lines_are_masked_and_prose_is_not)
{
    Arena a = {0};
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"net use \\\\srv\\s /user:x SECRET", "net use \\\\srv\\s /user:x ***"},
        {"net.exe use Z: \\\\srv\\s SECRET /user:x", "net.exe use Z: \\\\srv\\s *** /user:x"},
        {"net use \\\\s\\s /USER:D\\b \"SEC RET\" /y", "net use \\\\s\\s /USER:D\\b \"***\" /y"},
        {"\"net use \\\\\\\\s\\\\s /user:x SECRET\", b", "\"net use \\\\\\\\s\\\\s /user:x ***\", b"},
        {"net use \\\\srv\\s /user:x", "net use \\\\srv\\s /user:x"},
        {"net use \\\\srv\\s >nul", "net use \\\\srv\\s >nul"},
        {"net use \\\\srv\\s /user:\"x SECRET", "net use \\\\srv\\s /user:\"x SECRET"},
        {"runas /user:x cmd.exe", "runas /user:x cmd.exe"},
        {"net user bob SECRET /add", "net user bob *** /add"},
        {"a .net user account is used", "a .net user account is used"},
        {"we use \\\\srv\\s for that", "we use \\\\srv\\s for that"},
        {"a.exe --password SECRET -q", "a.exe --password *** -q"},
        {"a.exe -AccountKey \\\"S E\\\" -q", "a.exe -AccountKey \\\"***\\\" -q"},
        {"[\"--password\",\"SECRET\"]", "[\"--password\",\"***\"]"},
        {"/password a&b,c\\d e", "/password *** e"},
        {"-Password = SECRET", "-Password = ***"},
        {"-Password $p -Token (Get-It)", "-Password $p -Token (Get-It)"},
        {"-Password -Force", "-Password -Force"},
        {"cmdkey /user:x /pass:SECRET", "cmdkey /user:x /pass:***"},
        {"schtasks /ru x /rp SECRET", "schtasks /ru x /rp ***"},
        {"ConvertTo-SecureString -AsPlainText \"S E\" -Force", "ConvertTo-SecureString -AsPlainText \"***\" -Force"},
        {"the password was changed", "the password was changed"},
        {"no password or token was given", "no password or token was given"},
        {"Pass: 3, an o-score", "Pass: 3, an o-score"},
        {"{\"protectedSettings\": {\"a\":\"S x\",\"b\":{}}, \"c\":1}", "{\"protectedSettings\": ***, \"c\":1}"},
        {"<Password><Value>SECRET</Value></Password>", "<Password><Value>***</Value></Password>"},
        {"foo-----BEGIN PRIVATE KEY-----abc-----END", "foo-----BEGIN PRIVATE KEY-----***-----END"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str text = str_of(cases[i].text);
        assert_str(printed(&a, sink_term, text), str_of(cases[i].shown));
        assert_true(str_eq(text, str_of(cases[i].shown)) || marked(text));
    }
    arena_free(&a);
}

TEST(sink_sees_a_write_error_once_at_the_end)
{
    FILE *full = fopen("/dev/full", "wb");
    if (!full) {
        skip();
    }
    Sink out = sink_file(full);
    sink_put(&out, "x");
    assert_int_equal(sink_close(&out), ST_FATAL);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_read_past_end_names_the_field_and_gives_zero),
        cmocka_unit_test(str_split_gives_empty_parts_and_ends),
        cmocka_unit_test(str_numbers_refuse_overflow_and_trailing_text),
        cmocka_unit_test(arena_keeps_strings_apart_and_reset_reuses),
        cmocka_unit_test(timestamp_iso_keeps_precision_and_takes_offsets_off),
        cmocka_unit_test(timestamp_refuses_days_that_do_not_exist),
        cmocka_unit_test(timestamp_of_filetime_and_ticks),
        cmocka_unit_test(timespan_takes_fixed_units_only),
        cmocka_unit_test(utf16_joins_pairs_and_replaces_lone_surrogates),
        cmocka_unit_test(utf8_refuses_overlong_and_surrogates),
        cmocka_unit_test(sink_term_shows_control_bytes_and_direction_marks),
        cmocka_unit_test(sink_json_escapes_and_reads_stray_bytes_as_windows_1252),
        cmocka_unit_test(sink_xml_replaces_what_xml_cannot_hold),
        cmocka_unit_test(secrets_are_masked_whatever_the_nesting),
        cmocka_unit_test(secrets_of_command_lines_are_masked_and_prose_is_not),
        cmocka_unit_test(sink_sees_a_write_error_once_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
