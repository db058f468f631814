/*
 * The store of RRD files beside a twin; see rrd_twin.h.
 */
#include "config.h"

#include <fcntl.h>
#include <math.h>
#include <rrd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "t/rrd_twin.h"

static const char *const rra[] = { "AVERAGE:1x:1d", "AVERAGE:5m:7d",
	"MAX:1h:30d", NULL };

static struct store *
open_at(const char *directory)
{
	struct config_store cs = { .name = "rrd",
		.type = "rrd",
		.directory = directory,
		.rra = rra };
	struct store *s = NULL;
	struct err e = { 0 };

	if (store_find("rrd")->open(&cs, &s, &e) == -1)
		fail_msg("%s", e.msg);
	return s;
}

struct store *
twin_open(const char *name)
{
	char *path = mem_printf("%s/%s", scratch_path, name);
	struct store *s = open_at(path);

	free(path);
	return s;
}

uint32_t
twin_leaf(struct store *s, const char *path, const char *dstype)
{
	struct store_series leaf = { .tree = "main",
		.path = slice_str(path),
		.period_s = 60,
		.heartbeat_s = 150,
		.dstype = dstype,
		.min = SLICE("U"),
		.max = SLICE("U") };
	struct err e = { 0 };
	uint32_t handle = 77;

	if (s->ops->series(s, &leaf, &handle, &e) == -1)
		fail_msg("%s", e.msg);
	return handle;
}

void
twin_put(struct store *s, uint32_t handle, uint64_t time_s, const char *value)
{
	s->ops->put(s, handle, time_s, slice_str(value));
}

void
twin_flush(struct store *s)
{
	struct err e = { 0 };

	if (s->ops->flush(s, UINT32_MAX, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(s->ops->waiting(s), 0);
}

void
twin_sync(struct store *s)
{
	struct err e = { 0 };

	if (s->ops->sync(s, &e) == -1)
		fail_msg("%s", e.msg);
}

void
twin_close(struct store *s)
{
	s->ops->close(s);
}

void
twin_make(const char *file, const char *dstype, time_t start,
    const char *const *text, int n)
{
	char *ds = mem_printf("DS:value:%s:150:U:U", dstype);
	const char *argv[] = { ds, "RRA:AVERAGE:0.5:1:1440",
		"RRA:AVERAGE:0.5:5:2016", "RRA:MAX:0.5:60:720" };
	char *path = mem_printf("%s/%s", scratch_path, file);

	rrd_clear_error();
	if (rrd_create_r(path, 60, start, 4, argv) != 0)
		fail_msg("%s", rrd_get_error());
	for (int i = 0; i < n; i++)
		if (rrd_update_r(path, NULL, 1,
			(const char **)(uintptr_t)&text[i]) != 0)
			fail_msg("%s", rrd_get_error());
	free(path);
	free(ds);
}

struct twin_rows
twin_fetch(const char *file, const char *cf, unsigned long step, time_t from,
    time_t to)
{
	struct twin_rows f = { .start = from, .end = to, .step = step };
	char *path = mem_printf("%s/%s", scratch_path, file);
	unsigned long ds;
	char **name;

	rrd_clear_error();
	if (rrd_fetch_r(path, cf, &f.start, &f.end, &f.step, &ds, &name,
		&f.data) != 0)
		fail_msg("%s", rrd_get_error());
	assert_int_equal(ds, 1);
	assert_string_equal(name[0], "value");
	free(name[0]);
	free(name);
	f.n = (size_t)(f.end - f.start) / f.step;
	free(path);
	return f;
}

void
twin_same(const char *a, const char *b, time_t from, time_t to, size_t known)
{
	static const struct {
		const char *cf;
		unsigned long step;
	} archive[] = { { "AVERAGE", 60 }, { "AVERAGE", 300 },
		{ "MAX", 3600 } };

	for (size_t k = 0; k < 3; k++) {
		struct twin_rows x =
		    twin_fetch(a, archive[k].cf, archive[k].step, from, to);
		struct twin_rows y =
		    twin_fetch(b, archive[k].cf, archive[k].step, from, to);
		size_t seen = 0;

		assert_int_equal(x.step, archive[k].step);
		assert_int_equal(x.n, y.n);
		assert_int_equal(x.start, y.start);
		for (size_t i = 0; i < x.n; i++) {
			seen += isnan(x.data[i]) ? 0 : 1;
			if (isnan(x.data[i]) != isnan(y.data[i]) ||
			    (!isnan(x.data[i]) &&
				(x.data[i] < y.data[i] ||
				    x.data[i] > y.data[i])))
				fail_msg("%s %s:%lu row %zu: %g, not %g", a,
				    archive[k].cf, archive[k].step, i,
				    x.data[i], y.data[i]);
		}
		if (k == 0)
			assert_in_range(seen, known, x.n);
		free(x.data);
		free(y.data);
	}
}
bool
twin_exists(const char *name)
{
	char *path = mem_printf("%s/%s", scratch_path, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

void
twin_overwrite(const char *name, off_t at, const char *text, off_t length)
{
	char *path = mem_printf("%s/%s", scratch_path, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
	if (length >= 0)
		assert_int_equal(ftruncate(fd, length), 0);
	close(fd);
	free(path);
}
