/*
 * Ranges of numbers; see ranges.h.
 */
#include "config.h"

#include <string.h>

#include "common/spool/ranges.h"

size_t
ranges_find(const void *at, size_t n, size_t size, uint64_t number)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct {
			uint64_t first, last;
		} r;

		memcpy(&r, (const char *)at + mid * size, sizeof(r));
		if (r.last < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
