/*
 * hubctl pull: fetch what waits at the spokes that we dial.  Only the far end
 * knows whether anything does.
 */
#include "config.h"

#include "hub/commands/commands.h"
#include "transport/links/links.h"

enum {
	MOST = 4 * LINKS_MOST, /* the silent ones, too */
};

int
command_pull(const struct options *opts, int argc, char **argv)
{
	static const struct dial_verb pull = { CONFIG_HUB, NULL, NULL,
		LINKS_MOST, MOST };

	return dial_command(&pull, opts, argc, argv);
}
