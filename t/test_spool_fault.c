/*
 * System calls that fail, are short, or are the last of a process: what was
 * said to be there is there, what was not is there whole or not at all, and
 * nothing is there twice.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/test_spool_helper.h"
#include "t/wrap_openat.h"

/* The calls that may fail; FAULT_ANY counts all of them. */
enum fault_call {
	FAULT_PWRITE,
	FAULT_WRITE,
	FAULT_FSYNC,
	FAULT_FDATASYNC,
	FAULT_RENAMEAT2,
	FAULT_FTRUNCATE,
	FAULT_UNLINKAT,
	FAULT_OPENAT,
	FAULT_ANY,
};

enum {
	SHORT = -1, /* half of the bytes are written, once */
	DIE = -2    /* the process ends before the call */
};

static struct {
	enum fault_call call;
	unsigned at;   /* the call that fails, from 1; 0: none */
	unsigned more; /* and so many after it */
	int what;      /* errno, SHORT or DIE */
	unsigned n;    /* calls so far */
} fault;

static bool
strikes(enum fault_call call)
{
	if (fault.at == 0 || (fault.call != FAULT_ANY && fault.call != call))
		return false;
	fault.n++;
	if (fault.n < fault.at || fault.n > fault.at + fault.more)
		return false;
	if (fault.what == DIE)
		_exit(0);
	errno = fault.what;
	return true;
}

static void
set_fault(enum fault_call call, unsigned at, int what)
{
	fault.call = call;
	fault.at = at;
	fault.what = what;
	fault.n = fault.more = 0;
}

ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags);
int __wrap_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (strikes(FAULT_PWRITE)) {
		if (fault.what == SHORT)
			return __real_pwrite(fd, p, (n + 1) / 2, at);
		__real_pwrite(fd, p, n / 2, at);
		errno = fault.what;
		return -1;
	}
	return __real_pwrite(fd, p, n, at);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	if (strikes(FAULT_WRITE))
		return fault.what == SHORT ? __real_write(fd, p, (n + 1) / 2)
					   : -1;
	return __real_write(fd, p, n);
}

int
__wrap_fsync(int fd)
{
	return strikes(FAULT_FSYNC) ? -1 : __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	return strikes(FAULT_FDATASYNC) ? -1 : __real_fdatasync(fd);
}

int
__wrap_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags)
{
	if (strikes(FAULT_RENAMEAT2))
		return -1;
	return __real_renameat2(dir, name, to_dir, to, flags);
}

int
__wrap_ftruncate(int fd, off_t size)
{
	return strikes(FAULT_FTRUNCATE) ? -1 : __real_ftruncate(fd, size);
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	if (strikes(FAULT_UNLINKAT))
		return -1;
	return __real_unlinkat(dir, name, flags);
}

int
wrapped_openat(int dir, const char *name, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0 && strikes(FAULT_OPENAT))
		return -1;
	return __real_openat(dir, name, flags, mode);
}

static const char *
numbers(uint64_t last)
{
	static char out[512];
	size_t n = 0;

	out[0] = '\0';
	for (uint64_t i = 1; i <= last; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%" PRIu64,
		    i > 1 ? " " : "", i);
	return out;
}

/* A commit fails; the next one, and the next open, go on as if it had not
 * been. */
