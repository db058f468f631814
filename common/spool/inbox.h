/*
 * The receiving end of one direction: inbox/ (durable, not yet ingested) and
 * archive/ (ingested).  Appends what a session took with one sync, records
 * what is lost, tells what is durable.  The caller holds the association's
 * session lock.
 */
#ifndef COMMON_SPOOL_INBOX_H
#define COMMON_SPOOL_INBOX_H

#include "common/spool/cursor.h"
#include "common/spool/ledger.h"

struct inbox_opts {
	struct spool_point cursor; /* from cursor_read */
	size_t message_max;        /* 0: LIMIT_MESSAGE */
	uint64_t size_max;         /* bytes not ingested; 0: 1 GiB */
};

enum inbox_verdict {
	INBOX_TAKEN,     /* put; durable after the next commit */
	INBOX_HELD,      /* the same, but something before it is missing */
	INBOX_DUPLICATE, /* had it with this digest; synced again (W8) */
	INBOX_FORK,   /* had this number with another digest, or Prev differs */
	INBOX_BEYOND, /* further ahead than the window: refused */
	INBOX_STRANGE, /* of a stream that is not the current one */
	INBOX_FAILED,  /* see err */
};

struct inbox;

int inbox_open(int association_dir, const struct inbox_opts *opts,
    struct inbox **out, struct err *e);
/* The last number up to which nothing is missing and all is durable, lost
 * ranges counted; what an opening reports.  A zero stream: none known. */
struct spool_point inbox_durable(const struct inbox *i);
enum inbox_verdict inbox_put(struct inbox *i, const struct message *m,
    struct err *e);
/* One sync for all that was put. */
int inbox_commit(struct inbox *i, struct err *e);
/* Durable in the ledger when it returns.  ERR_INPUT: we have one of these. */
int inbox_lost(struct inbox *i, uint64_t first, uint64_t last,
    enum ledger_why why, struct err *e);
/* A stream that replaces the current one: what is not ingested of the old one
 * moves to inbox/<old stream>/, the ledger begins anew.  A stream that was
 * replaced before is ERR_INPUT: a fork. */
int inbox_begin_stream(struct inbox *i, struct stream_id stream, struct err *e);
/* Keep refused bytes: quarantine/<name> and <name>.why; name is made here from
 * direction, msgid and time.  Bounded by size_max. */
int inbox_quarantine(struct inbox *i, uint64_t msgid, struct slice bytes,
    const char *why, struct err *e);
/* Make all that is durable visible to hubd as sealed segments. */
int inbox_seal(struct inbox *i, struct err *e);
void inbox_close(struct inbox *i);

#endif
