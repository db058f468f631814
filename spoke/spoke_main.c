/*
 * spoke: measures a site and delivers what it measured.
 */
#include "config.h"

#include "spoke/commands/commands.h"

static const struct options_verb verbs[] = {
	{ "collect", "[--now [NAME]]", "run the collectors that are due",
	    command_collect },
	{ "write", "[--source NAME] [--tree TREE] [ASSOCIATION]",
	    "spool messages from standard input, all or none", command_write },
	{ "push",
	    "[--always] [--deadline 10m] [--splay T] [--tries 3] [ASSOCIATION...]",
	    "deliver what waits", command_push },
	{ "daemon", "[-d]", "collect on schedule, keep the sessions",
	    command_daemon },
	{ "serve", "ASSOCIATION",
	    "answer a hub's pull on standard input and output", command_serve },
	{ "announce", "[ASSOCIATION...]", "send the configuration again",
	    command_announce },
	{ "renew", "ASSOCIATION", "begin a new stream with all that is held",
	    command_renew },
	{ "messages", "ASSOCIATION [FROM[-TO]] [--to-spoke]",
	    "print messages of the spool as text; --to-spoke: the hub's",
	    command_messages },
	{ "status", "[ASSOCIATION...]", "what waits, what was delivered",
	    command_status },
	{ "check", "[ASSOCIATION...]", "the same for Nagios", command_check },
	{ "check-config", "[-v]", "check the configuration; -v: print it",
	    command_check_config },
	{ "authorize", "ASSOCIATION KEY.pub [--verify FILE]",
	    "print, or look for, the authorized_keys line of a hub's key",
	    command_authorize },
	{ "keygen", "[--sign] FILE",
	    "make a key pair for ssh; --sign: for carried files",
	    command_keygen },
	{ 0 },
};

int
main(int argc, char *argv[])
{
	return options_main(verbs, argc, argv);
}
