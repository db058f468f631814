/*
 * Parsing and verifying a DATA message of 10,000 values, against the least
 * that anything could do: find the line ends and compute the CRC of the same
 * bytes.  Medians of 5.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/base/clock.h"
#include "common/message/message.h"
#include "t/bench/bench.h"

enum {
	VALUES = 10000,
	RUNS = 5,
	REPEAT = 200, /* messages a run */
};

static uint32_t
draw(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Of each device's ten values: six counters of up to 13 digits, two small
 * gauges, one with a fraction, one mostly zero. */
static void
put_value(char *out, size_t size, unsigned i, uint32_t *seed)
{
	uint64_t wide = (uint64_t)draw(seed) << 20 | draw(seed);

	if (draw(seed) % 500 == 0)
		snprintf(out, size, "U");
	else if (i % 10 < 6)
		snprintf(out, size, "%" PRIu64, wide >> draw(seed) % 24);
	else if (i % 10 < 8)
		snprintf(out, size, "%" PRIu32, draw(seed) % 300);
	else if (i % 10 == 8)
		snprintf(out, size, "%" PRIu32 ".%02" PRIu32, draw(seed) % 100,
		    draw(seed) % 100);
	else
		snprintf(out, size, "%d", draw(seed) % 20 == 0);
}

/* step: of the tokens' order; 1 is ascending. */
static void
make_message(struct buf *out, unsigned step)
{
	struct message m = { .msgid = 100002,
		.type = MESSAGE_DATA,
		.timestamp = 1085528690,
		.generation = 3 };
	struct buf body = { 0 };
	struct err e = { 0 };
	uint32_t seed = 1;
	char token[16], value[32];

	for (unsigned i = 0; i < VALUES; i++) {
		snprintf(token, sizeof(token), "T%04u", i * step % VALUES + 1);
		put_value(value, sizeof(value), i, &seed);
		message_put_line(&body, slice_str(token), slice_str(value));
	}
	m.body = buf_slice(&body);
	if (message_write(out, &m, &e) == -1) {
		fprintf(stderr, "parse: %s\n", e.msg);
		exit(1);
	}
	buf_clear(&body);
}

static volatile uint32_t sink; /* so that no loop is left out */

static void
run_floor(struct slice s)
{
	const char *p = s.p, *end = s.p + s.n;
	uint32_t lines = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		if (++p == end)
			break;
	}
	sink = lines + (uint32_t)crc32_z(0, (const Bytef *)s.p, s.n);
}

static struct message_parser *parser;

static void
run_parser(struct slice s)
{
	struct message m;
	struct err e = { 0 };

	if (message_parse(parser, s, &m, &e) != MESSAGE_WHOLE) {
		fprintf(stderr, "parse: %s\n", e.msg);
		exit(1);
	}
	sink = m.digest;
}

/* In nanoseconds a value. */
static double
time_of(void (*run)(struct slice), struct slice s)
{
	struct mono start = clock_mono();

	for (int k = 0; k < REPEAT; k++)
		run(s);
	return (double)(clock_mono().ns - start.ns) / REPEAT / VALUES;
}

/* Turn by turn, so that what else the machine does slows both. */
static void
report(const char *what, unsigned step)
{
	double parse_ns[RUNS], floor_ns[RUNS];
	struct bench_row row = { .what = what,
		.unit = "MB/s",
		.goal = 0.5,
		.least = true };
	struct buf b = { 0 };

	make_message(&b, step);
	for (int i = 0; i < RUNS; i++) {
		floor_ns[i] = time_of(run_floor, buf_slice(&b));
		parse_ns[i] = time_of(run_parser, buf_slice(&b));
	}
	row.reached = (double)b.n * 1e3 / VALUES / bench_median(parse_ns, RUNS);
	row.floor = (double)b.n * 1e3 / VALUES / bench_median(floor_ns, RUNS);
	bench_row(&row);
	buf_clear(&b);
}

int
main(void)
{
	parser = message_parser_new(MESSAGE_FORM_FULL, 0);
	report("parse and verify DATA", 1);
	report("parse and verify DATA, tokens in any order", 7919);
	message_parser_free(parser);
	return 0;
}
