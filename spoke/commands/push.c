/*
 * spoke push: deliver what waits, for every association that we dial.
 *
 * Nothing to send: no connection, unless --always.  Another push of the same
 * association is running: that is enough.  The far end is busy: again until
 * the deadline.  All else that fails is told once and left to the next run.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/spool/peek.h"
#include "spoke/commands/commands.h"
#include "spoke/incoming.h"
#include "spoke/wire.h"
#include "transport/delivery.h"

enum {
	PUSH_BACKOFF_MS = 1000, /* doubled each time */
	PUSH_BACKOFF_MAX_MS = 30000,
	MS_NS = 1000000,
};

struct push {
	struct ground g;
	struct mono deadline;
	bool always;
};

static void
sleep_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * MS_NS };

	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		;
}

/* Up to n, so that many sites do not begin at once. */
static int64_t
random_below(int64_t n)
{
	uint64_t r = 0;

	if (n <= 0 || getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return 0;
	return (int64_t)(r % (uint64_t)n);
}

/* The far end was reached and said "not now": a newer session has it, or
 * another is ending. */
static bool
is_busy(const struct err *e)
{
	return e->kind == ERR_TEMP && e->sys == EAGAIN;
}

static int
deliver_once(struct push *p, const struct association *a,
    struct delivery_result *r, uint64_t *wire_bytes, struct err *e)
{
	const struct transport_ops *t =
	    transport_find(config_transport_name(a->transport));
	struct channel ch;
	const struct delivery_opts o = { .config = p->g.config,
		.association = a,
		.opener = true,
		.deadline = p->deadline,
		.channel = &ch };
	struct err cause = { 0 };
	int rc;

	*wire_bytes = 0;
	if (t == NULL)
		return err_set(e, ERR_CONFIG,
		    "transport %s is not in this program",
		    config_transport_name(a->transport));
	if (t->dial(a, p->deadline, &ch, e) == -1)
		return -1;
	rc = delivery_run(&o, r, e);
	if (channel_close(&ch, wire_bytes, &cause) == -1 && rc == -1 &&
	    e->sys == EPIPE)
		*e = cause; /* why the stream ended early */
	return rc;
}

static void
tell_result(const struct association *a, const struct delivery_result *r,
    uint64_t wire_bytes)
{
	log_info("delivered association=%s messages=%" PRIu64
		 " received=%" PRIu64 " wire_bytes=%" PRIu64,
	    a->name, r->counts.sent, r->counts.taken, wire_bytes);
	if (r->renewed)
		log_warn("the hub knew no stream of ours: a new one began with "
			 "all that is held association=%s",
		    a->name);
	if (r->counts.strange_acks > 0)
		log_warn("acknowledgements that fit nothing were ignored "
			 "association=%s count=%" PRIu64,
		    a->name, r->counts.strange_acks);
	if (r->quarantined > 0)
		log_err("refused messages kept in quarantine association=%s "
			"count=%" PRIu64,
		    a->name, r->quarantined);
}

/* A count that is not kept does not fail the job. */
static void
count(const struct push *p, const struct association *a, uint64_t bytes,
    bool delivered)
{
	const struct wire_session s = { bytes, delivered, clock_wall() };
	struct err e = { 0 };

	if (wire_add(p->g.node.state_dir, a->name, &s, &e) == -1)
		log_warn("bytes not counted: %s", e.msg);
}

/* Sessions until one succeeds, or fails for another reason than a busy hub. */
static int
deliver(struct push *p, const struct association *a, struct err *e)
{
	int64_t backoff_ms = PUSH_BACKOFF_MS;

	for (;;) {
		struct delivery_result r = { 0 };
		uint64_t wire = 0;
		int rc = deliver_once(p, a, &r, &wire, e);

		if (wire < r.counts.in_bytes + r.counts.out_bytes)
			wire = r.counts.in_bytes + r.counts.out_bytes;
		count(p, a, wire, rc == 0);
		tell_result(a, &r, wire);
		if (rc == 0 || !is_busy(e) ||
		    mono_ms_since(p->deadline, clock_mono()) < backoff_ms)
			return rc;
		sleep_ms(backoff_ms / 2 + random_below(backoff_ms / 2));
		if (backoff_ms < PUSH_BACKOFF_MAX_MS)
			backoff_ms *= 2;
		err_clear(e);
	}
}

static int
anything_waits(struct push *p, const struct association *a, bool *waits,
    struct err *e)
{
	struct peek peek;
	int dir = node_open_association(&p->g.node, a, e), rc;

	if (dir == -1)
		return -1;
	rc = peek_outbox(dir, &peek, e);
	*waits = rc == 0 && peek.last > peek.acked;
	close(dir);
	return rc;
}

/* Returns the association's exit status. */
static int
push(struct push *p, const struct association *a)
{
	char *next = mem_printf("spoke -v push %s", a->name);
	struct err e = { 0 };
	bool waits = false;
	int status = 0;

	if (anything_waits(p, a, &waits, &e) == 0 && !waits && !p->always)
		goto out; /* only a delivery tells that an outage is over */
	if (e.kind == ERR_NONE && deliver(p, a, &e) == 0) {
		ground_over(&p->g, a->name, "delivery");
		if (incoming_take(&p->g.node, a, &e) == -1)
			status =
			    ground_trouble(&p->g, a->name, "inbox", next, &e);
		else
			ground_over(&p->g, a->name, "inbox");
	} else if (e.kind == ERR_TEMP && e.sys == EBUSY) {
		log_info("another delivery is running association=%s", a->name);
	} else {
		err_wrap(&e, "association %s", a->name);
		status = ground_trouble(&p->g, a->name, "delivery", next, &e);
	}
out:
	free(next);
	return status;
}

static int
parse_times(struct push *p, const char *deadline, const char *splay,
    struct err *e)
{
	int64_t deadline_s, splay_s = 0;

	if (options_duration(deadline, &deadline_s, e) == -1 ||
	    (splay != NULL && options_duration(splay, &splay_s, e) == -1))
		return -1;
	sleep_ms(random_below(splay_s * 1000));
	p->deadline = mono_add_ms(clock_mono(), deadline_s * 1000);
	return 0;
}

/* Named ones must be ours to dial; of the others those that are. */
static int
push_all(struct push *p, int *status, struct err *e)
{
	const struct association *const *list = ground_list(&p->g, e);

	if (list == NULL)
		return -1;
	for (; *list != NULL; list++) {
		const struct association *a = *list;
		struct err wrong = { 0 };

		if (config_dials(a)) {
			*status = err_worse_exit(*status, push(p, a));
		} else if (p->g.operands > 0) {
			err_set(&wrong, ERR_CONFIG,
			    "%s:%d: %s is mode pull: the hub opens its "
			    "sessions",
			    a->file, a->line, a->name);
			*status =
			    err_worse_exit(*status, command_failed(&wrong));
		}
	}
	return 0;
}

int
command_push(const struct options *opts, int argc, char **argv)
{
	const char *always = NULL, *deadline = "10m", *splay = NULL;
	const struct options_flag flags[] = {
		{ "always", 0, false, &always },
		{ "deadline", 0, true, &deadline },
		{ "splay", 0, true, &splay },
		{ 0 },
	};
	struct push p = { .g = { .options = *opts,
			      .flags = flags,
			      .argc = argc,
			      .argv = argv } };
	struct err e = { 0 };
	int status = 0, rc = -1;

	(void)signal(SIGPIPE, SIG_IGN); /* a channel that closed is an error */
	if (ground_open(&p.g, GROUND_CHANGING, &e) == 0) {
		p.always = always != NULL;
		if (parse_times(&p, deadline, splay, &e) == 0)
			rc = push_all(&p, &status, &e);
	}
	ground_close(&p.g);
	return rc == 0 ? status : command_failed(&e);
}
