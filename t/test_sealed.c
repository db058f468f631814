/*
 * Small state files: their closing line, and what is made of one that is
 * missing, damaged, too large or strange.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/sealed.h"
#include "t/scratch.h"

#define TEST(name) SCRATCH_TEST(name, dir)

static int dir = -1;

static const char *const words[] = { NULL, SEALED_END };

static struct sealed_place
place(const char *folder, const char *word)
{
	return (struct sealed_place){ .dirfd = dir,
		.folder = folder,
		.name = "file",
		.limit = 64,
		.word = word };
}

static bool
count_line(void *arg, struct slice line)
{
	unsigned *n = arg;

	++*n;
	return !slice_eq_str(line, "strange");
}

static int
write_text(const struct sealed_place *at, const char *text, struct err *e)
{
	struct buf b = { 0 };
	int rc;

	buf_put_str(&b, text);
	rc = sealed_write(at, &b, e);
	buf_clear(&b);
	return rc;
}

static void
what_is_written_is_read(void **state)
{
	static const char *const text[] = { "", "one\n", "one\n\ntwo words\n" };
	static const char *const folder[] = { NULL, "folder" };

	(void)state;
	for (size_t i = 0; i < 3 * 2 * 2; i++) {
		const struct sealed_place at =
		    place(folder[i / 6], words[i / 3 % 2]);
		struct buf keep = { 0 };
		struct slice got;
		struct err e = { 0 };

		assert_int_equal(write_text(&at, text[i % 3], &e), 0);
		assert_int_equal(sealed_read(&at, &keep, &got, &e), 0);
		assert_true(slice_eq_str(got, text[i % 3]));
		buf_clear(&keep);
	}
}

static void
a_missing_file_has_no_lines(void **state)
{
	const struct sealed_place at = place("folder", NULL);
	unsigned n = 0;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(sealed_each(&at, count_line, &n, &e), 0);
	assert_int_equal(n, 0);
}

/* Cut anywhere, or with any byte another one. */
static void
damage_is_seen(void **state)
{
	(void)state;
	for (size_t w = 0; w < 2; w++) {
		struct buf b = { 0 };
		struct slice s;

		buf_put_str(&b, "one\ntwo\n");
		sealed_close(&b, words[w]);
		s = buf_slice(&b);
		assert_true(sealed_open(&s, words[w]));
		assert_true(slice_eq_str(s, "one\ntwo\n"));
		s = buf_slice(&b);
		assert_false(sealed_open(&s, words[1 - w]));
		for (size_t i = 0; i < b.n; i++) {
			s = (struct slice){ b.p, i };
			assert_false(sealed_open(&s, words[w]));
			assert_int_equal(s.n, i);
			b.p[i] ^= 4;
			s = buf_slice(&b);
			assert_false(sealed_open(&s, words[w]));
			b.p[i] ^= 4;
		}
		buf_clear(&b);
	}
}

static void
what_is_wrong_is_input(void **state)
{
	const struct sealed_place at = place(NULL, NULL);
	unsigned n = 0;
	struct err e = { 0 };

	(void)state;
	scratch_write(dir, "file", SLICE("one\ncrc32=00000000\n"));
	assert_int_equal(sealed_each(&at, count_line, &n, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(n, 0);
	assert_int_equal(write_text(&at, "one\nstrange\ntwo\n", &e), 0);
	assert_int_equal(sealed_each(&at, count_line, &n, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(n, 2);
	assert_int_equal(write_text(&at,
			     "a line that makes the file too large for the "
			     "limit of its place\n",
			     &e),
	    0);
	assert_int_equal(sealed_each(&at, count_line, &n, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(a_missing_file_has_no_lines),
		TEST(damage_is_seen),
		TEST(what_is_wrong_is_input),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
