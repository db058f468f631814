/*
 * The verbs of `hubctl`, a file each.  Those that read one leaf are in leaf.h.
 */
#ifndef HUB_COMMANDS_COMMANDS_H
#define HUB_COMMANDS_COMMANDS_H

#include "transport/commands/commands.h"

int command_accept(const struct options *o, int argc, char **argv);
int command_check(const struct options *o, int argc, char **argv);
int command_compile(const struct options *o, int argc, char **argv);
int command_messages(const struct options *o, int argc, char **argv);
int command_pull(const struct options *o, int argc, char **argv);
int command_receive(const struct options *o, int argc, char **argv);
int command_renew(const struct options *o, int argc, char **argv);
int command_status(const struct options *o, int argc, char **argv);
int command_task(const struct options *o, int argc, char **argv);
int command_tree(const struct options *o, int argc, char **argv);

/* Have a request of hub.h answered, by the hubd that runs or else here.  Its
 * text goes to standard output where somebody watches (a terminal, -v), or into
 * e with a status that is not 0. */
int ask_hub(const struct ground *g, const char *const *word, struct err *e);

#endif
