/*
 * A fleet of devices; see fleet.h.
 *
 * Rates follow a daily curve of their own interface with noise that lasts
 * (autoregressive); packets follow octets by a mean size with noise of its own.
 * Leaves come in path order, as a collector sends them.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "t/bench/fleet.h"

enum {
	INTERFACES = 5,
	START_S = 1790000100, /* a multiple of the period */
};

struct flow { /* one direction of an interface */
	uint64_t octets, packets, errors, discards;
	double base;         /* octets a second, mean of the day */
	double swing, phase; /* of the curve, in the logarithm */
	double noise, keeps; /* of the rate, in the logarithm */
	double size, size_noise;
	double errors_mean, discards_mean; /* a cycle */
	double off;                        /* from the curve, at present */
};

struct interface {
	bool down;
	struct flow in, out;
};

struct device {
	struct interface interface[INTERFACES];
	double cpu, cpu_mean, cpu_noise;
	double memory, memory_noise; /* KiB */
	double temp[2], temp_mean[2];
	uint64_t uptime_s;
};

struct fleet {
	uint64_t random[2];
	struct device *device;
	unsigned devices;
	unsigned cycle;
	size_t token; /* of the message that is being made */
	double bits;
	struct message last;
	struct buf body;
};

/* xoroshiro128+, Blackman and Vigna */
static uint64_t
draw(struct fleet *f)
{
	uint64_t a = f->random[0], b = f->random[1], sum = a + b;

	b ^= a;
	f->random[0] = (a << 24 | a >> 40) ^ b ^ b << 16;
	f->random[1] = b << 37 | b >> 27;
	return sum;
}

static double
uniform(struct fleet *f, double from, double to)
{
	return from + (to - from) * (double)(draw(f) >> 11) * 0x1p-53;
}

