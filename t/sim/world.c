/*
 * Histories; see world.h.  The processes run the real code: collecting
 * (tokens, outbox), delivery (session, spool at both ends), ingest (sequencer,
 * settling, archive).  Between them chance kills at any call, cuts power and
 * links at any byte, fails calls, sets clocks.  In the end all is healed, and
 * then every value that was promised must be stored once, and nothing else.  A
 * quarter of the spokes has a small spool and drops the oldest for the newest:
 * there the newest must be stored.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/base/sandbox.h"
#include "hub/ingest/ingest.h"
#include "spoke/outgoing.h"
#include "spoke/readings.h"
#include "t/sim/disk.h"
#include "t/sim/fiber.h"
#include "t/sim/memory.h"
#include "t/sim/net.h"
#include "t/sim/rng.h"
#include "t/sim/world.h"
#include "transport/delivery/delivery_impl.h"

enum {
	HUB,
	SPOKE,
	LEAVES_MIN = 3,
	LEAVES_MAX = 6,
	STEPS = 40,
	HEAL_ROUNDS = 60,
	SMALL_SPOOL = 3000, /* bytes: some ten cycles */
	SESSION_S = 60,
};

#define SECOND  INT64_C(1000000000)
#define START_S INT64_C(1700000000)
#define SUBTREE "/Sites/A"

/* A value that a collector gave to be spooled. */
struct want {
	char path[64]; /* the hub's */
	uint64_t time_s;
	char text[24];
	bool promised; /* the commit said yes */
};

static struct {
	struct config config[2];
	struct association association[2];
	struct config_collector collector;
	struct want *want;
	size_t n_want;
	uint64_t cycle, spooled; /* the newest, and the newest spooled */
	unsigned leaves, labels; /* the site as it is now */
	const char *compression; /* NULL: drawn, again and again */
	int hubd, collect, push, receive; /* pids */
	bool stop_hubd;
	/* The spoke drops its oldest messages, which are not waited for then; and
	 * nothing is delivered before it did. */
	bool drops, unreached;
	struct world_counts *counts;
} w;

/* A line for a person who looks at one seed. */
static void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
trace(const char *fmt, ...)
{
	va_list ap;

	if (getenv("SIM_VERBOSE") == NULL)
		return;
	printf("# %.3f ", (double)(sim_now_ns() / 1000000) / 1000 - START_S);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

/* --- The two nodes --- */

static void
set_up_node(int host, const char *id)
{
	static const char *const none[] = { NULL };
	struct association *a = &w.association[host];
	struct config *c = &w.config[host];

	*a = (struct association){ .name = "a",
		.role = host == HUB ? CONFIG_HUB : CONFIG_SPOKE,
		.hub = "hub",
		.spoke = "spoke",
		.compression = w.compression != NULL ? w.compression : "zstd",
		.level = -1,
		.hub_tree = "main",
		.hub_subtree = SUBTREE,
		.spoke_tree = "local",
		.config_interval_s = 86400,
		.retain_s = 7 * 86400,
		.archive_retain_s = 365 * 86400,
		.archive_size = UINT64_C(1) << 40,
		.spool_size = UINT64_C(1) << 30,
		.silent_after_s = 86400,
		.exec_command = none,
		.exec_env = none,
		.rsync_rsh = none,
		.file = "sim" };
	*c = (struct config){ .file = "sim",
		.node = { id, "/state", "/spool", "/run", NULL, 1, NULL, 0 },
		.oper = { none, none, 300, 14400 },
		.hub = { 1, 5 },
		.association = a,
		.n_association = 1 };
}

/* node.c's, by --wrap: the roots of a simulated disk. */
int __wrap_node_open(const struct config *c, struct node *n, struct err *e);

int
__wrap_node_open(const struct config *c, struct node *n, struct err *e)
{
	int root = disk_open_root(fiber_host());

	(void)c;
	n->state_dir = durable_make_dir(root, "state", e);
	n->spool_dir = durable_make_dir(root, "spool", e);
	n->run_dir = durable_make_dir(root, "run", e);
	close(root);
	return n->state_dir == -1 || n->spool_dir == -1 || n->run_dir == -1 ? -1
									    : 0;
}

/* sandbox.c's, by --wrap: a simulated process has no kernel to confine it. */
int __wrap_sandbox_enter(const struct sandbox_opts *o,
    struct sandbox_state *got, struct err *e);

int
__wrap_sandbox_enter(const struct sandbox_opts *o, struct sandbox_state *got,
    struct err *e)
{
	(void)o, (void)got, (void)e;
	return 0;
}

static void
over(void *arg, bool killed)
{
	int *pid = arg;

	if (killed)
		trace("killed: %s", pid == &w.hubd ? "hubd" : "collect");
	*pid = 0;
	w.counts->kills += killed;
}

/* --- spoke collect --- */

static struct want *
add_want(const char *path, uint64_t time_s, struct slice text)
{
	struct want *x;

	w.want = mem_resize(w.want, w.n_want + 1, sizeof(*x));
	x = &w.want[w.n_want++];
	*x = (struct want){ .time_s = time_s };
	(void)snprintf(x->path, sizeof(x->path), SUBTREE "%s", path);
	(void)snprintf(x->text, sizeof(x->text), "%.*s", (int)text.n, text.p);
	return x;
}

static const char *
live_path(const struct tokens *t, size_t at)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->leaf[i]->state == LEAF_LIVE && t->leaf[i]->at == at)
			return t->leaf[i]->path;
	abort();
}

