/*
 * SIGTERM and SIGINT while a process waits for children: they are noticed, not
 * died of, and only while it waits.  Whoever started us with one of them ignored
 * (nohup, a shell's "&") is obeyed.
 */
#ifndef TRANSPORT_DELIVERY_STOP_H
#define TRANSPORT_DELIVERY_STOP_H

#include <signal.h>

struct stop {
	sigset_t waiting; /* for ppoll: the two get through */
	/* as it was before */
	sigset_t mask;
	struct sigaction term, interrupt;
};

void stop_mind(struct stop *s);
void stop_forget(const struct stop *s);
/* The first that came since stop_mind; 0: none. */
int stop_signal(void);

#endif
