/*
 * The hub's ingest: works off what sessions left in the inboxes of all its
 * associations, in order and once, into trees and a store, and moves it into
 * the archives.  Synchronous, without a loop: the caller says when, and what
 * the time is.
 */
#ifndef HUB_INGEST_INGEST_H
#define HUB_INGEST_INGEST_H

#include "common/base/clock.h"
#include "common/config/config.h"
#include "common/config/node.h"
#include "common/operator/notice.h"
#include "common/spool/cursor.h"
#include "hub/ingest/compile.h"
#include "hub/ingest/settling.h"
#include "hub/stores/store.h"

struct ingest_opts {
	const struct config *config;
	const struct node *node;
	struct store *store;
	struct compiler *compiler;
	struct notices *notices;
	/* at most between a value and its safe storage; 0: 60 s */
	int64_t sync_ms;
	size_t waiting_max; /* values in the store's memory; 0: 4,000,000 */
};

struct ingest_counts {
	uint64_t messages, duplicates;
	uint64_t values;   /* handed to the store */
	uint64_t poison;   /* messages */
	uint64_t newest_s; /* Timestamp of the DATA message handed on last */
};

struct ingest_status {
	const struct association *association;
	enum settling_state state;
	bool stopped; /* it waits for a person, or for its next try */
	struct spool_point cursor;
	uint64_t low;                     /* everything up to here is stored */
	uint64_t generation;              /* compiled */
	uint64_t waits, marked, withheld; /* messages */
	struct ingest_counts counts;
};

struct ingest;

/* Opens every association of which this node is the hub, and applies again
 * what an unclean end left; one that cannot be opened is told of and left out.
 * Borrows opts and what it points to until ingest_close. */
struct ingest *ingest_open(const struct ingest_opts *opts, struct mono now,
    struct wall wall);
/* Sessions may have left something for this association, counted as by
 * ingest_status (SIZE_MAX: for any); its inbox is looked at in the next step.
 * At the start all are. */
void ingest_look(struct ingest *g, size_t index);
/* Bounded work.  True: there is more, call again soon. */
bool ingest_step(struct ingest *g, struct mono now, struct wall wall);
/* When it wants to be called without an event. */
struct mono ingest_wake(const struct ingest *g);
/* What was handed to the store is surely stored when it returns. */
int ingest_sync(struct ingest *g, struct mono now, struct wall wall,
    struct err *e);
/* Let go what waits for a person; what: "config", "stream", "fork", or NULL.
 * 1: nothing waits. */
int ingest_accept(struct ingest *g, const char *association, const char *what,
    struct err *e);
/* Compile a tree, or all (NULL), now and from its CONFIGs anew. */
int ingest_compile(struct ingest *g, const char *tree, struct err *e);
/* Of one association after the other; false: there is none with this index. */
bool ingest_status(const struct ingest *g, size_t index,
    struct ingest_status *out);
void ingest_close(struct ingest *g);

#endif
