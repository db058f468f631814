/*
 * Ingest of DATA that is durable in the inbox into 10,000 RRD files, surely
 * stored at the end, against the least that anything could do: a loop over
 * rrd_update_r with as many values a call, their texts ready, and one syncfs.
 * Medians of 5, on one file system.  Beside it the store alone, and what it
 * holds in memory for a leaf that is idle.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/cursor.h"
#include "common/spool/inbox.h"
#include "hub/ingest/ingest.h"
#include "hub/stores/rrd_file.h"
#include "t/bench/bench.h"

enum {
	LEAVES = 10000,
	RUNS = 5,
	STEP_S = 300,
	IDLE = 1000000,
};

static const char conf[] =
    "node \"noc\" { state = \"%s/state\" spool = \"%s/spool\"\n"
    "  run = \"%s/run\" }\n"
    "store \"rrd\" { type = rrd directory = \"%s/rrd\" }\n"
    "association \"alps\" { hub = \"noc\" spoke = \"gw\"\n"
    "  transport = exec mode = push exec { command = {\"true\"} }\n"
    "  hub-tree = \"main\" hub-subtree = \"/Sites/Alps\"\n"
    "  spoke-tree = \"local\" }\n";

struct bench {
	char dir[PATH_MAX];
	struct config *config;
	struct node node;
	struct notices *notices;
	struct store *store;
	struct compiler *compiler;
	struct ingest *ingest;
	struct message_parser *parser;
	struct mono now; /* the ingest's: settling takes no time here */
	struct stream_id stream;
	uint64_t msgid;
	uint64_t time_s, floor_s; /* of the newest value; of the floor's */
	uint32_t digest;
	uint32_t handle[LEAVES];
	char *twin[LEAVES]; /* the floor's files */
};

static void
check(int rc, const struct err *e)
{
	if (rc == -1) {
		fprintf(stderr, "ingest: %s\n", e->msg);
		exit(1);
	}
}

/* A counter of octets, at any time. */
static uint64_t
counter(unsigned leaf, uint64_t time_s)
{
	return UINT64_C(800000000000) + leaf * UINT64_C(7919) +
	    time_s % 100000000 * (1000 + leaf);
}

static void
leaf_path(char *out, size_t size, unsigned i)
{
	snprintf(out, size, "/Router%u/eth%u/InOctets", i / 50, i % 50);
}

/* Spool the messages of the next n cycles, as a session leaves them. */
static void
spool(struct bench *b, enum message_type type, unsigned n)
{
	struct inbox_opts opts = { .message_max = 0 };
	struct err e = { 0 };
	struct inbox *inbox;
	struct buf body = { 0 }, text = { 0 };
	const struct association *a = &b->config->association[0];
	int dir = node_open_association(&b->node, a, &e);

	check(dir, &e);
	check(cursor_read(b->node.state_dir, a->name, &opts.cursor, &e), &e);
	check(inbox_open(dir, &opts, &inbox, &e), &e);
	check(inbox_begin_stream(inbox, b->stream, &e), &e);
	while (n-- > 0) {
		struct message m = { .type = type,
			.msgid = ++b->msgid,
			.stream = b->stream,
			.prev = b->digest,
			.generation = 1,
			.part = 1,
			.parts = 1 },
			       parsed;

		b->time_s += STEP_S;
		m.timestamp = b->time_s;
		buf_reset(&body);
		buf_reset(&text);
		for (unsigned i = 0; i < LEAVES; i++) {
			char path[64];

			leaf_path(path, sizeof(path), i);
			if (type == MESSAGE_DATA)
				buf_printf(&body, "T%05u:%" PRIu64 "\n", i,
				    counter(i, b->time_s));
			else
				buf_printf(&body,
				    "%slevel2-token:T%05u\nlevel2-path:%s\n"
				    "rrd-create-dstype:COUNTER\n",
				    i > 0 ? ";\n" : "", i, path);
		}
		m.body = buf_slice(&body);
		check(message_write(&text, &m, &e), &e);
		b->digest = m.digest;
		if (message_parse(b->parser, buf_slice(&text), &parsed, &e) !=
			MESSAGE_WHOLE ||
		    inbox_put(inbox, &parsed, &e) != INBOX_TAKEN)
			check(-1, &e);
	}
	check(inbox_commit(inbox, &e), &e);
	check(inbox_seal(inbox, &e), &e);
	inbox_close(inbox);
	close(dir);
	buf_clear(&body);
	buf_clear(&text);
}

static void
work_off(struct bench *b)
{
	struct err e = { 0 };

	ingest_look(b->ingest, SIZE_MAX);
	while (ingest_step(b->ingest, b->now, clock_wall()))
		continue;
	check(ingest_sync(b->ingest, b->now, clock_wall(), &e), &e);
}

