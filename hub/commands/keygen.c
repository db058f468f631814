/*
 * hubctl keygen: an Ed25519 key pair for ssh, made by ssh-keygen.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/proc.h"
#include "hub/commands/commands.h"

static int
run_keygen(const char *file, const char *comment, struct err *e)
{
	const char *const argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N",
		"", "-C", comment, "-f", file, NULL };
	const struct proc_opts o = { .argv = argv };
	struct buf errs = { 0 };
	struct proc_result r;
	char how[64], said[160];
	int rc = proc_run(&o, &r, NULL, &errs, e);

	if (rc == 0 && (r.exit_status != 0 || r.timed_out)) {
		proc_describe(&r, how, sizeof(how));
		rc = err_set(e, ERR_CREATE, "ssh-keygen: %s: %s", how,
		    log_escape(said, sizeof(said), buf_slice(&errs)));
	}
	buf_clear(&errs);
	return rc;
}

static int
make_key(const struct ground *g, const char *file, struct err *e)
{
	char *public = mem_printf("%s.pub", file);
	char *comment = mem_printf("axletree@%s", g->config->node.id);
	struct stat st;
	int rc;

	/* ssh-keygen would ask */
	if (lstat(file, &st) == 0 || lstat(public, &st) == 0)
		rc = err_set(e, ERR_CREATE,
		    "%s or %s is there already; choose another name", file,
		    public);
	else
		rc = run_keygen(file, comment, e);
	if (rc == 0)
		printf("%s\n", public);
	free(public);
	free(comment);
	return rc;
}

int
command_keygen(const struct options *opts, int argc, char **argv)
{
	struct ground g;
	struct err e = { 0 };
	int rc = -1;

	/* as the node's account, which is to read it */
	if (ground_open(&g, opts, NULL, argc, argv, &e) == 0) {
		if (g.operands == 1)
			rc = make_key(&g, argv[1], &e);
		else
			err_set(&e, ERR_USAGE, "one FILE is needed");
	}
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
