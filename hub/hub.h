/*
 * A hub put together from one configuration: node, notices, store, compiler,
 * ingest.  What hubd keeps open, and what a hubctl verb that changes state opens
 * for itself while no hubd runs.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "common/base/sandbox.h"
#include "common/config/node.h"
#include "hub/ingest/ingest.h"

struct hub {
	struct config *config;
	struct node node;
	struct notice_mail mail;
	struct notices *notices;
	int lock; /* -1: not held */
	struct store *store;
	struct compiler *compiler;
	struct ingest *ingest; /* NULL until hub_open_ingest, and while
	                          hub_mend fails */
};

struct hub_opts {
	const char *config;       /* NULL: the default */
	const struct hub *before; /* what it will replace, or NULL */
	bool mail_elsewhere;      /* a mailer sends what we record */
};

/* Read the configuration and open the node; no lock, no ingest.  With before,
 * the node is that one's: ERR_CONFIG when it is another, lies elsewhere or is
 * mailed of otherwise, which takes a restart. */
int hub_open(const struct hub_opts *o, struct hub **out, struct err *e);
/* The store, which loads its libraries. */
int hub_open_store(struct hub *h, struct err *e);
/* That failed: for a reason that passes or that a person ends, as a full disk?  Then it
 * is told, and hub_mend's to try again.  False: e stands. */
bool hub_awaits_store(struct hub *h, const struct err *e);
/* The compiler and the ingest, upon the open store. */
void hub_open_ingest(struct hub *h);
/* For good, after the store is open and before the first message is read: only
 * the node's directories and the store's, and, to be read again, the
 * configuration's (S12). */
int hub_confine(const struct hub *h, struct sandbox_state *got, struct err *e);
/* One process at a time works on the state: ERR_TEMP when another does. */
int hub_lock(struct hub *h, struct err *e);
/* False: the store failed (G18) or is not open.  hub_mend then closes it and the
 * ingest, and opens both anew as of their last sync. */
bool hub_is_well(const struct hub *h);
int hub_mend(struct hub *h, struct err *e);
/* When it returns 0 all that was handed to the store is surely stored. */
int hub_sync(struct hub *h, struct err *e);
void hub_close_ingest(struct hub *h);
void hub_close(struct hub *h);

/* Move the lock from old to next, and compile the trees that associations left, came
 * to, or have another subtree or translation in. */
void hub_compile_changed(struct hub *next, struct hub *old);

/* hub_answer.c: requests of the control socket, and of verbs that work by
 * themselves:
 *	accept ASSOCIATION [config|stream|fork]
 *	compile [TREE]
 *	flush [TREE PATH]    write what waits in memory, of one leaf or all
 *	status               one line an association
 * Returns the exit status. */
int hub_answer(struct hub *h, size_t n, const char *const *word,
    struct buf *reply);

#endif
