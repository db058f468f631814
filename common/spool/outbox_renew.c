/*
 * A new stream from all that is held.  It is built beside the old one in
 * outbox.new/, exchanged with it in one step, and its mark names the stream
 * that it replaces: by that an open tells what a crash left.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/spool/outbox_impl.h"
#include "common/spool/walk.h"

static const char new_dir[] = "outbox.new";

enum {
	RENEW_BATCH = 8 << 20
};

/* Remove all segments and files of a directory, the mark last. */
static int
empty_dir(int dir, struct err *e)
{
	struct names names;

	if (durable_sweep(dir, e) == -1 || durable_list(dir, &names, e) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++) /* "mark" sorts behind digits */
		unlinkat(dir, names.name[i], 0);
	names_free(&names);
	return 0;
}

/* A directory that was removed may come back with the power, when the new stream
 * has segments in sent/ that are acknowledged: those stay. */
static int
empty_sent(struct outbox *o, struct stream_id now, struct err *e)
{
	struct listing sent = { 0 };
	struct buf keep = { 0 };

	if (durable_sweep(o->sent_dir, e) == -1 ||
	    listing_read(&sent, o->sent_dir, 0, e) == -1)
		return -1;
	for (size_t i = 0; i < sent.n; i++) {
		char name[SEGMENT_NAME_SIZE];
		struct message m;
		struct err ignored; /* damaged: it is passed over */

		if (segment_peek_first(o->sent_dir, sent.at[i].name, &m, &keep,
			&ignored) == -1 ||
		    !stream_eq(m.stream, now))
			unlinkat(o->sent_dir,
			    segment_name_text(sent.at[i].name, name), 0);
	}
	listing_clear(&sent);
	buf_clear(&keep);
	return 0;
}

static int
remove_new(struct outbox *o, int dir, struct err *e)
{
	if (empty_dir(dir, e) == -1)
		return -1;
	/* a temporary of a dead writer whose process id lives again may stay */
	if (unlinkat(o->top, new_dir, AT_REMOVEDIR) == -1 && errno != ENOENT &&
	    errno != ENOTEMPTY)
		return err_sys(e, "remove %s", new_dir);
	return 0;
}

static bool
read_mark(int dir, struct mark *m)
{
	struct slots *s = NULL;
	struct err ignored; /* as if there were none */
	bool found =
	    slots_open(dir, "mark", &s, &ignored) == 0 && mark_get(s, m);

	slots_close(s);
	return found;
}

/* What a renewal that did not end left: all of the old stream where the
 * exchange took place, else the new one. */
int
outbox_finish_renew(struct outbox *o, struct err *e)
{
	struct mark ours, other;
	struct err why = { 0 };
	int rc = -1, dir = durable_open_dir(o->top, new_dir, &why);

	if (dir == -1 && why.sys == ENOENT)
		return 0;
	if (dir == -1) {
		*e = why;
		return -1;
	}
	if (read_mark(o->dir, &ours) && read_mark(dir, &other) &&
	    stream_eq(ours.replaces, other.acked.stream)) {
		/* visible is not durable: nothing of the old goes before (W8) */
		if (durable_sync(o->top, e) == -1 ||
		    empty_sent(o, ours.acked.stream, e) == -1)
			goto out;
	}
	rc = remove_new(o, dir, e);
out:
	close(dir);
	return rc == 0 ? 0 : err_wrap(e, "end the renewal");
}

/* The new stream as it grows. */
struct renewal {
	struct outbox *o;
	struct appender app;
	struct stream_id stream;
	struct spool_point last;
	uint64_t old_generation, generation; /* of the last CONFIG; 0: none */
	bool config_first; /* nothing may come before a complete CONFIG */
	bool begun;        /* it was taken */
	bool complete; /* the segment at hand begins with a complete CONFIG */
	struct buf refused; /* what cannot be kept, as it was */
	uint64_t refused_messages;
};

