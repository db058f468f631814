/*
 * One session over one channel; see delivery.h.  It runs in a child
 * (delivery_wait.c) that is confined to the association's directory before it
 * reads the first byte from outside; here are what it opens, and how a session
 * begins and ends.  The loop is delivery_loop.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/sandbox.h"
#include "common/base/watch.h"
#include "transport/delivery/bare.h"
#include "transport/delivery/delivery_impl.h"
#include "transport/delivery/session_lock.h"

enum {
	FIRST_MS = 30000, /* for the first byte of who may be bare */
	BUDGET_PARTS = 20,
	FLIGHT_LEAST = 64 << 10,
	FLIGHT_MOST = 64 << 20,
};

/* --- Beginning and end --------------------------------------------------- */

/* A session that is kept open ends with the budget, but what is on its way then goes,
 * and costs: that is to be a small part of it. */
static size_t
flight_bytes(const struct delivery_opts *o)
{
	uint64_t part = o->association->budget / BUDGET_PARTS;

	if (!o->opener || !delivery_is_kept(o) || part == 0 ||
	    part > FLIGHT_MOST)
		return FLIGHT_MOST;
	return part > FLIGHT_LEAST ? (size_t)part : FLIGHT_LEAST;
}

static struct session_opts
session_opts_of(const struct delivery *d)
{
	const struct association *a = d->o->association;
	const struct codec_ops *codec = codec_find(slice_str(a->compression));
	int level = a->level;

	if (codec == NULL) {
		codec = codec_find(SLICE("gzip"));
		level = -1;
		log_warn("this build lacks compression %s: sending %s "
			 "association=%s",
		    a->compression, codec->name, a->name);
	}
	return (struct session_opts){
		.association = a->name,
		.role = a->role == CONFIG_HUB ? SESSION_HUB : SESSION_SPOKE,
		.opener = d->o->opener,
		.ahead = d->o->ahead,
		.codec = codec,
		.level = level == -1 ? codec->level_default : level,
		.out = d->feeder.last,
		.out_acked = d->feeder.acked,
		.in = inbox_durable(d->in),
		.flight_bytes = flight_bytes(d->o),
		.keep = delivery_is_kept(d->o),
		.rate = a->rate,
	};
}

static int
check_direction(const struct delivery *d, struct err *e)
{
	const struct association *a = d->o->association;

	if (config_dials(a) == d->o->opener)
		return 0;
	d->r->counts.cut = !d->o->opener;
	return err_set(e, ERR_CONFIG,
	    "association %s is of mode %s: its %s opens the connection",
	    a->name, config_mode_name(a->mode),
	    a->mode == CONFIG_PUSH ? "spoke" : "hub");
}

int
delivery_open_inbox(const struct node *n, int association_dir,
    const struct association *a, struct inbox **out, struct err *e)
{
	const struct cursor_place place = {
		.state_dir = n->state_dir,
		.association_dir = association_dir,
		.association = a->name,
	};
	const struct inbox_opts io = { .size_max = a->spool_size,
		.place = &place };

	return inbox_open(association_dir, &io, out, e);
}

/* A writer closes its segment and then lets go of the lock; before that there is
 * nothing to see. */
int
delivery_watch(struct delivery *d, struct err *e)
{
	char path[64 + sizeof("/outbox")];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/outbox",
	    d->association_dir);
	if (d->watch_fd != -1 &&
	    inotify_add_watch(d->watch_fd, path,
		IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVE_SELF) == -1)
		return err_sys(e, "watch the outbox");
	return 0;
}

bool
delivery_is_kept(const struct delivery_opts *o)
{
	return o->association->keep && !o->once;
}

/* An account has a number of inotify instances, of which a node with many kept
 * sessions may find none. */
static int
open_watch(struct delivery *d, struct err *e)
{
	struct err why = { 0 };

	d->kept = delivery_is_kept(d->o);
	if (!d->kept)
		return 0;
	d->watch_fd = watch_instance(&why);
	if (d->watch_fd == -1)
		log_info(
		    "looks each second for what is written association=%s: "
		    "%s",
		    d->o->association->name, why.msg);
	return delivery_watch(d, e);
}

/* The association's lock first: its own older session, which may have the last
 * slot, ends before one is looked for.  The sessions that we open are as many
 * as we like; those that others open have a limit. */
static int
open_locks(struct delivery *d, struct err *e)
{
	d->lock_fd = session_lock(d->association_dir, !d->o->opener, e);
	if (d->lock_fd == -1 || d->o->opener)
		return d->lock_fd == -1 ? -1 : 0;
	d->slot_fd =
	    session_slot(d->node.run_dir, d->o->config->node.sessions, e);
	return d->slot_fd == -1 ? -1 : 0;
}

static int
open_all(struct delivery *d, struct err *e)
{
	const struct association *a = d->o->association;

	if (check_direction(d, e) == -1 ||
	    node_open(d->o->config, &d->node, e) == -1)
		return -1;
	d->association_dir = node_open_association(&d->node, a, e);
	if (d->association_dir == -1)
		return -1;
	if (open_locks(d, e) == -1 ||
	    delivery_open_inbox(&d->node, d->association_dir, a, &d->in, e) ==
		-1 ||
	    open_watch(d, e) == -1 ||
	    feeder_open(&d->feeder, d->association_dir, a, e) == -1)
		return -1;
	return 0;
}

