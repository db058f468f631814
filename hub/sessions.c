/*
 * The process of hubd's sessions; see sessions.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/keeper.h"
#include "common/base/log.h"
#include "common/base/reap.h"
#include "common/base/sandbox.h"
#include "common/command/ground.h"
#include "hub/carried.h"
#include "hub/sessions.h"
#include "transport/http/listening.h"
#include "transport/links/links.h"

enum {
	SAY_RELOAD = 'r',
	SAY_NOTHING = '.', /* are you there? */
};

/* --- The process --------------------------------------------------------- */

struct process {
	uv_loop_t loop;
	uv_poll_t owner;
	uv_signal_t term;
	struct config *config;
	struct links *links;
	struct listening *listening;
	struct carried *carried;
	bool ending;
};

static void
on_gone(void *arg)
{
	struct process *p = arg;

	p->links = NULL;
	listening_close(p->listening); /* it carried the last bytes */
	uv_close((uv_handle_t *)&p->term, NULL);
}

static void
end(struct process *p)
{
	if (p->ending)
		return;
	p->ending = true;
	uv_close((uv_handle_t *)&p->owner, NULL);
	carried_close(p->carried);
	p->carried = NULL;
	links_close(p->links, on_gone, p);
}

static void
on_term(uv_signal_t *s, int number)
{
	(void)number;
	end(s->data);
}

/* Where that cannot be watched, the rest goes on. */
static void
take_what_is_brought(struct process *p)
{
	struct err e = { 0 };

	p->carried = NULL;
	if (carried_open(&p->loop, p->config, &p->carried, &e) == -1)
		ground_tell(p->config, "carried", e.msg, "restart hubd");
	else
		ground_tell(p->config, "carried", NULL, NULL);
}

/* hubd has read it already and found no fault; the files that it does not read,
 * and the address, may have one. */
static void
reload(struct process *p)
{
	struct config *next = NULL;
	struct err e = { 0 };

	if (config_read(p->config->file, &next, &e) == -1 ||
	    listening_reload_links(p->listening, next, p->config, &e) == -1) {
		err_wrap(&e, "sessions go on as before");
		ground_tell(p->config, "config", e.msg, "hubctl check-config");
		config_free(next);
		return;
	}
	carried_close(p->carried);
	config_free(p->config);
	p->config = next;
	take_what_is_brought(p);
}

static void
on_word(uv_poll_t *h, int status, int events)
{
	struct process *p = h->data;
	char word[64];
	ssize_t n;
	int fd;

	(void)events;
	if (status != 0 || uv_fileno((uv_handle_t *)h, &fd) != 0) {
		end(p);
		return;
	}
	n = read(fd, word, sizeof(word));
	for (ssize_t i = 0; i < n; i++)
		if (word[i] == SAY_RELOAD) {
			reload(p);
			break; /* the file is as new as the last word */
		}
	if (n == 0)
		end(p);
}

static int
live(struct process *p, const char *config, int fd, struct err *e)
{
	const struct links_opts o = { .loop = &p->loop, .role = CONFIG_HUB };
	struct listening_opts lo = { .loop = &p->loop, .role = CONFIG_HUB };

	if (config_read(config, &p->config, e) == -1)
		return -1;
	(void)uv_loop_init(&p->loop);
	if (links_open(&o, p->config, &p->links, e) == -1)
		return -1;
	lo.links = p->links;
	p->listening = listening_open(&lo, p->config);
	take_what_is_brought(p);
	(void)uv_signal_init(&p->loop, &p->term);
	p->term.data = p;
	(void)uv_signal_start(&p->term, on_term, SIGTERM);
	(void)uv_poll_init(&p->loop, &p->owner, fd);
	p->owner.data = p;
	(void)uv_poll_start(&p->owner, UV_READABLE, on_word);
	(void)uv_run(&p->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&p->loop);
	config_free(p->config);
	return 0;
}

/* What our owner was started from must not wait for us, nor may we hold what
 * it has open.  It has not begun its loop. */
static void
leave_all_but(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null != -1) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (!log_on_stderr())
			dup2(null, STDERR_FILENO);
	}
	sandbox_close_others(&fd, 1);
}

static void
run_child(int fd, const char *config)
{
	struct process p = { .ending = false };
	struct err e = { 0 };

	(void)signal(SIGHUP, SIG_IGN); /* our owner's signals are not ours */
	(void)signal(SIGUSR1, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "sessions", 0, 0, 0);
	leave_all_but(fd);
	keeper_run("sessions");
	if (live(&p, config, fd, &e) == -1) {
		log_err("no sessions: %s", e.msg);
		_exit(1);
	}
	_exit(0);
}

/* --- Its owner ----------------------------------------------------------- */

int
sessions_start(const char *config, struct sessions *out, struct err *e)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_sys(e, "start the sessions");
	pid = fork();
	if (pid == -1) {
		err_sys(e, "start the sessions");
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	if (pid == 0) {
		close(fds[1]);
		run_child(fds[0], config);
	}
	close(fds[0]);
	if (fcntl(fds[1], F_SETFL, O_NONBLOCK) == -1)
		log_warn("sessions may block"); /* a full pipe: it was told */
	*out = (struct sessions){ fds[1], pid };
	return 0;
}

static int
say(const struct sessions *s, char word)
{
	return write(s->fd, &word, 1) == -1 && errno == EPIPE ? -1 : 0;
}

void
sessions_reload(const struct sessions *s)
{
	(void)say(s, SAY_RELOAD); /* sessions_check tells that it is gone */
}

int
sessions_check(const struct sessions *s)
{
	return say(s, SAY_NOTHING);
}

void
sessions_end(struct sessions *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

void
sessions_stop(struct sessions *s, int wait_ms)
{
	if (s->pid <= 0)
		return;
	sessions_end(s);
	if (!reap_within(s->pid, wait_ms, NULL)) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	}
	*s = (struct sessions){ -1, 0 };
}
