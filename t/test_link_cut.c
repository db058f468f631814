/*
 * A link that is cut at every byte of a session, in both directions, and taken
 * up again: everything is delivered once, in order.  Both ends are the real
 * delivery over real spools, each in processes of its own; the link is here.
 */
#include "config.h"

#include <dirent.h>
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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/sandbox.h"
#include "common/config/node.h"
#include "common/spool/peek.h"
#include "t/scratch.h"
#include "t/test_spool_helper.h"
#include "transport/delivery/delivery_impl.h"

enum {
	SPOKE,
	HUB,
	ENDS
};
enum {
	MESSAGES = 1 /* and a CONFIG before them */
};

static const char *const node_name[] = { "gw", "noc" };

struct end {
	pid_t pid;
	int fd;
};

struct world {
	int top, listener;
	char path[64]; /* of top */
	struct end end[ENDS];
	struct config *config[ENDS];
	const struct association *a[ENDS];
};

static struct world w;

/* --- Nodes ------------------------------------------------------------------- */

static void
write_config(int end, const char *mode)
{
	struct buf text = { 0 };
	struct err e = { 0 };
	char path[256];

	for (const char *const *name =
		 (const char *const[]){ "", "/state", "/spool", "/run", NULL };
	     *name != NULL; name++) {
		(void)snprintf(path, sizeof(path), "%s/%s%s", w.path,
		    node_name[end], *name);
		(void)mkdir(path, 0700);
	}
	(void)buf_printf(&text,
	    "node \"%s\" { state = \"%s/%s/state\" spool = \"%s/%s/spool\"\n"
	    "run = \"%s/%s/run\" }\n"
	    "association \"alps\" { hub = \"noc\" spoke = \"gw\" mode = %s\n"
	    "compression = none hub-subtree = \"/Alps\" transport = exec\n"
	    "exec { command = {\"/bin/false\"} } }\n",
	    node_name[end], w.path, node_name[end], w.path, node_name[end],
	    w.path, node_name[end], mode);
	(void)snprintf(path, sizeof(path), "%s.conf", node_name[end]);
	scratch_write(w.top, path, buf_slice(&text));
	buf_clear(&text);
	(void)snprintf(path, sizeof(path), "%s/%s.conf", w.path,
	    node_name[end]);
	assert_int_equal(chmod(path, 0600), 0);
	if (config_read(path, &w.config[end], &e) == -1)
		fail_msg("%s", e.msg);
	w.a[end] = &w.config[end]->association[0];
}

static int
association_dir(int end)
{
	struct node n;
	struct err e = { 0 };
	int dir;

	if (node_open(w.config[end], &n, &e) == -1)
		fail_msg("%s", e.msg);
	dir = node_open_association(&n, w.a[end], &e);
	assert_true(dir >= 0);
	node_close(&n);
	return dir;
}

