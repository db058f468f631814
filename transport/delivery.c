/*
 * One session over one channel: the loop, and the spools' answers to what the
 * session asks for; see delivery.h.  Decides nothing by itself.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/config/node.h"
#include "transport/bare.h"
#include "transport/delivery.h"
#include "transport/feeder.h"
#include "transport/session_lock.h"

enum {
	READ_SIZE = 64 << 10,
	FLUSH_MS = 1000, /* acknowledgements go to the spool so often */
	SEAL_MS = 1000,  /* what came in a kept session is sealed after */
	POLL_MAX_MS = 60000,
	FIRST_MS = 30000,
};

struct delivery {
	const struct delivery_opts *o;
	struct delivery_result *r;
	struct node node;
	int association_dir, lock_fd, watch_fd;
	struct inbox *in;
	struct feeder feeder;
	struct session *session;
	struct buf input;
	struct mono now, took_at;
	bool unsealed;     /* took_at says since when */
	bool write_full;   /* wait until it can be written again */
	bool write_closed; /* the peer reads no more */
	bool over;
};

static volatile sig_atomic_t asked_to_end;

static void
on_term(int sig)
{
	(void)sig;
	asked_to_end = 1;
}

/* Answers to the session */

static void
on_take(struct delivery *d, const struct session_action *a)
{
	struct delivery_batch b = { .bytes = a->bytes,
		.stream = a->at.stream,
		.first = a->first,
		.last = a->last,
		.digest = a->at.digest,
		.config_first = d->o->association->role == CONFIG_HUB };
	struct err e = { 0 };
	int rc = delivery_take(d->in, &b, d->r, &e);

	if (b.durable.msgid != 0) {
		session_taken(d->session, &b.durable);
		d->r->durable = b.durable;
		d->took_at = d->now;
		d->unsealed = true;
	}
	if (rc == -1)
		session_abort(d->session, &e);
	else if (b.refused != 0)
		session_refused(d->session, b.refused, b.why.msg);
}

static void
on_record(struct delivery *d, const struct session_action *a)
{
	struct err e = { 0 };
	struct stream_id old = inbox_durable(d->in).stream;

	if (!stream_eq(old, a->at.stream)) {
		if (inbox_begin_stream(d->in, a->at.stream, &e) == -1) {
			session_abort(d->session, &e);
			return;
		}
		d->r->replaced = !stream_is_zero(old);
	}
	if (inbox_lost(d->in, a->first, a->last, LEDGER_LOST, &e) == -1) {
		session_abort(d->session, &e);
		return;
	}
	d->r->lost += a->last - a->first + 1;
	d->r->durable = a->at;
	session_recorded(d->session, &a->at);
}

static void
on_send(struct delivery *d, struct slice bytes)
{
	ssize_t n;

	if (d->write_closed) {
		d->write_full = true; /* what the peer said may tell why */
		return;
	}
	n = write(d->o->channel->write_fd, bytes.p, bytes.n);
	if (n >= 0)
		session_sent(d->session, (size_t)n, d->now);
	else if (errno == EAGAIN)
		d->write_full = true;
	else if (errno != EINTR)
		d->write_full = d->write_closed = true;
}

/* Failures of our own spool end the session; the peer is told. */
static void
check(struct delivery *d, int rc, const struct err *e)
{
	if (rc == -1)
		session_abort(d->session, e);
}

