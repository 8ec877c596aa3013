#include "crc_fold.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* x to the power of so many bits behind the two halves of 16 bytes, modulo the generator, bits reversed: V. Gopal et
 * al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009). */
#define FOLD_64 _mm_set_epi64x(0x1C6E41596, 0x154442BD4) /* 544, 480 bits: over 64 bytes */
#define FOLD_16 _mm_set_epi64x(0x0CCAA009E, 0x1751997D0) /* 160, 96 bits: over 16 bytes */

#define PCLMUL __attribute__((target("pclmul,sse2")))

static inline __m128i load(const uint8_t *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

PCLMUL static inline __m128i fold(__m128i x, __m128i power, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(x, power, 0x00), high = _mm_clmulepi64_si128(x, power, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

PCLMUL size_t crc_fold(uint8_t to[16], uint32_t crc, Str s)
{
    size_t at = 64;
    if (s.len < 64 || !__builtin_cpu_supports("pclmul")) {
        return 0;
    }
    __m128i a = _mm_xor_si128(load(s.at), _mm_cvtsi32_si128((int)crc));
    __m128i b = load(s.at + 16), c = load(s.at + 32), d = load(s.at + 48);
    for (; s.len - at >= 64; at += 64) {
        a = fold(a, FOLD_64, load(s.at + at));
        b = fold(b, FOLD_64, load(s.at + at + 16));
        c = fold(c, FOLD_64, load(s.at + at + 32));
        d = fold(d, FOLD_64, load(s.at + at + 48));
    }
    b = fold(a, FOLD_16, b);
    c = fold(b, FOLD_16, c);
    _mm_storeu_si128((__m128i *)(void *)to, fold(c, FOLD_16, d));
    return at;
}
#else
size_t crc_fold(uint8_t to[16], uint32_t crc, Str s)
{
    (void)to, (void)crc, (void)s;
    return 0;
}
#endif
