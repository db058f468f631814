/*
 * Made-up measurements of a fleet of network devices, for benches and tests:
 * 50 values each, 300 s apart, with a daily curve; and how many bits of them
 * nobody could foresee.  The same seed gives the same bytes on one machine.
 */
#ifndef AXLETREE_T_BENCH_FLEET_H
#define AXLETREE_T_BENCH_FLEET_H

#include "common/message/message.h"

enum {
	FLEET_VALUES = 50, /* of a device */
	FLEET_PERIOD_S = 300,
	FLEET_DAY = 288, /* cycles */
};

struct fleet;
struct fleet *fleet_new(uint64_t seed, unsigned devices);
void fleet_free(struct fleet *f);
size_t fleet_values(const struct fleet *f); /* in a cycle */

/* Append the next message of the stream, in full form. */
void fleet_config(struct fleet *f, struct buf *out);
void fleet_cycle(struct fleet *f, struct buf *out);
void fleet_cycle_apart(struct fleet *f, struct buf *out); /* one a device */

/* Of the last cycle's values: what a coder needs that knows the fleet's own
 * parameters and all values before. */
double fleet_entropy_bits(const struct fleet *f);

#endif
