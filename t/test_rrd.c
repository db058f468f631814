/*
 * The store of RRD files against librrd itself: what goes in by put, flush and
 * sync is what rrd_update_r makes of the same values in a twin file; after a
 * kill or a power cut the same again.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <rrd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "hub/stores/rrd_file.h"
#include "hub/stores/store.h"

#define T0 1700000000

static char dir[64];
static int fail_syncfs, fail_fdatasync; /* errno, or 0 */

int __real_syncfs(int);
int __real_fdatasync(int);
int __wrap_syncfs(int);
int __wrap_fdatasync(int);

int
__wrap_syncfs(int fd)
{
	if (fail_syncfs == 0)
		return __real_syncfs(fd);
	errno = fail_syncfs;
	return -1;
}

int
__wrap_fdatasync(int fd)
{
	if (fail_fdatasync == 0)
		return __real_fdatasync(fd);
	errno = fail_fdatasync;
	return -1;
}

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_rrd.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static void
remove_tree(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct names l;
	struct err e = { 0 };

	if (fd == -1) {
		unlink(path);
		return;
	}
	assert_int_equal(durable_list(fd, &l, &e), 0);
	for (size_t i = 0; i < l.n; i++) {
		char *below = mem_printf("%s/%s", path, l.name[i]);

		remove_tree(below);
		free(below);
	}
	names_free(&l);
	close(fd);
	assert_int_equal(rmdir(path), 0);
}

static int
remove_dir(void **state)
{
	(void)state;
	fail_syncfs = fail_fdatasync = 0;
	remove_tree(dir);
	return 0;
}

static const char *const few_rra[] = { "AVERAGE:1x:1d", "AVERAGE:5m:7d",
	"MAX:1h:30d", NULL };

static struct store *
open_at(const char *directory)
{
	struct config_store cs = { .name = "rrd",
		.type = "rrd",
		.directory = directory,
		.rra = few_rra };
	struct store *s = NULL;
	struct err e = { 0 };

	if (store_find("rrd")->open(&cs, &s, &e) == -1)
		fail_msg("%s", e.msg);
	return s;
}

/* Stores of a test, each in a directory of its own. */
static struct store *
open_named(const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	struct store *s = open_at(path);

	free(path);
	return s;
}

static uint32_t
leaf_of(struct store *s, const char *path, const char *dstype)
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

static void
put(struct store *s, uint32_t handle, uint64_t time_s, const char *value)
{
	s->ops->put(s, handle, time_s, slice_str(value));
}

