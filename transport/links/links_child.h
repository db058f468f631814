/*
 * One session of a daemon, in a process of its own; not for others than links.
 */
#ifndef TRANSPORT_LINKS_LINKS_CHILD_H
#define TRANSPORT_LINKS_LINKS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "transport/delivery/delivery.h"

struct links_child {
	uv_loop_t *loop; /* the parent's */
	const struct config *config;
	const struct association *association;
	bool again; /* we dial, and the last one did not end well */
	int fd;     /* of a session that the far end began, else -1: we dial */
	struct channel_meter *meter; /* of such a one, or NULL */
	/* Of such a one: a failure may be told, with those before it that were
	 * not. */
	bool may_tell;
	uint64_t untold;
	delivery_took *took; /* or NULL */
};

/* Returns its number, or -1 with errno.  It ends with its parent, orderly at a
 * SIGTERM, and its status is an enum links_schedule_end. */
pid_t links_child_fork(const struct links_child *c);

#endif
