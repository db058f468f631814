/*
 * spoke announce: spool the present configuration again, for the next delivery.
 */
#include "config.h"

#include "common/base/log.h"
#include "spoke/carried.h"
#include "spoke/commands/commands.h"
#include "spoke/outgoing.h"
#include "spoke/told.h"

enum {
	ANNOUNCE_WAIT_MS = 60000 /* for an outbox */
};

static int
announce(struct ground *g, const struct association *a, struct err *e)
{
	struct outgoing *o = NULL;
	bool known = false;
	int rc = outgoing_open(&g->node, a, ANNOUNCE_WAIT_MS, &o, e);

	if (rc == 0)
		rc = outgoing_repeat(o, 0, (uint64_t)wall_s(clock_wall()),
		    &known, e);
	if (rc == 0 && known)
		rc = outgoing_commit(o, e);
	else if (rc == 0)
		log_info("nothing to announce yet association=%s", a->name);
	if (rc == 0)
		told_outbox(g, a, outgoing_state(o));
	outgoing_close(o);
	return rc;
}

int
command_announce(const struct options *opts, int argc, char **argv)
{
	const struct association *const *list = NULL;
	struct ground g = ground_make(CONFIG_SPOKE, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1, status = 0;

	if (ground_open(&g, GROUND_CHANGING, &e) == 0)
		list = ground_list(&g, &e);
	if (list == NULL)
		goto out;
	rc = 0;
	for (; *list != NULL; list++) {
		struct err one = { 0 };

		if (announce(&g, *list, &one) == -1)
			status = err_worse_exit(status, command_failed(&one));
		else
			(void)carried_look(&g, *list);
	}
out:
	ground_close(&g);
	return rc == 0 ? status : command_failed(&e);
}
