/*
 * The listener's parent: what needs rights; see http_listener.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/sandbox.h"
#include "common/config/config_address.h"
#include "common/config/node.h"
#include "transport/delivery/wire.h"
#include "transport/http/http_listener.h"
#include "transport/http/http_server.h"

enum {
	BACKLOG = 512,
};

struct http_listener {
	const struct config *config;
	const struct association **list; /* as its process counts them */
	size_t n;
	struct http_tally *tally; /* of each: its process counts */
	uint64_t *counted;        /* refused requests that are in the files */
	struct http_secrets secrets;
	char *address;
	int socket, control;
	bool lent; /* its socket is another's too, which goes on */
	pid_t child;
};

/* --- The socket --------------------------------------------------------------- */

static int
bind_one(const struct addrinfo *ai, struct err *e)
{
	static const int on = 1, off = 0;
	int fd = socket(ai->ai_family,
	    ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);

	if (fd == -1)
		return err_sys(e, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Of its connections too: what TLS says at first is in several writes, of
	 * which none shall wait until the one before is acknowledged. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (ai->ai_family == AF_INET6) /* IPv4 too, where it is any address */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	err_sys(e, "listen");
	if (errno == EADDRINUSE)
		err_set(e, ERR_TEMP, "another program listens there");
	close(fd);
	return -1;
}

static int
bind_address(const char *text, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct config_address a;
	struct addrinfo *list;
	int fd = -1, rc;

	if (!config_address_parse(text, &a))
		return err_set(e, ERR_CONFIG, "is no address");
	if (a.host[0] == '\0')
		hints.ai_family = AF_INET6;
	rc = getaddrinfo(a.host[0] == '\0' ? NULL : a.host, a.port, &hints,
	    &list);
	if (rc != 0)
		return err_set(e, ERR_CONFIG, "%s", gai_strerror(rc));
	for (struct addrinfo *ai = list; ai != NULL && fd == -1;
	     ai = ai->ai_next)
		fd = bind_one(ai, e);
	freeaddrinfo(list);
	if (fd == -1 && e->sys == EAFNOSUPPORT && a.host[0] == '\0') {
		err_clear(e); /* a machine without IPv6 */
		(void)snprintf(a.host, sizeof(a.host), "0.0.0.0");
		hints.ai_family = AF_INET;
		if (getaddrinfo(a.host, a.port, &hints, &list) == 0) {
			fd = bind_one(list, e);
			freeaddrinfo(list);
		}
	}
	return fd;
}

/* --- The process ------------------------------------------------------------------ */

static void child(const struct http_listener *l, int control)
    __attribute__((noreturn));

static void
child(const struct http_listener *l, int control)
{
	const int keep[] = { l->socket, control };
	struct http_server_opts o = { .socket = l->socket,
		.control = control,
		.secrets = &l->secrets,
		.tally = l->tally,
		.sessions_most = (size_t)l->config->node.sessions };
	struct err e = { 0 };
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "http-listener", 0, 0, 0);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL); /* KILL: no */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN); /* a terminal's is the daemon's */
	(void)signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sandbox_close_others(keep, 2);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (http_server_run(&o, &e) == -1)
		log_err("listener: %s", e.msg);
	_exit(e.kind == ERR_NONE ? 0 : 1);
}

static int
start(struct http_listener *l, struct err *e)
{
	sigset_t all, before;
	int pair[2];

	l->counted = mem_array(l->n, sizeof(*l->counted));
	l->tally = mmap(NULL, l->n * sizeof(*l->tally), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->tally == MAP_FAILED) {
		l->tally = NULL;
		return err_sys(e, "memory for the listener");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, pair) == -1)
		return err_sys(e, "socketpair");
	sigfillset(&all); /* no handler of ours runs in it */
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	l->child = fork();
	if (l->child == 0)
		child(l, pair[1]);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	close(pair[1]);
	if (l->child == -1) {
		close(pair[0]);
		return err_sys(e, "fork");
	}
	l->control = pair[0];
	return 0;
}

/* --- What callers call -------------------------------------------------------------- */

/* Those that we answer; and, if there are any, those that we dial as well, for their
 * other end may have it the wrong way round, and is told so by the session. */
static void
choose(struct http_listener *l, enum config_role role)
{
	const struct config *c = l->config;
	const char *where = config_listens(&c->web, role);
	bool any = false;

	l->list = mem_array(c->n_association == 0 ? 1 : c->n_association,
	    sizeof(struct association *));
	for (size_t i = 0; i < c->n_association && where != NULL; i++) {
		const struct association *a = &c->association[i];

		if (a->transport != CONFIG_HTTP || a->role != role)
			continue;
		l->list[l->n++] = a;
		any = any || !config_dials(a);
	}
	if (!any)
		l->n = 0;
}

/* old: whose socket is taken over, or NULL. */
static int
open_beside(const struct http_listener *old, const struct config *c,
    enum config_role role, struct http_listener **out, struct err *e)
{
	struct http_listener *l = mem_alloc(sizeof(*l));

