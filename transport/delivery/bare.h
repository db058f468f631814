/*
 * Bare messages: a stream of the draft's messages with its three fields alone,
 * where the association allows it, in place of a session.  Each is written into
 * the inbox in the full form, Stream zeros and the rest computed here, and
 * acknowledged by a line "ACK n" when it is durable.  Nothing goes back this
 * way but these lines.
 */
#ifndef TRANSPORT_DELIVERY_BARE_H
#define TRANSPORT_DELIVERY_BARE_H

#include "transport/delivery/delivery.h"

struct bare_opts {
	int association_dir;           /* borrowed, as all here */
	const struct channel *channel; /* NULL: it was carried as a file */
	struct inbox *in;
	struct slice begun;   /* read from the channel already */
	struct mono deadline; /* ns 0: none */
};

/* A channel that begins so is none of ours. */
bool bare_begins(struct slice in);
/* Until the channel is closed.  A message that is not in order ends it, and one that
 * is not in the grammar, but for poison that is no CONFIG: ERR_INPUT, and what was
 * acknowledged is durable.  EEXIST: a fork, from now on until it is let go. */
int bare_receive(const struct bare_opts *o, struct delivery_result *r,
    struct err *e);

/* Does what was carried as a file begin with a bare message? */
bool bare_is_file(struct slice bytes);
struct bare_file {
	int association_dir; /* borrowed, as all here */
	struct inbox *in;
	struct slice bytes;
	uint64_t first, last; /* that its name says */
};
/* Take its messages; nothing is answered.  ERR_INPUT: it is not what it says, or
 * does not follow what we have; what was good before that is durable. */
int bare_take(const struct bare_file *f, struct delivery_result *r,
    struct err *e);

#endif
