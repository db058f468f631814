/*
 * Reading an RRD file for people: what a head must be, which rows a window
 * has, and texts that mean something to RRDtool's graph language.
 */
#include "config.h"

#include <fcntl.h>
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
#include "hub/stores/rrd_file.h"
#include "hub/stores/rrd_view.h"
#include "t/rrd_twin.h"

#define T0 1700000040 /* a multiple of 60 */

/* What librrd and fontconfig keep to the end of the process is not ours. */
int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return 1;
}

static int dir;

/* 100 values, a minute apart, the first at T0: 0, 1, 2, ... */
static void
fill(void)
{
	struct store *s = twin_open("a:store");
	uint32_t h = twin_leaf(s, "/a:b", "GAUGE");

	for (int i = 0; i < 100; i++) {
		char *v = mem_printf("%d", i);

		twin_put(s, h, T0 + 60 * (uint64_t)i, v);
		free(v);
	}
	twin_flush(s);
	twin_close(s);
}

static char *
file(void)
{
	return mem_printf("%s/a:store/main/a,b.rrd", scratch_path);
}

static void
a_head_is_whole_or_damaged(void **state)
{
	struct buf bytes;
	struct rrd_head head;
	size_t need, size;

	(void)state;
	fill();
	bytes = scratch_read(dir, "a:store/main/a,b.rrd");
	assert_true(rrd_head_parse(buf_slice(&bytes), bytes.n, &need, &head));
	assert_string_equal(head.dstype, "GAUGE");
	assert_int_equal(head.step_s, 60);
	assert_int_equal(head.last_s, T0 + 60 * 99);
	assert_int_equal(head.mutable_at + head.mutable.n, need);
	size = need;
	/* Of fewer bytes it asks for more, and never looks behind them. */
	for (size_t n = 0; n < size; n++) {
		char *copy = mem_alloc(n + 1);
		char *exact = mem_resize(copy, n, 1);

		memcpy(exact, bytes.p, n);
		assert_false(rrd_head_parse((struct slice){ exact, n }, bytes.n,
		    &need, &head));
		assert_true(need > n);
		free(exact);
	}
	assert_false(
	    rrd_head_parse(buf_slice(&bytes), bytes.n - 1, &need, &head));
	/* No byte of the static part may make it look elsewhere. */
	for (size_t i = 0; i < size; i++)
		for (int bit = 0; bit < 8; bit++) {
			char *copy = mem_strndup(bytes.p, size);

			copy[i] = (char)(copy[i] ^ 1 << bit);
			if (rrd_head_parse((struct slice){ copy, size },
				bytes.n, &need, &head))
				assert_in_range(
				    head.mutable_at + head.mutable.n, 0, size);
			free(copy);
		}
	buf_clear(&bytes);
}

static void
a_window_has_the_rows_that_touch_it(void **state)
{
	static const struct {
		int64_t from, to; /* from T0; -1 and a tail */
		size_t tail, n;
		int64_t first; /* time of the first row, from T0 */
	} row[] = {
		{ 0, 60, 0, 1, 60 },
		{ 0, 61, 0, 2, 60 },
		{ 59, 60, 0, 1, 60 },
		{ 60, 60, 0, 0, 0 },
		{ 30, 40, 0, 1, 60 },
		{ 0, 99 * 60, 0, 99, 60 },
		{ 0, 100 * 60, 0, 99, 60 },
		{ 0, 99 * 60 + 30, 0, 99, 60 },
		{ 99 * 60, 200 * 60, 0, 0, 0 },
		{ 200 * 60, 300 * 60, 0, 0, 0 },
		{ 0, 60 * 60, 5, 5, 56 * 60 },
		{ -1, 200 * 60, 1, 1, 99 * 60 },
		{ -1, 200 * 60, 99, 99, 60 },
		{ -1, 10 * 60, 3, 3, 8 * 60 },
	};
	char *path;

	(void)state;
	fill();
	path = file();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct rrd_view_window w = { row[i].from < 0
			    ? -1
			    : T0 + row[i].from,
			T0 + row[i].to, row[i].tail };
		struct rrd_view_points p;
		struct err e = { 0 };

		assert_int_equal(rrd_view_read(path, &w, &p, &e), 0);
		if (p.n != row[i].n)
			fail_msg("row %zu: %zu, not %zu", i, p.n, row[i].n);
		for (size_t k = 0; k < p.n; k++) {
			int64_t t = row[i].first + 60 * (int64_t)k;

			assert_int_equal(p.point[k].time_s, T0 + t);
			assert_int_equal((int64_t)p.point[k].value, t / 60);
		}
		rrd_view_points_clear(&p);
	}
	free(path);
}

