/*
 * The receiving half of a session: puts batches together, decodes them within
 * their limits, knows what must come next, keeps what must be answered.  Part
 * of transport/session/session.c, and as free of I/O.
 */
#ifndef TRANSPORT_SESSION_RECEIVER_H
#define TRANSPORT_SESSION_RECEIVER_H

#include "transport/session/coding.h"

enum receiver_state {
	RECEIVER_IDLE,
	RECEIVER_FILLING,   /* chunks of a batch come */
	RECEIVER_PASSING,   /* the same, of a batch that is passed over */
	RECEIVER_SEEDING,   /* the shell looks for what the state begins with */
	RECEIVER_TAKING,    /* the shell has a batch */
	RECEIVER_RECORDING, /* the shell has a lost range */
};

struct receiver {
	size_t message_max;
	enum receiver_state state;
	struct spool_point in;      /* the newest that was taken */
	struct spool_point durable; /* what is to be acknowledged */
	bool replaced;              /* the stream changed in this session */
	bool done;                  /* the peer has nothing more */

	struct frame_batch batch;
	const struct codec_ops *codec;
	struct buf encoded, plain;
	struct coding coding;
	unsigned seeds;
	size_t passed; /* PASSING: bytes of the batch so far */
	struct frame_lost lost;

	bool ack_due, nak_due;
	bool awaiting; /* a message was refused: nak.from is to come again */
	struct frame_nak nak;
	char nak_text[FRAME_TEXT_MAX];
	unsigned nak_repeats, naks;
	uint64_t took;    /* messages that the shell took */
	uint64_t taken;   /* how many of these are durable */
	uint64_t refused; /* messages, or batches */
};

void receiver_clear(struct receiver *r);
/* Frames of the sender.  State SEEDING, TAKING or RECORDING afterwards: the
 * shell has to act.  ERR_PROTOCOL: the session must end. */
int receiver_batch(struct receiver *r, const struct frame_batch *b,
    struct err *e);
int receiver_chunk(struct receiver *r, struct slice bytes, struct err *e);
int receiver_lost(struct receiver *r, const struct frame_lost *l,
    struct err *e);
int receiver_done(struct receiver *r, struct err *e);
/* What the shell did.  State SEEDING: the seed for the place behind r->in, or NULL
 * when it cannot be had. */
int receiver_seed(struct receiver *r, const struct slice *seed, struct err *e);
void receiver_took(struct receiver *r, const struct spool_point *upto);
/* All that it took is durable, up to here. */
void receiver_durable(struct receiver *r, const struct spool_point *upto);
int receiver_refused(struct receiver *r, uint64_t first, const char *why,
    struct err *e);
/* Append the answer that is due, if there is one. */
bool receiver_put(struct receiver *r, struct buf *out);

#endif
