/*
 * Transport http, the end that sends requests: which request to send when, and
 * what an answer means.  One is under way that waits for the far end to speak, and
 * one that brings bytes which came meanwhile; where there are many, several bring
 * them at once, so that a long link is full.  Does no I/O.
 */
#ifndef TRANSPORT_HTTP_HTTP_REQUESTER_H
#define TRANSPORT_HTTP_HTTP_REQUESTER_H

#include "common/base/clock.h"
#include "transport/http/http_words.h"

enum {
	HTTP_POSTS = 8
};

struct http_post {
	bool under_way;
	struct http_request request;
	size_t n;       /* bytes of its body */
	bool part;      /* of what a body may have */
	uint64_t heard; /* of its answer's */
	struct mono begun;
};

/* All zero but for id at the beginning. */
struct http_requester {
	char id[HTTP_ID_SIZE];
	struct buf out;    /* bytes that the far end does not have yet */
	uint64_t acked;    /* where they begin */
	uint64_t highest;  /* how far any request went */
	uint64_t received; /* of the far end */
	uint64_t told;     /* it knows that so many were */
	bool out_ended, in_ended;
	bool answered; /* ever */
	struct http_post post[HTTP_POSTS];
	struct mono put_at;  /* bytes came last */
	struct mono poll_at; /* ask then, though we have nothing to say */
	struct mono retry_at;
	struct mono well_at; /* something was answered */
	int failures;        /* in a row */
	struct mono failed_at;
	size_t body_most; /* as fast as the link is */
};

enum http_todo {
	HTTP_NOTHING, /* until *wake */
	/* the request of post[*which], with *body, which lives until bytes are put
	 * or an answer came */
	HTTP_START,
	HTTP_OVER, /* both ends have ended */
};

void http_requester_init(struct http_requester *r, const char *id,
    struct mono now);
void http_requester_clear(struct http_requester *r);
/* How many bytes of our program may be put now. */
size_t http_requester_room(const struct http_requester *r);
void http_requester_put(struct http_requester *r, struct slice bytes,
    struct mono now);
void http_requester_put_end(struct http_requester *r);

enum http_todo http_requester_next(struct http_requester *r, struct mono now,
    size_t *which, struct slice *body, struct mono *wake);
/* The head of an answer, before its body: may it be the one that was asked
 * for?  -1: the far end does not keep to the protocol. */
int http_requester_head(const struct http_requester *r, size_t which,
    const struct http_answer *a, struct err *e);
/* The next n bytes of its body.  Returns how many of them, from the first on, came
 * before, by another answer: the others are our program's. */
size_t http_requester_heard(struct http_requester *r, size_t which, size_t n);
/* All of it came. */
void http_requester_answered(struct http_requester *r, size_t which,
    const struct http_answer *a, struct mono now);
/* No answer.  met: somebody had taken the connection, and may have had too many.
 * False: it is not worth another try. */
bool http_requester_failed(struct http_requester *r, size_t which, bool met,
    struct mono now);

#endif
