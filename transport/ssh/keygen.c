/*
 * A key pair; see keygen.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/proc.h"
#include "transport/ssh/keygen.h"

static int
run_keygen(const char *file, const char *comment, struct err *e)
{
	const char *const argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N",
		"", "-C", comment, "-f", file, NULL };
	const struct proc_opts o = { .argv = argv };
	struct buf errs = { 0 };
	struct proc_result r;
	struct slice line;
	char how[64], said[160];
	int rc = proc_run(&o, &r, NULL, &errs, e);

	line = buf_slice(&errs);
	while (line.n > 0 && strchr("\r\n", line.p[line.n - 1]) != NULL)
		line.n--;
	if (rc == 0 && (r.exit_status != 0 || r.timed_out)) {
		proc_describe(&r, how, sizeof(how));
		rc = err_set(e, ERR_CREATE, "ssh-keygen: %s: %s", how,
		    log_escape(said, sizeof(said), line));
	}
	buf_clear(&errs);
	return rc;
}

int
keygen_pair(const char *file, const char *comment, struct err *e)
{
	char *public = mem_printf("%s.pub", file);
	struct stat st;
	int rc;

	/* ssh-keygen would ask; a name that begins with "-" is an option */
	if (*file == '-' || *file == '\0')
		rc = err_set(e, ERR_USAGE, "%s: not a file name", file);
	else if (lstat(file, &st) == 0 || lstat(public, &st) == 0)
		rc = err_set(e, ERR_CREATE,
		    "%s or %s is there already; choose another name", file,
		    public);
	else
		rc = run_keygen(file, comment, e);
	free(public);
	return rc;
}
