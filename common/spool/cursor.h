/*
 * The cursor: up to where the messages of one direction were sequenced and
 * handed on.  <state>/cursors/<association>, two slots.
 */
#ifndef COMMON_SPOOL_CURSOR_H
#define COMMON_SPOOL_CURSOR_H

#include "common/message/message.h"

/* One message of one stream. */
struct spool_point {
	struct stream_id stream;
	uint64_t msgid;  /* 0: nothing yet */
	uint32_t digest; /* of msgid; 0 at 0, or where msgid was lost */
};

/* "<stream> <MsgID> crc32=<digest>", without a LF: how a point is written in
 * every file of ours. */
bool spool_point_put(struct buf *out, const struct spool_point *p);
bool spool_point_parse(struct slice text, struct spool_point *out);

/* Read without holding it open.  0: read (out->msgid 0 and a zero stream when
 * there is none yet), -1 with ERR_INPUT when both slots are bad. */
int cursor_read(int state_dir, const char *association, struct spool_point *out,
    struct err *e);
/* Where to look for it. */
struct cursor_place {
	int state_dir, association_dir;
	const char *association;
};

/* The cursor; where it is lost or damaged, the newest message of archive/: it
 * was written before anything moved there.  1: derived, 0: read, or nothing was
 * ever ingested. */
int cursor_find(const struct cursor_place *p, struct spool_point *out,
    struct err *e);
/* Durable when it returns. */
int cursor_write(int state_dir, const char *association,
    const struct spool_point *at, struct err *e);

#endif
