/*
 * CRC-32; see crc.h.
 */
#include "config.h"

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#include "common/base/crc.h"

/* Of no bytes at all, neither library is asked: a pointer of NULL means "begin"
 * to both. */
uint32_t
crc_add(uint32_t crc, struct slice s)
{
	if (s.n == 0)
		return crc;
#ifdef HAVE_LIBDEFLATE
	return libdeflate_crc32(crc, s.p, s.n);
#else
	return (uint32_t)crc32_z(crc, (const Bytef *)s.p, s.n);
#endif
}
