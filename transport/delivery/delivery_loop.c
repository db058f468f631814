/*
 * The loop of a delivery, and the spools' answers to what its session asks for.
 * Decides nothing by itself.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/spool/recall.h"
#include "transport/delivery/delivery_impl.h"
#include "transport/delivery/take.h"

enum {
	FLUSH_MS = 1000,     /* acknowledgements go to the spool so often */
	SEAL_MS = 1000,      /* what came in a kept session is sealed after */
	UNWATCHED_MS = 1000, /* between looks, where there is no inotify */
	/* While more waits to be read, so much is made durable at once. */
	COMMIT_MS = 100,
	COMMIT_BYTES = 4 << 20,
	COMMIT_MESSAGES = 250, /* of a sender's batch: it may wait for these */
	POLL_MAX_MS = 60000,
	OPENING_MS = 1000, /* between looks whether the channel is open */
};

static volatile sig_atomic_t asked_to_end, asked_to_leave;

static void
on_asked(int sig)
{
	if (sig == SIGTERM)
		asked_to_end = 1;
	else
		asked_to_leave = 1;
}

/* Answers to the session */

/* Make what was taken durable, so that it is acknowledged.  False: that failed, and
 * the session is aborted. */
static bool
commit_taken(struct delivery *d)
{
	struct spool_point taken = d->taken;
	struct err e = { 0 };

	d->taken = (struct spool_point){ 0 };
	d->taken_bytes = 0;
	d->taken_n = 0;
	if (taken.msgid == 0)
		return true;
	if (inbox_commit(d->in, &e) == -1) {
		session_abort(d->session, &e);
		return false;
	}
	session_durable(d->session, &taken);
	d->r->durable = taken;
	return true;
}

static void
note_taken(struct delivery *d, const struct delivery_batch *b)
{
	if (d->taken.msgid == 0)
		d->taken_at = d->now;
	session_took(d->session, &b->taken);
	d->taken = b->taken;
	d->taken_bytes += b->bytes.n;
	d->taken_n += b->last - b->first + 1;
	d->took_at = d->now;
	d->unsealed = true;
	if (b->durable.msgid != 0 || d->taken_bytes >= COMMIT_BYTES ||
	    d->taken_n >= COMMIT_MESSAGES)
		(void)commit_taken(d); /* it aborts the session itself */
}

static void
on_take(struct delivery *d, const struct session_action *a)
{
	struct delivery_batch b = { .bytes = a->bytes,
		.stream = a->at.stream,
		.first = a->first,
		.last = a->last,
		.digest = a->at.digest,
		.waits = true,
		.config_first = d->o->association->role == CONFIG_HUB };
	struct err e = { 0 };
	int rc = delivery_take(d->in, &b, d->r, &e);

	if (b.undone)
		d->taken = (struct spool_point){ 0 };
	else if (b.taken.msgid != 0)
		note_taken(d, &b);
	if (rc == -1) {
		session_abort(d->session, &e);
	} else if (b.refused != 0) {
		(void)commit_taken(d); /* it aborts the session itself */
		session_refused(d->session, b.refused, b.why.msg);
	}
}

static void
on_record(struct delivery *d, const struct session_action *a)
{
	struct err e = { 0 };
	struct stream_id old = inbox_durable(d->in).stream;

	if (!commit_taken(d))
		return;
	if (!stream_eq(old, a->at.stream)) {
		if (inbox_begin_stream(d->in, a->at.stream, &e) == -1) {
			session_abort(d->session, &e);
			return;
		}
		d->r->replaced = !stream_is_zero(old);
	}
	if (inbox_pass(d->in, a->first, a->last, &d->r->lost, &e) == -1) {
		session_abort(d->session, &e);
		return;
	}
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
	else if (errno != EINTR) {
		d->write_full = d->write_closed = true;
		d->write_errno = errno;
	}
}

