/*
 * hubctl check-config: whether the configuration can be worked with.
 */
#include "config.h"

#include <unistd.h>

#include "hub/commands/commands.h"

int
command_check_config(const struct options *opts, int argc, char **argv)
{
	struct options o = *opts;
	struct config *c = NULL;
	struct err e = { 0 };
	int operands = options_parse(&o, NULL, argc, argv, &e), rc = -1;

	if (operands > 0)
		err_set(&e, ERR_USAGE,
		    "too many words; see hubctl "
		    "check-config --help");
	else if (operands == 0 && config_read(o.config, &c, &e) == 0)
		rc = o.verbose ? config_print(c, STDOUT_FILENO, &e) : 0;
	config_free(c);
	return rc == 0 ? 0 : command_failed(&e);
}
