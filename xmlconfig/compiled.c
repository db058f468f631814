/*
 * The compiled tree; see compiled.h.  Rows are in path order and numbered
 * without gaps, so a binary search by number finds a path: no index has to be
 * filled and synced, which would double time and size.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/message/names.h"
#include "xmlconfig/compiled.h"

enum {
	FORMAT = 1,
	PAGE = 8192, /* bytes; both stand in the SQL as well */
};

struct compiled {
	sqlite3 *db;
	sqlite3_stmt *one, *from; /* the leaf of an id; all from an id on */
	struct compiled_head head;
};

static int
failed(sqlite3 *db, struct err *e)
{
	const char *why = sqlite3_errmsg(db);
	int code = sqlite3_errcode(db) & 0xff;

	if (code == SQLITE_IOERR) {
		errno = EIO;
		return err_sys(e, "SQLite: %s", why);
	}
	if (code == SQLITE_FULL || code == SQLITE_NOMEM || code == SQLITE_BUSY)
		return err_set(e, ERR_TEMP, "SQLite: %s", why);
	return err_set(e, ERR_INPUT, "SQLite: %s", why);
}

/* SQLite opens by path only: through the directory that we hold. */
static int
open_at(int dirfd, const char *name, int flags, sqlite3 **db, struct err *e)
{
	char *uri = mem_printf("file:/proc/self/fd/%d/%s%s", dirfd, name,
	    (flags & SQLITE_OPEN_READONLY) != 0 ? "?immutable=1" : "");
	int rc = 0;

	if (sqlite3_open_v2(uri, db, flags | SQLITE_OPEN_URI, NULL) !=
	    SQLITE_OK)
		rc = failed(*db, e);
	free(uri);
	return rc;
}

static int
prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct err *e)
{
	if (sqlite3_prepare_v2(db, sql, -1, out, NULL) != SQLITE_OK)
		return failed(db, e);
	return 0;
}

/* --- Writing ----------------------------------------------------------- */

static int
run(sqlite3 *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return failed(db, e);
	return 0;
}

/* Run a statement that gives no row, and make it ready for the next. */
static int
step(sqlite3 *db, sqlite3_stmt *st, struct err *e)
{
	if (sqlite3_step(st) != SQLITE_DONE || sqlite3_reset(st) != SQLITE_OK)
		return failed(db, e);
	return 0;
}

static int
write_head(sqlite3 *db, const struct compiled_head *head, size_t leaves,
    struct err *e)
{
	char stream[STREAM_TEXT_SIZE];
	sqlite3_stmt *st = NULL;
	int rc = -1;

	if (prepare(db, "INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5)", &st,
		e) == -1)
		return -1;
	sqlite3_bind_int(st, 1, FORMAT);
	sqlite3_bind_text(st, 2, stream_text(head->stream, stream), -1,
	    SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)head->generation);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)head->msgid);
	sqlite3_bind_int64(st, 5, (sqlite3_int64)leaves);
	rc = step(db, st, e);
	sqlite3_finalize(st);
	return rc;
}

static int
write_leaves(sqlite3 *db, const struct tree *t, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc =
	    prepare(db, "INSERT INTO leaf VALUES (?1, ?2, ?3, ?4)", &st, e);

	for (size_t i = 0; i < tree_size(t) && rc == 0; i++) {
		struct tree_leaf l = tree_leaf(t, i);

		sqlite3_bind_int64(st, 1, (sqlite3_int64)i + 1);
		sqlite3_bind_text(st, 2, l.path.p, (int)l.path.n,
		    SQLITE_STATIC);
		sqlite3_bind_text(st, 3, l.token.p, (int)l.token.n,
		    SQLITE_STATIC);
		sqlite3_bind_blob(st, 4, l.params.p, (int)l.params.n,
		    SQLITE_STATIC);
		rc = step(db, st, e);
	}
	sqlite3_finalize(st);
	return rc;
}