static void
ignore_sealed(void *arg, struct segment_name s, uint64_t bytes)
{
	(void)arg;
	(void)s;
	(void)bytes;
}

/* What is not kept for the stream is kept for a person. */
static int
flush_refused(struct renewal *r, struct err *e)
{
	char stream[STREAM_TEXT_SIZE], base[64];
	int rc;

	if (r->refused.n == 0)
		return 0;
	if (r->o->quarantine.dir == -1 &&
	    quarantine_open(&r->o->quarantine, r->o->top, e) == -1)
		return -1;
	(void)snprintf(base, sizeof(base), "renewed-%s",
	    stream_text(r->o->state.stream, stream));
	rc = quarantine_put(&r->o->quarantine, base, buf_slice(&r->refused),
	    "a new stream began: no complete CONFIG came before these", e);
	buf_reset(&r->refused);
	return rc;
}

static int
refuse(struct renewal *r, const struct message *m, struct err *e)
{
	buf_put(&r->refused, m->raw);
	r->refused_messages++;
	return r->refused.n >= RENEW_BATCH ? flush_refused(r, e) : 0;
}

/* A complete CONFIG begins the stream; DATA needs the one before it. */
static bool
may_keep(struct renewal *r, const struct message *m)
{
	if (!r->config_first)
		return true;
	if (m->type == MESSAGE_CONFIG && r->complete)
		r->begun = true;
	if (!r->begun)
		return false;
	return m->type != MESSAGE_DATA || m->generation == r->old_generation;
}

static int
keep(struct renewal *r, struct message *m, struct err *e)
{
	size_t from = r->app.batch.n;

	if (m->type == MESSAGE_CONFIG && m->generation != r->old_generation) {
		r->old_generation = m->generation;
		r->generation++;
	}
	m->stream = r->stream;
	m->msgid = r->last.msgid + 1;
	m->prev = r->last.digest;
	if (m->generation != 0)
		m->generation = r->generation;
	if (message_write(&r->app.batch, m, e) == -1)
		return -1;
	appender_added(&r->app, from, m->msgid,
	    m->type != MESSAGE_CONFIG ? APPENDER_NEXT
		: m->part == 1        ? APPENDER_FRESH
				      : APPENDER_JOIN);
	r->last.msgid = m->msgid;
	r->last.digest = m->digest;
	if (r->app.batch.n < RENEW_BATCH)
		return 0;
	return appender_commit(&r->app, ignore_sealed, NULL, e);
}

/* Each good message of one segment, in order. */
typedef int each_message(struct renewal *r, struct message *m, struct err *e);

/* From *next to the last of its name: behind that may be what a commit that
 * failed could not cut off. */
static int
each_of_segment(struct renewal *r, int fd, struct segment_name s,
    uint64_t *next, each_message *f, struct err *e)
{
	struct walk *w = walk_new();
	enum walk_found found;
	struct message m;
	int rc = 0;

	walk_begin(w, fd, 0);
	while (rc == 0 && (found = walk_next(w, &m, e)) != WALK_END) {
		if (found == WALK_FAILED)
			rc = -1;
		if (found != WALK_MESSAGE || m.msgid < *next ||
		    m.msgid > s.last ||
		    !stream_eq(m.stream, r->o->state.stream))
			continue;
		*next = m.msgid + 1;
		rc = f(r, &m, e);
	}
	walk_free(w);
	return rc;
}

/* Each good message held, sent/ first.  All is sealed. */
static int
each_held(struct renewal *r, each_message *f, struct err *e)
{
	struct outbox *o = r->o;
	uint64_t next = 1;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < o->sent.n + o->waiting.n; i++) {
		bool sent = i < o->sent.n;
		struct segment_name s = sent
		    ? o->sent.at[i].name
		    : o->waiting.at[i - o->sent.n].name;
		char name[SEGMENT_NAME_SIZE];
		int fd = durable_open_file(sent ? o->sent_dir : o->dir,
		    segment_name_text(s, name), e);

		if (fd == -1)
			return -1;
		r->complete = !r->begun && outbox_begins_with_config(o, i);
		rc = each_of_segment(r, fd, s, &next, f, e);
		close(fd);
	}
	return rc;
}

