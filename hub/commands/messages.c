/*
 * hubctl messages: what was received, as text that can be parsed again.
 */
#include "config.h"

#include <unistd.h>

#include "common/spool/print.h"
#include "hub/commands/commands.h"

int
command_messages(const struct options *opts, int argc, char **argv)
{
	struct print_range want;
	const struct association *a = NULL;
	struct spool_reader *r = NULL;
	struct ground g = { .role = CONFIG_HUB,
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
	if (spool_reader_open(dir, SPOOL_INBOX | SPOOL_ARCHIVE, want.first, &r,
		&e) == 0)
		rc = print_messages(r, &want, &e);
out:
	spool_reader_close(r);
	if (dir != -1)
		close(dir);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
