/*
 * CRC-32, that of gzip and PNG: by libdeflate where it was found, several times
 * as fast, else by zlib.
 */
#ifndef COMMON_BASE_CRC_H
#define COMMON_BASE_CRC_H

#include "common/base/buf.h"

/* The sum of what was summed before (0: nothing) and s. */
uint32_t crc_add(uint32_t crc, struct slice s);

#endif
