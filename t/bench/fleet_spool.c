/*
 * A fleet's messages (fleet.h) in an outbox, for scripts:
 *
 *	fleet_spool fill DIRECTORY DEVICES CYCLES
 *		a CONFIG and so many cycles, in one commit; sealed
 *	fleet_spool beat DIRECTORY DEVICES CYCLES INBOX
 *		the same, a cycle at a time, over a session that is kept open:
 *		each is awaited in the hub's inbox, and until it is sealed there.
 *		Prints the median of milliseconds from a commit until all is on
 *		the hub's disk, and the bytes of all messages
 *
 * DIRECTORY is an association's.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/spool/outbox.h"
#include "t/bench/bench.h"
#include "t/bench/fleet.h"

enum {
	LOCK_MS = 10000,
	PATIENCE_MS = 20000,
	NAME = 64,
};

static void
die(const char *what, const char *why)
{
	(void)fprintf(stderr, "fleet_spool: %s: %s\n", what, why);
	exit(1);
}

struct spool {
	int dir;
	struct fleet *fleet;
	struct message_parser *parser;
	struct outbox *box;
	uint64_t bytes;
};

static void
open_box(struct spool *s)
{
	const struct outbox_opts o = { .lock_wait_ms = LOCK_MS };
	struct err e = { 0 };

	if (outbox_open(s->dir, &o, &s->box, &e) == -1)
		die("outbox", e.msg);
}

static void
close_box(struct spool *s)
{
	outbox_close(s->box);
	s->box = NULL;
}

/* Returns its number. */
static uint64_t
put(struct spool *s, void (*next)(struct fleet *f, struct buf *out))
{
	struct buf text = { 0 };
	struct message m;
	struct err e = { 0 };

	next(s->fleet, &text);
	if (message_parse(s->parser, buf_slice(&text), &m, &e) !=
		MESSAGE_WHOLE ||
	    outbox_put(s->box, &m, &e) == -1)
		die("message", e.msg);
	s->bytes += m.raw.n;
	buf_clear(&text);
	return m.msgid;
}

static void
commit(struct spool *s)
{
	struct err e = { 0 };

	if (outbox_commit(s->box, &e) == -1)
		die("commit", e.msg);
}

static void
fill(struct spool *s, unsigned cycles)
{
	struct err e = { 0 };

	open_box(s);
	put(s, fleet_config);
	for (unsigned i = 0; i < cycles; i++)
		put(s, fleet_cycle);
	commit(s);
	if (outbox_seal(s->box, &e) == -1)
		die("seal", e.msg);
	close_box(s);
}

/* --- A kept session ------------------------------------------------------- */

/* Until something happened in the directory. */
static void
await_event(int watch)
{
	char events[4096];
	struct pollfd p = { watch, POLLIN, 0 };

	if (poll(&p, 1, PATIENCE_MS) <= 0)
		die("inbox", "nothing comes");
	while (read(watch, events, sizeof(events)) > 0)
		continue;
}

/* The segment that begins with msgid holds all of it, on the disk. */
static void
await_arrival(int inbox, int watch, uint64_t msgid, uint64_t bytes)
{
	char name[NAME];
	struct stat st;
	int fd;

	(void)snprintf(name, sizeof(name), "%020" PRIu64 ".open", msgid);
	while (
	    fstatat(inbox, name, &st, 0) == -1 || (uint64_t)st.st_size < bytes)
		await_event(watch);
	fd = openat(inbox, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fdatasync(fd) == -1 || fsync(inbox) == -1)
		die(name, "cannot be synced");
	close(fd);
}

static void
await_seal(int inbox, int watch, uint64_t msgid)
{
	char name[NAME];

	(void)snprintf(name, sizeof(name), "%020" PRIu64 "-%020" PRIu64 ".msgs",
	    msgid, msgid);
	while (faccessat(inbox, name, F_OK, 0) == -1)
		await_event(watch);
}

static double
beat(struct spool *s, void (*next)(struct fleet *f, struct buf *out), int inbox,
    int watch)
{
	uint64_t before = s->bytes, msgid;
	struct mono begun;
	double ms;

	open_box(s);
	msgid = put(s, next);
	commit(s);
	close_box(s);
	begun = clock_mono();
	await_arrival(inbox, watch, msgid, s->bytes - before);
	ms = (double)(clock_mono().ns - begun.ns) / 1e6;
	await_seal(inbox, watch, msgid);
	return ms;
}

static void
beats(struct spool *s, unsigned cycles, const char *path)
{
	double *ms = mem_array(cycles, sizeof(*ms));
	int inbox = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (inbox == -1 || watch == -1 ||
	    inotify_add_watch(watch, path,
		IN_MODIFY | IN_CREATE | IN_MOVED_TO) == -1)
		die(path, "cannot be watched");
	(void)beat(s, fleet_config, inbox, watch);
	s->bytes = 0;
	for (unsigned i = 0; i < cycles; i++)
		ms[i] = beat(s, fleet_cycle, inbox, watch);
	(void)printf("%.3f %" PRIu64 "\n", bench_median(ms, cycles), s->bytes);
	free(ms);
}

static unsigned
number(const char *text)
{
	uint64_t v;

	if (!slice_u64(slice_str(text), 100000, &v) || v == 0)
		die(text, "is no number");
	return (unsigned)v;
}

int
main(int argc, char **argv)
{
	struct spool s = { .dir = -1 };

	if (argc < 5)
		die("usage", "fill|beat DIRECTORY DEVICES CYCLES [INBOX]");
	s.dir = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.dir == -1)
		die(argv[2], "cannot be opened");
	s.fleet = fleet_new(1, number(argv[3]));
	s.parser = message_parser_new(MESSAGE_FORM_FULL, 0);
	if (strcmp(argv[1], "fill") == 0)
		fill(&s, number(argv[4]));
	else if (argc > 5)
		beats(&s, number(argv[4]), argv[5]);
	message_parser_free(s.parser);
	fleet_free(s.fleet);
	return 0;
}
