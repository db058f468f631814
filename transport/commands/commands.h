/*
 * Verbs of spoke and hubctl that are the same but for who says them.
 */
#ifndef TRANSPORT_COMMANDS_COMMANDS_H
#define TRANSPORT_COMMANDS_COMMANDS_H

#include "common/command/ground.h"

int command_check_config(const struct options *o, int argc, char **argv);
int command_authorize(const struct options *o, int argc, char **argv);
int command_keygen(const struct options *o, int argc, char **argv);

/* push and pull: deliver for every association that this end dials. */
struct dial_verb {
	enum config_role role;
	/* Is a session worth it?  NULL: always. */
	int (*waits)(const struct node *n, const struct association *a,
	    bool *yes, struct err *e);
	/* What came is acted upon; NULL: that is another program's. */
	int (*took)(const struct node *n, const struct association *a,
	    struct err *e);
};
int dial_command(const struct dial_verb *v, const struct options *o, int argc,
    char **argv);

/* receive and serve: the session that the far end began over standard input and
 * output, as the forced command of its key.  The association is this command
 * line's, never the client's words (G12). */
struct answer_verb {
	enum config_role role;
	int (*took)(const struct node *n, const struct association *a,
	    struct err *e); /* as above */
};
int answer_command(const struct answer_verb *v, const struct options *o,
    int argc, char **argv);

#endif
