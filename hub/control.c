/*
 * hubd's control socket; see control.h.
 */
#include "config.h"

#include "hub/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"

enum {
	CLIENTS_MAX = 16,
	CLIENT_MS = 5000, /* for its request, and for reading the reply */
	REPLY_MAX = 16 << 20,
};

struct control {
	uv_pipe_t pipe;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	control_answer *answer;
	void *arg;
	struct client *first;
	unsigned clients;
	bool closed;
};

struct client {
	struct control *control;
	struct client *next;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_write_t write;
	unsigned open; /* handles that are not closed yet */
	size_t n;
	char line[CONTROL_LINE_MAX];
	struct buf reply;
};

static int
socket_path(const char *run, char *out, size_t size, struct err *e)
{
	int n = snprintf(out, size, "%s/hubd.sock", run);

	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_CONFIG,
		    "%s/hubd.sock is too long for a socket: choose a shorter "
		    "run directory",
		    run);
	return 0;
}

/* --- The server ----------------------------------------------------------- */

static void
free_if_done(struct control *c)
{
	if (c->closed && c->clients == 0)
		free(c);
}

static void
on_client_closed(uv_handle_t *h)
{
	struct client *k = h->data;
	struct control *c = k->control;
	struct client **at = &c->first;

	if (--k->open > 0)
		return;
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	c->clients--;
	buf_clear(&k->reply);
	free(k);
	free_if_done(c);
}

static void
close_client(struct client *k)
{
	if (uv_is_closing((uv_handle_t *)&k->pipe))
		return;
	uv_close((uv_handle_t *)&k->pipe, on_client_closed);
	uv_close((uv_handle_t *)&k->timer, on_client_closed);
}

static void
on_timeout(uv_timer_t *t)
{
	close_client(t->data);
}

static void
on_written(uv_write_t *w, int status)
{
	(void)status;
	close_client(w->data);
}

static void
send_reply(struct client *k, int status)
{
	uv_buf_t out;

	(void)buf_printf(&k->reply, "= %d\n", status);
	out = uv_buf_init(k->reply.p, (unsigned)k->reply.n);
	k->write.data = k;
	if (uv_write(&k->write, (uv_stream_t *)&k->pipe, &out, 1, on_written) !=
	    0)
		close_client(k);
}

/* Words of the request, in place; their number. */
static size_t
split(char *line, const char *word[CONTROL_WORDS_MAX + 1])
{
	size_t n = 0;

	for (char *p = line; *p != '\0' && n < CONTROL_WORDS_MAX;) {
		word[n++] = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
	}
	word[n] = NULL;
	return n;
}

static void
answer(struct client *k)
{
	const char *word[CONTROL_WORDS_MAX + 1];
	struct control *c = k->control;
	struct buf text = { .limit = REPLY_MAX };
	struct slice rest, line;
	size_t n = split(k->line, word);
	int status = EX_USAGE;

	(void)uv_read_stop((uv_stream_t *)&k->pipe);
	if (n > 0)
		status = c->answer(c->arg, n, word, &text);
	rest = buf_slice(&text);
	while (slice_cut(&rest, '\n', &line)) {
		(void)buf_put_str(&k->reply, "- ");
		(void)buf_put(&k->reply, line);
		(void)buf_put_char(&k->reply, '\n');
	}
	buf_clear(&text);
	send_reply(k, status);
}

static void
on_room(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct client *k = h->data;

	(void)suggested;
	*out = uv_buf_init(k->line + k->n, (unsigned)(sizeof(k->line) - k->n));
}

static void
on_read(uv_stream_t *s, ssize_t got, const uv_buf_t *in)
{
	struct client *k = s->data;
	char *end;

	(void)in;
	if (got < 0) {
		close_client(k);
		return;
	}
	k->n += (size_t)got;
	end = memchr(k->line, '\n', k->n);
	if (end != NULL &&
	    memchr(k->line, '\0', (size_t)(end - k->line)) == NULL) {
		*end = '\0';
		answer(k);
	} else if (end != NULL || k->n == sizeof(k->line)) {
		close_client(k);
	}
}

static bool
is_ours(uv_pipe_t *p)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);
	uv_os_fd_t fd;

	return uv_fileno((uv_handle_t *)p, &fd) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	    (peer.uid == 0 || peer.uid == geteuid());
}

