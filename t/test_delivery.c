/*
 * Two nodes with real spools, each in a process of its own, joined by a socket
 * pair: what is put in at one end is read at the other, whatever happens.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/sandbox.h"
#include "common/config/node.h"
#include "t/delivery_world.h"
#include "t/scratch.h"
#include "t/test_spool_helper.h"
#include "transport/delivery/delivery.h"
#include "transport/delivery/delivery_child.h"
#include "transport/delivery/feeder.h"
#include "transport/delivery/session_lock.h"
#include "transport/delivery/take.h"

static void
a_backlog_arrives_sealed_and_is_acknowledged(void **state)
{
	struct outbox *o;

	(void)state;
	fill(spoke.top, 4);
	deliver();
	assert_delivered();
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2 3 4 5");
	assert_int_equal(from_spoke.r.acked.msgid, 5);
	assert_int_equal(from_hub.r.durable.msgid, 5);
	assert_int_equal(from_spoke.r.counts.sent, 5);
	assert_int_equal(from_hub.r.counts.taken, 5);
	assert_int_equal(from_spoke.r.renewed, START_ON);
	assert_false(from_hub.r.replaced);
	o = helper_outbox(spoke.top, NULL);
	assert_int_equal(outbox_state(o)->waiting_messages, 0);
	assert_int_equal(outbox_state(o)->acked.msgid, 5);
	outbox_close(o);

	deliver(); /* and nothing twice */
	assert_delivered();
	assert_int_equal(from_spoke.r.counts.sent, 0);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2 3 4 5");
}

static void
both_directions_are_delivered(void **state)
{
	struct outbox *o;

	(void)state;
	fill(spoke.top, 2000);
	fill(hub.top, 3);
	deliver();
	assert_delivered();
	assert_int_equal(from_spoke.r.acked.msgid, 2001);
	assert_int_equal(from_hub.r.acked.msgid, 4);
	assert_string_equal(helper_read(spoke.top, SPOOL_INBOX, 1), "1 2 3 4");
	o = helper_outbox(hub.top, NULL);
	assert_int_equal(outbox_state(o)->acked.msgid, 4);
	outbox_close(o);
}

