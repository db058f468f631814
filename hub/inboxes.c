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
			b->of[i].touched = true;
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
		if (b->of[i].touched && ingest_status(b->hub->ingest, i, &s))
			b->of[i].touched = !seal_leftover(b, s.association);
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

/* Of one association. */
static int
watch_inbox(struct inboxes *b, size_t key, const struct association *a,
    struct err *e)
{
	const uint32_t named = IN_CREATE | IN_MOVED_TO;
	int dir = node_open_association(&b->hub->node, a, e);
	int inbox = dir == -1 ? -1 : durable_open_dir(dir, "inbox", e);
	int rc = inbox == -1 ? -1 : watch_add(b->watch, inbox, named, key, e);

	/* The ledger that ends a gap lies beside the inbox. */
	if (rc == 0)
		rc = watch_add(b->watch, dir, named, key, e);
	if (inbox != -1)
		close(inbox);
	if (dir != -1)
		close(dir);
	return rc;
}

/* NULL: all is well. */
static void
tell_unwatched(struct inboxes *b, const struct err *e)
{
	const char *key = "watch";
	struct err told;

	if (e == NULL) {
		(void)notice_clear(b->hub->notices, "", key, clock_wall());
		return;
	}
	told = *e;
	err_wrap(&told, "inboxes are looked into from time to time");
	(void)notice_raise(b->hub->notices,
	    &(struct notice){ "", key, told.msg, "hubctl status" },
	    clock_wall());
}

/* What cannot be watched now is looked into, and tried again: the kernel may have
 * no more to give; and an association whose directory is not right, of which the
 * ingest tells, holds up no other. */
static void
watch_rest(struct inboxes *b)
{
	struct ingest_status s;
	struct err e, few = { .kind = ERR_NONE };

	if (b->watch == NULL)
		(void)watch_open(b->loop, on_seen, b, &b->watch, &few);
	for (size_t i = 0; i < b->n && b->hub->ingest != NULL; i++) {
		if (b->of[i].watched || !ingest_status(b->hub->ingest, i, &s))
			continue;
		if (b->watch != NULL &&
		    watch_inbox(b, i, s.association, &e) == 0)
			b->of[i].watched = true;
		else if (b->watch != NULL && e.kind == ERR_TEMP)
			few = e;
		on_seen(b, i);
	}
	tell_unwatched(b, few.kind == ERR_NONE ? NULL : &few);
}

void
inboxes_watch(struct inboxes *b, uv_loop_t *loop, struct hub *hub,
    inboxes_seen *seen, void *arg)
{
	struct ingest_status s;

	b->hub = hub;
	b->loop = loop;
	b->seen = seen;
	b->arg = arg;
	while (ingest_status(hub->ingest, b->n, &s))
		b->n++;
	b->of = mem_array(b->n + 1, sizeof(*b->of));
	touch(b, SIZE_MAX);
	silence_begin(&b->silence, b->n);
	watch_rest(b);
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
	watch_rest(b);
	seal_leftovers(b);
	tell_silence(b);
}

void
inboxes_close(struct inboxes *b)
{
	watch_close(b->watch);
	free(b->of);
	silence_clear(&b->silence);
	*b = (struct inboxes){ .hub = NULL };
}
