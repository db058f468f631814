/*
 * Real measurements: every number that the kernel tells in a few files of
 * /proc, as a stream of messages.
 */
#ifndef AXLETREE_T_BENCH_PROC_VALUES_H
#define AXLETREE_T_BENCH_PROC_VALUES_H

#include "common/message/message.h"

struct proc_values;
/* The numbers that there are now stay the leaves for good; NULL: there is no
 * such /proc. */
struct proc_values *proc_values_new(void);
void proc_values_free(struct proc_values *p);
size_t proc_values_count(const struct proc_values *p);
/* Append the next message of the stream, in full form: read now. */
void proc_values_config(struct proc_values *p, struct buf *out);
void proc_values_cycle(struct proc_values *p, struct buf *out);

#endif