/* What the site's devices say in this cycle. */
static void
spool_cycle(struct outgoing *o, uint64_t cycle)
{
	char path[LEAVES_MAX][16], value[24], label[16];
	const char *param[] = { "vertical-label", label, NULL };
	struct reading reading[LEAVES_MAX];
	struct collected c = { .reading = reading,
		.n = w.leaves,
		.timestamp_s = (uint64_t)START_S + cycle * 60,
		.complete = true };
	struct readings r = { &w.collector, &c, NULL };
	struct values values = { 0 };
	struct err e = { 0 };
	size_t first = w.n_want;

	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)cycle);
	(void)snprintf(label, sizeof(label), "l%u", w.labels);
	for (unsigned i = 0; i < w.leaves; i++) {
		(void)snprintf(path[i], sizeof(path[i]), "/x%u", i);
		reading[i] = (struct reading){ path[i], value, param };
	}
	readings_apply(outgoing_tokens(o), &r, &values);
	for (size_t i = 0; i < values.n; i++)
		add_want(live_path(outgoing_tokens(o), values.v[i].at),
		    values.v[i].timestamp_s, values.v[i].text);
	if (outgoing_put_config(o, c.timestamp_s, c.timestamp_s, &e) == 0 &&
	    outgoing_put_values(o, &values, NULL, &e) == 0 &&
	    outgoing_commit(o, &e) == 0) {
		for (size_t i = first; i < w.n_want; i++)
			w.want[i].promised = true;
		w.spooled = cycle;
	}
	trace("cycle %llu: %s", (unsigned long long)cycle,
	    e.kind == ERR_NONE ? "spooled" : e.msg);
	values_clear(&values);
}

static void
collect(void *arg)
{
	uint64_t cycle = ++w.cycle;
	struct outgoing *o;
	struct node n;
	struct err e = { 0 };

	(void)arg;
	w.counts->cycles++;
	if (node_open(&w.config[SPOKE], &n, &e) == 0 &&
	    outgoing_open(&n, &w.association[SPOKE], 1000, &o, &e) == 0) {
		spool_cycle(o, cycle);
		outgoing_close(o);
	}
}

/* --- A session --- */

struct end {
	int host, fd, pid;
	int *newest; /* where the pid of the newest session's end stands */
};

static void
deliver(void *arg)
{
	const struct end end = *(const struct end *)arg;
	struct channel channel = { .read_fd = end.fd,
		.write_fd = end.fd,
		.report_fd = -1 };
	struct delivery_sofar sofar = { 0 };
	struct delivery_result r = { 0 };
	struct err e = { 0 };
	struct delivery_opts o = { .config = &w.config[end.host],
		.association = &w.association[end.host],
		.opener = end.host == SPOKE,
		.ahead = end.host == SPOKE,
		.deadline = { sim_now_ns() + SESSION_S * SECOND },
		.channel = &channel };

	if (delivery_run_here(&o, -1, &sofar, &r, &e) == -1)
		trace("session at %s: %s", end.host == HUB ? "hub" : "spoke",
		    e.msg);
	/* the end of the process closes the channel */
}

static void
end_over(void *arg, bool killed)
{
	struct end *end = arg;

	w.counts->kills += killed;
	if (killed)
		trace("killed: session at %s",
		    end->host == HUB ? "hub" : "spoke");
	if (*end->newest == end->pid)
		*end->newest = 0;
	free(end);
}

