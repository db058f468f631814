/*
 * Children of the spoke's daemon; see daemon_child.h.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/proc.h"
#include "spoke/carried.h"
#include "spoke/collect.h"
#include "spoke/daemon_child.h"

/* One that works. */
struct daemon_child {
	struct daemon_child *next;
	pid_t pid;
	enum daemon_work work;
};

static const char *
work_name(enum daemon_work w)
{
	switch (w) {
	case DAEMON_COLLECT:
		return "collect";
	case DAEMON_CARRIED:
		return "carried";
	case DAEMON_MAIL:
		return "mail";
	}
	return "?";
}

static int
work(struct ground *g, enum daemon_work w, struct err *e)
{
	const struct collect_opts due = { .at_once = false };
	int status;

	switch (w) {
	case DAEMON_COLLECT:
		return collect_run(g, &due, &status, e);
	case DAEMON_CARRIED:
		(void)carried_look_all(g);
		break;
	case DAEMON_MAIL:
		break;
	}
	return 0;
}

/* The verb's own ground, but for what the daemon has read already. */
static int
run(const struct daemon_children *d, struct config *c, enum daemon_work w)
{
	char name[] = "collect";
	char *argv[] = { name, NULL };
	struct ground g = { .role = CONFIG_SPOKE,
		.options = *d->options,
		.argc = 1,
		.argv = argv,
		.config = c,
		.node = { -1, -1, -1 } };
	struct err e = { 0 };
	int rc = -1;

	/* the daemon's mailer reads what is recorded */
	g.mail = ground_mail(c, true);
	if (node_open(c, &g.node, &e) == 0 &&
	    notices_open(g.node.state_dir, &g.mail, &g.notices, &e) == 0)
		rc = work(&g, w, &e);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}

static pid_t
fork_child(const struct daemon_children *d, struct config *c,
    enum daemon_work w)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		proc_own_signals(d->loop);
		/* a terminal's: the daemon's.  A cycle that was begun is not
		 * cut with it */
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGHUP, SIG_IGN);
		(void)prctl(PR_SET_NAME, work_name(w), 0, 0, 0);
		_exit(run(d, c, w));
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

void
daemon_child_adopt(struct daemon_children *d, pid_t pid, enum daemon_work w)
{
	struct daemon_child *child = mem_alloc(sizeof(*child));

	*child = (struct daemon_child){ d->first, pid, w };
	d->first = child;
}

bool
daemon_child_begin(struct daemon_children *d, struct config *c,
    enum daemon_work w)
{
	pid_t pid = fork_child(d, c, w);

	if (pid == -1) {
		log_err("no process for work=%s: %s", work_name(w),
		    strerror(errno));
		return false;
	}
	daemon_child_adopt(d, pid, w);
	return true;
}

size_t
daemon_children_count(const struct daemon_children *d, enum daemon_work w)
{
	size_t n = 0;

	for (const struct daemon_child *c = d->first; c != NULL; c = c->next)
		n += c->work == w;
	return n;
}

void
daemon_children_kill(const struct daemon_children *d, int signal)
{
	for (const struct daemon_child *c = d->first; c != NULL; c = c->next)
		(void)kill(c->pid, signal);
}

/* --- Reaping -------------------------------------------------------------- */

/* The first that has ended, taken off the list; NULL: none has. */
static struct daemon_child *
take_ended(struct daemon_children *d, int *status)
{
	struct daemon_child *c;

	for (struct daemon_child **at = &d->first; (c = *at) != NULL;
	     at = &c->next) {
		pid_t got = waitpid(c->pid, status, WNOHANG);

		if (got == 0 || (got == -1 && errno == EINTR))
			continue;
		if (got == -1)
			*status = 0;
		*at = c->next;
		return c;
	}
	return NULL;
}

static void
on_child(uv_signal_t *h, int number)
{
	struct daemon_children *d = (struct daemon_children *)((char *)h -
	    offsetof(struct daemon_children, reaper));
	struct daemon_child *c;
	int status;

	(void)number;
	while ((c = take_ended(d, &status)) != NULL) {
		enum daemon_work w = c->work;

		free(c);
		if (WIFSIGNALED(status))
			log_err("a child died work=%s signal=%d", work_name(w),
			    WTERMSIG(status));
		d->ended(d->arg, w);
	}
}

void
daemon_children_begin(struct daemon_children *d)
{
	(void)uv_signal_init(d->loop, &d->reaper);
	d->reaper.data = d->arg;
	(void)uv_signal_start(&d->reaper, on_child, SIGCHLD);
}
