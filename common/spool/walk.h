/*
 * The messages of a segment's bytes, one after the other, with what is bad
 * between them.  Big reads, no call for each message.
 */
#ifndef COMMON_SPOOL_WALK_H
#define COMMON_SPOOL_WALK_H

#include "common/message/message.h"

enum walk_found {
	WALK_MESSAGE, /* *m, valid until the next call */
	WALK_BAD,  /* bytes that are no message; a whole one is behind them */
	WALK_TORN, /* the same, and nothing whole behind them */
	WALK_END,
	WALK_FAILED, /* the file cannot be read: see err */
};

struct walk;

struct walk *walk_new(void);
void walk_trust(struct walk *w); /* as message_parser_trust */
/* Begin at byte `from` of fd, which is borrowed until the next begin. */
void walk_begin(struct walk *w, int fd, uint64_t from);
/* After WALK_BAD and WALK_TORN e says what is wrong with them. */
enum walk_found walk_next(struct walk *w, struct message *m, struct err *e);
/* Where in the file the last thing that was found begins and ends. */
uint64_t walk_start(const struct walk *w);
uint64_t walk_end(const struct walk *w);
void walk_free(struct walk *w);

#endif
