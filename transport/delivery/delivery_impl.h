/*
 * What the files of the delivery share; not for others.
 */
#ifndef TRANSPORT_DELIVERY_DELIVERY_IMPL_H
#define TRANSPORT_DELIVERY_DELIVERY_IMPL_H

#include <signal.h>

#include "common/config/node.h"
#include "transport/delivery/delivery.h"
#include "transport/delivery/feeder.h"

enum {
	DELIVERY_READ = 64 << 10, /* bytes at once */
};

/* Asks a session to end in order.  SIGTERM: at once, for a newer one waits. */
#define DELIVERY_LEAVE SIGUSR1

struct delivery {
	const struct delivery_opts *o;
	struct delivery_result *r;
	struct delivery_sofar *sofar; /* the parent reads it */
	struct node node;
	int association_dir, lock_fd, slot_fd;
	bool kept;    /* it waits for what is written meanwhile, by */
	int watch_fd; /* inotify, or -1: it looks now and then */
	struct mono looked_at;
	struct inbox *in;
	struct feeder feeder;
	struct session *session;
	struct buf input;
	uint64_t overhead; /* of the channel, that the session was told of */
	int wake_fd;       /* the parent's, to look; -1: none */
	uint64_t woken_at; /* bytes on the wire, when it was woken last */
	struct mono now, took_at;
	bool unsealed; /* took_at says since when */
	/* put into the inbox and not durable yet, since when; msgid 0: nothing */
	struct spool_point taken;
	struct mono taken_at;
	size_t taken_bytes;
	uint64_t taken_n;  /* messages */
	bool coding_ahead; /* come again after a look for events */
	bool write_full;   /* wait until it can be written again */
	bool write_closed; /* the peer reads no more */
	int write_errno;   /* why */
	bool over;
};

/* delivery_run in this process, which is confined from then on.  wake_fd: an
 * eventfd that has the parent look; -1: none. */
int delivery_run_here(const struct delivery_opts *o, int wake_fd,
    struct delivery_sofar *sofar, struct delivery_result *r, struct err *e);
/* The inbox behind its cursor. */
int delivery_open_inbox(const struct node *n, int association_dir,
    const struct association *a, struct inbox **out, struct err *e);
/* Be told of what is written to the outbox, wherever that is now: a new stream is
 * made beside it and takes its place.  Again does no harm; without inotify neither. */
int delivery_watch(struct delivery *d, struct err *e);
/* It waits for what is said meanwhile. */
bool delivery_is_kept(const struct delivery_opts *o);
/* Run d->session to its end. */
int delivery_loop(struct delivery *d, struct err *e);

#endif
