/*
 * What produces values for leaves, once a cycle: one interface, a registry, a
 * file for each type.  A collector runs on the caller's loop and answers once.
 */
#ifndef SPOKE_COLLECTOR_H
#define SPOKE_COLLECTOR_H

#include <uv.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/config/config.h"

/* A reading of one leaf.  Paths count from the collector's subtree. */
struct reading {
	const char *path;  /* "/cpu/total/user" */
	const char *value; /* "U" or plain decimal text */
	/* name, value, ..., NULL; in the order of names_param(); NULL:
	 * unchanged, or none */
	const char *const *param;
};

/* One run's outcome; all of it is the collector's until its next run, or its
 * close. */
struct collected {
	const struct reading *reading;
	size_t n;
	uint64_t timestamp_s; /* when they were read: one for all */
	bool failed;          /* all known leaves of it get U */
	const char *problem;  /* NULL, or one line for log and operator */
	/* the list is the configuration as well: a leaf that is not in it is
	 * gone (after 3 cycles); else a leaf without a line gets U, and goes
	 * after 24 h */
	bool complete;
	/* what else it is to be told of, each with its LF: a line that was wrong,
	 * what a command said beside its values; empty: nothing */
	struct slice remarks;
};

typedef void collector_done(void *arg, const struct collected *c);

struct collector_run {
	uv_loop_t *loop;
	int64_t deadline_ms; /* from now on */
	collector_done *done;
	void *arg;
};

struct collector_ops {
	const char *type;
	void *(*open)(const struct config_collector *cc, struct err *e);
	/* Collect once; done is called exactly once, before the deadline, and
	 * maybe before this returns.  -1: it is not called.  Borrows r. */
	int (*run)(void *self, const struct collector_run *r, struct err *e);
	void (*close)(void *self);
};

const struct collector_ops *collector_find(const char *type);

#endif
