/*
 * spoke daemon: collects on schedule, and keeps the sessions with the hubs.
 */
#include "config.h"

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "spoke/commands/commands.h"
#include "spoke/daemon.h"

/* There is no standard error there. */
static int
go_into_background(const struct ground *g, int *ready_fd, struct err *e)
{
	log_open("spoke", LOG_TARGET_SYSLOG,
	    g->options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	return daemon_background(ready_fd, e);
}

int
command_daemon(const struct options *opts, int argc, char **argv)
{
	const char *background = NULL;
	const struct options_flag flags[] = {
		{ "background", 'd', false, &background },
		{ 0 },
	};
	struct ground g = ground_make(CONFIG_SPOKE, opts, argc, argv);
	struct err e = { 0 };
	int ready_fd = -1, rc = -1;

	g.flags = flags;
	if (ground_open(&g, GROUND_READING, &e) == 0 &&
	    ground_check_operands(&g, 0, &e) == 0) {
		if (!g.options.quiet && !g.options.verbose)
			log_set_level(LOG_LEVEL_INFO);
		if (background == NULL ||
		    go_into_background(&g, &ready_fd, &e) == 0)
			rc = spoke_daemon_run(&g, &ready_fd, &e);
	}
	ground_close(&g);
	if (rc == -1)
		daemon_failed(&ready_fd, "spoke", &e);
	return rc == 0 ? 0 : command_failed(&e);
}
