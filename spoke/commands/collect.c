/*
 * spoke collect: what is due, once.
 */
#include "config.h"

#include "spoke/collect.h"
#include "spoke/commands/commands.h"

int
command_collect(const struct options *opts, int argc, char **argv)
{
	const char *now = NULL;
	const struct options_flag flags[] = {
		{ "now", 0, false, &now },
		{ 0 },
	};
	struct ground g = ground_make(CONFIG_SPOKE, opts, argc, argv);
	struct collect_opts o = { 0 };
	struct err e = { 0 };
	int status = 0, rc = -1;

	g.flags = flags;
	if (ground_open(&g, GROUND_CHANGING, &e) == 0) {
		o.at_once = now != NULL;
		o.only = o.at_once && g.operands == 1 ? argv[1] : NULL;
		if (ground_check_operands(&g, o.at_once ? 1 : 0, &e) == 0)
			rc = collect_run(&g, &o, &status, &e);
	}
	ground_close(&g);
	return rc == 0 ? status : command_failed(&e);
}
