/*
 * What columnar makes of a fleet, and of counters whose rate hardly surprises: of a
 * steady one, and of many that follow one steep curve.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/codec.h"
#include "common/message/message.h"
#include "t/bench/fleet.h"

enum {
	LEAVES = 200,
	CYCLES = 60,
	WARM = 20,
};

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (uint32_t)((uint64_t)*seed * below >> 32);
}

/* Encode upon one state, decode upon the other; how many bytes. */
static size_t
carry(const struct codec_history *h, struct codec_state *s[2], struct slice in)
{
	struct buf mid = { 0 }, out = { 0 };
	struct err e = { 0 };
	size_t n;

	assert_int_equal(h->encode(s[0], in, 6, &mid, &e), 0);
	assert_int_equal(h->decode(s[1], buf_slice(&mid), in.n, &out, &e), 0);
	assert_true(slice_eq(buf_slice(&out), in));
	n = mid.n;
	buf_clear(&mid);
	buf_clear(&out);
	return n;
}

/* Leaf k of a cycle grows by about rate(k, cycle), with noise of as many parts
 * of a million, or of 1; bytes of 1,000 values. */
static size_t
cost(uint64_t (*rate)(unsigned k, unsigned cycle), uint32_t noise)
{
	const struct codec_history *h = codec_find(SLICE("columnar"))->history;
	struct codec_state *s[2] = { h->state_new(), h->state_new() };
	uint64_t total[LEAVES] = { 0 };
	struct message m = { .type = MESSAGE_DATA,
		.part = 1,
		.parts = 1,
		.generation = 1 };
	struct buf body = { 0 }, raw = { 0 };
	struct err e = { 0 };
	uint32_t seed = 3;
	size_t sum = 0;

	for (unsigned c = 0; c < CYCLES; c++) {
		size_t n;

		buf_reset(&body);
		buf_reset(&raw);
		for (unsigned k = 0; k < LEAVES; k++) {
			uint64_t more = rate(k, c);
			uint32_t off =
			    noise == 0 ? 1 : (uint32_t)(more * noise / 1000000);

			total[k] += more - off + draw(&seed, 2 * off + 1);
			buf_printf(&body, "T%u:%llu\n", k,
			    (unsigned long long)total[k]);
		}
		m.msgid = c + 1;
		m.timestamp = 1000000 + 300 * (uint64_t)c;
		m.prev = m.digest;
		m.body = buf_slice(&body);
		assert_int_equal(message_write(&raw, &m, &e), 0);
		n = carry(h, s, buf_slice(&raw));
		sum += c >= WARM ? n : 0;
	}
	for (int i = 0; i < 2; i++)
		h->state_free(s[i]);
	buf_clear(&body);
	buf_clear(&raw);
	return sum * 1000 / ((CYCLES - WARM) * LEAVES);
}

static uint64_t
of_ticks(unsigned k, unsigned cycle)
{
	(void)k, (void)cycle;
	return 30000;
}

static uint64_t
of_many_ticks(unsigned k, unsigned cycle)
{
	(void)k, (void)cycle;
	return 30000000;
}

static uint64_t
of_its_own(unsigned k, unsigned cycle)
{
	(void)cycle;
	return 20000 + 977 * (uint64_t)k;
}

/* Three values, as likely as each other, are 198 bytes of 1,000. */
static void
a_steady_rate_costs_what_its_jitter_does(void **state)
{
	(void)state;
	assert_in_range(cost(of_ticks, 0), 190, 320);
	assert_in_range(cost(of_many_ticks, 0), 190, 320);
	assert_in_range(cost(of_its_own, 0), 190, 320);
}

/* Up and down by half, as no token's own past tells: 5 % a cycle, at random. */
static uint64_t
of_one_curve(unsigned k, unsigned cycle)
{
	uint32_t seed = 77;
	uint64_t level = 100000;

	for (unsigned i = 0; i < cycle; i++)
		level = level * (19 + draw(&seed, 3)) / 20 +
		    (level < 60000 ? 5000 : 0);
	return level * (50 + k);
}

/* Noise of 0.2 %: 2 * 0.001 * 15e6 numbers and less, 14.5 bits. */
static void
what_is_common_is_told_once(void **state)
{
	(void)state;
	assert_in_range(cost(of_one_curve, 1000), 1600, 2100);
}

/* Of 2,000 values a cycle, in its second half. */
static double
fleet_cost(uint64_t seed)
{
	const struct codec_history *h = codec_find(SLICE("columnar"))->history;
	struct codec_state *s[2] = { h->state_new(), h->state_new() };
	struct fleet *f = fleet_new(seed, 40);
	struct buf raw = { 0 };
	double bits = 0, least = 0;

	fleet_config(f, &raw);
	(void)carry(h, s, buf_slice(&raw));
	for (unsigned c = 0; c < 2 * CYCLES; c++) {
		size_t n;

		buf_reset(&raw);
		fleet_cycle(f, &raw);
		n = carry(h, s, buf_slice(&raw));
		if (c < CYCLES)
			continue;
		bits += 8.0 * (double)n;
		least += fleet_entropy_bits(f);
	}
	for (int i = 0; i < 2; i++)
		h->state_free(s[i]);
	buf_clear(&raw);
	fleet_free(f);
	return bits / least;
}

/* A day of 10,000 is at 1.03. */
static void
a_fleet_costs_little_more_than_nobody_foresees(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		double cost = fleet_cost(seed);

		assert_true(cost >= 1 && cost < 1.12);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_rate_costs_what_its_jitter_does),
		cmocka_unit_test(what_is_common_is_told_once),
		cmocka_unit_test(
		    a_fleet_costs_little_more_than_nobody_foresees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
