/*
 * What a hub is asked; see hub.h.
 */
#include "config.h"

#include "hub/hub.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/log.h"
#include "hub/ingest/leaf.h"

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
	int rc;

	if (n < 2 || n > 3)
		return EX_USAGE;
	rc = ingest_accept(h->ingest, word[1], n == 3 ? word[2] : NULL, &e);
	if (rc == -1)
		return refuse(&e, reply);
	if (rc == 0)
		log_info("accepted by an operator association=%s", word[1]);
	else
		(void)buf_printf(reply, "nothing of %s waits for you\n",
		    word[1]);
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

	if (!hub_is_well(h)) {
		(void)buf_printf(reply,
		    "the store failed; hubd opens it again\n");
		return EX_TEMPFAIL;
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(word[0], requests[i].word) == 0)
			return requests[i].run(h, n, word, reply);
	return EX_USAGE;
}
