/*
 * The store of RRD files against librrd itself: what goes in by put, flush and
 * sync is what rrd_update_r makes of the same values in a twin file.
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "hub/stores/rrd_file.h"
#include "t/rrd_twin.h"

#define T0 1700000000

static int dir;

static void
values_are_what_librrd_makes_of_them(void **state)
{
	static const struct {
		const char *dstype;
		const char *value[6];
	} row[] = {
		{ "GAUGE", { "1", "2.5", "-3", "U", "0.0001", "12345678901" } },
		{ "COUNTER",
		    { "10", "20", "4294967290", "5", "18446744073709551615",
			"3" } },
		{ "DERIVE",
		    { "10", "-20", "0", "U", "99999999999999999999",
			"100000000000000000000" } },
		{ "ABSOLUTE", { "10", "2.5", "U", "4", "0", "7" } },
		{ "DCOUNTER", { "1.5", "2.75", "U", "3.25", "4", "5.5" } },
		{ "DDERIVE", { "1.5", "-2.75", "U", "3.25", "4", "5.5" } },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(row) / sizeof(row[0]); k++) {
		struct store *s = twin_open("store");
		char *path = mem_printf("/a/%s", row[k].dstype);
		char *ours = mem_printf("store/main/a/%s.rrd", row[k].dstype);
		char *text[60];
		uint32_t h = twin_leaf(s, path, row[k].dstype);

		for (int i = 0; i < 60; i++) {
			const char *v = row[k].value[i % 6];
			uint64_t t = T0 + 57 * (uint64_t)i;

			text[i] =
			    mem_printf("%llu:%s", (unsigned long long)t, v);
			twin_put(s, h, t, v);
			if (i % 7 == 6)
				twin_flush(s);
		}
		twin_flush(s);
		twin_sync(s);
		assert_int_equal(s->ops->counts(s)->put, 60);
		assert_int_equal(s->ops->counts(s)->written, 60);
		assert_int_equal(s->ops->counts(s)->unfit, 0);
		assert_int_equal(s->ops->counts(s)->past, 0);
		twin_close(s);
		twin_make("twin.rrd", row[k].dstype, T0 - 60,
		    (const char *const *)text, 60);
		twin_same(ours, "twin.rrd", T0 - 600, T0 + 7200, 20);
		for (int i = 0; i < 60; i++)
			free(text[i]);
		free(path);
		free(ours);
	}
}

static void
a_value_fits_its_kind_or_not(void **state)
{
	static const struct {
		const char *dstype, *value;
		bool fits;
	} row[] = {
		{ "COUNTER", "U", true },
		{ "COUNTER", "0", true },
		{ "COUNTER", "007", true },
		{ "COUNTER", "1.5", false },
		{ "COUNTER", "-1", false },
		{ "COUNTER", "18446744073709551615", true },
		{ "COUNTER", "18446744073709551616", false },
		{ "COUNTER", "00000000018446744073709551615", true },
		{ "COUNTER", "000000000018446744073709551615", false },
		{ "DERIVE", "-18446744073709551616", true },
		{ "DERIVE", "1.0", false },
		{ "DERIVE", "12345678901234567890123456789", true },
		{ "DERIVE", "123456789012345678901234567890", false },
		{ "DCOUNTER", "1.5", true },
		{ "DCOUNTER", "-1.5", false },
		{ "DDERIVE", "-1.5", true },
		{ "DDERIVE", "0.1234567890123456789012345678", false },
		{ "GAUGE", "-12345678901234567890123456789.25", true },
		{ "ABSOLUTE", "0.12345678901234567890123456789", true },
		{ "GAUGE", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		enum rrd_kind k;

		assert_true(rrd_kind_find(row[i].dstype, &k));
		if (rrd_kind_fits(k, slice_str(row[i].value)) != row[i].fits)
			fail_msg("%s %s", row[i].dstype, row[i].value);
	}
}

static void
what_does_not_fit_is_unknown_and_costs_no_other(void **state)
{
	static const char *const want[] = { "1700000000:100", "1700000060:U",
		"1700000120:U", "1700000180:400", "1700000240:500" };
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/c", "COUNTER");

	(void)state;
	twin_put(s, h, T0, "100");
	twin_put(s, h, T0 + 60, "1.5");
	twin_put(s, h, T0 + 120, "-7");
	twin_put(s, h, T0 + 180, "400");
	twin_put(s, h, T0 + 240, "500");
	twin_flush(s);
	assert_int_equal(s->ops->counts(s)->unfit, 2);
	assert_int_equal(s->ops->counts(s)->written, 5);
	twin_close(s);
	twin_make("twin.rrd", "COUNTER", T0 - 60, want, 5);
	twin_same("store/main/c.rrd", "twin.rrd", T0 - 60, T0 + 600, 1);
}

static void
of_one_time_stamp_the_first_wins(void **state)
{
	static const char *const want[] = { "1700000000:1", "1700000060:2",
		"1700000120:3" };
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/g", "GAUGE");

	(void)state;
	twin_put(s, h, T0, "1");
	twin_put(s, h, T0, "9");
	twin_put(s, h, T0 + 60, "2");
	twin_flush(s);
	twin_put(s, h, T0 + 30, "9");
	assert_int_equal(s->ops->counts(s)->past, 2);
	twin_sync(s);
	twin_close(s);

	/* A store that knows nothing is told by the file. */
	s = twin_open("store");
	h = twin_leaf(s, "/g", "GAUGE");
	twin_put(s, h, T0, "8");
	twin_put(s, h, T0 + 60, "8");
	twin_put(s, h, T0 + 120, "3");
	twin_flush(s);
	assert_int_equal(s->ops->counts(s)->past, 2);
	assert_int_equal(s->ops->counts(s)->written, 1);
	twin_put(s, h, T0 + 120, "8");
	assert_int_equal(s->ops->waiting(s), 0);
	twin_close(s);
	twin_make("twin.rrd", "GAUGE", T0 - 60, want, 3);
	twin_same("store/main/g.rrd", "twin.rrd", T0 - 60, T0 + 600, 2);
}

