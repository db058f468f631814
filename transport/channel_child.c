/*
 * Channels with a child; see channel_child.h.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/proc.h"
#include "common/base/sandbox.h"
#include "transport/channel_child.h"

enum {
	DEADLINE_MAX_S = 86400,
};

/* --- The child --------------------------------------------------------------- */

void
channel_child_cpu(rlim_t seconds)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_CPU, &l) == -1)
		return;
	l.rlim_cur = seconds < l.rlim_max ? seconds : l.rlim_max;
	setrlimit(RLIMIT_CPU, &l); /* within the hard one: always allowed */
}

bool
channel_child_is_orphan(int local)
{
	struct pollfd p = { .fd = local };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;
}

/* Whatever a library waits for, it ends at the deadline. */
static void
set_alarm(struct mono deadline)
{
	int64_t left_ms = -mono_ms_since(clock_mono(), deadline);

	if (deadline.ns == 0)
		return;
	if (left_ms < 1)
		left_ms = 1;
	if (left_ms < DEADLINE_MAX_S * INT64_C(1000))
		alarm((unsigned)((left_ms + 999) / 1000));
}

struct work {
	transport_carry *carry;
	const struct association *association;
	struct mono deadline;
	int local, report_fd;
	struct channel_shared *shared;
};

static void child(const struct work *w) __attribute__((noreturn));

static void
child(const struct work *w)
{
	const int own[] = { w->local, w->report_fd };
	struct channel_report r = { .err = { 0 } };
	struct err ignored; /* nobody is left to tell */

	proc_own_signals(NULL);
	(void)signal(SIGINT, SIG_IGN); /* a terminal's: our stream ends */
	sandbox_close_others(own, sizeof(own) / sizeof(own[0]));
	set_alarm(w->deadline);
	(void)w->carry(w->association, w->deadline, w->local, w->shared,
	    &r.err);
	shutdown(w->local, SHUT_RDWR);
	io_write_full(w->report_fd, (struct slice){ (char *)&r, sizeof(r) },
	    &ignored);
	_exit(0);
}

/* --- The parent ---------------------------------------------------------------- */

int
channel_child_start(transport_carry *carry, const struct association *a,
    struct mono deadline, struct channel *out, struct err *e)
{
	int pair[2] = { -1, -1 }, report[2] = { -1, -1 };
	struct channel_shared *shared = mmap(NULL, sizeof(*shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = -1;

	if (shared == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		pair) == -1 ||
	    pipe2(report, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		err_sys(e, "the process of the connection");
		goto out;
	}
	if (pid == 0)
		child(&(struct work){ carry, a, deadline, pair[1], report[1],
		    shared });
	*out = (struct channel){ pair[0], pair[0], pid, report[0],
		.shared = shared };
	pair[0] = report[0] = -1;
out:
	if (pid == -1 && shared != MAP_FAILED)
		munmap(shared, sizeof(*shared));
	if (pair[0] != -1)
		close(pair[0]);
	if (pair[1] != -1)
		close(pair[1]);
	if (report[0] != -1)
		close(report[0]);
	if (report[1] != -1)
		close(report[1]);
	return pid == -1 ? -1 : 0;
}

void
channel_child_unshare(struct channel *c)
{
	if (c->shared != NULL)
		munmap((void *)(uintptr_t)c->shared, sizeof(*c->shared));
	c->shared = NULL;
}
