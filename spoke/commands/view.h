/*
 * What status and check tell of an association, by its files.
 */
#ifndef SPOKE_COMMANDS_VIEW_H
#define SPOKE_COMMANDS_VIEW_H

#include "common/command/status.h"
#include "spoke/commands/commands.h"

/* state: "idle", "waiting", or what was raised: "spool",
 * "fork-to-hub", "fork-to-spoke", "delivery", "budget-spent". */
extern const struct status_source view_source;

#endif
