/*
 * The verb messages: messages of an association as text that can be parsed
 * again.  Those that the spoke writes, or with --to-spoke the hub's: the same for
 * both ends but for where they lie.
 */
#ifndef COMMON_COMMAND_MESSAGES_H
#define COMMON_COMMAND_MESSAGES_H

#include "common/command/ground.h"

/* Damaged messages are logged and left out, and are ERR_INPUT in the end. */
int messages_command(enum config_role role, const struct options *o, int argc,
    char **argv);

#endif
