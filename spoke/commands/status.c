/*
 * spoke status: what waits and what was delivered, a line an association.
 */
#include "config.h"

#include "spoke/commands/view.h"

static int
print_all(struct ground *g, struct err *e)
{
	const struct association *const *list = ground_list(g, e);
	struct notices *n = NULL;
	struct view v;
	int rc =
	    list == NULL ? -1 : notices_open(g->node.state_dir, NULL, &n, e);

	if (rc == 0 && !g->options.json && *list != NULL)
		status_print_head();
	for (; rc == 0 && *list != NULL; list++) {
		rc = view_look(g, n, *list, &v, e);
		if (rc == 0 && g->options.json)
			status_print_json(&v.s);
		else if (rc == 0)
			status_print(&v.s);
	}
	notices_close(n);
	return rc;
}

int
command_status(const struct options *opts, int argc, char **argv)
{
	struct ground g = { .role = CONFIG_SPOKE,
		.options = *opts,
		.argc = argc,
		.argv = argv };
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, GROUND_READING, &e) == 0)
		rc = print_all(&g, &e);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