static void
open_hub(struct bench *b)
{
	struct buf text = { 0 };
	struct ingest_opts opts;
	struct err e = { 0 };
	char *path = mem_printf("%s/axletree.conf", b->dir);
	int dir = durable_open_dir(AT_FDCWD, b->dir, &e);

	buf_printf(&text, conf, b->dir, b->dir, b->dir, b->dir);
	check(dir, &e);
	check(durable_replace(dir, "axletree.conf", buf_slice(&text), &e), &e);
	close(dir);
	check(config_read(path, &b->config, &e), &e);
	check(node_enter(b->config, &e), &e);
	check(node_open(b->config, &b->node, &e), &e);
	check(notices_open(b->node.state_dir, NULL, &b->notices, &e), &e);
	check(
	    store_find("rrd")->open(config_store_for(b->config), &b->store, &e),
	    &e);
	b->compiler = compile_open(b->config, b->node.state_dir);
	b->now = clock_mono();
	opts = (struct ingest_opts){ .config = b->config,
		.node = &b->node,
		.store = b->store,
		.compiler = b->compiler,
		.notices = b->notices };
	b->ingest = ingest_open(&opts, b->now, clock_wall());
	free(path);
	buf_clear(&text);
}

static void
close_hub(struct bench *b)
{
	ingest_close(b->ingest);
	b->compiler->ops->close(b->compiler);
	b->store->ops->close(b->store);
	notices_close(b->notices);
	node_close(&b->node);
	config_free(b->config);
}

/* Files for both, with a first value in each. */
static void
make_files(struct bench *b)
{
	const struct rrd_def def = { .period_s = STEP_S,
		.heartbeat_s = 750,
		.kind = RRD_COUNTER,
		.min = "U",
		.max = "U" };
	struct err e = { 0 };
	char *name = mem_printf("%s/floor", b->dir);
	int dir = durable_make_dir(AT_FDCWD, name, &e);

	check(dir, &e);
	free(name);
	spool(b, MESSAGE_CONFIG, 1);
	work_off(b);
	b->now = mono_add_ms(b->now, 3600000); /* settled */
	work_off(b);
	spool(b, MESSAGE_DATA, 1);
	work_off(b);
	for (unsigned i = 0; i < LEAVES; i++) {
		struct store_series leaf = { .tree = "main",
			.period_s = STEP_S,
			.heartbeat_s = 750,
			.dstype = "COUNTER",
			.min = SLICE("U"),
			.max = SLICE("U") };
		char path[64], hub[96];
		struct rrd_place file = { .dirfd = dir };

		leaf_path(path, sizeof(path), i);
		snprintf(hub, sizeof(hub), "/Sites/Alps%s", path);
		leaf.path = slice_str(hub);
		check(b->store->ops->series(b->store, &leaf, &b->handle[i], &e),
		    &e);
		b->twin[i] = mem_printf("%s/floor%s.rrd", b->dir, path);
		file.path = b->twin[i];
		file.name = file.path + strlen(b->dir) + 7;
		check(
		    rrd_file_create(&file, &def, NULL, (int64_t)b->time_s, &e),
		    &e);
	}
	close(dir);
	b->floor_s = b->time_s;
}

/* n cycles of each leaf, behind from_s. */
static char **
make_texts(uint64_t from_s, unsigned n)
{
	char **text = mem_array((size_t)LEAVES * n, sizeof(*text));

	for (unsigned i = 0; i < LEAVES; i++)
		for (unsigned k = 0; k < n; k++) {
			uint64_t t = from_s + STEP_S * (k + 1);

			text[(size_t)i * n + k] = mem_printf(
			    "%" PRIu64 ":%" PRIu64, t, counter(i, t));
		}
	return text;
}

static void
free_texts(char **text, unsigned n)
{
	for (size_t i = 0; i < (size_t)LEAVES * n; i++)
		free(text[i]);
	free(text);
}

static double
since(struct mono start)
{
	return (double)(clock_mono().ns - start.ns) / 1e9;
}

static void
sync_disk(const struct bench *b)
{
	if (syncfs(b->node.state_dir) == -1) {
		perror("syncfs");
		exit(1);
	}
}

static double
run_floor(const struct bench *b, char **text, unsigned n)
{
	struct mono start = clock_mono();

	for (unsigned i = 0; i < LEAVES; i++)
		if (rrd_update_r(b->twin[i], NULL, (int)n,
			(const char **)(uintptr_t)(text + (size_t)i * n)) !=
		    0) {
			fprintf(stderr, "%s\n", rrd_get_error());
			exit(1);
		}
	sync_disk(b);
	return since(start);
}

