/*
 * Reading an RRD file for people; see rrd_view.h.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/mem.h"
#include "hub/stores/librrd.h"
#include "hub/stores/rrd_view.h"

static const char *const functions[] = { "AVERAGE", "LAST", "MAX", "MIN",
	NULL };

struct fetched {
	time_t start, end;
	unsigned long step, n;
	rrd_value_t *data; /* data[i] ends at start + (i + 1) * step */
};

/* The first of our functions that the file has an archive of. */
static int
fetch(const char *path, int64_t from_s, int64_t to_s, struct fetched *f,
    struct err *e)
{
	const struct librrd *rrd = librrd(e);

	if (rrd == NULL)
		return -1;
	for (size_t i = 0; functions[i] != NULL; i++) {
		unsigned long ds_n = 0;
		char **ds_name = NULL;

		*f = (struct fetched){ .start = (time_t)from_s,
			.end = (time_t)to_s,
			.step = 1 };
		rrd->clear_error();
		if (rrd->fetch_r(path, functions[i], &f->start, &f->end,
			&f->step, &ds_n, &ds_name, &f->data) != 0)
			continue;
		for (unsigned long k = 0; k < ds_n; k++)
			rrd->freemem(ds_name[k]);
		rrd->freemem(ds_name);
		f->n = (unsigned long)(f->end - f->start) / f->step;
		if (ds_n == 1)
			return 0;
		rrd->freemem(f->data);
		return err_set(e, ERR_INPUT, "%s has %lu data sources", path,
		    ds_n);
	}
	return librrd_failed("read", e);
}

static void
take(const struct fetched *f, const struct rrd_view_window *w, int64_t last_s,
    struct rrd_view_points *out)
{
	out->point = mem_array(f->n, sizeof(*out->point));
	out->step_s = (uint32_t)f->step;
	for (unsigned long i = 0; i < f->n; i++) {
		int64_t end = f->start + (int64_t)((i + 1) * f->step);

		if (end > w->from_s && end - (int64_t)f->step < w->to_s &&
		    end <= last_s)
			out->point[out->n++] =
			    (struct store_point){ end, f->data[i] };
	}
	if (w->tail > 0 && out->n > w->tail) {
		memmove(out->point, out->point + out->n - w->tail,
		    w->tail * sizeof(*out->point));
		out->n = w->tail;
	}
}

/* A tail without a beginning: from a window that is long enough at the finest
 * step, which a first reading tells. */
static int
tail_begin(const char *path, int64_t end_s, size_t tail, int64_t *from_s,
    struct err *e)
{
	const struct librrd *rrd = librrd(e);
	struct fetched f;

	if (rrd == NULL || fetch(path, end_s - 1, end_s, &f, e) == -1)
		return -1;
	rrd->freemem(f.data);
	*from_s = tail + 1 > (uint64_t)end_s / f.step
	    ? 0
	    : end_s - (int64_t)((tail + 1) * f.step);
	return 0;
}

/* The oldest time of which any archive has a row. */
static int64_t
oldest(const struct librrd *rrd, const char *path)
{
	int64_t first_s = INT64_MAX, t;

	for (int i = 0; (t = rrd->first_r(path, i)) >= 0; i++)
		if (t < first_s)
			first_s = t;
	rrd->clear_error(); /* of the archive behind the last */
	return first_s;
}

/* Something else may have its name: then the store refuses the leaf. */
static int
check_file(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == -1 || S_ISREG(st.st_mode))
		return 0;
	return err_set(e, ERR_INPUT,
	    "%s is no file, so the archive alone has values: "
	    "hubctl values --raw",
	    path);
}

int
rrd_view_read(const char *path, const struct rrd_view_window *window,
    struct rrd_view_points *out, struct err *e)
{
	const struct librrd *rrd = librrd(e);
	struct rrd_view_window w = *window;
	struct fetched f;
	struct stat st;
	int64_t last_s;

	*out = (struct rrd_view_points){ .n = 0 };
	if (rrd == NULL)
		return -1;
	if (stat(path, &st) == -1)
		return 0;
	if (check_file(path, e) == -1)
		return -1;
	rrd->clear_error();
	last_s = rrd->last_r(path);
	if (last_s < 0)
		return librrd_failed("read", e);
	if (w.to_s > last_s)
		w.to_s = last_s; /* nothing is known behind it */
	if (w.from_s < 0 &&
	    tail_begin(path, w.to_s, w.tail, &w.from_s, e) == -1)
		return -1;
	if (w.from_s < oldest(rrd, path))
		w.from_s =
		    oldest(rrd, path); /* librrd makes a row of each step */
	if (w.from_s >= w.to_s)
		return 0;
	if (fetch(path, w.from_s, w.to_s, &f, e) == -1)
		return -1;
	take(&f, &w, last_s, out);
	rrd->freemem(f.data);
	return 0;
}

void
rrd_view_points_clear(struct rrd_view_points *p)
{
	free(p->point);
	*p = (struct rrd_view_points){ .n = 0 };
}

/* Graphs. */

enum {
	ARGS_MAX = 40
};

struct args {
	char *arg[ARGS_MAX];
	int n;
};

static void
add(struct args *a, char *arg)
{
	if (a->n < ARGS_MAX)
		a->arg[a->n++] = arg;
	else
		free(arg);
}

static void
add_option(struct args *a, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	add(a, mem_strdup(name));
	add(a, mem_strdup(value));
}

/* A text of which RRDtool's graph language takes no part for its own
 * (rrdgraph_graph(1)).  In a legend a backslash near the end is a control code
 * whatever stands before it: a slash takes its place. */
