#include "unit.h"

#include <stdlib.h>

#include "base/sink.h"
#include "evtx_text.h"

typedef struct Written {
    uint8_t bytes[8192];
    size_t len;
} Written;

static Str by_sink(Written *w, void (*escape)(Sink *out, Str text), Str text)
{
    Sink out = {.bytes = w->bytes, .room = sizeof w->bytes};
    escape(&out, text);
    return (Str){w->bytes, out.used};
}

/* UTF-16 of `text` in a block of its own, so that a memory checker sees both ends. */
static Str wide(Str text)
{
    uint8_t *units = malloc(2 * text.len + !text.len);
    assert_non_null(units);
    for (size_t i = 0; i < text.len; i++) {
        units[2 * i] = text.at[i];
        units[2 * i + 1] = 0;
    }
    return (Str){units, 2 * text.len};
}

static void check(Str text)
{
    static Written w;
    Arena a = {0};
    Bytes json = {0}, xml = {0};
    Str utf16 = wide(text);
    text_json(&a, &json, utf16);
    assert_str(bytes_str(&json), by_sink(&w, sink_json, text));
    text_escape_xml(&a, &xml, 0, text_utf16(&a, &xml, utf16));
    assert_str(bytes_str(&xml), by_sink(&w, sink_xml, text));
    free((void *)(uintptr_t)utf16.at);
    arena_free(&a);
}

/* Every place of a text in the blocks of eight that are done at once. */
static void check_everywhere(const char *text)
{
    static const char fill[] = "abcdefghijklmnopqrstu";
    for (size_t before = 0; before < sizeof fill; before++) {
        for (size_t after = 0; after < 10; after++) {
            uint8_t bytes[256];
            size_t len = strlen(text);
            memcpy(bytes, fill, before);
            bytes[before] = ' ';
            memcpy(bytes + before + 1, text, len);
            memcpy(bytes + before + 1 + len, fill, after);
            check((Str){bytes, before + 1 + len + after});
        }
    }
}

TEST(evtx_text_is_escaped_as_the_sink_does_it)
{
    static const char *const texts[] = {"",     "\\",        "\"",         "\n",           "\x7F",       "\x01",
                                        "a\\b", "<a href>&", "C:\\a b\\c", "\r\n\r\nx: y", "--- - -- -", "%1 %%1053"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_everywhere(texts[i]);
    }
}

TEST(evtx_text_is_masked_as_the_sink_does_it)
{
    static const char *const texts[] = {
        "sig=abcd",
        "Password: hunter2",
        "\"password\" : \"x\\y\"",
        "sig%3Dabcd%26x",
        "<Password>hunter2</Password>",
        "Bearer abcdefgh",
        "bearer abcdefgh",
        "https://bob:hunter2@example.com/",
        "//b:h@example.com/",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
        "nothing: at all, Operation: x = y > z, mail a@b",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_everywhere(texts[i]);
    }
}

TEST(evtx_text_of_any_ascii_is_written_as_the_sink_does_it)
{
    static const char pool[] = "abrgndsety\\\"\n\t=:%3D>@ r--<&/sigpasswordtoken";
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[40];
        random = random * 1664525u + 1013904223u;
        size_t len = (random >> 8) % sizeof bytes;
        for (size_t i = 0; i < len; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)pool[(random >> 8) % (sizeof pool - 1)];
        }
        check((Str){bytes, len});
    }
}

TEST(evtx_text_beyond_ascii_goes_through)
{
    Arena a = {0};
    Bytes b = {0};
    text_json(&a, &b, (Str){(const uint8_t *)"G\0r\0\xFC\0\xDF\0e\0\\\0-\x4E\0\0", 16});
    assert_str(bytes_str(&b), STR("\"Gr\xC3\xBC\xC3\x9F"
                                  "e\\\\\xE4\xB8\xAD\""));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evtx_text_is_escaped_as_the_sink_does_it),
        cmocka_unit_test(evtx_text_is_masked_as_the_sink_does_it),
        cmocka_unit_test(evtx_text_of_any_ascii_is_written_as_the_sink_does_it),
        cmocka_unit_test(evtx_text_beyond_ascii_goes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
