/*
 * Room on the file system of a spool.
 */
#ifndef COMMON_SPOOL_ROOM_H
#define COMMON_SPOOL_ROOM_H

#include <stdint.h>

enum {
	ROOM_RESERVE = 16 << 20, /* for CONFIG, acknowledgements, the cursor */
	ROOM_FILES = 100000,     /* segments waiting in one direction */
	ROOM_SIZE = 1 << 30,     /* bytes waiting, unless configured */
};

/* Bytes that may still be written where dirfd is: the smaller of 5 % and 1 GiB
 * stays free.  UINT64_MAX when the kernel does not say. */
uint64_t room_on_disk(int dirfd);

#endif