static void
flush_all(struct store *s)
{
	struct err e = { 0 };

	if (s->ops->flush(s, UINT32_MAX, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(s->ops->waiting(s), 0);
}

static void
sync_now(struct store *s)
{
	struct err e = { 0 };

	if (s->ops->sync(s, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
done(struct store *s)
{
	s->ops->close(s);
}

/* A file that librrd alone made and filled. */
static void
twin(const char *file, const char *dstype, time_t start,
    const char *const *text, int n)
{
	char *ds = mem_printf("DS:value:%s:150:U:U", dstype);
	const char *argv[] = { ds, "RRA:AVERAGE:0.5:1:1440",
		"RRA:AVERAGE:0.5:5:2016", "RRA:MAX:0.5:60:720" };
	char *path = mem_printf("%s/%s", dir, file);

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

struct fetched {
	time_t start, end;
	unsigned long step;
	rrd_value_t *data;
	size_t n;
};

static struct fetched
fetch(const char *file, const char *cf, unsigned long step, time_t from,
    time_t to)
{
	struct fetched f = { .start = from, .end = to, .step = step };
	char *path = mem_printf("%s/%s", dir, file);
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
	f.n = (size_t)(f.end - f.start) / f.step + 1;
	free(path);
	return f;
}

/* Every archive says the same in both; at least `known` numbers in the first. */
static void
expect_same(const char *a, const char *b, time_t from, time_t to, size_t known)
{
	static const struct {
		const char *cf;
		unsigned long step;
	} archive[] = { { "AVERAGE", 60 }, { "AVERAGE", 300 },
		{ "MAX", 3600 } };

	for (size_t k = 0; k < 3; k++) {
		struct fetched x =
		    fetch(a, archive[k].cf, archive[k].step, from, to);
		struct fetched y =
		    fetch(b, archive[k].cf, archive[k].step, from, to);
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
		struct store *s = open_named("store");
		char *path = mem_printf("/a/%s", row[k].dstype);
		char *ours = mem_printf("store/main/a/%s.rrd", row[k].dstype);
		char *text[60];
		uint32_t h = leaf_of(s, path, row[k].dstype);

		for (int i = 0; i < 60; i++) {
			const char *v = row[k].value[i % 6];
			uint64_t t = T0 + 57 * (uint64_t)i;

			text[i] =
			    mem_printf("%llu:%s", (unsigned long long)t, v);
			put(s, h, t, v);
			if (i % 7 == 6)
				flush_all(s);
		}
		flush_all(s);
		sync_now(s);
		assert_int_equal(s->ops->counts(s)->put, 60);
		assert_int_equal(s->ops->counts(s)->written, 60);
		assert_int_equal(s->ops->counts(s)->unfit, 0);
		assert_int_equal(s->ops->counts(s)->past, 0);
		done(s);
		twin("twin.rrd", row[k].dstype, T0 - 60,
		    (const char *const *)text, 60);
		expect_same(ours, "twin.rrd", T0 - 600, T0 + 7200, 20);
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
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rrd_file_fits(row[i].dstype, slice_str(row[i].value)) !=
		    row[i].fits)
			fail_msg("%s %s", row[i].dstype, row[i].value);
}

static void
what_does_not_fit_is_unknown_and_costs_no_other(void **state)
{
	static const char *const want[] = { "1700000000:100", "1700000060:U",
		"1700000120:U", "1700000180:400", "1700000240:500" };
	struct store *s = open_named("store");
	uint32_t h = leaf_of(s, "/c", "COUNTER");

	(void)state;
	put(s, h, T0, "100");
	put(s, h, T0 + 60, "1.5");
	put(s, h, T0 + 120, "-7");
	put(s, h, T0 + 180, "400");
	put(s, h, T0 + 240, "500");
	flush_all(s);
	assert_int_equal(s->ops->counts(s)->unfit, 2);
	assert_int_equal(s->ops->counts(s)->written, 5);
	done(s);
	twin("twin.rrd", "COUNTER", T0 - 60, want, 5);
	expect_same("store/main/c.rrd", "twin.rrd", T0 - 60, T0 + 600, 1);
}

static void
of_one_time_stamp_the_first_wins(void **state)
{
	static const char *const want[] = { "1700000000:1", "1700000060:2",
		"1700000120:3" };
	struct store *s = open_named("store");
	uint32_t h = leaf_of(s, "/g", "GAUGE");

	(void)state;
	put(s, h, T0, "1");
	put(s, h, T0, "9");
	put(s, h, T0 + 60, "2");
	flush_all(s);
	put(s, h, T0 + 30, "9");
	assert_int_equal(s->ops->counts(s)->past, 2);
	sync_now(s);
	done(s);

	/* A store that knows nothing is told by the file. */
	s = open_named("store");
	h = leaf_of(s, "/g", "GAUGE");
	put(s, h, T0, "8");
	put(s, h, T0 + 60, "8");
	put(s, h, T0 + 120, "3");
	flush_all(s);
	assert_int_equal(s->ops->counts(s)->past, 2);
	assert_int_equal(s->ops->counts(s)->written, 1);
	put(s, h, T0 + 120, "8");
	assert_int_equal(s->ops->waiting(s), 0);
	done(s);
	twin("twin.rrd", "GAUGE", T0 - 60, want, 3);
	expect_same("store/main/g.rrd", "twin.rrd", T0 - 60, T0 + 600, 2);
}

static void
the_first_value_is_kept(void **state)
{
	struct store *s = open_named("store");
	uint32_t h = leaf_of(s, "/deep/er/g", "GAUGE");
	struct fetched f;

	(void)state;
	put(s, h, T0 + 40, "42"); /* T0 + 40 is a multiple of 60 */
	flush_all(s);
	done(s);
	f = fetch("store/main/deep/er/g.rrd", "AVERAGE", 60, T0 - 20, T0 + 40);
	assert_int_equal(f.start, T0 - 20); /* of the first row's time */
	assert_true(f.data[0] >= 42 && f.data[0] <= 42);
	free(f.data);
}

static void
a_leaf_has_one_handle_and_waits_alone(void **state)
{
	struct store *s = open_named("store");
	uint32_t a = leaf_of(s, "/a", "GAUGE"), b = leaf_of(s, "/b", "GAUGE");
	struct err e = { 0 };

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_equal(leaf_of(s, "/a", "GAUGE"), a);
	put(s, a, T0, "1");
	put(s, b, T0, "2");
	put(s, b, T0 + 60, "2");
	assert_int_equal(s->ops->waiting(s), 3);
	assert_int_equal(s->ops->flush(s, b, &e), 0);
	assert_int_equal(s->ops->waiting(s), 1);
	assert_int_equal(s->ops->flush(s, b, &e), 0);
	flush_all(s);
	flush_all(s);
	done(s);
}

static void
many_leaves_are_all_found_and_stored(void **state)
{
	enum {
		MANY = 3000
	};
	struct store *s = open_named("store");
	uint32_t handle[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		char *path = mem_printf("/d%d/leaf%d", i % 7, i);

		handle[i] = leaf_of(s, path, i % 2 ? "GAUGE" : "COUNTER");
		put(s, handle[i], T0, "1");
		put(s, handle[i], T0 + 60, "2");
		free(path);
	}
	flush_all(s);
	for (int i = 0; i < MANY; i++) {
		char *path = mem_printf("/d%d/leaf%d", i % 7, i);
		char *file = mem_printf("%s/store/main%s.rrd", dir, path);

		assert_int_equal(leaf_of(s, path, i % 2 ? "GAUGE" : "COUNTER"),
		    handle[i]);
		assert_int_equal(rrd_last_r(file), T0 + 60);
		free(path);
		free(file);
	}
	done(s);
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
	struct store *s = open_named("store");

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
	done(s);
}

static bool
exists(const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static void
another_kind_gets_a_new_file_and_the_old_is_kept(void **state)
{
	static const char *const before[] = { "1700000000:1", "1700000060:2" };
	static const char *const after[] = { "1700000120:7", "1700000180:9" };
	struct store *s = open_named("store");
	uint32_t h = leaf_of(s, "/x", "GAUGE");

	(void)state;
	put(s, h, T0, "1");
	put(s, h, T0 + 60, "2"); /* waits when the kind changes */
	assert_int_equal(leaf_of(s, "/x", "COUNTER"), h);
	put(s, h, T0 + 120, "7");
	put(s, h, T0 + 180, "9");
	flush_all(s);
	twin("old.rrd", "GAUGE", T0 - 60, before, 2);
	twin("new.rrd", "COUNTER", T0 + 60, after, 2);
	expect_same("store/main/x.rrd.1", "old.rrd", T0 - 60, T0 + 300, 1);
	expect_same("store/main/x.rrd", "new.rrd", T0 - 60, T0 + 300, 1);

	/* Values of the old kind that come again are past: no third file. */
	done(s);
	s = open_named("store");
	h = leaf_of(s, "/x", "GAUGE");
	put(s, h, T0 + 60, "2");
	flush_all(s);
	assert_false(exists("store/main/x.rrd.2"));
	done(s);
}

static void
overwrite(const char *name, off_t at, const char *text, off_t length)
{
	char *path = mem_printf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
	if (length >= 0)
		assert_int_equal(ftruncate(fd, length), 0);
	close(fd);
	free(path);
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
		struct store *s = open_named("store");
		uint32_t h = leaf_of(s, "/x", "GAUGE"),
			 good = leaf_of(s, "/good", "GAUGE");
		char *kept = mem_printf("store/main/x.rrd.damaged.%zu", i + 1);

		put(s, h, T0, "1");
		flush_all(s);
		sync_now(s);
		overwrite("store/main/x.rrd", row[i].at, "damage",
		    row[i].length);
		put(s, h, T0 + 60, "2");
		put(s, good, T0 + 60 + i, "3");
		flush_all(s);
		assert_true(exists(kept));
		twin("twin.rrd", "GAUGE", T0, want, 1);
		expect_same("store/main/x.rrd", "twin.rrd", T0 - 60, T0 + 300,
		    1);
		done(s);
		free(kept);
		kept = mem_printf("%s/store/main/x.rrd", dir);
		unlink(kept);
		free(kept);
		kept = mem_printf("%s/store/.journal", dir);
		unlink(kept);
		free(kept);
	}
}

static void
a_file_that_was_removed_is_made_again(void **state)
{
	struct store *s = open_named("store");
	uint32_t h = leaf_of(s, "/x", "GAUGE");
	char *path = mem_printf("%s/store/main/x.rrd", dir);
	struct err e = { 0 };

	(void)state;
	put(s, h, T0, "1");
	flush_all(s);
	assert_int_equal(unlink(path), 0);
	put(s, h, T0 + 60, "2");
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(s->ops->waiting(s), 1);
	flush_all(s);
	assert_int_equal(rrd_last_r(path), T0 + 60);
	free(path);
	done(s);
}

static void
a_directory_in_the_way_costs_only_its_leaf(void **state)
{
	struct store *s = open_named("store");
	uint32_t a = leaf_of(s, "/x", "GAUGE"),
		 b = leaf_of(s, "/x.rrd/y", "GAUGE"),
		 c = leaf_of(s, "/z", "GAUGE");
	char *path = mem_printf("%s/store/main/z.rrd", dir);
	struct err e = { 0 };

	(void)state;
	put(s, a, T0, "1");
	put(s, b, T0, "1");
	put(s, c, T0, "1");
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(s->ops->waiting(s), 1);
	assert_int_equal(rrd_last_r(path), T0);
	flush_all(s); /* now it is known: dropped, counted */
	assert_int_equal(s->ops->counts(s)->refused, 1);
	put(s, b, T0 + 60, "1");
	put(s, c, T0 + 60, "1");
	flush_all(s);
	assert_int_equal(s->ops->counts(s)->refused, 2);
	assert_int_equal(rrd_last_r(path), T0 + 60);
	free(path);
	done(s);

	/* The other way: the directory was first. */
	s = open_named("other");
	b = leaf_of(s, "/x.rrd/y", "GAUGE");
	put(s, b, T0, "1");
	flush_all(s);
	a = leaf_of(s, "/x", "GAUGE");
	put(s, a, T0, "1");
	put(s, b, T0 + 60, "1");
	flush_all(s);
	assert_int_equal(s->ops->counts(s)->refused, 1);
	assert_int_equal(s->ops->counts(s)->written, 2);
	done(s);
}

/* After an unclean end. */

static char *
value_text(int leaf, int i)
{
	return mem_printf("%d", leaf % 2 ? 1000 * i + leaf : i % 17 + leaf);
}

/* Values from..to of some leaves; every third call flushes. */
enum {
	LEAVES = 80
};

static void
feed(struct store *s, int from, int to)
{
	uint32_t handle[LEAVES];

	for (int k = 0; k < LEAVES; k++) {
		char *path = mem_printf("/p/%d", k);

		handle[k] = leaf_of(s, path, k % 2 ? "COUNTER" : "GAUGE");
		free(path);
	}
	for (int i = from; i < to; i++) {
		for (int k = 0; k < LEAVES; k++) {
			char *v = value_text(k, i);

			put(s, handle[k], T0 + 60 * (uint64_t)i, v);
			free(v);
		}
		if (i % 3 == 2)
			flush_all(s);
	}
	flush_all(s);
}

static void
expect_as_straight_run(int n)
{
	struct store *s = open_named("straight");

	feed(s, 0, n);
	done(s);
	for (int k = 0; k < LEAVES; k++) {
		char *a = mem_printf("store/main/p/%d.rrd", k);
		char *b = mem_printf("straight/main/p/%d.rrd", k);

		expect_same(a, b, T0 - 600, T0 + 60 * n + 600, (size_t)n - 5);
		free(a);
		free(b);
	}
}

/* What a power cut may leave of a file: head and rows of different ages. */
static void
copy_part(const char *from, const char *to, off_t at, size_t n)
{
	char *a = mem_printf("%s/%s", dir, from);
	char *b = mem_printf("%s/%s", dir, to);
	int in = open(a, O_RDONLY), out = open(b, O_RDWR | O_CREAT, 0600);
	struct buf bytes = { 0 };
	struct err e = { 0 };

	assert_true(in >= 0 && out >= 0);
	assert_int_equal(io_pread_upto(in, n, (uint64_t)at, &bytes, &e), 0);
	assert_int_equal(
	    io_pwrite_full(out, buf_slice(&bytes), (uint64_t)at, &e), 0);
	buf_clear(&bytes);
	close(in);
	close(out);
	free(a);
	free(b);
}

static void
a_power_cut_leaves_no_hole_and_counts_nothing_twice(void **state)
{
	struct store *s = open_named("store");

	(void)state;
	feed(s, 0, 40);
	sync_now(s);
	for (int k = 0; k < LEAVES; k++) {
		char *live = mem_printf("store/main/p/%d.rrd", k);
		char *old = mem_printf("old.%d", k);

		copy_part(live, old, 0, 1 << 20);
		free(live);
		free(old);
	}
	feed(s, 40, 100);
	done(s); /* without a sync: the mark is behind 40 */
	for (int k = 0; k < LEAVES; k++) {
		char *live = mem_printf("store/main/p/%d.rrd", k);
		char *old = mem_printf("old.%d", k);

		/* New head and old rows; old head and new rows; half a head;
		 * nothing of the new. */
		if (k % 4 == 0)
			copy_part(old, live, 4096, 1 << 20);
		else if (k % 4 == 1)
			copy_part(old, live, 0, 4096);
		else if (k % 4 == 2)
			copy_part(old, live, 0, 700);
		else
			copy_part(old, live, 0, 1 << 20);
		free(live);
		free(old);
	}
	s = open_named("store");
	feed(s, 40, 100);
	sync_now(s);
	done(s);
	expect_as_straight_run(100);
}

static void
files_that_are_new_since_the_sync_are_made_again(void **state)
{
	struct store *s = open_named("store");

	(void)state;
	sync_now(s);
	feed(s, 0, 30);
	done(s);
	for (int k = 0; k < LEAVES; k++) { /* files full of nothing */
		char *path = mem_printf("%s/store/main/p/%d.rrd", dir, k);

		assert_int_equal(truncate(path, k % 3 == 0 ? 0 : 600), 0);
		free(path);
	}
	s = open_named("store");
	assert_false(exists("store/main/p/0.rrd"));
	feed(s, 0, 30);
	done(s);
	expect_as_straight_run(30);
}

/* Killed anywhere, also while librrd changes a mapped head. */
static void
a_kill_at_any_time_changes_nothing(void **state)
{
	struct store *s = open_named("store");

	(void)state;
	feed(s, 0, 30);
	sync_now(s);
	done(s);
	for (unsigned k = 0; k < 16; k++) {
		struct timespec ts = { 0, (long)(k * 3 + 1) * 1000000 };
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			s = open_named("store");
			feed(s, 30, 1000000);
		}
		nanosleep(&ts, NULL); /* some instant, not a condition */
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
	s = open_named("store");
	assert_int_equal(s->ops->counts(s)->put, 0);
	feed(s, 30, 90);
	assert_int_equal(s->ops->counts(s)->past, 0);
	sync_now(s);
	done(s);
	expect_as_straight_run(90);
}

static void
a_torn_record_is_passed_over_and_a_damaged_one_is_said(void **state)
{
	struct store *s = open_named("store");
	struct stat st;
	char *path = mem_printf("%s/store/.journal", dir);

	(void)state;
	feed(s, 0, 20);
	done(s);
	assert_int_equal(stat(path, &st), 0);
	overwrite("store/.journal", st.st_size, "RRDH torn", -1);
	s = open_named("store");
	assert_false(exists("store/.journal.damaged"));
	assert_false(exists("store/main/p/0.rrd"));
	feed(s, 0, 20);
	done(s);
	overwrite("store/.journal", 60, "damage", -1);
	s = open_named("store");
	assert_true(exists("store/.journal.damaged"));
	done(s);
	free(path);
}

static void
a_failed_sync_is_final_until_reopened(void **state)
{
	struct store *s = open_named("store");
	uint32_t h = leaf_of(s, "/x", "GAUGE");
	struct err e = { 0 };

	(void)state;
	put(s, h, T0, "1");
	flush_all(s);
	fail_syncfs = EIO;
	assert_int_equal(s->ops->sync(s, &e), -1);
	assert_int_equal(e.sys, EIO);
	fail_syncfs = 0;
	assert_int_equal(s->ops->sync(s, &e), -1); /* not believed */
	assert_int_equal(e.kind, ERR_TEMP);
	put(s, h, T0 + 60, "2");
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(s->ops->waiting(s), 1);
	done(s);

	s = open_named("store"); /* what was not synced is applied again */
	assert_false(exists("store/main/x.rrd"));
	done(s);
}

static void
nothing_is_updated_before_its_journal_is_durable(void **state)
{
	struct store *s = open_named("store");
	uint32_t h = leaf_of(s, "/x", "GAUGE");
	char *path = mem_printf("%s/store/main/x.rrd", dir);
	struct err e = { 0 };

	(void)state;
	put(s, h, T0, "1");
	flush_all(s);
	sync_now(s);
	put(s, h, T0 + 60, "2");
	fail_fdatasync = EIO;
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(e.sys, EIO);
	fail_fdatasync = 0;
	assert_int_equal(rrd_last_r(path), T0);
	assert_int_equal(s->ops->waiting(s), 1);
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	done(s);
	free(path);
}

static void
two_processes_never_share_a_store(void **state)
{
	struct store *s = open_named("store"), *other;
	char *path = mem_printf("%s/store", dir);
	struct config_store cs = { .directory = path, .rra = few_rra };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(s->ops->open(&cs, &other, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	free(path);
	done(s);
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(values_are_what_librrd_makes_of_them),
		TEST(a_value_fits_its_kind_or_not),
		TEST(what_does_not_fit_is_unknown_and_costs_no_other),
		TEST(of_one_time_stamp_the_first_wins),
		TEST(the_first_value_is_kept),
		TEST(a_leaf_has_one_handle_and_waits_alone),
		TEST(many_leaves_are_all_found_and_stored),
		TEST(names_that_cannot_be_are_refused),
		TEST(another_kind_gets_a_new_file_and_the_old_is_kept),
		TEST(a_damaged_file_is_kept_and_made_anew),
		TEST(a_file_that_was_removed_is_made_again),
		TEST(a_directory_in_the_way_costs_only_its_leaf),
		TEST(a_power_cut_leaves_no_hole_and_counts_nothing_twice),
		TEST(files_that_are_new_since_the_sync_are_made_again),
		TEST(a_kill_at_any_time_changes_nothing),
		TEST(a_torn_record_is_passed_over_and_a_damaged_one_is_said),
		TEST(a_failed_sync_is_final_until_reopened),
		TEST(nothing_is_updated_before_its_journal_is_durable),
		TEST(two_processes_never_share_a_store),
		TEST(only_known_stores_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
