/*
 * What tests of the configuration share: a file "c" in the scratch directory that is
 * accepted, or refused with a complaint about a line of it.
 */
#ifndef T_CONFIG_ROWS_H
#define T_CONFIG_ROWS_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config/config.h"
#include "t/scratch.h"

#define NODE   "node \"n\" {\n}\n"
#define LINKED NODE "association \"a\" { hub = n spoke = s hub-subtree = \"/A\""

/* A file of that text in our directory; its name lives until the next. */
static inline const char *
file(const char *name, const char *text, size_t n)
{
	static char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", scratch_path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(close(fd), 0);
	return path;
}

static inline const char *
put(const char *name, const char *text)
{
	return file(name, text, strlen(text));
}

static inline struct config *
accept(const char *text)
{
	struct config *c = NULL;
	struct err e = { 0 };

	if (config_read(put("c", text), &c, &e) == -1)
		fail_msg("%s", e.msg);
	return c;
}

/* The complaint about a text, after the directory's name. */
static inline const char *
refuse(const char *text, size_t n)
{
	static struct err e;
	struct config *c = NULL;

	e = (struct err){ 0 };
	if (config_read(file("c", text, n), &c, &e) == 0)
		fail_msg("accepted: %.200s", text);
	assert_null(c);
	assert_int_equal(err_exit_code(&e), 78);
	assert_memory_equal(e.msg, scratch_path, strlen(scratch_path));
	return e.msg + strlen(scratch_path) + 1;
}

static inline const char *
refuse_text(const char *text)
{
	return refuse(text, strlen(text));
}

struct row {
	const char *text;
	const char *complaint; /* begins so, after the directory */
};

static inline void
refuse_rows(const struct row *row, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *got = refuse_text(row[i].text);

		if (strncmp(got, row[i].complaint, strlen(row[i].complaint)) !=
		    0)
			fail_msg("%s\n  gets: %s\nwanted: %s", row[i].text, got,
			    row[i].complaint);
	}
}

#define REFUSE(rows) refuse_rows(rows, sizeof(rows) / sizeof(*(rows)))

#endif