static void
a_commit_that_fails_leaves_nothing(void **state)
{
	static const struct {
		enum fault_call call;
		int what;
		bool fresh; /* with a CONFIG: two segments */
		unsigned at;
		bool succeeds;
	} rows[] = {
		{ FAULT_PWRITE, SHORT, false, 1, true },
		{ FAULT_PWRITE, EINTR, false, 1, true },
		{ FAULT_PWRITE, ENOSPC, false, 1, false },
		{ FAULT_PWRITE, EDQUOT, false, 1, false },
		{ FAULT_PWRITE, EIO, false, 1, false },
		{ FAULT_PWRITE, EFBIG, true, 2, false },
		{ FAULT_FDATASYNC, EIO, false, 1, false },
		{ FAULT_FDATASYNC, ENOSPC, true, 1, false },
		{ FAULT_FDATASYNC, EIO, true, 2, false },
		{ FAULT_FSYNC, EIO, true, 1, false },
		{ FAULT_OPENAT, EMFILE, true, 1, false },
		{ FAULT_OPENAT, EROFS, true, 1, false },
		/* committed before it is named: that can wait */
		{ FAULT_RENAMEAT2, EDQUOT, true, 1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int top = helper_dir();
		struct outbox *o = helper_filled(top, 1);
		struct err e = { 0 };
		uint64_t last = 3;
		int rc;

		assert_int_equal(helper_put_data(o, 3, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
		assert_int_equal(helper_put_data(o, 4, &e), 0);
		if (rows[i].fresh)
			assert_int_equal(helper_put_config(o, 2, 1, 1, &e), 0);
		set_fault(rows[i].call, rows[i].at, rows[i].what);
		rc = outbox_commit(o, &e);
		assert_true(fault.n >= rows[i].at); /* it did strike */
		set_fault(FAULT_ANY, 0, 0);
		if ((rc == 0) != rows[i].succeeds)
			fail_msg("row %zu: %d %s", i, rc, e.msg);
		if (rc == 0)
			last += rows[i].fresh ? 2 : 1;
		assert_int_equal(outbox_state(o)->last.msgid, last);
		assert_int_equal(helper_put_data(o, 9, &e), 0);
		if (outbox_commit(o, &e) == -1)
			fail_msg("row %zu: %s", i, e.msg);
		assert_int_equal(outbox_state(o)->last.msgid, ++last);
		outbox_close(o);
		o = helper_outbox(top, NULL);
		assert_int_equal(outbox_state(o)->last.msgid, last);
		assert_int_equal(outbox_lost(o)->n, 0);
		assert_int_equal(outbox_seal(o, &e), 0);
		outbox_close(o);
		assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1),
		    numbers(last));
		helper_dir_done(top);
	}
}

/* G18: as long as the disk fails nothing is accepted, and what is there stays. */
static void
a_disk_that_goes_on_failing_accepts_nothing(void **state)
{
	static const enum fault_call calls[] = { FAULT_FDATASYNC,
		FAULT_PWRITE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int top = helper_dir();
		struct outbox *o = helper_filled(top, 1);
		struct err e = { 0 };

		assert_int_equal(helper_put_data(o, 3, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
		set_fault(calls[i], 1, EIO);
		fault.more = 1000;
		for (unsigned k = 0; k < 3; k++) {
			assert_int_equal(helper_put_data(o, 4, &e), 0);
			assert_int_equal(outbox_commit(o, &e), -1);
			assert_int_equal(e.kind, ERR_SYS);
			assert_int_equal(e.sys, EIO);
		}
		set_fault(FAULT_ANY, 0, 0);
		assert_int_equal(helper_put_data(o, 4, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
		assert_int_equal(outbox_seal(o, &e), 0);
		outbox_close(o);
		assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1),
		    "1 2 3 4");
		helper_dir_done(top);
	}
}

/* W7: the descriptor of a failed sync is never synced again. */
static void
a_segment_whose_sync_failed_is_closed(void **state)
{
	int top = helper_dir();
	struct outbox *o = helper_filled(top, 1);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(helper_put_data(o, 3, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(helper_put_data(o, 4, &e), 0);
	set_fault(FAULT_FDATASYNC, 1, EIO);
	assert_int_equal(outbox_commit(o, &e), -1);
	set_fault(FAULT_ANY, 0, 0);
	assert_non_null(strstr(helper_names(top, "outbox"),
	    "00000000000000000003-00000000000000000003.msgs"));
	assert_null(strstr(helper_names(top, "outbox"), ".open"));
	outbox_close(o);
	helper_dir_done(top);
}

static void
a_failed_mark_believes_nothing(void **state)
{
	int top = helper_dir();
	struct outbox *o = helper_filled(top, 2);
	struct spool_point at = outbox_state(o)->last;
	struct err e = { 0 };

	(void)state;
	set_fault(FAULT_ANY, 1, EIO);
	fault.more = 1000;
	assert_int_equal(outbox_ack(o, &at, &e), -1);
	set_fault(FAULT_ANY, 0, 0);
	assert_int_equal(outbox_state(o)->acked.msgid, 0);
	assert_string_equal(helper_names(top, "sent"), "");
	assert_int_equal(outbox_ack(o, &at, &e), 0);
	outbox_close(o);
	helper_dir_done(top);
}

static void
an_inbox_that_cannot_write_takes_nothing(void **state)
{
	static const enum fault_call calls[] = { FAULT_PWRITE, FAULT_FDATASYNC,
		FAULT_FSYNC, FAULT_OPENAT };
	struct buf keep = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		int top = helper_dir();
		struct inbox *in = helper_inbox(top, NULL);
		struct message m;
		struct err e = { 0 };

		assert_int_equal(inbox_begin_stream(in, helper_stream(1), &e),
		    0);
		m = helper_message(&keep, helper_stream(1), 1, 0);
		assert_int_equal(inbox_put(in, &m, &e), INBOX_TAKEN);
		set_fault(calls[i], 1, EIO);
		assert_int_equal(inbox_commit(in, &e), -1);
		assert_int_equal(fault.n, 1);
		set_fault(FAULT_ANY, 0, 0);
		assert_int_equal(inbox_durable(in).msgid, 0);
		assert_int_equal(inbox_put(in, &m, &e), INBOX_TAKEN);
		assert_int_equal(inbox_commit(in, &e), 0);
		assert_int_equal(inbox_seal(in, &e), 0);
		assert_int_equal(inbox_durable(in).msgid, 1);
		inbox_close(in);
		assert_string_equal(helper_read(top, SPOOL_INBOX, 1), "1");
		helper_dir_done(top);
	}
	buf_clear(&keep);
}

/* A session that dies with three messages acknowledged. */
static void
leave_open(int top)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		struct inbox *in = helper_inbox(top, NULL);
		struct buf keep = { 0 };
		struct message m;
		struct err e = { 0 };
		uint32_t prev = 0;

		if (inbox_begin_stream(in, helper_stream(1), &e) == -1)
			_exit(1);
		for (uint64_t n = 1; n <= 3; n++) {
			m = helper_message(&keep, helper_stream(1), n, prev);
			prev = m.digest;
			if (inbox_put(in, &m, &e) != INBOX_TAKEN)
				_exit(2);
		}
		_exit(inbox_commit(in, &e) == 0 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(helper_names(top, "inbox"),
	    "00000000000000000001.open");
}

/* The disk is full from the k-th call on while the next session copies what a dead
 * one left: nobody is told that anything is there, and all is there when there is
 * room. */
static void
a_copy_without_room_loses_nothing(void **state)
{
	static const int full[] = { ENOSPC, EDQUOT };

	(void)state;
	for (size_t i = 0; i < sizeof(full) / sizeof(full[0]); i++) {
		unsigned failed = 0;
		bool struck = true;

		for (unsigned k = 1; struck; k++) {
			int rc, top = helper_dir_in_memory();
			struct inbox *in = NULL;
			struct err e = { 0 };

			leave_open(top);
			set_fault(FAULT_ANY, k, full[i]);
			fault.more = 1000;
			rc = inbox_open(top, NULL, &in, &e);
			struck = fault.n >= k;
			set_fault(FAULT_ANY, 0, 0);
			assert_true(rc == 0 || struck);
			if (rc == -1 && (e.kind != ERR_SYS || e.sys != full[i]))
				fail_msg("call %u: %s", k, e.msg);
			failed += rc == -1;
			inbox_close(in);
			in = helper_inbox_upto(top, 3);
			assert_int_equal(inbox_state(in)->quarantined, 0);
			inbox_close(in);
			assert_string_equal(helper_read(top, SPOOL_INBOX, 1),
			    "1 2 3");
			assert_string_equal(helper_names(top, "inbox"),
			    "00000000000000000001-00000000000000000003.msgs");
			helper_dir_done(top);
		}
		assert_true(failed >= 5); /* so many calls the copy has */
	}
}

/* What a process that may be killed tells its parent. */
struct told {
	uint64_t last, acked;
	bool ended;
};

/* A life of an outbox, every promise told at once. */
static void
live(int top, struct told *told)
{
	struct outbox *o = NULL;
	struct err e = { 0 };

	for (unsigned i = 0; i < 3; i++) {
		struct spool_point at;

		if (outbox_open(top, NULL, &o, &e) == -1 ||
		    (i != 1 && helper_put_data(o, i, &e) == -1) ||
		    (i != 2 && helper_put_config(o, 1 + i, 1, 1, &e) == -1) ||
		    outbox_commit(o, &e) == -1)
			_exit(1);
		told->last = outbox_state(o)->last.msgid;
		if (outbox_seal(o, &e) == -1)
			_exit(1);
		at = outbox_state(o)->last;
		if (i == 0 && outbox_ack(o, &at, &e) == -1)
			_exit(1);
		told->acked = outbox_state(o)->acked.msgid;
		outbox_close(o);
	}
	told->ended = true;
	_exit(0);
}

static void
die_at(int top, struct told *told, unsigned k)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		set_fault(FAULT_ANY, k, DIE);
		live(top, told);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Killed before each of its calls, and again in the recovery from that. */
static void
a_killed_writer_breaks_no_promise(void **state)
{
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned k = 0;

	(void)state;
	assert_true(told != MAP_FAILED);
	do {
		int top = helper_dir_in_memory();
		struct outbox *o;
		struct err e = { 0 };

		memset(told, 0, sizeof(*told));
		die_at(top, told, ++k);
		if (!told->ended) {
			die_at(top, told, k % 7 + 1);
			told->ended = false;
		}
		o = helper_outbox(top, NULL);
		assert_true(outbox_state(o)->last.msgid >= told->last);
		assert_true(outbox_state(o)->acked.msgid >= told->acked);
		assert_int_equal(outbox_lost(o)->n, 0);
		assert_int_equal(outbox_state(o)->quarantined, 0);
		assert_int_equal(outbox_seal(o, &e), 0);
		assert_string_equal(
		    helper_read(top, SPOOL_OUTBOX | SPOOL_SENT, 1),
		    numbers(outbox_state(o)->last.msgid));
		outbox_close(o);
		helper_dir_done(top);
		assert_true(k < 500);
	} while (!told->ended);
	assert_true(k > 30); /* it was killed so often */
	munmap(told, sizeof(*told));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_that_fails_leaves_nothing),
		cmocka_unit_test(a_disk_that_goes_on_failing_accepts_nothing),
		cmocka_unit_test(a_segment_whose_sync_failed_is_closed),
		cmocka_unit_test(a_failed_mark_believes_nothing),
		cmocka_unit_test(an_inbox_that_cannot_write_takes_nothing),
		cmocka_unit_test(a_copy_without_room_loses_nothing),
		cmocka_unit_test(a_killed_writer_breaks_no_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
