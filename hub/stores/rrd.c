/*
 * The store of RRD files.  put notes texts in memory; flush looks at each
 * file, journals the heads of those that it is the first to change since the
 * last sync, and updates them, on two threads; sync makes all of it safe and
 * empties the journal.  What a file is, rrd_file.c knows; what waits,
 * rrd_series.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/message/limits.h"
#include "hub/stores/librrd.h"
#include "hub/stores/rrd_journal.h"
#include "hub/stores/rrd_series.h"
#include "hub/stores/stores.h"

enum {
	WORKERS = 2,
	WORKERS_FROM = 64, /* fewer series are not worth a thread */
};

struct rrd_store {
	struct store store;
	int dirfd, lock;
	char *directory;
	char **rra; /* NULL-terminated */
	struct rrd_table table;
	struct rrd_journal *journal;
	uint32_t mark; /* counts syncs, from 1 */
	bool failed;   /* a sync failed: nothing more until reopened (G18) */
	struct store_counts counts;
};

/* A worker's part of a flush. */
struct share {
	struct rrd_store *s;
	const uint32_t *handle;
	size_t n;
	struct buf head, path, records;
	const char **argv;
	size_t cap_argv;
	struct store_counts counts;
	bool renew; /* some file must be set aside or begun anew */
	int rc;
	struct err e; /* the first */
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

	if (rrd_table_find(&s->table, leaf, handle, &def, e) == -1)
		return -1;
	l = rrd_table_at(&s->table, *handle);
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
	const struct rrd_series *l = rrd_table_at(&s->table, handle);

	s->counts.put++;
	if (time_s <= l->last_s) { /* the first wins */
		s->counts.past++;
		return;
	}
	if (value.n > LIMIT_VALUE ||
	    !rrd_kind_fits(rrd_table_def(&s->table, l)->kind, value)) {
		s->counts.unfit++;
		value = SLICE("U");
	}
	rrd_table_note(&s->table, handle, time_s, value);
}

/*
 * The phases of a flush.  A series whose phase fails keeps what waits, and the
 * others go on: the first error is the flush's.
 */

static void
fail(struct share *w, struct rrd_series *l, const struct err *e)
{
	if (w->rc == 0)
		w->e = *e;
	w->rc = -1;
	l->look = true; /* things may have changed by the next time */
}

static struct rrd_place
place(struct share *w, const struct rrd_series *l)
{
	buf_reset(&w->path);
	buf_put_str(&w->path, w->s->directory);
	buf_put_char(&w->path, '/');
	buf_put_str(&w->path, l->name);
	return (struct rrd_place){ w->s->dirfd, l->name, w->path.p };
}

static void
record(struct share *w, struct rrd_series *l, uint64_t at, struct slice head)
{
	if (l->mark == w->s->mark)
		return;
	rrd_journal_record(&w->records, l->name, at, head);
	l->mark = w->s->mark;
	l->fresh = true;
}

/* No time heals this, and no other leaf may wait for it. */
static void
refuse(struct share *w, struct rrd_series *l)
{
	if (!l->blocked)
		log_err("rrd leaf not stored file=%s: not a file of its own",
		    l->name);
	l->blocked = true;
	l->look = true;
	w->counts.refused += l->values;
	l->values = 0;
}

/* What a series' file is, journaled if it is the first time since the last
 * sync.  A file of another kind matters only to values newer than it. */
static void
prepare_one(struct share *w, struct rrd_series *l)
{
	const struct rrd_def *def = rrd_table_def(&w->s->table, l);
	bool known = l->mark == w->s->mark;
	struct rrd_head head;
	struct err e = { .kind = ERR_NONE };

	l->fresh = false;
	if (known && !l->look)
		return;
	l->absent = l->odd = l->damaged = false;
	if (rrd_file_look(w->s->dirfd, l->name, &w->head, &head, &e) == -1) {
		fail(w, l, &e);
		return;
	}
	l->look = false;
	switch (head.state) {
	case RRD_FILE_ABSENT:
		l->absent = true;
		w->renew = w->renew || known; /* somebody removed it */
		record(w, l, 0, (struct slice){ NULL, 0 });
		return;
	case RRD_FILE_BLOCKED:
		refuse(w, l);
		return;
	case RRD_FILE_DAMAGED:
		l->odd = l->damaged = true;
		break;
	case RRD_FILE_WHOLE:
		w->counts.past += rrd_series_drop_past(l,
		    head.last_s > 0 ? (uint64_t)head.last_s : 0);
		if (l->values == 0)
			return;
		l->odd = strcmp(head.dstype, rrd_kind_name(def->kind)) != 0 ||
		    head.step_s != def->period_s;
		if (!l->odd)
			record(w, l, head.mutable_at, head.mutable);
		break;
	}
	w->renew = w->renew || l->odd;
}

