/*
 * Verbs receive and serve; see commands.h.
 */
#include "config.h"

#include <signal.h>

#include "transport/commands/commands.h"
#include "transport/delivery/inbound.h"

static int
answer(const struct answer_verb *v, const struct ground *g,
    const struct association *a, int *stopped, struct err *e)
{
	struct channel ch;
	const struct inbound_opts o = { .config = g->config,
		.node = &g->node,
		.association = a,
		.notices = g->notices,
		.channel = &ch,
		.took = v->took };
	struct delivery_result r = { 0 };
	struct err ignored = { 0 }; /* the session said it all */
	int rc;

	if (channel_stdio(&ch, e) == -1)
		return -1;
	rc = inbound_answer(&o, &r, e);
	*stopped = r.stopped;
	(void)channel_close(&ch, false, NULL, &ignored);
	return rc;
}

int
answer_command(const struct answer_verb *v, const struct options *opts,
    int argc, char **argv)
{
	const struct association *a = NULL;
	struct ground g = ground_make(v->role, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1, stopped = 0;

	if (ground_open(&g, GROUND_CHANGING, &e) == 0)
		a = ground_operand(&g, 1, &e);
	if (a != NULL)
		rc = answer(v, &g, a, &stopped, &e);
	ground_close(&g);
	if (stopped != 0)
		(void)raise(stopped); /* now that all is kept */
	return rc == 0 ? 0 : command_failed(&e);
}
