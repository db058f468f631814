/*
 * Children without a shell: argv, an environment spelled out, a process group
 * of their own, a deadline, then TERM and KILL to the group.  Every pipe is
 * drained and every child reaped.
 */
#ifndef COMMON_BASE_PROC_H
#define COMMON_BASE_PROC_H

#include <stdint.h>
#include <uv.h>

#include "common/base/buf.h"
#include "common/base/err.h"

struct proc;

struct proc_opts {
	const char *const *argv; /* argv[0] is a path; NULL-terminated */
	const char *const *env;  /* NULL: PATH, LANG=C and TZ=UTC alone */
	struct slice input;      /* for its stdin; copied */
	size_t output_max;       /* stdout kept; more kills it.  0: 1 MiB */
	size_t errors_max;       /* stderr read; more kills it.  0: any */
	int64_t deadline_ms;     /* then TERM, 2 s later KILL; 0: 60 s */
	/* Its stdin and stdout, in place of input and what is kept.  Takes both
	 * descriptors. */
	const int *stream;
	bool term_ends; /* a SIGTERM to this process is the deadline */
	bool int_ends;  /* and a SIGINT, unless it is ignored */
	/* Asked ten times a second, of the child and its group; true is the
	 * deadline, too.  NULL: none. */
	bool (*enough)(void *arg, pid_t child);
	void *enough_arg;
};

/* The environment where none is given. */
extern const char *const proc_plain_env[];
/* Is there such a program: a path, or a word that is in PATH of that environment?
 * ERR_MISSING; ERR_CONFIG: it is there, and we may not run it. */
int proc_find(const char *program, struct err *e);

struct proc_result {
	int exit_status; /* or -1 */
	int signal;      /* that ended it, or 0 */
	int stopped;     /* the one to this process that did, or 0 */
	bool timed_out;
	bool enough;       /* so it was ended */
	bool overflowed;   /* stdout passed output_max, or stderr errors_max */
	struct slice out;  /* stdout */
	struct slice errs; /* the last 4 KiB of stderr */
};

/* Once, when it has ended and both pipes are closed (with a stream: or half a
 * second passed, since what it leaves behind may hold its stderr); the slices
 * live for the call only; the proc frees itself after it. */
typedef void proc_done(void *arg, const struct proc_result *r);

/* Start one on the loop.  Borrows opts.  Owned by the loop from then on. */
int proc_start(uv_loop_t *loop, const struct proc_opts *opts, proc_done *done,
    void *arg, struct err *e);
/* Run one to its end on a loop of its own; *out and *errs may be NULL. */
int proc_run(const struct proc_opts *opts, struct proc_result *r,
    struct buf *out, struct buf *errs, struct err *e);
/* "exit 3", "killed by signal 9", "no answer in 60 s", ... */
void proc_describe(const struct proc_result *r, char *out, size_t size);
/* In a forked child that goes on without exec: signals are a new process's own, but
 * those of a terminal that are ignored, by nohup, say, stay so; and libuv can be used
 * on another loop.  inherited: the loop that the parent runs, or NULL. */
void proc_own_signals(uv_loop_t *inherited);

#endif
