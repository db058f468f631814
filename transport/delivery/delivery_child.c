/*
 * Work in a child; see delivery_child.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/proc.h"
#include "common/base/sandbox.h"
#include "transport/delivery/delivery_child.h"
#include "transport/delivery/delivery_impl.h"

/* What the child tells, as it lies in memory: both are one program. */
struct report {
	int rc;
	struct err err;
	struct delivery_result result;
};

static void child(delivery_work *f, void *arg,
    const struct delivery_child_fds *only, int report_fd)
    __attribute__((noreturn));

static void
child(delivery_work *f, void *arg, const struct delivery_child_fds *only,
    int report_fd)
{
	struct report report = { 0 };
	struct err ignored = { 0 }; /* nobody is left to tell */

	proc_own_signals(NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (only != NULL) {
		const int keep[] = { only->fd[0], only->fd[1], only->fd[2],
			report_fd };

		sandbox_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	}
	report.rc = f(arg, &report.result, &report.err);
	io_write_full(report_fd,
	    (struct slice){ (const char *)&report, sizeof(report) }, &ignored);
	_exit(0);
}

int
delivery_child_start(delivery_work *f, void *arg,
    const struct delivery_child_fds *only, struct delivery_child *c,
    struct err *e)
{
	sigset_t all, before;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_sys(e, "pipe");
	/* until they are its own: a loop's would tell its parent's */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		child(f, arg, only, fd[1]);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	close(fd[1]);
	if (pid == -1) {
		err_sys(e, "fork");
		close(fd[0]);
		return -1;
	}
	*c = (struct delivery_child){ pid, fd[0] };
	return 0;
}

/* It ended without a word. */
static int
explain(int status, struct err *e)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return err_set(e, ERR_TEMP,
		    "the session was killed (signal 9): it did not make way "
		    "for a newer one within 5 s, or memory ran out");
	if (WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT ||
		WTERMSIG(status) == DELIVERY_LEAVE))
		return err_set(e, ERR_TEMP,
		    "the session was ended by signal %d", WTERMSIG(status));
	return err_set(e, ERR_INTERNAL, "the session died with status 0x%x",
	    (unsigned)status);
}

int
delivery_child_end(struct delivery_child *c, struct delivery_result *r,
    struct err *e)
{
	struct report report = { .rc = -1 };
	struct buf b = { 0 };
	struct err ignored = { 0 }; /* no report then */
	int status = 0;

	if (io_read_upto(c->fd, sizeof(report), &b, &ignored) == 0 &&
	    b.n == sizeof(report))
		memcpy(&report, b.p, sizeof(report));
	buf_clear(&b);
	/* It is confined, and may have been another's since. */
	if (!err_from_outside(&report.err) || report.rc != 0)
		report.rc = -1;
	while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	close(c->fd);
	*r = report.result;
	if (report.rc == -1 && report.err.kind == ERR_NONE)
		return explain(status, e);
	*e = report.err;
	return report.rc;
}
