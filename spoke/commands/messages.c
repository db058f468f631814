/*
 * spoke messages: what was spooled, or received.
 */
#include "config.h"

#include "common/command/messages.h"
#include "spoke/commands/commands.h"

int
command_messages(const struct options *opts, int argc, char **argv)
{
	return messages_command(CONFIG_SPOKE, opts, argc, argv);
}
