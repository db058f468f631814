/*
 * The listener's loop and the streams of its sessions; see http_server_impl.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/sandbox.h"
#include "transport/http/http_server_impl.h"

enum {
	CONNECTIONS_MOST = PEERS_MOST + 24, /* those that are being cut */
	CONNECTION_S = 100, /* ours are shorter: http_server_peer.c */
	READ_MAX = 64 << 10,
	EVENTS = 64,
	SWEEP_MS = 1000,
	HELD_UP_MS = 5000, /* a turn: longer is not for the work there is */
	FOREVER_MS = 60000,
};

/* What an event is of. */
enum {
	OF_DAEMON,
	OF_CONTROL,
	OF_STREAMS, /* and the association's number */
};

/* TLS 1.2 and later, with forward secrecy; first the group that who asks has
 * guessed, for another costs a round trip. */
static const char priorities[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-GROUP-ALL:"
    "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE";

/* --- Streams --------------------------------------------------------------------- */

void
http_server_end_stream(struct http_server *s, size_t association)
{
	struct http_stream *st = &s->stream[association];

	if (st->fd != -1)
		close(st->fd); /* and out of the epoll */
	*st = (struct http_stream){ .fd = -1 };
}

static bool
tell_parent(const struct http_server *s, size_t association, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	uint32_t which = (uint32_t)association;
	struct iovec iov = { &which, sizeof(which) };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(s->o->control, &m, MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(which);
}

bool
http_server_begin_stream(struct http_server *s, size_t association)
{
	struct http_stream *st = &s->stream[association];
	struct epoll_event ev = { .events = EPOLLIN,
		.data.u64 = OF_STREAMS + association };
	int pair[2];
	bool ok;

	http_server_end_stream(s, association); /* of the session before */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		pair) == -1)
		return false;
	ok = epoll_ctl(s->epoll, EPOLL_CTL_ADD, pair[0], &ev) == 0 &&
	    tell_parent(s, association, pair[1]);
	close(pair[1]);
	if (!ok) {
		log_warn("no session: %s association=%s", strerror(errno),
		    s->o->secrets->known[association].name);
		close(pair[0]);
		return false;
	}
	*st = (struct http_stream){ .fd = pair[0], .events = EPOLLIN };
	return true;
}

static void
read_stream(struct http_server *s, size_t association)
{
	static char room[READ_MAX];
	struct http_stream *st = &s->stream[association];
	size_t most;
	ssize_t n;

	while ((most = http_session_room(s->answerer, association)) > 0) {
		n = recv(st->fd, room, most < READ_MAX ? most : READ_MAX, 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			http_session_ended(s->answerer, association);
			http_server_end_stream(s, association);
			return;
		}
		http_session_said(s->answerer, association,
		    (struct slice){ room, (size_t)n }, s->now);
	}
}

static void
on_stream(struct http_server *s, size_t association, unsigned events)
{
	struct http_stream *st = &s->stream[association];

	if ((events & EPOLLOUT) != 0)
		st->full = false;
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && st->fd != -1)
		read_stream(s, association);
}

/* What is full is not read, what takes nothing is waited for. */
static void
watch_streams(struct http_server *s)
{
	for (size_t i = 0; i < s->o->secrets->n; i++) {
		struct http_stream *st = &s->stream[i];
		struct epoll_event ev = { .data.u64 = OF_STREAMS + i };

		if (st->fd == -1)
			continue;
		if (http_session_room(s->answerer, i) > 0)
			ev.events |= EPOLLIN;
		if (st->full)
			ev.events |= EPOLLOUT;
		if (ev.events != st->events)
			(void)epoll_ctl(s->epoll, EPOLL_CTL_MOD, st->fd, &ev);
		st->events = ev.events;
	}
}

static void
sweep_sessions(struct http_server *s)
{
	size_t association;

	while (http_answerer_idle(s->answerer, s->now, &association)) {
		if (s->stream[association].fd != -1)
			log_info("session without requests is closed "
				 "association=%s",
			    s->o->secrets->known[association].name);
		http_server_end_stream(s, association);
	}
}

/* --- The loop --------------------------------------------------------------------- */