static void *
prepare(void *arg)
{
	struct share *w = arg;

	for (size_t i = 0; i < w->n; i++)
		prepare_one(w, rrd_table_at(&w->s->table, w->handle[i]));
	return NULL;
}

/* One by one: a value that librrd does not take becomes U; if it does not even
 * take that, the value is not what is wrong. */
static int
update_each(struct share *w, const struct rrd_place *file,
    const struct rrd_series *l, struct err *e)
{
	for (const char *text = l->texts; text < l->texts + l->used;
	     text = rrd_text_next(text)) {
		const char *again;
		char *unknown;
		int rc;

		if (rrd_file_update(file, &text, 1, e) == 0)
			continue;
		unknown = mem_printf("%llu:U",
		    (unsigned long long)rrd_text_time(text));
		again = unknown;
		rc = rrd_file_update(file, &again, 1, e);
		free(unknown);
		if (rc == -1)
			return -1;
		w->counts.unfit++;
	}
	return 0;
}

static int
update(struct share *w, const struct rrd_place *file,
    const struct rrd_series *l, struct err *e)
{
	const char *text = l->texts;

	if (w->cap_argv < l->values) {
		w->cap_argv = l->values;
		w->argv = mem_resize(w->argv, w->cap_argv, sizeof(*w->argv));
	}
	for (uint32_t i = 0; i < l->values; i++) {
		w->argv[i] = text;
		text = rrd_text_next(text);
	}
	if (rrd_file_update(file, w->argv, l->values, e) == 0)
		return 0;
	return update_each(w, file, l, e);
}

static void
apply_one(struct share *w, struct rrd_series *l)
{
	struct rrd_place file = place(w, l);
	struct err e = { .kind = ERR_NONE };

	if (l->values == 0 || l->look || l->mark != w->s->mark)
		return;
	if (l->absent &&
	    rrd_file_create(&file, rrd_table_def(&w->s->table, l),
		(config_list)w->s->rra, (int64_t)rrd_text_time(l->texts),
		&e) == -1) {
		fail(w, l, &e);
		return;
	}
	l->absent = false;
	if (update(w, &file, l, &e) == -1) {
		fail(w, l, &e);
		return;
	}
	w->counts.written += l->values;
	l->values = 0;
}

static void *
apply(void *arg)
{
	struct share *w = arg;

	for (size_t i = 0; i < w->n; i++)
		apply_one(w, rrd_table_at(&w->s->table, w->handle[i]));
	return NULL;
}

/* A phase for every share, on this thread where no other can be had. */
static void
run(struct share *w, size_t n, void *(*phase)(void *))
{
	pthread_t thread[WORKERS];
	bool started[WORKERS] = { false };

	for (size_t i = 1; i < n; i++)
		started[i] =
		    pthread_create(&thread[i], NULL, phase, &w[i]) == 0;
	phase(&w[0]);
	for (size_t i = 1; i < n; i++)
		if (started[i])
			pthread_join(thread[i], NULL);
		else
			phase(&w[i]);
}

static int
sync_all(struct rrd_store *s, struct err *e)
{
	s->failed = true;
	if (syncfs(s->dirfd) == -1)
		return err_sys(e, "sync the file system");
	if (rrd_journal_restart(s->journal, e) == -1)
		return -1;
	s->failed = false;
	s->mark++;
	return 0;
}

static int
set_aside(struct share *w, struct rrd_series *l, struct err *e)
{
	struct rrd_place file = place(w, l);
	struct buf kept = { .limit = 0 };
	int rc = rrd_file_set_aside(&file, l->damaged, &kept, e);

	if (rc == 0) {
		log_warn("rrd file set aside file=%s why=%s kept=%s", l->name,
		    l->damaged ? "damaged" : "other-kind", kept.p);
		l->odd = false;
		l->absent = true;
		record(w, l, 0, (struct slice){ NULL, 0 });
	}
	buf_clear(&kept);
	return rc;
}

/* New files in the place of those that cannot take the values.  All is made
 * safe before, so that the journal never speaks of two files of one name, and
 * this flush is prepared anew under the new mark. */
