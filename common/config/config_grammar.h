/*
 * The grammar of the configuration file, which libconfuse reads: the file and
 * those that it includes become one tree of sections, in which each option
 * tells where it was set.  Every value is a text to libconfuse, so that
 * config_value.h is the only place that judges it.
 */
#ifndef COMMON_CONFIG_CONFIG_GRAMMAR_H
#define COMMON_CONFIG_CONFIG_GRAMMAR_H

#include <confuse.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/config/config_value.h"

enum {
	CONFIG_FILES_MAX = 1000,
	CONFIG_INCLUDE_DEPTH = 8,
};

struct config_source {
	const char *path, *directory;
	size_t from; /* the file that includes it */
	int line;    /* there */
	int depth;   /* 0: the first, which none includes */
	dev_t device;
	ino_t inode;
};

struct config_grammar {
	struct config_pool *pool;
	struct config_source source[CONFIG_FILES_MAX];
	size_t n;
	size_t current; /* the file that is being read */
	cfg_t *cfg;     /* the tree */
	uid_t owner;    /* of the files: 0, or another's, read by root */
	struct err *e;
	bool failed; /* e is filled */
};

/* The caller has set pool, source[0].path (absolute), n = 1 and e.  Owned, also
 * after a failure: config_grammar_clear. */
int config_grammar_read(struct config_grammar *g);
void config_grammar_clear(struct config_grammar *g);

/* "path:line: ...", if it is the first complaint.  Returns -1. */
int config_grammar_complain(struct config_grammar *g, size_t source, int line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Where an option was set; false: nowhere, or to an empty list. */
bool config_grammar_where(const cfg_opt_t *opt, size_t *source, int *line);
/* Where a titled block began. */
void config_grammar_began(const struct config_grammar *g, cfg_t *section,
    size_t *source, int *line);

#endif