static void
the_first_value_is_kept(void **state)
{
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/deep/er/g", "GAUGE");
	struct twin_rows f;
	struct stat st;

	(void)state;
	twin_put(s, h, T0 + 40, "42"); /* T0 + 40 is a multiple of 60 */
	twin_flush(s);
	twin_close(s);
	f = twin_fetch("store/main/deep/er/g.rrd", "AVERAGE", 60, T0 - 20,
	    T0 + 40);
	assert_int_equal(f.start, T0 - 20); /* of the first row's time */
	assert_true(f.data[0] >= 42 && f.data[0] <= 42);
	assert_int_equal(fstatat(dir, "store/main/deep/er/g.rrd", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstatat(dir, "store/main/deep", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	free(f.data);
}

static void
a_leaf_has_one_handle_and_waits_alone(void **state)
{
	struct store *s = twin_open("store");
	uint32_t a = twin_leaf(s, "/a", "GAUGE"),
		 b = twin_leaf(s, "/b", "GAUGE");
	struct err e = { 0 };

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_equal(twin_leaf(s, "/a", "GAUGE"), a);
	twin_put(s, a, T0, "1");
	twin_put(s, b, T0, "2");
	twin_put(s, b, T0 + 60, "2");
	assert_int_equal(s->ops->waiting(s), 3);
	assert_int_equal(s->ops->flush(s, b, &e), 0);
	assert_int_equal(s->ops->waiting(s), 1);
	assert_int_equal(s->ops->flush(s, b, &e), 0);
	twin_flush(s);
	twin_flush(s);
	twin_close(s);
}

static void
many_leaves_are_all_found_and_stored(void **state)
{
	enum {
		MANY = 3000
	};
	struct store *s = twin_open("store");
	uint32_t handle[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		char *path = mem_printf("/d%d/leaf%d", i % 7, i);

		handle[i] = twin_leaf(s, path, i % 2 ? "GAUGE" : "COUNTER");
		twin_put(s, handle[i], T0, "1");
		twin_put(s, handle[i], T0 + 60, "2");
		free(path);
	}
	twin_flush(s);
	for (int i = 0; i < MANY; i++) {
		char *path = mem_printf("/d%d/leaf%d", i % 7, i);
		char *file =
		    mem_printf("%s/store/main%s.rrd", scratch_path, path);

		assert_int_equal(
		    twin_leaf(s, path, i % 2 ? "GAUGE" : "COUNTER"), handle[i]);
		assert_int_equal(rrd_last_r(file), T0 + 60);
		free(path);
		free(file);
	}
	twin_close(s);
}

static void
names_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *tree, *path, *dstype, *min;
		uint32_t period;
	} row[] = {
		{ "main", "/a", "GAUGE", "U", 60 }, /* the only good one */
		{ "main", "a", "GAUGE", "U", 60 },
		{ "main", "/../a", "GAUGE", "U", 60 },
		{ "main", "", "GAUGE", "U", 60 },
		{ "..", "/a", "GAUGE", "U", 60 },
		{ "a/b", "/a", "GAUGE", "U", 60 },
		{ "main", "/a", "gauge", "U", 60 },
		{ "main", "/a", "COMPUTE", "U", 60 },
		{ "main", "/a", "GAUGE", "U:U", 60 },
		{ "main", "/a", "GAUGE", "", 60 },
		{ "main", "/a", "GAUGE", "1e", 60 },
		{ "main", "/a", "GAUGE", "U", 0 },
	};
	struct store *s = twin_open("store");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct store_series leaf = { .tree = row[i].tree,
			.path = slice_str(row[i].path),
			.period_s = row[i].period,
			.heartbeat_s = 150,
			.dstype = row[i].dstype,
			.min = slice_str(row[i].min),
			.max = SLICE("1.5e9") };
		struct err e = { 0 };
		uint32_t h;

		assert_int_equal(s->ops->series(s, &leaf, &h, &e),
		    i == 0 ? 0 : -1);
		assert_int_equal(e.kind, i == 0 ? ERR_NONE : ERR_INPUT);
	}
	twin_close(s);
}