/* Fill an empty file.  It has no name yet, so no journal is needed. */
static int
fill(int dirfd, const char *name, const struct tree *t,
    const struct compiled_head *head, struct err *e)
{
	static const char schema[] =
	    "PRAGMA page_size = 8192; PRAGMA cache_size = 512;"
	    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
	    "PRAGMA locking_mode = EXCLUSIVE; BEGIN;"
	    "CREATE TABLE head (format INTEGER, stream TEXT,"
	    " generation INTEGER, msgid INTEGER, leaves INTEGER);"
	    "CREATE TABLE leaf (id INTEGER PRIMARY KEY, path TEXT, token TEXT,"
	    " params BLOB);";
	sqlite3 *db = NULL;
	int rc = -1;

	if (open_at(dirfd, name, SQLITE_OPEN_READWRITE, &db, e) == 0 &&
	    run(db, schema, e) == 0 &&
	    write_head(db, head, tree_size(t), e) == 0 &&
	    write_leaves(db, t, e) == 0)
		rc = run(db, "COMMIT", e);
	if (sqlite3_close(db) != SQLITE_OK && rc == 0)
		rc = failed(db, e);
	return rc;
}

int
compiled_write(int dirfd, const char *name, const struct tree *t,
    const struct compiled_head *head, struct err *e)
{
	struct durable_temp tmp;

	if (durable_temp(dirfd, &tmp, e) == -1)
		return err_wrap(e, "%s", name);
	if (fill(dirfd, tmp.name, t, head, e) == -1) {
		durable_abandon(dirfd, &tmp);
		return err_wrap(e, "%s", name);
	}
	return durable_commit(dirfd, &tmp, name, true, e);
}

/* --- Reading ----------------------------------------------------------- */

static struct slice
column(sqlite3_stmt *st, int i)
{
	const char *p = sqlite3_column_blob(st, i);

	return (struct slice){ p,
		p != NULL ? (size_t)sqlite3_column_bytes(st, i) : 0 };
}

static int
row_leaf(sqlite3_stmt *st, struct tree_leaf *l, struct err *e)
{
	*l = (struct tree_leaf){
		.path = column(st, 0),
		.token = column(st, 1),
		.params = column(st, 2),
	};
	if (!name_is_path(l->path))
		return err_set(e, ERR_INPUT, "a leaf is damaged");
	return 0;
}

/* The one row of head; the leaves must all be there. */
static int
read_head(struct compiled *c, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = -1;

	if (prepare(c->db,
		"SELECT stream, generation, msgid, leaves FROM head"
		" WHERE format = 1 AND leaves ="
		" (SELECT coalesce(max(id), 0) FROM leaf)",
		&st, e) == -1)
		return -1;
	switch (sqlite3_step(st)) {
	case SQLITE_ROW:
		c->head.generation = (uint64_t)sqlite3_column_int64(st, 1);
		c->head.msgid = (uint64_t)sqlite3_column_int64(st, 2);
		c->head.leaves = (uint64_t)sqlite3_column_int64(st, 3);
		if (stream_parse(column(st, 0), &c->head.stream))
			rc = 0;
		else
			err_set(e, ERR_INPUT, "no stream");
		break;
	case SQLITE_DONE:
		err_set(e, ERR_INPUT, "not whole, or of another version");
		break;
	default:
		failed(c->db, e);
		break;
	}
	sqlite3_finalize(st);
	return rc;
}

/* A plain file of ours, and whole: SQLite would take what a cut page lacks for
 * zeros. */
static int
check_file(int dirfd, const char *name, struct err *e)
{
	int fd = durable_open_file(dirfd, name, e);
	struct stat st;
	int rc = 0;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		rc = err_sys(e, "look at %s", name);
	else if (st.st_size == 0 || st.st_size % PAGE != 0)
		rc = err_set(e, ERR_INPUT, "%s is cut short", name);
	close(fd);
	return rc;
}

