/*
 * Links of two byte queues; see net.h.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "t/sim/fiber.h"
#include "t/sim/net.h"
#include "t/sim/rng.h"

enum {
	NET_LINKS = 256
};

/* Bytes on the way to one end. */
struct way {
	char *p;
	size_t n;
	int64_t arrival_ns; /* of what was written last */
};

struct link {
	bool used;
	bool open[2];
	int pid[2];
	struct way to[2];
	struct net_opts opts;
	uint64_t carried;
	bool cut;
};

static struct link links[NET_LINKS];

static struct link *
link_of(int fd)
{
	return &links[(fd - NET_FD_FIRST) / 2];
}

static int
end_of(int fd)
{
	return (fd - NET_FD_FIRST) % 2;
}

void
net_reset(void)
{
	for (int i = 0; i < NET_LINKS; i++) {
		free(links[i].to[0].p);
		free(links[i].to[1].p);
	}
	memset(links, 0, sizeof(links));
}

void
net_link(const struct net_opts *o, int *a, int *b)
{
	int i = 0;

	while (i < NET_LINKS && links[i].used)
		i++;
	if (i == NET_LINKS)
		abort();
	links[i] =
	    (struct link){ .used = true, .open = { true, true }, .opts = *o };
	links[i].to[0].p = mem_alloc(o->capacity);
	links[i].to[1].p = mem_alloc(o->capacity);
	*a = NET_FD_FIRST + 2 * i;
	*b = *a + 1;
}

void
net_give(int fd, int pid)
{
	link_of(fd)->pid[end_of(fd)] = pid;
}

bool
net_has_fd(int fd)
{
	return fd >= NET_FD_FIRST && fd < NET_FD_FIRST + 2 * NET_LINKS &&
	    link_of(fd)->used && link_of(fd)->open[end_of(fd)];
}

int
net_close(int fd)
{
	struct link *l = link_of(fd);

	l->open[end_of(fd)] = false;
	if (!l->open[0] && !l->open[1]) {
		free(l->to[0].p);
		free(l->to[1].p);
		*l = (struct link){ 0 };
	}
	return 0;
}

void
net_end_process(int pid)
{
	for (int i = 0; i < NET_LINKS; i++)
		for (int e = 0; e < 2; e++)
			if (links[i].used && links[i].open[e] &&
			    links[i].pid[e] == pid)
				net_close(NET_FD_FIRST + 2 * i + e);
}

static bool
arrived(const struct way *w)
{
	return w->n > 0 && w->arrival_ns <= sim_now_ns();
}

int64_t
net_next_event_ns(void)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < NET_LINKS; i++)
		for (int e = 0; e < 2; e++) {
			const struct way *w = &links[i].to[e];

			if (links[i].used && w->n > 0 &&
			    w->arrival_ns > sim_now_ns() &&
			    w->arrival_ns < next)
				next = w->arrival_ns;
		}
	return next;
}

long
net_read(int fd, void *p, size_t n)
{
	struct link *l = link_of(fd);
	struct way *w = &l->to[end_of(fd)];

	fiber_step();
	if (l->cut) {
		errno = ECONNRESET;
		return -1;
	}
	if (!arrived(w)) {
		if (w->n == 0 && !l->open[1 - end_of(fd)])
			return 0;
		errno = EAGAIN;
		return -1;
	}
	if (n > w->n)
		n = w->n;
	if (n > 1 && rng_chance(30))
		n = 1 + rng_below(n);
	memcpy(p, w->p, n);
	w->n -= n;
	memmove(w->p, w->p + n, w->n);
	return (long)n;
}

long
net_write(int fd, const void *p, size_t n)
{
	struct link *l = link_of(fd);
	struct way *w = &l->to[1 - end_of(fd)];

	fiber_step();
	if (l->cut || !l->open[1 - end_of(fd)]) {
		errno = l->cut ? ECONNRESET : EPIPE;
		return -1;
	}
	if (w->n == l->opts.capacity) {
		errno = EAGAIN;
		return -1;
	}
	if (n > l->opts.capacity - w->n)
		n = l->opts.capacity - w->n;
	if (n > 1 && rng_chance(30))
		n = 1 + rng_below(n);
	if (l->opts.cut_after > 0 && n > l->opts.cut_after - l->carried) {
		n = l->opts.cut_after - l->carried;
		l->cut = true;
	}
	memcpy(w->p + w->n, p, n);
	w->n += n;
	w->arrival_ns = sim_now_ns() + l->opts.delay_ns;
	l->carried += n;
	if (l->cut && n == 0) {
		errno = ECONNRESET;
		return -1;
	}
	return (long)n;
}

short
net_events(int fd)
{
	const struct link *l = link_of(fd);
	int e = end_of(fd);
	short events = 0;

	if (l->cut)
		return POLLIN | POLLOUT | POLLHUP | POLLERR;
	if (arrived(&l->to[e]))
		events |= POLLIN;
	if (l->to[1 - e].n < l->opts.capacity)
		events |= POLLOUT;
	if (!l->open[1 - e] && l->to[e].n == 0)
		events |= POLLIN | POLLHUP; /* the end, behind all bytes */
	return events;
}
