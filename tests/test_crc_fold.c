#include "unit.h"

#include <stdlib.h>

#include "base/crc_fold.h"

/* Bit by bit, as it is defined. */
static uint32_t plain(uint32_t crc, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    return crc;
}

TEST(crc_plain_is_that_of_zip)
{
    assert_int_equal(~plain(~0u, (const uint8_t *)"123456789", 9), 0xCBF43926u);
}

TEST(crc_fold_leaves_what_has_the_same_remainder)
{
    uint32_t random = 1;
    for (size_t len = 0; len < 700; len++) {
        uint8_t *bytes = malloc(len ? len : 1), folded[16]; /* its own block, so that a memory checker sees the end */
        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(random >> 24);
        }
        size_t done = crc_fold(folded, random, (Str){bytes, len});
        assert_true(done <= len && done % 64 == 0 && (done == 0 || len - done < 64));
        if (done) {
            assert_int_equal(plain(0, folded, 16), plain(random, bytes, done));
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_plain_is_that_of_zip),
        cmocka_unit_test(crc_fold_leaves_what_has_the_same_remainder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
