/*
 * The coding state of one direction of a session: what the codec of the last
 * stateful batch knows of the messages before the next.  Both ends hold one and
 * move it over the same batches; doc/protocol.5, COMPRESSION.  Part of
 * transport/session/session.c, and as free of I/O.
 */
#ifndef TRANSPORT_SESSION_CODING_H
#define TRANSPORT_SESSION_CODING_H

#include "transport/session/frame.h"

enum {
	/* most in a session, since each costs the receiver a look into its spool */
	CODING_SEEDS = 100,
};

/* All zero: none. */
struct coding {
	const struct codec_ops *codec;
	struct codec_state *state;
};

void coding_drop(struct coding *c);
/* Begin anew, from a seed; an empty one: from nothing. */
void coding_begin(struct coding *c, const struct codec_ops *codec,
    struct slice seed);
bool coding_is(const struct coding *c, const struct codec_ops *codec);
/* Move it over messages that went in another coding.  Without a state: nothing. */
void coding_learn(struct coding *c, struct slice messages);
/* Code upon the state and move it; a failure drops it. */
int coding_encode(struct coding *c, struct slice in, int level, struct buf *out,
    struct err *e);
int coding_decode(struct coding *c, struct slice in, size_t size,
    struct buf *out, struct err *e);
/* Are these the messages that the batch names, to the last bit?  A state that
 * differs from the sender's decodes to other ones. */
bool coding_verify(const struct frame_batch *b, struct slice messages);

#endif
