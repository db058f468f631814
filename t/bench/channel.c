/*
 * What a value costs on the channel and in CPU, under each compression: real
 * sessions between two ends in memory, a fleet of 200 devices for a day, and under
 * columnar the numbers of this machine's /proc, each second.  Bytes are those of both
 * directions, less those of a session with one tiny message, after the first 16
 * cycles.  channel NAME: of that compression alone.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "t/bench/bench.h"
#include "t/bench/fleet.h"
#include "t/bench/proc_values.h"
#include "t/peer.h"

enum {
	DEVICES = 200,
	WARM_UP = 16,    /* cycles that are not counted */
	SHORT_DAY = 40,  /* of compressions that know no yesterday */
	CPU_CYCLES = 40, /* of which as many are not counted */
	PROC_CYCLES = 76,
	SEED = 1,
};

static struct peer spoke, hub;

static void
begin(const struct codec_ops *c)
{
	peer_init(&spoke, SESSION_SPOKE, true);
	peer_init(&hub, SESSION_HUB, false);
	peer_choose(&spoke, c->name);
	peer_choose(&hub, c->name);
}

static void
end(void)
{
	peer_clear(&spoke);
	peer_clear(&hub);
}

/* One session; its bytes, both ways. */
static uint64_t
deliver(void)
{
	const struct session_counts *n;
	struct mono now = { 1000000000 };

	peer_open(&spoke, now);
	peer_open(&hub, now);
	peer_join(&spoke, &hub, 1 << 20, 1);
	if (spoke.end != SESSION_END || !peer_same(&spoke.out, &hub.in)) {
		fprintf(stderr, "channel: %s\n", spoke.why.msg);
		exit(1);
	}
	n = session_counts(spoke.session);
	return n->in_bytes + n->out_bytes;
}

static uint64_t
tiny(const struct codec_ops *c)
{
	uint64_t bytes;

	begin(c);
	peer_write_status(&spoke);
	bytes = deliver();
	end();
	return bytes;
}

static void
put_messages(struct slice text)
{
	struct message m;

	while (message_cut(&text, &m))
		peer_put(&spoke, m.raw);
}

static void
put_cycle(struct fleet *f, bool apart)
{
	struct buf text = { 0 };

	if (apart)
		fleet_cycle_apart(f, &text);
	else
		fleet_cycle(f, &text);
	put_messages(buf_slice(&text));
	buf_clear(&text);
}

/* Bytes a value: `at_once` cycles in each session, each a message, or one for
 * each device. */
static double
bytes_a_value(const struct codec_ops *c, unsigned at_once, bool apart)
{
	unsigned day = c->history != NULL && !apart ? FLEET_DAY : SHORT_DAY;
	struct fleet *f = fleet_new(SEED, DEVICES);
	uint64_t base = tiny(c), bytes = 0, values = 0;
	struct buf raw = { 0 };

	begin(c);
	fleet_config(f, &raw);
	peer_put(&spoke, buf_slice(&raw));
	buf_clear(&raw);
	for (unsigned cycle = 0; cycle + at_once <= day; cycle += at_once) {
		uint64_t all;

		for (unsigned i = 0; i < at_once; i++)
			put_cycle(f, apart);
		all = deliver();
		if (cycle < WARM_UP)
			continue;
		bytes += all - base;
		values += at_once * fleet_values(f);
	}
	end();
	fleet_free(f);
	return (double)bytes / (double)values;
}

/* The same of what /proc says, a message a second, each of a session of its own;
 * below 0: there is no such /proc. */
static double
proc_bytes_a_value(const struct codec_ops *c)
{
	struct proc_values *p = proc_values_new();
	const struct timespec second = { .tv_sec = 1 };
	uint64_t base = tiny(c), bytes = 0, values = 0;
	struct buf text = { 0 };

	if (p == NULL)
		return -1;
	begin(c);
	proc_values_config(p, &text);
	for (int cycle = 0; cycle < PROC_CYCLES; cycle++) {
		uint64_t all;

		proc_values_cycle(p, &text);
		put_messages(buf_slice(&text));
		buf_reset(&text);
		all = deliver();
		if (cycle >= WARM_UP) {
			bytes += all - base;
			values += proc_values_count(p);
		}
		(void)nanosleep(&second, NULL);
	}
	end();
	buf_clear(&text);
	proc_values_free(p);
	return (double)bytes / (double)values;
}

/* CPU */

struct cpu {
	double encode, decode; /* ns a value */
};

