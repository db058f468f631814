/*
 * hubctl compile: compile a tree, or all, now and from its CONFIGs anew.
 */
#include "config.h"

#include "hub/commands/commands.h"

int
command_compile(const struct options *opts, int argc, char **argv)
{
	const char *word[3] = { "compile", NULL, NULL };
	struct ground g = ground_make(CONFIG_HUB, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, GROUND_READING, &e) == -1 ||
	    ground_check_operands(&g, 1, &e) == -1)
		goto out;
	word[1] = g.operands == 1 ? argv[1] : NULL;
	rc = ask_hub(&g, word, &e);
out:
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
