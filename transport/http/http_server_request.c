/*
 * Requests to the listener, from libmicrohttpd's calls to the session's stream and
 * back; see http_server_impl.h.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "transport/http/http_server_impl.h"

enum {
	REFUSED_SAYS = 80,
	ANSWER_BLOCK = 16 << 10,
};

/* --- Refusals ----------------------------------------------------------------- */

static const char *
says(unsigned status)
{
	switch (status) {
	case MHD_HTTP_BAD_REQUEST:
		return "no right " HTTP_HEADER ", or a head of two meanings";
	case MHD_HTTP_UNAUTHORIZED:
		return "neither a token nor a certificate that is known here";
	case MHD_HTTP_NOT_FOUND:
		return "nothing here";
	case MHD_HTTP_METHOD_NOT_ALLOWED:
		return "not with this method";
	case MHD_HTTP_REQUEST_TIMEOUT:
		return "what goes before it did not come";
	case MHD_HTTP_CONFLICT:
		return "numbers that cannot be";
	case MHD_HTTP_GONE:
		return "no such session";
	case MHD_HTTP_CONTENT_TOO_LARGE:
		return "the body is too large";
	case MHD_HTTP_UNSUPPORTED_MEDIA_TYPE:
		return "no Content-Encoding is known here";
	default:
		return "too many sessions";
	}
}

/* Takes the response. */
static enum MHD_Result
queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r,
    const char *name, const char *value)
{
	enum MHD_Result rc = MHD_NO;

	if (r == NULL)
		return MHD_NO;
	/* Without a type it is octets (RFC 9110, 8.3). */
	if ((name == NULL || mhd.add_response_header(r, name, value)) &&
	    (status == MHD_HTTP_OK ||
		mhd.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
		    "text/plain")))
		rc = mhd.queue_response(c, status, r);
	mhd.destroy_response(r);
	return rc;
}

static enum MHD_Result
reply(struct MHD_Connection *c, unsigned status, struct slice body,
    const char *name, const char *value)
{
	/* libmicrohttpd copies it, but its type lacks the const */
	union {
		const char *ours;
		void *theirs;
	} p = { .ours = body.p };

	return queue(c, status,
	    mhd.create_response_from_buffer(body.n, p.theirs,
		MHD_RESPMEM_MUST_COPY),
	    name, value);
}

static enum MHD_Result
refuse(struct http_server *s, struct MHD_Connection *c, unsigned status)
{
	char text[REFUSED_SAYS];
	const char *name = NULL, *value = NULL;

	http_server_refused(s, c, status);
	if (status == MHD_HTTP_UNAUTHORIZED) {
		name = MHD_HTTP_HEADER_WWW_AUTHENTICATE;
		value = "Bearer";
	} else if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
		name = MHD_HTTP_HEADER_ALLOW;
		value = "POST";
	} else if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
		name = MHD_HTTP_HEADER_RETRY_AFTER;
		value = "10";
	}
	(void)snprintf(text, sizeof(text), "%s\n", says(status));
	return reply(c, status, slice_str(text), name, value);
}

/* --- The head --------------------------------------------------------------------- */

static const char *
field(struct MHD_Connection *c, const char *name)
{
	const char *value =
	    mhd.lookup_connection_value(c, MHD_HEADER_KIND, name);

	return value == NULL ? "" : value;
}

/* It is of one who is known, and no trouble of ours. */
static unsigned
strange(struct http_server *s, size_t association, unsigned status)
{
	s->o->tally[association].refused++;
	return status;
}

/* What begin() was told of a request. */
struct line {
	const char *url, *version;
};

