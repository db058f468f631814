/*
 * Free space; see room.h.
 */
#include "config.h"

#include <sys/statvfs.h>

#include "common/spool/room.h"

enum {
	FREE_MAX = 1 << 30,
	FREE_PART = 20, /* 5 % */
};

uint64_t
room_on_disk(int dirfd)
{
	struct statvfs v;
	uint64_t total, avail, keep;

	if (fstatvfs(dirfd, &v) == -1)
		return UINT64_MAX; /* then the write itself will tell */
	total = (uint64_t)v.f_blocks * v.f_frsize;
	avail = (uint64_t)v.f_bavail * v.f_frsize;
	keep = total / FREE_PART;
	if (keep > FREE_MAX)
		keep = FREE_MAX;
	return avail > keep ? avail - keep : 0;
}
