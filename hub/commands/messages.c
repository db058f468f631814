/*
 * hubctl messages: what was received.
 */
#include "config.h"

#include "common/command/messages.h"
#include "common/spool/reader.h"
#include "hub/commands/commands.h"

int
command_messages(const struct options *opts, int argc, char **argv)
{
	static const struct messages_verb received = { .role = CONFIG_HUB,
		.dirs = SPOOL_INBOX | SPOOL_ARCHIVE };

	return messages_command(&received, opts, argc, argv);
}