static void
another_kind_gets_a_new_file_and_the_old_is_kept(void **state)
{
	static const char *const before[] = { "1700000000:1", "1700000060:2" };
	static const char *const after[] = { "1700000120:7", "1700000180:9" };
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/x", "GAUGE");

	(void)state;
	twin_put(s, h, T0, "1");
	twin_put(s, h, T0 + 60, "2"); /* waits when the kind changes */
	assert_int_equal(twin_leaf(s, "/x", "COUNTER"), h);
	twin_put(s, h, T0 + 120, "7");
	twin_put(s, h, T0 + 180, "9");
	twin_flush(s);
	twin_make("old.rrd", "GAUGE", T0 - 60, before, 2);
	twin_make("new.rrd", "COUNTER", T0 + 60, after, 2);
	twin_same("store/main/x.rrd.1", "old.rrd", T0 - 60, T0 + 300, 1);
	twin_same("store/main/x.rrd", "new.rrd", T0 - 60, T0 + 300, 1);

	/* Values of the old kind that come again are past: no third file. */
	twin_close(s);
	s = twin_open("store");
	h = twin_leaf(s, "/x", "GAUGE");
	twin_put(s, h, T0 + 60, "2");
	twin_flush(s);
	assert_false(twin_exists("store/main/x.rrd.2"));
	twin_close(s);
}

