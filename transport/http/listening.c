/*
 * The listener in a daemon's loop; see listening.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/command/ground.h"
#include "transport/delivery/delivery.h"
#include "transport/http/http_listener.h"
#include "transport/http/listening.h"

enum {
	AGAIN_MS = 1000, /* doubled each time */
	AGAIN_MOST_MS = 60000,
	SETTLED_MS = 60000, /* one that lived so long was well */
	TELL_MS = 60000,    /* between lines about what was refused */
	COUNT_MS = 60000,   /* between writes of how much that was */
};

struct listening {
	struct listening_opts o;
	const struct config *config;
	struct http_listener *listener; /* NULL: none is needed, or not now */
	uv_poll_t *poll;                /* on it */
	uv_timer_t *count;              /* of what it refused */
	uv_timer_t again;
	int64_t again_ms; /* 0: all was well */
	struct mono since;
	bool told;
	/* what was refused since the log was told */
	uint64_t refused;
	struct mono refused_at;
};

/* --- The operator ----------------------------------------------------------- */

/* One state of the node: raised with why, cleared without. */
static void
tell(struct listening *l, const char *why)
{
	ground_tell(l->config, "listener", why,
	    l->o.role == CONFIG_HUB ? "hubctl check-config"
				    : "spoke check-config");
	l->told = why != NULL;
}

/* --- Listening ----------------------------------------------------------------- */

static void begin(struct listening *l);

static void
free_handle(uv_handle_t *h)
{
	free(h);
}

static void
stop_polling(struct listening *l)
{
	if (l->poll != NULL) {
		uv_close((uv_handle_t *)l->poll, free_handle);
		uv_close((uv_handle_t *)l->count, free_handle);
	}
	l->poll = NULL;
	l->count = NULL;
}

static void
stop_listening(struct listening *l)
{
	stop_polling(l);
	http_listener_close(l->listener);
	l->listener = NULL;
}

static void
on_again(uv_timer_t *t)
{
	begin(t->data);
}

static void
again_later(struct listening *l)
{
	if (l->again_ms == 0)
		l->again_ms = AGAIN_MS;
	else if (l->again_ms < AGAIN_MOST_MS)
		l->again_ms *= 2;
	(void)uv_timer_start(&l->again, on_again, (uint64_t)l->again_ms, 0);
}

static void
answer(struct listening *l, const struct association *a, int fd,
    struct channel_meter *meter)
{
	const struct channel ch = { .read_fd = fd, .write_fd = fd };
	struct err e = { 0 };

	if (links_answer(l->o.links, a, fd, meter, &e) == 0)
		return;
	delivery_refuse(&ch, &e);
	close(fd);
	l->refused++;
	if (l->refused_at.ns != 0 &&
	    mono_ms_since(clock_mono(), l->refused_at) < TELL_MS)
		return;
	log_warn("sessions refused count=%" PRIu64 " last_association=%s: %s",
	    l->refused, a->name, e.msg);
	l->refused = 0;
	l->refused_at = clock_mono();
}

static void
on_word(uv_poll_t *h, int status, int events)
{
	struct listening *l = h->data;
	struct channel_meter *meter;
	const struct association *a;
	struct err e = { 0 };
	int fd = -1, rc = 1;

	(void)events;
	while (status == 0 &&
	    (rc = http_listener_hear(l->listener, &a, &fd, &meter, &e)) == 1)
		answer(l, a, fd, meter);
	if (status == 0 && rc == 0)
		return;
	stop_listening(l);
	if (mono_ms_since(clock_mono(), l->since) > SETTLED_MS)
		l->again_ms = 0;
	tell(l, status == 0 ? e.msg : uv_strerror(status));
	again_later(l);
}

static void
on_count(uv_timer_t *t)
{
	struct listening *l = t->data;

	http_listener_count(l->listener);
}

/* The listener is there, if one is needed. */
static void
follow(struct listening *l)
{
	l->since = clock_mono();
	(void)uv_timer_stop(&l->again);
	if (l->told)
		tell(l, NULL);
	if (l->listener == NULL)
		return;
	l->poll = mem_alloc(sizeof(*l->poll));
	l->poll->data = l;
	(void)uv_poll_init(l->o.loop, l->poll, http_listener_fd(l->listener));
	(void)uv_poll_start(l->poll, UV_READABLE, on_word);
	l->count = mem_alloc(sizeof(*l->count));
	l->count->data = l;
	(void)uv_timer_init(l->o.loop, l->count);
	(void)uv_timer_start(l->count, on_count, COUNT_MS, COUNT_MS);
}

static void
begin(struct listening *l)
{
	struct err e = { 0 };

	if (http_listener_open(l->config, l->o.role, &l->listener, &e) == 0) {
		follow(l);
		return;
	}
	tell(l, e.msg);
	again_later(l);
}

struct listening *
listening_open(const struct listening_opts *o, const struct config *config)
{
	struct listening *l = mem_alloc(sizeof(*l));

	l->o = *o;
	l->config = config;
	(void)uv_timer_init(o->loop, &l->again);
	l->again.data = l;
	l->told = true; /* by the one before us: it is over, if it is */
	begin(l);
	return l;
}

/* -1: all is as before. */
static int
reload(struct listening *l, const struct config *config, struct err *e)
{
	struct http_listener *next = l->listener;

	if (http_listener_reopen(&next, config, l->o.role, e) == -1)
		return -1;
	stop_polling(l);
	l->listener = next;
	l->config = config;
	l->again_ms = 0;
	follow(l);
	return 0;
}

int
listening_reload_links(struct listening *l, const struct config *next,
    const struct config *present, struct err *e)
{
	struct err worse = { 0 };

	if (reload(l, next, e) == -1)
		return -1;
	if (links_reload(l->o.links, next, e) == 0)
		return 0;
	if (reload(l, present, &worse) == -1) {
		stop_listening(l); /* it is of `next`, which is given up */
		l->config = present;
		tell(l, worse.msg);
		again_later(l);
	}
	return -1;
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
listening_close(struct listening *l)
{
	if (l == NULL)
		return;
	stop_listening(l);
	uv_close((uv_handle_t *)&l->again, on_closed);
}
