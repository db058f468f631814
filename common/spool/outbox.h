/*
 * The sending end of one direction: outbox/ (not acknowledged) and sent/
 * (acknowledged, kept for a while).  Numbers messages, appends a cycle with
 * one sync, seals, believes acknowledgements, drops by policy, begins streams
 * anew.  An open outbox holds the flock on its directory: keep it short.
 */
#ifndef COMMON_SPOOL_OUTBOX_H
#define COMMON_SPOOL_OUTBOX_H

#include "common/spool/cursor.h"
#include "common/spool/ledger.h"
#include "common/spool/segment.h"

enum spool_full {
	SPOOL_FULL_REFUSE,
	SPOOL_FULL_DROP_OLDEST,
};

struct outbox_opts {
	int lock_wait_ms;
	uint64_t size_max;    /* unacknowledged bytes; 0: 1 GiB */
	uint64_t segment_max; /* bytes; 0: what suits size_max */
	enum spool_full full;
	int64_t retain_s;   /* of sent/, by newest Timestamps; 0: 7 days */
	size_t message_max; /* 0: LIMIT_MESSAGE */
};

struct outbox_state {
	struct stream_id stream;
	struct spool_point last; /* newest committed message */
	struct spool_point acked;
	uint64_t generation;       /* of the last CONFIG committed; 0: none */
	uint64_t waiting_messages; /* after acked, without those lost */
	uint64_t waiting_bytes;    /* of the segments that hold them */
	uint64_t oldest_s; /* Timestamp of the oldest segment waiting, or 0 */
	bool began;        /* this open began a new stream (W12) */
	bool sweep_held;   /* sent/ is kept: a sweep would take too much */
	uint64_t quarantined; /* messages moved to quarantine/ since opened */
	uint64_t dropped;     /* messages dropped by policy since opened */
	uint64_t foreign;     /* files in outbox/ that are not ours: ignored */
};

struct outbox;

/* Lock, make what is missing, sweep and recover every crash state of
 * doc/spool.5.  association_dir is <spool>/<association>.  ERR_TEMP: the lock
 * is held. */
int outbox_open(int association_dir, const struct outbox_opts *opts,
    struct outbox **out, struct err *e);
const struct outbox_state *outbox_state(const struct outbox *o);
/* Number m (msgid, stream, prev are ours) and keep it for the next commit.  A
 * CONFIG's first part begins a new segment.  The body is taken as it is.
 * ERR_TEMP with ENOSPC: the spool is full, and the policy is to refuse, or what
 * may be dropped gives no room for all that was put. */
int outbox_put(struct outbox *o, struct message *m, struct err *e);
/* All that was put, with one sync, or nothing; what must be dropped to give it room
 * is dropped now.  Nothing is put any more afterwards, in both cases. */
int outbox_commit(struct outbox *o, struct err *e);
void outbox_rollback(struct outbox *o);
/* The newest message that was put, committed or not. */
struct spool_point outbox_prepared(const struct outbox *o);
/* The generation of the last CONFIG that was put, committed or not; 0: none. */
uint64_t outbox_prepared_generation(const struct outbox *o);
/* Whether this very message was committed and is still here.  *holds is false, too,
 * of one that was acknowledged and removed since.  May seal. */
int outbox_holds(struct outbox *o, const struct spool_point *at, bool *holds,
    struct err *e);
/* Make all that was committed readable by others. */
int outbox_seal(struct outbox *o, struct err *e);
/* Believe an acknowledgement of a message that we sealed, of this stream and with
 * its digest: moves what it covers to sent/, and prunes sent/.  Of a message that was
 * dropped or damaged since it was sent, with the digest that it had, or any where
 * that is not known any more.  An old one changes nothing.  Else ERR_INPUT, and
 * nothing is moved. */
int outbox_ack(struct outbox *o, const struct spool_point *at, struct err *e);
/* False: the message is lost, and its digest is not known any more. */
bool outbox_can_compare(const struct outbox *o, uint64_t msgid);
/* Is every number behind msgid sealed here, or known to be lost? */
bool outbox_holds_all_after(const struct outbox *o, uint64_t msgid);
/* Each sealed segment that holds a number behind msgid, in order, until f
 * returns -1, which must not change the outbox. */
typedef int outbox_segment(void *arg, int dirfd, struct segment_name name,
    struct err *e);
int outbox_each_after(struct outbox *o, uint64_t msgid, outbox_segment *f,
    void *arg, struct err *e);
/* The tombstones: what we can never send any more. */
const struct ledger *outbox_lost(const struct outbox *o);
/* A reader said that msgid is damaged: what is good around it is kept in
 * segments of its own, the damaged file goes to quarantine/, the numbers that
 * it costs become lost.  Read on from a new listing (spool_reader_seek). */
int outbox_repair(struct outbox *o, uint64_t msgid, struct err *e);
/* Drop messages, oldest first, a tombstone before them, until no more than `keep`
 * bytes wait.  The newest message stays, and so does the last CONFIG before those
 * that stay. */
int outbox_drop_oldest(struct outbox *o, uint64_t keep, struct err *e);
/* Begin a new stream from all that is still held, sent/ included, from the
 * first complete CONFIG on, renumbered from 1; atomic.  What was before it goes
 * to quarantine/ (where no CONFIG and no DATA is held, all is kept).  With
 * nothing held: an empty stream.  Readers that are open must be opened anew. */
int outbox_renew(struct outbox *o, struct err *e);
void outbox_close(struct outbox *o);

#endif