/* Fresh spools with something to say in each. */
static void
fill(void)
{
	for (int end = 0; end < ENDS; end++) {
		int dir;

		for (const char *const *name = (const char *const[]){ "outbox",
			 "sent", "inbox", NULL };
		     *name != NULL; name++) {
			dir = association_dir(end);
			helper_dir_done(openat(dir, *name,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC));
			close(dir);
		}
		dir = association_dir(end);
		(void)unlinkat(dir, "ledger", 0);
		outbox_close(helper_filled(dir, MESSAGES));
		close(dir);
	}
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* All messages of a directory, in order. */
static void
add_text(int dir, const char *name, struct buf *out)
{
	struct dirent **list = NULL;
	char path[64];
	int n, at;

	at = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
	n = scandir(path, &list, NULL, by_name);
	for (int i = 0; i < n; i++) {
		if (strstr(list[i]->d_name, ".msgs") != NULL) {
			struct buf b = scratch_read(at, list[i]->d_name);

			(void)buf_put(out, buf_slice(&b));
			buf_clear(&b);
		}
		free(list[i]);
	}
	free(list);
	close(at);
}

/* What one end sent is what the other has, and it was acknowledged. */
static void
assert_delivered(int from, int to, const char *what)
{
	struct buf sent = { 0 }, got = { 0 };
	struct err e = { 0 };
	struct peek peek;
	int dir = association_dir(from);

	assert_int_equal(peek_outbox(dir, &peek, &e), 0);
	add_text(dir, "sent", &sent);
	add_text(dir, "outbox", &sent);
	close(dir);
	dir = association_dir(to);
	add_text(dir, "inbox", &got);
	close(dir);
	if (peek.last != MESSAGES + 1 || peek.acked != peek.last)
		fail_msg("%s: %d acknowledged of %d", what, (int)peek.acked,
		    (int)peek.last);
	if (sent.n == 0 || !slice_eq(buf_slice(&sent), buf_slice(&got)))
		fail_msg("%s: %s sent %zu bytes and %s has %zu", what,
		    node_name[from], sent.n, node_name[to], got.n);
	buf_clear(&sent);
	buf_clear(&got);
}

/* --- The link ---------------------------------------------------------------- */

/* Bytes of a whole session: of who opens it, and of the other. */
struct link {
	int64_t cut[2]; /* -1: not */
	int64_t bytes[2];
};

/* One end, for all sessions: told who opens the next, it connects to the link,
 * and tells how that ended.  A process that is confined for good could do one
 * alone, and a fork for each costs more than the session: so sandbox_enter does
 * nothing here. */
int __wrap_sandbox_enter(const struct sandbox_opts *o,
    struct sandbox_state *got, struct err *e);

int
__wrap_sandbox_enter(const struct sandbox_opts *o, struct sandbox_state *got,
    struct err *e)
{
	(void)o;
	(void)e;
	*got = (struct sandbox_state){ false, 0, false };
	return 0;
}

static struct sockaddr_un
address(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/link", w.path);
	return a;
}

static char
one_session(int end, bool opener)
{
	const struct sockaddr_un at = address();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct channel ch = { .read_fd = fd,
		.write_fd = fd,
		.report_fd = -1 };
	const struct delivery_opts o = { .config = w.config[end],
		.association = w.a[end],
		.opener = opener,
		.ahead = opener,
		.channel = &ch };
	struct delivery_sofar sofar = { 0 };
	struct delivery_result r = { 0 };
	struct err e = { 0 };

	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		_exit(71);
	if (delivery_run_here(&o, -1, &sofar, &r, &e) == 0)
		e.kind = ERR_NONE;
	close(fd);
	return (char)e.kind;
}

static struct end
begin(int end)
{
	int fd[2];
	pid_t pid;
	char word;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd),
	    0);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		while (read(fd[1], &word, 1) == 1) {
			word = one_session(end, word == 'o');
			(void)!write(fd[1], &word, 1);
		}
		_exit(0);
	}
	close(fd[1]);
	return (struct end){ pid, fd[0] };
}

