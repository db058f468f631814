/*
 * What a collector's outcome does to the configuration, and the values that it
 * leaves to be sent.  Devices come and go after three cycles in a row; a change
 * of the configuration file counts at once.  Does no I/O but the log.
 */
#ifndef SPOKE_READINGS_H
#define SPOKE_READINGS_H

#include "spoke/collector.h"
#include "spoke/tokens.h"
#include "spoke/values.h"

enum {
	READINGS_STREAK = 3, /* cycles */
	/* for collectors that list no devices */
	READINGS_MISSING_S = 24 * 60 * 60,
};

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
/* Leaves of collectors that the configuration does not have for this tree leave
 * at once; leaves that nobody claims, after 24 h.  Those of `spoke write` stay. */
void readings_sweep(struct tokens *t, const struct config *c, const char *tree,
    uint64_t now_s);
/* "collector/NAME", owned. */
char *readings_source(const char *collector);

#endif
