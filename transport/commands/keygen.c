/*
 * Verb keygen: an Ed25519 key pair for ssh, or for signatures on carried files.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "transport/carried/signature.h"
#include "transport/commands/commands.h"
#include "transport/ssh/keygen.h"

/* It is to be given away: whoever carries it reads it, whatever our umask. */
static int
let_read(const char *file, struct err *e)
{
	char *public = mem_printf("%s.pub", file);
	int rc = chmod(public, 0644);

	if (rc == -1)
		err_sys(e, "%s", public);
	free(public);
	return rc;
}

int
command_keygen(const struct options *opts, int argc, char **argv)
{
	const char *sign = NULL;
	const struct options_flag flags[] = {
		{ "sign", 0, false, &sign },
		{ 0 },
	};
	struct ground g = { .options = *opts,
		.flags = flags,
		.argc = argc,
		.argv = argv,
		.keyless = true };
	struct err e = { 0 };
	char *comment = NULL;
	int rc = -1;

	/* as the node's account, which is to read it */
	if (ground_open(&g, GROUND_READING, &e) == 0) {
		comment = mem_printf("axletree@%s", g.config->node.id);
		if (g.operands != 1)
			err_set(&e, ERR_USAGE, "one FILE is needed");
		else if (sign != NULL)
			rc = signature_keygen(argv[1], &e);
		else
			rc = keygen_pair(argv[1], comment, &e);
	}
	if (rc == 0)
		rc = let_read(argv[1], &e);
	if (rc == 0 && (g.options.verbose || isatty(STDOUT_FILENO) == 1))
		(void)printf("%s.pub\n", argv[1]);
	free(comment);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
