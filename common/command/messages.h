/*
 * The verb messages: messages of an association as text that can be parsed
 * again.  The same for both ends but for where they lie.
 */
#ifndef COMMON_COMMAND_MESSAGES_H
#define COMMON_COMMAND_MESSAGES_H

#include "common/command/ground.h"

struct messages_verb {
	enum config_role role;
	unsigned dirs; /* a set of enum spool_dirs */
	/* Seals what is not yet: readers see nothing else.  NULL: not ours to
	 * do. */
	void (*seal)(int association_dir);
};

/* Damaged messages are logged and left out, and are ERR_INPUT in the end. */
int messages_command(const struct messages_verb *v, const struct options *o,
    int argc, char **argv);

#endif
