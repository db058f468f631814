/*
 * Errors and the log's escaper: exit statuses, cutting, one line.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/log.h"

static void
every_kind_has_its_exit_status(void **state)
{
	static const struct {
		enum err_kind kind;
		int sys, exit;
	} row[] = {
		{ ERR_NONE, 0, 0 },
		{ ERR_USAGE, 0, 64 },
		{ ERR_INPUT, 0, 65 },
		{ ERR_MISSING, 0, 66 },
		{ ERR_HOST, 0, 69 },
		{ ERR_INTERNAL, 0, 70 },
		{ ERR_CREATE, 0, 73 },
		{ ERR_TEMP, 0, 75 },
		{ ERR_PROTOCOL, 0, 76 },
		{ ERR_DENIED, 0, 77 },
		{ ERR_CONFIG, 0, 78 },
		{ ERR_SYS, ENOMEM, 71 },
		{ ERR_SYS, EIO, 74 },
		{ ERR_SYS, ENOSPC, 75 },
		{ ERR_SYS, EDQUOT, 75 },
		{ ERR_SYS, EMFILE, 75 },
		{ ERR_SYS, EACCES, 77 },
		{ ERR_SYS, ENOENT, 66 },
		{ ERR_SYS, EROFS, 73 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct err e = { .kind = row[i].kind, .sys = row[i].sys };

		assert_int_equal(err_exit_code(&e), row[i].exit);
		assert_non_null(err_kind_name(e.kind));
	}
}

static void
what_another_process_wrote_is_made_safe(void **state)
{
	struct err e = { .kind = ERR_TEMP };

	(void)state;
	memset(e.msg, 'x', sizeof(e.msg));
	assert_true(err_from_outside(&e));
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	e.kind = (enum err_kind)(ERR_INTERNAL + 1);
	assert_false(err_from_outside(&e));
	assert_int_equal(e.kind, ERR_NONE);
	assert_string_equal(e.msg, "");
}

static void
the_worse_status_wins_in_the_stated_order(void **state)
{
	static const int order[] = { 78, 77, 76, 65, 75 };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = i; j < 5; j++) {
			assert_int_equal(err_worse_exit(order[i], order[j]),
			    order[i]);
			assert_int_equal(err_worse_exit(order[j], order[i]),
			    order[i]);
		}
		assert_int_equal(err_worse_exit(0, order[i]), order[i]);
	}
	assert_int_equal(err_worse_exit(0, 0), 0);
	assert_int_equal(err_worse_exit(74, 71), 74);
}

static void
wrapping_puts_the_context_first(void **state)
{
	struct err e = { 0 };

	(void)state;
	errno = ENOSPC;
	assert_int_equal(err_sys(&e, "write %s", "x"), -1);
	assert_int_equal(e.sys, ENOSPC);
	assert_int_equal(err_wrap(&e, "association %s", "alps"), -1);
	assert_string_equal(e.msg,
	    "association alps: write x: No space left on device");
}

static void
a_long_text_ends_in_dots(void **state)
{
	struct err e = { 0 };
	char much[1000];

	(void)state;
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	err_set(&e, ERR_INPUT, "%s", much);
	assert_int_equal(strlen(e.msg), ERR_MSG_SIZE - 1);
	assert_string_equal(e.msg + ERR_MSG_SIZE - 4, "...");
	err_set(&e, ERR_INPUT, "short");
	err_wrap(&e, "%s", much);
	assert_string_equal(e.msg + ERR_MSG_SIZE - 4, "...");
}

static void
outside_bytes_become_one_printable_line(void **state)
{
	char out[64], small[8];

	(void)state;
	assert_string_equal(
	    log_escape(out, sizeof(out), SLICE("a\n\x1b[2J\\%n\xff\0z")),
	    "a\\x0a\\x1b[2J\\\\%n\\xff\\x00z");
	assert_string_equal(log_escape(small, sizeof(small), SLICE("12345")),
	    "12345");
	assert_string_equal(log_escape(small, sizeof(small), SLICE("12345678")),
	    "1234...");
	assert_string_equal(log_escape(small, sizeof(small), SLICE("\n\n")),
	    "\\x0a...");
	assert_string_equal(log_escape(small, sizeof(small), SLICE("")), "");
}

/* Whatever it is made of: one line, of so many bytes and the head. */
static void
a_line_of_the_log_has_a_limit(void **state)
{
	static char text[1 << 20], line[1 << 14];
	int keep = dup(STDERR_FILENO), fd[2];
	ssize_t n;

	(void)state;
	for (int escaped = 0; escaped <= 1; escaped++) {
		memset(text, escaped ? '\n' : 'x', sizeof(text) - 1);
		assert_int_equal(pipe(fd), 0);
		assert_int_equal(dup2(fd[1], STDERR_FILENO), STDERR_FILENO);
		log_open("t", LOG_TARGET_AUTO, LOG_LEVEL_WARN);
		log_warn("%s", text);
		assert_int_equal(dup2(keep, STDERR_FILENO), STDERR_FILENO);
		close(fd[1]);
		n = read(fd[0], line, sizeof(line));
		close(fd[0]);
		assert_in_range(n, 100, LOG_LINE_MAX + 96);
		assert_ptr_equal(memchr(line, '\n', (size_t)n), line + n - 1);
	}
	close(keep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_its_exit_status),
		cmocka_unit_test(what_another_process_wrote_is_made_safe),
		cmocka_unit_test(the_worse_status_wins_in_the_stated_order),
		cmocka_unit_test(wrapping_puts_the_context_first),
		cmocka_unit_test(a_long_text_ends_in_dots),
		cmocka_unit_test(outside_bytes_become_one_printable_line),
		cmocka_unit_test(a_line_of_the_log_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
