/*
 * The verbs of `spoke`, a file each.
 */
#ifndef SPOKE_COMMANDS_COMMANDS_H
#define SPOKE_COMMANDS_COMMANDS_H

#include "transport/commands/commands.h"

int command_announce(const struct options *o, int argc, char **argv);
int command_check(const struct options *o, int argc, char **argv);
int command_collect(const struct options *o, int argc, char **argv);
int command_daemon(const struct options *o, int argc, char **argv);
int command_messages(const struct options *o, int argc, char **argv);
int command_push(const struct options *o, int argc, char **argv);
int command_renew(const struct options *o, int argc, char **argv);
int command_serve(const struct options *o, int argc, char **argv);
int command_status(const struct options *o, int argc, char **argv);
int command_write(const struct options *o, int argc, char **argv);

#endif
