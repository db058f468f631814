/*
 * The delivery protocol of doc/protocol.5 as a state machine: bytes, decisions
 * of the shell and a clock reading go in, actions come out.  Does no I/O.
 *
 * Both ends run the same code.  Each direction of the association has a sender
 * (who has the outbox) and a receiver (who has the inbox); a session always
 * carries both directions.
 */
#ifndef TRANSPORT_SESSION_SESSION_H
#define TRANSPORT_SESSION_SESSION_H

#include "common/base/clock.h"
#include "common/codec/codec.h"
#include "common/message/message.h"
#include "common/spool/cursor.h"
#include "transport/session/start.h"

enum session_role {
	SESSION_SPOKE,
	SESSION_HUB,
};

struct session_opts {
	const char *association;
	enum session_role role;
	bool opener; /* we opened the channel */
	bool ahead;  /* code what waits while the channel opens */
	const struct codec_ops *codec; /* wanted for what we send */
	int level;
	struct spool_point out;       /* newest message that we hold */
	struct spool_point out_acked; /* acknowledged before this session */
	struct spool_point in; /* durable at us; zero stream: none known */
	size_t message_max;    /* 0: LIMIT_MESSAGE */
	size_t flight_bytes;   /* unacknowledged; 0: 64 MiB */
	bool keep;             /* stay open when all is delivered */
	uint64_t rate;         /* wire bytes a second; 0: no limit */
};

enum session_action_kind {
	SESSION_NOTHING, /* wait for input, messages, or session_wake */
	/* write bytes; tell by session_sent how many went.  Comes again until
	 * all did: stop when no more can be written */
	SESSION_SEND,
	/* opened (or coding ahead of that: what was fed is forgotten when START
	 * or RENEW comes again): feed the messages after `at`, which the
	 * receiver has durably.
	 * First see that ours is the same (another digest: our spool was
	 * restored) and that all behind it is held or known to be lost; else
	 * act as for RENEW */
	SESSION_START,
	/* the receiver's stream and ours do not fit together: begin a new
	 * stream, then session_renewed; START follows */
	SESSION_RENEW,
	/* a coding state begins with what is before `at`: of our outbox, or of
	 * our inbox; then session_seed with what `seed` says */
	SESSION_SEED_OUT,
	SESSION_SEED_IN,
	/* bytes: whole messages of stream at.stream; verify, make durable, then
	 * session_took and session_durable; or session_refused */
	SESSION_TAKE,
	/* first..last of at.stream are lost: make it durable, then
	 * session_recorded */
	SESSION_RECORD,
	SESSION_ACKED, /* the peer has everything up to `at` durably */
	SESSION_SEEK,  /* the peer refused: go on from message `first` */
	/* text: one line for the log (fallback of compression, a strange
	 * acknowledgement, ...) */
	SESSION_WARN,
	/* coded ahead: look for events, and come again at once */
	SESSION_AHEAD,
	SESSION_END,    /* closed as agreed: both directions delivered */
	SESSION_FAILED, /* err: tell, close the channel */
};

struct session_action {
	enum session_action_kind kind;
	struct slice bytes; /* until the next call into the session */
	struct spool_point at;
	enum start_verdict why; /* RENEW */
	uint64_t first, last;
	const struct codec_history *seed;
	const char *text;
	struct err err;
};

struct session_counts {
	uint64_t in_bytes, out_bytes; /* of the channel, frames counted whole */
	uint64_t sent, taken, refused; /* messages; refused: or whole batches */
	uint64_t acked;                /* of those sent */
	uint64_t fed_bytes;            /* of messages fed, as they stand */
	uint64_t strange_acks; /* ignored: never sent, other digest, ... */
	/* 1: we ended it for something that the far end did, or did too late */
	uint64_t cut;
};

struct session;

struct session *session_new(const struct session_opts *opts, struct mono now);
/* Call until SESSION_NOTHING after every event.  Answer SEED, TAKE, RECORD and
 * RENEW before the next call. */
void session_next(struct session *s, struct mono now, struct session_action *a);

/* Events. */
void session_input(struct session *s, struct slice bytes, struct mono now);
void session_input_end(struct session *s, struct mono now);
void session_sent(struct session *s, size_t bytes, struct mono now);
/* The channel had so many bytes on the wire besides those that the session saw:
 * they count for the rate. */
void session_overhead(struct session *s, uint64_t bytes);
/* The channel is not open yet, so nothing can have come: the peer's silence counts
 * from now on. */
void session_not_open(struct session *s, struct mono now);
/* How many bytes may be read now, as the rate allows; 0: not before
 * session_wake, unless nothing can be written either. */
size_t session_read_most(const struct session *s);
/* How many bytes of messages the session can take now; 0 while it has no
 * credit or is not opened.  Feed only when > 0; one larger message is taken. */
size_t session_room(const struct session *s);
/* Is anything fed and not acknowledged?  Then it is too late to renew. */
bool session_busy(const struct session *s);
/* What was fed ahead cannot go like that: forget it.  START or RENEW follows once the
 * peer has answered. */
void session_misled(struct session *s);
/* One message of our outbox, or a range that is lost, in order. */
void session_feed(struct session *s, const struct message *m);
void session_feed_lost(struct session *s, uint64_t first, uint64_t last);
/* There is nothing more now.  Sends what is gathered; without keep the session
 * ends when both ends said so and all is acknowledged. */
void session_feed_end(struct session *s);
void session_renewed(struct session *s, const struct spool_point *out);
/* Whole messages, see codec.h; NULL: they cannot be had. */
void session_seed(struct session *s, const struct slice *seed);
/* All of the last SESSION_TAKE up to `upto` was verified, and is durable when
 * session_durable says so; other input may come between.  Less than all:
 * session_refused must follow. */
void session_took(struct session *s, const struct spool_point *upto);
/* All that was taken up to here is durable, and is acknowledged. */
void session_durable(struct session *s, const struct spool_point *upto);
/* Message `first` of it was damaged: ask for it again. */
void session_refused(struct session *s, uint64_t first, const char *why);
void session_recorded(struct session *s, const struct spool_point *durable);
/* Feed nothing more; END follows when all that was fed is acknowledged and the
 * peer has agreed, FAILED when that takes longer than 10 s. */
void session_leave(struct session *s, struct mono now);
/* End on our side for this reason, telling the peer; FAILED follows. */
void session_abort(struct session *s, const struct err *why);
/* Append what an end says that cannot even begin a session. */
void session_refusal(struct buf *out, const struct err *why);

/* Both ends have agreed, and deliver. */
bool session_is_open(const struct session *s);
/* When session_next wants to be called again without an event. */
struct mono session_wake(const struct session *s);
const struct session_counts *session_counts(const struct session *s);
void session_free(struct session *s);

#endif
