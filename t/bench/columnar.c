/*
 * Bytes and processor time a value: columnar and what could take its place, on
 * a day of a made-up fleet and on numbers of this machine's /proc, in one run.
 *
 *	columnar [SEED]
 *
 * COLUMNAR_SECONDS: how long /proc is recorded.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/mem.h"
#include "common/codec/codec.h"
#include "common/message/message.h"
#include "t/bench/bench.h"
#include "t/bench/fleet.h"
#include "t/bench/proc_values.h"

enum {
	DEVICES = 200,
	WARM = 16,     /* cycles that do not count */
	TOGETHER = 12, /* in one delivery, of the second measurement */
	SECONDS = 90,
};

/* Messages one behind the other; message i ends at end[i], 0 is CONFIG. */
struct day {
	const char *what;
	struct buf text;
	size_t *end;
	size_t n;      /* DATA */
	size_t values; /* of each */
};

static struct slice
messages(const struct day *d, size_t from, size_t to)
{
	size_t begin = from == 0 ? 0 : d->end[from - 1];

	return (struct slice){ d->text.p + begin, d->end[to - 1] - begin };
}

static void
die(const struct err *e)
{
	fprintf(stderr, "columnar: %s\n", e->msg);
	exit(1);
}

static double
cpu_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct figures {
	double bytes, encode_ns, decode_ns; /* a value */
};

/* What a codec is to do: encode `in` upon what stood before, and decode it. */
struct method {
	const char *name;
	const struct codec_ops *ops;
	int level;
	bool history; /* upon the messages before it */
};

static void
make_state(const struct codec_history *h, struct codec_state **s,
    const struct day *d, size_t before)
{
	size_t from = before;

	while (from > 1 && before - from < h->messages &&
	    messages(d, from, before).n < h->enough)
		from--;
	h->state_free(*s);
	*s = h->state_new();
	if (h->config)
		h->learn(*s, messages(d, 0, 1));
	if (from < before)
		h->learn(*s, messages(d, from, before));
}

/* `anew`: a session for each delivery; each end learns the seed, then codes, as
 * two processes do. */
static struct figures
measure(const struct method *m, const struct day *d, size_t together, bool anew)
{
	const struct codec_history *h = m->history ? m->ops->history : NULL;
	struct codec_state *from = NULL, *to = NULL;
	struct figures f = { 0 };
	double values = 0;

	if (h != NULL) {
		make_state(h, &from, d, 1 + WARM);
		make_state(h, &to, d, 1 + WARM);
	}
	for (size_t i = 1 + WARM; i + together <= d->n + 1; i += together) {
		struct slice in = messages(d, i, i + together);
		struct buf mid = { 0 }, out = { 0 };
		struct err e = { 0 };
		double start;
		int rc;

		if (h != NULL && anew)
			make_state(h, &from, d, i);
		start = cpu_ns();
		rc = h != NULL ? h->encode(from, in, m->level, &mid, &e)
			       : m->ops->encode(in, m->level, &mid, &e);
		f.encode_ns += cpu_ns() - start;
		if (rc == -1)
			die(&e);
		if (h != NULL && anew)
			make_state(h, &to, d, i);
		start = cpu_ns();
		rc = h != NULL
		    ? h->decode(to, buf_slice(&mid), in.n, &out, &e)
		    : m->ops->decode(buf_slice(&mid), in.n, &out, &e);
		f.decode_ns += cpu_ns() - start;
		if (rc == -1)
			die(&e);
		if (!slice_eq(buf_slice(&out), in)) {
			fprintf(stderr, "columnar: other bytes came back\n");
			exit(1);
		}
		f.bytes += (double)mid.n;
		values += (double)(d->values * together);
		buf_clear(&mid);
		buf_clear(&out);
	}
	if (h != NULL) {
		h->state_free(from);
		h->state_free(to);
	}
	f.bytes /= values;
	f.encode_ns /= values;
	f.decode_ns /= values;
	return f;
}

static struct figures
tell(const struct method *m, const struct day *d, size_t together, bool anew)
{
	struct figures f = measure(m, d, together, anew);

	printf("%s, %s, %zu in a delivery%s: %.3f bytes a value; "
	       "%.0f ns encode, %.0f decode\n",
	    d->what, m->name, together,
	    m->history ? anew ? ", each of a new session" : ", one session"
		       : "",
	    f.bytes, f.encode_ns, f.decode_ns);
	fflush(stdout);
	return f;
}

static void
row(const char *what, double reached, double goal, const char *unit)
{
	struct bench_row r = { .what = what,
		.reached = reached,
		.unit = unit,
		.goal = goal };

	bench_row(&r);
}