/* What cannot be had is no failure: the next batch stands alone then. */
static void
on_seed(struct delivery *d, const struct session_action *a)
{
	bool in = a->kind == SESSION_SEED_IN;
	unsigned dirs =
	    in ? SPOOL_INBOX | SPOOL_ARCHIVE : SPOOL_OUTBOX | SPOOL_SENT;
	struct buf seed = { 0 };
	struct slice found;
	struct err e = { 0 };
	int rc = in && commit_taken(d) ? inbox_seal(d->in, &e) : 0;

	if (rc == 0)
		rc = spool_recall(d->association_dir, dirs, &a->at, a->seed,
		    &seed, &e);
	if (rc == -1)
		log_warn("%s association=%s", e.msg, d->o->association->name);
	found = buf_slice(&seed);
	session_seed(d->session, rc == 1 ? &found : NULL);
	buf_clear(&seed);
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
	case SESSION_AHEAD:
		break;
	case SESSION_SEND:
		on_send(d, a->bytes);
		break;
	case SESSION_START:
		check(d, feeder_start(&d->feeder, &a->at, &own), &own);
		break;
	case SESSION_RENEW:
		check(d, feeder_renew(&d->feeder, d->session, a->why, &own),
		    &own);
		break;
	case SESSION_SEED_OUT:
	case SESSION_SEED_IN:
		on_seed(d, a);
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
	    a.kind != SESSION_AHEAD &&
	    !(a.kind == SESSION_SEND && d->write_full));
	d->coding_ahead = a.kind == SESSION_AHEAD;
	return e->kind == ERR_NONE ? 0 : -1;
}

/* Events */

/* What the rate lets us read; all, where else nobody could go on. */
static size_t
read_most(const struct delivery *d)
{
	size_t most = session_read_most(d->session);

	return most > DELIVERY_READ || d->write_full ? DELIVERY_READ : most;
}

static void
on_readable(struct delivery *d)
{
	char *room = buf_room(&d->input, DELIVERY_READ); /* stays empty */
	ssize_t n = read(d->o->channel->read_fd, room, read_most(d));

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

	while (
	    d->watch_fd != -1 && read(d->watch_fd, events, sizeof(events)) > 0)
		continue;
	d->looked_at = d->now;
	check(d, delivery_watch(d, &e), &e);
	check(d, feeder_look(&d->feeder, &e), &e);
}

/* Without inotify, somebody may have: in so many ms; never where there is. */
static int64_t
unwatched_ms(const struct delivery *d)
{
	return d->kept && d->watch_fd == -1
	    ? UNWATCHED_MS - mono_ms_since(d->now, d->looked_at)
	    : INT64_MAX;
}

static bool
is_opening(const struct delivery *d)
{
	return d->o->channel->shared != NULL && d->o->channel->shared->opening;
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

	if (d->coding_ahead || d->taken.msgid != 0)
		return 0;
	if (is_opening(d))
		ms = sooner(ms, OPENING_MS);
	if (d->o->deadline.ns != 0)
		ms = sooner(ms, mono_ms_since(d->o->deadline, d->now) + 1);
	if (d->unsealed && d->kept)
		ms =
		    sooner(ms, SEAL_MS - mono_ms_since(d->now, d->took_at) + 1);
	if (d->feeder.ack_waits)
		ms = sooner(ms,
		    FLUSH_MS - mono_ms_since(d->now, d->feeder.ack_since) + 1);
	ms = sooner(ms, unwatched_ms(d));
	return (int)(ms < 0 ? 0 : sooner(ms, POLL_MAX_MS));
}

