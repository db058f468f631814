/*
 * A hub put together from one configuration: node, notices, store, compiler,
 * ingest.  What hubd keeps open, and what a hubctl verb that changes state opens
 * for itself while no hubd runs.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

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
	struct ingest *ingest; /* NULL until hub_open_ingest */
};

/* Read the configuration and open the node; no lock, no ingest. */
int hub_open(const char *config, struct hub **out, struct err *e);
/* One process at a time works on the state: ERR_TEMP when another does. */
int hub_lock(struct hub *h, int wait_ms, struct err *e);
int hub_open_ingest(struct hub *h, struct err *e);
/* All that was handed to the store is surely stored. */
int hub_sync(struct hub *h, struct err *e);
void hub_close_ingest(struct hub *h);
void hub_close(struct hub *h);

/* ERR_CONFIG: it is another node, or lies elsewhere: that takes a restart. */
int hub_may_replace(const struct hub *next, const struct hub *old,
    struct err *e);
/* The lock goes over, and what means another tree than before is compiled. */
void hub_compile_changed(struct hub *next, struct hub *old);

/* Requests of the control socket, and of verbs that work by themselves:
 *	accept ASSOCIATION [config|stream|fork]
 *	compile [TREE]
 *	flush [TREE PATH]    write what waits in memory, of one leaf or all
 *	status               one line an association
 * Returns the exit status. */
int hub_answer(struct hub *h, size_t n, const char *const *word,
    struct buf *reply);

#endif
