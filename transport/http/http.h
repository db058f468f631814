/*
 * Transport http: one association's bytes in POST requests, in a child of its own
 * that has libcurl.  Which request when is http_requester.h; here are files,
 * TLS and sockets.
 */
#ifndef TRANSPORT_HTTP_HTTP_H
#define TRANSPORT_HTTP_HTTP_H

#include "transport/http/http_requester.h"
#include "transport/http/libcurl.h"
#include "transport/transport.h"

extern const struct transport_ops transport_http;

struct http;

enum {
	HTTP_SOCKETS = 4 * HTTP_POSTS, /* those that curl keeps, at most */
	HTTP_IN_MOST = 1 << 20, /* that the program has yet to read: no more is
				 * asked for, or taken */
};

/* A request and its answer. */
struct http_exchange {
	struct http *h;
	size_t which; /* of the requester's */
	CURL *easy;
	struct curl_slist *headers;
	struct http_answer answer;
	bool has_answer;  /* a right head came */
	bool paused;      /* the program has much to read before */
	bool silent;      /* it has no more to say now */
	size_t head_n;    /* bytes of the head so far */
	size_t body_n;    /* and of the body */
	struct buf text;  /* the body of a refusal */
	struct err wrong; /* why we broke it off */
	char words[CURL_ERROR_SIZE];
};

/* In the child. */
struct http {
	const struct association *a;
	struct mono deadline;
	int local; /* the program's end of the stream */
	struct buf ca, certificate, key, token;
	char *url, *authorization;   /* of each request; NULL: by certificate */
	struct curl_slist *resolved; /* the host's addresses */
	CURLM *multi;
	struct http_requester requester;
	struct http_exchange exchange[HTTP_POSTS];
	struct buf in; /* for the program */
	bool gone;     /* it reads no more */
	struct mono leaving;
	uint64_t *wire;           /* bytes in all, for our parent */
	uint64_t wire_ended;      /* of them on sockets that are closed */
	int socket[HTTP_SOCKETS]; /* that are open; -1: none */
	struct err *e;
};

/* http_files: what the configuration names.  http_look_up: the host's addresses,
 * while we may still read files.  Both before any connection. */
int http_files(struct http *h, struct err *e);
void http_files_clear(struct http *h);
int http_look_up(struct http *h, struct err *e);

/* http_exchange_open, once for each; begin: send the requester's; resume: the program
 * has read or said something, or it is *wake, which it may bring forward; over: curl is through with it.  -1 with why there was no answer;
 * *again: another try may go well. */
int http_exchange_open(struct http_exchange *x, struct err *e);
int http_exchange_begin(struct http_exchange *x, struct err *e);
void http_exchange_resume(struct http_exchange *x, struct mono *wake);
int http_exchange_over(struct http_exchange *x, CURLcode code, bool *again,
    struct err *e);
void http_exchange_close(struct http_exchange *x);

/* Bring h->wire up to date, and tell the requester how the line is. */
void http_look_at_sockets(struct http *h);
/* For curl, which has the struct http as arg. */
int http_socket_opened(void *arg, curl_socket_t fd, curlsocktype purpose);
int http_socket_close(void *arg, curl_socket_t fd);

#endif
