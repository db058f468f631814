/*
 * Connections to the listener: who is there, and for how long; see
 * http_server_impl.h.
 *
 * A stranger has 20 s in all to prove itself, whatever it sends meanwhile; where
 * room gets short the oldest stranger goes first, so that no crowd of them keeps
 * an association out; and an association has its share, so that it keeps no other
 * one out.
 */
#include "config.h"

#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "transport/http/http_server_impl.h"
#include "transport/http/http_tcp.h"

enum {
	STRANGE_MS = 20000,
	RESTING_MS = 90000, /* between requests */
	BUSY_MS = 900000,   /* over one, its answer's way included */
	RATE_AFTER_MS = 10000,
	RATE_LEAST = 100, /* bytes a second, of a body */
	TELL_MS = 60000,
};

/* --- Connections --------------------------------------------------------------- */

/* One that comes and goes without a word is none: monitors do. */
static bool
has_said(const struct http_peer *p)
{
	struct tcp_info info;

	return http_tcp_info(p->fd, &info) && info.tcpi_bytes_received > 0;
}

void
http_server_count_bytes(struct http_server *s, struct http_peer *p)
{
	struct tcp_info info;
	uint64_t bytes;

	if (!p->known || !http_tcp_info(p->fd, &info))
		return;
	bytes = http_tcp_bytes(&info);
	if (bytes > p->counted)
		atomic_fetch_add(&s->o->tally[p->association].wire.seen,
		    bytes - p->counted);
	p->counted = bytes;
}

void
http_server_count_all_bytes(struct http_server *s)
{
	for (struct http_peer *p = s->peer; p != NULL; p = p->next)
		http_server_count_bytes(s, p);
}

void
http_server_on_peer(void *cls, struct MHD_Connection *c, void **peer,
    enum MHD_ConnectionNotificationCode why)
{
	struct http_server *s = cls;
	const union MHD_ConnectionInfo *i =
	    mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_peer *p;

	if (why == MHD_CONNECTION_NOTIFY_STARTED) {
		p = mem_alloc(sizeof(*p));
		p->fd = i == NULL ? -1 : i->connect_fd;
		p->since = clock_mono();
		p->next = s->peer;
		if (p->next != NULL)
			p->next->before = p;
		s->peer = p;
		s->n_peer++;
		*peer = p;
		return;
	}
	p = *peer;
	if (p == NULL)
		return;
	http_server_count_bytes(s, p);
	if (!p->known && !p->refused && (p->cut || has_said(p)))
		http_server_refused(s, c,
		    p->cut ? MHD_HTTP_REQUEST_TIMEOUT : MHD_HTTP_BAD_REQUEST);
	if (p->next != NULL)
		p->next->before = p->before;
	if (p->before != NULL)
		p->before->next = p->next;
	else
		s->peer = p->next;
	s->n_peer--;
	free(p);
	*peer = NULL;
}

struct http_peer *
http_server_peer_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
	    mhd.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i == NULL ? NULL : i->socket_context;
}

/* libmicrohttpd finds the end of the stream, and closes. */
static void
cut(struct http_peer *p)
{
	if (!p->cut && p->fd != -1)
		(void)shutdown(p->fd, SHUT_RDWR);
	p->cut = true;
}

static bool
is_too_slow(const struct http_peer *p, struct mono now)
{
	int64_t ms = mono_ms_since(now, p->since), body;

	if (!p->known)
		return ms > STRANGE_MS;
	if (!p->busy)
		return ms > RESTING_MS;
	body = p->moving.ns == 0 ? 0 : mono_ms_since(now, p->moving);
	return ms > BUSY_MS ||
	    (body > RATE_AFTER_MS &&
		p->moved <
		    (uint64_t)(body - RATE_AFTER_MS) / 1000 * RATE_LEAST);
}

void
http_server_forgive_peers(struct http_server *s, int64_t ms)
{
	for (struct http_peer *p = s->peer; p != NULL; p = p->next) {
		p->since = mono_earlier(mono_add_ms(p->since, ms), s->now);
		if (p->moving.ns != 0)
			p->moving =
			    mono_earlier(mono_add_ms(p->moving, ms), s->now);
	}
}

