/*
 * The registry of transports, and what all channels share; see transport.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/durable.h"
#include "transport/transport.h"

enum {
	CLOSE_GRACE_MS = 2000,
	CLOSE_STEP_MS = 10,
};

static const struct transport_ops *const transports[] = {
	NULL,
};

const struct transport_ops *
transport_find(const char *name)
{
	for (size_t i = 0; transports[i] != NULL; i++)
		if (strcmp(transports[i]->name, name) == 0)
			return transports[i];
	return NULL;
}

static int
set_nonblocking(int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return err_sys(e, "descriptor %d", fd);
	return 0;
}

int
channel_stdio(struct channel *out, struct err *e)
{
	if (set_nonblocking(STDIN_FILENO, e) == -1 ||
	    set_nonblocking(STDOUT_FILENO, e) == -1)
		return -1;
	*out = (struct channel){ .read_fd = STDIN_FILENO,
		.write_fd = STDOUT_FILENO,
		.report_fd = -1 };
	return 0;
}

/* True when the child is gone. */
static bool
reap(pid_t child, int64_t wait_ms)
{
	struct mono end = mono_add_ms(clock_mono(), wait_ms);

	for (;;) {
		pid_t got = waitpid(child, NULL, WNOHANG);

		if (got == child || (got == -1 && errno != EINTR))
			return true;
		if (mono_ms_since(clock_mono(), end) >= 0)
			return false;
		poll(NULL, 0, CLOSE_STEP_MS);
	}
}

/* Both ends are this program: the struct goes over the pipe as it is. */
static void
read_report(int fd, struct channel_report *r)
{
	struct buf b = { 0 };
	struct err ignored = { 0 }; /* no report then */

	if (io_read_upto(fd, sizeof(*r), &b, &ignored) == 0 &&
	    b.n == sizeof(*r))
		memcpy(r, b.p, sizeof(*r));
	buf_clear(&b);
}

int
channel_close(struct channel *c, uint64_t *wire_bytes, struct err *e)
{
	struct channel_report report = { 0 };

	if (c->write_fd != -1 && c->write_fd != c->read_fd)
		close(c->write_fd);
	if (c->read_fd != -1)
		close(c->read_fd);
	if (c->child > 0 && !reap(c->child, CLOSE_GRACE_MS)) {
		kill(c->child, SIGTERM);
		if (!reap(c->child, CLOSE_GRACE_MS)) {
			kill(c->child, SIGKILL);
			waitpid(c->child, NULL, 0);
		}
	}
	if (c->report_fd != -1) {
		if (c->child > 0)
			read_report(c->report_fd, &report);
		close(c->report_fd);
	}
	*c = (struct channel){ -1, -1, 0, -1 };
	if (wire_bytes != NULL)
		*wire_bytes = report.wire_bytes;
	if (report.err.kind == ERR_NONE)
		return 0;
	*e = report.err;
	return -1;
}
