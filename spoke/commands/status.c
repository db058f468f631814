/*
 * spoke status: what waits and what was delivered, a line an association.
 */
#include "config.h"

#include "spoke/commands/view.h"

int
command_status(const struct options *opts, int argc, char **argv)
{
	return status_command(&view_source, opts, argc, argv);
}
