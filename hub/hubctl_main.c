/*
 * hubctl: the hub's commands.
 */
#include "config.h"

#include "hub/commands/commands.h"
#include "hub/commands/leaf.h"

static const struct options_verb verbs[] = {
	{ "receive", "ASSOCIATION",
	    "take a spoke's delivery from standard input and output",
	    command_receive },
	{ "pull",
	    "[--always] [--deadline 10m] [--splay T] [--tries 3] [ASSOCIATION...]",
	    "fetch what waits at the spokes", command_pull },
	{ "status", "[ASSOCIATION...]", "what was received and ingested",
	    command_status },
	{ "check", "[ASSOCIATION...]", "the same for Nagios", command_check },
	{ "tree", "[PATH] [--params] [--tree TREE]",
	    "the leaves of the compiled tree", command_tree },
	{ "values", "PATH [--from T] [--to T] [--raw] [--tail N] [--tree TREE]",
	    "the values of a leaf", command_values },
#ifdef HAVE_LIBRRD
	{ "graph",
	    "PATH -o FILE.png|.svg [--from T] [--to T] [--width W] [--height H]"
	    " [--tree TREE]",
	    "draw the values of a leaf", command_graph },
#endif
	{ "messages", "ASSOCIATION [FROM[-TO]] [--to-spoke]",
	    "print received messages as text; --to-spoke: what was sent",
	    command_messages },
	{ "task", "ASSOCIATION [NAME:VALUE...]",
	    "send a TASK, from standard input or the words", command_task },
	{ "accept", "ASSOCIATION [config|stream|fork]",
	    "let go what waits for a person", command_accept },
	{ "renew", "ASSOCIATION",
	    "begin a new stream of what the hub sends, with all that is held",
	    command_renew },
	{ "compile", "[TREE]", "compile a tree now, from its CONFIGs anew",
	    command_compile },
	{ "authorize", "ASSOCIATION KEY.pub [--verify FILE]",
	    "print, or look for, the authorized_keys line of a spoke's key",
	    command_authorize },
	{ "keygen", "[--sign] FILE",
	    "make a key pair for ssh; --sign: for carried files",
	    command_keygen },
	{ "check-config", "[-v]", "check the configuration; -v: print it",
	    command_check_config },
	{ .name = NULL },
};

int
main(int argc, char *argv[])
{
	return options_main(verbs, argc, argv);
}