int
compiled_open(int dirfd, const char *name, struct compiled **out, struct err *e)
{
	struct compiled *c;

	if (check_file(dirfd, name, e) == -1)
		return -1;
	c = mem_alloc(sizeof(*c));
	if (open_at(dirfd, name, SQLITE_OPEN_READONLY, &c->db, e) == -1 ||
	    read_head(c, e) == -1 ||
	    prepare(c->db, "SELECT path, token, params FROM leaf WHERE id = ?1",
		&c->one, e) == -1 ||
	    prepare(c->db,
		"SELECT path, token, params FROM leaf WHERE id >= ?1"
		" ORDER BY id",
		&c->from, e) == -1) {
		compiled_close(c);
		return err_wrap(e, "%s", name);
	}
	*out = c;
	return 0;
}

void
compiled_close(struct compiled *c)
{
	if (c == NULL)
		return;
	sqlite3_finalize(c->one);
	sqlite3_finalize(c->from);
	sqlite3_close(c->db);
	free(c);
}

const struct compiled_head *
compiled_head(const struct compiled *c)
{
	return &c->head;
}

/* The row of this id into *l, whose slices live until the next call. */
static int
read_leaf(struct compiled *c, uint64_t id, struct tree_leaf *l, struct err *e)
{
	sqlite3_reset(c->one);
	sqlite3_bind_int64(c->one, 1, (sqlite3_int64)id);
	switch (sqlite3_step(c->one)) {
	case SQLITE_ROW:
		return row_leaf(c->one, l, e);
	case SQLITE_DONE:
		return err_set(e, ERR_INPUT, "leaf %llu is missing",
		    (unsigned long long)id);
	default:
		return failed(c->db, e);
	}
}

/* The id of the first leaf whose path is not before this one. */
static int
lower_bound(struct compiled *c, struct slice path, uint64_t *id, struct err *e)
{
	uint64_t lo = 1, hi = c->head.leaves + 1;
	struct tree_leaf l = { 0 };

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (read_leaf(c, mid, &l, e) == -1)
			return -1;
		if (slice_cmp(l.path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*id = lo;
	return 0;
}

int
compiled_find(struct compiled *c, struct slice path, struct tree_leaf *out,
    struct err *e)
{
	struct tree_leaf l = { 0 };
	uint64_t id;

	if (lower_bound(c, path, &id, e) == -1)
		return -1;
	if (id > c->head.leaves)
		return 0;
	if (read_leaf(c, id, &l, e) == -1)
		return -1;
	if (!slice_eq(l.path, path))
		return 0;
	*out = l;
	return 1;
}

/* Who is told of which leaves. */
struct visit {
	struct slice prefix; /* that their paths begin with */
	bool (*each)(void *arg, const struct tree_leaf *l);
	void *arg;
};

static int
visit_from(struct compiled *c, uint64_t id, const struct visit *v,
    struct err *e)
{
	struct tree_leaf l;
	int rc = 0, code;

	sqlite3_bind_int64(c->from, 1, (sqlite3_int64)id);
	while ((code = sqlite3_step(c->from)) == SQLITE_ROW) {
		rc = row_leaf(c->from, &l, e);
		if (rc == -1 || !slice_starts(l.path, v->prefix) ||
		    !v->each(v->arg, &l))
			break;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		rc = failed(c->db, e);
	sqlite3_reset(c->from);
	return rc;
}

int
compiled_each(struct compiled *c, struct slice path,
    bool (*each)(void *arg, const struct tree_leaf *l), void *arg,
    struct err *e)
{
	struct visit v = { .each = each, .arg = arg };
	struct buf below = { 0 };
	struct tree_leaf l;
	uint64_t id;
	int rc;

	while (path.n > 0 && path.p[path.n - 1] == '/')
		path.n--;
	rc = compiled_find(c, path, &l, e);
	if (rc != 0) { /* a leaf has nothing below it */
		if (rc == 1)
			each(arg, &l);
		return rc == 1 ? 0 : -1;
	}
	buf_put(&below, path);
	buf_put_char(&below, '/');
	v.prefix = buf_slice(&below);
	rc = lower_bound(c, v.prefix, &id, e);
	if (rc == 0)
		rc = visit_from(c, id, &v, e);
	buf_clear(&below);
	return rc;
}
