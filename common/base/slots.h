/*
 * A pointer file of two slots, each with a serial number and a CRC-32 (W13):
 * the valid slot with the higher serial counts, the other is written next, so
 * a cut at any instant leaves one of the two.
 */
#ifndef COMMON_BASE_SLOTS_H
#define COMMON_BASE_SLOTS_H

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	SLOTS_BODY_MAX = 448
}; /* bytes, without NUL */

struct slots;

/* Borrows dirfd until slots_close.  A file that is not there opens as empty and
 * is made by the first put; one without a valid slot opens as damaged. */
int slots_open(int dirfd, const char *name, struct slots **out, struct err *e);
/* False: nothing there.  The body lives until the next put or close. */
bool slots_get(const struct slots *s, struct slice *body);
bool slots_damaged(const struct slots *s);
/* Durable when it returns.  After an error the old body counts, or the new. */
int slots_put(struct slots *s, struct slice body, struct err *e);
void slots_close(struct slots *s);

#endif
