/*
 * The compiled tree: what was written is found, damage is seen, a failure
 * leaves the file of before.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/scratch.h"
#include "xmlconfig/compiled.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct compiled_head head = {
	.stream = { { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	    0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } },
	.generation = 7,
	.msgid = INT64_MAX,
};

int __real_fsync(int fd);
int __wrap_fsync(int fd);
static int failing_sync;

int
__wrap_fsync(int fd)
{
	if (failing_sync > 0 && --failing_sync == 0) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

/* Leaves of these paths, each with its number as token, every second one with
 * a parameter. */
static struct tree *
make_tree(const char *const *paths, size_t n)
{
	struct tree *t = tree_new();
	struct err e = { 0 };
	char token[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(token, sizeof(token), "T%zu", i);
		if (tree_add(t, slice_str(paths[i]), slice_str(token), &e) ==
		    -1)
			fail_msg("%s", e.msg);
		if (i % 2 != 0)
			tree_set(t, SLICE("comment"), slice_str(paths[i]));
	}
	if (tree_finish(t, &e) == -1)
		fail_msg("%s", e.msg);
	return t;
}

static struct compiled *
compile(int dir, const struct tree *t)
{
	struct compiled *c = NULL;
	struct err e = { 0 };

	if (compiled_write(dir, "a.sqlite", t, &head, &e) == -1 ||
	    compiled_open(dir, "a.sqlite", &c, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(scratch_count(dir), 1);
	return c;
}

static const char *const some[] = { "/a/b/c", "/a-b", "/a.b", "/a/b/d", "/a0",
	"/q/r", "/a/bb", "/a/b-/x" };

static void
every_leaf_is_found_as_it_was(void **state)
{
	int dir = scratch_open();
	struct tree *t = make_tree(some, COUNT(some));
	struct compiled *c = compile(dir, t);
	struct err e = { 0 };
	struct tree_leaf l, found;

	(void)state;
	assert_true(stream_eq(compiled_head(c)->stream, head.stream));
	assert_true(compiled_head(c)->generation == 7);
	assert_true(compiled_head(c)->msgid == INT64_MAX);
	assert_true(compiled_head(c)->leaves == COUNT(some));
	for (size_t i = 0; i < tree_size(t); i++) {
		l = tree_leaf(t, i);
		assert_int_equal(compiled_find(c, l.path, &found, &e), 1);
		assert_true(slice_eq(found.path, l.path));
		assert_true(slice_eq(found.token, l.token));
		assert_true(slice_eq(found.params, l.params));
	}
	assert_int_equal(compiled_find(c, SLICE("/a"), &found, &e), 0);
	assert_int_equal(compiled_find(c, SLICE("/a/b"), &found, &e), 0);
	assert_int_equal(compiled_find(c, SLICE("/zz"), &found, &e), 0);
	assert_int_equal(compiled_find(c, SLICE(""), &found, &e), 0);
	compiled_close(c);
	tree_free(t);
	scratch_close(dir);
}

struct list {
	struct buf text;
	size_t most; /* then stop; 0: never */
};

static bool
list_leaf(void *arg, const struct tree_leaf *l)
{
	struct list *list = arg;

	buf_printf(&list->text, "%.*s ", (int)l->path.n, l->path.p);
	return list->most == 0 || --list->most > 0;
}

static void
a_subtree_is_listed_in_path_order(void **state)
{
	static const struct {
		const char *path;
		size_t most;
		const char *leaves;
	} row[] = {
		{ "/", 0, "/a-b /a.b /a/b-/x /a/b/c /a/b/d /a/bb /a0 /q/r " },
		{ "", 2, "/a-b /a.b " },
		{ "/a", 0, "/a/b-/x /a/b/c /a/b/d /a/bb " },
		{ "/a/b", 0, "/a/b/c /a/b/d " },
		{ "/a/b/", 1, "/a/b/c " },
		{ "/a/b/c", 0, "/a/b/c " },
		{ "/a/b/c/d", 0, "" },
		{ "/zz", 0, "" },
	};
	int dir = scratch_open();
	struct tree *t = make_tree(some, COUNT(some));
	struct compiled *c = compile(dir, t);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct list list = { .most = row[i].most };
		struct err e = { 0 };

		buf_put_str(&list.text, "");
		assert_int_equal(compiled_each(c, slice_str(row[i].path),
				     list_leaf, &list, &e),
		    0);
		assert_string_equal(list.text.p, row[i].leaves);
		buf_clear(&list.text);
	}
	compiled_close(c);
	tree_free(t);
	scratch_close(dir);
}

static void
an_empty_tree_is_a_file(void **state)
{
	int dir = scratch_open();
	struct tree *t = make_tree(NULL, 0);
	struct compiled *c = compile(dir, t);
	struct list list = { .most = 0 };
	struct err e = { 0 };
	struct tree_leaf l;

	(void)state;
	assert_true(compiled_head(c)->leaves == 0);
	assert_int_equal(compiled_find(c, SLICE("/a"), &l, &e), 0);
	assert_int_equal(compiled_each(c, SLICE("/"), list_leaf, &list, &e), 0);
	assert_int_equal(list.text.n, 0);
	compiled_close(c);
	tree_free(t);
	scratch_close(dir);
}

static void
a_reader_keeps_what_it_opened(void **state)
{
	static const char *const other[] = { "/x/y" };
	int dir = scratch_open();
	struct tree *t = make_tree(some, COUNT(some));
	struct tree *t2 = make_tree(other, COUNT(other));
	struct compiled *old = compile(dir, t), *new = compile(dir, t2);
	struct err e = { 0 };
	struct tree_leaf l;

	(void)state;
	assert_int_equal(compiled_find(old, SLICE("/q/r"), &l, &e), 1);
	assert_int_equal(compiled_find(new, SLICE("/q/r"), &l, &e), 0);
	assert_int_equal(compiled_find(new, SLICE("/x/y"), &l, &e), 1);
	compiled_close(old);
	compiled_close(new);
	tree_free(t);
	tree_free(t2);
	scratch_close(dir);
}

static void
no_file_and_no_plain_file_is_opened(void **state)
{
	int dir = scratch_open();
	struct compiled *c = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(compiled_open(dir, "none", &c, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_int_equal(symlinkat("/etc/passwd", dir, "link"), 0);
	assert_int_equal(compiled_open(dir, "link", &c, &e), -1);
	assert_null(c);
	scratch_close(dir);
}

/* Every prefix of a file at page borders and some between, and every page of
 * it overwritten: refused, or read without a fault. */
static void
damage_is_seen_or_harmless(void **state)
{
	int dir = scratch_open();
	struct tree *t = tree_new();
	struct err e = { 0 };
	struct buf whole;
	struct compiled *c;
	char path[32];

	(void)state;
	for (int i = 0; i < 2000; i++) { /* more than one page of leaves */
		snprintf(path, sizeof(path), "/a/l%d", i);
		assert_int_equal(tree_add(t, slice_str(path), SLICE(""), &e),
		    0);
	}
	assert_int_equal(tree_finish(t, &e), 0);
	c = compile(dir, t);
	compiled_close(c);
	whole = scratch_read(dir, "a.sqlite");
	for (size_t cut = 0; cut < whole.n; cut += 1000) {
		scratch_write(dir, "b", (struct slice){ whole.p, cut });
		if (compiled_open(dir, "b", &c, &e) == 0)
			fail_msg("%zu of %zu bytes were opened", cut, whole.n);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	for (size_t at = 0; at < whole.n; at += 512) {
		struct buf b = { 0 };
		struct list list = { .most = 0 };
		struct tree_leaf l;

		buf_put(&b, buf_slice(&whole));
		memset(b.p + at, (int)at, b.n - at < 512 ? b.n - at : 512);
		scratch_write(dir, "b", buf_slice(&b));
		if (compiled_open(dir, "b", &c, &e) == 0) {
			compiled_find(c, SLICE("/a/l7"), &l, &e);
			compiled_each(c, SLICE("/"), list_leaf, &list, &e);
			compiled_close(c);
		}
		buf_clear(&list.text);
		buf_clear(&b);
	}
	buf_clear(&whole);
	tree_free(t);
	scratch_close(dir);
}

static void
a_failure_leaves_the_file_of_before(void **state)
{
	const struct rlimit small = { .rlim_cur = 4096, .rlim_max = SIZE_MAX };
	struct rlimit before;
	int dir = scratch_open();
	struct tree *t = make_tree(some, COUNT(some));
	struct err e = { 0 };
	struct buf b;

	(void)state;
	scratch_write(dir, "a.sqlite", SLICE("as it was"));
	failing_sync = 1;
	assert_int_equal(compiled_write(dir, "a.sqlite", t, &head, &e), -1);
	assert_int_equal(e.sys, EIO);

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(compiled_write(dir, "a.sqlite", t, &head, &e), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_true(e.kind == ERR_SYS || e.kind == ERR_TEMP);

	b = scratch_read(dir, "a.sqlite");
	assert_string_equal(b.p, "as it was");
	assert_int_equal(scratch_count(dir), 1);
	buf_clear(&b);
	tree_free(t);
	scratch_close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_leaf_is_found_as_it_was),
		cmocka_unit_test(a_subtree_is_listed_in_path_order),
		cmocka_unit_test(an_empty_tree_is_a_file),
		cmocka_unit_test(a_reader_keeps_what_it_opened),
		cmocka_unit_test(no_file_and_no_plain_file_is_opened),
		cmocka_unit_test(damage_is_seen_or_harmless),
		cmocka_unit_test(a_failure_leaves_the_file_of_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
