/*
 * Command lines: PROGRAM [-c FILE] [-v] [-q] [--json] VERB [OPTION...] [ARG...].
 * One table of verbs a program; each verb parses its own options.
 */
#ifndef COMMON_BASE_OPTIONS_H
#define COMMON_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/log.h"

struct options {
	const char *program;
	const char *config; /* -c FILE; NULL: the default path */
	bool verbose, quiet, json;
};

struct options_flag {
	const char *name;   /* "deadline": --deadline; NULL ends the table */
	char letter;        /* 'o': -o as well; 0: none */
	bool has_value;     /* "--name VALUE" or "--name=VALUE" */
	const char **value; /* set to the value, or to "" where it has none */
};

struct options_verb {
	const char *name;     /* NULL ends the table */
	const char *synopsis; /* what follows the verb, for --help */
	const char *summary;  /* one line for --help */
	/* argv[0] is the verb.  Returns the exit status. */
	int (*run)(const struct options *o, int argc, char **argv);
};

/* Parse a verb's flags and count its operands, which are moved to argv[1] on.
 * Common flags (--json, -v, -q) may stand here as well.  Returns the number of
 * operands, or -1 with ERR_USAGE. */
int options_parse(struct options *o, const struct options_flag *flags, int argc,
    char **argv, struct err *e);

/* A program may be started with standard streams closed: what it opens then
 * must not get their numbers, and what else a caller left open ends at the next
 * execve.  Reading or writing one that was closed fails,
 * but for standard error, in place of which the syslog is to be used. */
enum log_target options_streams(void);

/* What was printed and cannot be written is no success: the exit status of a
 * program that ends with this one. */
int options_end(int status);

/* Parse the common options, find the verb, run it: the body of main().
 * --help and --version are answered here.  Returns the exit status; 0 only
 * when all that was printed is written. */
int options_main(const struct options_verb *verbs, int argc, char **argv);

/* "90", "90s", "5m", "24h", "7d" as seconds; -1 and ERR_USAGE otherwise. */
int options_duration(const char *text, int64_t *seconds, struct err *e);
/* Epoch seconds, or "-1h" counted from now_s. */
int options_time(const char *text, int64_t now_s, int64_t *epoch_s,
    struct err *e);

#endif
