/*
 * A leaf's values as they were collected: the texts of the DATA messages in
 * archive and inbox, of streams that were replaced as well, found by the token
 * that the CONFIG of each one's generation gives to the leaf's path.  Where that
 * comes after them, because the archive had lost it, they are read once more.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/spool/reader.h"
#include "hub/commands/leaf.h"
#include "hub/ingest/archived.h"
#include "xmlconfig/translate.h"

/* The leaf's token in the generation that was read last. */
struct naming {
	uint64_t generation;
	char token[LIMIT_TOKEN + 1]; /* "": the leaf is not in it */
};

/* DATA of one generation that lies before its CONFIG. */
struct early {
	struct naming naming;
	uint64_t first, last; /* MsgIDs; 0: there is none */
};

struct raw {
	const struct leaf *leaf;
	uint64_t from_s, to_s;
	size_t stream; /* that is read: the replaced ones, then the current */
	struct naming naming;
	/* The set of CONFIG parts that is being read; part 0: none. */
	struct naming coming;
	uint64_t part_msgid;
	uint32_t part;
	struct early waiting; /* generations only grow: one at a time */
	struct early *named;  /* those whose CONFIG was read */
	size_t n_named;
	struct raw_values *out;
};

/* Is this the leaf, once its path is the hub's? */
static bool
is_leaf(const struct raw *r, struct slice path)
{
	struct buf hub = { .limit = 0 };
	struct err ignored; /* a path that cannot be is no leaf */
	bool same =
	    translate_path(r->leaf->association, path, &hub, &ignored) == 0 &&
	    slice_eq_str(buf_slice(&hub), r->leaf->path);

	buf_clear(&hub);
	return same;
}

/* Its CONFIG is here, if that is the one that was read. */
static void
name_early(struct raw *r)
{
	if (r->waiting.first == 0 ||
	    r->waiting.naming.generation != r->naming.generation)
		return;
	r->waiting.naming = r->naming;
	r->named = mem_resize(r->named, r->n_named + 1, sizeof(*r->named));
	r->named[r->n_named++] = r->waiting;
	r->waiting = (struct early){ .first = 0 };
}

/* A set that lacks a part names nothing, as ingest has it: the whole of it comes
 * again. */
static void
read_config(struct raw *r, const struct message *m)
{
	struct slice body = m->body, name, value, token = { NULL, 0 };
	bool end;

	if (m->part == 1) {
		r->coming = (struct naming){ .generation = m->generation };
	} else if (r->part == 0 || m->part != r->part + 1 ||
	    m->msgid != r->part_msgid + 1 ||
	    m->generation != r->coming.generation) {
		r->part = 0;
		return;
	}
	r->part = m->part;
	r->part_msgid = m->msgid;
	while (message_next_param(&body, &name, &value, &end)) {
		if (end)
			continue;
		if (slice_eq_str(name, "level2-token"))
			token = value;
		else if (slice_eq_str(name, "level2-path") && token.n > 0 &&
		    token.n <= LIMIT_TOKEN && is_leaf(r, value))
			memcpy(r->coming.token, token.p, token.n);
	}
	if (m->part != m->parts)
		return;
	r->part = 0;
	r->naming = r->coming;
	name_early(r);
}

static void
note(const struct raw *r, const struct message *m, struct slice text)
{
	struct raw_values *out = r->out;
	struct raw_value *v;

	if (text.n >= sizeof(v->text))
		return; /* no value is that long: names.h */
	if (out->n == out->cap) {
		out->cap = out->cap == 0 ? 256 : out->cap * 2;
		out->value =
		    mem_resize(out->value, out->cap, sizeof(*out->value));
	}
	v = &out->value[out->n++];
	v->time_s = m->timestamp;
	v->stream = r->stream;
	v->msgid = m->msgid;
	memcpy(v->text, text.p, text.n);
	v->text[text.n] = '\0';
}

static void
note_early(struct raw *r, const struct message *m)
{
	if (r->waiting.first == 0 ||
	    r->waiting.naming.generation != m->generation)
		r->waiting = (struct early){ { .generation = m->generation },
			m->msgid, 0 };
	r->waiting.last = m->msgid;
}

static void
read_data(struct raw *r, const struct message *m)
{
	struct slice body = m->body, token, value;

	if (m->timestamp < r->from_s || m->timestamp > r->to_s)
		return;
	if (m->generation != r->naming.generation) {
		note_early(r, m);
		return;
	}
	if (r->naming.token[0] == '\0')
		return;
	while (message_next_value(&body, &token, &value))
		if (slice_eq_str(token, r->naming.token)) {
			note(r, m, value);
			return;
		}
}

static int
open_reader(int dir, const struct stream_id *old, uint64_t from,
    struct spool_reader **out, struct err *e)
{
	const unsigned dirs = SPOOL_INBOX | SPOOL_ARCHIVE;

	return old == NULL
	    ? spool_reader_open(dir, dirs, from, out, e)
	    : spool_reader_open_old(dir, dirs, *old, from, out, e);
}