static void
act(struct delivery *d, const struct session_action *a, struct err *e)
{
	struct err own = { 0 };

	switch (a->kind) {
	case SESSION_NOTHING:
		break;
	case SESSION_SEND:
		on_send(d, a->bytes);
		break;
	case SESSION_START:
		check(d, feeder_start(&d->feeder, &a->at, &own), &own);
		break;
	case SESSION_RENEW:
		check(d, feeder_renew(&d->feeder, d->session, &own), &own);
		break;
	case SESSION_TAKE:
		on_take(d, a);
		break;
	case SESSION_RECORD:
		on_record(d, a);
		break;
	case SESSION_ACKED:
		feeder_acked(&d->feeder, &a->at, d->now);
		break;
	case SESSION_SEEK:
		feeder_seek(&d->feeder, a->first);
		break;
	case SESSION_WARN:
		log_warn("%s association=%s", a->text, d->o->association->name);
		break;
	case SESSION_END:
		d->over = true;
		break;
	case SESSION_FAILED:
		d->over = true;
		*e = a->err;
		break;
	}
}

/* All that can be done before the next event. */
static int
run_session(struct delivery *d, struct err *e)
{
	struct session_action a;
	struct err own = { 0 };

	d->write_full = false;
	do {
		check(d, feeder_feed(&d->feeder, d->session, &own), &own);
		session_next(d->session, d->now, &a);
		act(d, &a, e);
	} while (!d->over && a.kind != SESSION_NOTHING &&
	    !(a.kind == SESSION_SEND && d->write_full));
	return e->kind == ERR_NONE ? 0 : -1;
}

/* Events */

static void
on_readable(struct delivery *d)
{
	char *room = buf_room(&d->input, READ_SIZE); /* stays empty */
	ssize_t n = read(d->o->channel->read_fd, room, READ_SIZE);

	if (n > 0)
		session_input(d->session, (struct slice){ room, (size_t)n },
		    d->now);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		session_input_end(d->session, d->now);
}

/* Somebody wrote to the outbox.  Our own looking at it wakes us once more, and
 * finds nothing then. */
static void
on_written(struct delivery *d)
{
	char events[4096];
	struct err e = { 0 };

	while (read(d->watch_fd, events, sizeof(events)) > 0)
		continue;
	check(d, feeder_look(&d->feeder, &e), &e);
}

static int64_t
sooner(int64_t ms, int64_t other)
{
	return other < ms ? other : ms;
}

static int
wait_ms(const struct delivery *d)
{
	int64_t ms = mono_ms_since(session_wake(d->session), d->now) + 1;

	if (d->o->deadline.ns != 0)
		ms = sooner(ms, mono_ms_since(d->o->deadline, d->now) + 1);
	if (d->unsealed && d->watch_fd != -1)
		ms =
		    sooner(ms, SEAL_MS - mono_ms_since(d->now, d->took_at) + 1);
	if (d->feeder.ack_waits)
		ms = sooner(ms,
		    FLUSH_MS - mono_ms_since(d->now, d->feeder.ack_since) + 1);
	return (int)(ms < 0 ? 0 : sooner(ms, POLL_MAX_MS));
}

/* Wait for the channel, the outbox, a signal or the next timer. */
static void
wait_event(struct delivery *d, const sigset_t *open_mask)
{
	struct pollfd fd[] = {
		{ .fd = d->o->channel->read_fd, .events = POLLIN },
		{ .fd = d->write_full && !d->write_closed
			? d->o->channel->write_fd
			: -1,
		    .events = POLLOUT },
		{ .fd = d->watch_fd, .events = POLLIN },
	};
	int ms = wait_ms(d);
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	int n = ppoll(fd, sizeof(fd) / sizeof(fd[0]), &t, open_mask);

	d->now = clock_mono();
	if (n <= 0)
		return;
	if (fd[0].revents != 0)
		on_readable(d);
	if (fd[2].revents != 0)
		on_written(d);
}

static void
on_time(struct delivery *d)
{
	struct err e = { 0 };

	if (asked_to_end) {
		err_set(&e, ERR_TEMP,
		    "this session was asked to end, for a newer one or a stop");
		session_abort(d->session, &e);
	}
	if (d->o->deadline.ns != 0 &&
	    mono_ms_since(d->now, d->o->deadline) >= 0) {
		err_set(&e, ERR_TEMP, "the deadline passed");
		session_abort(d->session, &e);
	}
	if (d->feeder.ack_waits &&
	    mono_ms_since(d->now, d->feeder.ack_since) >= FLUSH_MS)
		check(d, feeder_flush(&d->feeder, &e), &e);
	if (d->unsealed && d->watch_fd != -1 &&
	    mono_ms_since(d->now, d->took_at) >= SEAL_MS) {
		check(d, inbox_seal(d->in, &e), &e);
		d->unsealed = false;
	}
}

