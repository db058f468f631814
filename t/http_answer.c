/*
 * For tests of transport http: the listener of a node, and a child for each
 * session that it hands over, as a daemon has them.  Says "listening" on standard
 * output; ends at SIGTERM.
 *
 *	http_answer FILE hub|spoke [echo|again|run COMMAND...]
 *
 * With echo a session is no session: its bytes come back, and it ends when the
 * far end does.  With run it is that command's, on its standard input and output,
 * with the association's name in $ASSOCIATION.  With again it listens, stops, and
 * listens anew, while a child lives that was forked in between; says so, and ends.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/operator/notice.h"
#include "transport/delivery/inbound.h"
#include "transport/http/http_listener.h"

/* As every end of a session it reads also while it has something to write. */
static void
echo(int fd)
{
	struct buf b = { 0 };
	bool ended = false;

	while (!ended || b.n > 0) {
		struct pollfd p = { fd, 0, 0 };
		ssize_t n;

		p.events |= ended ? 0 : POLLIN;
		p.events |= b.n > 0 ? POLLOUT : 0;
		if (poll(&p, 1, -1) == -1)
			return;
		if (!ended && (p.revents & (POLLIN | POLLHUP)) != 0) {
			n = read(fd, buf_room(&b, 65536), 65536);
			ended = n == 0 || (n == -1 && errno != EAGAIN);
			b.n += n > 0 ? (size_t)n : 0;
		}
		if ((p.revents & POLLOUT) != 0) {
			n = write(fd, b.p, b.n);
			if (n == -1 && errno != EAGAIN)
				return;
			buf_drop(&b, n > 0 ? (size_t)n : 0);
		}
	}
}

static void
answer(const struct config *c, const struct association *a, int fd)
{
	const struct channel ch = { fd, fd, 0, -1, NULL, NULL };
	struct inbound_opts o = { .config = c,
		.association = a,
		.channel = &ch };
	const struct notice_mail mail = { .node = c->node.id,
		.to = c->oper.mail,
		.sendmail = c->oper.sendmail,
		.elsewhere = true };
	struct node node = { -1, -1, -1 };
	struct delivery_result r;
	struct err e = { 0 };

	if (node_open(c, &node, &e) == 0 &&
	    notices_open(node.state_dir, &mail, &o.notices, &e) == 0) {
		o.node = &node;
		(void)inbound_answer(&o, &r, &e);
	}
	if (e.kind != ERR_NONE)
		log_warn("%s", e.msg);
	notices_close(o.notices);
	node_close(&node);
}

static void run(char **argv, const struct association *a, int fd)
    __attribute__((noreturn));

static void
run(char **argv, const struct association *a, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	(void)setenv("ASSOCIATION", a->name, 1);
	(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	(void)dup2(fd, STDIN_FILENO);
	(void)dup2(fd, STDOUT_FILENO);
	(void)execvp(argv[0], argv);
	_exit(127);
}

static volatile sig_atomic_t over;

static void
on_term(int number)
{
	(void)number;
	over = 1;
}

static void
serve(const struct config *c, struct http_listener *l, char **words)
{
	const struct association *a;
	struct channel_meter *meter;
	struct err e = { 0 };
	int fd = -1, rc;

	(void)signal(SIGTERM, on_term);
	while (!over) {
		struct pollfd p = { http_listener_fd(l), POLLIN, 0 };

		(void)poll(&p, 1, 1000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		rc = http_listener_hear(l, &a, &fd, &meter, &e);
		if (rc == -1) {
			log_err("%s", e.msg);
			return;
		}
		if (rc == 0)
			continue;
		if (fork() == 0) {
			(void)signal(SIGTERM, SIG_DFL);
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (words[0] == NULL)
				answer(c, a, fd);
			else if (strcmp(words[0], "run") == 0)
				run(words + 1, a, fd);
			else
				echo(fd);
			_exit(0);
		}
		close(fd);
	}
}

static int
listen_again(const struct config *c, enum config_role role,
    struct http_listener **l, struct err *e)
{
	pid_t pid = fork();
	int rc;

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	http_listener_close(*l);
	*l = NULL;
	rc = http_listener_open(c, role, l, e);
	if (rc == -1)
		log_err("%s", e->msg);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct http_listener *l = NULL;
	struct config *c = NULL;
	struct err e = { 0 };
	enum config_role role;
	int status = 1;

	if (argc < 3)
		return 64;
	role = strcmp(argv[2], "hub") == 0 ? CONFIG_HUB : CONFIG_SPOKE;
	log_open("http_answer", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	if (config_read(argv[1], &c, &e) == -1 ||
	    http_listener_open(c, role, &l, &e) == -1) {
		log_err("%s", e.msg);
		config_free(c);
		return err_exit_code(&e);
	}
	if (l == NULL)
		return 1;
	(void)puts("listening");
	(void)fflush(stdout);
	if (argc > 3 && strcmp(argv[3], "again") == 0)
		status = listen_again(c, role, &l, &e) == 0 ? 0 : 1;
	else
		serve(c, l, argv + 3);
	http_listener_close(l);
	config_free(c);
	return status;
}
