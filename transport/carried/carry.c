/*
 * Carried files taken and made ready; see carry.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/sandbox.h"
#include "transport/carried/carry_impl.h"
#include "transport/delivery/delivery_impl.h"
#include "transport/delivery/outbound.h"
#include "transport/delivery/session_lock.h"

enum {
	LOCK_STEP_MS = 50,
};

bool
carry_is_foreign(const struct carry *c)
{
	return c->o->association->transport == CONFIG_DIR;
}

/* --- Opening -------------------------------------------------------------------- */

/* One of the two directories of a carried one. */
static int
open_direction(int dir, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
		return err_sys(e, "make directory %s", name);
	fd = durable_open_dir(dir, name, e);
	return fd;
}

static int
open_carried(struct carry *c, struct err *e)
{
	const struct association *a = c->o->association;
	bool hub = a->role == CONFIG_HUB;
	int path = -1, dir = -1;

	path = open(a->dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (path == -1)
		err_sys(e, "open directory");
	else
		dir = open_direction(path, a->name, e);
	if (dir != -1)
		c->in_dir = open_direction(dir, hub ? "to-hub" : "to-spoke", e);
	if (c->in_dir != -1)
		c->out_dir =
		    open_direction(dir, hub ? "to-spoke" : "to-hub", e);
	if (path != -1)
		close(path);
	if (dir != -1)
		close(dir);
	if (c->out_dir != -1)
		return 0;
	e->kind = ERR_TEMP; /* until it is mounted, or plugged in */
	return err_wrap(e, "%s: is it mounted", a->dir_path);
}

static int
open_dirs(struct carry *c, struct err *e)
{
	c->outbox_dir = durable_make_dir(c->top, "outbox", e);
	if (c->outbox_dir == -1)
		return -1;
	if (carry_is_foreign(c))
		return open_carried(c, e);
	c->in_dir = durable_open_dir(c->top, "staging", e);
	c->out_dir = fcntl(c->outbox_dir, F_DUPFD_CLOEXEC, 0);
	return c->in_dir == -1 || c->out_dir == -1 ? -1 : 0;
}

static int
lock(struct carry *c, struct err *e)
{
	struct mono end = mono_add_ms(clock_mono(), c->o->wait_ms);

	for (;;) {
		c->lock = session_lock(c->top, false, e);
		if (c->lock != -1)
			return 0;
		if (e->sys != EBUSY || mono_ms_since(clock_mono(), end) >= 0)
			return -1;
		outbound_sleep_ms(LOCK_STEP_MS);
	}
}

static int
open_all(struct carry *c, struct err *e)
{
	const struct association *a = c->o->association;

	if (signature_keys_read(a, &c->keys, e) == -1)
		return -1;
	c->top = node_open_association(c->o->node, a, e);
	if (c->top == -1 || open_dirs(c, e) == -1 || lock(c, e) == -1)
		return -1;
	return delivery_open_inbox(c->o->node, c->top, a, &c->in, e);
}

static int
confine(const struct carry *c, struct err *e)
{
	const struct sandbox_dir dir[] = {
		{ c->top, true },
		{ carry_is_foreign(c) ? c->in_dir : -1, true },
		{ carry_is_foreign(c) ? c->out_dir : -1, true },
	};
	const struct sandbox_opts so = { .dir = dir,
		.n_dir = sizeof(dir) / sizeof(dir[0]) };
	struct sandbox_state got;

	return sandbox_enter(&so, &got, e);
}

static void
close_all(struct carry *c)
{
	const int fds[] = { c->in_dir, c->out_dir, c->outbox_dir, c->lock,
		c->top };

	staging_close(c->staging);
	carried_ack_clear(&c->ack);
	inbox_close(c->in);
	signature_keys_clear(&c->keys);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			close(fds[i]);
}

/* --- All of it ----------------------------------------------------------------------- */

static void
keep_first(int *rc, struct err *e, int now, const struct err *why)
{
	if (*rc == 0 && now == -1)
		*e = *why;
	if (now == -1)
		*rc = -1;
}

/* A look finds nothing of what was refused in the one before: that says nothing
 * of it. */
static bool
is_all_here(const struct carry *c)
{
	const struct spool_point *send = &c->ack.send;
	struct spool_point have = inbox_durable(c->in);

	if (!c->heard)
		return c->r->counts.taken > 0;
	return send->msgid == 0 ||
	    (stream_eq(send->stream, have.stream) &&
		send->msgid == have.msgid &&
		(send->digest == have.digest || send->digest == 0 ||
		    have.digest == 0));
}

/* What was taken is acknowledged before it is removed, whatever came behind it;
 * but a stick may be so full of it that no acknowledgement goes on it. */
static int
take_and_answer(struct carry *c, struct err *e)
{
	const struct staging_opts so = { .at = { c->in_dir,
					     carry_is_foreign(c) },
		.association_dir = c->top,
		.association = c->o->association,
		.keys = &c->keys };
	struct err why = { 0 };
	int rc, answered;

	if (staging_open(&so, &c->staging, e) == -1 || carry_hear(c, e) == -1)
		return -1;
	rc =
	    staging_take(c->staging, c->in, c->heard ? &c->ack : NULL, c->r, e);
	keep_first(&rc, e, inbox_seal(c->in, &why), &why);
	answered = carry_answer(c, &why);
	if (answered == 0 || carry_is_foreign(c))
		staging_remove(c->staging);
	if (answered == -1 && carry_is_foreign(c))
		answered = carry_answer(c, &why);
	keep_first(&rc, e, answered, &why);
	c->r->durable = inbox_durable(c->in);
	c->r->all_here = is_all_here(c);
	c->r->moved = c->r->moved || c->r->counts.taken > 0 || c->r->lost > 0 ||
	    (carry_is_foreign(c) && c->r->counts.out_bytes > 0);
	return rc;
}

static int
run(void *arg, struct delivery_result *r, struct err *e)
{
	struct carry c = { .o = arg,
		.r = r,
		.top = -1,
		.lock = -1,
		.outbox_dir = -1,
		.in_dir = -1,
		.out_dir = -1 };
	int rc = -1;

	if (open_all(&c, e) == 0 && confine(&c, e) == 0)
		rc = take_and_answer(&c, e);
	close_all(&c);
	return rc;
}

int
carry_start(const struct carry_opts *o, struct delivery_child *c, struct err *e)
{
	struct carry_opts own = *o;

	return delivery_child_start(run, &own, NULL, c, e);
}

int
carry_run(const struct carry_opts *o, struct delivery_result *r, struct err *e)
{
	struct delivery_child c;

	*r = (struct delivery_result){ 0 };
	err_clear(e);
	if (carry_start(o, &c, e) == -1)
		return -1;
	return delivery_child_end(&c, r, e);
}
