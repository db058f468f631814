/*
 * hubctl renew: begin a new stream of what the hub sends, with all that is still
 * held.
 */
#include "config.h"

#include <unistd.h>

#include "common/base/log.h"
#include "hub/commands/commands.h"
#include "transport/delivery/feeder.h"

static int
renew(int dir, const struct association *a, struct err *e)
{
	const struct outbox_opts opts = feeder_outbox_opts(a);
	char stream[STREAM_TEXT_SIZE];
	struct outbox *o = NULL;
	int rc = -1;

	if (outbox_open(dir, &opts, &o, e) == -1)
		return -1;
	if (outbox_renew(o, e) == 0 && outbox_seal(o, e) == 0)
		rc = 0;
	if (rc == 0)
		log_info("new stream association=%s stream=%s", a->name,
		    stream_text(outbox_state(o)->stream, stream));
	outbox_close(o);
	return rc;
}

int
command_renew(const struct options *opts, int argc, char **argv)
{
	const struct association *a = NULL;
	struct ground g = ground_make(CONFIG_HUB, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1, dir = -1;

	if (ground_open(&g, GROUND_CHANGING, &e) == 0)
		a = ground_operand(&g, 1, &e);
	if (a != NULL)
		dir = node_open_association(&g.node, a, &e);
	if (dir != -1) {
		rc = renew(dir, a, &e);
		close(dir);
	}
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
