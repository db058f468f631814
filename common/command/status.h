/*
 * The verb status: an association as it stands, a line of a table, or with
 * --json an object.  The same for both ends but for how it is found out.
 */
#ifndef COMMON_COMMAND_STATUS_H
#define COMMON_COMMAND_STATUS_H

#include "common/command/ground.h"
#include "common/message/message.h"

struct status {
	const struct association *a;
	char state[32];
	bool trouble; /* the state is one that a person must know of */
	struct stream_id stream;
	uint64_t last, acked; /* MsgIDs; 0: none */
	uint64_t waiting_messages, waiting_bytes;
	uint64_t oldest_s; /* Timestamp of the oldest that waits; 0: none */
	int64_t lag_s;     /* -1: unknown */
	int64_t last_delivery_s;   /* epoch; 0: never */
	uint64_t wire_bytes_month; /* both directions, of this month */
	uint64_t gaps, quarantined;
	uint64_t refused; /* things of the far end's, ever */
	/* messages of the return direction, not acknowledged; -1: unknown */
	int64_t to_spoke_waiting;
};

/* What is looked with. */
struct status_look {
	const struct ground *ground;
	const struct notices *notices; /* the node's, for reading */
	/* what the daemon says; NULL: none runs or answers, or it is not asked */
	const char *says;
};

/* Which associations, and how one is looked at. */
struct status_source {
	enum config_role role;
	/* The daemon's own words, owned.  NULL: it is not asked. */
	char *(*ask)(const struct ground *g);
	int (*look)(const struct status_look *l, const struct association *a,
	    struct status *out, struct err *e);
};

/* Called once with out NULL, then for each association. */
typedef void status_each(void *arg, const struct status_look *l,
    const struct status *out);

/* Those that the operands name, or all of this role. */
int status_look_at_all(const struct status_source *s, struct ground *g,
    status_each *each, void *arg, struct err *e);

int status_command(const struct status_source *s, const struct options *o,
    int argc, char **argv);

#endif
