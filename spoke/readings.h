/*
 * What a collector's outcome does to the configuration, and the values that it
 * leaves to be sent.  Devices come and go after three cycles in a row; a change
 * of the configuration file counts at once.  Does no I/O but the log.
 */
#ifndef SPOKE_READINGS_H
#define SPOKE_READINGS_H

#include "spoke/collector.h"
#include "spoke/tokens.h"

enum {
	READINGS_STREAK = 3, /* cycles */
	/* for collectors that list no devices */
	READINGS_MISSING_S = 24 * 60 * 60,
};

/* A value of a live leaf, to be sent. */
struct value {
	uint64_t timestamp_s;
	size_t at;         /* of the leaf */
	struct slice text; /* borrowed */
};
struct values {
	struct value *v;
	size_t n, cap;
};
void values_add(struct values *l, struct value v);
/* By time stamp, then in the order of the configuration. */
void values_sort(struct values *l);
void values_clear(struct values *l);

struct readings {
	const struct config_collector *cc;
	const struct collected *c;
	/* for each reading: a counter would not go on from the one before it.
	 * NULL: all go on */
	const bool *anew;
};

/* Borrows the values' texts from r. */
void readings_apply(struct tokens *t, const struct readings *r,
    struct values *out);
/* Leaves of collectors that the configuration does not have for this tree go
 * at once; those that nobody claims after 24 h.  Sources of `spoke write` stay. */
void readings_sweep(struct tokens *t, const struct config *c, const char *tree,
    uint64_t now_s);
/* "collector/NAME", owned. */
char *readings_source(const char *collector);

/* Whether all live leaves and these can stand in one tree. */
int readings_fit(const struct tokens *t, struct leaf *const *more, size_t n,
    struct err *e);

#endif
