/*
 * CRC-32, zlib's: that of gzip and PNG.
 */
#ifndef COMMON_BASE_CRC_H
#define COMMON_BASE_CRC_H

#include <zlib.h>

#include "common/base/buf.h"

/* The sum of what was summed before (0: nothing) and s. */
static inline uint32_t
crc_add(uint32_t crc, struct slice s)
{
	return (uint32_t)crc32_z(crc, (const Bytef *)s.p, s.n);
}

#endif