static int
wait_ms(const struct http_server *s, struct mono wake)
{
	int64_t ms = s->n_peer > 0 || http_answerer_sessions(s->answerer) > 0
	    ? SWEEP_MS
	    : FOREVER_MS;
	MHD_UNSIGNED_LONG_LONG theirs;

	if (wake.ns != INT64_MAX && mono_ms_since(wake, s->now) < ms)
		ms = mono_ms_since(wake, s->now) + (wake.ns > s->now.ns);
	if (mhd.get_timeout(s->daemon, &theirs) == MHD_YES &&
	    theirs < (MHD_UNSIGNED_LONG_LONG)(ms < 0 ? 0 : ms))
		ms = (int64_t)theirs;
	return ms < 0 ? 0 : (int)ms;
}

/* We were stopped, or the machine was: that is not the slowness of those who are
 * connected, whose bytes may come only now. */
static void
look_at_clock(struct http_server *s, struct mono *turn, int waited_ms)
{
	int64_t held_ms;

	s->now = clock_mono();
	held_ms = mono_ms_since(s->now, *turn) - waited_ms;
	if (held_ms > HELD_UP_MS)
		http_server_forgive_peers(s, held_ms);
	*turn = s->now;
}

static void
loop(struct http_server *s)
{
	struct epoll_event ev[EVENTS];
	struct mono wake, swept = { 0 }, turn = clock_mono(), counted = turn;

	for (;;) {
		int n, ms;

		wake = (struct mono){ INT64_MAX };
		s->now = clock_mono();
		http_server_wake_requests(s, &wake); /* may fill a stream */
		watch_streams(s);
		ms = wait_ms(s, wake);
		n = epoll_wait(s->epoll, ev, EVENTS, ms);
		look_at_clock(s, &turn, ms);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.u64 == OF_CONTROL)
				return; /* it says nothing: it is gone */
			if (ev[i].data.u64 >= OF_STREAMS)
				on_stream(s, ev[i].data.u64 - OF_STREAMS,
				    ev[i].events);
		}
		(void)mhd.run(s->daemon);
		if (mono_ms_since(s->now, counted) >= SWEEP_MS) {
			counted = s->now;
			http_server_count_all_bytes(s);
		}
		if (mono_ms_since(s->now, swept) >= SWEEP_MS ||
		    s->n_peer > PEERS_MOST) {
			swept = s->now;
			http_server_sweep_peers(s);
			sweep_sessions(s);
		}
	}
}

/* --- Beginning ---------------------------------------------------------------------- */

static void on_log(void *cls, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
on_log(void *cls, const char *fmt, va_list ap)
{
	char line[256], shown[300];

	(void)cls;
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	log_debug("listener: %s",
	    log_escape(shown, sizeof(shown), slice_str(line)));
}

/* Its options, ended by MHD_OPTION_END. */
static void
fill_tls(const struct http_secrets *k, struct MHD_OptionItem *o)
{
	/* libmicrohttpd only reads what it lacks the const for */
	union {
		const char *ours;
		void *theirs;
	} p = { .ours = priorities };

	if (k->certificate.n > 0) {
		*o++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
			p.theirs };
		*o++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0,
			k->certificate.p };
		*o++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0,
			k->key.p };
	}
	if (k->client_ca.n > 0)
		*o++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0,
			k->client_ca.p };
	*o = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

static int
start_daemon(struct http_server *s, struct err *e)
{
	const struct http_secrets *k = s->o->secrets;
	struct MHD_OptionItem tls[5];
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_USE_ERROR_LOG | MHD_USE_SUPPRESS_DATE_NO_CLOCK;

	if (k->certificate.n > 0)
		flags |= MHD_USE_TLS;
	fill_tls(k, tls);
	s->daemon = mhd.start_daemon(flags, 0, NULL, NULL,
	    http_server_on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_LISTEN_SOCKET, s->o->socket, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)CONNECTIONS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)CONNECTION_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_MEMORY, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
	    http_server_on_over, s, MHD_OPTION_NOTIFY_CONNECTION,
	    http_server_on_peer, s, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (s->daemon == NULL)
		return err_set(e, ERR_CONFIG,
		    "libmicrohttpd does not start: are web { certificate key "
		    "client-ca } PEM files that belong together?");
	return 0;
}

static int
watch(struct http_server *s, int fd, uint64_t of, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = of };

	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) == -1)
		return err_sys(e, "epoll");
	return 0;
}

/* As many descriptors as there may be connections. */
static void
raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == -1)
		return;
	l.rlim_cur = l.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &l); /* up to the hard one: allowed */
}

