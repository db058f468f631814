/*
 * spoke serve: the far side of a hub's pull, as the forced command of its key.
 */
#include "config.h"

#include "spoke/commands/commands.h"
#include "spoke/incoming.h"

int
command_serve(const struct options *opts, int argc, char **argv)
{
	static const struct answer_verb serve = { CONFIG_SPOKE, incoming_take };

	return answer_command(&serve, opts, argc, argv);
}
