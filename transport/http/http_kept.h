/*
 * Transport http, how many bytes an end keeps that the other may not have yet: as
 * many as the link carries in some seconds.  A slow link could not carry more for
 * long, and a long one is not full with less.  Does no I/O.
 */
#ifndef TRANSPORT_HTTP_HTTP_KEPT_H
#define TRANSPORT_HTTP_HTTP_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

enum {
	HTTP_KEPT_MAX = 16 << 20
};

struct http_kept {
	size_t most;    /* bytes */
	size_t least;   /* of that */
	uint64_t timed; /* when the word comes that these came; 0: none */
	struct mono timed_from;
};

void http_kept_init(struct http_kept *k, size_t first, size_t least);
/* Those behind `at` are on their way. */
void http_kept_said(struct http_kept *k, uint64_t at, struct mono now);
/* So many are there. */
void http_kept_came(struct http_kept *k, uint64_t n, struct mono now);
/* Those behind `at` are not on their way any more. */
void http_kept_unsaid(struct http_kept *k, uint64_t at);

#endif
