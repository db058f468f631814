/*
 * hubd: the hub's daemon; in the foreground unless -d.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "hub/hubd.h"

static const char usage[] =
    "usage: hubd [-c FILE] [-d] [-v] [-q] [--help] [--version]\n"
    "  -c FILE  configuration (default " AXLETREE_SYSCONFDIR "/axletree.conf)\n"
    "  -d       in the background  -v  tell more  -q  tell less\n";

struct words {
	const char *config;
	bool background;
	enum log_level level;
};

/* -1: go on, else the exit status. */
static int
parse(int argc, char **argv, struct words *w)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strcmp(word, "-c") == 0 && i + 1 < argc) {
			w->config = argv[++i];
		} else if (strcmp(word, "-d") == 0) {
			w->background = true;
		} else if (strcmp(word, "-v") == 0) {
			w->level = LOG_LEVEL_DEBUG;
		} else if (strcmp(word, "-q") == 0) {
			w->level = LOG_LEVEL_ERR;
		} else if (strcmp(word, "--help") == 0) {
			(void)fputs(usage, stdout);
			return EX_OK;
		} else if (strcmp(word, "--version") == 0) {
			(void)puts("hubd (Axletree) " PACKAGE_VERSION);
			return EX_OK;
		} else {
			(void)fprintf(stderr,
			    strcmp(word, "-c") == 0
				? "hubd: %s needs a FILE; see hubd --help\n"
				: "hubd: unknown option %s; see hubd --help\n",
			    word);
			return EX_USAGE;
		}
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct words w = { .level = LOG_LEVEL_INFO };
	struct hubd_opts opts = { .config = NULL };
	enum log_target target = options_streams();
	int ready_fd = -1, status;
	struct err e;

	log_open("hubd", target, w.level);
	status = parse(argc, argv, &w);
	if (status != -1)
		return options_end(status);
	opts = (struct hubd_opts){ w.config, &ready_fd };
	log_open("hubd", w.background ? LOG_TARGET_SYSLOG : target, w.level);
	if ((!w.background || daemon_background(&ready_fd, &e) == 0) &&
	    hubd_run(&opts, &e) == 0)
		return EX_OK;
	daemon_failed(&ready_fd, "hubd", &e);
	log_err("%s", e.msg);
	return err_exit_code(&e);
}
