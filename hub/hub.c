/*
 * A hub put together; see hub.h.
 */
#include "config.h"

#include "hub/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/command/ground.h"
#include "xmlconfig/libxml2.h"

enum {
	/* Children of one that was killed may hold it a moment (crew.h). */
	HUB_LOCK_WAIT_MS = 1000,
};

static bool
same_list(config_list a, config_list b)
{
	size_t i = 0;

	while (a[i] != NULL && b[i] != NULL && strcmp(a[i], b[i]) == 0)
		i++;
	return a[i] == NULL && b[i] == NULL;
}

/* What the mailer, and the confinement, were given at the start. */
static bool
same_start(const struct config *a, const struct config *b)
{
	return strcmp(a->node.user != NULL ? a->node.user : "",
		   b->node.user != NULL ? b->node.user : "") == 0 &&
	    strcmp(config_store_for(a)->directory,
		config_store_for(b)->directory) == 0 &&
	    same_list(a->oper.mail, b->oper.mail) &&
	    same_list(a->oper.sendmail, b->oper.sendmail);
}

static int
may_replace(const struct hub *next, const struct hub *old, struct err *e)
{
	const struct config_node *a = &next->config->node,
				 *b = &old->config->node;

	if (strcmp(a->id, b->id) != 0 || strcmp(a->state, b->state) != 0 ||
	    strcmp(a->spool, b->spool) != 0 || strcmp(a->run, b->run) != 0)
		return err_set(e, ERR_CONFIG,
		    "%s: another node, state, spool or run takes a restart",
		    next->config->file);
	if (!same_start(next->config, old->config))
		return err_set(e, ERR_CONFIG,
		    "%s: another account, store directory, mail or sendmail "
		    "takes a restart",
		    next->config->file);
	return 0;
}

/* Confined, one cannot walk to the directories again. */
static int
take_node(const struct node *from, struct node *to, struct err *e)
{
	to->state_dir = fcntl(from->state_dir, F_DUPFD_CLOEXEC, 0);
	to->spool_dir = fcntl(from->spool_dir, F_DUPFD_CLOEXEC, 0);
	to->run_dir = fcntl(from->run_dir, F_DUPFD_CLOEXEC, 0);
	if (to->state_dir == -1 || to->spool_dir == -1 || to->run_dir == -1)
		return err_sys(e, "open the node");
	return 0;
}

static int
open_node(struct hub *h, const struct hub *before, struct err *e)
{
	if (before != NULL)
		return may_replace(h, before, e) == -1
		    ? -1
		    : take_node(&before->node, &h->node, e);
	if (node_enter(h->config, e) == -1)
		return -1;
	return node_open(h->config, &h->node, e);
}

int
hub_open(const struct hub_opts *o, struct hub **out, struct err *e)
{
	struct hub *h = mem_alloc(sizeof(*h));
	const struct config *c;

	h->lock = -1;
	h->node = (struct node){ -1, -1, -1 };
	if (config_read(o->config, &h->config, e) == -1)
		goto fail;
	c = h->config;
	if (config_store_for(c) == NULL) {
		err_set(e, ERR_CONFIG, "%s: a hub needs a store block",
		    c->file);
		goto fail;
	}
	h->mail = ground_mail(c, o->mail_elsewhere);
	if (open_node(h, o->before, e) == -1 || node_check_stores(c, e) == -1 ||
	    notices_open(h->node.state_dir, &h->mail, &h->notices, e) == -1)
		goto fail;
	*out = h;
	return 0;
fail:
	hub_close(h);
	return -1;
}

int
hub_lock(struct hub *h, struct err *e)
{
	h->lock =
	    lock_file(h->node.state_dir, NODE_HUB_LOCK, HUB_LOCK_WAIT_MS, e);
	if (h->lock == -1)
		return err_wrap(e, "another process works on %s",
		    h->config->node.state);
	node_sweep(&h->node);
	return 0;
}

int
hub_open_store(struct hub *h, struct err *e)
{
	const struct config_store *cs = config_store_for(h->config);
	const struct store_ops *ops = store_find(cs->type);

	if (ops == NULL)
		return err_set(e, ERR_CONFIG,
		    "%s:%d: this build has no store of type %s", cs->file,
		    cs->line, cs->type);
	return ops->open(cs, &h->store, e);
}

void
hub_open_ingest(struct hub *h)
{
	struct ingest_opts opts = {
		.config = h->config,
		.node = &h->node,
		.notices = h->notices,
	};

	h->compiler = compile_open(h->config, h->node.state_dir);
	opts.store = h->store;
	opts.compiler = h->compiler;
	h->ingest = ingest_open(&opts, clock_mono(), clock_wall());
}

int
hub_sync(struct hub *h, struct err *e)
{
	if (h->ingest == NULL)
		return err_set(e, ERR_TEMP, "the store is not open");
	return ingest_sync(h->ingest, clock_mono(), clock_wall(), e);
}

