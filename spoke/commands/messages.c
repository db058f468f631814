/*
 * spoke messages: what was spooled, as text that can be parsed again.
 */
#include "config.h"

#include <unistd.h>

#include "common/base/log.h"
#include "common/spool/outbox.h"
#include "common/spool/print.h"
#include "spoke/commands/commands.h"

enum {
	MESSAGES_WAIT_MS = 5000 /* for the outbox, to have all of it sealed */
};

/* Readers see sealed segments only.  Where somebody else has the lock, what he
 * writes now is left for the next time. */
static void
seal(int dir)
{
	const struct outbox_opts opts = { .lock_wait_ms = MESSAGES_WAIT_MS };
	struct outbox *o = NULL;
	struct err e = { 0 };

	if (outbox_open(dir, &opts, &o, &e) == -1 || outbox_seal(o, &e) == -1)
		log_warn("the newest messages may be missing: %s", e.msg);
	outbox_close(o);
}

int
command_messages(const struct options *opts, int argc, char **argv)
{
	struct print_range want;
	const struct association *a = NULL;
	struct spool_reader *r = NULL;
	struct ground g = { .role = CONFIG_SPOKE,
		.options = *opts,
		.argc = argc,
		.argv = argv };
	struct err e = { 0 };
	int dir = -1, rc = -1;

	if (ground_open(&g, GROUND_READING, &e) == 0)
		a = ground_operand(&g, 2, &e);
	if (a == NULL ||
	    print_range_parse(g.operands == 2 ? argv[2] : NULL, &want, &e) ==
		-1)
		goto out;
	dir = node_open_association(&g.node, a, &e);
	if (dir == -1)
		goto out;
	seal(dir);
	if (spool_reader_open(dir, SPOOL_OUTBOX | SPOOL_SENT, want.first, &r,
		&e) == 0)
		rc = print_messages(r, &want, &e);
out:
	spool_reader_close(r);
	if (dir != -1)
		close(dir);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
