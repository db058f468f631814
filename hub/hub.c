/*
 * A hub put together; see hub.h.
 */
#include "config.h"

#include "hub/hub.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "hub/ingest/leaf.h"

#define HUB_LOCK "hub.lock"

int
hub_open(const char *config, struct hub **out, struct err *e)
{
	struct hub *h = mem_alloc(sizeof(*h));
	const struct config *c;

	h->lock = -1;
	h->node = (struct node){ -1, -1, -1 };
	if (config_read(config, &h->config, e) == -1)
		goto fail;
	c = h->config;
	if (config_store_for(c) == NULL) {
		err_set(e, ERR_CONFIG, "%s: a hub needs a store block",
		    c->file);
		goto fail;
	}
	h->mail = (struct notice_mail){
		.node = c->node.id,
		.to = c->oper.mail,
		.sendmail = c->oper.sendmail,
		.gather_s = c->oper.gather_s,
		.repeat_s = c->oper.repeat_s,
	};
	if (node_enter(c, e) == -1 || node_open(c, &h->node, e) == -1 ||
	    notices_open(h->node.state_dir, &h->mail, &h->notices, e) == -1)
		goto fail;
	*out = h;
	return 0;
fail:
	hub_close(h);
	return -1;
}

int
hub_lock(struct hub *h, int wait_ms, struct err *e)
{
	h->lock = lock_file(h->node.state_dir, HUB_LOCK, wait_ms, e);
	if (h->lock == -1)
		return err_wrap(e, "another process works on %s",
		    h->config->node.state);
	node_sweep(&h->node);
	return 0;
}

int
hub_open_ingest(struct hub *h, struct err *e)
{
	const struct config_store *cs = config_store_for(h->config);
	const struct store_ops *ops = store_find(cs->type);
	struct ingest_opts opts = {
		.config = h->config,
		.node = &h->node,
		.notices = h->notices,
	};

	if (ops == NULL)
		return err_set(e, ERR_CONFIG,
		    "%s:%d: this build has no store of type %s", cs->file,
		    cs->line, cs->type);
	if (ops->open(cs, &h->store, e) == -1)
		return -1;
	h->compiler = compile_open(h->config, h->node.state_dir);
	opts.store = h->store;
	opts.compiler = h->compiler;
	return ingest_open(&opts, clock_mono(), clock_wall(), &h->ingest, e);
}

int
hub_sync(struct hub *h, struct err *e)
{
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

/* --- Another configuration ------------------------------------------------ */

int
hub_may_replace(const struct hub *next, const struct hub *old, struct err *e)
{
	const struct config_node *a = &next->config->node,
				 *b = &old->config->node;

	if (strcmp(a->id, b->id) != 0 || strcmp(a->state, b->state) != 0 ||
	    strcmp(a->spool, b->spool) != 0 || strcmp(a->run, b->run) != 0)
		return err_set(e, ERR_CONFIG,
		    "%s: another node, state, spool or run takes a restart",
		    next->config->file);
	return 0;
}

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
	const char *was = config_store_for(old->config)->directory;
	bool moved =
	    strcmp(config_store_for(next->config)->directory, was) != 0;
	struct ingest_status s;
	struct err e;

	next->lock = old->lock;
	old->lock = -1;
	for (size_t i = 0; ingest_status(next->ingest, i, &s); i++) {
		const struct association *a =
		    config_association(old->config, s.association->name);

		if ((moved ||
			(a != NULL && !same_translation(a, s.association))) &&
		    ingest_compile(next->ingest, s.association->hub_tree, &e) ==
			-1)
			log_warn("tree is not compiled tree=%s: %s",
			    s.association->hub_tree, e.msg);
	}
}

/* --- Requests ------------------------------------------------------------- */

static int
refuse(const struct err *e, struct buf *reply)
{
	(void)buf_printf(reply, "%s\n", e->msg);
	return err_exit_code(e);
}

static int
do_accept(struct hub *h, size_t n, const char *const *word, struct buf *reply)
{
	struct err e;

	if (n < 2 || n > 3)
		return EX_USAGE;
	if (ingest_accept(h->ingest, word[1], n == 3 ? word[2] : NULL, &e) ==
	    -1)
		return refuse(&e, reply);
	log_info("accepted by an operator association=%s", word[1]);
	return EX_OK;
}

static int
do_compile(struct hub *h, size_t n, const char *const *word, struct buf *reply)
{
	struct mono now = clock_mono();
	struct err e;

	if (n > 2)
		return EX_USAGE;
	if (ingest_compile(h->ingest, n == 2 ? word[1] : NULL, &e) == -1)
		return refuse(&e, reply);
	(void)ingest_step(h->ingest, now, clock_wall());
	if (notice_is_raised(h->notices, "", "compile")) {
		err_set(&e, ERR_TEMP,
		    "the compilation failed: the last good "
		    "tree stays, the log says why");
		return refuse(&e, reply);
	}
	return EX_OK;
}

/* The store's handle of a leaf; false: no live tree has it. */
static bool
find_leaf(struct hub *h, const char *tree, struct slice path, uint32_t *handle)
{
	struct store_series series;
	struct compiled *live = NULL;
	struct tree_leaf leaf;
	struct ingest_status s;
	struct err ignored; /* what is not compiled has no values either */
	bool found = false;

	for (size_t i = 0; !found && ingest_status(h->ingest, i, &s); i++) {
		if (strcmp(s.association->hub_tree, tree) != 0 ||
		    compile_read(h->node.state_dir, s.association, &live,
			&ignored) == -1)
			continue;
		if (compiled_find(live, path, &leaf, &ignored) == 1) {
			series = leaf_series(tree, &leaf);
			found = h->store->ops->series(h->store, &series, handle,
				    &ignored) == 0;
		}
		compiled_close(live);
	}
	return found;
}

static int
do_flush(struct hub *h, size_t n, const char *const *word, struct buf *reply)
{
	uint32_t handle = UINT32_MAX;
	struct err e;

	if (n != 1 && n != 3)
		return EX_USAGE;
	if (n == 3 && !find_leaf(h, word[1], slice_str(word[2]), &handle))
		return EX_OK;
	if (h->store->ops->flush(h->store, handle, &e) == -1)
		return refuse(&e, reply);
	return EX_OK;
}

static int
do_status(struct hub *h, size_t n, const char *const *word, struct buf *reply)
{
	struct ingest_status s;

	(void)n;
	(void)word;
	for (size_t i = 0; ingest_status(h->ingest, i, &s); i++)
		(void)buf_printf(reply,
		    "%s %s%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		    " %" PRIu64 "\n",
		    s.association->name, settling_state_name(s.state),
		    s.stopped ? "-stopped" : "", s.cursor.msgid, s.low, s.waits,
		    s.marked, s.withheld);
	return EX_OK;
}

int
hub_answer(struct hub *h, size_t n, const char *const *word, struct buf *reply)
{
	static const struct {
		const char *word;
		int (*run)(struct hub *h, size_t n, const char *const *word,
		    struct buf *reply);
	} requests[] = {
		{ "accept", do_accept },
		{ "compile", do_compile },
		{ "flush", do_flush },
		{ "status", do_status },
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(word[0], requests[i].word) == 0)
			return requests[i].run(h, n, word, reply);
	return EX_USAGE;
}