static int
run_loop(struct delivery *d, struct err *e)
{
	struct sigaction term = { .sa_handler = on_term }, old_term, old_pipe;
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t block, open_mask;
	int rc;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &open_mask);
	sigdelset(&open_mask, SIGTERM);
	asked_to_end = 0;
	sigaction(SIGTERM, &term, &old_term);
	sigaction(SIGPIPE, &ignore, &old_pipe);

	d->now = clock_mono();
	for (;;) {
		on_time(d);
		rc = run_session(d, e);
		if (d->over)
			break;
		wait_event(d, &open_mask);
	}
	sigaction(SIGPIPE, &old_pipe, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	sigprocmask(SIG_SETMASK, &open_mask, NULL);
	return rc;
}

/* Beginning and end */

static struct session_opts
session_opts_of(const struct delivery *d)
{
	const struct association *a = d->o->association;
	const struct codec_ops *codec = codec_find(slice_str(a->compression));
	int level = a->level;

	if (codec == NULL) { /* not in this build */
		codec = codec_find(SLICE("gzip"));
		level = -1;
	}
	return (struct session_opts){
		.association = a->name,
		.role = a->role == CONFIG_HUB ? SESSION_HUB : SESSION_SPOKE,
		.opener = d->o->opener,
		.codec = codec,
		.level = level == -1 ? codec->level_default : level,
		.out = d->feeder.last,
		.out_acked = d->feeder.acked,
		.in = inbox_durable(d->in),
		.keep = a->keep,
		.rate = a->rate,
	};
}

static int
check_direction(const struct delivery_opts *o, struct err *e)
{
	const struct association *a = o->association;

	if (config_dials(a) == o->opener)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "association %s is of mode %s: its %s opens the connection",
	    a->name, config_mode_name(a->mode),
	    a->mode == CONFIG_PUSH ? "spoke" : "hub");
}

static int
open_inbox(struct delivery *d, struct err *e)
{
	const struct association *a = d->o->association;
	struct inbox_opts io = { .size_max = a->spool_size };

	if (cursor_read(d->node.state_dir, a->name, &io.cursor, e) == -1)
		return -1;
	return inbox_open(d->association_dir, &io, &d->in, e);
}

/* Only a kept session waits for what is written meanwhile. */
static int
open_watch(struct delivery *d, struct err *e)
{
	char path[64 + sizeof("/outbox")];

	if (!d->o->association->keep)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/outbox",
	    d->association_dir);
	d->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->watch_fd == -1 ||
	    inotify_add_watch(d->watch_fd, path,
		IN_CREATE | IN_MODIFY | IN_MOVED_TO) == -1)
		return err_sys(e, "watch the outbox");
	return 0;
}

static int
open_all(struct delivery *d, struct err *e)
{
	const struct association *a = d->o->association;

	if (check_direction(d->o, e) == -1 ||
	    node_open(d->o->config, &d->node, e) == -1)
		return -1;
	d->association_dir = node_open_association(&d->node, a, e);
	if (d->association_dir == -1)
		return -1;
	d->lock_fd = session_lock(d->association_dir, !d->o->opener, e);
	if (d->lock_fd == -1 || open_inbox(d, e) == -1 ||
	    open_watch(d, e) == -1 ||
	    feeder_open(&d->feeder, d->association_dir, a, e) == -1)
		return -1;
	return 0;
}

