/*
 * A hub over real directories; see ingest_world.h.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/segment.h"
#include "t/ingest_world.h"

/* --- A store ---------------------------------------------------------------- */

enum {
	SERIES_MAX = 200
};

/* Lines "path time value", in the order of arrival, and " KIND" of series that
 * are no gauges. */
struct memory_store {
	struct store store;
	char path[SERIES_MAX][LIMIT_PATH + 1];
	uint64_t last_s[SERIES_MAX];
	const char *kind[SERIES_MAX]; /* " COUNTER", or "" */
	uint32_t n;
	struct buf text;
	struct store_counts counts;
	int dir; /* holds its file, "values" */
};

static struct memory_store *
memory(struct store *s)
{
	return (struct memory_store *)(void *)s;
}

static int
store_series(struct store *s, const struct store_series *leaf, uint32_t *handle,
    struct err *e)
{
	struct memory_store *m = memory(s);

	bool counter =
	    leaf->dstype != NULL && strcmp(leaf->dstype, "COUNTER") == 0;

	(void)e;
	for (*handle = 0; *handle < m->n; ++*handle)
		if (slice_eq_str(leaf->path, m->path[*handle]))
			break;
	if (*handle == m->n) {
		assert_true(m->n < SERIES_MAX);
		memcpy(m->path[m->n], leaf->path.p, leaf->path.n);
		m->n++;
	}
	m->kind[*handle] = counter ? " COUNTER" : "";
	return 0;
}

static void
store_put(struct store *s, uint32_t handle, uint64_t time_s, struct slice value)
{
	struct memory_store *m = memory(s);

	if (time_s <= m->last_s[handle]) {
		m->counts.past++;
		return;
	}
	m->last_s[handle] = time_s;
	buf_printf(&m->text, "%s %llu %.*s%s\n", m->path[handle],
	    (unsigned long long)time_s, (int)value.n, value.p, m->kind[handle]);
}

static int
store_flush(struct store *s, uint32_t handle, struct err *e)
{
	(void)s;
	(void)handle;
	(void)e;
	return 0;
}

static int
store_sync(struct store *s, struct err *e)
{
	struct memory_store *m = memory(s);

	return durable_replace(m->dir, "values", buf_slice(&m->text), e);
}

static bool
store_failed(const struct store *s)
{
	(void)s;
	return false;
}

static size_t
store_waiting(const struct store *s)
{
	(void)s;
	return 0;
}

static void
store_close(struct store *s)
{
	struct memory_store *m = memory(s);

	buf_clear(&m->text);
	free(m);
}

static void
store_refused(struct store *s, store_each_refusal *each, void *arg)
{
	(void)s;
	(void)each;
	(void)arg;
}

static void
store_forgive(struct store *s, const char *tree, struct slice subtree)
{
	(void)s;
	(void)tree;
	(void)subtree;
}

static const struct store_ops memory_ops = {
	.type = "memory",
	.series = store_series,
	.put = store_put,
	.flush = store_flush,
	.sync = store_sync,
	.failed = store_failed,
	.refused = store_refused,
	.forgive = store_forgive,
	.waiting = store_waiting,
	.close = store_close,
};

static void
recall_line(struct memory_store *m, struct slice line)
{
	struct slice path, time;
	struct store_series leaf = { 0 };
	struct err e;
	uint64_t time_s;
	uint32_t handle;

	assert_true(slice_cut(&line, ' ', &path));
	assert_true(slice_cut(&line, ' ', &time));
	assert_true(slice_u64(time, UINT64_MAX, &time_s));
	leaf.path = path;
	store_series(&m->store, &leaf, &handle, &e);
	store_put(&m->store, handle, time_s, line);
}

/* As it was at its last sync. */
static struct store *
store_open(int dir)
{
	struct memory_store *m = mem_alloc(sizeof(*m));
	struct buf text = { 0 };
	struct slice rest, line;
	struct err e;

	m->store.ops = &memory_ops;
	m->dir = dir;
	if (durable_read_file(dir, "values", 64 << 20, &text, &e) == 0) {
		rest = buf_slice(&text);
		while (slice_cut(&rest, '\n', &line))
			recall_line(m, line);
	}
	buf_clear(&text);
	m->counts.past = 0;
	return &m->store;
}

/* --- A hub and its spoke ---------------------------------------------------- */

static const char config_text[] = "node \"noc\" {\n"
				  "  state = \"%s/state\"\n"
				  "  spool = \"%s/spool\"\n"
				  "  run = \"%s/run\"\n"
				  "}\n"
				  "hub { settle = 30s settle-max = 5m }\n"
				  "store \"rrd\" { type = rrd\n"
				  "  directory = \"%s/rrd\" }\n"
				  "association \"alps\" {\n"
				  "  hub = \"noc\" spoke = \"alps-gw\"\n"
				  "  transport = exec mode = push\n"
				  "  exec { command = {\"true\"} }\n"
				  "  hub-tree = \"main\"\n"
				  "  hub-subtree = \"/Sites/Alps\"\n"
				  "  spoke-tree = \"local\"\n"
				  "}\n";

void
check(int rc, const struct err *e)
{
	if (rc == -1)
		fail_msg("%s", e->msg);
}

static void
write_config(struct world *w)
{
	struct buf text = { 0 };
	char path[128];
	struct err e;

	snprintf(path, sizeof(path), "%s/axletree.conf", w->dir);
	buf_printf(&text, config_text, w->dir, w->dir, w->dir, w->dir);
	check(durable_replace(w->dirfd, "axletree.conf", buf_slice(&text), &e),
	    &e);
	buf_clear(&text);
	check(config_read(path, &w->config, &e), &e);
}

