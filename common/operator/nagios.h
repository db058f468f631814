/*
 * The output of a Nagios plug-in, which the verb `check` of either end is: what
 * is wrong in one line, performance data behind the bar, and then what confines
 * programs of this node.
 */
#ifndef COMMON_OPERATOR_NAGIOS_H
#define COMMON_OPERATOR_NAGIOS_H

#include "common/base/buf.h"
#include "common/operator/notice.h"

/* Also the exit statuses. */
enum nagios_level {
	NAGIOS_OK,
	NAGIOS_WARNING,
	NAGIOS_CRITICAL,
	NAGIOS_UNKNOWN,
};

/* All zero: all is well. */
struct nagios {
	enum nagios_level worst;
	struct buf text;
	struct buf data; /* " 'label'=value" each, by the caller */
};

/* Something is wrong with who. */
void nagios_say(struct nagios *n, enum nagios_level level, const char *who,
    const char *what);
/* An association is in a state of trouble; text: what is told of it, or NULL. */
void nagios_trouble(struct nagios *n, const char *association,
    const char *state, const char *text);
/* For notices_each, of which it takes the states of the node itself; arg: a
 * struct nagios. */
void nagios_node(void *arg, const struct notice *what, struct wall since);
/* Nothing could be found out. */
void nagios_unknown(struct nagios *n, const char *why);
/* Print it for a service; fine: what to say when all is well.  Returns the exit
 * status, and clears n. */
int nagios_end(struct nagios *n, const char *service, const char *fine);

#endif
