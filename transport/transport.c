/*
 * The registry of transports, and channels once they are open.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/reap.h"
#include "transport/carried/dir.h"
#include "transport/channel_child.h"
#include "transport/exec.h"
#include "transport/rsync/rsync.h"
#ifdef HAVE_LIBCURL
#include "transport/http/http.h"
#endif
#include "transport/ssh/ssh.h"
#include "transport/transport.h"

enum {
	LEAVE_MS = 10000, /* for the child to take its leave */
	LEAVE_STOPPED_MS = 1000,
	TERM_MS = 3000, /* from TERM to KILL */
	STDERR_SHOWN = 120,
};

static const struct transport_ops *const all[] = {
	&transport_exec,
	&transport_ssh,
	&transport_rsync,
	&transport_dir,
#ifdef HAVE_LIBCURL
	&transport_http,
#endif
	NULL,
};

const struct transport_ops *
transport_find(const char *name)
{
	size_t i;

	for (i = 0; all[i] != NULL; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

int
transport_dial(const struct transport_ops *t, const struct association *a,
    struct mono deadline, struct channel *out, struct err *e)
{
	if (t->carry != NULL)
		return channel_child_start(t->carry, a, deadline, out, e);
	return t->dial(a, deadline, out, e);
}

/* --- Standard input and output ------------------------------------------------ */

/* Its descriptor moves, so that closing it is the end of the stream. */
static int
move(int fd, int null)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (moved == -1)
		return -1;
	if (dup2(null, fd) == -1 ||
	    fcntl(moved, F_SETFL, fcntl(moved, F_GETFL) | O_NONBLOCK) == -1) {
		close(moved);
		return -1;
	}
	return moved;
}

int
channel_stdio(struct channel *out, struct err *e)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int in = -1, to = -1;

	if (null != -1 && (in = move(STDIN_FILENO, null)) != -1)
		to = move(STDOUT_FILENO, null);
	if (to == -1) {
		err_sys(e, "standard input and output");
		if (in != -1)
			close(in);
	} else {
		*out = (struct channel){ .read_fd = in,
			.write_fd = to,
			.report_fd = -1 };
	}
	if (null != -1)
		close(null);
	return to == -1 ? -1 : 0;
}

/* --- The end -------------------------------------------------------------------- */

/* The child's report; false: none came in time. */
static bool
read_report(int fd, int wait_ms, struct channel_report *r)
{
	struct mono begun = clock_mono();
	char *to = (char *)r;
	size_t got = 0;

	while (got < sizeof(*r)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = wait_ms - mono_ms_since(clock_mono(), begun);
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		n = read(fd, to + got, sizeof(*r) - got);
		if (n == 0 || (n == -1 && errno != EINTR))
			return false;
		if (n > 0)
			got += (size_t)n;
	}
	return err_from_outside(&r->err);
}

/* Its status, after a TERM and a KILL if need be. */
static int
reap(pid_t child, bool told)
{
	static const int sig[] = { 0, SIGTERM, SIGKILL };
	int status = 0, i;

	for (i = told ? 0 : 1; i < 3; i++) {
		if (sig[i] != 0)
			kill(child, sig[i]);
		if (reap_within(child, TERM_MS, &status))
			return status;
	}
	waitpid(child, &status, 0);
	return status;
}

static int
explain(int status, struct err *e)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return err_set(e, ERR_TEMP, "no answer before the deadline");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return err_set(e, ERR_PROTOCOL,
		    "the far side made us compute without end");
	if (WIFSIGNALED(status))
		return err_set(e, ERR_TEMP,
		    "the process of the connection was killed by signal %d",
		    WTERMSIG(status));
	return err_set(e, ERR_INTERNAL,
	    "the process of the connection ended without a word");
}

uint64_t
channel_meter_take(struct channel_meter *m)
{
	uint64_t taken = atomic_load(&m->taken), seen;

	do
		seen = atomic_load(&m->seen);
	while (seen > taken &&
	    !atomic_compare_exchange_weak(&m->taken, &taken, seen));
	return seen > taken ? seen - taken : 0;
}

static void
close_both(struct channel *c)
{
	if (c->write_fd != -1 && c->write_fd != c->read_fd)
		close(c->write_fd);
	if (c->read_fd != -1)
		close(c->read_fd);
	c->read_fd = c->write_fd = -1;
}

int
channel_close(struct channel *c, bool stopped, uint64_t *wire_bytes,
    struct err *e)
{
	struct channel_report r;
	bool told = false;
	int status;

	close_both(c);
	if (c->report_fd != -1) {
		told = read_report(c->report_fd,
		    stopped ? LEAVE_STOPPED_MS : LEAVE_MS, &r);
		close(c->report_fd);
		c->report_fd = -1;
	}
	status = c->child != 0 ? reap(c->child, told) : 0;
	if (wire_bytes != NULL)
		*wire_bytes =
		    c->shared != NULL ? c->shared->wire : WIRE_UNKNOWN;
	channel_child_unshare(c);
	if (c->child == 0)
		return 0;
	c->child = 0;
	if (!told)
		return explain(status, e);
	*e = r.err;
	return r.err.kind == ERR_NONE ? 0 : -1;
}

void
channel_far_words(struct slice text, char *out, size_t size)
{
	struct slice line = { 0 };

	while (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	while (slice_cut(&text, '\n', &line))
		continue;
	if (text.n > STDERR_SHOWN)
		text.n = STDERR_SHOWN;
	log_escape(out, size, text);
}

/* What the far side's own trouble is to us; of the machine's it recovers. */
static enum err_kind
kind_of_status(int status, enum err_kind unknown)
{
	switch (status) {
	case EX_USAGE:
		return ERR_USAGE;
	case EX_DATAERR:
		return ERR_INPUT;
	case EX_NOINPUT:
		return ERR_MISSING;
	case EX_NOHOST:
	case EX_UNAVAILABLE:
		return ERR_HOST;
	case EX_SOFTWARE:
		return ERR_INTERNAL;
	case EX_CANTCREAT:
		return ERR_CREATE;
	case EX_TEMPFAIL:
	case EX_OSERR:
	case EX_IOERR:
		return ERR_TEMP;
	case EX_CONFIG:
		return ERR_CONFIG;
	case EX_NOPERM:
		return ERR_DENIED;
	case EX_PROTOCOL:
		return ERR_PROTOCOL;
	default:
		return unknown;
	}
}

int
channel_far_end(int status, struct slice errs, enum err_kind unknown,
    struct err *e)
{
	char words[4 * STDERR_SHOWN + 8];

	if (status == 0)
		return 0;
	channel_far_words(errs, words, sizeof(words));
	return err_set(e, kind_of_status(status, unknown),
	    "the far side ended with status %d%s%s", status,
	    words[0] != '\0' ? ": " : ", and no word why", words);
}
