/*
 * hubctl messages: what was received, or sent.
 */
#include "config.h"

#include "common/command/messages.h"
#include "hub/commands/commands.h"

int
command_messages(const struct options *opts, int argc, char **argv)
{
	return messages_command(CONFIG_HUB, opts, argc, argv);
}
