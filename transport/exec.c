/*
 * Transport exec; see exec.h.  The bytes go between the session and the command
 * without us; a child minds the command: its stderr, its deadline, its end.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/base/proc.h"
#include "transport/exec.h"

enum {
	END_IN,   /* the command's stdin, for it to read */
	END_OUT,  /* its stdout */
	WE_READ,  /* the other end of its stdout */
	WE_WRITE, /* the other end of its stdin */
	REPORT_READ,
	REPORT_WRITE,
	FDS,
};

enum { /* what a shell ends with, here or there */
	NOT_EXECUTABLE = 126,
	NOT_FOUND = 127,
};

/* --- The child --------------------------------------------------------------- */

static size_t
count(config_list list)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	return n;
}

/* Does the list have a variable of that one's name? */
static bool
names(config_list list, const char *variable)
{
	size_t name = (size_t)(strchr(variable, '=') - variable) + 1;

	for (; *list != NULL; list++)
		if (strncmp(*list, variable, name) == 0)
			return true;
	return false;
}

/* What every command gets, and the configuration's, which count where both have
 * one. */
static const char **
environment(config_list ours)
{
	const char **env;
	size_t n_plain = count(proc_plain_env), n_ours = count(ours), at = 0;

	env = mem_array(n_plain + n_ours + 1, sizeof(*env));
	for (size_t i = 0; i < n_plain; i++)
		if (!names(ours, proc_plain_env[i]))
			env[at++] = proc_plain_env[i];
	for (size_t i = 0; i < n_ours; i++)
		env[at++] = ours[i];
	return env;
}

static int
explain(const struct proc_result *r, struct slice errs, struct err *e)
{
	char how[64];

	if (r->timed_out)
		return err_set(e, ERR_TEMP, "no end before the deadline");
	if (r->signal != 0) {
		proc_describe(r, how, sizeof(how));
		return err_set(e, ERR_TEMP, "%s", how);
	}
	if (r->exit_status == 0) {
		channel_far_words(errs, e->msg, sizeof(e->msg));
		return 0;
	}
	if (r->exit_status != NOT_FOUND && r->exit_status != NOT_EXECUTABLE)
		return channel_far_end(r->exit_status, errs, ERR_TEMP, e);
	(void)channel_far_end(r->exit_status, errs, ERR_CONFIG, e);
	return err_wrap(e,
	    r->exit_status == NOT_FOUND
		? "what it is to run was not found"
		: "what it is to run is not executable");
}

static int
mind(const struct association *a, struct mono deadline, const int *stream,
    struct err *e)
{
	int64_t left_ms = deadline.ns == 0
	    ? INT64_MAX / 2 /* none */
	    : -mono_ms_since(clock_mono(), deadline);
	const char **env = environment(a->exec_env);
	const struct proc_opts o = { .argv = a->exec_command,
		.env = env,
		.deadline_ms = left_ms < 1 ? 1 : left_ms,
		.stream = stream,
		.term_ends = true };
	struct proc_result r = { 0 };
	struct buf errs = { 0 };
	int rc = proc_run(&o, &r, NULL, &errs, e);

	if (rc == 0)
		rc = explain(&r, buf_slice(&errs), e);
	buf_clear(&errs);
	free(env);
	if (rc == -1)
		return err_wrap(e, "command %s", a->exec_command[0]);
	if (e->msg[0] != '\0')
		(void)err_wrap(e, "command %s wrote", a->exec_command[0]);
	return 0;
}

static void child(const struct association *a, struct mono deadline,
    const int *fd, pid_t parent) __attribute__((noreturn));

static void
child(const struct association *a, struct mono deadline, const int *fd,
    pid_t parent)
{
	const int stream[] = { fd[END_IN], fd[END_OUT] };
	struct channel_report r = { .err = { 0 } };
	struct err ignored; /* nobody is left to tell */

	proc_own_signals(NULL);
	(void)signal(SIGINT, SIG_IGN); /* a terminal's: our stream ends */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* or the ends of the stream would not be seen; the rest goes at exec */
	close(fd[WE_READ]);
	close(fd[WE_WRITE]);
	close(fd[REPORT_READ]);
	if (getppid() == parent)
		(void)mind(a, deadline, stream, &r.err);
	io_write_full(fd[REPORT_WRITE], (struct slice){ (char *)&r, sizeof(r) },
	    &ignored);
	_exit(0);
}

/* --- The parent -------------------------------------------------------------- */

static int
open_all(int *fd, struct err *e)
{
	int in[2], out[2], report[2];

	for (int i = 0; i < FDS; i++)
		fd[i] = -1;
	if (pipe2(in, O_CLOEXEC) == -1)
		return err_sys(e, "pipe");
	fd[END_IN] = in[0];
	fd[WE_WRITE] = in[1];
	if (pipe2(out, O_CLOEXEC) == -1)
		return err_sys(e, "pipe");
	fd[WE_READ] = out[0];
	fd[END_OUT] = out[1];
	if (pipe2(report, O_CLOEXEC) == -1)
		return err_sys(e, "pipe");
	fd[REPORT_READ] = report[0];
	fd[REPORT_WRITE] = report[1];
	if (fcntl(fd[WE_READ], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(fd[WE_WRITE], F_SETFL, O_NONBLOCK) == -1)
		return err_sys(e, "pipe");
	return 0;
}

static int
dial(const struct association *a, struct mono deadline, struct channel *out,
    struct err *e)
{
	pid_t pid = -1, self = getpid();
	int fd[FDS];

	if (open_all(fd, e) == -1)
		goto out;
	pid = fork();
	if (pid == 0)
		child(a, deadline, fd, self);
	if (pid == -1) {
		err_sys(e, "fork");
		goto out;
	}
	*out = (struct channel){
		.read_fd = fd[WE_READ],
		.write_fd = fd[WE_WRITE],
		.child = pid,
		.report_fd = fd[REPORT_READ],
		.shared = NULL, /* the command alone knows */
	};
	fd[WE_READ] = fd[WE_WRITE] = fd[REPORT_READ] = -1;
out:
	for (int i = 0; i < FDS; i++)
		if (fd[i] != -1)
			close(fd[i]);
	return pid == -1 ? -1 : 0;
}

const struct transport_ops transport_exec = {
	.name = "exec",
	.dial = dial,
};