static int
renew(struct rrd_store *s, struct share *w, size_t n, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || w[i].renew;
	if (!any)
		return 0;
	if (sync_all(s, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		buf_reset(&w[i].records);
		prepare(&w[i]);
		for (size_t k = 0; k < w[i].n; k++) {
			struct rrd_series *l =
			    rrd_table_at(&s->table, w[i].handle[k]);

			if (l->odd && set_aside(&w[i], l, e) == -1)
				return -1;
		}
	}
	return 0;
}

/* All heads durable before the first file is touched (W16). */
static int
journal(struct rrd_store *s, struct share *w, size_t n, struct err *e)
{
	bool final = false;

	for (size_t i = 1; i < n; i++)
		buf_put(&w[0].records, buf_slice(&w[i].records));
	if (w[0].records.n == 0 ||
	    rrd_journal_append(s->journal, buf_slice(&w[0].records), &final,
		e) == 0)
		return 0;
	s->failed = s->failed || final;
	return -1;
}

/* What this flush recorded did not get into the journal. */
static void
forget_fresh(struct rrd_store *s, const struct share *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < w[i].n; k++) {
			struct rrd_series *l =
			    rrd_table_at(&s->table, w[i].handle[k]);

			if (l->fresh)
				l->mark = 0;
		}
}

static int
flush_shares(struct rrd_store *s, struct share *w, size_t n, struct err *e)
{
	run(w, n, prepare);
	if (renew(s, w, n, e) == -1 || journal(s, w, n, e) == -1) {
		forget_fresh(s, w, n);
		return -1;
	}
	run(w, n, apply);
	for (size_t i = 0; i < n; i++)
		if (w[i].rc == -1) {
			*e = w[i].e;
			return -1;
		}
	return 0;
}

static int
flush_some(struct rrd_store *s, const uint32_t *handle, size_t n, struct err *e)
{
	struct share w[WORKERS] = { 0 };
	size_t shares = n < WORKERS_FROM ? 1 : WORKERS;
	int rc;

	for (size_t i = 0; i < shares; i++) {
		size_t first = n * i / shares;

		w[i].s = s;
		w[i].handle = handle + first;
		w[i].n = n * (i + 1) / shares - first;
	}
	rc = flush_shares(s, w, shares, e);
	for (size_t i = 0; i < shares; i++) {
		s->counts.written += w[i].counts.written;
		s->counts.past += w[i].counts.past;
		s->counts.unfit += w[i].counts.unfit;
		s->counts.refused += w[i].counts.refused;
		buf_clear(&w[i].head);
		buf_clear(&w[i].path);
		buf_clear(&w[i].records);
		free(w[i].argv);
	}
	rrd_table_settle(&s->table, handle, n);
	return rc;
}

static int
usable(const struct rrd_store *s, struct err *e)
{
	if (!s->failed)
		return 0;
	return err_set(e, ERR_TEMP,
	    "store %s: a sync failed; it must be opened anew", s->directory);
}

static int
flush(struct store *store, uint32_t handle, struct err *e)
{
	struct rrd_store *s = of(store);
	struct rrd_table *t = &s->table;
	int rc = 0;

	if (usable(s, e) == -1)
		return -1;
	if (handle == UINT32_MAX && t->n_waiting > 0)
		rc = flush_some(s, t->waiting, t->n_waiting, e);
	else if (handle != UINT32_MAX && rrd_table_at(t, handle)->texts != NULL)
		rc = flush_some(s, &handle, 1, e);
	return rc == -1 ? err_wrap(e, "store %s", s->directory) : 0;
}

static int
sync_store(struct store *store, struct err *e)
{
	struct rrd_store *s = of(store);

	if (usable(s, e) == -1)
		return -1;
	if (sync_all(s, e) == -1)
		return err_wrap(e, "store %s", s->directory);
	return 0;
}

static bool
failed(const struct store *store)
{
	return ((const struct rrd_store *)(const void *)store)->failed;
}

static size_t
waiting(const struct store *store)
{
	return ((const struct rrd_store *)(const void *)store)->table.values;
}

static const struct store_counts *
counts(const struct store *store)
{
	return &((const struct rrd_store *)(const void *)store)->counts;
}

static void
close_store(struct store *store)
{
	struct rrd_store *s;

	if (store == NULL)
		return;
	s = of(store);
	rrd_table_clear(&s->table);
	rrd_journal_close(s->journal);
	for (size_t i = 0; s->rra != NULL && s->rra[i] != NULL; i++)
		free(s->rra[i]);
	free(s->rra);
	free(s->directory);
	if (s->lock != -1)
		close(s->lock);
	if (s->dirfd != -1)
		close(s->dirfd);
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
	s->dirfd = s->lock = -1;
	s->mark = 1;
	s->directory = mem_strdup(cs->directory);
	s->rra = copy_list(cs->rra);
	if (librrd(e) == NULL || rra_expand(cs->rra, 1, &args, e) == -1 ||
	    (s->dirfd = durable_make_dir(AT_FDCWD, cs->directory, e)) == -1 ||
	    (s->lock = lock_file(s->dirfd, ".lock", 0, e)) == -1 ||
	    rrd_journal_open(s->dirfd, &s->journal, &restored, e) == -1) {
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
	.failed = failed,
	.waiting = waiting,
	.counts = counts,
	.close = close_store,
};
