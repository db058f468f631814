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
	int association_dir; /* borrowed, as all here */
	const struct channel *channel;
	struct inbox *in;
	struct slice begun;   /* read from the channel already */
	struct mono deadline; /* ns 0: none */
};

/* A channel that begins so is none of ours. */
bool bare_begins(struct slice in);
/* Until the channel is closed.  A message that is not in order or not in the
 * grammar ends it: ERR_INPUT, and what was acknowledged is durable. */
int bare_receive(const struct bare_opts *o, struct delivery_result *r,
    struct err *e);

#endif
