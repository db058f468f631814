/*
 * The phases of a flush; see rrd_flush.h.  Files are looked at on threads,
 * which wait for the disk; librrd updates them in processes, because it maps
 * each file, and mapping is what threads of one process do one at a time.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/crew.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "hub/stores/rrd_flush.h"
#include "hub/stores/rrd_sweep.h"

enum {
	SHARE_LEAST = 32, /* series: fewer are not worth a process */
};

/* Of no tree: their names begin with a letter or digit. */
#define PROBE_NAME ".probe.rrd"

/* What became of a series in the last phase. */
enum outcome {
	OUTCOME_NONE, /* not its turn */
	OUTCOME_STORED,
	OUTCOME_FAILED,
};

/* What the last phase leaves, in memory that is shared. */
struct result {
	struct store_counts counts;
	int rc;
	struct err e;                 /* the first, */
	const struct rrd_series *bad; /* and whose it is */
};

/* A part of a flush. */
struct share {
	struct rrd_files *s;
	const uint32_t *handle;
	size_t n;
	struct buf head, path, records;
	const char **argv;
	size_t cap_argv;
	bool renew;           /* some file must be set aside or begun anew */
	struct result before; /* of the phases up to the journal */
	struct result *result;
	uint8_t *outcome; /* of each series: enum outcome */
};

