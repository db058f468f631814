/*
 * hubctl status: what was received and ingested, a line an association.
 */
#include "config.h"

#include "hub/commands/view.h"

int
command_status(const struct options *opts, int argc, char **argv)
{
	return status_command(&view_source, opts, argc, argv);
}