/* Who speaks bare can be told nothing: asked to end, we just do. */
static void
let_signals_in(sigset_t *before)
{
	sigset_t in;

	sigemptyset(&in);
	sigaddset(&in, SIGTERM);
	sigaddset(&in, DELIVERY_LEAVE);
	sigprocmask(SIG_UNBLOCK, &in, before);
}

/* Where bare messages are allowed, who was called waits for the first bytes. */
static int
hear_first(struct delivery *d, struct err *e)
{
	struct pollfd p = { d->o->channel->read_fd, POLLIN, 0 };
	char *room = buf_room(&d->input, DELIVERY_READ);
	sigset_t before;
	ssize_t n;
	int rc;

	let_signals_in(&before);
	rc = poll(&p, 1, FIRST_MS);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (rc <= 0)
		return err_set(e, ERR_TEMP, "the far end was silent");
	n = read(p.fd, room, DELIVERY_READ);
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
	sigset_t before;
	int rc;

	let_signals_in(&before);
	rc = bare_receive(&bo, d->r, e);
	sigprocmask(SIG_SETMASK, &before, NULL);
	d->r->counts.cut = rc == -1 && e->kind == ERR_INPUT;
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
	d->r->damaged += d->feeder.damaged;
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
	rc = delivery_loop(d, e);
	if (finish(d, &late) == -1 && rc == 0) {
		*e = late;
		rc = -1;
	}
	return rc;
}

static int
confine(const struct delivery *d, struct err *e)
{
	const struct sandbox_dir dir = { d->association_dir, true };
	const struct sandbox_opts so = { .dir = &dir, .n_dir = 1 };
	struct sandbox_state got;

	return sandbox_enter(&so, &got, e);
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
	if (d->slot_fd != -1)
		close(d->slot_fd);
	if (d->association_dir != -1)
		close(d->association_dir);
	node_close(&d->node);
}

int
delivery_run_here(const struct delivery_opts *o, int wake_fd,
    struct delivery_sofar *sofar, struct delivery_result *r, struct err *e)
{
	struct delivery d = { .o = o,
		.r = r,
		.sofar = sofar,
		.node = { -1, -1, -1 },
		.association_dir = -1,
		.lock_fd = -1,
		.slot_fd = -1,
		.watch_fd = -1,
		.wake_fd = wake_fd };
	int rc = -1;

	if (open_all(&d, e) == -1 || confine(&d, e) == -1) {
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

uint64_t
delivery_refused(const struct delivery_result *r)
{
	const struct session_counts *c = &r->counts;

	return c->cut + c->refused + c->strange_acks + r->poisonous +
	    r->refused_files + r->staging_full;
}

enum delivery_fork
delivery_fork(const struct association *a, const struct err *e)
{
	bool ours = e->sys == EREMCHG, theirs = e->sys == ENOTUNIQ;

	if (e->kind == ERR_INPUT && e->sys == EEXIST)
		return DELIVERY_FORK_BARE;
	if (e->kind != ERR_INPUT || (!ours && !theirs))
		return DELIVERY_NO_FORK;
	return ours == (a->role == CONFIG_SPOKE) ? DELIVERY_FORK_TO_HUB
						 : DELIVERY_FORK_TO_SPOKE;
}

/* What the far end said of our stream. */
static const char *
why_renewed(enum start_verdict v)
{
	switch (v) {
	case START_ON:
		break;
	case START_UNKNOWN:
		return "knew no stream of ours";
	case START_COPY:
		return "has other messages of our stream than this spool, as "
		       "when an old copy was brought back";
	case START_GONE:
		return "lacks messages of our stream that are not held any "
		       "more";
	}
	return "knew our stream";
}

uint64_t
delivery_lost(const struct association *a, const struct delivery_result *r)
{
	return a->role == CONFIG_HUB ? r->lost : r->dropped + r->damaged;
}

void
delivery_log(const struct association *a, const struct delivery_result *r)
{
	const char *peer = a->role == CONFIG_HUB ? "spoke" : "hub";

	if (r->renewed != START_ON)
		log_warn("the %s %s: a new one began with all that is held "
			 "association=%s",
		    peer, why_renewed(r->renewed), a->name);
	if (r->replaced)
		log_warn("the %s began a new stream association=%s", peer,
		    a->name);
	if (r->lost > 0)
		log_warn("the %s lost messages association=%s count=%" PRIu64,
		    peer, a->name, r->lost);
	if (r->counts.strange_acks > r->unbelieved_acks) /* those are told */
		log_warn("acknowledgements that fit nothing were ignored "
			 "association=%s count=%" PRIu64,
		    a->name, r->counts.strange_acks);
	if (r->ignored > 0)
		log_info(
		    "files that are not ours lie where others bring theirs "
		    "association=%s count=%" PRIu64,
		    a->name, r->ignored);
	if (r->unsigned_files > 0)
		log_warn(
		    "files that wait for their signature, or signatures for "
		    "their file association=%s count=%" PRIu64,
		    a->name, r->unsigned_files);
	if (r->staging_full > 0)
		log_warn("rsync was ended, since it brought more than there is "
			 "room for association=%s count=%" PRIu64,
		    a->name, r->staging_full);
	if (r->quarantined > 0)
		log_err("refused messages kept in quarantine association=%s "
			"count=%" PRIu64,
		    a->name, r->quarantined);
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
