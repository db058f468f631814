/*
 * One file of a spool: its name and what is in it.  A segment being written is
 * "<first MsgID, 20 digits>.open", sealed it is "<first>-<last>.msgs" and never
 * changes.  doc/spool.5 lists every state that a crash can leave.
 */
#ifndef COMMON_SPOOL_SEGMENT_H
#define COMMON_SPOOL_SEGMENT_H

#include "common/message/message.h"

enum {
	SEGMENT_NAME_SIZE = 64,
	SEGMENT_SIZE = 64 << 20, /* bytes after which another one begins */
};

struct segment_name {
	uint64_t first;
	uint64_t last; /* 0: open, not known by the name */
};

bool segment_name_parse(const char *name, struct segment_name *out);
const char *segment_name_text(struct segment_name s,
    char out[SEGMENT_NAME_SIZE]);

/* What a scan of a segment's bytes found. */
struct segment_scan {
	uint64_t first, last; /* 0: no whole message */
	struct stream_id stream;
	uint32_t first_prev; /* Prev of first */
	uint32_t last_digest;
	uint64_t messages;
	uint64_t first_s;    /* Timestamp of first */
	uint64_t newest_s;   /* newest plausible Timestamp, or 0 */
	uint64_t generation; /* of the last CONFIG or DATA, or 0 */
	size_t good;         /* bytes up to the end of the last whole message */
	bool torn;           /* something behind good, nothing whole in it */
	/* something bad with a whole message behind it, or numbers that do not
	 * follow */
	bool damaged;
};

/* Read fd from its start to its end. */
int segment_scan(int fd, struct segment_scan *out, struct err *e);

/* Find the message msgid without reading those before it: the byte where it
 * begins, or -1.  *m points into *keep.  ERR_INPUT: it is not there, or
 * damaged. */
int64_t segment_find(int fd, uint64_t msgid, struct message *m,
    struct buf *keep, struct err *e);
/* 0 or -1: the last message of a sealed segment, found from its end. */
int segment_find_last(int fd, struct segment_name s, struct message *m,
    struct buf *keep, struct err *e);
/* The first or the last message of a sealed segment of dirfd. */
int segment_peek_first(int dirfd, struct segment_name s, struct message *m,
    struct buf *keep, struct err *e);
int segment_peek_last(int dirfd, struct segment_name s, struct message *m,
    struct buf *keep, struct err *e);

#endif
