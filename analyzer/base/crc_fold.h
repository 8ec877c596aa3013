/* CRC-32 as in zip, with the processor's multiplication of polynomials where it has one: 64 bytes become 16 of the same
 * remainder, over and over. By tables, it was a quarter of reading an event log. */
#ifndef CRC_FOLD_H
#define CRC_FOLD_H

#include "str.h"

/* Folds the first bytes of `s`, a multiple of 64, into `to`, and returns how many they were: 0 if the processor cannot,
 * or they are fewer than 64. The register that was `crc` before them is, behind them, that of a register of 0 that goes
 * over the 16 bytes of `to`. */
size_t crc_fold(uint8_t to[16], uint32_t crc, Str s);

#endif
