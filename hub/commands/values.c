/*
 * hubctl values: what was measured at a leaf, from the store or, as it was
 * collected, from the archive.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/log.h"
#include "hub/commands/leaf.h"
#include "hub/stores/rrd_view.h"

struct request {
	const char *path, *tree;
	bool raw, json;
	int64_t from_s, to_s; /* from_s -1: as far back as the tail takes */
	size_t tail;          /* 0: all */
};

static int
parse(const struct options *o, int argc, char **argv, struct request *r,
    struct err *e)
{
	const char *from = NULL, *to = NULL, *tail = NULL, *raw = NULL;
	const struct options_flag flags[] = {
		{ "from", 0, true, &from },
		{ "to", 0, true, &to },
		{ "tail", 0, true, &tail },
		{ "raw", 0, false, &raw },
		{ "tree", 0, true, &r->tree },
		{ .name = NULL },
	};
	struct options common = *o;
	uint64_t n = 0;
	int operands = options_parse(&common, flags, argc, argv, e);

	if (operands == -1)
		return -1;
	if (operands != 1)
		return err_set(e, ERR_USAGE, "values takes the path of a leaf");
	if (tail != NULL &&
	    (!slice_u64(slice_str(tail), UINT32_MAX, &n) || n == 0))
		return err_set(e, ERR_USAGE, "--tail %s is not a number from 1",
		    tail);
	if (leaf_window(from, to, &r->from_s, &r->to_s, e) == -1)
		return -1;
	if (tail != NULL && from == NULL)
		r->from_s = -1;
	r->path = argv[1];
	r->tail = (size_t)n;
	r->raw = raw != NULL;
	r->json = common.json;
	return 0;
}

/* JSON has no number with leading zeros, and no U. */
static void
print_json(int64_t time_s, const char *text)
{
	bool minus = text[0] == '-';

	if (minus)
		text++;
	while (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		text++;
	if (text[0] >= '0' && text[0] <= '9')
		printf("{\"time\":%" PRId64 ",\"value\":%s%s}\n", time_s,
		    minus ? "-" : "", text);
	else
		printf("{\"time\":%" PRId64 ",\"value\":null}\n", time_s);
}

static void
print_value(const struct request *r, int64_t time_s, const char *text)
{
	if (r->json)
		print_json(time_s, text);
	else
		printf("%" PRId64 "\t%s\n", time_s, text);
}

#ifdef HAVE_LIBRRD

/* Whether that text is v: a whole number exactly; else up to what RRDtool's
 * own arithmetic (a value times its seconds, by the seconds) costs, so that
 * 6.17 comes back as such. */
static bool
reads_back(const char *text, double v)
{
	double off = fabs(strtod(text, NULL) - v);

	return off <= (v < floor(v) || v > floor(v) ? fabs(v) * 4e-16 : 0);
}

/* The shortest text that reads back, without an exponent where a person would
 * write none. */
static const char *
number_text(double v, char *out, size_t size)
{
	int digits = 1, exponent;

	if (!isfinite(v))
		return "U";
	for (; digits <= 17; digits++) {
		(void)snprintf(out, size, "%.*e", digits - 1, v);
		if (reads_back(out, v))
			break;
	}
	exponent = (int)strtod(strchr(out, 'e') + 1, NULL);
	if (exponent < -9 || exponent > 20)
		return out;
	(void)snprintf(out, size, "%.*f",
	    digits - 1 > exponent ? digits - 1 - exponent : 0, v);
	return out;
}

static int
print_stored(const struct leaf *l, const struct request *r, struct err *e)
{
	const struct rrd_view_window w = { r->from_s, r->to_s, r->tail };
	struct rrd_view_points p;
	char text[40];

	if (l->file == NULL)
		return err_set(e, ERR_CONFIG,
		    "no store \"rrd\" to read from; --raw reads the archive");
	if (rrd_view_read(l->file, &w, &p, e) == -1)
		return -1;
	for (size_t i = 0; i < p.n; i++)
		print_value(r, p.point[i].time_s,
		    number_text(p.point[i].value, text, sizeof(text)));
	rrd_view_points_clear(&p);
	return 0;
}

#else /* then leaf_open finds no file either */

static int
print_stored(const struct leaf *l, const struct request *r, struct err *e)
{
	(void)l;
	(void)r;
	return err_set(e, ERR_CONFIG,
	    "built without librrd; --raw reads the archive");
}

#endif

/* A tail without a beginning: windows that begin earlier and earlier, until one
 * has enough, since all of the archive may be years. */
static int
read_raw(const struct leaf *l, const struct request *r, struct raw_values *v,
    struct err *e)
{
	int64_t from_s = r->from_s, back_s = 3600;
	bool tail = from_s < 0;

	for (;; back_s *= 16) {
		if (tail)
			from_s = back_s < r->to_s ? r->to_s - back_s : 0;
		if (raw_read(l, from_s, r->to_s, v, e) == -1)
			return -1;
		if (!tail || v->n >= r->tail || from_s == 0)
			return 0;
		raw_clear(v);
	}
}

static int
print_raw(const struct leaf *l, const struct request *r, struct err *e)
{
	struct raw_values v = { .n = 0 };
	size_t first;
	int rc = read_raw(l, r, &v, e);

	first = r->tail > 0 && v.n > r->tail ? v.n - r->tail : 0;
	for (size_t i = first; rc == 0 && i < v.n; i++)
		print_value(r, (int64_t)v.value[i].time_s, v.value[i].text);
	raw_clear(&v);
	return rc;
}

int
command_values(const struct options *o, int argc, char **argv)
{
	struct request r = { .tail = 0 };
	struct leaf l = { .config = NULL };
	struct err e = { .kind = ERR_NONE };
	int rc = parse(o, argc, argv, &r, &e);

	if (rc == 0) {
		rc = leaf_open(o, r.tree, r.path, &l, &e);
		if (rc == 0)
			rc = r.raw ? print_raw(&l, &r, &e)
				   : print_stored(&l, &r, &e);
		leaf_close(&l);
	}
	if (rc == 0 && fflush(stdout) == EOF)
		rc = err_sys(&e, "write to standard output");
	if (rc == 0)
		return EX_OK;
	log_err("%s", e.msg);
	return err_exit_code(&e);
}