/* One stream, from where the time asked for may begin. */
static int
read_stream(struct raw *r, int dir, const struct stream_id *old, struct err *e)
{
	struct spool_reader *reader = NULL;
	struct message m;
	uint64_t start;
	int rc = -1;

	r->naming = (struct naming){ 0 };
	r->part = 0;
	r->waiting = (struct early){ .first = 0 };
	if (archived_start(dir, old, r->from_s, &start, e) == -1 ||
	    open_reader(dir, old, start, &reader, e) == -1)
		goto out;
	for (;;) {
		enum spool_read got = spool_reader_next(reader, &m, e);

		if (got == SPOOL_READ_FAILED)
			goto out;
		if (got == SPOOL_READ_END)
			break;
		if (got == SPOOL_READ_BAD)
			log_warn("archive is damaged association=%s: %s",
			    r->leaf->association->name, e->msg);
		if (got != SPOOL_READ_MESSAGE)
			continue;
		if (m.type == MESSAGE_CONFIG)
			read_config(r, &m);
		else if (m.type == MESSAGE_DATA)
			read_data(r, &m);
	}
	rc = 0;
out:
	spool_reader_close(reader);
	return rc;
}

/* What is damaged was told when it was read the first time. */
static int
read_early(struct raw *r, int dir, const struct stream_id *old,
    const struct early *x, struct err *e)
{
	struct spool_reader *reader = NULL;
	enum spool_read got = SPOOL_READ_END;
	struct message m = { .msgid = 0 };

	r->naming = x->naming;
	if (open_reader(dir, old, x->first, &reader, e) == -1)
		return -1;
	while (m.msgid < x->last) {
		got = spool_reader_next(reader, &m, e);
		if (got == SPOOL_READ_FAILED || got == SPOOL_READ_END)
			break;
		if (got == SPOOL_READ_MESSAGE && m.type == MESSAGE_DATA &&
		    m.generation == x->naming.generation)
			read_data(r, &m);
	}
	spool_reader_close(reader);
	return got == SPOOL_READ_FAILED ? -1 : 0;
}

static int
read_all(struct raw *r, int dir, const struct stream_id *old, struct err *e)
{
	int rc;

	r->n_named = 0;
	rc = read_stream(r, dir, old, e);
	for (size_t i = 0; rc == 0 && i < r->n_named; i++)
		if (r->named[i].naming.token[0] != '\0')
			rc = read_early(r, dir, old, &r->named[i], e);
	return rc;
}

static int
by_place(const struct raw_value *x, const struct raw_value *y)
{
	if (x->stream != y->stream)
		return x->stream > y->stream ? 1 : -1;
	return (x->msgid > y->msgid) - (x->msgid < y->msgid);
}

static int
by_text(const void *a, const void *b)
{
	const struct raw_value *x = a, *y = b;
	int texts;

	if (x->time_s != y->time_s)
		return x->time_s > y->time_s ? 1 : -1;
	texts = strcmp(x->text, y->text);
	return texts != 0 ? texts : by_place(x, y);
}

static int
by_time(const void *a, const void *b)
{
	const struct raw_value *x = a, *y = b;

	if (x->time_s != y->time_s)
		return x->time_s > y->time_s ? 1 : -1;
	return by_place(x, y);
}

/* A new stream begins with what the spoke still had of the old one. */
static void
drop_repeated(struct raw_values *v)
{
	size_t kept = 0;

	qsort(v->value, v->n, sizeof(*v->value), by_text);
	for (size_t i = 0; i < v->n; i++) {
		const struct raw_value *last =
		    kept > 0 ? &v->value[kept - 1] : NULL;

		if (last != NULL && last->stream != v->value[i].stream &&
		    last->time_s == v->value[i].time_s &&
		    strcmp(last->text, v->value[i].text) == 0)
			continue;
		v->value[kept++] = v->value[i];
	}
	v->n = kept;
}

int
raw_read(const struct leaf *l, int64_t from_s, int64_t to_s,
    struct raw_values *out, struct err *e)
{
	struct raw r = { .leaf = l,
		.from_s = (uint64_t)from_s,
		.to_s = (uint64_t)to_s,
		.out = out };
	struct stream_id *old = NULL;
	size_t n_old = 0;
	int dir = node_open_association(&l->node, l->association, e);
	int rc = dir == -1 ? -1 : archived_streams(dir, &old, &n_old, e);

	for (; rc == 0 && r.stream < n_old; r.stream++)
		rc = read_all(&r, dir, &old[r.stream], e);
	if (rc == 0)
		rc = read_all(&r, dir, NULL, e);
	if (rc == 0 && out->n > 1) {
		if (n_old > 0)
			drop_repeated(out);
		qsort(out->value, out->n, sizeof(*out->value), by_time);
	}
	free(r.named);
	free(old);
	if (dir != -1)
		close(dir);
	return rc;
}

void
raw_clear(struct raw_values *r)
{
	free(r->value);
	*r = (struct raw_values){ .n = 0 };
}
