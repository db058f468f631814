/*
 * Transport http, the end that sends requests: which request to send when, with
 * which bytes, and what an answer means.  One is under way that waits for the far
 * end to speak, and one that brings bytes which came meanwhile; where there are
 * many, its body goes on with them, and another begins before it ends, so that a
 * long link is full whatever is still unanswered.  Does no I/O.
 */
#ifndef TRANSPORT_HTTP_HTTP_REQUESTER_H
#define TRANSPORT_HTTP_HTTP_REQUESTER_H

#include "transport/http/http_kept.h"
#include "transport/http/http_words.h"

enum {
	HTTP_POSTS = 8
};

struct http_post {
	bool under_way;
	struct http_request request;
	bool chunks;    /* its body says its length as it goes */
	bool goes_on;   /* it takes what our program says meanwhile: */
	size_t most;    /* so much in all */
	size_t n;       /* bytes of its body, once it does not go on */
	size_t gone;    /* of them that were taken to be sent */
	uint64_t heard; /* of its answer's */
	struct mono begun, gone_at;
	bool asks; /* only how much of others came */
};

/* All zero but for id at the beginning. */
struct http_requester {
	char id[HTTP_ID_SIZE];
	struct buf out;  /* what some request may still have to bring */
	uint64_t out_at; /* where that begins */
	uint64_t acked;  /* the far end has so many of our bytes */
	struct http_kept kept;
	uint64_t highest;  /* how far any request went */
	uint64_t asked;    /* and had gone when it was asked what came */
	uint64_t received; /* of the far end */
	uint64_t told;     /* it knows that so many were */
	bool out_ended, in_ended;
	bool orphan;     /* our program hears nothing any more, either */
	bool answered;   /* ever */
	int64_t trip_ms; /* until then, from the first request */
	struct http_post post[HTTP_POSTS];
	struct mono put_at; /* bytes came last */
	int64_t flow_ms;    /* what flows goes on within; 0: it knows no rate */
	struct mono poll_at; /* ask then, though we have nothing to say */
	struct mono retry_at;
	struct mono well_at; /* something was answered */
	int failures;        /* in a row */
	struct mono failed_at;
	bool lost;        /* how far did what was under way come? */
	size_t body_most; /* of one that goes on */
	bool spread; /* bodies side by side, on a line that would carry more */
	struct mono spare_at; /* since when it would */
	bool no_chunks;       /* somebody on the way does not take them */
};

enum http_todo {
	HTTP_NOTHING, /* until *wake */
	HTTP_START,   /* the request of post[*which] */
	HTTP_OVER, /* both ends have ended; or ours is gone, and nothing went */
};

void http_requester_init(struct http_requester *r, const char *id,
    struct mono now);
/* Our program says no more bytes a second: what is written by and by goes in one
 * body, for each has a head.  0: it has no rate. */
void http_requester_rate(struct http_requester *r, uint64_t rate);
void http_requester_clear(struct http_requester *r);
/* How many bytes of our program may be put now. */
size_t http_requester_room(const struct http_requester *r);
void http_requester_put(struct http_requester *r, struct slice bytes,
    struct mono now);
void http_requester_put_end(struct http_requester *r);
/* Our program is gone: a session that did not begin is not to. */
void http_requester_orphan(struct http_requester *r);

enum http_todo http_requester_next(struct http_requester *r, struct mono now,
    size_t *which, struct mono *wake);
/* The body of one that is under way, from where it has come to; the bytes live
 * until some are put, or an answer came. */
enum http_more http_requester_more(struct http_requester *r, size_t which,
    struct mono now, struct slice *bytes, struct mono *wake);
/* The first n of them go. */
void http_requester_gone(struct http_requester *r, size_t which, size_t n,
    struct mono now);
/* The line would carry more than TCP lets go, or not.  After a while bodies go side by
 * side, each with a part of what is kept. */
void http_requester_line(struct http_requester *r, bool spare, struct mono now);
/* They go all over again, from the first on; false: they are not kept. */
bool http_requester_rewind(struct http_requester *r, size_t which);
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
/* Its body was refused with that status: may one of another form be taken? */
bool http_requester_other_form(struct http_requester *r, size_t which,
    unsigned status);

#endif
