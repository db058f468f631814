/*
 * What hubd sees of its inboxes; see inboxes.h.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "hub/inboxes.h"
#include "transport/delivery/leftover.h"

/* SIZE_MAX: of any. */
static void
touch(struct inboxes *b, size_t key)
{
	for (size_t i = 0; i < b->n; i++)
		if (i == key || key == SIZE_MAX)
			b->touched[i] = true;
}

/* True: it is done. */
static bool
seal_leftover(struct inboxes *b, const struct association *a)
{
	const char *key = "leftover";
	struct notices *n = b->hub->notices;
	struct err e;
	int rc = leftover_look(&b->hub->node, a, &e);

	if (rc == 0)
		(void)notice_clear(n, a->name, key, clock_wall());
	else if (rc == -1) {
		err_wrap(&e, "what a session that died left open waits");
		(void)notice_raise(n,
		    &(struct notice){ a->name, key, e.msg, "hubctl status" },
		    clock_wall());
	}
	return rc == 0;
}

/* A killed session may have acknowledged what is in its open segment. */
static void
seal_leftovers(struct inboxes *b)
{
	struct ingest_status s;

	for (size_t i = 0; i < b->n && b->hub->ingest != NULL; i++)
		if (b->touched[i] && ingest_status(b->hub->ingest, i, &s))
			b->touched[i] = !seal_leftover(b, s.association);
}

static void
on_seen(void *arg, size_t key)
{
	struct inboxes *b = arg;

	touch(b, key);
	silence_seen(&b->silence, key);
	if (b->hub->ingest != NULL) /* else it looks at all when it is opened */
		ingest_look(b->hub->ingest, key);
	b->seen(b->arg);
}

int
inboxes_watch(struct inboxes *b, uv_loop_t *loop, struct hub *hub,
    inboxes_seen *seen, void *arg, struct err *e)
{
	struct ingest_status s;
	const uint32_t named = IN_CREATE | IN_MOVED_TO;
	size_t n = 0;
	int rc = watch_open(loop, on_seen, b, &b->watch, e);

	b->hub = hub;
	b->seen = seen;
	b->arg = arg;
	for (size_t i = 0; rc == 0 && ingest_status(b->hub->ingest, i, &s);
	     i++) {
		int dir =
		    node_open_association(&b->hub->node, s.association, e);
		int inbox = dir == -1 ? -1 : durable_open_dir(dir, "inbox", e);

		/* The ledger that ends a gap lies beside the inbox. */
		if (inbox == -1 ||
		    watch_add(b->watch, inbox, named, i, e) == -1 ||
		    watch_add(b->watch, dir, named, i, e) == -1)
			rc = -1;
		if (inbox != -1)
			close(inbox);
		if (dir != -1)
			close(dir);
		n = i + 1;
	}
	b->touched = mem_array(n + 1, sizeof(*b->touched));
	b->n = n;
	touch(b, SIZE_MAX);
	silence_begin(&b->silence, n);
	return rc;
}

static void
tell_silence(struct inboxes *b)
{
	const struct silence_look l = { &b->hub->node, b->hub->notices,
		clock_wall() };
	struct ingest_status s;

	for (size_t i = 0; i < b->n && b->hub->ingest != NULL; i++)
		if (ingest_status(b->hub->ingest, i, &s))
			silence_look(&b->silence, i, s.association, &l);
}

void
inboxes_look(struct inboxes *b)
{
	if (b->hub == NULL) /* the store is not open yet */
		return;
	seal_leftovers(b);
	tell_silence(b);
}

void
inboxes_close(struct inboxes *b)
{
	watch_close(b->watch);
	free(b->touched);
	silence_clear(&b->silence);
	*b = (struct inboxes){ .watch = NULL };
}
