/*
 * One end of an association whose spool is carried as files (rsync, dir): what
 * was placed for us is taken, acknowledgements first, and what is to go is made
 * ready.  What a session is for streams; whoever moves the files between the
 * ends, and when, is not its business.
 */
#ifndef TRANSPORT_CARRIED_CARRY_H
#define TRANSPORT_CARRIED_CARRY_H

#include "common/config/node.h"
#include "transport/delivery/delivery_child.h"

struct carry_opts {
	const struct config *config;
	const struct node *node;
	const struct association *association;
	int wait_ms; /* for another that is at it */
	/* By the budget's policy, drop the oldest until no more than keep bytes
	 * wait, once the other end's acknowledgement was heard. */
	bool drops;
	uint64_t keep;
};

/* Once, in a child that is confined to the association's directory and, with
 * transport dir, the carried one.  Whatever was taken is acknowledged also after
 * a failure.  ERR_TEMP with EBUSY: another is at it; ERR_TEMP: the carried
 * directory is not there, or full, or the spool is. */
int carry_run(const struct carry_opts *o, struct delivery_result *r,
    struct err *e);
/* The same without waiting: delivery_child_end says what came of it.  Borrows o
 * until it returns. */
int carry_start(const struct carry_opts *o, struct delivery_child *c,
    struct err *e);

/* The far end was, or will be with the next exchange, told of all of our
 * messages up to last, of this stream. */
bool carry_has_told(int association_dir, struct stream_id stream,
    uint64_t last);

#endif
