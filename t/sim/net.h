/*
 * Simulated links: two byte streams between two processes, with delay, short
 * reads and writes, small buffers, and a cut at a chosen byte.
 */
#ifndef T_SIM_NET_H
#define T_SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_opts {
	size_t capacity;    /* bytes on the way in each direction */
	int64_t delay_ns;   /* until a byte that was written can be read */
	uint64_t cut_after; /* bytes in both directions; 0: never */
};

enum {
	NET_FD_FIRST = 200000
};

void net_reset(void);
/* The two ends of a new link. */
void net_link(const struct net_opts *o, int *a, int *b);
/* Give an end to a process: it closes with it. */
void net_give(int fd, int pid);
void net_end_process(int pid);
int64_t net_next_event_ns(void);

bool net_has_fd(int fd);
int net_close(int fd);
/* As read(2), write(2), poll(2) with non-blocking descriptors. */
long net_read(int fd, void *p, size_t n);
long net_write(int fd, const void *p, size_t n);
short net_events(int fd);

#endif
