/*
 * What the files of the session share; not for others.
 */
#ifndef TRANSPORT_SESSION_SESSION_IMPL_H
#define TRANSPORT_SESSION_SESSION_IMPL_H

#include "common/message/limits.h"
#include "transport/session/receiver.h"
#include "transport/session/sender.h"
#include "transport/session/session.h"

enum session_state { /* doc/protocol.5, "States" */
	STATE_OPENING,
	STATE_RENEWING,
	STATE_OPEN,
	STATE_REFUSING,
	STATE_FAILED,
	STATE_ENDED,
};

struct session {
	struct session_opts opts;
	char association[LIMIT_ASSOCIATION + 1];
	enum session_state state;
	struct err why; /* of REFUSING and FAILED */
	struct sender sender;
	struct receiver receiver;
	bool keep;   /* both ends want it */
	bool lined;  /* the peer's opening line came */
	bool heard;  /* any byte came */
	bool closed; /* and no more will */
	bool done;   /* our DONE went */

	struct {
		bool on; /* the peer has not answered yet */
		const struct codec_ops *codec;
		struct buf frames;      /* to be sent before any other */
		size_t at;              /* so much of them went */
		struct frame_lost what; /* the numbers that are going */
		size_t left;    /* bytes of their batch that must still go */
		bool cancelled; /* and nobody wants them any more */
		uint64_t fed_bytes;
	} ahead;

	enum start_verdict begins; /* what their HELLO says of our stream */
	bool start_due, renew_due, acked_due, told; /* told: the shell has it */
	uint64_t seek_due;                          /* 0: none */
	char warning[ERR_MSG_SIZE];                 /* "": none */

	struct buf in, out;
	size_t in_at;      /* so much of in is used up */
	bool in_part;      /* a part of a frame lies in in */
	int64_t allowance; /* thousandths of bytes that the rate allows now */
	bool write_next;   /* something was read while something waits */
	bool leaving;      /* end in order, since leave_at */
	struct mono now, born_at, heard_at, said_at, part_at, fail_at, rate_at,
	    leave_at;
	struct session_counts counts;
};

/* session.c */

void session_set_state(struct session *s, enum session_state state);
/* The peer has all up to `at`: the shell feeds what is behind. */
void session_start(struct session *s, const struct spool_point *at);
/* End for what the peer did; it is told if it speaks our language. */
void session_refuse(struct session *s, const struct err *why);

/* session_frames.c */

/* Read what came, while that may go on. */
void session_read_frames(struct session *s);

/* session_actions.c */

/* Must the shell do something before anything else? */
bool session_awaits_shell(const struct session *s);
/* What the shell must hear of before anything else; false: nothing. */
bool session_due_action(struct session *s, struct session_action *a);
/* Bytes that may be written now; false: none. */
bool session_send_action(const struct session *s, struct session_action *a);

/* session_ahead.c */

/* Begin as if the peer had what it acknowledged last, if the shell wants that. */
void ahead_begin(struct session *s);
bool ahead_wants_more(const struct session *s);
/* Code what was fed, while more is wanted; false: nothing was. */
bool ahead_code(struct session *s);
/* The peer has answered that it has all up to `at`.  True: as was guessed, and what
 * was coded goes; false: it was forgotten. */
bool ahead_holds(struct session *s, const struct spool_point *at);
void ahead_drop(struct session *s);
/* Take back what has not begun to go, as if it had not been fed.  cancelled: the
 * batch that is going does not count as sent. */
void ahead_cut(struct session *s, bool cancelled);
/* Append the next frame of it, if there is one. */
bool ahead_put(struct session *s, struct buf *out);

/* session_opening.c */

void session_put_opening(struct session *s);
/* Is what came our opening line?  1: yes, 0: perhaps, -1: noise. */
int session_read_line(const struct session *s, struct err *e);
/* Judge the peer's HELLO and agree with it.  1: send what is behind *at; 0: our
 * spool and the receiver do not fit together; -1: refuse. */
int session_judge_hello(struct session *s, struct slice payload,
    struct spool_point *at, struct err *e);
/* Append REFUSE; what came in one as our own error. */
void session_put_refuse(struct buf *out, const struct err *why);
void session_read_refuse(const struct frame_refuse *r, struct err *e);

/* session_time.c */

bool session_since(const struct session *s, struct mono then, int64_t ms);
/* Has the peer, or the session, used up its time? */
bool session_late(const struct session *s, struct err *e);
/* Were we silent for so long that a PING is due? */
bool session_quiet(const struct session *s);
/* Add what the rate allows for the time that passed. */
void session_refill(struct session *s);
/* Take from the rate's allowance what went over the wire. */
void session_spend(struct session *s, uint64_t bytes);
/* How many of n bytes may be written now. */
size_t session_write_most(const struct session *s, size_t n);

static inline struct slice
session_unused(const struct session *s)
{
	return (struct slice){ s->in.p + s->in_at, s->in.n - s->in_at };
}

static inline bool
session_over(const struct session *s)
{
	return s->state == STATE_FAILED || s->state == STATE_ENDED;
}

enum {
	SESSION_NOISE_MS = 1000, /* until its line is there */
};

#endif