static void
a_damaged_file_is_kept_and_made_anew(void **state)
{
	static const struct {
		off_t at, length;
	} row[] = { { 0, -1 }, { 0, 0 }, { 300, 1000 }, { 0, 100 },
		{ 24, -1 } };
	static const char *const want[] = { "1700000060:2" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct store *s = twin_open("store");
		uint32_t h = twin_leaf(s, "/x", "GAUGE"),
			 good = twin_leaf(s, "/good", "GAUGE");
		char *kept = mem_printf("store/main/x.rrd.damaged.%zu", i + 1);

		twin_put(s, h, T0, "1");
		twin_flush(s);
		twin_sync(s);
		twin_overwrite("store/main/x.rrd", row[i].at, "damage",
		    row[i].length);
		twin_put(s, h, T0 + 60, "2");
		twin_put(s, good, T0 + 60 + i, "3");
		twin_flush(s);
		assert_true(twin_exists(kept));
		twin_make("twin.rrd", "GAUGE", T0, want, 1);
		twin_same("store/main/x.rrd", "twin.rrd", T0 - 60, T0 + 300, 1);
		twin_close(s);
		free(kept);
		kept = mem_printf("%s/store/main/x.rrd", scratch_path);
		unlink(kept);
		free(kept);
		kept = mem_printf("%s/store/.journal", scratch_path);
		unlink(kept);
		free(kept);
	}
}

static void
a_file_that_was_removed_is_made_again(void **state)
{
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/x", "GAUGE");
	char *path = mem_printf("%s/store/main/x.rrd", scratch_path);

	(void)state;
	twin_put(s, h, T0, "1");
	twin_flush(s);
	assert_int_equal(unlink(path), 0);
	twin_put(s, h, T0 + 60, "2");
	twin_flush(s);
	assert_int_equal(rrd_last_r(path), T0 + 60);
	assert_int_equal(s->ops->counts(s)->refused, 0);
	free(path);
	twin_close(s);
}

/* A leaf with bounds of its own. */
static uint32_t
bounded(struct store *s, const char *path, uint32_t period_s, const char *min,
    const char *max)
{
	struct store_series leaf = { .tree = "main",
		.path = slice_str(path),
		.period_s = period_s,
		.heartbeat_s = period_s,
		.dstype = "GAUGE",
		.min = slice_str(min),
		.max = slice_str(max) };
	uint32_t handle = UINT32_MAX;
	struct err e = { 0 };

	assert_int_equal(s->ops->series(s, &leaf, &handle, &e), 0);
	return handle;
}

struct refusals {
	char text[512];
	size_t n;
};

static void
note_refusal(void *arg, const struct store_refusal *r)
{
	struct refusals *all = arg;

	(void)snprintf(all->text, sizeof(all->text), "%s %.*s %s", r->tree,
	    (int)r->path.n, r->path.p, r->why);
	all->n++;
}

static size_t
refused(struct store *s, struct refusals *all)
{
	*all = (struct refusals){ .n = 0 };
	s->ops->refused(s, note_refusal, all);
	return all->n;
}

static void
touch(const char *name)
{
	char *path = mem_printf("%s/%s", scratch_path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd != -1);
	close(fd);
	free(path);
}

static void
what_a_killed_probe_left_goes_at_a_start(void **state)
{
	(void)state;
	twin_close(twin_open("store"));
	touch("store/.probe.rrd");
	touch("store/.probe.rrdaB3xY9");
	touch("store/.probe.rrd-mine");
	twin_close(twin_open("store"));
	assert_false(twin_exists("store/.probe.rrd"));
	assert_false(twin_exists("store/.probe.rrdaB3xY9"));
	assert_true(twin_exists("store/.probe.rrd-mine"));
}

