/*
 * Transport http, the words of its requests and answers: doc/protocol.5, HTTP.
 * Does no I/O.
 */
#ifndef TRANSPORT_HTTP_HTTP_WORDS_H
#define TRANSPORT_HTTP_HTTP_WORDS_H

#include "common/base/buf.h"

#define HTTP_PATH   "axletree/1" /* below the url's */
#define HTTP_HEADER "Axletree-Session"

enum {
	HTTP_ID_SIZE = 33,          /* 128 bits in hex, and a NUL */
	HTTP_BODY_MAX = 1 << 20,    /* of a request that has a length */
	HTTP_CHUNKS_MAX = 64 << 20, /* of one without; of an answer */
	HTTP_HEADER_MAX = 128,
	HTTP_TOKEN_LEAST = 22, /* 128 bits in base64 */
	HTTP_TOKEN_MOST = 256,
	HTTP_HOLD_MS = 25000, /* an answer without bytes is held so long */
	HTTP_IDLE_MS = 75000, /* without a request the session is over */
};

enum http_word {
	HTTP_NOW,  /* answer when the body is taken, without bytes */
	HTTP_WAIT, /* answer when there is something to say */
	HTTP_END,  /* as wait; nothing follows behind this body */
};

struct http_request {
	char id[HTTP_ID_SIZE];
	uint64_t sent;     /* bytes of the requester before this body */
	uint64_t received; /* bytes of the answerer that it has */
	enum http_word word;
};

struct http_answer {
	uint64_t sent;     /* bytes of the answerer before this body */
	uint64_t received; /* bytes of the requester that it has */
	bool end;          /* nothing follows behind this body */
};

/* What there is of a body that goes on. */
enum http_more {
	HTTP_BYTES,  /* these, which live until the session's next event */
	HTTP_SILENT, /* nothing before *wake, or until something happens */
	HTTP_ENOUGH, /* the body is over */
};

/* The header's value.  -1 with ERR_PROTOCOL when it is anything else. */
int http_request_parse(struct slice value, struct http_request *out,
    struct err *e);
int http_answer_parse(struct slice value, struct http_answer *out,
    struct err *e);
/* NUL-terminated; at least HTTP_HEADER_MAX bytes. */
void http_request_text(const struct http_request *r, char *out);
void http_answer_text(const struct http_answer *a, char *out);

/* Of a file that holds nothing else but a line feed: 22 to 256 of
 * A-Z a-z 0-9 - . _ ~ + / = (RFC 6750, 2.1). */
int http_token_of(struct slice file, struct slice *token, struct err *e);
/* The same of the value of a header Authorization.  False: it has none. */
bool http_bearer(struct slice value, struct slice *token);
/* In a time that does not tell where they differ. */
bool http_token_eq(struct slice a, struct slice b);

/* What a status other than 200 means to who asked: fills e.  retry: it came with
 * Retry-After, as the 503 of a listener does; that of a proxy without its listener
 * does not (RFC 9110, 15.6.4). */
int http_refused(unsigned status, bool retry, struct slice text, struct err *e);

#endif
