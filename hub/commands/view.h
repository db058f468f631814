/*
 * What status and check tell of an association: by its files, and by a hubd
 * that runs.
 */
#ifndef HUB_COMMANDS_VIEW_H
#define HUB_COMMANDS_VIEW_H

#include "common/operator/notice.h"
#include "common/spool/cursor.h"
#include "hub/commands/commands.h"

struct view {
	const struct association *a;
	char state[32];            /* "ok", "settling", or what was raised */
	struct spool_point cursor; /* ingested */
	uint64_t last, durable;    /* received; received without a gap */
	uint64_t waiting_messages, waiting_bytes; /* not ingested */
	uint64_t oldest_s;     /* Timestamp of the oldest of these, or 0 */
	uint64_t newest_s;     /* Timestamp of the newest message, or 0 */
	int64_t last_delivery; /* epoch seconds, or 0 */
	uint64_t gaps;         /* ranges that are missing */
	uint64_t quarantined;  /* files */
};

/* hubd's own words, one line an association; NULL: none runs. */
char *view_ask_hubd(const struct ground *g);
int view_look(const struct ground *g, const struct notices *n,
    const char *hubd_says, const struct association *a, struct view *out,
    struct err *e);

#endif
