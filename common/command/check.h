/*
 * The verb check: what status tells, as a Nagios plug-in.  One line,
 * performance data behind the bar, and then what confines programs of this
 * node.
 */
#ifndef COMMON_COMMAND_CHECK_H
#define COMMON_COMMAND_CHECK_H

#include "common/command/status.h"
#include "common/operator/nagios.h"

struct check_verb {
	const struct status_source *source;
	const char *service; /* "HUB" */
	const char *fine;    /* what to say when all is well */
	const char *daemon;  /* it is critical that it answers; NULL: is not */
	/* What this end minds beside trouble and quarantine, and its
	 * performance data. */
	void (*judge)(struct nagios *r, const struct status *s);
};

int check_command(const struct check_verb *v, const struct options *o, int argc,
    char **argv);

#endif
