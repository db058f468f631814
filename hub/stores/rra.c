/*
 * Round robin archives; see rra.h.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "hub/stores/rra.h"

static const char *const default_list[] = { "AVERAGE:1x:2d", "AVERAGE:5m:14d",
	"AVERAGE:1h:90d", "AVERAGE:1d:5y", "MAX:1h:90d", "MAX:1d:5y", NULL };

struct rra {
	const char *cf;
	uint64_t steps, rows;
};

static bool
read_cf(struct slice s, const char **cf)
{
	static const char *const name[] = { "AVERAGE", "MIN", "MAX", "LAST" };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (slice_eq_str(s, name[i])) {
			*cf = name[i];
			return true;
		}
	return false;
}

/* "90", "5m", "5y", or with a step "3x": seconds, from 1 to 100 years. */
static bool
read_duration(struct slice s, uint32_t step_s, uint64_t *seconds)
{
	static const struct {
		char letter;
		uint32_t s;
	} unit[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 7 * 86400 }, { 'y', 365 * 86400 } };
	const uint64_t most = UINT64_C(100) * 365 * 86400;
	uint64_t scale = 1, v;

	if (s.n > 0 && s.p[s.n - 1] == 'x' && step_s > 0) {
		scale = step_s;
		s.n--;
	} else {
		for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
			if (s.n > 0 && s.p[s.n - 1] == unit[i].letter) {
				scale = unit[i].s;
				s.n--;
				break;
			}
	}
	if (!slice_u64(s, most / scale, &v) || v == 0)
		return false;
	*seconds = v * scale;
	return true;
}

static bool
read_rra(struct slice text, uint32_t step_s, struct rra *out)
{
	struct slice cf, resolution, span = text;
	uint64_t resolution_s, span_s, row_s;

	if (!slice_cut(&span, ':', &cf) ||
	    !slice_cut(&span, ':', &resolution) || !read_cf(cf, &out->cf) ||
	    !read_duration(resolution, step_s, &resolution_s) ||
	    !read_duration(span, 0, &span_s))
		return false;
	out->steps = (resolution_s + step_s - 1) / step_s;
	row_s = out->steps * step_s;
	out->rows = (span_s + row_s - 1) / row_s;
	return out->rows <= RRA_ROWS_MAX;
}

static void
merge(struct rra *all, size_t *n, const struct rra *one)
{
	for (size_t i = 0; i < *n; i++)
		if (all[i].cf == one->cf && all[i].steps == one->steps) {
			if (all[i].rows < one->rows)
				all[i].rows = one->rows;
			return;
		}
	all[(*n)++] = *one;
}

int
rra_expand(config_list list, uint32_t step_s, struct rra_args *out,
    struct err *e)
{
	struct rra all[RRA_MAX], one;
	size_t n = 0;

	if (step_s == 0)
		return err_set(e, ERR_CONFIG, "a step of 0 s");
	if (list == NULL || list[0] == NULL)
		list = default_list;
	for (size_t i = 0; list[i] != NULL; i++) {
		if (i == RRA_MAX)
			return err_set(e, ERR_CONFIG, "more than %d rra",
			    RRA_MAX);
		if (!read_rra(slice_str(list[i]), step_s, &one))
			return err_set(e, ERR_CONFIG,
			    "rra %s: not CF:RESOLUTION:SPAN such as "
			    "AVERAGE:5m:14d, or more than %d rows at a step "
			    "of %u s",
			    list[i], RRA_ROWS_MAX, (unsigned)step_s);
		merge(all, &n, &one);
	}
	out->arg = mem_array(n, sizeof(*out->arg));
	out->n = n;
	for (size_t i = 0; i < n; i++)
		out->arg[i] = mem_printf("RRA:%s:0.5:%llu:%llu", all[i].cf,
		    (unsigned long long)all[i].steps,
		    (unsigned long long)all[i].rows);
	return 0;
}

void
rra_free(struct rra_args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->arg[i]);
	free(a->arg);
	*a = (struct rra_args){ .n = 0 };
}
