/*
 * What every verb of spoke and hubctl stands on: the command line parsed, the
 * configuration read, the account entered, the directories open, the notices.
 */
#ifndef COMMON_COMMAND_GROUND_H
#define COMMON_COMMAND_GROUND_H

#include "common/base/clock.h"
#include "common/base/options.h"
#include "common/config/node.h"
#include "common/operator/notice.h"

/* The first six are the caller's: see ground_make. */
struct ground {
	enum config_role role;  /* what this program is in its associations */
	struct options options; /* and then with the verb's own flags parsed */
	const struct options_flag *flags; /* NULL: none */
	int argc;
	char **argv;  /* argv[1] .. argv[operands] */
	bool keyless; /* the verb makes the keys that are to be named */

	int operands;
	struct config *config;
	struct node node;
	struct notice_mail mail;
	struct notices *notices;         /* NULL where a verb only reads */
	const struct association **list; /* of ground_list */
};

enum ground_for {
	GROUND_READING, /* no notices, nothing is swept up */
	GROUND_CHANGING,
};

/* Whom the configuration wants to be mailed; elsewhere: by a mailer. */
struct notice_mail ground_mail(const struct config *c, bool elsewhere);

/* What is told of associations that the configuration does not have ends, and so
 * does what is told of a budget where this end has none. */
void ground_fit_notices(struct notices *n, const struct config *c);

/* A verb without flags; those of others are set by the caller. */
struct ground ground_make(enum config_role role, const struct options *o,
    int argc, char **argv);
/* Parse the verb's flags and prepare the ground.  Close it also after a
 * failure. */
int ground_open(struct ground *g, enum ground_for what, struct err *e);
/* Mails what is to be mailed, frees all. */
void ground_close(struct ground *g);

/* No more than `most` operands, else ERR_USAGE. */
int ground_check_operands(const struct ground *g, int most, struct err *e);
/* The first operand's association; there are no more than `most` operands.
 * ERR_CONFIG when there is none of that name, or we are not of that role. */
const struct association *ground_operand(const struct ground *g, int most,
    struct err *e);
/* Those that the operands name, or all in which we have the role;
 * NULL-terminated, until ground_close.  NULL: e says what is wrong. */
const struct association *const *ground_list(struct ground *g, struct err *e);

/* A state that a person must know of: told once, and again to whom sits at a
 * terminal.  Returns its exit status. */
int ground_trouble(struct ground *g, const char *association, const char *key,
    const char *next, const struct err *e);
/* That again: to who sits at a terminal. */
void ground_tell_again(const struct ground *g, const char *next,
    const struct err *e);
void ground_over(struct ground *g, const char *association, const char *key);

/* A state of the node, told by a process that keeps no notices and whose daemon
 * has a mailer: raised with why and the command to run next, cleared without. */
void ground_tell(const struct config *c, const char *key, const char *why,
    const char *next);

/* Log e as the verb's last word.  Returns its exit status. */
int command_failed(const struct err *e);

#endif