/* Whatever fails of one leaf, the others are stored, and a sync may follow. */
static void
a_leaf_that_cannot_be_stored_fails_alone(void **state)
{
	struct store *s = twin_open("store");
	uint32_t good[100], bad = bounded(s, "/a:b/bad", 60, "10", "1");
	struct refusals all;

	(void)state;
	for (int i = 0; i < 100; i++) {
		char *name = mem_printf("/a:b/good%d", i);

		good[i] = twin_leaf(s, name, "GAUGE");
		twin_put(s, good[i], T0, "1");
		free(name);
	}
	twin_put(s, bad, T0, "1");
	twin_put(s, bad, T0 + 60, "1");
	twin_flush(s);
	twin_sync(s);
	assert_int_equal(s->ops->counts(s)->written, 100);
	assert_int_equal(s->ops->counts(s)->refused, 2);
	assert_false(s->ops->failed(s));
	assert_int_equal(refused(s, &all), 1);
	assert_non_null(strstr(all.text, "main /a:b/bad "));
	assert_non_null(strstr(all.text, "min must be less than max"));
	assert_false(twin_exists("store/.probe.rrd"));
	assert_false(twin_exists("store/main/a,b/bad.rrd"));

	/* Again, and alone; it is the same refusal. */
	twin_put(s, bad, T0 + 120, "1");
	twin_flush(s);
	assert_int_equal(s->ops->counts(s)->refused, 3);
	assert_int_equal(refused(s, &all), 1);

	/* What is below another subtree, or of another tree, is not forgiven. */
	s->ops->forgive(s, "main", SLICE("/a"));
	s->ops->forgive(s, "other", SLICE("/a:b"));
	assert_int_equal(refused(s, &all), 1);
	s->ops->forgive(s, "main", SLICE("/a:b/"));
	assert_int_equal(refused(s, &all), 0);
	twin_put(s, bad, T0 + 180, "1");
	twin_flush(s);
	assert_int_equal(refused(s, &all), 1);

	/* It is stored again: that is over. */
	assert_int_equal(bounded(s, "/a:b/bad", 60, "1", "10"), bad);
	twin_put(s, bad, T0 + 240, "1");
	twin_flush(s);
	assert_int_equal(refused(s, &all), 0);
	assert_true(twin_exists("store/main/a,b/bad.rrd"));
	twin_close(s);
}

/* What CONFIG may say makes a file, but for a minimum above its maximum. */
static void
any_bounds_and_periods_make_a_file(void **state)
{
	static const struct {
		uint32_t period_s;
		const char *min, *max;
	} row[] = {
		{ 60, "0", "18446744073709551615" },
		{ 60, "-18446744073709551615", "-1844674407370955161" },
		{ 60, "U", "99999999999999999999999999999999" },
		{ 60, "99999999999999999999999999999999", "U" },
		{ 60, "-9999999999999999999999999999999", "U" },
		{ 60, "0.000000000000000000000000000001",
		    "0.000000000000000000000000000002" },
		{ 60, "123456789012345678.5", "123456789012345679.5" },
		{ 1, "U", "U" },
		{ 1000000000, "U", "U" },
		{ INT32_MAX, "U", "U" },
	};
	struct store *s = twin_open("store");
	struct refusals all;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *path = mem_printf("/%zu", i);
		char *file = mem_printf("store/main/%zu.rrd", i);
		uint32_t h =
		    bounded(s, path, row[i].period_s, row[i].min, row[i].max);

		twin_put(s, h, T0, "1");
		twin_put(s, h, T0 + 60, "2");
		twin_flush(s);
		if (refused(s, &all) > 0)
			fail_msg("%s", all.text);
		assert_true(twin_exists(file));
		free(path);
		free(file);
	}
	assert_int_equal(s->ops->counts(s)->refused, 0);
	twin_close(s);
}

