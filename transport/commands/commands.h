/*
 * Verbs of spoke and hubctl that are the same but for who says them.
 */
#ifndef TRANSPORT_COMMANDS_COMMANDS_H
#define TRANSPORT_COMMANDS_COMMANDS_H

#include "common/command/ground.h"
#include "transport/delivery/delivery.h"

int command_check_config(const struct options *o, int argc, char **argv);
int command_authorize(const struct options *o, int argc, char **argv);
int command_keygen(const struct options *o, int argc, char **argv);

/* push and pull: deliver for every association that this end dials. */
struct dial_verb {
	enum config_role role;
	/* Is a session worth it?  NULL: always. */
	int (*waits)(const struct node *n, const struct association *a,
	    bool *yes, struct err *e);
	delivery_took *took;  /* NULL: another program acts on what came */
	size_t at_once, most; /* deliveries, as abreast has them */
};
int dial_command(const struct dial_verb *v, const struct options *o, int argc,
    char **argv);

/* receive and serve: the session that the far end began over standard input and
 * output, as the forced command of its key.  The association is this command
 * line's, never the client's words (G12). */
struct answer_verb {
	enum config_role role;
	delivery_took *took; /* as above */
};
int answer_command(const struct answer_verb *v, const struct options *o,
    int argc, char **argv);

#endif
