/*
 * Signals that ask us to end; see stop.h.
 */
#include "config.h"

#include "transport/delivery/stop.h"

static volatile sig_atomic_t first;

static void
on_stop(int number)
{
	if (first == 0)
		first = number;
}

static void
mind(int number, struct sigaction *before)
{
	struct sigaction stop = { .sa_handler = on_stop };

	(void)sigaction(number, NULL, before);
	if (before->sa_handler != SIG_IGN)
		(void)sigaction(number, &stop, NULL);
}

void
stop_mind(struct stop *s)
{
	sigset_t both;

	first = 0;
	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &both, &s->mask);
	s->waiting = s->mask;
	sigdelset(&s->waiting, SIGTERM);
	sigdelset(&s->waiting, SIGINT);
	mind(SIGTERM, &s->term);
	mind(SIGINT, &s->interrupt);
}

void
stop_forget(const struct stop *s)
{
	(void)sigaction(SIGTERM, &s->term, NULL);
	(void)sigaction(SIGINT, &s->interrupt, NULL);
	(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

int
stop_signal(void)
{
	return (int)first;
}
