/*
 * The mailing child; see mailer.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/keeper.h"
#include "common/base/log.h"
#include "common/base/reap.h"
#include "common/operator/mailer.h"

enum {
	LOOK_EVERY_MS = 15000, /* what gathers becomes due without a word */
};

static void
look(int state_dir, const struct notice_mail *mail)
{
	struct notices *n;
	struct err e = { 0 };

	if (notices_open(state_dir, mail, &n, &e) == -1) {
		log_err("no mail: %s", e.msg);
		return;
	}
	notices_flush(n, clock_wall());
	notices_close(n);
}

/* False when our owner is gone. */
static bool
wait_for_word(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char words[64];

	if (poll(&p, 1, LOOK_EVERY_MS) <= 0)
		return true;
	return read(fd, words, sizeof(words)) > 0;
}

/* What our owner was started from must not wait for us. */
static void
leave_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!log_on_stderr())
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

static void
run_child(int fd, int state_dir, const struct notice_mail *mail)
{
	(void)signal(SIGHUP, SIG_IGN); /* our owner's signals are not ours */
	(void)signal(SIGUSR1, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	prctl(PR_SET_NAME, "mailer", 0, 0, 0);
	leave_streams();
	keeper_run("mailer");
	while (wait_for_word(fd))
		look(state_dir, mail);
	look(state_dir, mail);
	_exit(0);
}

int
mailer_start(int state_dir, const struct notice_mail *mail, struct mailer *out,
    struct err *e)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_sys(e, "start the mailer");
	pid = fork();
	if (pid == -1) {
		err_sys(e, "start the mailer");
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	if (pid == 0) {
		close(fds[1]);
		run_child(fds[0], state_dir, mail);
	}
	close(fds[0]);
	if (fcntl(fds[1], F_SETFL, O_NONBLOCK) == -1)
		log_warn(
		    "mailer may block"); /* a full pipe is never waited for */
	*out = (struct mailer){ fds[1], pid };
	return 0;
}

int
mailer_wake(const struct mailer *m)
{
	/* full: it was told already */
	return write(m->wake_fd, "w", 1) == -1 && errno == EPIPE ? -1 : 0;
}

void
mailer_stop(struct mailer *m, int wait_ms)
{
	if (m->pid <= 0)
		return;
	close(m->wake_fd);
	/* else it ends by itself when its mail is out */
	(void)reap_within(m->pid, wait_ms, NULL);
	*m = (struct mailer){ -1, 0 };
}
