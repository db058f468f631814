/*
 * How often the log tells of sessions that far ends began and that failed: for each
 * association so many a minute, and the next line says how many were left out.  Does
 * no I/O.
 */
#ifndef TRANSPORT_LINKS_LINKS_UNTOLD_H
#define TRANSPORT_LINKS_LINKS_UNTOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

enum {
	LINKS_TELL_MOST = 20, /* a minute */
};

/* Zero-initialised: nothing failed. */
struct links_untold {
	struct links_untold_of *of;
	size_t n;
};

/* May a session that begins now tell that it failed?  *before: how many did not,
 * since the last that was told. */
bool links_untold_ask(const struct links_untold *u, const char *association,
    struct mono now, uint64_t *before);
/* One has failed, and told it or not. */
void links_untold_failed(struct links_untold *u, const char *association,
    bool told, struct mono now);
void links_untold_clear(struct links_untold *u);

#endif
