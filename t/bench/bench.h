/*
 * What the measurements share: medians, and the rows of which summary.sh makes
 * the table.
 */
#ifndef AXLETREE_T_BENCH_BENCH_H
#define AXLETREE_T_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

/* Of n > 0 numbers, which are put in order. */
double bench_median(double *v, size_t n);

struct bench_row {
	const char *what;
	double reached, floor; /* both in unit; floor 0: there is none */
	const char *unit;
	double goal; /* of reached / floor, or of reached without a floor */
	bool least;  /* the goal is the least; else the most */
};

/* One line on standard output, for summary.sh:
 * ROW what reached floor ratio goal score, separated by tabs.  The score is
 * 1 where the goal is met exactly, and more where it is surpassed. */
void bench_row(const struct bench_row *r);

#endif
