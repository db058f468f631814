/*
 * What daemons are made of; see daemon.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/notify.h"

/* --- The loop ------------------------------------------------------------- */

static void
on_signal(uv_signal_t *s, int number)
{
	struct daemon *d = s->data;

	d->on_signal(d->arg,
	    number == SIGHUP        ? DAEMON_RELOAD
		: number == SIGUSR1 ? DAEMON_SAY
				    : DAEMON_END);
}

static void
on_watchdog(uv_timer_t *t)
{
	(void)t;
	notify_send("WATCHDOG=1");
}

void
daemon_begin(struct daemon *d,
    void (*heard)(void *arg, enum daemon_signal what), void *arg)
{
	static const int number[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	uint64_t watchdog_ms = (uint64_t)notify_watchdog_ms();

	d->on_signal = heard;
	d->arg = arg;
	(void)uv_loop_init(&d->loop);
	d->begun = true;
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++) {
		(void)uv_signal_init(&d->loop, &d->signal[i]);
		d->signal[i].data = d;
		(void)uv_signal_start(&d->signal[i], on_signal, number[i]);
	}
	(void)uv_timer_init(&d->loop, &d->watchdog);
	d->watchdog.data = d;
	if (watchdog_ms > 0)
		(void)uv_timer_start(&d->watchdog, on_watchdog, watchdog_ms,
		    watchdog_ms);
}

struct owners {
	const void *a, *b;
};

/* Others close, and free, their own. */
static void
close_handle(uv_handle_t *h, void *arg)
{
	const struct owners *o = arg;

	if ((h->data == o->a || h->data == o->b) && !uv_is_closing(h))
		uv_close(h, NULL);
}

void
daemon_end(struct daemon *d, const void *owner)
{
	struct owners o = { d, owner };

	if (!d->begun)
		return;
	uv_walk(&d->loop, close_handle, &o);
	(void)uv_run(&d->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&d->loop);
	d->begun = false;
}

/* --- The background ------------------------------------------------------- */

/* The parent's part: until the child is ready and says a NUL, or has failed and
 * says why, in a line.  Its own children hold the pipe, too: its end is none. */
static int
wait_for_child(pid_t child, int fd)
{
	char byte = '\n';
	ssize_t n;
	int status;

	do {
		n = read(fd, &byte, 1);
		if (n == 1 && byte == '\0')
			return EX_OK;
		if (n == 1)
			(void)!write(STDERR_FILENO, &byte, 1);
	} while ((n == 1 && byte != '\n') || (n == -1 && errno == EINTR));
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return EX_OSERR;
	return WEXITSTATUS(status);
}

/* What a daemon and its children have open nobody waits for: not a shell that
 * reads what it prints, nor an ssh session. */
static void
close_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; null != -1 && i <= STDERR_FILENO; i++)
		(void)dup2(null, i);
	if (null > STDERR_FILENO)
		close(null);
}

int
daemon_background(int *fd, struct err *e)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_sys(e, "into the background");
	child = fork();
	if (child == -1) {
		err_sys(e, "into the background");
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (child > 0) {
		close(ends[1]);
		_exit(wait_for_child(child, ends[0]));
	}
	close(ends[0]);
	(void)setsid();
	close_streams();
	*fd = ends[1];
	return 0;
}

void
daemon_ready(int *fd)
{
	notify_send("READY=1");
	if (*fd == -1)
		return;
	(void)!write(*fd, "", 1);
	close(*fd);
	*fd = -1;
}

void
daemon_failed(int *fd, const char *program, const struct err *why)
{
	if (*fd == -1)
		return;
	(void)dprintf(*fd, "%s: %s\n", program, why->msg);
	close(*fd);
	*fd = -1;
}
