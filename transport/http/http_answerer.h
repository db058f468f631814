/*
 * Transport http, the end that answers requests: which session one belongs to,
 * which of its bytes are new, and when it is answered with what.  Each
 * association has one session at most; a newer one takes its place.  Does no
 * I/O: the caller has a stream for each session, moves bytes, and says so.
 */
#ifndef TRANSPORT_HTTP_HTTP_ANSWERER_H
#define TRANSPORT_HTTP_HTTP_ANSWERER_H

#include "common/base/clock.h"
#include "transport/http/http_words.h"

struct http_answerer;

enum http_verdict {
	HTTP_BEGINS,  /* a new session: the one before, if any, is over */
	HTTP_GOES_ON, /* of the session that is there */
	HTTP_GONE,    /* its session is not there: 410 */
	HTTP_STRANGE, /* numbers that cannot be: 409 */
	HTTP_FULL,    /* too many sessions, or requests of one: 503 */
};

/* A request that was let in, from its head to its answer. */
struct http_ticket {
	size_t association;
	uint64_t session; /* which one of the association's */
	struct http_request request;
	uint64_t at; /* where in the requester's stream its body has come to */
	uint64_t serial;
	bool whole;        /* its body came */
	struct mono since; /* then, or when bytes of it did */
	bool goes_on;      /* so does its answer, as the stream does */
	size_t said;       /* of that */
	struct mono answered, said_at;
};

/* For associations 0 .. n - 1, of which at most sessions_most at once have one. */
struct http_answerer *http_answerer_new(size_t n, size_t sessions_most);
void http_answerer_free(struct http_answerer *h);

/* The head of a request.  A ticket is owned by the caller after BEGINS and
 * GOES_ON: http_ticket_end. */
enum http_verdict http_answerer_request(struct http_answerer *h,
    size_t association, const struct http_request *r, struct mono now,
    struct http_ticket *out);
/* Its session is over, another's, or is not there any more. */
bool http_ticket_gone(const struct http_answerer *h,
    const struct http_ticket *t);
/* n more bytes of its body.  False: those before them are still missing, wait.
 * Else the first *had of them came before, by another request. */
bool http_ticket_body(const struct http_answerer *h,
    const struct http_ticket *t, size_t n, size_t *had);
/* So many of them, those that came before included, went into the stream. */
void http_ticket_took(struct http_answerer *h, struct http_ticket *t, size_t n,
    struct mono now);
/* All of its body went there. */
void http_ticket_whole(const struct http_answerer *h, struct http_ticket *t,
    struct mono now);
/* Nothing follows what the stream got: true once, for it to be told. */
bool http_ticket_ends(struct http_answerer *h, const struct http_ticket *t);
/* Its body cannot be taken: what goes before it did not come in time.  408. */
bool http_ticket_late(const struct http_answerer *h,
    const struct http_ticket *t);
/* May it be answered?  Else not before *wake, or until something happens. */
bool http_ticket_due(const struct http_answerer *h, const struct http_ticket *t,
    struct mono now, struct mono *wake);
/* With what; *body lives until the session's next event.  Where there is much to
 * say, t->goes_on, and the body is what http_ticket_more tells. */
void http_ticket_answer(const struct http_answerer *h, struct http_ticket *t,
    struct mono now, struct http_answer *out, struct slice *body);
enum http_more http_ticket_more(const struct http_answerer *h,
    const struct http_ticket *t, struct mono now, struct slice *body,
    struct mono *wake);
/* The first n bytes of that were taken. */
void http_ticket_said(struct http_answerer *h, struct http_ticket *t, size_t n,
    struct mono now);
void http_ticket_end(struct http_answerer *h, struct http_ticket *t);

/* The session's stream: is it open, and how much may it say? */
bool http_session_lives(const struct http_answerer *h, size_t association);
size_t http_session_room(const struct http_answerer *h, size_t association);
void http_session_said(struct http_answerer *h, size_t association,
    struct slice bytes, struct mono now);
/* Nothing follows: what was said is still fetched. */
void http_session_ended(struct http_answerer *h, size_t association);
/* Nobody asked for it in time: false, or the association of one that is over
 * now. */
bool http_answerer_idle(struct http_answerer *h, struct mono now,
    size_t *association);
/* Sessions whose stream is open. */
size_t http_answerer_sessions(const struct http_answerer *h);

#endif
