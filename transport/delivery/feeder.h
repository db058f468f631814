/*
 * The outbox's side of a delivery: seals, reads and feeds messages to the
 * session, takes acknowledgements to the spool, begins a new stream.  Opens
 * the outbox only for moments: collectors wait for its lock.
 */
#ifndef TRANSPORT_DELIVERY_FEEDER_H
#define TRANSPORT_DELIVERY_FEEDER_H

#include "common/config/config.h"
#include "common/spool/outbox.h"
#include "common/spool/reader.h"
#include "transport/session/session.h"

struct feeder {
	int association_dir; /* borrowed */
	struct outbox_opts opts;
	struct spool_point last, acked; /* of the outbox when last looked at */
	struct ledger lost;
	struct spool_reader *reader;
	struct message pending; /* read, and not fed yet; msgid 0: none */
	uint64_t next;          /* to be fed */
	/* the receiver has it; msgid 0: there is nothing to compare any more */
	struct spool_point base;
	bool at_end;    /* nothing more, unless told otherwise */
	bool ack_waits; /* acked is not in the spool yet */
	struct mono ack_since;
	enum start_verdict renewed; /* START_ON: it was not */
	uint64_t strange_acks; /* acknowledgements that the spool refused */
	uint64_t damaged; /* messages lost: damaged, or without their CONFIG */
};

/* How the outbox of `a` is opened, by whoever writes or sends it. */
struct outbox_opts feeder_outbox_opts(const struct association *a);
/* By the budget's policy, drop the oldest until no more than keep bytes wait: of an
 * open, sealed outbox, or of one that is opened for it.  *dropped is how many went,
 * also after a failure. */
int feeder_drop(struct outbox *o, const struct association *a, uint64_t keep,
    struct err *e);
int feeder_drop_oldest(int association_dir, const struct association *a,
    uint64_t keep, uint64_t *dropped, struct err *e);
/* Seals what is there. */
int feeder_open(struct feeder *f, int association_dir,
    const struct association *a, struct err *e);
/* SESSION_START, SESSION_RENEW, SESSION_ACKED, SESSION_SEEK. */
int feeder_start(struct feeder *f, const struct spool_point *at, struct err *e);
int feeder_renew(struct feeder *f, struct session *s, enum start_verdict why,
    struct err *e);
void feeder_acked(struct feeder *f, const struct spool_point *at,
    struct mono now);
void feeder_seek(struct feeder *f, uint64_t from);
/* As much as the session takes.  ERR_TEMP: the spool changed under us. */
int feeder_feed(struct feeder *f, struct session *s, struct err *e);
/* New messages may be there: seal and look. */
int feeder_look(struct feeder *f, struct err *e);
/* Write the acknowledgement that waits to the spool now. */
int feeder_flush(struct feeder *f, struct err *e);
void feeder_close(struct feeder *f);

#endif