static double
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
must(int rc, const struct err *e)
{
	if (rc != -1)
		return;
	fprintf(stderr, "channel: %s\n", e->msg);
	exit(1);
}

static void
one_cycle(const struct codec_ops *c, struct codec_state *s[2], struct slice in,
    double ns[2])
{
	const struct codec_history *h = c->history;
	struct buf mid = { 0 }, out = { 0 };
	struct err e = { 0 };
	double start = cpu_ns(), middle;

	must(h != NULL ? h->encode(s[0], in, c->level_default, &mid, &e)
		       : c->encode(in, c->level_default, &mid, &e),
	    &e);
	middle = cpu_ns();
	must(h != NULL ? h->decode(s[1], buf_slice(&mid), in.n, &out, &e)
		       : c->decode(buf_slice(&mid), in.n, &out, &e),
	    &e);
	ns[0] = middle - start;
	ns[1] = cpu_ns() - middle;
	buf_clear(&mid);
	buf_clear(&out);
}

static struct cpu
cpu_a_value(const struct codec_ops *c)
{
	struct fleet *f = fleet_new(SEED, DEVICES);
	struct codec_state *s[2] = { NULL, NULL };
	double encode[CPU_CYCLES], decode[CPU_CYCLES], ns[2];
	double values = (double)fleet_values(f);
	struct buf raw = { 0 };

	fleet_config(f, &raw);
	for (int i = 0; i < 2 && c->history != NULL; i++) {
		s[i] = c->history->state_new();
		c->history->learn(s[i], buf_slice(&raw));
	}
	for (unsigned i = 0; i < 2 * CPU_CYCLES; i++) {
		buf_reset(&raw);
		fleet_cycle(f, &raw);
		if (i < CPU_CYCLES && c->history == NULL)
			continue; /* nothing to warm up */
		one_cycle(c, s, buf_slice(&raw), ns);
		encode[i % CPU_CYCLES] = ns[0] / values;
		decode[i % CPU_CYCLES] = ns[1] / values;
	}
	for (int i = 0; i < 2 && c->history != NULL; i++)
		c->history->state_free(s[i]);
	buf_clear(&raw);
	fleet_free(f);
	return (struct cpu){ bench_median(encode, CPU_CYCLES),
		bench_median(decode, CPU_CYCLES) };
}

/* Rows */

static void
row(const char *codec, const char *what, double reached, const char *unit,
    double goal)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "channel: %s, %s", codec, what);
	bench_row(&(struct bench_row){ .what = text,
	    .reached = reached,
	    .unit = unit,
	    .goal = goal });
}

static void
proc_row(const struct codec_ops *c)
{
	double reached = proc_bytes_a_value(c);

	if (reached < 0)
		printf("channel: no /proc here\n");
	else
		row(c->name, "/proc at 1 s, a cycle a session", reached,
		    "B/value", 0.2);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *codec;
		double one, twelve, apart; /* goals; 0: none */
	} goals[] = {
		{ "zstd", 1.9, 0, 0 },
		{ "columnar", 1.15, 1.12, 1.15 },
	};

	printf("channel: a day of %d devices, bytes and ns of CPU a value:\n",
	    DEVICES);
	printf("channel: %-9s %9s %9s %9s %9s %9s\n", "", "1 cycle",
	    "12 cycles", "1 apart", "encode", "decode");
	for (const struct codec_ops *const *c = codec_all(); *c != NULL; c++) {
		double one, twelve, apart;
		struct cpu cpu;

		if (argc > 1 && strcmp(argv[1], (*c)->name) != 0)
			continue;
		one = bytes_a_value(*c, 1, false);
		twelve = bytes_a_value(*c, 12, false);
		apart = bytes_a_value(*c, 1, true);
		cpu = cpu_a_value(*c);
		printf("channel: %-9s %9.2f %9.2f %9.2f %9.0f %9.0f\n",
		    (*c)->name, one, twelve, apart, cpu.encode, cpu.decode);
		fflush(stdout);
		for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++) {
			if (strcmp(goals[i].codec, (*c)->name) != 0)
				continue;
			row((*c)->name, "a cycle a session", one, "B/value",
			    goals[i].one);
			if (goals[i].apart > 0)
				row((*c)->name,
				    "a cycle in 200 messages a session", apart,
				    "B/value", goals[i].apart);
			if (goals[i].twelve == 0)
				continue;
			row((*c)->name, "12 cycles a session", twelve,
			    "B/value", goals[i].twelve);
			proc_row(*c);
		}
	}
	return 0;
}