void
hub_close_ingest(struct hub *h)
{
	ingest_close(h->ingest);
	h->ingest = NULL;
	if (h->compiler != NULL)
		h->compiler->ops->close(h->compiler);
	h->compiler = NULL;
	if (h->store != NULL)
		h->store->ops->close(h->store);
	h->store = NULL;
}

void
hub_close(struct hub *h)
{
	if (h == NULL)
		return;
	hub_close_ingest(h);
	notices_close(h->notices);
	if (h->lock != -1)
		close(h->lock);
	node_close(&h->node);
	config_free(h->config);
	free(h);
}

bool
hub_is_well(const struct hub *h)
{
	return h->ingest != NULL && !h->store->ops->failed(h->store);
}

static void
tell_store(struct hub *h, const struct err *e)
{
	(void)notice_raise(h->notices,
	    &(struct notice){ "", "store", e->msg, "hubctl status" },
	    clock_wall());
}

bool
hub_awaits_store(struct hub *h, const struct err *e)
{
	if (e->kind != ERR_SYS ||
	    (e->sys != ENOSPC && e->sys != EDQUOT && e->sys != EIO &&
		e->sys != EROFS))
		return false;
	tell_store(h, e);
	return true;
}

int
hub_mend(struct hub *h, struct err *e)
{
	hub_close_ingest(h);
	if (hub_open_store(h, e) == 0) {
		hub_open_ingest(h);
		if (hub_sync(h, e) == 0)
			return 0;
		hub_close_ingest(h);
	}
	tell_store(h, e);
	return -1;
}

/* --- Confinement ---------------------------------------------------------- */

/* Directories, of which ours to close are those from `own` on. */
struct view {
	struct sandbox_dir *dir;
	size_t n, own;
};

static void
view_add(struct view *v, int fd, bool write)
{
	v->dir = mem_resize(v->dir, v->n + 1, sizeof(*v->dir));
	v->dir[v->n++] = (struct sandbox_dir){ fd, write };
}

/* The directory of a file that is read again. */
static int
view_add_parent(struct view *v, const char *file, struct err *e)
{
	char *copy = mem_strdup(file);
	int fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		err_sys(e, "open the directory of %s", file);
	else
		view_add(v, fd, false);
	free(copy);
	return fd == -1 ? -1 : 0;
}

int
hub_confine(const struct hub *h, struct sandbox_state *got, struct err *e)
{
	int store = durable_open_dir(AT_FDCWD,
	    config_store_for(h->config)->directory, e);
	struct view v = { .dir = NULL };
	int rc = -1;

	view_add(&v, h->node.state_dir, true);
	view_add(&v, h->node.spool_dir, true);
	view_add(&v, h->node.run_dir, true);
	v.own = v.n;
	view_add(&v, store, true);
	/* behind this no library can be read */
	if (store != -1 && libxml2_load(e) == 0 &&
	    view_add_parent(&v, h->config->file, e) == 0) {
		struct sandbox_opts o = { .unix_sockets = true };

		o.dir = v.dir;
		o.n_dir = v.n;
		tzset(); /* syslog(3) wants the time zone's file */
		rc = sandbox_enter(&o, got, e);
	}
	for (size_t i = v.own; i < v.n; i++)
		if (v.dir[i].fd != -1)
			close(v.dir[i].fd);
	free(v.dir);
	return rc;
}

/* --- Another configuration ------------------------------------------------ */

static bool
same_translation(const struct association *a, const struct association *b)
{
	if (strcmp(a->hub_subtree, b->hub_subtree) != 0 ||
	    strcmp(a->hub_tree, b->hub_tree) != 0 ||
	    a->n_translate != b->n_translate)
		return false;
	for (size_t i = 0; i < a->n_translate; i++)
		if (strcmp(a->translate[i].from, b->translate[i].from) != 0 ||
		    strcmp(a->translate[i].to, b->translate[i].to) != 0)
			return false;
	return true;
}

void
hub_compile_changed(struct hub *next, struct hub *old)
{
	struct ingest_status s;
	struct err e;

	next->lock = old->lock;
	old->lock = -1;
	for (size_t i = 0;
	     next->ingest != NULL && ingest_status(next->ingest, i, &s); i++) {
		const struct association *a =
		    config_association(old->config, s.association->name);

		if (a == NULL || same_translation(a, s.association))
			continue;
		if (ingest_compile(next->ingest, s.association->hub_tree, &e) ==
		    -1)
			log_warn("tree is not compiled tree=%s: %s",
			    s.association->hub_tree, e.msg);
		/* the tree that it left, if that is one still */
		if (strcmp(a->hub_tree, s.association->hub_tree) != 0 &&
		    ingest_compile(next->ingest, a->hub_tree, &e) == -1 &&
		    e.kind != ERR_MISSING)
			log_warn("tree is not compiled tree=%s: %s",
			    a->hub_tree, e.msg);
	}
}
