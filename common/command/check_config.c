/*
 * Verb check-config: whether the configuration can be worked with.
 */
#include "config.h"

#include <unistd.h>

#include "common/command/check_config.h"
#include "common/command/ground.h"

int
command_check_config(const struct options *opts, int argc, char **argv)
{
	/* Nothing is entered or opened: any account may check. */
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct config *c = NULL;
	struct err e = { 0 };
	int rc = -1;

	g.operands = options_parse(&g.options, NULL, argc, argv, &e);
	if (g.operands != -1 && ground_check_operands(&g, 0, &e) == 0 &&
	    config_read(g.options.config, &c, &e) == 0)
		rc = g.options.verbose ? config_print(c, STDOUT_FILENO, &e) : 0;
	config_free(c);
	return rc == 0 ? 0 : command_failed(&e);
}
