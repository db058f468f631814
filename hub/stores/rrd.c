/*
 * The store of RRD files.  put notes texts in memory (rrd_series.c); flush and
 * sync bring them into the files (rrd_flush.c).  What a file is, rrd_file.c
 * knows.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/message/limits.h"
#include "hub/stores/librrd.h"
#include "hub/stores/rrd_flush.h"
#include "hub/stores/stores.h"

enum {
	/* What a run that was killed leaves behind may hold it a moment. */
	LOCK_WAIT_MS = 1000,
};

struct rrd_store {
	struct store store;
	struct rrd_files files;
	int lock;
};

static struct rrd_store *
of(struct store *s)
{
	return (struct rrd_store *)(void *)s;
}

static int flush(struct store *store, uint32_t handle, struct err *e);

static int
series(struct store *store, const struct store_series *leaf, uint32_t *handle,
    struct err *e)
{
	struct rrd_store *s = of(store);
	struct rrd_series *l;
	uint32_t def;

	if (rrd_table_find(&s->files.table, leaf, handle, &def, e) == -1)
		return -1;
	l = rrd_table_at(&s->files.table, *handle);
	if (l->def == def)
		return 0;
	/* What waits belongs to the former definition. */
	if (l->texts != NULL && flush(store, *handle, e) == -1)
		return -1;
	l->def = def;
	l->look = true;
	return 0;
}

static void
put(struct store *store, uint32_t handle, uint64_t time_s, struct slice value)
{
	struct rrd_store *s = of(store);
	const struct rrd_series *l = rrd_table_at(&s->files.table, handle);

	s->files.counts.put++;
	if (time_s <= l->last_s) { /* the first wins */
		s->files.counts.past++;
		return;
	}
	if (value.n > LIMIT_VALUE ||
	    !rrd_kind_fits(rrd_table_def(&s->files.table, l)->kind, value)) {
		s->files.counts.unfit++;
		value = SLICE("U");
	}
	rrd_table_note(&s->files.table, handle, time_s, value);
}

static int
usable(const struct rrd_files *s, struct err *e)
{
	if (!s->failed)
		return 0;
	return err_set(e, ERR_TEMP,
	    "store %s: a sync or an update failed; it must be opened anew",
	    s->directory);
}

static int
flush(struct store *store, uint32_t handle, struct err *e)
{
	struct rrd_files *s = &of(store)->files;
	struct rrd_table *t = &s->table;
	int rc = 0;

	if (usable(s, e) == -1)
		return -1;
	if (handle == UINT32_MAX && t->n_waiting > 0)
		rc = rrd_flush(s, t->waiting, t->n_waiting, e);
	else if (handle != UINT32_MAX && rrd_table_at(t, handle)->texts != NULL)
		rc = rrd_flush(s, &handle, 1, e);
	return rc == -1 ? err_wrap(e, "store %s", s->directory) : 0;
}

static int
sync_store(struct store *store, struct err *e)
{
	struct rrd_files *s = &of(store)->files;

	if (usable(s, e) == -1)
		return -1;
	if (rrd_sync(s, e) == -1)
		return err_wrap(e, "store %s", s->directory);
	return 0;
}

static void
refused(struct store *store, store_each_refusal *each, void *arg)
{
	rrd_table_each_refused(&of(store)->files.table, each, arg);
}

static void
forgive(struct store *store, const char *tree, struct slice subtree)
{
	rrd_table_forgive(&of(store)->files.table, tree, subtree);
}

static bool
failed(const struct store *store)
{
	return ((const struct rrd_store *)(const void *)store)->files.failed;
}

static size_t
waiting(const struct store *store)
{
	return ((const struct rrd_store *)(const void *)store)
	    ->files.table.values;
}

static const struct store_counts *
counts(const struct store *store)
{
	return &((const struct rrd_store *)(const void *)store)->files.counts;
}

static void
close_store(struct store *store)
{
	struct rrd_store *s;

	if (store == NULL)
		return;
	s = of(store);
	rrd_table_clear(&s->files.table);
	rrd_journal_close(s->files.journal);
	for (size_t i = 0; s->files.rra != NULL && s->files.rra[i] != NULL; i++)
		free(s->files.rra[i]);
	free(s->files.rra);
	free(s->files.directory);
	if (s->lock != -1)
		close(s->lock);
	if (s->files.dirfd != -1)
		close(s->files.dirfd);
	free(s);
}

static char **
copy_list(config_list list)
{
	size_t n = 0;
	char **out;

	while (list != NULL && list[n] != NULL)
		n++;
	out = mem_array(n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = mem_strdup(list[i]);
	return out;
}

static int
open_store(const struct config_store *cs, struct store **out, struct err *e)
{
	struct rrd_store *s = mem_alloc(sizeof(*s));
	struct rra_args args = { .n = 0 };
	uint64_t restored = 0;

	s->store.ops = &store_rrd;
	s->files.dirfd = s->lock = -1;
	s->files.mark = 1;
	s->files.directory = mem_strdup(cs->directory);
	s->files.rra = copy_list(cs->rra);
	if (librrd(e) == NULL || rra_expand(cs->rra, 1, &args, e) == -1 ||
	    (s->files.dirfd = durable_make_dir(AT_FDCWD, cs->directory, e)) ==
		-1 ||
	    (s->lock = lock_file(s->files.dirfd, ".lock", LOCK_WAIT_MS, e)) ==
		-1 ||
	    rrd_flush_tidy(s->files.dirfd, e) == -1 ||
	    rrd_journal_open(s->files.dirfd, &s->files.journal, &restored, e) ==
		-1) {
		err_wrap(e, "store %s", cs->directory);
		rra_free(&args);
		close_store(&s->store);
		return -1;
	}
	rra_free(&args);
	if (restored > 0)
		log_info("rrd files put back to the last sync files=%llu",
		    (unsigned long long)restored);
	*out = &s->store;
	return 0;
}

const struct store_ops store_rrd = {
	.type = "rrd",
	.open = open_store,
	.series = series,
	.put = put,
	.flush = flush,
	.sync = sync_store,
	.refused = refused,
	.forgive = forgive,
	.failed = failed,
	.waiting = waiting,
	.counts = counts,
	.close = close_store,
};
