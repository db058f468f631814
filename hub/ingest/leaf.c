/*
 * A leaf's parameters; see leaf.h.
 */
#include "config.h"

#include "hub/ingest/leaf.h"

static uint32_t
seconds(const struct tree_leaf *l, struct slice name, uint32_t fallback)
{
	uint64_t v;

	if (!slice_u64(tree_param(l, name, SLICE("")), INT32_MAX, &v) || v == 0)
		return fallback;
	return (uint32_t)v;
}

static const char *
dstype(const struct tree_leaf *l)
{
	static const char *const types[] = { "GAUGE", "COUNTER", "DERIVE",
		"ABSOLUTE", "DCOUNTER", "DDERIVE" };
	struct slice name =
	    tree_param(l, SLICE("rrd-create-dstype"), SLICE("GAUGE"));

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_eq_str(name, types[i]))
			return types[i];
	return types[0];
}

struct store_series
leaf_series(const char *tree, const struct tree_leaf *l)
{
	struct store_series s = {
		.tree = tree,
		.path = l->path,
		.period_s = seconds(l, SLICE("collector-period"), 300),
		.dstype = dstype(l),
		.min = tree_param(l, SLICE("rrd-create-min"), SLICE("U")),
		.max = tree_param(l, SLICE("rrd-create-max"), SLICE("U")),
	};

	/* two and a half periods, rounded up */
	s.heartbeat_s = seconds(l, SLICE("rrd-create-heartbeat"),
	    s.period_s * 2 + s.period_s / 2 + s.period_s % 2);
	return s;
}