	l->config = c;
	l->socket = l->control = -1;
	choose(l, role);
	if (l->n == 0) {
		http_listener_close(l);
		*out = NULL;
		return 0;
	}
	l->address = mem_strdup(config_listens(&c->web, role));
	if (http_secrets_read(c, l->list, l->n, &l->secrets, e) == -1 ||
	    http_server_check(&l->secrets, e) == -1)
		goto fail;
	if (old != NULL && strcmp(old->address, l->address) == 0) {
		l->lent = true;
		l->socket = fcntl(old->socket, F_DUPFD_CLOEXEC, 0);
	} else {
		l->socket = bind_address(l->address, e);
	}
	if (l->socket == -1) {
		if (e->kind == ERR_NONE)
			err_sys(e, "dup");
		err_wrap(e, "%s: web: listen on %s", c->file, l->address);
		goto fail;
	}
	if (start(l, e) == -1)
		goto fail;
	log_info("listening address=%s associations=%zu tls=%s", l->address,
	    l->n, l->secrets.certificate.n > 0 ? "yes" : "no");
	*out = l;
	return 0;
fail:
	http_listener_close(l);
	return -1;
}

int
http_listener_check(const struct config *c, enum config_role role, bool today,
    struct err *e)
{
	struct http_listener l = { .config = c };
	int rc = 0;

	choose(&l, role);
	if (l.n > 0 &&
	    (http_secrets_read(c, l.list, l.n, &l.secrets, e) == -1 ||
		http_server_check(&l.secrets, e) == -1 ||
		(today &&
		    http_server_check_dates(&l.secrets, clock_wall(), e) ==
			-1)))
		rc = -1;
	http_secrets_clear(&l.secrets);
	free(l.list);
	return rc;
}

int
http_listener_open(const struct config *c, enum config_role role,
    struct http_listener **out, struct err *e)
{
	err_clear(e);
	return open_beside(NULL, c, role, out, e);
}

int
http_listener_reopen(struct http_listener **l, const struct config *c,
    enum config_role role, struct err *e)
{
	struct http_listener *next = NULL;

	err_clear(e);
	if (open_beside(*l, c, role, &next, e) == -1)
		return -1;
	if (next != NULL && next->lent) {
		(*l)->lent = true;
		next->lent = false;
	}
	http_listener_close(*l);
	*l = next;
	return 0;
}

int
http_listener_fd(const struct http_listener *l)
{
	return l->control;
}

/* What it says is of a fixed form, and it may be anybody's by now. */
int
http_listener_hear(struct http_listener *l, const struct association **a,
    int *fd, struct channel_meter **meter, struct err *e)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	uint32_t which = UINT32_MAX;
	struct iovec iov = { &which, sizeof(which) };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(l->control, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;
	int got = -1;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return err_set(e, ERR_INTERNAL, "the listener's process ended");
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(got)))
		memcpy(&got, CMSG_DATA(c), sizeof(got));
	if (n != (ssize_t)sizeof(which) || got == -1 || which >= l->n) {
		if (got != -1)
			close(got);
		return err_set(e, ERR_INTERNAL,
		    "the listener's process says what it may not");
	}
	*a = l->list[which];
	*meter = &l->tally[which].wire;
	*fd = got;
	return 1;
}

static void
count(const struct http_listener *l, const struct node *node, size_t i)
{
	const uint64_t all = l->tally[i].refused;
	const struct wire_use u = { .refused = all - l->counted[i],
		.bytes = channel_meter_take(&l->tally[i].wire) };
	struct err e = { 0 };

	if (wire_add(node->state_dir, l->list[i]->name, &u, clock_wall(), &e) ==
	    -1)
		log_warn("refused requests are not counted association=%s: %s",
		    l->list[i]->name, e.msg);
	else
		l->counted[i] = all;
}

/* all: bytes alone, too. */
static void
count_what_is_new(struct http_listener *l, bool all)
{
	struct node node = { -1, -1, -1 };
	struct err e = { 0 };

	for (size_t i = 0; l->tally != NULL && i < l->n; i++) {
		const struct http_tally *t = &l->tally[i];

		if (t->refused == l->counted[i] &&
		    (!all || t->wire.seen == t->wire.taken))
			continue;
		if (node.state_dir == -1 &&
		    node_open(l->config, &node, &e) == -1) {
			log_warn("refused requests are not counted: %s", e.msg);
			break;
		}
		count(l, &node, i);
	}
	node_close(&node);
}

void
http_listener_count(struct http_listener *l)
{
	count_what_is_new(l, false);
}

void
http_listener_close(struct http_listener *l)
{
	if (l == NULL)
		return;
	if (l->control != -1)
		close(l->control);
	if (l->child > 0) {
		kill(l->child, SIGKILL); /* it holds nothing that is ours */
		while (waitpid(l->child, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	/* Children that outlive us, a session at its end or a cycle that was
	 * begun, have it open as well: it must not keep the next from it. */
	if (l->socket != -1 && !l->lent)
		(void)shutdown(l->socket, SHUT_RDWR);
	if (l->socket != -1)
		close(l->socket);
	count_what_is_new(l, true);
	if (l->tally != NULL)
		(void)munmap(l->tally, l->n * sizeof(*l->tally));
	free(l->counted);
	http_secrets_clear(&l->secrets);
	free(l->address);
	free(l->list);
	free(l);
}
