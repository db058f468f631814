/*
 * Transport ssh, bytes both ways, and the end: the program's socket on one
 * side, the channel on the other.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "transport/ssh/ssh.h"

enum {
	PUMP_BUFFER = 64 << 10,
	STDERR_KEPT = 64 << 10, /* the last of it */
	KEEPALIVE_S = 30,
	STALLED_MS = 75000,
	LEAVE_MS = 8000, /* for the far side to end, when we have */
};

/* Bytes on their way in one direction. */
struct flow {
	char p[PUMP_BUFFER];
	size_t at, n; /* p[at..n) is not written yet */
	bool ended;   /* nothing more comes */
	bool told;    /* and the other side knows */
};

struct pump {
	struct ssh *s;
	struct flow out; /* to the far side */
	struct flow in;
	struct buf errs;   /* its stderr */
	bool gone;         /* the program reads no more: bytes are dropped */
	bool moved;        /* something did, in this turn */
	struct mono heard; /* the far side, last */
	uint64_t received; /* then */
	struct mono leaving;
	struct err *e;
};

static bool
is_empty(const struct flow *f)
{
	return f->at == f->n;
}

static void
put(struct pump *p, struct flow *f, size_t n)
{
	f->at = 0;
	f->n = n;
	p->moved = true;
}

static void
took(struct pump *p, struct flow *f, size_t n)
{
	f->at += n;
	p->moved = true;
}

/* --- The program's side ------------------------------------------------------- */

