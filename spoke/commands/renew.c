/*
 * spoke renew: begin a new stream with all that is still held.
 */
#include "config.h"

#include "common/base/log.h"
#include "spoke/carried.h"
#include "spoke/commands/commands.h"
#include "spoke/outgoing.h"

enum {
	RENEW_WAIT_MS = 60000 /* for the outbox */
};

int
command_renew(const struct options *opts, int argc, char **argv)
{
	const struct association *a = NULL;
	struct outgoing *o = NULL;
	char stream[STREAM_TEXT_SIZE];
	struct ground g = ground_make(CONFIG_SPOKE, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, GROUND_CHANGING, &e) == 0)
		a = ground_operand(&g, 1, &e);
	if (a == NULL ||
	    outgoing_open(&g.node, a, RENEW_WAIT_MS, &o, &e) == -1 ||
	    outgoing_renew(o, &e) == -1 || outgoing_commit(o, &e) == -1)
		goto out;
	log_info("new stream association=%s stream=%s", a->name,
	    stream_text(outgoing_state(o)->stream, stream));
	rc = 0;
out:
	outgoing_close(o);
	if (rc == 0)
		(void)carried_look(&g, a);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
