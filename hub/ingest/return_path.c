/*
 * The hub's own messages; see return_path.h.
 */
#include "config.h"

#include "hub/ingest/return_path.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "transport/delivery/feeder.h"

int
return_path_open(int association_dir, const struct association *a, int wait_ms,
    struct outbox **out, struct err *e)
{
	struct outbox_opts opts = feeder_outbox_opts(a);

	opts.lock_wait_ms = wait_ms;
	opts.full = SPOOL_FULL_REFUSE;
	return outbox_open(association_dir, &opts, out, e);
}

int
return_path_put(struct outbox *o, enum message_type t, struct slice body,
    struct err *e)
{
	struct message m = {
		.type = t,
		.timestamp = (uint64_t)wall_s(clock_wall()),
		.body = body,
	};
	struct err late = { 0 };

	if (outbox_put(o, &m, e) == -1 || outbox_commit(o, e) == -1)
		return -1;
	/* it is durable: to say that it failed would have it said again */
	if (outbox_seal(o, &late) == -1)
		log_warn("message=%llu waits for the next session: %s",
		    (unsigned long long)m.msgid, late.msg);
	return 0;
}
