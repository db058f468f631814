/*
 * The verbs of `hubctl`, a file each, and the ground that they stand on.  Those
 * that read one leaf are in leaf.h.
 */
#ifndef HUB_COMMANDS_COMMANDS_H
#define HUB_COMMANDS_COMMANDS_H

#include "common/base/clock.h"
#include "common/base/options.h"
#include "common/config/node.h"

int command_accept(const struct options *o, int argc, char **argv);
int command_authorize(const struct options *o, int argc, char **argv);
int command_check(const struct options *o, int argc, char **argv);
int command_check_config(const struct options *o, int argc, char **argv);
int command_compile(const struct options *o, int argc, char **argv);
int command_keygen(const struct options *o, int argc, char **argv);
int command_messages(const struct options *o, int argc, char **argv);
int command_receive(const struct options *o, int argc, char **argv);
int command_status(const struct options *o, int argc, char **argv);
int command_tree(const struct options *o, int argc, char **argv);

/* The configuration, read; the account, entered; the directories, open.  A verb
 * fills in the first four. */
struct ground {
	struct options options; /* then with the verb's own flags parsed */
	const struct options_flag *flags; /* the verb's, or NULL */
	int argc;
	char **argv;
	struct config *config;
	struct node node;
	int operands; /* argv[1] .. argv[operands] */
};

/* Parse the verb's flags and prepare the ground.  Close it also after a
 * failure. */
int ground_open(struct ground *g, struct err *e);
void ground_close(struct ground *g);

/* ERR_CONFIG when there is none of that name, or we are not its hub. */
const struct association *ground_association(const struct ground *g,
    const char *name, struct err *e);
/* The first operand's association; ERR_USAGE with more than `most` operands. */
const struct association *ground_operand(const struct ground *g, int most,
    struct err *e);
/* The next one of which we are the hub, that the operands name or, without
 * operands, any; *at begins at 0.  NULL: no more, or e says what is wrong. */
const struct association *ground_next(const struct ground *g, size_t *at,
    struct err *e);

/* Have a request of hub.h answered, by the hubd that runs or else here.  Its
 * text goes to standard output, or into e with a status that is not 0. */
int ground_ask(const struct ground *g, const char *const *word, struct err *e);

/* Log e as the verb's last word.  Returns its exit status. */
int command_failed(const struct err *e);

#endif
