/*
 * Transport ssh: the child, and what it gives up; see ssh.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/sandbox.h"
#include "transport/ssh.h"

enum {
	CPU_LOGIN_S =
	    10, /* until logged in; an old machine needs half a second */
	CPU_SESSION_S = 600, /* for one that is not kept */
	DEADLINE_MAX_S = 86400,
};

/* --- The child --------------------------------------------------------------------- */

static void
limit_cpu(rlim_t soft)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_CPU, &l) == -1)
		return;
	l.rlim_cur = soft < l.rlim_max ? soft : l.rlim_max;
	setrlimit(RLIMIT_CPU, &l); /* within the hard one: always allowed */
}

/* Whatever a library waits for, it ends at the deadline. */
static void
set_alarm(struct mono deadline)
{
	int64_t left_ms = -mono_ms_since(clock_mono(), deadline);

	if (left_ms < 1)
		left_ms = 1;
	if (left_ms < DEADLINE_MAX_S * INT64_C(1000))
		alarm((unsigned)((left_ms + 999) / 1000));
}

static void
reset_signals(void)
{
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL); /* KILL: no */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors that are not the child's own: of spools, of other channels. */
static void
close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, (unsigned)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	close_range((unsigned)high + 1, ~0U, 0);
}

/* From here on: no files, no new sockets, no other programs. */
static int
give_up_the_rest(struct err *e)
{
	const struct sandbox_opts nothing = { .n_dir = 0 };
	struct sandbox_state got;

	return sandbox_enter(&nothing, &got, e);
}

static int
live(struct ssh *s, struct err *e)
{
	if (ssh_files(s, e) == -1)
		return -1;
	limit_cpu(CPU_LOGIN_S);
	if (libssh2_init(0) != 0)
		return err_set(e, ERR_TEMP, "libssh2 does not start");
	if (ssh_connect(s, e) == -1 || give_up_the_rest(e) == -1 ||
	    ssh_login(s, e) == -1)
		return -1;
	limit_cpu(s->a->keep ? RLIM_INFINITY : CPU_SESSION_S);
	return ssh_pump(s, e);
}

static void child(struct ssh *s, int report_fd) __attribute__((noreturn));

static void
child(struct ssh *s, int report_fd)
{
	struct channel_report r = { .wire_bytes = 0 };
	struct err ignored; /* nobody is left to tell */
	char where[300];

	reset_signals();
	close_others(s->local, report_fd);
	set_alarm(s->deadline);
	if (live(s, &r.err) == -1)
		err_wrap(&r.err, "ssh %s", ssh_where(s, where, sizeof(where)));
	ssh_close(s);
	shutdown(s->local, SHUT_RDWR);
	r.wire_bytes = s->received + s->sent;
	io_write_full(report_fd, (struct slice){ (char *)&r, sizeof(r) },
	    &ignored);
	_exit(0);
}

/* --- The parent ---------------------------------------------------------------------- */

static int
dial(const struct association *a, struct mono deadline, struct channel *out,
    struct err *e)
{
	struct ssh s = { .a = a, .deadline = deadline, .socket = -1 };
	int pair[2] = { -1, -1 }, report[2] = { -1, -1 };
	pid_t pid = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		pair) == -1 ||
	    pipe2(report, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		err_sys(e, "ssh");
		goto out;
	}
	if (pid == 0) {
		s.local = pair[1];
		child(&s, report[1]);
	}
	*out = (struct channel){ pair[0], pair[0], pid, report[0] };
	pair[0] = report[0] = -1;
out:
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

const struct transport_ops transport_ssh = {
	.name = "ssh",
	.dial = dial,
};
