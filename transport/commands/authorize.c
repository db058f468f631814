/*
 * Verb authorize: the line of authorized_keys that lets the far end's key do one
 * thing: open sessions of its association (S2).
 */
#include "config.h"

#include <unistd.h>

#include "common/base/durable.h"
#include "transport/authorize.h"
#include "transport/commands/commands.h"

int
command_authorize(const struct options *opts, int argc, char **argv)
{
	struct options o = *opts;
	struct config *c = NULL;
	struct buf line = { 0 };
	struct err e = { 0 };
	int operands = options_parse(&o, NULL, argc, argv, &e), rc = -1;

	if (operands >= 0 && operands != 2)
		err_set(&e, ERR_USAGE,
		    "an ASSOCIATION and a KEY.pub are needed");
	else if (operands == 2 && config_read(o.config, &c, &e) == 0 &&
	    authorize_file(c, argv[1], argv[2], &line, &e) == 0)
		rc = io_write_full(STDOUT_FILENO, buf_slice(&line), &e);
	buf_clear(&line);
	config_free(c);
	return rc == 0 ? 0 : command_failed(&e);
}