/* A bound of more letters than librrd reads is not narrower than it was. */
static void
a_rounded_bound_keeps_the_value_on_it(void **state)
{
	static const char *const want[] = { "1700000000:18446744073709551615",
		"1700000060:1.5" };
	struct store *s = twin_open("store");
	uint32_t h = bounded(s, "/x", 60, "1.50000000000000000000",
	    "18446744073709551615");

	(void)state;
	twin_put(s, h, T0, "18446744073709551615");
	twin_put(s, h, T0 + 60, "1.5");
	twin_flush(s);
	twin_make("twin.rrd", "GAUGE", T0 - 60, want, 2);
	twin_same("store/main/x.rrd", "twin.rrd", T0 - 60, T0 + 300, 2);
	twin_close(s);
}

static void
a_directory_in_the_way_costs_only_its_leaf(void **state)
{
	struct store *s = twin_open("store");
	uint32_t a = twin_leaf(s, "/x", "GAUGE"),
		 b = twin_leaf(s, "/x.rrd/y", "GAUGE"),
		 c = twin_leaf(s, "/z", "GAUGE");
	char *path = mem_printf("%s/store/main/z.rrd", scratch_path);

	(void)state;
	twin_put(s, a, T0, "1");
	twin_put(s, b, T0, "1");
	twin_put(s, c, T0, "1");
	twin_flush(s);
	assert_int_equal(rrd_last_r(path), T0);
	assert_int_equal(s->ops->counts(s)->refused, 1);
	twin_put(s, b, T0 + 60, "1");
	twin_put(s, c, T0 + 60, "1");
	twin_flush(s);
	assert_int_equal(s->ops->counts(s)->refused, 2);
	assert_int_equal(rrd_last_r(path), T0 + 60);
	free(path);
	twin_close(s);

	/* The other way: the directory was first. */
	s = twin_open("other");
	b = twin_leaf(s, "/x.rrd/y", "GAUGE");
	twin_put(s, b, T0, "1");
	twin_flush(s);
	a = twin_leaf(s, "/x", "GAUGE");
	twin_put(s, a, T0, "1");
	twin_put(s, b, T0 + 60, "1");
	twin_flush(s);
	assert_int_equal(s->ops->counts(s)->refused, 1);
	assert_int_equal(s->ops->counts(s)->written, 2);
	twin_close(s);
}

static void
two_processes_never_share_a_store(void **state)
{
	struct store *s = twin_open("store"), *other;
	char *path = mem_printf("%s/store", scratch_path);
	struct config_store cs = {
		.directory = path,
	};
	struct err e = { 0 };

	(void)state;
	assert_int_equal(s->ops->open(&cs, &other, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	free(path);
	twin_close(s);
}

static void
only_known_stores_are_found(void **state)
{
	(void)state;
	assert_non_null(store_find("rrd"));
	assert_null(store_find("RRD"));
	assert_null(store_find(""));
}
int
main(void)
{
#define TEST(f) SCRATCH_TEST(f, dir)
	const struct CMUnitTest tests[] = {
		TEST(values_are_what_librrd_makes_of_them),
		TEST(a_value_fits_its_kind_or_not),
		TEST(what_does_not_fit_is_unknown_and_costs_no_other),
		TEST(of_one_time_stamp_the_first_wins),
		TEST(the_first_value_is_kept),
		TEST(a_leaf_has_one_handle_and_waits_alone),
		TEST(many_leaves_are_all_found_and_stored),
		TEST(what_a_killed_probe_left_goes_at_a_start),
		TEST(a_leaf_that_cannot_be_stored_fails_alone),
		TEST(any_bounds_and_periods_make_a_file),
		TEST(a_rounded_bound_keeps_the_value_on_it),
		TEST(names_that_cannot_be_are_refused),
		TEST(another_kind_gets_a_new_file_and_the_old_is_kept),
		TEST(a_damaged_file_is_kept_and_made_anew),
		TEST(a_file_that_was_removed_is_made_again),
		TEST(a_directory_in_the_way_costs_only_its_leaf),
		TEST(two_processes_never_share_a_store),
		TEST(only_known_stores_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