static void
start_end(int host, int fd, int *newest)
{
	struct end *end = mem_alloc(sizeof(*end));

	end->pid = fiber_spawn(host, host == HUB ? "receive" : "push", deliver,
	    end, end_over);
	end->host = host;
	end->fd = fd;
	end->newest = newest;
	*newest = end->pid;
	net_give(fd, end->pid);
}

static void
session(void)
{
	struct net_opts o = { .capacity =
				  64 + rng_below(rng_chance(50) ? 4096 : 65536),
		.delay_ns = (int64_t)rng_below(300) * 1000000,
		.cut_after = rng_chance(30) ? 1 + rng_below(20000) : 0 };
	int a, b;

	w.counts->sessions++;
	net_link(&o, &a, &b);
	start_end(SPOKE, a, &w.push);
	start_end(HUB, b, &w.receive);
}

/* --- hubd --- */

static void
hub_work(struct ingest *g)
{
	while (!w.stop_hubd) {
		int64_t wake;

		ingest_look(g, SIZE_MAX);
		while (ingest_step(g, clock_mono(), clock_wall()))
			;
		wake = ingest_wake(g).ns;
		if (wake > sim_now_ns() + SECOND)
			wake = sim_now_ns() + SECOND;
		if (wake <= sim_now_ns())
			wake = sim_now_ns() + SECOND / 100;
		fiber_wait(NULL, NULL, wake);
	}
}

static void
hubd(void *arg)
{
	struct ingest_opts o = { .config = &w.config[HUB] };
	struct ingest *g;
	struct node n;
	struct err e = { 0 };

	(void)arg;
	if (node_open(&w.config[HUB], &n, &e) == -1 ||
	    notices_open(n.state_dir, NULL, &o.notices, &e) == -1)
		return;
	o.node = &n;
	o.store = memory_store_open();
	o.compiler = memory_compiler_open();
	g = ingest_open(&o, clock_mono(), clock_wall());
	hub_work(g);
	ingest_close(g);
	o.store->ops->close(o.store);
	o.compiler->ops->close(o.compiler);
	notices_close(o.notices);
}

static void
ensure_hubd(void)
{
	if (w.hubd == 0)
		w.hubd = fiber_spawn(HUB, "hubd", hubd, &w.hubd, over);
}

static void
ensure_collect(void)
{
	if (w.collect == 0)
		w.collect =
		    fiber_spawn(SPOKE, "collect", collect, &w.collect, over);
}

/* --- Chance --- */

static void
power_cut(int host)
{
	w.counts->power_cuts++;
	trace("power cut of %s", host == HUB ? "hub" : "spoke");
	fibers_kill_host(host);
	disk_power_cut(host);
	if (host == HUB)
		memory_power_cut();
}

/* The centre burns down and is set up again: the spoke holds everything still,
 * since all of it is younger than its retention. */
static void
lose_hub(void)
{
	trace("the hub is lost");
	fibers_kill_host(HUB);
	disk_replace_disk(HUB);
	memory_reset();
}

/* What the operator of one end prefers now. */
static void
change_compression(int host)
{
	const struct codec_ops *const *all = codec_all();
	unsigned n = 0;

	while (all[n] != NULL)
		n++;
	w.association[host].compression = all[rng_below(n)]->name;
}

static void
change_site(void)
{
	if (w.compression == NULL)
		change_compression((int)rng_below(2));
	/* never fewer than half of what there was: that waits for a person */
	w.leaves =
	    LEAVES_MIN + (unsigned)rng_below(LEAVES_MAX - LEAVES_MIN + 1);
	w.labels = (unsigned)rng_below(3);
}

static void
trouble(void)
{
	int host = (int)rng_below(2);

	switch (rng_below(20)) {
	case 0:
		lose_hub();
		break;
	case 1:
	case 2:
	case 3:
		power_cut(host);
		break;
	case 4:
	case 5:
	case 6:
		fibers_kill_after(1 + rng_below(400));
		break;
	case 7:
	case 8:
		fibers_kill_host(host);
		break;
	case 9:
	case 10:
	case 11:
		disk_set_faults(host, (unsigned)rng_below(6));
		break;
	case 12:
	case 13:
		sim_set_wall_offset(host,
		    ((int64_t)rng_below(4000) - 2000) * 86400000);
		break;
	default:
		disk_set_faults(host, 0);
		sim_set_wall_offset(host, 0);
	}
}