static int
begin(struct http_server *s, struct err *e)
{
	/* Only the log may need one. */
	const struct sandbox_opts so = { .unix_sockets = !log_on_stderr() };
	struct sandbox_state confined;
	char text[96];

	raise_limit();
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll == -1)
		return err_sys(e, "epoll");
	if (start_daemon(s, e) == -1 ||
	    watch(s,
		mhd.get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)
		    ->epoll_fd,
		OF_DAEMON, e) == -1 ||
	    watch(s, s->o->control, OF_CONTROL, e) == -1 ||
	    sandbox_enter(&so, &confined, e) == -1)
		return -1;
	log_debug("listener begins confinement=\"%s\"",
	    sandbox_text(confined, text, sizeof(text)));
	return 0;
}

int
http_server_run(const struct http_server_opts *o, struct err *e)
{
	size_t n = o->secrets->n;
	struct http_server s = { .o = o, .epoll = -1 };
	int rc;

	s.now = clock_mono();
	s.stream = mem_array(n == 0 ? 1 : n, sizeof(*s.stream));
	for (size_t i = 0; i < n; i++)
		s.stream[i].fd = -1;
	s.answerer = http_answerer_new(n, o->sessions_most);
	rc = begin(&s, e);
	if (rc == 0)
		loop(&s);
	for (size_t i = 0; i < n; i++)
		http_server_end_stream(&s, i);
	/* Its end, in which all that is asleep would have to be woken, is the
	 * process's. */
	return rc;
}

int
http_server_check(const struct http_secrets *k, struct err *e)
{
	gnutls_certificate_credentials_t c;
	gnutls_datum_t certificate = { (unsigned char *)k->certificate.p,
		(unsigned)k->certificate.n };
	gnutls_datum_t key = { (unsigned char *)k->key.p, (unsigned)k->key.n };
	gnutls_datum_t ca = { (unsigned char *)k->client_ca.p,
		(unsigned)k->client_ca.n };
	int rc;

	if (libmicrohttpd_load(e) == -1)
		return -1;
	if (k->certificate.n == 0)
		return 0;
	if (gnutls.certificate_allocate_credentials(&c) != 0)
		return err_set(e, ERR_TEMP, "no memory for GnuTLS");
	rc = gnutls.certificate_set_x509_key_mem(c, &certificate, &key,
	    GNUTLS_X509_FMT_PEM);
	if (rc < 0) {
		err_set(e, ERR_CONFIG, "web { certificate key }: %s",
		    gnutls.strerror(rc));
	} else if (ca.size > 0) {
		rc = gnutls.certificate_set_x509_trust_mem(c, &ca,
		    GNUTLS_X509_FMT_PEM);
		if (rc == 0)
			rc = GNUTLS_E_NO_CERTIFICATE_FOUND;
		if (rc < 0)
			err_set(e, ERR_CONFIG, "web { client-ca }: %s",
			    gnutls.strerror(rc));
	}
	gnutls.certificate_free_credentials(c);
	return rc < 0 ? -1 : 0;
}

static int
check_dates(gnutls_x509_crt_t c, struct wall now, struct err *e)
{
	time_t from = gnutls.x509_crt_get_activation_time(c);
	time_t until = gnutls.x509_crt_get_expiration_time(c);
	bool early = wall_s(now) < from;
	const time_t when = early ? from : until;
	char day[sizeof("9999-12-31")] = "?";
	struct tm t;

	if (!early && wall_s(now) <= until)
		return 0;
	if (gmtime_r(&when, &t) != NULL)
		(void)strftime(day, sizeof(day), "%Y-%m-%d", &t);
	return err_set(e, ERR_CONFIG, "web { certificate }: %s %s",
	    early ? "is not valid before" : "has expired on", day);
}

int
http_server_check_dates(const struct http_secrets *k, struct wall now,
    struct err *e)
{
	gnutls_datum_t pem = { (unsigned char *)k->certificate.p,
		(unsigned)k->certificate.n };
	gnutls_x509_crt_t c;
	int rc = 0;

	if (k->certificate.n == 0)
		return 0;
	if (gnutls.x509_crt_init(&c) != 0)
		return err_set(e, ERR_TEMP, "no memory for GnuTLS");
	if (gnutls.x509_crt_import(c, &pem, GNUTLS_X509_FMT_PEM) == 0)
		rc = check_dates(c, now, e);
	gnutls.x509_crt_deinit(c);
	return rc;
}
