/*
 * Cuts the link of a delivery at many places and has it taken up again: everything
 * must be delivered once, in order.  In C since a shell would cost more than all that
 * it runs.
 *
 *	cut_loop [-b SCRIPT] RULES UP DOWN PLACES COMMAND...
 *
 * Two nodes, "gw" and "noc", lie in the working directory, with an association "alps".
 * COMMAND delivers both ways through a cut_proxy that obeys RULES; a session has UP
 * bytes of who connects and DOWN of the other end, and is cut at PLACES of each, evenly
 * spread: 0 for every one.  Before each cut both nodes become what they are in "full";
 * with -b they go on as they are, and SCRIPT gives them more to say.
 *
 * Says "# ..." of each place where something was wrong, then a line "places N bad N
 * overcome N", where overcome are the deliveries that needed no other session.
 */
#include "config.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/proc.h"

extern char **environ;

enum {
	SPOKE,
	HUB,
	NODES
};
static const char *const node_name[] = { "gw", "noc" };
static const char *const direction_name[] = { "up", "down" };

struct loop {
	char *more, *rules; /* more: NULL without -b */
	char **command;
	uint64_t bytes[2], places; /* bytes by direction */
	struct buf before[NODES];  /* what each had written before the cut */
	struct buf said;           /* what the last commands said */
	uint64_t done, bad, overcome;
};

static void
give_up(const char *what)
{
	perror(what);
	exit(1);
}

/* --- Directories ------------------------------------------------------------- */

static void
copy_file(int from, int to, const char *name)
{
	int in = openat(from, name, O_RDONLY | O_CLOEXEC);
	int out =
	    openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct buf b = { 0 };
	struct err e = { 0 };

	if (in == -1 || out == -1 || io_read_upto(in, 64 << 20, &b, &e) == -1 ||
	    io_write_full(out, buf_slice(&b), &e) == -1)
		give_up(name);
	buf_clear(&b);
	close(in);
	close(out);
}

/* Every file is ours and 0600, every directory 0700. */
static void
copy_tree(int from_dir, int to_dir, const char *name)
{
	int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int to = -1;
	struct names l = { 0 };
	struct err e = { 0 };

	if (mkdirat(to_dir, name, 0700) == 0)
		to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from == -1 || to == -1 || durable_list(from, &l, &e) == -1)
		give_up(name);
	for (size_t i = 0; i < l.n; i++) {
		struct stat st;

		if (fstatat(from, l.name[i], &st, AT_SYMLINK_NOFOLLOW) == -1)
			give_up(l.name[i]);
		if (S_ISDIR(st.st_mode))
			copy_tree(from, to, l.name[i]);
		else if (S_ISREG(st.st_mode))
			copy_file(from, to, l.name[i]);
	}
	names_free(&l);
	close(from);
	close(to);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

