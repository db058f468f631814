/*
 * Taking the damage out of a segment, and taking up one that a dead writer
 * left open.  Shared by outbox and inbox; every step may be repeated.
 */
#ifndef COMMON_SPOOL_REPAIR_H
#define COMMON_SPOOL_REPAIR_H

#include "common/spool/listing.h"

/* A directory of segments. */
struct repair_dir {
	int top;                   /* the association's */
	int dir;                   /* below it */
	const char *name;          /* how it is called there */
	struct stream_id stream;   /* current in it; zero: whatever is found */
	const struct listing *all; /* what is in it, or NULL */
};

/* Copy the good runs of a segment into sealed segments of their own, durably,
 * adding them to *made, and move the segment to quarantine/.  Where one run has
 * the very name of the segment it takes its place, and nothing is moved.  What
 * cannot even be read is moved as it is.  *made is the caller's. */
int repair_segment(const struct repair_dir *d, struct segment_name s,
    const char *why, struct listing *made, struct err *e);

/* Take up an open segment: *fd is it, cut at its last whole message and synced
 * with its directory (W8), ready for appender_resume.  *fd -1: it is gone, for it
 * was empty, or damaged, or a sealed segment covers its first number (a repair that
 * was cut off); what was good of it is in sealed segments. */
int repair_open(const struct repair_dir *d, struct segment_name s, int *fd,
    struct segment_scan *found, struct err *e);

/* What a dead writer left in an open segment becomes sealed segments, by a copy:
 * its sync may have failed, and then no later one of that file says anything
 * (W7, G18), while a reader sees all that the disk never got.  *aside: something
 * of it was not good, and it is in quarantine/; else it is removed. */
int repair_seal(const struct repair_dir *d, struct segment_name s,
    struct segment_scan *found, bool *aside, struct err *e);

#endif