/* 0, or the status that refuses it. */
static unsigned
judge(struct http_server *s, struct MHD_Connection *c, const struct line *l,
    struct http_ticket *t)
{
	struct http_request r;
	struct err ignored; /* the status says it */
	size_t association;
	uint64_t n;
	const char *length = field(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool nobody;
	unsigned status = http_server_head(c, l->url, l->version, &nobody);

	if (nobody)
		return status;
	if (!http_server_known(s, c, &association))
		return MHD_HTTP_UNAUTHORIZED;
	if (!http_server_has_room(s, c, association))
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	if (status != 0)
		return strange(s, association, status);
	if (length[0] != '\0' &&
	    !slice_u64(slice_str(length), HTTP_BODY_MAX, &n))
		return strange(s, association, MHD_HTTP_CONTENT_TOO_LARGE);
	if (http_request_parse(slice_str(field(c, HTTP_HEADER)), &r,
		&ignored) == -1)
		return strange(s, association, MHD_HTTP_BAD_REQUEST);
	switch (
	    http_answerer_request(s->answerer, association, &r, s->now, t)) {
	case HTTP_GOES_ON:
		return 0;
	case HTTP_BEGINS:
		if (http_server_begin_stream(s, association))
			return 0;
		http_session_ended(s->answerer, association);
		http_ticket_end(s->answerer, t);
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	case HTTP_GONE:
		return MHD_HTTP_GONE;
	case HTTP_STRANGE:
		return strange(s, association, MHD_HTTP_CONFLICT);
	case HTTP_FULL:
		break;
	}
	return MHD_HTTP_SERVICE_UNAVAILABLE;
}

static enum MHD_Result
begin_session_request(struct http_server *s, struct MHD_Connection *c,
    const struct line *l, void **request)
{
	struct http_ticket t;
	struct http_asked *q;
	unsigned status = judge(s, c, l, &t);

	if (status != 0)
		return refuse(s, c, status);
	q = mem_alloc(sizeof(*q));
	*q = (struct http_asked){ .next = s->asked,
		.s = s,
		.connection = c,
		.peer = http_server_peer_of(c),
		.ticket = t };
	buf_init(&q->ahead, HTTP_BODY_MAX);
	if (q->next != NULL)
		q->next->before = q;
	s->asked = q;
	q->peer->busy = true;
	q->peer->since = q->peer->moving = s->now;
	q->peer->moved = 0;
	*request = q;
	return MHD_YES;
}

/* What this listener serves. */
static const struct route {
	const char *path, *method;
	enum MHD_Result (*begin)(struct http_server *s,
	    struct MHD_Connection *c, const struct line *l, void **request);
} routes[] = {
	{ "/" HTTP_PATH, MHD_HTTP_METHOD_POST, begin_session_request },
};

static enum MHD_Result
begin(struct http_server *s, struct MHD_Connection *c, const struct line *l,
    const char *method, void **request)
{
	unsigned status = MHD_HTTP_NOT_FOUND;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(l->url, routes[i].path) != 0)
			continue;
		if (strcmp(method, routes[i].method) == 0)
			return routes[i].begin(s, c, l, request);
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	return refuse(s, c, status);
}

/* --- The body ------------------------------------------------------------------------ */

static void
sleep_now(struct http_asked *q)
{
	q->asleep = true;
	q->peer->moving = (struct mono){ 0 };
	mhd.suspend_connection(q->connection);
}

/* How many of the bytes went into the stream, or need not. */
static size_t
put(struct http_asked *q, const char *p, size_t n)
{
	struct http_server *s = q->s;
	struct http_stream *st = &s->stream[q->ticket.association];
	size_t had;
	ssize_t got = 0;

	if (http_ticket_gone(s->answerer, &q->ticket))
		return n;
	if (!http_ticket_body(s->answerer, &q->ticket, n, &had))
		return 0;
	if (had < n && st->fd != -1) {
		got =
		    st->full ? 0 : send(st->fd, p + had, n - had, MSG_NOSIGNAL);
		if (got == -1 && (errno == EAGAIN || errno == EINTR)) {
			st->full = true;
			got = 0;
		} else if (got == -1) {
			got = (ssize_t)(n - had); /* its end is on its way */
		}
	} else {
		got = (ssize_t)(n - had);
	}
	http_ticket_took(s->answerer, &q->ticket, had + (size_t)got, s->now);
	return had + (size_t)got;
}

/* Of what it keeps; true: some of it went. */
static bool
put_ahead(struct http_asked *q)
{
	size_t n = q->ahead.n == 0 ? 0 : put(q, q->ahead.p, q->ahead.n);

	if (n == 0)
		return false;
	q->s->ahead -= n;
	buf_drop(&q->ahead, n);
	if (q->ahead.n == 0)
		buf_clear(&q->ahead);
	return true;
}

/* How many of the bytes went there, or are kept until it is their turn. */
static size_t
put_or_keep(struct http_asked *q, const char *p, size_t n)
{
	struct http_server *s = q->s;
	size_t had, room = AHEAD_MOST - s->ahead;

	(void)put_ahead(q);
	if (q->ahead.n == 0 &&
	    http_ticket_body(s->answerer, &q->ticket, n, &had))
		return put(q, p, n);
	if (n > room)
		n = room;
	if (!buf_put(&q->ahead, (struct slice){ p, n }))
		return 0;
	s->ahead += n;
	if (n > 0)
		q->ticket.since = s->now;
	return n;
}

static enum MHD_Result
take_body(struct http_asked *q, const char *data, size_t *n)
{
	struct http_server *s = q->s;
	struct mono wake;
	size_t took;

	q->body_n += *n;
	if (q->body_n > HTTP_CHUNKS_MAX) { /* without end */
		(void)strange(s, q->ticket.association, 0);
		return MHD_NO;
	}
	took = put_or_keep(q, data, *n);
	q->body_n -= *n - took; /* it comes again */
	q->peer->moved += took;
	if (took == 0 && *n > 0) {
		(void)http_ticket_due(s->answerer, &q->ticket, s->now, &wake);
		if (s->now.ns >= wake.ns)
			return MHD_NO;
		sleep_now(q);
	}
	*n -= took;
	return MHD_YES;
}

/* --- The answer -------------------------------------------------------------------------- */