static void
step(void)
{
	switch (rng_below(10)) {
	case 0:
	case 1:
	case 2:
		ensure_collect();
		break;
	case 3:
	case 4:
	case 5:
		if (!w.unreached && (w.push == 0 || rng_chance(20)))
			session(); /* now and then two at once */
		break;
	case 6:
	case 7:
		ensure_hubd();
		break;
	case 8:
		if (rng_chance(50))
			change_site();
		break;
	default:
		trouble();
	}
	fibers_run(sim_now_ns() + (int64_t)rng_below(3000) * 1000000);
}

/* --- The oracle --- */

static bool
may_be_dropped(const struct want *x)
{
	return w.drops && x->time_s < (uint64_t)START_S + w.spooled * 60;
}

static const struct want *
first_missing(void)
{
	for (size_t i = 0; i < w.n_want; i++) {
		const struct want *x = &w.want[i];
		const char *got = memory_value(x->path, x->time_s);

		if (x->promised && !may_be_dropped(x) &&
		    (got == NULL || strcmp(got, x->text) != 0))
			return x;
	}
	return NULL;
}

struct stranger {
	char *why;
	unsigned size;
	uint64_t values;
};

static void
check_stored(void *arg, const char *path, uint64_t time_s, const char *value)
{
	struct stranger *s = arg;

	s->values++;
	for (size_t i = 0; i < w.n_want; i++)
		if (w.want[i].time_s == time_s &&
		    strcmp(w.want[i].path, path) == 0 &&
		    strcmp(w.want[i].text, value) == 0)
			return;
	(void)snprintf(s->why, s->size, "%s at %llu is %s: nobody collected it",
	    path, (unsigned long long)time_s, value);
}

static bool
heal(char *why, unsigned size)
{
	const struct want *missing = NULL;

	fibers_kill_after(0);
	for (int h = 0; h < 2; h++) {
		disk_set_faults(h, 0);
		sim_set_wall_offset(h, 0);
	}
	ensure_collect(); /* what a crash hid is found by the next one */
	for (int i = 0; i < HEAL_ROUNDS; i++) {
		ensure_hubd();
		if (w.push == 0 && w.receive == 0)
			session();
		fibers_run(sim_now_ns() + 60 * SECOND);
		missing = first_missing();
		if (missing == NULL && i > 3 && w.spooled == w.cycle)
			return true;
	}
	if (missing == NULL) {
		(void)snprintf(why, size,
		    "cycle %llu: all is well, but "
		    "nothing can be spooled",
		    (unsigned long long)w.cycle);
		return false;
	}
	for (int h = 0; getenv("SIM_VERBOSE") != NULL && h < 2; h++)
		disk_dump(h);
	(void)snprintf(why, size, "%s at %llu: %s was promised, stored is %s",
	    missing->path, (unsigned long long)missing->time_s, missing->text,
	    memory_value(missing->path, missing->time_s) != NULL
		? memory_value(missing->path, missing->time_s)
		: "nothing");
	return false;
}

/* By the seed alone, for those that failed once to be the same histories. */
static void
set_up_dropping(uint64_t seed)
{
	struct association *a = &w.association[SPOKE];

	w.unreached = seed % 8 == 6;
	w.drops = w.unreached || seed % 8 == 5;
	if (!w.drops)
		return;
	a->spool_size = SMALL_SPOOL;
	a->spool_full = CONFIG_DROP_OLDEST;
}

bool
world_run(uint64_t seed, const char *compression, struct world_counts *counts,
    char *why, unsigned size)
{
	struct stranger s = { why, size, 0 };
	bool healed;

	memset(&w, 0, sizeof(w));
	w.counts = counts;
	w.compression = compression;
	rng_seed(seed);
	disk_reset();
	net_reset();
	memory_reset();
	fibers_reset(START_S * SECOND);
	set_up_node(HUB, "hub");
	set_up_node(SPOKE, "spoke");
	if (w.compression == NULL) {
		change_compression(HUB);
		change_compression(SPOKE);
	}
	w.collector = (struct config_collector){ .name = "c",
		.type = "exec",
		.tree = "local",
		.subtree = "/g",
		.period_s = 60,
		.kind = "GAUGE" };
	w.leaves = LEAVES_MIN;
	why[0] = '\0';
	set_up_dropping(seed);
	for (int i = 0; i < STEPS; i++) {
		w.unreached = w.unreached && i < STEPS / 2;
		step();
	}
	healed = heal(why, size);
	if (healed)
		memory_each(check_stored, &s);
	counts->values += s.values;
	fibers_kill_host(HUB);
	fibers_kill_host(SPOKE);
	free(w.want);
	return healed && why[0] == '\0';
}
