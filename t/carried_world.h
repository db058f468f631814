/*
 * Two nodes whose spools are carried as files by the test itself, calls that
 * fail or are the last of their process, and a clock that can be set: what the
 * tests of carried files share.  Link with world_ldflags.
 */
#ifndef T_CARRIED_WORLD_H
#define T_CARRIED_WORLD_H

#include "t/scratch.h"
#include "t/test_spool_helper.h"
#include "transport/carried/carry.h"

/* Shared with the child that works. */
struct world_fault {
	unsigned at;     /* the call that fails, from 1; 0: none */
	unsigned n;      /* calls so far */
	int what;        /* errno; 0: the process ends */
	pid_t test;      /* in which nothing fails */
	int64_t ahead_s; /* of the clock */
};
extern struct world_fault *fault;

/* A node with the one association alps. */
struct world_end {
	char state[128], spool[128], run[128], sign[128], verify[128];
	struct config config;
	struct association a;
	struct node node;
	int top, staging;
	struct delivery_result r;
	struct err err;
	bool drops; /* by the budget's policy, to so many bytes */
	uint64_t keep;
};
extern struct world_end spoke, hub;
extern int scratch;

int world_setup(void **state);
int world_teardown(void **state);
void world_make_end(struct world_end *n, const char *name,
    enum config_role role);
void world_close_end(struct world_end *n);

/* One run of an end; the second fails the test when it fails. */
int world_try(struct world_end *n);
void world_run(struct world_end *n);
/* A CONFIG and so many DATA, or DATA alone, sealed. */
void world_fill(struct world_end *n, unsigned data);
void world_write(struct world_end *n, unsigned data);
/* Copy what is to be carried, from an outbox into a staging directory; how many
 * files. */
unsigned world_carry(const struct world_end *from, const struct world_end *to);
/* From the spoke to the hub, and its acknowledgement back. */
void world_round_trip(void);
uint64_t world_acked(const struct world_end *n);
/* The last number of those behind what is acknowledged that it has lost. */
uint64_t world_lost(const struct world_end *n);
/* What a reader finds in the hub's inbox. */
const char *world_at_hub(void);
/* The file that carries first..last of the spoke. */
const char *world_file_of(uint64_t first, uint64_t last);
struct buf world_read(const struct world_end *n, const char *dir,
    const char *name);
/* A file in the hub's staging directory. */
void world_stage(const char *name, struct slice bytes);
bool world_is_staged(const char *name);

#endif
