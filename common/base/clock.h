/*
 * Two kinds of time that cannot be mixed: struct mono waits, struct wall is
 * stored and shown.  Only shells read them; logic is handed them.
 */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdint.h>

struct mono {
	int64_t ns; /* since an arbitrary start; never goes back */
};
struct wall {
	int64_t ms; /* since 1970-01-01 UTC; may jump in either direction */
};

struct mono clock_mono(void);
struct wall clock_wall(void);
int64_t wall_s(struct wall w); /* whole seconds */
struct mono mono_add_ms(struct mono m, int64_t ms);
struct mono mono_earlier(struct mono a, struct mono b);
int64_t mono_ms_since(struct mono now, struct mono then);

#endif