void
world_start(struct world *w)
{
	struct ingest_opts opts = { .config = w->config, .node = &w->node };
	struct err e;

	check(node_open(w->config, &w->node, &e), &e);
	check(notices_open(w->node.state_dir, NULL, &w->notices, &e), &e);
	opts.notices = w->notices;
	opts.store = w->store = store_open(w->dirfd);
	opts.compiler = w->compiler =
	    compile_open(w->config, w->node.state_dir);
	w->ingest = ingest_open(&opts, w->mono, w->wall);
}

void
world_stop(struct world *w)
{
	ingest_close(w->ingest);
	w->compiler->ops->close(w->compiler);
	w->store->ops->close(w->store);
	notices_flush(w->notices, w->wall);
	notices_close(w->notices);
	node_close(&w->node);
}

void
world_restart(struct world *w)
{
	world_stop(w);
	world_start(w);
}

struct world *
world_new(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct err e;
	char path[128];

	snprintf(w->dir, sizeof(w->dir), "/tmp/axletree-ingest.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->dirfd = durable_open_dir(AT_FDCWD, w->dir, &e);
	assert_int_not_equal(w->dirfd, -1);
	snprintf(path, sizeof(path), "%s/rrd", w->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	write_config(w);
	w->wall.ms = (int64_t)NOW_S * 1000;
	w->mono.ns = INT64_C(1000000000000);
	check(stream_draw(&w->stream, &e), &e);
	world_start(w);
	return w;
}

static void
remove_tree(const char *dir)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

void
world_free(struct world *w)
{
	world_stop(w);
	config_free(w->config);
	buf_clear(&w->segment);
	close(w->dirfd);
	remove_tree(w->dir);
	free(w);
}

int
association_dir(struct world *w, const char *name)
{
	struct err e;
	int dir = node_open_association(&w->node, w->config->association, &e);
	int sub;

	assert_int_not_equal(dir, -1);
	if (name[0] == '\0')
		return dir;
	sub = durable_open_dir(dir, name, &e);
	close(dir);
	assert_int_not_equal(sub, -1);
	return sub;
}

void
spool(struct world *w, struct message m, const char *body)
{
	struct err e;

	m.msgid = ++w->msgid;
	m.stream = w->stream;
	m.prev = w->digest;
	m.body = slice_str(body);
	if (m.timestamp == 0)
		m.timestamp = NOW_S;
	if (m.type == MESSAGE_CONFIG && m.parts == 0)
		m.part = m.parts = 1;
	if (w->segment.n == 0)
		w->segment_first = m.msgid;
	check(message_write(&w->segment, &m, &e), &e);
	w->digest = m.digest;
}

void
spool_config(struct world *w, uint64_t generation, const char *body)
{
	spool(w,
	    (struct message){ .type = MESSAGE_CONFIG,
		.generation = generation },
	    body);
}

void
spool_data(struct world *w, uint64_t generation, uint64_t timestamp,
    const char *body)
{
	spool(w,
	    (struct message){ .type = MESSAGE_DATA,
		.generation = generation,
		.timestamp = timestamp },
	    body);
}

void
deliver(struct world *w)
{
	int inbox = association_dir(w, "inbox");
	char name[SEGMENT_NAME_SIZE];
	struct err e;

	segment_name_text((struct segment_name){ w->segment_first, w->msgid },
	    name);
	check(durable_create(inbox, name, buf_slice(&w->segment), &e), &e);
	close(inbox);
	buf_reset(&w->segment);
}

void
settle(struct world *w)
{
	ingest_look(w->ingest, SIZE_MAX);
	while (ingest_step(w->ingest, w->mono, w->wall))
		;
}

void
pass(struct world *w, int64_t ms)
{
	w->mono = mono_add_ms(w->mono, ms);
	w->wall.ms += ms;
	settle(w);
}

void
work(struct world *w)
{
	deliver(w);
	settle(w);
}

void
sync_now(struct world *w)
{
	struct err e;

	check(ingest_sync(w->ingest, w->mono, w->wall, &e), &e);
}

struct slice
values(struct world *w)
{
	return buf_slice(&memory(w->store)->text);
}

void
assert_values(struct world *w, const char *want)
{
	struct slice got = values(w);

	if (!slice_eq_str(got, want))
		fail_msg("values are:\n%.*s-- and not:\n%s", (int)got.n,
		    got.n == 0 ? "" : got.p, want);
}

struct ingest_status
status(struct world *w)
{
	struct ingest_status s;

	assert_true(ingest_status(w->ingest, 0, &s));
	return s;
}

bool
raised(struct world *w, const char *key)
{
	return notice_is_raised(w->notices, "alps", key);
}

unsigned
files_in(struct world *w, const char *name)
{
	int dir = association_dir(w, name);
	struct names names;
	struct err e;
	unsigned n;

	check(durable_list(dir, &names, &e), &e);
	n = (unsigned)names.n;
	names_free(&names);
	close(dir);
	return n;
}

struct world *
world_with_two(void)
{
	struct world *w = world_new();

	spool_config(w, 1, TWO);
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 1);
	return w;
}

void
begin_anew(struct world *w)
{
	struct err e;

	check(stream_draw(&w->stream, &e), &e);
	w->msgid = 0;
	w->digest = 0;
}
