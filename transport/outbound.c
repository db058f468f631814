/*
 * Deliveries that this end begins; see outbound.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>
#include <time.h>

#include "common/base/log.h"
#include "common/config/node.h"
#include "transport/outbound.h"
#include "transport/wire.h"

enum {
	BACKOFF_MS = 1000, /* of a busy far end; doubled each time */
	BACKOFF_MAX_MS = 30000,
	MS_NS = 1000000,
};

void
outbound_sleep_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * MS_NS };

	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		continue;
}

int64_t
outbound_spread_ms(int64_t n)
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
deliver_once(const struct outbound_opts *o, struct delivery_result *r,
    uint64_t *wire_bytes, struct err *e)
{
	const struct association *a = o->association;
	const struct transport_ops *t =
	    transport_find(config_transport_name(a->transport));
	struct channel ch;
	const struct delivery_opts d = { .config = o->config,
		.association = a,
		.opener = true,
		.deadline = o->deadline,
		.channel = &ch };
	struct err cause = { 0 };
	int rc;

	*wire_bytes = 0;
	if (t == NULL)
		return err_set(e, ERR_CONFIG,
		    "transport %s is not in this program",
		    config_transport_name(a->transport));
	if (t->exchange != NULL)
		return t->exchange(o, r, wire_bytes, e);
	if (t->dial(a, o->deadline, &ch, e) == -1)
		return -1;
	rc = delivery_run(&d, r, e);
	if (channel_close(&ch, wire_bytes, &cause) == -1 && rc == -1 &&
	    e->sys == EPIPE)
		*e = cause; /* why the stream ended early */
	return rc;
}

static void
tell(const struct association *a, const struct delivery_result *r,
    uint64_t wire_bytes)
{
	log_info("delivered association=%s messages=%" PRIu64
		 " received=%" PRIu64 " wire_bytes=%" PRIu64,
	    a->name, r->counts.sent, r->counts.taken, wire_bytes);
	delivery_log(a, r);
}

/* A count that is not kept does not fail the job. */
static void
count(const struct outbound_opts *o, uint64_t bytes, bool delivered)
{
	const struct wire_session s = { bytes, delivered, clock_wall() };
	struct err e = { 0 };

	if (wire_add(o->node->state_dir, o->association->name, &s, &e) == -1)
		log_warn("bytes not counted: %s", e.msg);
}

int
outbound_deliver(const struct outbound_opts *o, struct delivery_result *r,
    struct err *e)
{
	int64_t backoff_ms = BACKOFF_MS;

	for (;;) {
		uint64_t wire = 0;
		int rc;

		*r = (struct delivery_result){ 0 };
		rc = deliver_once(o, r, &wire, e);
		if (wire < r->counts.in_bytes + r->counts.out_bytes)
			wire = r->counts.in_bytes + r->counts.out_bytes;
		count(o, wire, rc == 0);
		tell(o->association, r, wire);
		if (rc == 0 || !is_busy(e) ||
		    mono_ms_since(o->deadline, clock_mono()) < backoff_ms)
			return rc;
		outbound_sleep_ms(
		    backoff_ms / 2 + outbound_spread_ms(backoff_ms / 2));
		if (backoff_ms < BACKOFF_MAX_MS)
			backoff_ms *= 2;
		err_clear(e);
	}
}
