/*
 * For tests of deliveries: two nodes with real spools, and sessions between them
 * over a socket pair, each end in a process of its own.
 */
#ifndef T_DELIVERY_WORLD_H
#define T_DELIVERY_WORLD_H

#include "common/config/node.h"
#include "transport/delivery/delivery.h"

/* A node with the one association alps. */
struct end {
	char state[128], spool[128], run[128];
	struct config config;
	struct association a;
	int top; /* <spool>/alps */
};

extern struct end spoke, hub;

/* Made, with its directories. */
void make_end(struct end *n, const char *name, enum config_role role);
int world_setup(void **state);
int world_teardown(void **state);

/* What came of one end's session. */
struct outcome {
	int rc;
	struct err err;
	struct delivery_result r;
};

struct outcome run_end(const struct end *n, int fd, bool opener);
void pair_up(int fd[2]);

/* The hub's end in a child; its outcome comes over a pipe. */
struct child {
	pid_t pid;
	int report;
};

/* It takes fd[1]. */
struct child start_hub(int fd[2], bool opener);
struct outcome end_hub(struct child c);

/* What came of the last delivery. */
extern struct outcome from_spoke, from_hub;

void deliver(void);
void assert_delivered(void);
/* A CONFIG and n DATA. */
void fill(int top, unsigned n);

#endif