static void
read_local(struct pump *p)
{
	ssize_t n;

	if (!is_empty(&p->out) || p->out.ended)
		return;
	n = recv(p->s->local, p->out.p, sizeof(p->out.p), 0);
	if (n > 0)
		put(p, &p->out, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		p->out.ended = p->moved = true;
}

static void
write_local(struct pump *p)
{
	struct flow *f = &p->in;
	ssize_t n;

	if (p->gone && !is_empty(f))
		took(p, f, f->n - f->at);
	if (!is_empty(f)) {
		n = send(p->s->local, f->p + f->at, f->n - f->at, MSG_NOSIGNAL);
		if (n > 0)
			took(p, f, (size_t)n);
		else if (n == -1 && errno != EAGAIN && errno != EINTR)
			p->gone = p->moved = true;
	}
	if (is_empty(f) && f->ended && !f->told) {
		shutdown(p->s->local, SHUT_WR);
		f->told = p->moved = true;
	}
}

/* --- The far side --------------------------------------------------------------- */

static int
broken(struct pump *p, const char *what)
{
	char shown[160], *text = NULL;

	ssh2.session_last_error(p->s->session, &text, NULL, 0);
	log_escape(shown, sizeof(shown), slice_str(text == NULL ? "" : text));
	return err_set(p->e, ERR_TEMP, "the connection broke: %s: %s", what,
	    shown);
}

static int
read_channel(struct pump *p)
{
	ssize_t n;

	if (!is_empty(&p->in) || p->in.ended)
		return 0;
	n = ssh2.channel_read_ex(p->s->channel, 0, p->in.p, sizeof(p->in.p));
	if (n > 0)
		put(p, &p->in, (size_t)n);
	else if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
		return broken(p, "read");
	else if (ssh2.channel_eof(p->s->channel) == 1)
		p->in.ended = p->moved = true;
	return 0;
}

static int
read_errors(struct pump *p)
{
	char text[4096];
	ssize_t n = ssh2.channel_read_ex(p->s->channel,
	    SSH_EXTENDED_DATA_STDERR, text, sizeof(text));

	if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
		return broken(p, "read");
	if (n <= 0)
		return 0;
	p->moved = true;
	if (p->errs.n + (size_t)n > STDERR_KEPT)
		buf_drop(&p->errs, p->errs.n + (size_t)n - STDERR_KEPT);
	buf_put(&p->errs, (struct slice){ text, (size_t)n });
	return 0;
}

static int
write_channel(struct pump *p)
{
	struct flow *f = &p->out;
	ssize_t n;
	int rc;

	if (!is_empty(f)) {
		n = ssh2.channel_write_ex(p->s->channel, 0, f->p + f->at,
		    f->n - f->at);
		if (n > 0)
			took(p, f, (size_t)n);
		else if (n < 0 && n != LIBSSH2_ERROR_EAGAIN &&
		    !p->in.ended) /* it reads no more: its status tells why */
			return broken(p, "write");
		else if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
			took(p, f, f->n - f->at);
	}
	if (is_empty(f) && f->ended && !f->told) {
		rc = ssh2.channel_send_eof(p->s->channel);
		if (rc != 0 && rc != LIBSSH2_ERROR_EAGAIN)
			return broken(p, "end");
		if (rc == 0)
			f->told = p->moved = true;
	}
	return 0;
}

/* --- Waiting ----------------------------------------------------------------------- */

static int
check_times(struct pump *p)
{
	struct mono now = clock_mono();

	if (p->s->heard.received != p->received) {
		p->received = p->s->heard.received;
		p->heard = now;
	}
	if (mono_ms_since(now, p->heard) > STALLED_MS)
		return err_set(p->e, ERR_TEMP,
		    "the connection is stalled: nothing came for %d s",
		    STALLED_MS / 1000);
	if (p->out.told && p->leaving.ns == 0)
		p->leaving = now;
	if (p->leaving.ns != 0 && p->gone &&
	    mono_ms_since(now, p->leaving) > LEAVE_MS)
		return err_set(p->e, ERR_TEMP,
		    "the far side did not end when we had");
	return 0;
}

static int
await(struct pump *p)
{
	int next_s = KEEPALIVE_S;
	struct pollfd f[2] = {
		{ .fd = p->s->local },
		{ .fd = p->s->socket, .events = POLLIN },
	};

	if (is_empty(&p->out) && !p->out.ended)
		f[0].events |= POLLIN;
	if (!is_empty(&p->in))
		f[0].events |= POLLOUT;
	if (p->gone)
		f[0].fd = -1; /* that it hung up is no news */
	if ((ssh2.session_block_directions(p->s->session) &
		LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
		f[1].events |= POLLOUT;
	ssh2.keepalive_send(p->s->session, &next_s);
	if (next_s < 1 || next_s > KEEPALIVE_S)
		next_s = KEEPALIVE_S;
	if (p->leaving.ns != 0)
		next_s = 1;
	if (poll(f, 2, next_s * 1000) > 0 &&
	    (f[0].revents & (POLLHUP | POLLERR)) != 0)
		p->gone = true;
	return check_times(p);
}

/* --- The whole -------------------------------------------------------------------- */

static int
turn(struct pump *p)
{
	p->moved = false;
	read_local(p);
	if (write_channel(p) == -1 || read_channel(p) == -1 ||
	    read_errors(p) == -1)
		return -1;
	write_local(p);
	return p->moved ? 0 : await(p);
}

static int
judge(struct pump *p)
{
	int status = ssh2.channel_get_exit_status(p->s->channel);
	char shown[40], *sig = NULL;

	ssh2.channel_get_exit_signal(p->s->channel, &sig, NULL, NULL, NULL,
	    NULL, NULL);
	if (sig != NULL) {
		log_escape(shown, sizeof(shown), slice_str(sig));
		ssh2.free(p->s->session, sig);
		return err_set(p->e, ERR_TEMP,
		    "the far side was killed by signal %s", shown);
	}
	return channel_far_end(status, buf_slice(&p->errs), ERR_PROTOCOL, p->e);
}

/* The status comes before the channel's close, if at all. */
static int
await_close(struct pump *p)
{
	struct mono begun = clock_mono();

	while (
	    ssh2.channel_wait_closed(p->s->channel) == LIBSSH2_ERROR_EAGAIN) {
		struct pollfd f = { p->s->socket, POLLIN, 0 };

		if (mono_ms_since(clock_mono(), begun) > LEAVE_MS)
			break;
		poll(&f, 1, 100);
	}
	if (read_errors(p) == -1)
		return -1;
	return judge(p);
}

int
ssh_pump(struct ssh *s, struct err *e)
{
	struct pump *p = mem_alloc(sizeof(*p));
	int rc = 0;

	p->s = s;
	p->e = e;
	p->heard = clock_mono();
	ssh2.session_set_blocking(s->session, 0);
	ssh2.keepalive_config(s->session, 1, KEEPALIVE_S);
	while (rc == 0 && !(p->in.told && (p->out.told || p->in.ended)))
		rc = turn(p);
	if (rc == 0)
		rc = await_close(p);
	buf_clear(&p->errs);
	free(p);
	return rc;
}

/* Leave is taken in one packet; what does not go at once is not waited for. */
void
ssh_close(struct ssh *s)
{
	if (s->agent != NULL)
		ssh2.agent_free(s->agent);
	if (s->session != NULL) {
		ssh2.session_set_blocking(s->session, 0);
		if (s->logged_in)
			ssh2.session_disconnect_ex(s->session,
			    SSH_DISCONNECT_BY_APPLICATION, "done", "");
		ssh2.session_free(s->session);
	}
	if (s->socket != -1)
		close(s->socket);
	buf_clear(&s->key);
	buf_clear(&s->known_hosts);
}