static double
run_store(struct bench *b, char **text, unsigned n)
{
	const struct store_ops *ops = b->store->ops;
	struct mono start = clock_mono();
	struct err e = { 0 };

	for (unsigned k = 0; k < n; k++)
		for (unsigned i = 0; i < LEAVES; i++) {
			const char *t = text[(size_t)i * n + k];

			ops->put(b->store, b->handle[i],
			    b->time_s + STEP_S * (k + 1),
			    slice_str(strchr(t, ':') + 1));
		}
	check(ops->flush(b->store, UINT32_MAX, &e), &e);
	check(ops->sync(b->store, &e), &e);
	return since(start);
}

static void
report(struct bench *b, unsigned n)
{
	double least[RUNS], store[RUNS], all[RUNS], values = (double)LEAVES * n;
	char what[64];

	for (int r = 0; r < RUNS; r++) {
		struct mono start;
		char **text = make_texts(b->floor_s, n);

		sync_disk(b);
		least[r] = run_floor(b, text, n);
		free_texts(text, n);
		b->floor_s += STEP_S * n;
		text = make_texts(b->time_s, n);
		sync_disk(b);
		store[r] = run_store(b, text, n);
		free_texts(text, n);
		b->time_s += STEP_S * n;
		spool(b, MESSAGE_DATA, n);
		sync_disk(b);
		start = clock_mono();
		work_off(b);
		all[r] = since(start);
	}
	snprintf(what, sizeof(what), "ingest into %u RRD files, %u values each",
	    LEAVES, n);
	printf("%s: the store alone %.3f s\n", what, bench_median(store, RUNS));
	bench_row(&(struct bench_row){ .what = what,
	    .reached = values / bench_median(all, RUNS),
	    .floor = values / bench_median(least, RUNS),
	    .unit = "values/s",
	    .goal = 0.9,
	    .least = true });
}

/* Resident memory in bytes. */
static double
resident(void)
{
	struct buf text = { 0 };
	struct slice rest, word;
	struct err e = { 0 };
	uint64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	check(fd, &e);
	check(io_read_upto(fd, 256, &text, &e), &e);
	close(fd);
	rest = buf_slice(&text);
	if (slice_cut(&rest, ' ', &word) && slice_cut(&rest, ' ', &word))
		(void)slice_u64(word, UINT64_MAX, &pages);
	buf_clear(&text);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* In a process of its own, so that nothing was freed before. */
static void
report_idle(const struct bench *b)
{
	struct config_store cs = { .type = "rrd" };
	struct store_series leaf = { .tree = "main",
		.period_s = STEP_S,
		.heartbeat_s = 750,
		.dstype = "COUNTER",
		.min = SLICE("U"),
		.max = SLICE("U") };
	struct store *s;
	struct err e = { 0 };
	double before;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid != 0) {
		(void)waitpid(pid, NULL, 0);
		return;
	}
	cs.directory = mem_printf("%s/idle", b->dir);
	check(store_find("rrd")->open(&cs, &s, &e), &e);
	before = resident();
	for (unsigned i = 0; i < IDLE; i++) {
		char path[64];
		uint32_t handle;

		leaf_path(path, sizeof(path), i);
		leaf.path = slice_str(path);
		check(s->ops->series(s, &leaf, &handle, &e), &e);
	}
	printf("store, %d idle leaves: %.0f bytes each\n", IDLE,
	    (resident() - before) / IDLE);
	fflush(stdout);
	_exit(0);
}

static void
remove_tree(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct names l;
	struct err e = { 0 };

	if (fd == -1) {
		unlink(path);
		return;
	}
	check(durable_list(fd, &l, &e), &e);
	for (size_t i = 0; i < l.n; i++) {
		char *below = mem_printf("%s/%s", path, l.name[i]);

		remove_tree(below);
		free(below);
	}
	names_free(&l);
	close(fd);
	rmdir(path);
}

int
main(void)
{
	static struct bench b;
	static const unsigned many[] = { 1, 12, 288 };
	char here[PATH_MAX - 64];

	if (getcwd(here, sizeof(here)) == NULL)
		return 1;
	snprintf(b.dir, sizeof(b.dir), "%s/bench-ingest-XXXXXX", here);
	if (mkdtemp(b.dir) == NULL)
		return 1;
	report_idle(&b);
	b.stream.b[0] = 1;
	b.time_s =
	    (uint64_t)wall_s(clock_wall()) / STEP_S * STEP_S - 14 * 86400;
	b.parser = message_parser_new(MESSAGE_FORM_FULL, 0);
	open_hub(&b);
	make_files(&b);
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		report(&b, many[i]);
	close_hub(&b);
	message_parser_free(b.parser);
	for (unsigned i = 0; i < LEAVES; i++)
		free(b.twin[i]);
	remove_tree(b.dir);
	return 0;
}
