/*
 * Sessions of the far ends' that failed, as the log has them: the first at once,
 * then a line a minute of each association, with how many.  Does no I/O.
 */
#ifndef TRANSPORT_LINKS_LINKS_UNTOLD_H
#define TRANSPORT_LINKS_LINKS_UNTOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

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
