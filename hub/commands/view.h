/*
 * What status and check tell of an association: by its files, and by a hubd
 * that runs.
 */
#ifndef HUB_COMMANDS_VIEW_H
#define HUB_COMMANDS_VIEW_H

#include "common/command/status.h"
#include "hub/commands/commands.h"

/* state: "ok", "settling", "draining", "compiling", "busy" (hubd does not
 * answer, or a verb works in its place), "down" (none runs), or what was raised. */
extern const struct status_source view_source;

#endif
