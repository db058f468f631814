/*
 * Transport dir; see dir.h.  Nothing is moved: what comes is taken from where it
 * lies, and what goes is put where the other end looks.
 */
#include "config.h"

#include "transport/carried/carry.h"
#include "transport/carried/dir.h"
#include "transport/delivery/outbound.h"

enum {
	WAIT_MS = 10000, /* for a collector that looks, too */
};

static int
exchange(const struct outbound_opts *o, uint64_t keep,
    struct delivery_result *r, uint64_t *wire_bytes, struct err *e)
{
	const struct carry_opts c = { .config = o->config,
		.node = o->node,
		.association = o->association,
		.wait_ms = WAIT_MS,
		.drops = keep != UINT64_MAX,
		.keep = keep };
	int rc = carry_run(&c, r, e);

	*wire_bytes = r->counts.in_bytes + r->counts.out_bytes;
	return rc;
}

const struct transport_ops transport_dir = {
	.name = "dir",
	.exchange = exchange,
};