static double
normal(struct fleet *f)
{
	double u = uniform(f, 0x1p-53, 1), v = uniform(f, 0, 1);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Counts what the draw of an event of this chance tells. */
static bool
happens(struct fleet *f, double chance)
{
	bool yes = uniform(f, 0, 1) < chance;

	f->bits -= log2(yes ? chance : 1 - chance);
	return yes;
}

/* A whole number around mean; what it tells is the area of its unit under the
 * curve. */
static double
around(struct fleet *f, double mean, double noise)
{
	double v = floor(mean + noise * normal(f) + 0.5);
	double a = (v - 0.5 - mean) / noise, b = (v + 0.5 - mean) / noise;
	double area = 0.5 * (erfc(a * M_SQRT1_2) - erfc(b * M_SQRT1_2));

	if (area < 1e-9) /* narrow: the curve's height */
		area =
		    exp(-0.125 * (a + b) * (a + b)) / (noise * sqrt(2 * M_PI));
	f->bits -= log2(area);
	return v;
}

static uint64_t
poisson(struct fleet *f, double mean)
{
	double p = exp(-mean), left = uniform(f, 0, 1);
	uint64_t k = 0;

	if (mean <= 0)
		return 0;
	while (left > p && k < 1000) {
		left -= p;
		p *= mean / (double)++k;
	}
	f->bits -= log2(p);
	return k;
}

static void
flow_init(struct fleet *f, struct flow *w, bool errs)
{
	w->base = exp(uniform(f, log(2e3), log(2e8)));
	w->swing = uniform(f, 0.2, 1.2);
	w->phase = uniform(f, 0, 2 * M_PI / 4);
	w->noise = uniform(f, 0.03, 0.25);
	w->keeps = uniform(f, 0, 0.9);
	w->size = uniform(f, 120, 1200);
	w->size_noise = uniform(f, 0.005, 0.04);
	w->errors_mean = errs ? exp(uniform(f, log(0.01), log(3))) : 0;
	w->discards_mean = errs ? exp(uniform(f, log(0.01), log(3))) : 0;
	w->octets = (uint64_t)(w->base * uniform(f, 0, 3e7));
	w->packets = (uint64_t)((double)w->octets / w->size);
	w->errors = errs ? draw(f) % 100000 : 0;
	w->discards = errs ? draw(f) % 100000 : 0;
}

static void
device_init(struct fleet *f, struct device *d)
{
	for (int i = 0; i < INTERFACES; i++) {
		struct interface *n = &d->interface[i];
		bool errs = draw(f) % 8 == 0;

		n->down = draw(f) % 100 < 15;
		flow_init(f, &n->in, errs);
		flow_init(f, &n->out, errs);
	}
	d->cpu = d->cpu_mean = uniform(f, 3, 60);
	d->cpu_noise = uniform(f, 0.5, 5);
	d->memory = floor(uniform(f, 1e5, 4e6));
	d->memory_noise = uniform(f, 20, 2000);
	for (int i = 0; i < 2; i++)
		d->temp[i] = d->temp_mean[i] = floor(uniform(f, 300, 600));
	d->uptime_s = draw(f) % 30000000;
}

struct fleet *
fleet_new(uint64_t seed, unsigned devices)
{
	struct fleet *f = mem_alloc(sizeof(*f));

	f->random[0] = seed + UINT64_C(0x9e3779b97f4a7c15);
	f->random[1] = seed * UINT64_C(0xbf58476d1ce4e5b9) + 1;
	for (int i = 0; i < 20; i++)
		draw(f);
	f->device = mem_array(devices, sizeof(*f->device));
	f->devices = devices;
	for (unsigned i = 0; i < devices; i++)
		device_init(f, &f->device[i]);
	f->last.stream.b[0] = 0x6f;
	for (int i = 1; i < 16; i++)
		f->last.stream.b[i] = (uint8_t)draw(f);
	f->last.generation = 1;
	return f;
}

void
fleet_free(struct fleet *f)
{
	if (f == NULL)
		return;
	buf_clear(&f->body);
	free(f->device);
	free(f);
}

size_t
fleet_values(const struct fleet *f)
{
	return (size_t)f->devices * FLEET_VALUES;
}

double
fleet_entropy_bits(const struct fleet *f)
{
	return f->bits;
}

static void
append(struct fleet *f, enum message_type type, struct buf *out)
{
	struct message *m = &f->last;
	struct err e = { 0 };

	m->prev = m->digest;
	m->msgid++;
	m->type = type;
	m->timestamp = START_S + (uint64_t)f->cycle * FLEET_PERIOD_S;
	m->part = m->parts = 1;
	m->body = buf_slice(&f->body);
	if (message_write(out, m, &e) == -1) {
		fprintf(stderr, "fleet: %s\n", e.msg);
		exit(1);
	}
	buf_reset(&f->body);
}

/* The leaves of a device, in path order. */
struct leaf {
	const char *name, *kind, *unit;
};

static const struct leaf interface_leaves[] = {
	{ "InDiscards", "COUNTER", "packets/s" },
	{ "InErrors", "COUNTER", "packets/s" },
	{ "InOctets", "COUNTER", "bytes/s" },
	{ "InUcastPkts", "COUNTER", "packets/s" },
	{ "OperStatus", "GAUGE", "" },
	{ "OutDiscards", "COUNTER", "packets/s" },
	{ "OutErrors", "COUNTER", "packets/s" },
	{ "OutOctets", "COUNTER", "bytes/s" },
	{ "OutUcastPkts", "COUNTER", "packets/s" },
};

static const struct leaf system_leaves[] = {
	{ "CpuLoad", "GAUGE", "%" },
	{ "MemoryUsed", "GAUGE", "bytes" },
	{ "TempInlet", "GAUGE", "C" },
	{ "TempOutlet", "GAUGE", "C" },
	{ "UpTime", "GAUGE", "s" },
};

static void
config_leaf(struct fleet *f, unsigned device, int interface,
    const struct leaf *l)
{
	struct buf *b = &f->body;

	if (f->token++ > 0)
		buf_put_str(b, ";\n");
	buf_printf(b, "level2-token:T%04zu\n", f->token);
	if (interface >= 0)
		buf_printf(b,
		    "level2-path:/Routers/rtr%03u/Interfaces/ge-0-0-%d/%s\n",
		    device + 1, interface, l->name);
	else
		buf_printf(b, "level2-path:/Routers/rtr%03u/System/%s\n",
		    device + 1, l->name);
	buf_printf(b, "rrd-create-dstype:%s\n", l->kind);
	if (l->unit[0] != '\0')
		buf_printf(b, "vertical-label:%s\n", l->unit);
}

void
fleet_config(struct fleet *f, struct buf *out)
{
	f->token = 0;
	for (unsigned d = 0; d < f->devices; d++) {
		for (int i = 0; i < INTERFACES; i++)
			for (size_t k = 0; k < 9; k++)
				config_leaf(f, d, i, &interface_leaves[k]);
		for (size_t k = 0; k < 5; k++)
			config_leaf(f, d, -1, &system_leaves[k]);
	}
	append(f, MESSAGE_CONFIG, out);
}

static void
flow_step(struct fleet *f, struct flow *w)
{
	double day = 2 * M_PI * f->cycle / FLEET_DAY;
	double mean, octets;

	w->off *= w->keeps;
	mean = w->base * FLEET_PERIOD_S *
	    exp(w->swing * sin(day - w->phase) + w->off);
	octets = around(f, mean, w->noise * mean);
	if (octets < 0)
		octets = 0;
	w->off += log((octets + 1) / mean) < -1 ? -1 : log((octets + 1) / mean);
	w->octets += (uint64_t)octets;
	w->packets += (uint64_t)fmax(0,
	    around(f, octets / w->size,
		0.3 + w->size_noise * octets / w->size));
	w->errors += poisson(f, w->errors_mean);
	w->discards += poisson(f, w->discards_mean);
}

/* One in a thousand is not known, beside those of a device that is silent. */
static void
put(struct fleet *f, bool silent, uint64_t value, int decimals)
{
	struct buf *b = &f->body;

	buf_printf(b, "T%04zu:", ++f->token);
	if (silent || happens(f, 0.001))
		buf_put_str(b, "U\n");
	else if (decimals == 1)
		buf_printf(b, "%" PRIu64 ".%" PRIu64 "\n", value / 10,
		    value % 10);
	else
		buf_printf(b, "%" PRIu64 "\n", value);
}

static void
put_flow(struct fleet *f, bool silent, const struct flow *w)
{
	put(f, silent, w->discards, 0);
	put(f, silent, w->errors, 0);
	put(f, silent, w->octets, 0);
	put(f, silent, w->packets, 0);
}

static void
interface_cycle(struct fleet *f, struct interface *n, bool silent)
{
	if (!n->down) {
		flow_step(f, &n->in);
		flow_step(f, &n->out);
	}
	put_flow(f, silent, &n->in);
	put(f, silent, n->down ? 2 : 1, 0);
	put_flow(f, silent, &n->out);
}

static void
system_cycle(struct fleet *f, struct device *d, bool silent)
{
	d->cpu =
	    around(f, d->cpu_mean + 0.7 * (d->cpu - d->cpu_mean), d->cpu_noise);
	d->cpu = fmin(fmax(d->cpu, 0), 100);
	d->memory = fmax(around(f, d->memory, d->memory_noise), 1000);
	put(f, silent, (uint64_t)d->cpu, 0);
	put(f, silent, (uint64_t)d->memory * 1024, 0);
	for (int i = 0; i < 2; i++) {
		d->temp[i] = around(f,
		    d->temp_mean[i] + 0.95 * (d->temp[i] - d->temp_mean[i]), 3);
		put(f, silent, (uint64_t)d->temp[i], 1);
	}
	d->uptime_s += FLEET_PERIOD_S;
	if (happens(f, 0.05))
		d->uptime_s++;
	put(f, silent, d->uptime_s, 0);
}

static void
cycle(struct fleet *f, bool apart, struct buf *out)
{
	f->cycle++;
	f->bits = 0;
	f->token = 0;
	for (unsigned i = 0; i < f->devices; i++) {
		struct device *d = &f->device[i];
		bool silent = happens(f, 0.001);

		for (int k = 0; k < INTERFACES; k++)
			interface_cycle(f, &d->interface[k], silent);
		system_cycle(f, d, silent);
		if (apart || i + 1 == f->devices)
			append(f, MESSAGE_DATA, out);
	}
}

void
fleet_cycle(struct fleet *f, struct buf *out)
{
	cycle(f, false, out);
}

void
fleet_cycle_apart(struct fleet *f, struct buf *out)
{
	cycle(f, true, out);
}
