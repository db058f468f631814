/*
 * The last value of each counter of a collector, to see one that began anew: a
 * fall would look like a wrap to RRD.  Kept in <run>/counters-<collector> for
 * the time that the machine is up; losing it costs one value a counter.
 */
#ifndef SPOKE_COUNTERS_H
#define SPOKE_COUNTERS_H

#include <stdbool.h>

#include "common/base/err.h"

struct counters;

/* Never fails: without a file nothing is known. */
struct counters *counters_open(int run_dir, const char *collector);
/* True when this value does not go on from that of the run before: there was
 * none, or it was greater.  Keeps the value for the next run. */
bool counters_anew(struct counters *c, const char *path, const char *value);
/* What was given to counters_anew, and nothing else. */
int counters_save(struct counters *c, struct err *e);
void counters_close(struct counters *c);

#endif