/* What has not quite ended keeps its own files, until they are gone. */
static void
restore(void)
{
	int full = open("full", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < NODES; i++) {
		if (rename(node_name[i], "gone") == -1)
			give_up(node_name[i]);
		copy_tree(full, AT_FDCWD, node_name[i]);
		(void)nftw("gone", remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	close(full);
}

/* --- What was written, and what has come --------------------------------------- */

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && memcmp(name + n - m, end, m) == 0;
}

/* Segments of a spool's directory, in order.  One that is renamed meanwhile is
 * missed: who compares looks again. */
static void
add_segments(int node, const char *dir, struct buf *out)
{
	char path[64];
	struct names l = { 0 };
	struct err e = { 0 };
	int fd;

	(void)snprintf(path, sizeof(path), "%s/spool/alps/%s", node_name[node],
	    dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (durable_list(fd, &l, &e) == -1)
		give_up(path);
	for (size_t i = 0; i < l.n; i++)
		if (ends_with(l.name[i], ".msgs") ||
		    ends_with(l.name[i], ".open"))
			(void)durable_read_file(fd, l.name[i], 64 << 20, out,
			    &e);
	names_free(&l);
	close(fd);
}

static void
written(int node, struct buf *out)
{
	add_segments(node, "sent", out);
	add_segments(node, "outbox", out);
}

/* What has come is what was written, and at least what there was before the cut:
 * what is said meanwhile, an answer, may wait for another session. */
static bool
has_come(const struct loop *l, int from, int to)
{
	const struct buf *before = &l->before[from];
	struct buf sent = { 0 }, came = { 0 };
	bool yes;

	written(from, &sent);
	add_segments(to, "archive", &came);
	add_segments(to, "inbox", &came);
	yes = before->n > 0 && came.n >= before->n && came.n <= sent.n &&
	    memcmp(came.p, before->p, before->n) == 0 &&
	    memcmp(came.p, sent.p, came.n) == 0;
	buf_clear(&sent);
	buf_clear(&came);
	return yes;
}

/* --- Deliveries ------------------------------------------------------------------ */

/* Its status; what it says is added to said. */
static int
run(struct loop *l, char **argv)
{
	const struct proc_opts opts = {
		.argv = (const char *const *)argv,
		.env = (const char *const *)environ,
	};
	struct proc_result r = { 0 };
	struct err e = { 0 };

	if (proc_run(&opts, &r, NULL, &l->said, &e) == -1) {
		fprintf(stderr, "cut_loop: %s\n", e.msg);
		exit(1);
	}
	return r.exit_status;
}

static void
rule(const struct loop *l, const char *text)
{
	int fd = open(l->rules, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err e = { 0 };

	if (fd == -1 || io_write_full(fd, slice_str(text), &e) == -1)
		give_up(l->rules);
	close(fd);
}

/* A node that listens ends its side of a session when it likes, and a hub moves on
 * what has come. */
static bool
all_came(const struct loop *l)
{
	const int64_t until = clock_mono().ns + INT64_C(20000000000);

	while (!has_come(l, SPOKE, HUB) || !has_come(l, HUB, SPOKE)) {
		if (clock_mono().ns > until)
			return false;
		(void)poll(NULL, 0, 10);
	}
	return true;
}

static const char *
cut_at(struct loop *l, int direction, uint64_t byte)
{
	static char shell[] = "/bin/sh";
	char text[64], *more[] = { shell, l->more, NULL };
	int status;

	if (l->more == NULL)
		restore();
	else if (run(l, more) != 0)
		return "there was no more to say";
	for (int i = 0; i < NODES; i++) {
		buf_clear(&l->before[i]);
		written(i, &l->before[i]);
	}
	(void)snprintf(text, sizeof(text), "once\n%s %" PRIu64 "\n",
	    direction_name[direction], byte);
	rule(l, text);
	status = run(l, l->command);
	rule(l, "");
	if (status != 0 && status != 75)
		return "the delivery failed for good";
	if (status == 0)
		l->overcome++;
	if (run(l, l->command) != 0)
		return "the next delivery failed";
	return all_came(l) ? NULL : "not all is there once";
}

static void
tell(const struct loop *l, int direction, uint64_t byte, const char *what)
{
	struct slice said = buf_slice(&l->said), line;

	printf("# cut at %s %" PRIu64 ": %s\n", direction_name[direction], byte,
	    what);
	while (slice_cut(&said, '\n', &line))
		printf("#   %.*s\n", (int)line.n, line.p);
	(void)fflush(stdout);
}

static void
cut_direction(struct loop *l, int direction)
{
	uint64_t n = l->bytes[direction];
	uint64_t places = l->places != 0 ? l->places : n;

	for (uint64_t i = 0; i < places; i++) {
		uint64_t byte = (2 * i + 1) * n / (2 * places);
		const char *what;

		buf_clear(&l->said);
		what = cut_at(l, direction, byte);
		l->done++;
		if (what != NULL) {
			l->bad++;
			tell(l, direction, byte, what);
		}
	}
}

int
main(int argc, char *argv[])
{
	struct loop l = { 0 };
	int at = 1;

	if (argc > 2 && strcmp(argv[1], "-b") == 0) {
		l.more = argv[2];
		at = 3;
	}
	if (argc < at + 5 ||
	    !slice_u64(slice_str(argv[at + 1]), 1 << 20, &l.bytes[0]) ||
	    !slice_u64(slice_str(argv[at + 2]), 1 << 20, &l.bytes[1]) ||
	    !slice_u64(slice_str(argv[at + 3]), 1 << 20, &l.places))
		return 64;
	l.rules = argv[at];
	l.command = argv + at + 4;
	cut_direction(&l, 0);
	cut_direction(&l, 1);
	printf("places %" PRIu64 " bad %" PRIu64 " overcome %" PRIu64 "\n",
	    l.done, l.bad, l.overcome);
	for (int i = 0; i < NODES; i++)
		buf_clear(&l.before[i]);
	buf_clear(&l.said);
	return 0;
}