static int
note_kind(struct renewal *r, struct message *m, struct err *e)
{
	(void)e;
	r->config_first = r->config_first || m->type == MESSAGE_CONFIG ||
	    m->type == MESSAGE_DATA;
	return 0;
}

static int
take_over(struct renewal *r, struct message *m, struct err *e)
{
	return may_keep(r, m) ? keep(r, m, e) : refuse(r, m, e);
}

static int
write_new_mark(const struct renewal *r, int dir, struct err *e)
{
	struct mark m = { .acked = { .stream = r->stream },
		.next = r->last.msgid + 1,
		.generation = r->generation,
		.replaces = r->o->state.stream };
	struct slots *s = NULL;
	int rc = slots_open(dir, "mark", &s, e);

	if (rc == 0)
		rc = mark_put(s, &m, e);
	slots_close(s);
	return rc;
}

/* All of the new stream, durably, in dir. */
static int
build(struct renewal *r, int dir, struct err *e)
{
	appender_init(&r->app, dir);
	r->app.most = r->o->app.most; /* it can be dropped as the old one */
	if (stream_draw(&r->stream, e) == -1)
		return -1;
	r->last.stream = r->stream;
	if (each_held(r, note_kind, e) == -1 ||
	    each_held(r, take_over, e) == -1 || flush_refused(r, e) == -1)
		return -1;
	if (appender_commit(&r->app, ignore_sealed, NULL, e) == -1 ||
	    appender_seal(&r->app, ignore_sealed, NULL, e) == -1)
		return -1;
	return write_new_mark(r, dir, e);
}

/* Load what is named outbox now; the counts of this open go on. */
static int
reload(struct outbox *o, const struct renewal *r, int lock, struct err *e)
{
	struct outbox_state before = o->state;
	int top = o->top, old_lock = o->lock;
	struct outbox_opts opts = o->opts;

	outbox_unload(o);
	*o = (struct outbox){ .top = top,
		.lock = lock,
		.opts = opts,
		.dir = -1,
		.sent_dir = -1,
		.quarantine = { .dir = -1 },
		.app = { .fd = -1 } };
	close(old_lock);
	o->dir = durable_open_dir(top, "outbox", e);
	if (o->dir == -1)
		return -1;
	o->sent_dir = durable_open_dir(top, "sent", e);
	if (o->sent_dir == -1 || outbox_finish_renew(o, e) == -1 ||
	    outbox_load(o, e) == -1)
		return -1;
	o->state.began = true;
	o->state.quarantined = before.quarantined + r->refused_messages;
	o->state.dropped = before.dropped;
	return 0;
}

int
outbox_renew(struct outbox *o, struct err *e)
{
	struct renewal r = { .o = o, .app = { .fd = -1 } };
	int dir = -1, lock = -1, rc = -1;
	struct err ignored; /* the failure before it is told */

	outbox_rollback(o);
	if (outbox_seal(o, e) == -1 || outbox_finish_renew(o, e) == -1)
		return -1;
	dir = durable_make_dir(o->top, new_dir, e);
	if (dir == -1 || (lock = lock_dir(dir, 0, e)) == -1 ||
	    build(&r, dir, e) == -1)
		goto out;
	if (renameat2(o->top, new_dir, o->top, "outbox", RENAME_EXCHANGE) ==
	    -1) {
		err_sys(e, "exchange outbox and %s", new_dir);
		goto out;
	}
	rc = durable_sync(o->top, e);
	if (reload(o, &r, lock, rc == 0 ? e : &ignored) == -1)
		rc = -1;
	lock = -1;
out:
	appender_clear(&r.app);
	buf_clear(&r.refused);
	if (lock != -1)
		close(lock);
	if (dir != -1)
		close(dir);
	return rc == 0 ? 0 : err_wrap(e, "begin a new stream");
}
