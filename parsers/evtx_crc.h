/* The checksums of event logs: CRC-32 as in zip. Belongs to evtx.c alone. */
#ifndef EVTX_CRC_H
#define EVTX_CRC_H

#include "base/str.h"

typedef struct Crc { /* tables; zeroed until crc_prepare */
    uint32_t table[8][256], shift[4][256];
} Crc;

void crc_prepare(Crc *c);
/* The checksum of what `crc` is the checksum of (0: nothing) with `s` behind it. */
uint32_t crc_add(const Crc *c, uint32_t crc, Str s);

#endif