static void
put_text(struct buf *out, const char *text, bool legend)
{
	for (; *text != '\0'; text++) {
		if (*text == ':' || (*text == '\\' && !legend))
			buf_put_char(out, '\\');
		if (*text == '\\' && legend)
			buf_put_char(out, '/');
		else
			buf_put_char(out, *text);
	}
}

static bool
is_number(const char *s)
{
	char *end;

	if (s == NULL || *s == '\0' ||
	    strspn(s, "0123456789.+-eE") != strlen(s))
		return false;
	(void)strtod(s, &end);
	return *end == '\0';
}

static bool
is_color(const char *s)
{
	return s != NULL && s[0] == '#' && strlen(s) == 7 &&
	    strspn(s + 1, "0123456789abcdefABCDEF") == 6;
}

static bool
is_style(const char *s)
{
	static const char *const style[] = { "LINE1", "LINE2", "LINE3",
		"AREA" };

	for (size_t i = 0; s != NULL && i < sizeof(style) / sizeof(style[0]);
	     i++)
		if (strcmp(s, style[i]) == 0)
			return true;
	return false;
}

/* A logarithm has none at or below 0, and RRDtool draws nothing then: it finds
 * one by itself. */
static void
add_limit(struct args *a, const struct rrd_view_picture *d, const char *name,
    const char *limit)
{
	if (is_number(limit) && (!d->logarithmic || strtod(limit, NULL) > 0))
		add_option(a, name, limit);
}

static void
add_options(struct args *a, const struct rrd_view_picture *d)
{
	add(a, mem_strdup("graphv"));
	add(a, mem_strdup("-")); /* into memory */
	add_option(a, "--imgformat", d->svg ? "SVG" : "PNG");
	add(a, mem_strdup("--start"));
	add(a, mem_printf("%lld", (long long)d->from_s));
	add(a, mem_strdup("--end"));
	add(a, mem_printf("%lld", (long long)d->to_s));
	add(a, mem_strdup("--width"));
	add(a, mem_printf("%u", d->width));
	add(a, mem_strdup("--height"));
	add(a, mem_printf("%u", d->height));
	add_option(a, "--title", d->title);
	add_option(a, "--vertical-label", d->vertical_label);
	add_limit(a, d, "--lower-limit", d->lower_limit);
	add_limit(a, d, "--upper-limit", d->upper_limit);
	if (d->base != NULL &&
	    (strcmp(d->base, "1024") == 0 || strcmp(d->base, "1000") == 0))
		add_option(a, "--base", d->base);
	if (d->logarithmic)
		add(a, mem_strdup("--logarithmic"));
}

static void
add_elements(struct args *a, const struct rrd_view_picture *d, const char *cf)
{
	static const struct {
		const char *name, *what;
	} figure[] = { { "LAST", "now" }, { "AVERAGE", "mean" },
		{ "MINIMUM", "least" }, { "MAXIMUM", "most" } };
	struct buf b = { .limit = 0 };

	buf_put_str(&b, "DEF:v=");
	put_text(&b, d->path, false);
	buf_printf(&b, ":value:%s", cf);
	add(a, buf_steal(&b));
	buf_printf(&b,
	    "%s:v%s:", is_style(d->line_style) ? d->line_style : "LINE2",
	    is_color(d->line_color) ? d->line_color : "#1f77b4");
	put_text(&b, d->legend != NULL ? d->legend : "", true);
	add(a, buf_steal(&b));
	for (size_t i = 0; i < sizeof(figure) / sizeof(figure[0]); i++) {
		add(a, mem_printf("VDEF:f%zu=v,%s", i, figure[i].name));
		add(a,
		    mem_printf("GPRINT:f%zu:%s %%.2lf%%s", i, figure[i].what));
	}
}

/* The image out of what librrd tells of its drawing. */
static int
take_image(rrd_info_t *info, struct buf *out, struct err *e)
{
	for (; info != NULL; info = info->next)
		if (strcmp(info->key, "image") == 0 && info->type == RD_I_BLO) {
			buf_put(out,
			    (struct slice){ (const char *)info->value.u_blo.ptr,
				info->value.u_blo.size });
			return 0;
		}
	return err_set(e, ERR_TEMP, "librrd drew nothing");
}

static int
draw_with(const struct librrd *rrd, const struct rrd_view_picture *d,
    const char *cf, struct buf *out, struct err *e)
{
	struct args a = { .n = 0 };
	rrd_info_t *info;
	int rc;

	add_options(&a, d);
	add_elements(&a, d, cf);
	rrd->clear_error();
	info = rrd->graph_v(a.n, a.arg);
	if (info == NULL || rrd->test_error())
		rc = librrd_failed("draw", e);
	else
		rc = take_image(info, out, e);
	if (info != NULL)
		rrd->info_free(info);
	for (int i = 0; i < a.n; i++)
		free(a.arg[i]);
	return rc;
}

int
rrd_view_draw(const struct rrd_view_picture *d, struct buf *out, struct err *e)
{
	const struct librrd *rrd = librrd(e);
	struct fetched f;

	if (rrd == NULL || check_file(d->path, e) == -1)
		return -1;
	for (size_t i = 0; functions[i] != NULL; i++)
		if (draw_with(rrd, d, functions[i], out, e) == 0)
			return 0;
		else if (fetch(d->path, d->from_s, d->to_s, &f, e) == 0)
			rrd->freemem(f.data); /* readable: another function */
		else
			return -1;
	return -1;
}