/* Wait for the channel, the outbox, a signal or the next timer. */
static void
wait_event(struct delivery *d, const sigset_t *open_mask)
{
	struct pollfd fd[] = {
		{ .fd = read_most(d) > 0 ? d->o->channel->read_fd : -1,
		    .events = POLLIN },
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
	if (n == -1)
		return;
	if (fd[0].revents != 0)
		on_readable(d);
	else
		(void)commit_taken(d); /* it aborts the session itself */
	if (fd[2].revents != 0)
		on_written(d);
}

/* The parent looks every few seconds; much may pass in one, and what was told of
 * an outage is over. */
static void
wake_parent(const struct delivery *d)
{
	static const uint64_t one = 1;
	/* one that is full wakes it as well */
	ssize_t ignored =
	    d->wake_fd == -1 ? 0 : write(d->wake_fd, &one, sizeof(one));

	(void)ignored;
}

static void
note_open(struct delivery *d)
{
	d->sofar->open = session_is_open(d->session);
	if (!d->sofar->open || d->r->opened)
		return;
	d->r->opened = true;
	if (d->kept)
		wake_parent(d);
}

static void
note_wire(struct delivery *d, uint64_t wire)
{
	if (d->o->look_bytes == 0 || wire < d->woken_at ||
	    wire - d->woken_at < d->o->look_bytes)
		return;
	d->woken_at = wire;
	wake_parent(d);
}

/* What the parent may know, and what the channel adds on the wire. */
static void
note_sofar(struct delivery *d)
{
	const struct session_counts *c = session_counts(d->session);
	const volatile struct channel_shared *shared = d->o->channel->shared;
	uint64_t ours = c->in_bytes + c->out_bytes, overhead;
	uint64_t wire = shared != NULL ? shared->wire : 0;

	d->sofar->counts = *c;
	d->sofar->acked = d->feeder.acked.msgid;
	d->sofar->taken = c->taken;
	d->sofar->lost = delivery_lost(d->o->association, d->r) +
	    (d->o->association->role == CONFIG_SPOKE ? d->feeder.damaged : 0);
	d->sofar->bytes = ours;
	overhead = wire > ours ? wire - ours : 0;
	if (overhead > d->overhead) {
		session_overhead(d->session, overhead - d->overhead);
		d->overhead = overhead;
	}
	wire = wire > 0 ? wire : ours;
	if (d->o->leave_bytes > 0 && wire >= d->o->leave_bytes &&
	    session_is_open(d->session))
		session_leave(d->session, d->now);
	note_wire(d, wire);
	note_open(d);
}

static void
on_time(struct delivery *d)
{
	struct err e = { 0 };

	if (is_opening(d))
		session_not_open(d->session, d->now);
	if (asked_to_leave)
		session_leave(d->session, d->now);
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
	if (d->taken.msgid != 0 &&
	    mono_ms_since(d->now, d->taken_at) >= COMMIT_MS)
		(void)commit_taken(d); /* it aborts the session itself */
	if (d->feeder.ack_waits &&
	    mono_ms_since(d->now, d->feeder.ack_since) >= FLUSH_MS)
		check(d, feeder_flush(&d->feeder, &e), &e);
	if (unwatched_ms(d) <= 0)
		on_written(d);
	if (d->unsealed && d->kept &&
	    mono_ms_since(d->now, d->took_at) >= SEAL_MS) {
		check(d, inbox_seal(d->in, &e), &e);
		d->unsealed = false;
	}
}

int
delivery_loop(struct delivery *d, struct err *e)
{
	struct sigaction asked = { .sa_handler = on_asked };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old_term, old_leave, old_pipe;
	sigset_t block, before, open_mask;
	int rc;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, DELIVERY_LEAVE);
	sigprocmask(SIG_BLOCK, &block, &before);
	open_mask = before;
	sigdelset(&open_mask, SIGTERM);
	sigdelset(&open_mask, DELIVERY_LEAVE);
	asked_to_end = asked_to_leave = 0;
	sigaction(SIGTERM, &asked, &old_term);
	sigaction(DELIVERY_LEAVE, &asked, &old_leave);
	sigaction(SIGPIPE, &ignore, &old_pipe);

	d->now = clock_mono();
	err_clear(e); /* its kind tells what the session came to */
	for (;;) {
		on_time(d);
		rc = run_session(d, e);
		note_sofar(d);
		if (d->over)
			break;
		wait_event(d, &open_mask);
	}
	if (commit_taken(d)) /* a line that is cut again and again gets on */
		note_sofar(d);
	sigaction(SIGPIPE, &old_pipe, NULL);
	sigaction(DELIVERY_LEAVE, &old_leave, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (rc == 0 && d->write_errno != 0 &&
	    session_counts(d->session)->in_bytes == 0) {
		errno = d->write_errno;
		rc = err_sys(e, "write to the far end");
		if (e->sys != EBADF) {      /* it is no stream at all */
			e->kind = ERR_TEMP; /* a link that was cut */
			e->sys = EPIPE;
		}
	}
	return rc;
}