static void
note_failure(struct result *r, const struct rrd_series *l, const struct err *e)
{
	if (r->rc == 0) {
		r->e = *e;
		r->bad = l;
	}
	r->rc = -1;
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

/* --- Looking -------------------------------------------------------------- */

static void
record(struct share *w, struct rrd_series *l, uint64_t at, struct slice head)
{
	if (l->mark == w->s->mark)
		return;
	rrd_journal_record(&w->records, l->name, at, head);
	l->mark = w->s->mark;
	l->fresh = true;
}

/* What a series' file is, journaled if it is the first time since the last
 * sync.  A file of another kind matters only to values newer than it. */
static void
look_one(struct share *w, struct rrd_series *l)
{
	const struct rrd_def *def = rrd_table_def(&w->s->table, l);
	bool known = l->mark == w->s->mark, was_absent = known && l->absent;
	struct rrd_head head;
	struct err e = { .kind = ERR_NONE };

	l->fresh = false;
	if (l->values == 0 || (known && !l->look))
		return;
	l->absent = l->odd = l->damaged = l->blocked = false;
	if (rrd_file_look(w->s->dirfd, l->name, &w->head, &head, &e) == -1) {
		note_failure(&w->before, l, &e);
		l->look = true; /* things may have changed by the next time */
		return;
	}
	l->look = false;
	switch (head.state) {
	case RRD_FILE_ABSENT:
		l->absent = true;
		/* if somebody removed it */
		w->renew = w->renew || (known && !was_absent);
		record(w, l, 0, (struct slice){ NULL, 0 });
		return;
	case RRD_FILE_BLOCKED:
		l->blocked = l->look = true;
		return;
	case RRD_FILE_DAMAGED:
		l->odd = l->damaged = true;
		break;
	case RRD_FILE_WHOLE:
		w->before.counts.past += rrd_series_drop_past(l,
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
look(void *arg)
{
	struct share *w = arg;

	for (size_t i = 0; i < w->n; i++)
		look_one(w, rrd_table_at(&w->s->table, w->handle[i]));
	return NULL;
}

/* Every share on a thread, or on this one where no other can be had. */
static void
look_all(struct share *w, size_t n)
{
	pthread_t thread[CREW_MOST];
	bool started[CREW_MOST] = { false };

	for (size_t i = 1; i < n; i++)
		started[i] = pthread_create(&thread[i], NULL, look, &w[i]) == 0;
	look(&w[0]);
	for (size_t i = 1; i < n; i++)
		if (started[i])
			pthread_join(thread[i], NULL);
		else
			look(&w[i]);
}

/* --- New files ------------------------------------------------------------ */

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
 * this flush looks at its files anew under the new mark. */
static int
renew(struct rrd_files *s, struct share *w, size_t n, struct err *e)
{
	bool any = false;
	struct err failure;

	for (size_t i = 0; i < n; i++)
		any = any || w[i].renew;
	if (!any)
		return 0;
	if (rrd_sync(s, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		buf_reset(&w[i].records);
		look(&w[i]);
		for (size_t k = 0; k < w[i].n; k++) {
			struct rrd_series *l =
			    rrd_table_at(&s->table, w[i].handle[k]);

			if (!l->odd || set_aside(&w[i], l, &failure) == 0)
				continue;
			note_failure(&w[i].before, l, &failure);
			l->look = true;
		}
	}
	return 0;
}

/* --- The journal ---------------------------------------------------------- */

/* All heads durable before the first file is touched (W16). */
static int
journal(struct rrd_files *s, struct share *w, size_t n, struct err *e)
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
forget_fresh(struct rrd_files *s, const struct share *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < w[i].n; k++) {
			struct rrd_series *l =
			    rrd_table_at(&s->table, w[i].handle[k]);

			if (l->fresh)
				l->mark = 0;
		}
}

/* --- Updating: changes files, and the share's result, and nothing else ---- */

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
		w->result->counts.unfit++;
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

static enum outcome
apply_one(struct share *w, const struct rrd_series *l)
{
	struct rrd_place file = place(w, l);
	struct err e = { .kind = ERR_NONE };

	if (l->values == 0 || l->look || l->mark != w->s->mark)
		return OUTCOME_NONE;
	if ((l->absent &&
		rrd_file_create(&file, rrd_table_def(&w->s->table, l),
		    (config_list)w->s->rra, (int64_t)rrd_text_time(l->texts),
		    &e) == -1) ||
	    update(w, &file, l, &e) == -1) {
		note_failure(w->result, l, &e);
		return OUTCOME_FAILED;
	}
	w->result->counts.written += l->values;
	return OUTCOME_STORED;
}

static void
apply(void *arg, size_t part)
{
	struct share *w = (struct share *)arg + part;

	for (size_t i = 0; i < w->n; i++)
		w->outcome[i] = (uint8_t)apply_one(w,
		    rrd_table_at(&w->s->table, w->handle[i]));
}

static void
take_outcomes(struct share *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct rrd_series *l = rrd_table_at(&w->s->table, w->handle[i]);

		switch ((enum outcome)w->outcome[i]) {
		case OUTCOME_NONE:
			break;
		case OUTCOME_STORED:
			l->absent = l->refused = false;
			l->values = 0;
			break;
		case OUTCOME_FAILED:
			l->look = true;
			break;
		}
	}
}

/* A process that ended in the middle leaves a file that is half changed: only
 * the journal can say what it was. */
static int
apply_all(struct rrd_files *s, struct share *w, size_t n, struct err *e)
{
	if (crew_run(n, apply, w, e) == -1) {
		s->failed = true;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		take_outcomes(&w[i]);
	return 0;
}

/* --- Leaves that fail alone ----------------------------------------------- */

/* A series that was not stored waits to be looked at again. */
static bool
is_left(const struct rrd_series *l)
{
	return l->look && l->values > 0;
}

/* What is left, and the first error; the definition with the largest file. */
static bool
any_left(const struct rrd_files *s, const struct share *w, size_t n,
    const struct rrd_def **largest, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const struct result *bad =
		    w[i].before.rc == -1 ? &w[i].before : w[i].result;

		for (size_t k = 0; k < w[i].n; k++) {
			const struct rrd_series *l =
			    rrd_table_at(&s->table, w[i].handle[k]);
			const struct rrd_def *def;

			if (!is_left(l))
				continue;
			def = rrd_table_def(&s->table, l);
			if (!any || def->period_s < (*largest)->period_s)
				*largest = def;
			any = true;
		}
		if (bad->rc == -1 && e->kind == ERR_NONE)
			*e = bad->e;
	}
	return any;
}

static int
probe(const struct rrd_files *s, const struct rrd_def *def, struct err *e)
{
	char *path = mem_printf("%s/%s", s->directory, PROBE_NAME);
	const struct rrd_place at = { s->dirfd, PROBE_NAME, path };
	int rc = rrd_file_probe(&at, def, (config_list)s->rra, e);

	free(path);
	return rc;
}

int
rrd_flush_tidy(int dirfd, struct err *e)
{
	struct rrd_sweep left = { .n = 0 };
	uint64_t removed = 0;
	int rc;

	if (unlinkat(dirfd, PROBE_NAME, 0) == -1 && errno != ENOENT)
		return err_sys(e, "remove %s", PROBE_NAME);
	rrd_sweep_add(&left, PROBE_NAME);
	rc = rrd_sweep_run(&left, dirfd, &removed, e);
	rrd_sweep_clear(&left);
	return rc;
}

static const char *
why(const struct share *w, const struct rrd_series *l)
{
	if (l->blocked)
		return "another leaf's file or directory has the name of its "
		       "file";
	if (w->before.rc == -1 && w->before.bad == l)
		return w->before.e.msg;
	if (w->result->rc == -1 && w->result->bad == l)
		return w->result->e.msg;
	return "its file cannot be made or updated";
}

static void
refuse_left(struct rrd_files *s, struct share *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < w[i].n; k++) {
			uint32_t handle = w[i].handle[k];
			const struct rrd_series *l =
			    rrd_table_at(&s->table, handle);

			if (is_left(l))
				s->counts.refused += rrd_table_refuse(&s->table,
				    handle, why(w + i, l));
		}
}

/* --- All of it ------------------------------------------------------------ */

static void
add_counts(struct store_counts *to, const struct store_counts *c)
{
	to->written += c->written;
	to->past += c->past;
	to->unfit += c->unfit;
}

/* Store what is left. */
static int
store_left(struct rrd_files *s, struct share *w, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		buf_reset(&w[i].records);
		w[i].renew = false;
		w[i].before.rc = w[i].result->rc = 0;
	}
	look_all(w, n);
	if (renew(s, w, n, e) == -1 || journal(s, w, n, e) == -1) {
		forget_fresh(s, w, n);
		return -1;
	}
	return apply_all(s, w, n, e);
}

/* A leaf that fails twice, with a probe after each that does not, fails for a
 * reason of its own; no time may heal that, and no other may wait for it. */
static int
flush_shares(struct rrd_files *s, struct share *w, size_t n, struct err *e)
{
	for (int again = 0; again < 2; again++) {
		const struct rrd_def *largest = NULL;
		struct err first = { .kind = ERR_NONE }, other;

		if (store_left(s, w, n, e) == -1)
			return -1;
		if (!any_left(s, w, n, &largest, &first))
			return 0;
		if (probe(s, largest, &other) == -1) {
			*e = first.kind != ERR_NONE ? first : other;
			return -1;
		}
	}
	refuse_left(s, w, n);
	return 0;
}

int
rrd_flush(struct rrd_files *s, const uint32_t *handle, size_t n, struct err *e)
{
	struct share w[CREW_MOST] = { 0 };
	size_t shares = crew_parts(n, SHARE_LEAST);
	size_t shared = shares * sizeof(struct result) + n;
	struct result *result = crew_memory(shared, e);
	int rc;

	if (result == NULL)
		return -1;
	for (size_t i = 0; i < shares; i++) {
		size_t first = n * i / shares;

		w[i].s = s;
		w[i].handle = handle + first;
		w[i].n = n * (i + 1) / shares - first;
		w[i].result = result + i;
		w[i].outcome = (uint8_t *)(result + shares) + first;
	}
	rc = flush_shares(s, w, shares, e);
	for (size_t i = 0; i < shares; i++) {
		add_counts(&s->counts, &w[i].before.counts);
		add_counts(&s->counts, &w[i].result->counts);
		buf_clear(&w[i].head);
		buf_clear(&w[i].path);
		buf_clear(&w[i].records);
		free(w[i].argv);
	}
	crew_memory_free(result, shared);
	rrd_table_settle(&s->table, handle, n);
	rrd_table_forgive(&s->table, NULL, (struct slice){ NULL, 0 });
	return rc;
}

int
rrd_sync(struct rrd_files *s, struct err *e)
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
