/*
 * One end of a session whose spool is in memory, for tests: real messages, real
 * session, and a pipe to the other end that the test holds in its hands.
 */
#ifndef T_PEER_H
#define T_PEER_H

#include "transport/session/session.h"

enum {
	PEER_MESSAGES = 8192
};

/* An outbox or an inbox: messages 1..last of one stream. */
struct peer_spool {
	struct stream_id stream;
	uint64_t last;
	struct buf raw[PEER_MESSAGES + 1]; /* by MsgID; empty: lost */
	uint32_t digest[PEER_MESSAGES + 1];
};

struct peer {
	struct session_opts opts;
	struct session *session;
	struct peer_spool out, in;
	struct spool_point acked;
	uint64_t next; /* to be fed */
	bool endless;  /* never says that there is nothing more */

	struct buf wire; /* sent to us, not yet read */
	size_t wire_max; /* how much the pipe holds; 0: no limit */
	bool cut;        /* the pipe to us is closed */

	uint64_t damage;   /* a message that arrives damaged ... */
	unsigned damages;  /* ... so many times */
	unsigned unseeded; /* seeds that cannot be had */
	unsigned stale;    /* messages that are missing at the end of seeds */
	bool lazy;         /* what it took is durable when no more is there */
	struct spool_point taken; /* and not durable; msgid 0: nothing */
	uint64_t durable;
	unsigned renewals, starts, seeks, records, seeds;
	uint64_t largest; /* TAKE, in bytes */
	char warning[ERR_MSG_SIZE];
	enum session_action_kind end; /* NOTHING while it runs */
	struct err why;
};

struct stream_id peer_stream(uint8_t seed);
/* Append DATA messages with bodies of about `size` bytes. */
void peer_write(struct peer *p, unsigned messages, size_t size);
/* A message that is written already; the first begins its stream. */
void peer_put(struct peer *p, struct slice raw);
/* One STATUS, too small to shrink. */
void peer_write_status(struct peer *p);
void peer_write_lost(struct peer *p, unsigned messages);

void peer_init(struct peer *p, enum session_role role, bool opener);
void peer_clear(struct peer *p);
/* Send in this compression; in none where the build lacks it. */
void peer_choose(struct peer *p, const char *codec);
/* A session from what the spools hold now. */
void peer_open(struct peer *p, struct mono now);
void peer_close(struct peer *p);
/* Do all that can be done now, writing to `to`.  True if anything moved. */
bool peer_run(struct peer *p, struct peer *to, struct mono now);
/* Read at most n bytes of what came. */
bool peer_read(struct peer *p, size_t n, struct mono now);
/* Each has its turn, whether or not another moved: act, then read at most n
 * bytes, as the loop of a delivery does it. */
bool peer_turns(struct peer *a, struct peer *b, size_t n, struct mono now);
/* Both until both have ended: reads of 1..chunk bytes, at random from seed.
 * Time passes only where nothing else can happen. */
void peer_join(struct peer *a, struct peer *b, size_t chunk, uint64_t seed);
/* Everything that a holds is at b, once and in order. */
bool peer_same(const struct peer_spool *a, const struct peer_spool *b);

#endif
