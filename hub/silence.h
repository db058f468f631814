/*
 * Associations of which nothing comes for longer than their silent-after: a state
 * of each, told as others are.
 */
#ifndef HUB_SILENCE_H
#define HUB_SILENCE_H

#include "common/config/node.h"
#include "common/operator/notice.h"

/* The notice. */
#define SILENCE_KEY "silent"

/* Zero-initialised: of none. */
struct silence {
	struct silence_of *of; /* n associations, by the caller's numbers */
	size_t n;
};

struct silence_look {
	const struct node *node;
	struct notices *notices;
	struct wall now;
};

/* Each is to be looked at. */
void silence_begin(struct silence *s, size_t n);
/* Something may have come from i; SIZE_MAX: from any. */
void silence_seen(struct silence *s, size_t i);
/* Raise or clear the notice of association a, which has number i.  Cheap: looks into
 * its directories only when the answer may be another one than before. */
void silence_look(struct silence *s, size_t i, const struct association *a,
    const struct silence_look *l);
void silence_clear(struct silence *s);

#endif