static void
peers(const struct day *d)
{
	static const struct {
		const char *name, *codec;
		int level;
	} rows[] = { { "gzip -9", "gzip", 9 }, { "zstd -3", "zstd", 3 },
		{ "xz", "xz", 6 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct method m = { .name = rows[i].name,
			.ops = codec_find(slice_str(rows[i].codec)),
			.level = rows[i].level };

		if (m.ops == NULL)
			continue;
		tell(&m, d, 1, false);
		if (m.ops->history != NULL) {
			m.history = true;
			m.name = "zstd -3 with the message before";
			tell(&m, d, 1, false);
		}
	}
}

/* All of it at once, as a segment or the backlog of a day. */
static void
backlog(const struct day *d)
{
	const struct codec_ops *const *c = codec_all();

	for (; *c != NULL; c++) {
		struct buf mid = { 0 }, out = { 0 };
		struct err e = { 0 };
		double start = cpu_ns(), half;

		/* xz would take two minutes */
		if (strcmp((*c)->name, "none") == 0 ||
		    strcmp((*c)->name, "xz") == 0)
			continue;
		if ((*c)->encode(buf_slice(&d->text), (*c)->level_default, &mid,
			&e) == -1)
			die(&e);
		half = cpu_ns();
		if ((*c)->decode(buf_slice(&mid), d->text.n, &out, &e) == -1)
			die(&e);
		printf("%s, all %.1f MB at once, %s: %.2f MB; %.2f s encode, "
		       "%.2f decode\n",
		    d->what, (double)d->text.n / 1e6, (*c)->name,
		    (double)mid.n / 1e6, (half - start) / 1e9,
		    (cpu_ns() - half) / 1e9);
		fflush(stdout);
		buf_clear(&mid);
		buf_clear(&out);
	}
}

static void
fleet_day(uint64_t seed)
{
	struct fleet *f = fleet_new(seed, DEVICES);
	struct day d = { .what = "fleet", .n = FLEET_DAY };
	const struct codec_ops *columnar = codec_find(SLICE("columnar"));
	struct method m = { "columnar", columnar, columnar->level_default,
		true };
	struct figures anew, kept, dozen;
	double bits = 0;

	d.end = mem_array(d.n + 1, sizeof(*d.end));
	d.values = fleet_values(f);
	fleet_config(f, &d.text);
	d.end[0] = d.text.n;
	for (size_t i = 1; i <= d.n; i++) {
		fleet_cycle(f, &d.text);
		d.end[i] = d.text.n;
		if (i > WARM)
			bits += fleet_entropy_bits(f);
	}
	printf(
	    "fleet: %zu values a cycle, %.2f bytes of text each; what nobody "
	    "can foresee: %.3f\n",
	    d.values, (double)(d.text.n - d.end[0]) / (double)(d.n * d.values),
	    bits / 8 / (double)((d.n - WARM) * d.values));
	peers(&d);
	anew = tell(&m, &d, 1, true);
	kept = tell(&m, &d, 1, false);
	dozen = tell(&m, &d, TOGETHER, false);
	backlog(&d);
	row("columnar, fleet: a message a cycle, of a new session each",
	    anew.bytes, 1.15, "bytes a value");
	row("columnar, fleet: a message a cycle, one session", kept.bytes, 1.15,
	    "bytes a value");
	row("columnar, fleet: 12 messages in one delivery", dozen.bytes, 1.12,
	    "bytes a value");
	row("columnar, fleet: processor time, encoding", kept.encode_ns, 60,
	    "ns a value");
	row("columnar, fleet: processor time, decoding", kept.decode_ns, 60,
	    "ns a value");
	free(d.end);
	buf_clear(&d.text);
	fleet_free(f);
}

static void
proc_day(size_t seconds)
{
	struct proc_values *p = proc_values_new();
	struct day d = { .what = "/proc at 1 s", .n = seconds };
	const struct codec_ops *columnar = codec_find(SLICE("columnar"));
	struct method m = { "columnar", columnar, columnar->level_default,
		true };
	struct figures anew, kept;

	if (p == NULL || seconds <= WARM)
		return;
	d.end = mem_array(d.n + 1, sizeof(*d.end));
	d.values = proc_values_count(p);
	proc_values_config(p, &d.text);
	d.end[0] = d.text.n;
	for (size_t i = 1; i <= d.n; i++) {
		struct timespec second = { .tv_sec = 1 };

		nanosleep(&second, NULL);
		proc_values_cycle(p, &d.text);
		d.end[i] = d.text.n;
	}
	printf("/proc at 1 s: %zu values, %zu cycles\n", d.values, d.n);
	peers(&d);
	anew = tell(&m, &d, 1, true);
	kept = tell(&m, &d, 1, false);
	row("columnar, /proc at 1 s: a message a cycle, of a new session each",
	    anew.bytes, 0.20, "bytes a value");
	row("columnar, /proc at 1 s: a message a cycle, one session",
	    kept.bytes, 0.20, "bytes a value");
	free(d.end);
	buf_clear(&d.text);
	proc_values_free(p);
}

static uint64_t
number(const char *text, uint64_t otherwise)
{
	uint64_t v;

	if (text == NULL || !slice_u64(slice_str(text), UINT32_MAX, &v))
		return otherwise;
	return v;
}

int
main(int argc, char *argv[])
{
	fleet_day(number(argc > 1 ? argv[1] : NULL, 1));
	proc_day((size_t)number(getenv("COLUMNAR_SECONDS"), SECONDS));
	return 0;
}