static void
what_is_written_later_goes_on_from_there(void **state)
{
	struct outbox *o;
	struct err e = { 0 };

	(void)state;
	fill(spoke.top, 1);
	deliver();
	o = helper_outbox(spoke.top, NULL);
	assert_int_equal(helper_put_data(o, 2, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	outbox_close(o); /* not sealed: push does that */
	deliver();
	assert_delivered();
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2 3");
}

static void
remove_tree(const char *path)
{
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, NULL, NULL };
	char copy[256];
	pid_t pid;
	int status;

	snprintf(copy, sizeof(copy), "%s", path);
	argv[2] = copy;
	pid = fork();
	if (pid == 0) {
		execv("/bin/rm", argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
a_hub_that_lost_its_disk_is_filled_again(void **state)
{
	char path[128];

	(void)state;
	fill(spoke.top, 3);
	deliver();
	close(hub.top);
	snprintf(path, sizeof(path), "%s/hub", scratch_path);
	remove_tree(path);
	make_end(&hub, "hub", CONFIG_HUB);
	deliver();
	assert_delivered();
	assert_int_equal(from_spoke.r.renewed, START_UNKNOWN);
	assert_false(from_hub.r.replaced);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2 3 4");
}

static void
a_spoke_that_lost_its_disk_begins_anew(void **state)
{
	char path[128];

	(void)state;
	fill(spoke.top, 3);
	deliver();
	close(spoke.top);
	snprintf(path, sizeof(path), "%s/spoke", scratch_path);
	remove_tree(path);
	make_end(&spoke, "spoke", CONFIG_SPOKE);
	fill(spoke.top, 1);
	deliver();
	assert_delivered();
	assert_true(from_hub.r.replaced);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2");
}

/* What an end has of the association, as a backup, and that brought back. */
static void
back_up(const struct end *n)
{
	char from[160], to[160];

	snprintf(from, sizeof(from), "%s/alps", n->spool);
	snprintf(to, sizeof(to), "%s/old", scratch_path);
	if (fork() == 0) {
		execl("/bin/cp", "cp", "-a", from, to, NULL);
		_exit(127);
	}
	wait(NULL);
}

static void
bring_back(struct end *n)
{
	char from[160], to[160];

	snprintf(to, sizeof(to), "%s/alps", n->spool);
	snprintf(from, sizeof(from), "%s/old", scratch_path);
	close(n->top);
	remove_tree(to);
	assert_int_equal(rename(from, to), 0);
	n->top = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* DATA messages, the first told by its number. */
static void
put(int top, unsigned first, unsigned n)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct err e = { 0 };

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(helper_put_data(o, first + i, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	outbox_close(o);
}

static void
a_hub_from_a_backup_gets_what_is_still_held(void **state)
{
	(void)state;
	fill(spoke.top, 1);
	deliver();
	back_up(&hub);
	put(spoke.top, 2, 2);
	deliver();
	assert_int_equal(from_spoke.r.acked.msgid, 4);

	bring_back(&hub);
	assert_int_equal(unlinkat(spoke.top,
			     "sent/00000000000000000003-00000000000000000004"
			     ".msgs",
			     0),
	    0); /* too old to be kept */
	put(spoke.top, 4, 1);
	deliver();
	assert_delivered();
	assert_int_equal(from_spoke.r.renewed, START_GONE);
	assert_true(from_hub.r.replaced);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2 3");
}

static void
an_old_copy_of_the_spool_begins_a_new_stream(void **state)
{
	(void)state;
	fill(spoke.top, 1);
	back_up(&spoke);
	put(spoke.top, 2, 1);
	deliver();
	assert_delivered();
	assert_int_equal(from_spoke.r.acked.msgid, 3);

	bring_back(&spoke);
	put(spoke.top, 50, 3); /* another message 3, and more */
	deliver();
	assert_delivered();
	assert_int_equal(from_spoke.r.renewed, START_COPY);
	assert_true(from_hub.r.replaced);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2 3 4 5");
}

static void
what_a_spoke_lost_is_recorded_and_passed(void **state)
{
	struct outbox *o;
	struct ledger l = { 0 };
	struct err e = { 0 };
	const char *names;
	char file[128];

	(void)state;
	fill(spoke.top, 5);
	names = helper_names(spoke.top, "outbox");
	assert_non_null(
	    strstr(names, "00000000000000000001-00000000000000000006.msgs"));
	snprintf(file, sizeof(file),
	    "outbox/00000000000000000001-00000000000000000006.msgs");
	helper_spoil(spoke.top, file, helper_offset(spoke.top, file, 3) + 40,
	    "#");
	o = helper_outbox(spoke.top, NULL);
	outbox_close(o);
	deliver();
	assert_delivered();
	assert_int_equal(from_hub.r.lost, 1);
	assert_int_equal(from_spoke.r.damaged, 1);
	assert_int_equal(from_spoke.r.acked.msgid, 6);
	assert_int_equal(ledger_read(hub.top, "ledger", &l, &e), 0);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.range[0].first, 3);
	assert_int_equal(l.range[0].last, 3);
	ledger_clear(&l);
}

/* A channel that closes after n bytes in each direction. */
static void
deliver_cut(size_t n)
{
	int a[2], b[2], status;
	struct child c;
	pid_t proxy;

	pair_up(a);
	pair_up(b);
	proxy = fork();
	if (proxy == 0) {
		struct pollfd fd[2] = { { a[1], POLLIN, 0 },
			{ b[0], POLLIN, 0 } };
		size_t left[2] = { n, n };
		char bytes[4096];

		close(a[0]);
		close(b[1]);
		while (left[0] > 0 && left[1] > 0 && poll(fd, 2, -1) > 0)
			for (int i = 0; i < 2; i++) {
				size_t most = left[i] < sizeof(bytes)
				    ? left[i]
				    : sizeof(bytes);
				ssize_t got;

				if (fd[i].revents == 0)
					continue;
				got = read(fd[i].fd, bytes, most);
				if (got <= 0 ||
				    write(fd[1 - i].fd, bytes, (size_t)got) !=
					got)
					_exit(0);
				left[i] -= (size_t)got;
			}
		_exit(0);
	}
	close(a[1]);
	close(b[0]);
	c = start_hub((int[]){ a[0], b[1] }, false);
	from_spoke = run_end(&spoke, a[0], true);
	close(a[0]);
	from_hub = end_hub(c);
	waitpid(proxy, &status, 0);
}

static void
cuts_lose_and_double_nothing(void **state)
{
	(void)state;
	for (size_t n = 20; n < 900; n += 97) {
		world_teardown(NULL);
		world_setup(NULL);
		fill(spoke.top, 3);
		fill(hub.top, 1);
		signal(SIGPIPE, SIG_IGN);
		deliver_cut(n);
		signal(SIGPIPE, SIG_DFL);
		deliver();
		assert_delivered();
		assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1),
		    "1 2 3 4");
		assert_string_equal(helper_read(spoke.top, SPOOL_INBOX, 1),
		    "1 2");
		assert_int_equal(from_spoke.r.renewed, START_ON);
	}
}

static void
the_wrong_direction_is_refused_at_both_ends(void **state)
{
	int fd[2];
	struct child c;

	(void)state;
	hub.a.mode = CONFIG_PULL;
	deliver();
	assert_int_equal(from_hub.rc, -1);
	assert_int_equal(from_hub.err.kind, ERR_CONFIG);
	assert_non_null(strstr(from_hub.err.msg,
	    "mode pull: its hub opens the connection"));
	assert_int_equal(from_spoke.err.kind, ERR_CONFIG);
	assert_non_null(strstr(from_spoke.err.msg,
	    "the far end refused: association alps is of mode pull"));

	hub.a.mode = CONFIG_PUSH; /* both dial */
	spoke.a.mode = CONFIG_PULL;
	pair_up(fd);
	c = start_hub(fd, false);
	from_spoke = run_end(&spoke, fd[0], true);
	assert_int_equal(from_spoke.err.kind, ERR_CONFIG);
	close(fd[0]);
	end_hub(c);
}

static void
another_association_is_refused(void **state)
{
	(void)state;
	spoke.a.name = "jura";
	fill(spoke.top, 1);
	deliver();
	assert_int_equal(from_hub.err.kind, ERR_CONFIG);
	assert_int_equal(from_spoke.err.kind, ERR_CONFIG);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "");
}

static void
an_opener_gives_way_to_a_running_twin(void **state)
{
	struct err e = { 0 };
	int fd[2], lock[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(lock), 0);
	pid = fork();
	if (pid == 0) {
		if (session_lock(spoke.top, false, &e) == -1)
			_exit(1);
		if (write(lock[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(lock[0], &byte, 1), 1);
	pair_up(fd);
	from_spoke = run_end(&spoke, fd[0], true);
	assert_int_equal(from_spoke.rc, -1);
	assert_int_equal(from_spoke.err.kind, ERR_TEMP);
	assert_int_equal(from_spoke.err.sys, EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd[0]);
	close(fd[1]);
	close(lock[0]);
	close(lock[1]);
}

/* The hub's old session waits on a dead link; the new one takes over. */
static void
a_newer_session_ends_the_older(void **state)
{
	struct child old;
	struct outcome got;
	int fd[2];
	char bytes[4096];

	(void)state;
	fill(spoke.top, 1);
	pair_up(fd);
	old = start_hub(fd, false);
	assert_true(read(fd[0], bytes, sizeof(bytes)) > 0); /* it has begun */
	deliver();
	assert_delivered();
	got = end_hub(old);
	assert_int_equal(got.rc, -1);
	assert_int_equal(got.err.kind, ERR_TEMP);
	assert_non_null(strstr(got.err.msg, "asked to end"));
	close(fd[0]);
}

/* The session of this test's process, confined, but for the signal that comes at
 * that moment: it holds its lock, and does not wait for anything yet. */
static bool asked_at_its_begin, asked_at_its_end;

int __real_sandbox_enter(const struct sandbox_opts *o,
    struct sandbox_state *got, struct err *e);
int __wrap_sandbox_enter(const struct sandbox_opts *o,
    struct sandbox_state *got, struct err *e);
int __real_feeder_flush(struct feeder *f, struct err *e);
int __wrap_feeder_flush(struct feeder *f, struct err *e);

int
__wrap_sandbox_enter(const struct sandbox_opts *o, struct sandbox_state *got,
    struct err *e)
{
	if (asked_at_its_begin)
		raise(SIGTERM);
	return __real_sandbox_enter(o, got, e);
}

int
__wrap_feeder_flush(struct feeder *f, struct err *e)
{
	if (asked_at_its_end)
		raise(SIGTERM);
	return __real_feeder_flush(f, e);
}

static void
one_that_is_asked_before_it_listens_says_why_it_ends(void **state)
{
	struct child c;
	struct outcome got;
	int fd[2];

	(void)state;
	fill(spoke.top, 1);
	pair_up(fd);
	asked_at_its_begin = true;
	c = start_hub(fd, false);
	asked_at_its_begin = false;
	got = run_end(&spoke, fd[0], true);
	close(fd[0]);
	assert_int_equal(got.rc, -1);
	assert_int_equal(got.err.kind, ERR_TEMP);
	assert_int_equal(got.err.sys, EAGAIN); /* and it comes again */
	assert_non_null(strstr(got.err.msg, "asked to end"));
	got = end_hub(c);
	assert_int_equal(got.rc, -1);
	assert_non_null(strstr(got.err.msg, "asked to end"));
}

static void
one_that_is_asked_when_all_is_done_ends_well(void **state)
{
	(void)state;
	fill(spoke.top, 1);
	asked_at_its_end = true;
	deliver();
	asked_at_its_end = false;
	assert_delivered();
}

static void
one_that_does_not_listen_is_killed(void **state)
{
	struct err e = { 0 };
	int ready[2];
	char byte;
	pid_t pid;

	(void)state;
	fill(spoke.top, 1);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		if (session_lock(hub.top, false, &e) != -1 &&
		    write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	deliver();
	assert_delivered();
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2");
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

/* What /proc says of the process that runs the session. */
static bool
status_says(pid_t pid, const char *line)
{
	char path[64];
	struct buf b = { 0 };
	struct err e = { 0 };
	bool found;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd != -1);
	assert_int_equal(io_read_upto(fd, 100000, &b, &e), 0);
	found = strstr(b.p, line) != NULL;
	close(fd);
	buf_clear(&b);
	return found;
}

static void
a_session_is_confined_before_it_speaks(void **state)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct child c;
	int fd[2], lock;
	char byte;

	(void)state;
	pair_up(fd);
	c = start_hub(fd, false);
	assert_int_equal(read(fd[0], &byte, 1), 1);
	lock = openat(hub.top, "session.lock", O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(lock, F_GETLK, &l), 0);
	assert_int_equal(l.l_type, F_WRLCK);
	assert_true(l.l_pid != c.pid); /* a child of its own */
	assert_true(status_says(l.l_pid, "NoNewPrivs:\t1"));
	if (sandbox_probe().seccomp)
		assert_true(status_says(l.l_pid, "Seccomp:\t2"));
	close(lock);
	close(fd[0]);
	assert_int_equal(end_hub(c).rc, 0);
}

static bool
wait_until_read(int top, const char *what)
{
	for (int i = 0; i < 2000; i++) {
		if (strcmp(helper_read(top, SPOOL_INBOX, 1), what) == 0)
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

static void
a_kept_session_delivers_what_is_written_meanwhile(void **state)
{
	int fd[2];
	struct child c;
	pid_t sender;
	struct outbox *o;
	struct err e = { 0 };

	(void)state;
	spoke.a.keep = hub.a.keep = true;
	fill(spoke.top, 1);
	pair_up(fd);
	c = start_hub(fd, false);
	sender = fork();
	if (sender == 0) {
		run_end(&spoke, fd[0], true);
		_exit(0);
	}
	close(fd[0]);
	assert_true(wait_until_read(hub.top, "1 2"));
	o = helper_outbox(spoke.top,
	    &(struct outbox_opts){ .lock_wait_ms = 10000 });
	assert_int_equal(helper_put_data(o, 2, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	outbox_close(o);
	assert_true(wait_until_read(hub.top, "1 2 3"));
	kill(sender, SIGTERM);
	waitpid(sender, NULL, 0);
	assert_int_equal(end_hub(c).rc, 0); /* who is told to stop, agrees */
}

static const char bare_config[] = "MsgID:100001\n"
				  "Type:CONFIG\n"
				  "Timestamp:1085528682\n"
				  "\n"
				  "level2-token:T0005\n"
				  "level2-path:/Routers/RTR1/eth0/InOctets\n"
				  ".\n";
static const char bare_data[] = "MsgID:100002\n"
				"Type:DATA\n"
				"Timestamp:1085528690\n"
				"\n"
				"T0005:12345678\n"
				".\n";

/* Say this to the hub, and hear what it answers. */
static const char *
say_bare(const char *text)
{
	static char answer[256];
	struct child c;
	size_t n = 0;
	ssize_t got;
	int fd[2];

	pair_up(fd);
	c = start_hub(fd, false);
	assert_int_equal(write(fd[0], text, strlen(text)),
	    (ssize_t)strlen(text));
	shutdown(fd[0], SHUT_WR);
	while ((got = read(fd[0], answer + n, sizeof(answer) - 1 - n)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	close(fd[0]);
	from_hub = end_hub(c);
	return answer;
}

static void
bare_messages_are_taken_where_they_are_allowed(void **state)
{
	char both[512], other[512], next[512];
	struct err e = { 0 };

	(void)state;
	snprintf(both, sizeof(both), "%s%s", bare_config, bare_data);
	assert_string_not_equal(say_bare(both), "ACK 100001\nACK 100002\n");
	assert_int_equal(from_hub.err.kind, ERR_PROTOCOL);

	hub.a.bare = true;
	assert_string_equal(say_bare(bare_config), "ACK 100001\n");
	assert_int_equal(from_hub.rc, 0);
	assert_string_equal(say_bare(both), "ACK 100001\nACK 100002\n");
	assert_int_equal(from_hub.rc, 0);
	assert_int_equal(from_hub.r.counts.taken, 1);
	assert_int_equal(from_hub.r.durable.msgid, 100002);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 100001),
	    "100001 100002");

	snprintf(other, sizeof(other), "%s", bare_data);
	other[strlen(other) - 4] = '9'; /* the same number, another value */
	assert_string_equal(say_bare(other), "");
	assert_int_equal(from_hub.err.kind, ERR_INPUT);
	assert_non_null(strstr(from_hub.err.msg, "fork"));
	assert_int_equal(delivery_fork(&hub.a, &from_hub.err),
	    DELIVERY_FORK_BARE);
	assert_int_equal(from_hub.r.quarantined, 1);
	assert_non_null(strstr(helper_names(hub.top, "quarantine"),
	    "fork-00000000000000100002-"));

	/* until a person lets it go */
	snprintf(next, sizeof(next), "%s", bare_data);
	next[5 + 6] = '3'; /* 100003 */
	assert_string_equal(say_bare(next), "");
	assert_int_equal(delivery_fork(&hub.a, &from_hub.err),
	    DELIVERY_FORK_BARE);
	assert_int_equal(from_hub.r.quarantined, 0);
	assert_int_equal(inbox_end_fork(hub.top, &e), 1);
	assert_int_equal(inbox_end_fork(hub.top, &e), 0);
	assert_string_equal(say_bare(next), "ACK 100003\n");
	assert_non_null(strstr(helper_names(hub.top, "quarantine"),
	    "let-go-fork-00000000000000100002-"));

	next[5 + 6] = '9';
	assert_string_equal(say_bare(next), "");
	assert_non_null(strstr(from_hub.err.msg,
	    "message 100009 came when 100004 was next"));
}

static void
a_bare_message_that_is_cut_off_is_not_acknowledged(void **state)
{
	char text[512];

	(void)state;
	hub.a.bare = true;
	snprintf(text, sizeof(text), "%s%.40s", bare_config, bare_data);
	assert_string_equal(say_bare(text), "ACK 100001\n");
	assert_int_equal(from_hub.err.kind, ERR_TEMP);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 100001),
	    "100001");
}

/* What must be refused is the parser's test; here is what becomes of it. */
static void
a_bad_bare_message_is_kept_and_not_acknowledged(void **state)
{
	static const char *const bad[] = { "garbage\n", "MsgID:100002\r\n" };
	char text[512];

	(void)state;
	hub.a.bare = true;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", bare_config, bad[i]);
		assert_string_equal(say_bare(text), "ACK 100001\n");
		assert_int_equal(from_hub.err.kind, ERR_INPUT);
		assert_int_equal(from_hub.r.quarantined, 1);
		assert_non_null(strstr(helper_names(hub.top, "quarantine"),
		    "in-00000000000000100002-"));
	}
	assert_string_equal(say_bare(bare_data), "ACK 100002\n");
	assert_int_equal(from_hub.rc, 0);
}

/* It was written wrong, and would be again. */
static void
bare_poison_is_kept_and_acknowledged(void **state)
{
	static const char bad[] = "MsgID:100002\nType:DATA\nTimestamp:1\n\n"
				  "T0005:nan\n.\n";
	char text[1024], behind[512], kept[64], *end;
	struct buf found = { 0 };
	struct err e = { 0 };
	int dir;

	(void)state;
	hub.a.bare = true;
	snprintf(behind, sizeof(behind), "%s", bare_data);
	behind[5 + 6] = '3'; /* 100003 */
	snprintf(text, sizeof(text), "%s%s%s", bare_config, bad, behind);
	assert_string_equal(say_bare(text),
	    "ACK 100001\nACK 100002\nACK 100003\n");
	assert_int_equal(from_hub.rc, 0);
	assert_int_equal(from_hub.r.poisonous, 1);
	assert_int_equal(from_hub.r.quarantined, 1);
	assert_int_equal(from_hub.r.durable.msgid, 100003);
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 100001),
	    "100001 gap:100003 100003");

	/* it alone */
	snprintf(kept, sizeof(kept), "%s",
	    strstr(helper_names(hub.top, "quarantine"),
		"in-00000000000000100002-"));
	end = strpbrk(kept, " ");
	if (end != NULL)
		*end = '\0';
	dir = openat(hub.top, "quarantine", O_RDONLY | O_DIRECTORY);
	assert_int_equal(durable_read_file(dir, kept, 4096, &found, &e), 0);
	close(dir);
	assert_string_equal(found.p, bad);
	buf_clear(&found);

	/* had, and known again */
	assert_string_equal(say_bare(bad), "ACK 100002\n");
	assert_int_equal(from_hub.r.quarantined, 0);
	assert_string_equal(say_bare(bare_data), "");
	assert_int_equal(delivery_fork(&hub.a, &from_hub.err),
	    DELIVERY_FORK_BARE);
}

/* The generation of one that is in the inbox. */
static uint64_t
generation_of(uint64_t msgid)
{
	struct spool_reader *r = NULL;
	struct message m = { .msgid = 0 };
	struct err e = { 0 };
	uint64_t generation;

	assert_int_equal(spool_reader_open(hub.top, SPOOL_INBOX, msgid, &r, &e),
	    0);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_MESSAGE);
	assert_int_equal(m.msgid, msgid);
	generation = m.generation;
	spool_reader_close(r);
	return generation;
}

/* What comes behind it belongs to leaves that nobody knows, also in the next session. */
static void
a_bare_configuration_that_is_poison_counts(void **state)
{
	static const char *const bad[] = {
		"MsgID:100002\nType:CONFIG\nTimestamp:1\n\nT0005:1\n.\n",
		"MsgID:100004\nType:EXEC\nTimestamp:1\n\n.\n",
		"MsgID:100006\nType:DATA\nTimestamp:1\n\nT0005:nan\n.\n",
	};
	static const uint64_t generation[] = { 2, 3, 3 };
	char data[512], ack[32];

	(void)state;
	hub.a.bare = true;
	assert_string_equal(say_bare(bare_config), "ACK 100001\n");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(ack, sizeof(ack), "ACK %u\n", 100002 + 2 * i);
		assert_string_equal(say_bare(bad[i]), ack);
		assert_int_equal(from_hub.rc, 0);
		assert_int_equal(from_hub.r.poisonous, 1);
		snprintf(data, sizeof(data), "%s", bare_data);
		data[5 + 6] = (char)('3' + 2 * i);
		snprintf(ack, sizeof(ack), "ACK %u\n", 100003 + 2 * i);
		assert_string_equal(say_bare(data), ack);
		assert_int_equal(generation_of(100003 + 2 * i), generation[i]);
	}
}

static void
a_session_is_taken_where_bare_messages_are_allowed(void **state)
{
	(void)state;
	hub.a.bare = true;
	fill(spoke.top, 2);
	deliver();
	assert_delivered();
	assert_string_equal(helper_read(hub.top, SPOOL_INBOX, 1), "1 2 3");
}

/* What a hostile sender may put into a batch. */
static void
batches_are_judged(void **state)
{
	struct buf b = { 0 }, poison = { 0 };
	struct delivery_result r = { 0 };
	struct delivery_batch t = { 0 };
	struct inbox *in = helper_inbox(hub.top, NULL);
	struct err e = { 0 };
	uint32_t d1, d2;
	size_t first;

	(void)state;
	t.stream = helper_stream(5);
	d1 = helper_write(&b, t.stream, 1, 0);
	first = b.n;
	d2 = helper_write(&b, t.stream, 2, d1);
	t.bytes = buf_slice(&b);
	t.first = 1;
	t.last = 2;
	t.digest = d2;

	b.p[b.n - 5] ^= 1; /* the second is damaged */
	assert_int_equal(delivery_take(in, &t, &r, &e), 0);
	assert_int_equal(t.refused, 2);
	assert_int_equal(t.durable.msgid, 1);
	assert_int_equal(t.durable.digest, d1);
	assert_int_equal(r.quarantined, 1);

	b.p[b.n - 5] ^= 1; /* it comes again, but is not the one named */
	t.bytes = (struct slice){ b.p + first, b.n - first };
	t.first = 2;
	t.digest = d2 ^ 1;
	assert_int_equal(delivery_take(in, &t, &r, &e), 0);
	assert_int_equal(t.refused, 2);
	assert_int_equal(t.durable.msgid, 0);

	t.digest = d2;
	t.waits = true;
	assert_int_equal(delivery_take(in, &t, &r, &e), 0);
	assert_int_equal(t.refused, 0);
	assert_int_equal(t.taken.msgid, 2);
	assert_int_equal(t.durable.msgid, 0);
	assert_int_equal(inbox_durable(in).msgid, 1);
	t.waits = false; /* it comes once more, and both are durable */
	assert_int_equal(delivery_take(in, &t, &r, &e), 0);
	assert_int_equal(t.durable.msgid, 2);
	assert_int_equal(inbox_durable(in).msgid, 2);

	buf_reset(&b); /* a fork: 3 does not follow 2 */
	helper_write(&b, t.stream, 3, d2 ^ 1);
	t.bytes = buf_slice(&b);
	t.first = t.last = 3;
	t.digest = 0;
	assert_int_equal(delivery_take(in, &t, &r, &e), 0);
	t.digest = helper_message(&poison, t.stream, 3, d2 ^ 1).digest;
	assert_int_equal(delivery_take(in, &t, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.msg, "fork"));

	buf_reset(&b); /* more than was named */
	t.digest = helper_write(&b, t.stream, 3, d2);
	buf_put_str(&b, "MsgID:4\n");
	t.bytes = buf_slice(&b);
	assert_int_equal(delivery_take(in, &t, &r, &e), -1);
	assert_int_equal(e.kind, ERR_PROTOCOL);
	assert_int_equal(inbox_durable(in).msgid, 3);

	buf_reset(&b); /* DATA in the place of a whole stream */
	t.stream = helper_stream(6);
	t.digest = helper_write(&b, t.stream, 1, 0);
	t.bytes = buf_slice(&b);
	t.first = t.last = 1;
	t.config_first = true;
	assert_int_equal(delivery_take(in, &t, &r, &e), -1);
	assert_non_null(strstr(e.msg, "does not begin with a CONFIG"));
	assert_true(stream_eq(inbox_durable(in).stream, helper_stream(5)));
	inbox_close(in);
	buf_clear(&b);
	buf_clear(&poison);
}

/* What a child wrote into its report is no more than bytes. */
static int
shout(void *arg, struct delivery_result *r, struct err *e)
{
	(void)arg;
	(void)r;
	e->kind = ERR_TEMP;
	memset(e->msg, 'x', sizeof(e->msg));
	return 7;
}

static void
a_childs_report_is_made_safe(void **state)
{
	struct delivery_child c;
	struct delivery_result r;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(delivery_child_start(shout, NULL, NULL, &c, &e), 0);
	assert_int_equal(delivery_child_end(&c, &r, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(a_backlog_arrives_sealed_and_is_acknowledged),
		T(both_directions_are_delivered),
		T(what_is_written_later_goes_on_from_there),
		T(a_hub_that_lost_its_disk_is_filled_again),
		T(a_spoke_that_lost_its_disk_begins_anew),
		T(a_hub_from_a_backup_gets_what_is_still_held),
		T(an_old_copy_of_the_spool_begins_a_new_stream),
		T(what_a_spoke_lost_is_recorded_and_passed),
		T(cuts_lose_and_double_nothing),
		T(the_wrong_direction_is_refused_at_both_ends),
		T(another_association_is_refused),
		T(an_opener_gives_way_to_a_running_twin),
		T(a_newer_session_ends_the_older),
		T(one_that_is_asked_before_it_listens_says_why_it_ends),
		T(one_that_is_asked_when_all_is_done_ends_well),
		T(one_that_does_not_listen_is_killed),
		T(a_session_is_confined_before_it_speaks),
		T(a_kept_session_delivers_what_is_written_meanwhile),
		T(bare_messages_are_taken_where_they_are_allowed),
		T(bare_poison_is_kept_and_acknowledged),
		T(a_bare_configuration_that_is_poison_counts),
		T(a_bare_message_that_is_cut_off_is_not_acknowledged),
		T(a_bad_bare_message_is_kept_and_not_acknowledged),
		T(a_session_is_taken_where_bare_messages_are_allowed),
		T(batches_are_judged),
		T(a_childs_report_is_made_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