/* Where bare messages are allowed, who was called waits for the first bytes. */
static int
hear_first(struct delivery *d, struct err *e)
{
	struct pollfd p = { d->o->channel->read_fd, POLLIN, 0 };
	char *room = buf_room(&d->input, READ_SIZE);
	ssize_t n;

	if (poll(&p, 1, FIRST_MS) <= 0)
		return err_set(e, ERR_TEMP, "the far end was silent");
	n = read(p.fd, room, READ_SIZE);
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return err_sys(e, "read");
	d->input.n = n > 0 ? (size_t)n : 0;
	return 0;
}

static int
run_bare(struct delivery *d, struct err *e)
{
	struct bare_opts bo = { .association_dir = d->association_dir,
		.channel = d->o->channel,
		.in = d->in,
		.begun = buf_slice(&d->input),
		.deadline = d->o->deadline };
	struct err late = { 0 };
	int rc = bare_receive(&bo, d->r, e);

	if (inbox_seal(d->in, &late) == -1 && rc == 0) {
		*e = late;
		rc = -1;
	}
	return rc;
}

/* Whatever happened: what came is sealed, what was acknowledged is believed. */
static int
finish(struct delivery *d, struct err *e)
{
	struct err flush = { 0 }, seal = { 0 };

	d->r->renewed = d->feeder.renewed;
	d->r->acked = d->feeder.acked;
	d->r->counts = *session_counts(d->session);
	feeder_flush(&d->feeder, &flush);
	inbox_seal(d->in, &seal);
	d->r->counts.strange_acks += d->feeder.strange_acks;
	if (seal.kind != ERR_NONE) {
		*e = seal;
		return err_wrap(e, "seal the inbox");
	}
	if (flush.kind != ERR_NONE) {
		*e = flush;
		return err_wrap(e, "note the acknowledgement");
	}
	return 0;
}

static int
run_proper(struct delivery *d, struct err *e)
{
	struct session_opts so = session_opts_of(d);
	struct err late = { 0 };
	int rc;

	d->session = session_new(&so, clock_mono());
	session_input(d->session, buf_slice(&d->input), clock_mono());
	buf_reset(&d->input);
	rc = run_loop(d, e);
	if (finish(d, &late) == -1 && rc == 0) {
		*e = late;
		rc = -1;
	}
	return rc;
}

static void
close_all(struct delivery *d)
{
	session_free(d->session);
	feeder_close(&d->feeder);
	inbox_close(d->in);
	buf_clear(&d->input);
	if (d->watch_fd != -1)
		close(d->watch_fd);
	if (d->lock_fd != -1)
		close(d->lock_fd);
	if (d->association_dir != -1)
		close(d->association_dir);
	node_close(&d->node);
}

int
delivery_run(const struct delivery_opts *o, struct delivery_result *r,
    struct err *e)
{
	struct delivery d = { .o = o,
		.r = r,
		.node = { -1, -1, -1 },
		.association_dir = -1,
		.lock_fd = -1,
		.watch_fd = -1 };
	int rc = -1;

	*r = (struct delivery_result){ 0 };
	err_clear(e);
	if (open_all(&d, e) == -1) {
		delivery_refuse(o->channel, e);
		goto out;
	}
	r->durable = inbox_durable(d.in);
	if (o->association->bare && !o->opener && hear_first(&d, e) == -1)
		goto out;
	rc = bare_begins(buf_slice(&d.input)) ? run_bare(&d, e)
					      : run_proper(&d, e);
out:
	close_all(&d);
	return rc;
}

void
delivery_refuse(const struct channel *c, const struct err *why)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	struct buf out = { 0 };
	ssize_t ignored;

	session_refusal(&out, why);
	sigaction(SIGPIPE, &ignore, &old);
	ignored = write(c->write_fd, out.p, out.n);
	(void)ignored; /* the peer sees a closed channel then */
	sigaction(SIGPIPE, &old, NULL);
	buf_clear(&out);
}
