/*
 * CONFIG into a tree: which parameters a spoke may set (S10) and what their
 * values may be.  A value that Torrus would refuse, or would expand, must not
 * come in: it would cost the other spokes of the hub's tree theirs.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/names.h"
#include "xmlconfig/tree.h"

static bool
one_of(struct slice v, const char *const *words)
{
	while (*words != NULL)
		if (slice_eq_str(v, *words++))
			return true;
	return false;
}

static bool
is_dstype(struct slice v)
{
	static const char *const words[] = { "GAUGE", "COUNTER", "DERIVE",
		"ABSOLUTE", "DCOUNTER", "DDERIVE", NULL };

	return one_of(v, words);
}

static bool
is_answer(struct slice v)
{
	static const char *const words[] = { "yes", "no", NULL };

	return one_of(v, words);
}

static bool
is_base(struct slice v)
{
	static const char *const words[] = { "1000", "1024", NULL };

	return one_of(v, words);
}

static bool
is_seconds(struct slice v)
{
	uint64_t n;

	return slice_u64(v, INT32_MAX, &n);
}

static bool
is_period(struct slice v)
{
	return is_seconds(v) && !slice_eq_str(v, "0");
}

static bool
is_integer(struct slice v)
{
	(void)slice_skip(&v, SLICE("-"));
	return is_seconds(v);
}

static bool
is_limit(struct slice v)
{
	return name_is_value(v);
}

static bool
is_number(struct slice v)
{
	return name_is_value(v) && v.p[0] != 'U';
}

static bool
all_in(struct slice v, const char *letters)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '\0' || strchr(letters, v.p[i]) == NULL)
			return false;
	return true;
}

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* "##name" is a style of the site's own in Torrus, which draws a plain line
 * where it does not know the name. */
static bool
is_style(struct slice v)
{
	return v.n > 2 && v.n <= 64 && slice_skip(&v, SLICE("##")) &&
	    all_in(v, DIGITS LETTERS "_-");
}

static bool
is_line(struct slice v)
{
	static const char *const words[] = { "LINE1", "LINE2", "LINE3", "AREA",
		"STACK", NULL };

	return one_of(v, words) || is_style(v);
}

static bool
is_color(struct slice v)
{
	return is_style(v) ||
	    (v.n == 7 && v.p[0] == '#' &&
		all_in((struct slice){ v.p + 1, 6 }, DIGITS "abcdefABCDEF"));
}

static bool
is_text(struct slice v)
{
	return name_is_text(v);
}

/* Where RRDtool reads it, a backslash begins a command. */
static bool
is_legend(struct slice v)
{
	return name_is_text(v) && memchr(v.p, '\\', v.n) == NULL;
}

enum {
	RANK_MIN = 4, /* of rrd-create-min and -max below */
	RANK_MAX = 5,
};

/* In the order of names_param(). */
static const struct kind {
	const char *name;
	bool (*fits)(struct slice v);
} kinds[] = {
	{ "collector-period", is_period },
	{ "collector-timeoffset", is_seconds },
	{ "rrd-create-dstype", is_dstype },
	{ "rrd-create-heartbeat", is_period },
	{ "rrd-create-min", is_limit },
	{ "rrd-create-max", is_limit },
	{ "vertical-label", is_legend },
	{ "graph-legend", is_legend },
	{ "graph-title", is_legend },
	{ "graph-lower-limit", is_number },
	{ "graph-upper-limit", is_number },
	{ "graph-logarithmic", is_answer },
	{ "rrd-scaling-base", is_base },
	{ "line-style", is_line },
	{ "line-color", is_color },
	{ "comment", is_text },
	{ "legend", is_text },
	{ "node-display-name", is_text },
	{ "descriptive-nickname", is_text },
	{ "precedence", is_integer },
	{ "hidden", is_answer },
};