/* The list begins with the newest. */
static struct http_peer *
oldest(const struct http_server *s, bool known)
{
	struct http_peer *found = NULL;

	for (struct http_peer *p = s->peer; p != NULL; p = p->next)
		if (!p->cut && !p->busy && p->known == known)
			found = p;
	return found;
}

void
http_server_sweep_peers(struct http_server *s)
{
	size_t cuts = 0;

	for (struct http_peer *p = s->peer; p != NULL; p = p->next) {
		if (!p->cut && is_too_slow(p, s->now))
			cut(p);
		cuts += p->cut;
	}
	while (s->n_peer - cuts > PEERS_MOST) {
		struct http_peer *p = oldest(s, false);

		if (p == NULL)
			p = oldest(s, true);
		if (p == NULL)
			return; /* all are at work */
		cut(p);
		cuts++;
	}
}

/* --- Who it is ------------------------------------------------------------------- */

static bool
by_certificate(struct http_server *s, struct MHD_Connection *c,
    struct http_peer *p)
{
	const union MHD_ConnectionInfo *i;

	if (s->o->secrets->client_ca.n == 0)
		return false;
	if (p->certified)
		return true;
	i = mhd.get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (i != NULL)
		p->certified = http_secrets_by_certificate(s->o->secrets,
		    i->tls_session, &p->certificate);
	return p->certified;
}

/* A token and a certificate must not say two things; that we dial what the
 * certificate names is not one of them. */
bool
http_server_known(struct http_server *s, struct MHD_Connection *c,
    size_t *association)
{
	struct http_peer *p = http_server_peer_of(c);
	const char *value = mhd.lookup_connection_value(c, MHD_HEADER_KIND,
	    MHD_HTTP_HEADER_AUTHORIZATION);
	struct slice token;
	size_t which = 0;
	bool certified;

	if (p == NULL)
		return false;
	certified = by_certificate(s, c, p);
	if (certified)
		which = p->certificate;
	if (value != NULL) {
		if (!http_bearer(slice_str(value), &token) ||
		    !http_secrets_by_token(s->o->secrets, token, &which) ||
		    (certified && which != p->certificate &&
			!s->o->secrets->known[p->certificate].dialed))
			return false;
	} else if (!certified) {
		return false;
	}
	p->known = true;
	p->association = *association = which;
	return true;
}

bool
http_server_has_room(struct http_server *s, struct MHD_Connection *c,
    size_t association)
{
	const struct http_peer *self = http_server_peer_of(c);
	struct http_peer *rests = NULL; /* the oldest */
	size_t n = 0;

	for (struct http_peer *p = s->peer; p != NULL; p = p->next) {
		if (p == self || p->cut || !p->known ||
		    p->association != association)
			continue;
		n++;
		if (!p->busy)
			rests = p;
	}
	if (n < PEERS_OF_ONE)
		return true;
	if (rests != NULL)
		cut(rests);
	return rests != NULL;
}

/* --- The log ------------------------------------------------------------------------ */

void
http_server_refused(struct http_server *s, struct MHD_Connection *c,
    unsigned status)
{
	const union MHD_ConnectionInfo *i =
	    mhd.get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = i == NULL ? NULL : i->client_addr;
	struct http_peer *p = http_server_peer_of(c);
	char host[NI_MAXHOST] = "unknown";

	if (p != NULL)
		p->refused = true;
	s->refused++;
	if (s->told.ns != 0 && mono_ms_since(s->now, s->told) < TELL_MS)
		return;
	if (a != NULL)
		(void)getnameinfo(a,
		    a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					     : sizeof(struct sockaddr_in),
		    host, sizeof(host), NULL, 0, NI_NUMERICHOST);
	log_warn("requests refused count=%" PRIu64 " last_status=%u "
		 "last_address=%s connections=%zu",
	    s->refused, status, host, s->n_peer);
	s->refused = 0;
	s->told = s->now;
}
