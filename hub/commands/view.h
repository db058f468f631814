/*
 * What status and check tell of an association: by its files, and by a hubd
 * that runs.
 */
#ifndef HUB_COMMANDS_VIEW_H
#define HUB_COMMANDS_VIEW_H

#include "common/command/status.h"
#include "common/spool/cursor.h"
#include "hub/commands/commands.h"

struct view {
	struct status s; /* state: "ok", "settling", or what was raised */
	struct spool_point cursor; /* ingested */
	uint64_t newest_s;         /* Timestamp of the newest message, or 0 */
};

/* hubd's own words, one line an association; NULL: none runs. */
char *view_ask_hubd(const struct ground *g);
int view_look(const struct ground *g, const struct notices *n,
    const char *hubd_says, const struct association *a, struct view *out,
    struct err *e);

#endif
