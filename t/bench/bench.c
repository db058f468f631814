/*
 * Medians and rows; see bench.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "t/bench/bench.h"

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

void
bench_row(const struct bench_row *r)
{
	double ratio = r->floor > 0 ? r->reached / r->floor : r->reached;
	double score = r->least ? ratio / r->goal : r->goal / ratio;

	printf("ROW\t%s\t%.4g %s\t", r->what, r->reached, r->unit);
	if (r->floor > 0)
		printf("%.4g %s\t%.2f\t", r->floor, r->unit, ratio);
	else
		printf("-\t-\t");
	printf("%s %.4g%s%s\t%.2f\n", r->least ? ">=" : "<=", r->goal,
	    r->floor > 0 ? "" : " ", r->floor > 0 ? "" : r->unit, score);
	fflush(stdout);
}