static void
what_is_not_there_has_no_rows(void **state)
{
	const struct rrd_view_window w = { 0, T0, 0 };
	struct rrd_view_points p;
	struct err e = { 0 };
	char *path = mem_printf("%s/none.rrd", scratch_path);

	(void)state;
	assert_int_equal(rrd_view_read(path, &w, &p, &e), 0);
	assert_int_equal(p.n, 0);
	rrd_view_points_clear(&p);
	scratch_write(dir, "none.rrd", SLICE("no RRD"));
	assert_int_equal(rrd_view_read(path, &w, &p, &e), -1);
	free(path);
}

static void
every_text_can_be_drawn(void **state)
{
	static const char *const text[] = { "", "a:b", "a\\b", "a\\", "100%",
		"%s%n%lf", "\"quoted\" 'too'", "<b>&amp;</b>", "#ff0000",
		"a\\l", "::", "--title", "DEF:x=y:z:AVERAGE", "\xc3\xa9",
		"v,2,*" };
	char *path;

	(void)state;
	fill();
	path = file(); /* its name has a colon */
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		for (int svg = 0; svg < 2; svg++) {
			const struct rrd_view_picture d = { .path = path,
				.from_s = T0,
				.to_s = T0 + 3600,
				.width = 200,
				.height = 100,
				.svg = svg == 1,
				.title = text[i],
				.legend = text[i],
				.vertical_label = text[i],
				.lower_limit = text[i],
				.upper_limit = text[i],
				.line_style = text[i],
				.line_color = text[i],
				.base = text[i] };
			struct buf out = { 0 };
			struct err e = { 0 };

			if (rrd_view_draw(&d, &out, &e) == -1)
				fail_msg("%s: %s", text[i], e.msg);
			assert_true(slice_starts(buf_slice(&out),
			    svg ? SLICE("<?xml") : SLICE("\x89PNG")));
			buf_clear(&out);
		}
	free(path);
}

static void
any_limits_can_be_drawn(void **state)
{
	static const char *const limit[] = { NULL, "-5", "0", "0.0", "-0",
		"0.001", "10", "99999999999999999999999999999999" };
	const size_t n = sizeof(limit) / sizeof(limit[0]);
	char *path;

	(void)state;
	fill();
	path = file();
	for (size_t i = 0; i < 2 * n * n; i++) {
		const struct rrd_view_picture d = { .path = path,
			.from_s = T0,
			.to_s = T0 + 3600,
			.width = 200,
			.height = 100,
			.lower_limit = limit[i / 2 / n],
			.upper_limit = limit[i / 2 % n],
			.logarithmic = i % 2 == 1 };
		struct buf out = { 0 };
		struct err e = { 0 };

		if (rrd_view_draw(&d, &out, &e) == -1)
			fail_msg("from %s to %s%s: %s",
			    d.lower_limit == NULL ? "-" : d.lower_limit,
			    d.upper_limit == NULL ? "-" : d.upper_limit,
			    d.logarithmic ? ", logarithmic" : "", e.msg);
		buf_clear(&out);
	}
	free(path);
}

int
main(void)
{
#define TEST(f) SCRATCH_TEST(f, dir)
	const struct CMUnitTest tests[] = {
		TEST(a_head_is_whole_or_damaged),
		TEST(a_window_has_the_rows_that_touch_it),
		TEST(what_is_not_there_has_no_rows),
		TEST(every_text_can_be_drawn),
		TEST(any_limits_can_be_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
