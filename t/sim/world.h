/*
 * One simulated history: a spoke and a hub, chance in everything, an oracle
 * over what was promised.
 */
#ifndef T_SIM_WORLD_H
#define T_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

struct world_counts {
	uint64_t cycles, sessions, kills, power_cuts, values;
};

/* Run the history of one seed, in that compression; NULL: each end changes its
 * own now and then.  False: a promise was broken; why has a line. */
bool world_run(uint64_t seed, const char *compression,
    struct world_counts *counts, char *why, unsigned size);

#endif
