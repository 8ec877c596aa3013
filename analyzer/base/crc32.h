/* The checksum of zip members and of event logs. */
#ifndef CRC32_H
#define CRC32_H

#include "str.h"

typedef struct Crc { /* tables; zeroed until crc_prepare */
    uint32_t table[8][256], shift[4][256];
} Crc;

void crc_prepare(Crc *c);
/* The checksum of what `crc` is the checksum of (0: nothing) with `s` behind it. */
uint32_t crc_add(const Crc *c, uint32_t crc, Str s);

#endif
