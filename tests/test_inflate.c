#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/inflate.h"
#include "unit.h"

#define ROOM ((size_t)1 << 20)

typedef struct Pieces {
    Str left;
    size_t size;
} Pieces;

static Str feed(void *with)
{
    Pieces *p = with;
    Str piece = str_slice(p->left, 0, p->size);
    p->left = str_from(p->left, piece.len);
    return piece;
}

typedef struct Result {
    Str bytes;
    const char *error;
    uint64_t used;
} Result;

static Result unpack(Arena *a, Str packed, bool wide, size_t piece)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, ROOM);
    Pieces pieces = {packed, piece};
    Inflate *s = inflate_open();
    size_t len = 0;
    inflate_begin(s, wide, feed, &pieces);
    for (size_t n; (n = inflate_read(s, to + len, ROOM - len)) > 0;) {
        len += n;
    }
    Result r = {{to, len}, inflate_error(s), inflate_used(s)};
    inflate_close(s);
    return r;
}

/* Lines that repeat, with bytes between them that do not: literals, near and far matches. */
static Str text(Arena *a, size_t len)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, len);
    uint32_t seed = 1;
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        to[i] = i % 100 < 60 ? (uint8_t)("a line of a log, with words in it; "[i % 35]) : (uint8_t)(seed >> 24 & 31);
    }
    return (Str){to, len};
}

/* What another implementation packs: the deflate stream inside a gzip file. */
static Str packed(Arena *a, Str bytes, const char *level)
{
    uint8_t *to = ARENA_NEW(a, uint8_t, ROOM);
    size_t used = 0;
    struct archive *out = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    archive_write_set_format_raw(out);
    archive_write_add_filter_gzip(out);
    archive_write_set_filter_option(out, "gzip", "compression-level", level);
    archive_write_set_bytes_in_last_block(out, 1);
    archive_write_open_memory(out, to, ROOM, &used);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(out, entry);
    assert_int_equal(archive_write_data(out, bytes.at, bytes.len), bytes.len);
    archive_entry_free(entry);
    archive_write_free(out);
    return str_slice((Str){to, used}, 10, used - 8);
}

typedef struct Bits {
    uint8_t bytes[64];
    size_t count;
} Bits;

static void put(Bits *b, unsigned value, unsigned count)
{
    for (unsigned i = 0; i < count; i++, b->count++) {
        b->bytes[b->count / 8] |= (uint8_t)((value >> i & 1) << b->count % 8);
    }
}

/* A code of the fixed tables is written from its highest bit on. */
static void put_code(Bits *b, unsigned code, unsigned count)
{
    while (count-- > 0) {
        put(b, code >> count & 1, 1);
    }
}

static void put_literal(Bits *b, uint8_t byte)
{
    put_code(b, byte < 144 ? 0x30u + byte : 0x190u + byte - 144, byte < 144 ? 8 : 9);
}

static Str bits_str(const Bits *b)
{
    return (Str){b->bytes, (b->count + 7) / 8};
}

TEST(inflate_what_another_packed_is_the_same_in_any_pieces)
{
    static const char *const levels[] = {"1", "6", "9"};
    static const size_t sizes[] = {0, 1, 300, 70000, 700000}, pieces[] = {1, 7, 4096, ROOM};
    for (size_t i = 0; i < 3 * 5 * 4; i++) {
        Arena a = {0};
        Str bytes = text(&a, sizes[i / 3 % 5]), in = packed(&a, bytes, levels[i % 3]);
        Result r = unpack(&a, in, false, pieces[i / 15]);
        assert_null(r.error);
        assert_str(r.bytes, bytes);
        assert_int_equal(r.used, in.len);
        arena_free(&a);
    }
}

TEST(inflate_stored_block_and_what_follows_it)
{
    Arena a = {0};
    Result r = unpack(&a, STR("\0\4\0\xFB\xFFwith\1\3\0\xFC\xFFout, and more"), false, 2);
    assert_null(r.error);
    assert_str(r.bytes, STR("without"));
    assert_int_equal(r.used, 17);
    arena_free(&a);
}

TEST(inflate_cut_gives_what_came_before)
{
    Arena a = {0};
    Str bytes = text(&a, 3000), in = packed(&a, bytes, "9");
    size_t before = 0;
    for (size_t len = 0; len < in.len; len++) {
        Result r = unpack(&a, str_slice(in, 0, len), false, 5);
        assert_string_equal(r.error, "the packed bytes end too early");
        assert_str(r.bytes, str_slice(bytes, 0, r.bytes.len));
        assert_true(r.bytes.len >= before);
        before = r.bytes.len;
    }
    assert_true(before + 300 > bytes.len);
    arena_free(&a);
}

TEST(inflate_deflate64_reaches_further_and_copies_more)
{
    Arena a = {0};
    Bits b = {{0}, 0};
    put(&b, 1, 1);
    put(&b, 1, 2);
    put_literal(&b, 'x');
    put_literal(&b, 'y');
    put_code(&b, 0xC5, 8); /* symbol 285: 3 and what 16 bits say */
    put(&b, 65533, 16);
    put_code(&b, 1, 5); /* distance 2 */
    put_literal(&b, 'z');
    put_code(&b, 1, 7); /* symbol 257: 3 bytes */
    put_code(&b, 31, 5);
    put(&b, 16383, 14); /* distance 65536 */
    put_code(&b, 0, 7);
    Result r = unpack(&a, bits_str(&b), true, 1);
    assert_null(r.error);
    assert_int_equal(r.bytes.len, 2 + 65536 + 1 + 3);
    assert_str(str_slice(r.bytes, 0, 4), STR("xyxy"));
    assert_str(str_from(r.bytes, 65536), STR("xyzyxy"));
    assert_string_equal(unpack(&a, bits_str(&b), false, 1).error, "the packed bytes are damaged");
    arena_free(&a);
}

TEST(inflate_damage_is_told)
{
    static const Str bad[] = {
        {(const uint8_t *)"\7", 1},                      /* a block of no kind */
        {(const uint8_t *)"\1\4\0\4\0abcd", 9},          /* a stored length that its check denies */
        {(const uint8_t *)"\3\2\0", 3},                  /* a match before the first byte */
        {(const uint8_t *)"\xFD\0\0\0\0\0", 6},          /* too many literals */
        {(const uint8_t *)"\5\0\0\0\0\0\0\0\0\0\0", 11}, /* no code for the end of the block */
    };
    Arena a = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Result r = unpack(&a, bad[i], false, 3);
        assert_string_equal(r.error, "the packed bytes are damaged");
        assert_int_equal(r.bytes.len, 0);
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inflate_what_another_packed_is_the_same_in_any_pieces),
        cmocka_unit_test(inflate_stored_block_and_what_follows_it),
        cmocka_unit_test(inflate_cut_gives_what_came_before),
        cmocka_unit_test(inflate_deflate64_reaches_further_and_copies_more),
        cmocka_unit_test(inflate_damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