/* Whether a spoke may set name, whose rank this is, to value. */
static int
check_param(int rank, struct slice name, struct slice value, struct err *e)
{
	int n = (int)(name.n < 64 ? name.n : 64);

	if (rank < 0)
		return err_set(e, ERR_INPUT, "%.*s is not a spoke's to set", n,
		    name.p);
	assert((size_t)rank < sizeof(kinds) / sizeof(kinds[0]));
	if (value.n > LIMIT_CONFIG_VALUE)
		return err_set(e, ERR_INPUT, "%.*s is longer than %d bytes", n,
		    name.p, LIMIT_CONFIG_VALUE);
	if (memchr(value.p, '%', value.n) != NULL ||
	    memchr(value.p, '$', value.n) != NULL)
		return err_set(e, ERR_INPUT, "%.*s has a %% or $", n, name.p);
	if (!kinds[rank].fits(value))
		return err_set(e, ERR_INPUT, "%.*s cannot have this value", n,
		    name.p);
	return 0;
}

/* The number of a limit that fits. */
static double
number(struct slice limit)
{
	char text[LIMIT_VALUE + 1] = "";

	memcpy(text, limit.p, limit.n);
	return strtod(text, NULL);
}

/* Compared as RRDtool compares them, which makes no file of others. */
static int
check_limits(struct slice min, struct slice max, struct err *e)
{
	if (min.n == 0 || max.n == 0 || min.p[0] == 'U' || max.p[0] == 'U' ||
	    number(min) < number(max))
		return 0;
	return err_set(e, ERR_INPUT,
	    "rrd-create-min %.*s is not below rrd-create-max %.*s", (int)min.n,
	    min.p, (int)max.n, max.p);
}

/* One block of CONFIG as it comes in. */
struct block {
	struct tree *t;
	struct slice token; /* empty: no block is open */
	bool has_leaf;      /* its path came as well */
	uint32_t seen;      /* parameters: a bit for each rank */
	struct slice min, max;
};

static int
add_line(struct block *b, struct slice name, struct slice value, struct err *e)
{
	int rank;

	if (b->token.n == 0) {
		if (!slice_eq_str(name, "level2-token") || value.n == 0)
			return err_set(e, ERR_INPUT, "level2-token is missing");
		b->token = value;
		return 0;
	}
	if (!b->has_leaf) {
		if (!slice_eq_str(name, "level2-path"))
			return err_set(e, ERR_INPUT, "level2-path is missing");
		b->has_leaf = true;
		return tree_add(b->t, value, b->token, e);
	}
	rank = names_param_rank(name);
	if (check_param(rank, name, value, e) == -1)
		return -1;
	if ((b->seen & UINT32_C(1) << rank) != 0)
		return err_set(e, ERR_INPUT, "%.*s stands twice", (int)name.n,
		    name.p);
	b->seen |= UINT32_C(1) << rank;
	tree_set_ranked(b->t, rank, value);
	if (rank != RANK_MIN && rank != RANK_MAX)
		return 0;
	*(rank == RANK_MIN ? &b->min : &b->max) = value;
	return check_limits(b->min, b->max, e);
}

static int
end_block(struct block *b, struct err *e)
{
	if (!b->has_leaf)
		return err_set(e, ERR_INPUT, "a block without a path");
	*b = (struct block){ .t = b->t };
	return 0;
}

int
tree_add_config(struct tree *t, struct slice body, struct err *e)
{
	struct block b = { .t = t };
	struct slice name, value;
	size_t line = 0;
	bool block_end;

	while (message_next_param(&body, &name, &value, &block_end)) {
		line++;
		if ((block_end ? end_block(&b, e)
			       : add_line(&b, name, value, e)) == 0)
			continue;
		if (b.token.n > 0 && b.token.n <= LIMIT_TOKEN)
			err_wrap(e, "token %.*s", (int)b.token.n, b.token.p);
		return err_wrap(e, "line %zu", line);
	}
	return 0;
}
