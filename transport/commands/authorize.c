/*
 * Verb authorize: the line of authorized_keys that lets the far end's key do one
 * thing: open sessions of its association (S2); with --verify, whether a file
 * has it and sshd(8) will heed it.
 */
#include "config.h"

#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "transport/commands/commands.h"
#include "transport/ssh/authorize.h"
#include "transport/ssh/authorized_keys.h"

/* Tells all that is wrong. */
static int
verify(const struct config *c, const char *file, struct slice line,
    struct err *e)
{
	struct buf problems = { 0 };
	struct node_account who;
	struct slice in, problem;
	size_t n = 0;
	int rc = -1;

	if (node_account(c, &who, e) == -1 ||
	    authorized_keys_check_file(file, &who, line, &problems, e) == -1)
		goto out;
	authorized_keys_check_shell(&who, &problems);
	in = buf_slice(&problems);
	for (; slice_cut(&in, '\n', &problem); n++)
		log_err("%s: %.*s", file, (int)problem.n, problem.p);
	rc = n == 0 ? 0
		    : err_set(e, ERR_CONFIG,
			  "%s: not as it should be; without --verify the "
			  "right line is printed",
			  file);
out:
	buf_clear(&problems);
	return rc;
}

int
command_authorize(const struct options *opts, int argc, char **argv)
{
	const char *file = NULL;
	const struct options_flag flags[] = {
		{ "verify", 0, true, &file },
		{ 0 },
	};
	struct options o = *opts;
	struct config *c = NULL;
	struct buf line = { 0 };
	struct err e = { 0 };
	int operands = options_parse(&o, flags, argc, argv, &e), rc = -1;

	if (operands >= 0 && operands != 2)
		err_set(&e, ERR_USAGE,
		    "an ASSOCIATION and a KEY.pub are needed");
	else if (operands == 2 && config_read(o.config, &c, &e) == 0 &&
	    authorize_file(c, argv[1], argv[2], &line, &e) == 0)
		rc = file != NULL
		    ? verify(c, file, buf_slice(&line), &e)
		    : io_write_full(STDOUT_FILENO, buf_slice(&line), &e);
	buf_clear(&line);
	config_free(c);
	return rc == 0 ? 0 : command_failed(&e);
}