static void
on_connection(uv_stream_t *server, int status)
{
	struct control *c = server->data;
	struct client *k = mem_alloc(sizeof(*k));
	bool ok;

	k->control = c;
	k->next = c->first;
	c->first = k;
	c->clients++;
	k->open = 2;
	(void)uv_pipe_init(server->loop, &k->pipe, 0);
	(void)uv_timer_init(server->loop, &k->timer);
	k->pipe.data = k->timer.data = k;
	ok = status == 0 && uv_accept(server, (uv_stream_t *)&k->pipe) == 0;
	if (ok && !is_ours(&k->pipe)) {
		log_warn("control: a stranger was turned away");
		ok = false;
	}
	if (!ok || c->clients > CLIENTS_MAX ||
	    uv_timer_start(&k->timer, on_timeout, CLIENT_MS, 0) != 0 ||
	    uv_read_start((uv_stream_t *)&k->pipe, on_room, on_read) != 0)
		close_client(k);
}

static void
on_closed(uv_handle_t *h)
{
	struct control *c = h->data;

	c->closed = true;
	free_if_done(c);
}

void
control_close(struct control *c)
{
	if (c == NULL)
		return;
	for (struct client *k = c->first; k != NULL; k = k->next)
		close_client(k);
	uv_close((uv_handle_t *)&c->pipe, on_closed);
}

int
control_listen(uv_loop_t *loop, const char *run, control_answer *answer_fn,
    void *arg, struct control **out, struct err *e)
{
	struct control *c = mem_alloc(sizeof(*c));
	int rc;

	c->answer = answer_fn;
	c->arg = arg;
	if (socket_path(run, c->path, sizeof(c->path), e) == -1) {
		free(c);
		return -1;
	}
	(void)unlink(c->path);
	(void)uv_pipe_init(loop, &c->pipe, 0);
	c->pipe.data = c;
	rc = uv_pipe_bind(&c->pipe, c->path);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&c->pipe, CLIENTS_MAX,
		    on_connection);
	if (rc != 0) {
		err_set(e, ERR_CONFIG, "listen on %s: %s", c->path,
		    uv_strerror(rc));
		control_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

/* --- The client ----------------------------------------------------------- */

static int
dial(const char *run, int wait_s, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = wait_s };
	int fd;

	if (socket_path(run, to.sun_path, sizeof(to.sun_path), e) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(e, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		err_sys(e, "connect to hubd");
		e->kind = ERR_TEMP;
		close(fd);
		return -1;
	}
	return fd;
}

/* The reply's lines without their mark, and the status behind them. */
static int
read_reply(struct slice in, struct buf *reply, int *status, struct err *e)
{
	struct slice line;
	uint64_t v;

	while (slice_cut(&in, '\n', &line)) {
		if (slice_skip(&line, SLICE("- "))) {
			(void)buf_put(reply, line);
			(void)buf_put_char(reply, '\n');
		} else if (slice_skip(&line, SLICE("= ")) &&
		    slice_u64(line, 255, &v) && in.n == 0) {
			*status = (int)v;
			return 0;
		} else {
			break;
		}
	}
	return err_set(e, ERR_TEMP, "hubd did not answer to the end");
}

int
control_ask(const char *run, const char *const *word, int wait_s,
    struct buf *reply, int *status, struct err *e)
{
	struct buf line = { 0 }, in = { 0 };
	int rc = -1, fd = dial(run, wait_s, e);

	if (fd == -1)
		return -1;
	for (size_t i = 0; word[i] != NULL; i++) {
		if (i > 0)
			(void)buf_put_char(&line, ' ');
		(void)buf_put_str(&line, word[i]);
	}
	(void)buf_put_char(&line, '\n');
	if (io_write_full(fd, buf_slice(&line), e) == 0 &&
	    io_read_upto(fd, REPLY_MAX, &in, e) == 0)
		rc = read_reply(buf_slice(&in), reply, status, e);
	else if (e->sys == EAGAIN)
		err_set(e, ERR_TEMP, "hubd has not answered for %d s", wait_s);
	buf_clear(&line);
	buf_clear(&in);
	close(fd);
	return rc;
}
