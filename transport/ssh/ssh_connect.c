/*
 * Transport ssh, before the first byte from the network: the files that the
 * configuration names, and the connection.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/host.h"
#include "transport/key_file.h"
#include "transport/ssh/ssh.h"
#include "transport/ssh/ssh_key.h"
#include "transport/ssh/ssh_known_hosts.h"

enum {
	CONNECT_MS = 20000, /* for one address */
};

const char *
ssh_where(const struct ssh *s, char *out, size_t size)
{
	snprintf(out, size, "%s:%u", s->a->ssh.host, s->a->ssh.port);
	return out;
}

/* --- Files ---------------------------------------------------------------------------- */

static int
read_identity(struct ssh *s, struct err *e)
{
	const char *path = s->a->ssh.identity;

	if (path == NULL)
		return 0;
	if (key_file_read(path, KEY_FILE_SECRET, SSH_KEY_FILE_MAX, &s->key,
		e) == -1)
		return -1;
	if (ssh_key_check_private(buf_slice(&s->key), e) == -1)
		return err_wrap(e, "%s", path);
	return 0;
}

static int
read_known_hosts(struct ssh *s, struct err *e)
{
	const char *path = s->a->ssh.known_hosts;
	struct ssh_known ignored;

	if (key_file_read(path, KEY_FILE_PUBLIC, SSH_KNOWN_HOSTS_MAX,
		&s->known_hosts, e) == -1)
		return -1;
	if (ssh_known_hosts_read(buf_slice(&s->known_hosts), "", &ignored, e) ==
	    -1)
		return err_wrap(e, "%s", path);
	return 0;
}

int
ssh_files(struct ssh *s, struct err *e)
{
	if (read_identity(s, e) == -1 || read_known_hosts(s, e) == -1)
		return -1;
	return 0;
}

/* --- The connection ----------------------------------------------------------------------- */

static int
look_up(const struct ssh *s, struct addrinfo **out, struct err *e)
{
	char port[16];

	(void)snprintf(port, sizeof(port), "%u", s->a->ssh.port);
	return host_look_up(s->a->ssh.host, port, "ssh { host }", out, e);
}

static int
await(int fd, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int failed = 0, n;
	socklen_t size = sizeof(failed);

	do
		n = poll(&p, 1, CONNECT_MS);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return err_set(e, ERR_TEMP, "connect: no answer");
	if (n == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == -1)
		return err_sys(e, "connect");
	if (failed == 0)
		return 0;
	errno = failed;
	err_sys(e, "connect");
	e->kind = ERR_TEMP;
	return -1;
}

static int
try_address(const struct addrinfo *ai, struct err *e)
{
	static const int on = 1;
	int fd = socket(ai->ai_family,
	    ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);

	if (fd == -1)
		return err_sys(e, "socket");
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1 &&
	    errno != EINPROGRESS) {
		err_sys(e, "connect");
		e->kind = ERR_TEMP;
	} else if (await(fd, e) == 0) {
		/* A batch is written whole: waiting for more gains nothing. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return fd;
	}
	close(fd);
	return -1;
}

static int
connect_agent(struct ssh *s, struct err *e)
{
	if (s->key.n > 0)
		return 0;
	s->agent = ssh2.agent_init(s->session);
	if (s->agent == NULL || ssh2.agent_connect(s->agent) != 0)
		return err_set(e, ERR_CONFIG,
		    "no agent answers at $SSH_AUTH_SOCK: start one, or give "
		    "ssh { identity }");
	if (ssh2.agent_list_identities(s->agent) != 0)
		return err_set(e, ERR_CONFIG, "the agent lists no keys");
	return 0;
}

static int
begin_session(struct ssh *s, struct err *e)
{
	if (libssh2_load(e) == -1)
		return -1;
	if (ssh2.init(0) != 0)
		return err_set(e, ERR_TEMP, "libssh2 does not start");
	s->session = ssh2.session_init_ex(NULL, NULL, NULL, s);
	if (s->session == NULL)
		return err_set(e, ERR_TEMP, "no memory for libssh2");
	return connect_agent(s, e);
}

/* The far side needs a moment to begin, in which libssh2 is loaded.  The
 * agent's socket, too, must be open before we are confined. */
int
ssh_connect(struct ssh *s, struct err *e)
{
	struct addrinfo *list = NULL;
	const struct addrinfo *ai;

	if (look_up(s, &list, e) == -1)
		return -1;
	for (ai = list; ai != NULL && s->socket == -1; ai = ai->ai_next)
		s->socket = try_address(ai, e);
	freeaddrinfo(list);
	return s->socket == -1 ? -1 : begin_session(s, e);
}
