/* Folded by the processor where it can; elsewhere eight bytes at a time in three lanes, for it must not be what reading
 * costs. */
#include "crc32.h"

#include "crc_fold.h"

#define CRC_POLYNOMIAL     0xEDB88320u
#define CRC_LANE           ((size_t)4 << 10)
#define CRC_LANE_BITS_LOG2 15 /* of one lane */

/* Polynomials modulo the generator, lowest power in the highest bit. */
static uint32_t crc_multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = 0x80000000u; bit; bit >>= 1) {
        product ^= a & bit ? b : 0;
        b = b >> 1 ^ (b & 1 ? CRC_POLYNOMIAL : 0);
    }
    return product;
}

/* What one lane of zeros behind a state makes of it, byte by byte of the state. */
static void crc_prepare_shift(Crc *c)
{
    uint32_t power = 0x40000000u;
    for (int i = 0; i < CRC_LANE_BITS_LOG2; i++) {
        power = crc_multiply(power, power);
    }
    for (uint32_t i = 0; i < 32; i++) {
        c->shift[i / 8][1u << i % 8] = crc_multiply(power, 1u << i);
    }
    for (int t = 0; t < 4; t++) {
        for (uint32_t i = 1; i < 256; i++) {
            c->shift[t][i] = c->shift[t][i & (i - 1)] ^ c->shift[t][i & -i];
        }
    }
}

void crc_prepare(Crc *c)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t sum = i;
        for (int bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ (sum & 1 ? CRC_POLYNOMIAL : 0);
        }
        c->table[0][i] = sum;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int t = 1; t < 8; t++) {
            uint32_t before = c->table[t - 1][i];
            c->table[t][i] = before >> 8 ^ c->table[0][before & 0xFF];
        }
    }
    crc_prepare_shift(c);
}

static inline uint32_t little_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint32_t crc_eight(const Crc *c, uint32_t crc, const uint8_t *p)
{
    crc ^= little_u32(p);
    return c->table[7][crc & 0xFF] ^ c->table[6][crc >> 8 & 0xFF] ^ c->table[5][crc >> 16 & 0xFF] ^
           c->table[4][crc >> 24] ^ c->table[3][p[4]] ^ c->table[2][p[5]] ^ c->table[1][p[6]] ^ c->table[0][p[7]];
}

static uint32_t crc_shift(const Crc *c, uint32_t crc)
{
    return c->shift[0][crc & 0xFF] ^ c->shift[1][crc >> 8 & 0xFF] ^ c->shift[2][crc >> 16 & 0xFF] ^
           c->shift[3][crc >> 24];
}

static uint32_t crc_three_lanes(const Crc *c, uint32_t crc, const uint8_t *p)
{
    uint32_t second = 0, third = 0;
    for (size_t i = 0; i < CRC_LANE; i += 8) {
        crc = crc_eight(c, crc, p + i);
        second = crc_eight(c, second, p + CRC_LANE + i);
        third = crc_eight(c, third, p + 2 * CRC_LANE + i);
    }
    return crc_shift(c, crc_shift(c, crc) ^ second) ^ third;
}

uint32_t crc_add(const Crc *c, uint32_t crc, Str s)
{
    const uint8_t *p = s.at, *end = s.at + s.len;
    uint8_t folded[16];
    crc = ~crc;
    size_t done = crc_fold(folded, crc, s);
    if (done) {
        crc = crc_eight(c, crc_eight(c, 0, folded), folded + 8);
        p += done;
    }
    for (; (size_t)(end - p) >= 3 * CRC_LANE; p += 3 * CRC_LANE) {
        crc = crc_three_lanes(c, crc, p);
    }
    for (; end - p >= 8; p += 8) {
        crc = crc_eight(c, crc, p);
    }
    for (; p < end; p++) {
        crc = crc >> 8 ^ c->table[0][(crc ^ *p) & 0xFF];
    }
    return ~crc;
}
