/*
 * spoke push: deliver what waits, for every association that we dial.  Nothing
 * to send: no connection, unless --always.  What lies in a carried directory
 * needs none.
 */
#include "config.h"

#include <unistd.h>

#include "common/spool/peek.h"
#include "spoke/commands/commands.h"
#include "spoke/incoming.h"
#include "transport/carried/carried_peek.h"

static int
anything_waits(const struct node *n, const struct association *a, bool *waits,
    struct err *e)
{
	struct peek peek;
	int dir = node_open_association(n, a, e), rc;

	if (dir == -1)
		return -1;
	rc = peek_outbox(dir, &peek, e);
	*waits = rc == 0 && (peek.last > peek.acked || carried_peek(a));
	close(dir);
	return rc;
}

enum {
	/* The hubs may be one: sshd turns away who comes when ten log in. */
	AT_ONCE = 8,
	MOST = 64,
};

int
command_push(const struct options *opts, int argc, char **argv)
{
	static const struct dial_verb push = { CONFIG_SPOKE, anything_waits,
		incoming_take, AT_ONCE, MOST };

	return dial_command(&push, opts, argc, argv);
}
