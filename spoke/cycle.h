/*
 * Running collectors: all of a cycle at once, on one loop, each with half its
 * period for its answer.
 */
#ifndef SPOKE_CYCLE_H
#define SPOKE_CYCLE_H

#include "spoke/collector.h"
#include "spoke/counters.h"
#include "spoke/readings.h"

/* One collector's run. */
struct cycle_job {
	const struct config_collector *cc; /* set by the caller */
	int64_t cycle_s;                   /* the caller's, likewise */
	/* set by cycle_run */
	const struct collector_ops *ops;
	void *self;
	struct counters *counters;
	struct collected c; /* lives until cycle_end */
	bool *anew;         /* of each reading: its counter began anew */
	bool done;          /* it has answered, or never will */
	struct err problem; /* what c.problem points to where we found it */
};

/* Run them all and wait for their answers.  A job that gives none has a failed
 * outcome; -1 only when there is no loop, and then nothing was begun. */
int cycle_run(struct cycle_job *job, size_t n, int run_dir, struct err *e);
struct readings cycle_readings(const struct cycle_job *job);
/* After the values were spooled: remember counters, free what cycle_run made. */
void cycle_end(struct cycle_job *job, size_t n);

#endif
