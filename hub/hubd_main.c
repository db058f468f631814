/*
 * hubd: the hub's daemon; in the foreground unless -d.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

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

/* In the background: the parent, which waits for this byte, may leave. */
static void
tell_parent(void *arg)
{
	int *fd = arg, null;

	if (*fd == -1)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; null != -1 && i <= STDERR_FILENO; i++)
		(void)dup2(null, i);
	if (null > STDERR_FILENO)
		close(null);
	(void)!write(*fd, "", 1);
	close(*fd);
	*fd = -1;
}

/* The parent's part: until the child is ready, or has failed. */
static int
wait_for_child(pid_t child, int fd)
{
	char byte;
	ssize_t n;
	int status;

	do
		n = read(fd, &byte, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		return EX_OK;
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return EX_OSERR;
	return WEXITSTATUS(status);
}

/* Returns in the child, with the pipe's end in *fd; the parent ends here. */
static void
go_into_background(int *fd)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) == -1 || (child = fork()) == -1) {
		perror("hubd: fork");
		exit(EX_OSERR);
	}
	if (child > 0) {
		close(ends[1]);
		_exit(wait_for_child(child, ends[0]));
	}
	close(ends[0]);
	(void)setsid();
	*fd = ends[1];
}

int
main(int argc, char **argv)
{
	struct words w = { .level = LOG_LEVEL_INFO };
	struct hubd_opts opts = { .arg = NULL };
	enum log_target target = options_streams();
	int parent = -1, status;
	struct err e;

	status = parse(argc, argv, &w);
	if (status != -1)
		return status;
	opts = (struct hubd_opts){ .config = w.config,
		.ready = tell_parent,
		.arg = &parent };
	log_open("hubd", w.background ? LOG_TARGET_SYSLOG : target, w.level);
	if (w.background)
		go_into_background(&parent);
	if (hubd_run(&opts, &e) == 0)
		return EX_OK;
	if (w.background)
		(void)fprintf(stderr, "hubd: %s\n", e.msg);
	log_err("%s", e.msg);
	return err_exit_code(&e);
}
