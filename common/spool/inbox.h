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
	struct spool_point cursor; /* up to where all is ingested */
	/* NULL, or where the cursor lies, in place of the above, for a caller
	 * beside whom hubd ingests: it is read after each listing, since hubd
	 * writes it before it moves files. */
	const struct cursor_place *place;
	size_t message_max; /* 0: LIMIT_MESSAGE */
	uint64_t size_max;  /* bytes not ingested; 0: 1 GiB */
};

enum inbox_verdict {
	INBOX_TAKEN,     /* put; durable after the next commit */
	INBOX_HELD,      /* the same, but something before it is missing */
	INBOX_DUPLICATE, /* had it with this digest; synced again (W8) */
	INBOX_FORK,   /* had this number with another digest, or Prev differs */
	INBOX_BEYOND, /* further ahead than the window: refused */
	INBOX_STRANGE, /* of a stream that is not the current one */
	INBOX_FAILED,  /* see err; ERR_TEMP with ENOSPC: full */
};

struct inbox_state {
	uint64_t bytes;       /* not ingested */
	uint64_t held;        /* messages behind a gap */
	uint64_t quarantined; /* files that this open moved to quarantine/ */
	uint64_t foreign;     /* files in inbox/ that are not ours: ignored */
};

struct inbox;

/* Makes what is missing, sweeps and recovers every crash state of
 * doc/spool.5: what a dead session left is sealed. */
int inbox_open(int association_dir, const struct inbox_opts *opts,
    struct inbox **out, struct err *e);
const struct inbox_state *inbox_state(const struct inbox *i);
/* The last number up to which nothing is missing and all is durable, lost
 * ranges counted; what an opening reports.  A zero stream: none known (or bare
 * messages, whose stream is zeros). */
struct spool_point inbox_durable(const struct inbox *i);
/* The first run of numbers at or behind `from` that is missing; the last such
 * run is open, up to LIMIT_MSGID. */
bool inbox_missing(const struct inbox *i, uint64_t from, uint64_t *first,
    uint64_t *last);
/* m->raw is kept to the byte: the full form, also of what came bare. */
enum inbox_verdict inbox_put(struct inbox *i, const struct message *m,
    struct err *e);
/* One sync for all that was put, or nothing of it.  After either nothing is
 * put. */
int inbox_commit(struct inbox *i, struct err *e);
/* Durable in the ledger when it returns.  ERR_INPUT: we have one of these. */
int inbox_lost(struct inbox *i, uint64_t first, uint64_t last,
    enum ledger_why why, struct err *e);
/* The same of those of first..last that are missing, and *lost grows by their number.
 * What we hold stays, though its sender has lost it since. */
int inbox_pass(struct inbox *i, uint64_t first, uint64_t last, uint64_t *lost,
    struct err *e);
/* A message whose Length and Digest are right and whose grammar is not: kept in
 * quarantine/ with `why` and counted as had, so that it is acknowledged and
 * the stream goes on.  What was put before it is committed first.  The same
 * verdicts as inbox_put; INBOX_TAKEN: durable already. */
enum inbox_verdict inbox_poison(struct inbox *i, const struct message *m,
    const char *why, struct err *e);
/* Was msgid such a message, and a CONFIG, or nobody could read what it was? */
bool inbox_poisoned_config(const struct inbox *i, uint64_t msgid);
/* A stream that replaces the current one: what is not ingested of the old one
 * moves to inbox/<old stream>/, the ledger begins anew.  The current one again:
 * nothing happens.  A stream that was replaced before is ERR_INPUT with
 * ENOTUNIQ: a fork. */
int inbox_begin_stream(struct inbox *i, struct stream_id stream, struct err *e);
/* Was it current once, and replaced?  Then it begins no more. */
int inbox_was_replaced(struct inbox *i, struct stream_id stream, bool *yes,
    struct err *e);
/* Keep refused bytes: quarantine/<name> and <name>.why; name is made here from
 * direction, msgid and time.  Bounded by size_max: ERR_TEMP with ENOSPC. */
int inbox_quarantine(struct inbox *i, uint64_t msgid, struct slice bytes,
    const char *why, struct err *e);
/* A bare message has the number of another one: keep it, in the form in which it
 * came.  From now on the association is forked. */
int inbox_fork(struct inbox *i, const struct message *m, const char *why,
    struct err *e);
/* Is the association forked?  1: yes, 0: no.  inbox_end_fork lets it go, and keeps
 * the copy under another name. */
int inbox_forked(int association_dir, struct err *e);
int inbox_end_fork(int association_dir, struct err *e);
/* Make all that is durable visible to hubd as sealed segments. */
int inbox_seal(struct inbox *i, struct err *e);
void inbox_close(struct inbox *i);

/* For hubd, who holds no session lock: a reader said that msgid, in inbox/, is
 * damaged.  What is good around it is kept in segments of its own, the file
 * goes to quarantine/, the number is missing and will be asked for again. */
int inbox_repair(int association_dir, uint64_t msgid, struct err *e);

#endif
