/*
 * hubctl receive: the far side of a spoke's push, as the forced command of its
 * key.
 */
#include "config.h"

#include "hub/commands/commands.h"

int
command_receive(const struct options *opts, int argc, char **argv)
{
	static const struct answer_verb receive = { CONFIG_HUB, NULL };

	return answer_command(&receive, opts, argc, argv);
}