/* More of an answer that goes on: how many bytes, or 0 while it sleeps. */
static ssize_t
on_more(void *cls, uint64_t at, char *p, size_t most)
{
	struct http_asked *q = cls;
	struct http_server *s = q->s;
	struct slice bytes;
	struct mono wake;

	(void)at;
	s->now = clock_mono();
	switch (
	    http_ticket_more(s->answerer, &q->ticket, s->now, &bytes, &wake)) {
	case HTTP_BYTES:
		if (bytes.n > most)
			bytes.n = most;
		memcpy(p, bytes.p, bytes.n);
		http_ticket_said(s->answerer, &q->ticket, bytes.n, s->now);
		return (ssize_t)bytes.n;
	case HTTP_SILENT:
		sleep_now(q);
		return 0;
	case HTTP_ENOUGH:
		break;
	}
	return MHD_CONTENT_READER_END_OF_STREAM;
}

static enum MHD_Result
answer(struct http_asked *q)
{
	struct http_server *s = q->s;
	char text[HTTP_HEADER_MAX];
	struct http_answer a;
	struct slice body;
	struct mono wake;

	(void)put_ahead(q);
	if (q->ahead.n == 0)
		http_ticket_whole(s->answerer, &q->ticket, s->now);
	if (http_ticket_ends(s->answerer, &q->ticket) &&
	    s->stream[q->ticket.association].fd != -1)
		(void)shutdown(s->stream[q->ticket.association].fd, SHUT_WR);
	if (!http_ticket_due(s->answerer, &q->ticket, s->now, &wake)) {
		sleep_now(q);
		return MHD_YES;
	}
	q->peer->moving = (struct mono){ 0 };
	if (http_ticket_gone(s->answerer, &q->ticket))
		return refuse(s, q->connection, MHD_HTTP_GONE);
	if (http_ticket_late(s->answerer, &q->ticket))
		return refuse(s, q->connection, MHD_HTTP_REQUEST_TIMEOUT);
	http_ticket_answer(s->answerer, &q->ticket, s->now, &a, &body);
	http_answer_text(&a, text);
	if (q->ticket.goes_on)
		return queue(q->connection, MHD_HTTP_OK,
		    mhd.create_response_from_callback(MHD_SIZE_UNKNOWN,
			ANSWER_BLOCK, on_more, q, NULL),
		    HTTP_HEADER, text);
	return reply(q->connection, MHD_HTTP_OK, body, HTTP_HEADER, text);
}

enum MHD_Result
http_server_on_request(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *data_n,
    void **request)
{
	struct http_server *s = cls;
	struct http_asked *q = *request;

	s->now = clock_mono();
	if (q == NULL)
		return begin(s, c, &(struct line){ url, version }, method,
		    request);
	if (*data_n > 0)
		return take_body(q, data, data_n);
	return answer(q);
}

void
http_server_on_over(void *cls, struct MHD_Connection *c, void **request,
    enum MHD_RequestTerminationCode why)
{
	struct http_server *s = cls;
	struct http_asked *q = *request;

	(void)c;
	(void)why;
	if (q == NULL)
		return;
	http_server_count_bytes(s, q->peer);
	q->peer->busy = false;
	q->peer->since = clock_mono();
	q->peer->moving = (struct mono){ 0 };
	http_ticket_end(s->answerer, &q->ticket);
	s->ahead -= q->ahead.n;
	buf_clear(&q->ahead);
	if (q->next != NULL)
		q->next->before = q->before;
	if (q->before != NULL)
		q->before->next = q->next;
	else
		s->asked = q->next;
	free(q);
	*request = NULL;
}

/* --- Waking --------------------------------------------------------------------------------- */

static bool
may_go_on(struct http_asked *q, struct mono *wake)
{
	struct http_server *s = q->s;
	struct slice bytes;
	size_t had;

	if (q->ticket.goes_on)
		return http_ticket_more(s->answerer, &q->ticket, s->now, &bytes,
			   wake) != HTTP_SILENT;
	if (http_ticket_due(s->answerer, &q->ticket, s->now, wake))
		return true;
	if (q->ticket.whole)
		return http_ticket_ends(s->answerer, &q->ticket);
	return q->ahead.n == 0 &&
	    http_ticket_body(s->answerer, &q->ticket, 1, &had) &&
	    (had > 0 || !s->stream[q->ticket.association].full);
}

/* What was kept goes when it is its turn, which may be that of another then. */
static void
put_all_ahead(struct http_server *s)
{
	bool more = true;

	while (more) {
		more = false;
		for (struct http_asked *q = s->asked; q != NULL; q = q->next)
			more = put_ahead(q) || more;
	}
}

void
http_server_wake_requests(struct http_server *s, struct mono *wake)
{
	if (s->ahead > 0)
		put_all_ahead(s);
	for (struct http_asked *q = s->asked; q != NULL; q = q->next) {
		struct mono at;

		if (!q->asleep)
			continue;
		if (may_go_on(q, &at)) {
			q->asleep = false;
			if (!q->ticket.goes_on)
				q->peer->moving = s->now;
			q->peer->moved = 0;
			mhd.resume_connection(q->connection);
			*wake = s->now;
		} else if (at.ns < wake->ns) {
			*wake = at;
		}
	}
}
