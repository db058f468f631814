/*
 * A killed session's open segment; see leftover.h.  Whoever holds the session
 * lock may be asked by SIGTERM to let go of it, so a child holds it here.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/spool/listing.h"
#include "transport/delivery/delivery_child.h"
#include "transport/delivery/delivery_impl.h"
#include "transport/delivery/leftover.h"
#include "transport/delivery/session_lock.h"

struct leftover {
	const struct node *node;
	const struct association *association;
	int dir;
};

/* 1: yes.  0: no, or there is no inbox yet. */
static int
is_open(int association_dir, struct err *e)
{
	int dir = durable_open_dir(association_dir, "inbox", e);
	struct listing l = { 0 };
	int rc = -1;

	if (dir == -1)
		return e->sys == ENOENT ? 0 : -1;
	if (listing_read(&l, dir, 0, e) == 0) {
		rc = 0;
		for (size_t i = 0; i < l.n; i++)
			if (l.at[i].name.last == 0)
				rc = 1;
	}
	listing_clear(&l);
	close(dir);
	return rc;
}

static int
seal(void *arg, struct delivery_result *r, struct err *e)
{
	const struct leftover *l = arg;
	struct inbox *in = NULL;
	int lock = session_lock(l->dir, false, e);

	(void)r;
	if (lock == -1)
		return -1;
	if (delivery_open_inbox(l->node, l->dir, l->association, &in, e) == -1)
		return -1;
	inbox_close(in);
	return 0;
}

static bool
busy(const struct err *e)
{
	return e->kind == ERR_TEMP && e->sys == EBUSY;
}

int
leftover_look(const struct node *n, const struct association *a, struct err *e)
{
	struct leftover l = { n, a, node_open_association(n, a, e) };
	struct delivery_result r;
	struct delivery_child c;
	int rc = -1;

	if (l.dir == -1)
		return -1;
	rc = is_open(l.dir, e);
	if (rc == 1) {
		rc = session_lock_probe(l.dir, e);
		if (rc == 0)
			rc = delivery_child_start(seal, &l, NULL, &c, e);
		if (rc == 0)
			rc = delivery_child_end(&c, &r, e);
		if (rc == 0)
			log_warn("what a session that died had left open is "
				 "sealed association=%s",
			    a->name);
		else if (busy(e))
			rc = 1;
	}
	close(l.dir);
	return rc;
}
