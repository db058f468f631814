/*
 * hubctl accept: let go what waits for a person, after showing it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/operator/notice.h"
#include "hub/commands/commands.h"
#include "transport/delivery/outcome.h"

struct shown {
	const char *association, *what; /* what: NULL: all that waits */
};

static void
show(void *arg, const struct notice *n, struct wall since)
{
	static const char *const keys[] = { "config", "stream", "fork" };
	static const char *const renewed[] = { OUTCOME_FORK_TO_HUB,
		OUTCOME_FORK_TO_SPOKE }; /* what lets go these is no accept */
	const struct shown *s = arg;

	(void)since;
	if (strcmp(n->association, s->association) != 0)
		return;
	for (size_t i = 0; i < sizeof(renewed) / sizeof(renewed[0]); i++)
		if (strcmp(n->key, renewed[i]) == 0)
			printf("%s: %s; next: %s\n", n->key, n->text, n->next);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(n->key, keys[i]) == 0 &&
		    (s->what == NULL || strcmp(n->key, s->what) == 0))
			printf("%s: %s\n", n->key, n->text);
}

int
command_accept(const struct options *opts, int argc, char **argv)
{
	const char *word[4] = { "accept", NULL, NULL, NULL };
	const struct association *a = NULL;
	struct notices *n = NULL;
	struct ground g = ground_make(CONFIG_HUB, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, GROUND_READING, &e) == 0)
		a = ground_operand(&g, 2, &e);
	if (a == NULL || notices_open(g.node.state_dir, NULL, &n, &e) == -1)
		goto out;
	word[1] = a->name;
	word[2] = g.operands == 2 ? argv[2] : NULL;
	notices_each(n, show, &(struct shown){ a->name, word[2] });
	(void)fflush(stdout);
	rc = ask_hub(&g, word, &e);
out:
	notices_close(n);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
