/*
 * The sending half of a session: gathers messages into batches, keeps what is
 * in flight, judges acknowledgements.  Part of transport/session/session.c, and
 * as free of I/O.
 */
#ifndef TRANSPORT_SESSION_SENDER_H
#define TRANSPORT_SESSION_SENDER_H

#include "transport/session/coding.h"

enum {
	SENDER_FLIGHT = 1000,        /* messages */
	SENDER_BATCH_MESSAGES = 250, /* so that several are in flight */
	/* bytes; doubled to the most: on a link that is cut again and again the
	 * first batches still get through */
	SENDER_BATCH_FIRST = 256 << 10,
	/* A batch is coded, sent and taken one after the other, each while the
	 * next and the last are at the other stages; and it stays in the
	 * cache.  With 8 MiB a day's backlog took a sixth more processor time. */
	SENDER_BATCH_MOST = 2 << 20,
	SENDER_CHUNK = 16 << 10, /* bytes; acknowledgements go between */
	SENDER_NAKS = 100,       /* in a session */
	SENDER_NAK_REPEATS = 3,  /* of one number */
	SENDER_STATE_NAKS = 3,   /* then no batch is coded upon a state */
};

struct sender_entry {
	uint64_t msgid; /* or the last of a lost range */
	uint32_t digest;
	size_t bytes;
};

struct sender {
	const struct codec_ops *codec;
	int level;
	size_t flight_max;
	bool open;     /* the shell was told where to start */
	bool finished; /* there is nothing more now */
	bool plain; /* send the next batch uncompressed: the last was refused */
	bool alone; /* code the next by itself, and begin the state with it */
	struct coding coding;
	bool seeded;   /* no batch was coded upon the state yet */
	bool seed_due; /* the shell must say what the state begins with */
	unsigned state_naks, seeds;
	struct spool_point acked, tail; /* acknowledged; newest fed */
	uint64_t sent_to;               /* newest that wholly went */

	struct buf gather; /* the batch being filled */
	struct frame_batch gathered;
	size_t batch_max;

	struct buf encoded; /* the batch being sent */
	struct frame_batch batch;
	size_t encoded_at; /* so much of it went */
	bool begun;        /* its BATCH frame went */
	bool cancelled;    /* it is sent to its end, for the frames' sake */

	struct frame_lost lost; /* to be sent behind it; first 0: none */

	struct sender_entry flight[SENDER_FLIGHT]; /* a ring */
	size_t flight_at, flight_n, flight_bytes;

	uint64_t nak_from;
	unsigned nak_repeats, naks;
	uint64_t sent; /* messages */
};

enum sender_ack {
	SENDER_ACK_NEW,
	SENDER_ACK_OLD, /* heard before */
	SENDER_ACK_STRANGE,
};

void sender_clear(struct sender *s);
/* Nothing was fed, nothing is known. */
void sender_forget(struct sender *s);
/* Send what comes after `at`, of its stream. */
void sender_start(struct sender *s, const struct spool_point *at);
size_t sender_room(const struct sender *s);
void sender_feed(struct sender *s, const struct message *m);
/* Where the seed is due, and that it came, or cannot be had (NULL). */
struct spool_point sender_seed_place(const struct sender *s);
void sender_seed(struct sender *s, const struct slice *seed);
void sender_feed_lost(struct sender *s, uint64_t first, uint64_t last);
/* Append the next frame, if there is one. */
bool sender_put(struct sender *s, struct buf *out);
/* All of this range went: messages, or the word that it is lost. */
void sender_went(struct sender *s, const struct frame_lost *what,
    bool messages);
/* The first MsgID that was fed and has not begun to go; 0: none. */
uint64_t sender_waits_from(const struct sender *s);
/* Forget all that was fed from `from` on. */
void sender_rewind(struct sender *s, uint64_t from);
/* All that was fed is acknowledged. */
bool sender_idle(const struct sender *s);
enum sender_ack sender_take_ack(struct sender *s, const struct spool_point *at);
/* The shell must go on from n->from.  ERR_PROTOCOL: never sent, or too often. */
int sender_take_nak(struct sender *s, const struct frame_nak *n, struct err *e);

#endif
