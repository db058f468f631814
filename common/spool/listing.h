/*
 * The segments of a directory, by their names alone.
 */
#ifndef COMMON_SPOOL_LISTING_H
#define COMMON_SPOOL_LISTING_H

#include "common/spool/segment.h"

struct listed {
	struct segment_name name;
	unsigned dir;   /* what the caller calls its directory */
	uint64_t bytes; /* filled by whoever needs it */
};

/* Zero-initialised: empty. */
struct listing {
	struct listed *at; /* ascending by first, then by last */
	size_t n, cap;
	uint64_t foreign; /* names that are not a segment's nor ours */
	uint64_t carried; /* bytes of files made of segments to be carried */
};

/* Open a directory of segments, made where it is missing; the caller syncs top
 * unless something in it tells that this was done. */
int listing_dir(int top, const char *name, struct err *e);
/* Add the segments in dirfd. */
int listing_read(struct listing *l, int dirfd, unsigned dir, struct err *e);
void listing_put(struct listing *l, struct listed s);      /* at the end */
void listing_drop(struct listing *l, size_t at, size_t n); /* from at on */
/* Does a sealed one hold msgid, by its name? */
bool listing_covers(const struct listing *l, uint64_t msgid);
/* The size of one of the files, 0 when it is gone. */
uint64_t listing_size(int dirfd, struct segment_name s);
void listing_clear(struct listing *l);

#endif