/* Our end of the link of who was told to begin. */
static int
tell(const struct end *d, char word)
{
	int fd;

	assert_int_equal(write(d->fd, &word, 1), 1);
	fd = accept4(w.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* False: this direction is over. */
static bool
carry(struct link *l, int direction, int from, int to)
{
	int64_t left = l->cut[direction] - l->bytes[direction];
	char p[4096];
	size_t most = sizeof(p);
	ssize_t n;

	if (l->cut[direction] != -1 && left < (int64_t)most)
		most = (size_t)left;
	n = read(from, p, most);
	if (n <= 0)
		return false;
	l->bytes[direction] += n;
	/* a session this small never fills a socket */
	(void)!send(to, p, (size_t)n, MSG_NOSIGNAL);
	return true;
}

static bool
is_cut(const struct link *l)
{
	return l->bytes[0] == l->cut[0] || l->bytes[1] == l->cut[1];
}

static void
carry_all(struct link *l, const int fd[2])
{
	bool open[2] = { true, true };

	while ((open[0] || open[1]) && !is_cut(l)) {
		struct pollfd p[2] = { { open[0] ? fd[0] : -1, POLLIN, 0 },
			{ open[1] ? fd[1] : -1, POLLIN, 0 } };

		assert_true(poll(p, 2, 60000) > 0);
		for (int i = 0; i < 2 && !is_cut(l); i++)
			if (p[i].revents != 0 &&
			    !carry(l, i, fd[i], fd[1 - i])) {
				open[i] = false;
				(void)shutdown(fd[1 - i], SHUT_WR);
			}
	}
}

/* `opener` opens a session. */
static void
run(struct link *l, int opener, int status[2])
{
	const int fd[2] = { tell(&w.end[opener], 'o'),
		tell(&w.end[1 - opener], 'a') };

	carry_all(l, fd);
	close(fd[0]);
	close(fd[1]);
	for (int i = 0; i < 2; i++) {
		char word = -1;

		assert_int_equal(
		    read(w.end[i == 0 ? opener : 1 - opener].fd, &word, 1), 1);
		status[i] = word;
	}
}

static void
begin_ends(void)
{
	const struct sockaddr_un at = address();

	w.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(w.listener, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(w.listener, 2), 0);
	for (int end = 0; end < ENDS; end++)
		w.end[end] = begin(end);
}

static void
end_ends(void)
{
	int status;

	for (int end = 0; end < ENDS; end++)
		close(w.end[end].fd);
	for (int end = 0; end < ENDS; end++) {
		assert_int_equal(waitpid(w.end[end].pid, &status, 0),
		    w.end[end].pid);
		assert_int_equal(status, 0);
	}
	close(w.listener);
}

/* --- The tests --------------------------------------------------------------- */

static void
cut_and_again(int opener, int direction, int64_t at)
{
	struct link cut = { { -1, -1 }, { 0, 0 } }, whole = cut;
	int status[2];
	char what[64];

	(void)snprintf(what, sizeof(what), "cut at byte %d of the %s", (int)at,
	    direction == 0 ? "opener" : "other");
	fill();
	cut.cut[direction] = at;
	run(&cut, opener, status);
	/* it is no one's fault, and nobody is told of another */
	for (int i = 0; i < 2; i++)
		if (status[i] != ERR_NONE && status[i] != ERR_TEMP)
			fail_msg("%s: end %d says %s", what, i,
			    err_kind_name((enum err_kind)status[i]));
	run(&whole, opener, status);
	if (status[0] != 0 || status[1] != 0)
		fail_msg("%s: the next fails", what);
	assert_delivered(SPOKE, HUB, what);
	assert_delivered(HUB, SPOKE, what);
}

static void
cut_at_every(const char *mode, int opener)
{
	struct link l = { { -1, -1 }, { 0, 0 } };
	int status[2];

	char fd_path[32];
	ssize_t n;

	w.top = helper_dir_in_memory();
	(void)snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", w.top);
	n = readlink(fd_path, w.path, sizeof(w.path) - 1);
	assert_true(n > 0);
	w.path[n] = '\0';
	for (int end = 0; end < ENDS; end++)
		write_config(end, mode);
	begin_ends();
	fill();
	run(&l, opener, status);
	assert_int_equal(status[0], 0);
	assert_int_equal(status[1], 0);
	assert_delivered(SPOKE, HUB, "no cut");
	assert_delivered(HUB, SPOKE, "no cut");
	assert_true(l.bytes[0] > 100 && l.bytes[1] > 100);
	print_message("# mode %s: %d and %d bytes\n", mode, (int)l.bytes[0],
	    (int)l.bytes[1]);
	for (int direction = 0; direction < 2; direction++)
		for (int64_t at = 0; at <= l.bytes[direction]; at++)
			cut_and_again(opener, direction, at);
	end_ends();
	for (int end = 0; end < ENDS; end++)
		config_free(w.config[end]);
	helper_dir_done(w.top);
}

static void
a_push_that_is_cut_at_any_byte_is_taken_up(void **state)
{
	(void)state;
	cut_at_every("push", SPOKE);
}

static void
a_pull_that_is_cut_at_any_byte_is_taken_up(void **state)
{
	(void)state;
	cut_at_every("pull", HUB);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_that_is_cut_at_any_byte_is_taken_up),
		cmocka_unit_test(a_pull_that_is_cut_at_any_byte_is_taken_up),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
