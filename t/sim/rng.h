/*
 * The one source of chance of a simulated history: everything follows from the
 * seed.  splitmix64 (Steele, Lea, Flood 2014).
 */
#ifndef T_SIM_RNG_H
#define T_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

void rng_seed(uint64_t seed);
uint64_t rng_next(void);
uint64_t rng_below(uint64_t n);    /* 0 .. n-1; n > 0 */
bool rng_chance(unsigned percent); /* of 100 */

#endif
