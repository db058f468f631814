/*
 * The columnar codec: every byte comes back whatever it is, both ends' states
 * move alike, and what is hostile is refused within its bounds.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/codec/codec.h"
#include "common/message/message.h"
#include "t/bench/fleet.h"

static const struct codec_ops *codec;
static const struct codec_history *history;

static uint32_t
draw(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(*state >> 4) * below >> 28);
}

/* -- alone ------------------------------------------------------------------ */

static void
alone(struct slice in)
{
	struct buf mid = { 0 }, out = { 0 };
	struct err e = { 0 };

	assert_int_equal(codec->encode(in, 6, &mid, &e), 0);
	assert_in_range(mid.n, 1, in.n + 1);
	if (codec->decode(buf_slice(&mid), in.n, &out, &e) == -1)
		fail_msg("%s: %.*s", e.msg, (int)in.n, in.p);
	assert_true(slice_eq(buf_slice(&out), in));
	buf_clear(&mid);
	buf_clear(&out);
}

/* A stream of a small fleet: one CONFIG and n cycles; *end[i] is where message i
 * ends. */
static void
fill(struct buf *out, uint64_t seed, unsigned devices, unsigned n, size_t *end)
{
	struct fleet *f = fleet_new(seed, devices);

	fleet_config(f, out);
	end[0] = out->n;
	for (unsigned i = 1; i <= n; i++) {
		fleet_cycle(f, out);
		end[i] = out->n;
	}
	fleet_free(f);
}

static void
any_bytes_come_back(void **state)
{
	static const char *const pieces[] = { "MsgID:", "1", "\n", ".\n",
		"\n.\n", "Type:DATA\n", "T1:", ":", "U\n", "0", "-", ".5",
		"18446744073709551615", "99999999999999999999",
		"Length:", "Digest:crc32=00000000\n\n", "", "\xff",
		"level2-token:T1\n" };
	struct buf b = { 0 };
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 200; i++) {
		uint32_t n = draw(&seed, 200);

		buf_reset(&b);
		buf_put_char(&b, (char)draw(&seed, 256));
		while (n-- > 0)
			if (i % 2 == 0)
				buf_put_char(&b, (char)draw(&seed, 256));
			else
				buf_put_str(&b,
				    pieces[draw(&seed,
					sizeof(pieces) / sizeof(pieces[0]))]);
		alone(buf_slice(&b));
	}
	buf_reset(&b);
	while (b.n < 300000)
		buf_put_char(&b, (char)draw(&seed, 256));
	alone(buf_slice(&b));
	b.n = 0;
	while (b.n < 300000)
		buf_put_char(&b, 'x');
	alone(buf_slice(&b));
	buf_clear(&b);
}

static void
cut_streams_come_back(void **state)
{
	struct buf b = { 0 };
	size_t end[4];

	(void)state;
	fill(&b, 1, 1, 3, end);
	for (size_t n = 1; n < b.n; n += 1 + n / 15)
		alone((struct slice){ b.p, n });
	for (size_t at = 1; at < b.n; at += 307)
		alone((struct slice){ b.p + at, b.n - at });
	alone(buf_slice(&b));
	buf_clear(&b);
}

/* A byte changed, taken out or put in, with Digests that do not fit then, and
 * texts that are numbers in another way. */
static void
changed_streams_come_back(void **state)
{
	static const char other[] = "0-.U1:;\n9T\0";
	struct buf b = { 0 }, c = { 0 };
	size_t end[4];
	uint32_t seed = 2;

	(void)state;
	fill(&b, 2, 1, 3, end);
	for (int i = 0; i < 150; i++) {
		uint32_t changes = 1 + draw(&seed, 4);

		buf_reset(&c);
		buf_put(&c, buf_slice(&b));
		for (; changes > 0; changes--) {
			size_t at = draw(&seed, (uint32_t)c.n);
			char with = other[draw(&seed, sizeof(other) - 1)];

			if (draw(&seed, 3) > 0)
				c.p[at] = with;
			else
				memmove(c.p + at, c.p + at + 1, --c.n - at);
		}
		alone(buf_slice(&c));
	}
	buf_clear(&b);
	buf_clear(&c);
}

/* -- upon a state ----------------------------------------------------------- */

static struct message last; /* of the stream that put_message() writes */

static void
put_message(struct buf *out, enum message_type type, uint64_t generation,
    const char *collector, const char *body)
{
	struct err e = { 0 };

	last.stream.b[0] = 1;
	last.prev = last.digest;
	last.msgid++;
	last.type = type;
	last.timestamp += 60;
	last.generation = generation;
	last.part = last.parts = 1;
	last.collector = slice_str(collector);
	last.body = slice_str(body);
	assert_int_equal(message_write(out, &last, &e), 0);
}

struct ends {
	struct codec_state *from, *to, *third;
};

static struct ends
begin(void)
{
	return (struct ends){ history->state_new(), history->state_new(),
		history->state_new() };
}

static void
finish(struct ends *x)
{
	history->state_free(x->from);
	history->state_free(x->to);
	history->state_free(x->third);
}

/* One end encodes, one decodes, one learns; how many bytes it took. */
static size_t
carry(struct ends *x, struct slice in)
{
	struct buf mid = { 0 }, out = { 0 };
	struct err e = { 0 };
	size_t n;

	assert_int_equal(history->encode(x->from, in, 6, &mid, &e), 0);
	assert_true((uint8_t)mid.p[0] >= 0x80 || mid.p[0] == 0);
	assert_in_range(mid.n, 1, in.n + 1);
	if (history->decode(x->to, buf_slice(&mid), in.n, &out, &e) == -1)
		fail_msg("%s: %.*s", e.msg, (int)in.n, in.p);
	assert_true(slice_eq(buf_slice(&out), in));
	history->learn(x->third, in);
	n = mid.n;
	buf_clear(&mid);
	buf_clear(&out);
	return n;
}

/* A message of values; the next of its stream. */
static size_t
carry_values(struct ends *x, const struct buf *body)
{
	struct buf b = { 0 };
	size_t n;

	put_message(&b, MESSAGE_DATA, 1, "", body->p);
	n = carry(x, buf_slice(&b));
	buf_clear(&b);
	return n;
}

/* Before anything else that has values, too. */
static void
a_message_may_have_no_values(void **state)
{
	struct buf body = { 0 };
	struct ends x = begin();

	(void)state;
	buf_put_str(&body, "");
	carry_values(&x, &body);
	buf_put_str(&body, "T1:1\nT2:2\n");
	carry_values(&x, &body);
	buf_reset(&body);
	carry_values(&x, &body);
	buf_clear(&body);
	finish(&x);
}

/* States are the same when they code the same in the same bytes. */
static void
same_states(struct ends *x, struct slice probe)
{
	struct buf a = { 0 }, b = { 0 }, c = { 0 };
	struct err e = { 0 };

	assert_int_equal(history->encode(x->from, probe, 6, &a, &e), 0);
	assert_int_equal(history->encode(x->to, probe, 6, &b, &e), 0);
	assert_int_equal(history->encode(x->third, probe, 6, &c, &e), 0);
	assert_true(slice_eq(buf_slice(&a), buf_slice(&b)));
	assert_true(slice_eq(buf_slice(&a), buf_slice(&c)));
	buf_clear(&a);
	buf_clear(&b);
	buf_clear(&c);
}

/* By what the next message would be. */
static void
same_after_values(struct ends *x, const struct buf *body)
{
	struct buf b = { 0 };

	put_message(&b, MESSAGE_DATA, 1, "", body->p);
	same_states(x, buf_slice(&b));
	buf_clear(&b);
}

static void
encoding_decoding_and_learning_move_alike(void **state)
{
	enum {
		CYCLES = 30,
	};
	struct buf b = { 0 };
	size_t end[CYCLES + 1];

	(void)state;
	for (uint32_t seed = 1; seed < 12; seed++) {
		struct ends x = begin();
		uint32_t s = seed;
		size_t from = 0, to;

		buf_reset(&b);
		fill(&b, seed, 2, CYCLES, end);
		for (unsigned i = 0; i < CYCLES; i++) {
			i += draw(&s, 4);
			if (i >= CYCLES)
				break;
			to = end[i];
			/* by any way, in one piece or more */
			if (draw(&s, 3) == 0) {
				struct slice in = { b.p + from, to - from };

				history->learn(x.from, in);
				history->learn(x.to, in);
				history->learn(x.third, in);
			} else {
				carry(&x,
				    (struct slice){ b.p + from, to - from });
			}
			from = to;
		}
		same_states(&x,
		    (struct slice){ b.p + from, end[CYCLES] - from });
		finish(&x);
	}
	buf_clear(&b);
}

static void
how_messages_are_batched_does_not_matter(void **state)
{
	enum {
		CYCLES = 12,
	};
	struct ends x = begin();
	struct buf b = { 0 };
	size_t end[CYCLES + 1];

	(void)state;
	fill(&b, 5, 2, CYCLES, end);
	history->learn(x.from, (struct slice){ b.p, end[CYCLES - 1] });
	for (size_t i = 0, from = 0; i < CYCLES; from = end[i++]) {
		struct slice in = { b.p + from, end[i] - from };
		struct buf mid = { 0 };
		struct err e = { 0 };

		history->learn(x.to, in);
		assert_int_equal(history->encode(x.third, in, 6, &mid, &e), 0);
		buf_clear(&mid);
	}
	same_states(&x,
	    (struct slice){ b.p + end[CYCLES - 1],
		end[CYCLES] - end[CYCLES - 1] });
	finish(&x);
	buf_clear(&b);
}

/* A new session begins from CONFIG and the last DATA, whatever was coded, lost
 * or known before. */
static void
a_seed_is_enough(void **state)
{
	enum {
		CYCLES = 40,
	};
	struct buf b = { 0 };
	size_t end[CYCLES + 1], whole, seeded, fresh;
	uint32_t seed = 9;

	(void)state;
	fill(&b, 7, 4, CYCLES, end);
	for (int i = 0; i < 10; i++) {
		size_t at = 21 + draw(&seed, CYCLES - 21), first = at - 20;
		struct slice in = { b.p + end[at - 1], end[at] - end[at - 1] };
		struct slice config = { b.p, end[0] };
		struct slice data = { b.p + end[first - 1],
			end[at - 1] - end[first - 1] };
		struct ends x = begin(), y = begin(), z = begin();

		history->learn(x.from, config);
		history->learn(x.from, data);
		history->learn(x.to, config);
		history->learn(x.to, data);
		seeded = carry(&x, in);
		carry(&y, (struct slice){ b.p, end[at - 1] });
		whole = carry(&y, in);
		fresh = carry(&z, in);
		assert_true(seeded < 2 * whole);
		assert_true(2 * seeded < fresh);
		finish(&x);
		finish(&y);
		finish(&z);
	}
	buf_clear(&b);
}

/* Another state than that of the sender never gives the bytes of the message:
 * its Prev is told as "the digest before". */
static void
another_state_does_not_go_unseen(void **state)
{
	struct buf b = { 0 }, mid = { 0 }, out = { 0 };
	struct ends x = begin();
	struct err e = { 0 };
	size_t end[6];
	struct slice in;

	(void)state;
	fill(&b, 3, 2, 5, end);
	in = (struct slice){ b.p + end[4], end[5] - end[4] };
	history->learn(x.from, (struct slice){ b.p, end[4] });
	history->learn(x.to, (struct slice){ b.p, end[3] });
	assert_int_equal(history->encode(x.from, in, 6, &mid, &e), 0);
	if (history->decode(x.to, buf_slice(&mid), in.n, &out, &e) == 0)
		assert_false(slice_eq(buf_slice(&out), in));
	buf_clear(&b);
	buf_clear(&mid);
	buf_clear(&out);
	finish(&x);
}

/* -- values and tokens ------------------------------------------------------ */

static void
every_value_is_text(void **state)
{
	static const char *const values[] = { "0", "1", "1", "2", "-1", "-0",
		"00", "01", "007", "1.0", "1.00", "1.5", "1.50", "0.05",
		"-0.05", "-0.0", "0.0", "18446744073709551615",
		"18446744073709551614", "18446744073709551616", "0",
		"9223372036854775807", "9223372036854775808",
		"-9223372036854775808", "-9223372036854775807",
		"-9223372036854775809", "U", "U", "5",
		"99999999999999999999999999999999",
		"-9999999999999999999999999999999", "0.000000000000000001",
		"0.0000000000000000001", "1.000000000000000000",
		"12345678901234567.125", "-3", "12.5", "12", "12.25", "12.250",
		"0.1", "U", "0.1", "3", "1844674407370955161.5", "10", "100",
		"00.5", "1000000000000000000000" };
	enum {
		N = sizeof(values) / sizeof(values[0]),
	};
	struct ends x = begin();
	struct buf body = { 0 };
	uint32_t seed = 4;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		buf_reset(&body);
		buf_printf(&body, "A:%s\n", values[i % N]);
		for (int k = 0; k < 5; k++)
			buf_printf(&body, "B%d:%s\n", k,
			    values[draw(&seed, N)]);
		/* mostly one value, now and then another */
		for (int k = 0; k < 5; k++)
			buf_printf(&body, "C%d:%s\n", k,
			    draw(&seed, 5) == 0 ? values[draw(&seed, N)]
						: values[(i / 400 + k) % N]);
		carry_values(&x, &body);
	}
	buf_clear(&body);
	finish(&x);
}

/* Bytes that come in pages, ticks in tens, until one does not. */
static void
units_are_found_and_given_up(void **state)
{
	struct ends x = begin();
	struct buf body = { 0 };
	uint32_t seed = 5;
	size_t units = 0, none = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		bool whole = i < 60 || (i > 80 && i % 40 != 0);
		unsigned long long odd = whole ? 0 : 1 + draw(&seed, 100);

		buf_reset(&body);
		buf_printf(&body, "P:%llu\nQ:%llu\nR:%llu\n",
		    (1000ULL + draw(&seed, 1000)) * 4096 + odd,
		    (1000ULL + draw(&seed, 1000)) * 1000000 + odd,
		    i * 30ULL + draw(&seed, 3) * 10 + odd);
		if (i >= 50 && i < 60)
			units += carry_values(&x, &body);
		else if (i >= 70 && i < 80)
			none += carry_values(&x, &body);
		else
			carry_values(&x, &body);
	}
	assert_true(units + 30 < none); /* 10 x (12 + 20 + 3) bits less */
	same_after_values(&x, &body);
	buf_clear(&body);
	finish(&x);
}

/* In steps of an eighth, of half a degree around zero, of 25, of 0.6 without the
 * zeros at the end: 64 steps each, which are 6 bits. */
static void
units_have_decimals_and_signs(void **state)
{
	enum {
		MESSAGES = 200,
		WARM = 60,
	};
	struct ends x = begin();
	struct buf body = { 0 };
	uint32_t seed = 9;
	size_t bytes = 0;

	(void)state;
	for (unsigned i = 0; i < MESSAGES; i++) {
		unsigned v = draw(&seed, 64) * 125, t = draw(&seed, 64) * 6;
		int d = (int)draw(&seed, 64) * 5 - 155;
		unsigned size = (unsigned)(d < 0 ? -d : d);
		size_t n;

		buf_reset(&body);
		buf_printf(&body, "P:%u.%03u\nQ:%s%u.%u\nR:%u\nS:%u", v / 1000,
		    v % 1000, d < 0 ? "-" : "", size / 10, size % 10,
		    25 * (100 + draw(&seed, 64)), t / 10);
		if (t % 10 != 0)
			buf_printf(&body, ".%u", t % 10);
		buf_put_char(&body, '\n');
		n = carry_values(&x, &body);
		bytes += i >= WARM ? n : 0;
	}
	/* and what a message costs by itself; without units two more */
	assert_in_range(bytes, 0, (MESSAGES - WARM) * 11 / 2);
	same_after_values(&x, &body);
	buf_clear(&body);
	finish(&x);
}

/* Two that tell one thing cost what one does, until they do not. */
static void
twins_cost_little(void **state)
{
	struct ends x = begin();
	struct buf body = { 0 };
	uint32_t seed = 12;
	unsigned long long used = 1000000000, left = 3000000000, other = 77;
	size_t alike = 0, apart = 0;

	(void)state;
	for (int i = 0; i < 120; i++) {
		unsigned long long by = 100000 + draw(&seed, 1U << 27);

		used += by;
		left -= i < 60 ? by : by + draw(&seed, 1U << 20);
		other += i < 60 ? by : by + draw(&seed, 1U << 20);
		if (i % 20 == 19) {
			used = 1000000000;
			left = 3000000000;
		}
		buf_reset(&body);
		buf_printf(&body, "A:%llu\nB:%llu\nC:%llu\n", used, left,
		    other);
		if (i >= 41 && i < 59)
			alike += carry_values(&x, &body);
		else if (i >= 81 && i < 99)
			apart += carry_values(&x, &body);
		else
			carry_values(&x, &body);
	}
	assert_true(2 * alike < apart);
	same_after_values(&x, &body);
	buf_clear(&body);
	finish(&x);
}

static void
extreme_steps_come_back(void **state)
{
	struct ends x = begin();
	struct buf body = { 0 };
	uint32_t seed = 6;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		buf_reset(&body);
		for (int k = 0; k < 6; k++) {
			uint64_t v = (uint64_t)draw(&seed, 1U << 28) << 36 ^
			    (uint64_t)draw(&seed, 1U << 28) << 8;

			v >>= draw(&seed, 64);
			if (k > 2 && draw(&seed, 2) == 0)
				buf_printf(&body, "T%d:-%llu\n", k,
				    (unsigned long long)(v >> 1));
			else
				buf_printf(&body, "T%d:%llu\n", k,
				    (unsigned long long)v);
		}
		last.timestamp +=
		    draw(&seed, 8) == 0 ? draw(&seed, 1U << 28) : 0;
		if (draw(&seed, 50) == 0)
			last.timestamp = draw(&seed, 1000);
		carry_values(&x, &body);
	}
	buf_clear(&body);
	finish(&x);
}

static void
tokens_come_go_and_change_places(void **state)
{
	struct ends x = begin();
	struct buf b = { 0 }, body = { 0 };
	uint32_t seed = 8;

	(void)state;
	for (int i = 0; i < 400; i++) {
		unsigned from = draw(&seed, 3) == 0 ? draw(&seed, 40) : 0;
		unsigned to = draw(&seed, 3) == 0 ? draw(&seed, 40) : 40;

		buf_reset(&body);
		buf_reset(&b);
		if (draw(&seed, 10) == 0) {
			for (unsigned k = draw(&seed, 20); k < 40; k++)
				buf_printf(&body,
				    "%slevel2-token:T%04u\nlevel2-path:/a/%u\n",
				    body.n > 0 ? ";\n" : "",
				    k * (1 + draw(&seed, 2)), k % 7);
			put_message(&b, MESSAGE_CONFIG, 1, "", body.p);
			buf_reset(&body);
		}
		buf_put_str(&body, "");
		for (unsigned k = from; k < to; k++)
			buf_printf(&body, "T%04u:%d\n",
			    draw(&seed, 60) == 0 ? draw(&seed, 2000) : k,
			    i * (int)k);
		put_message(&b, MESSAGE_DATA, 1,
		    draw(&seed, 2) == 0 ? "one" : "two", body.p);
		put_message(&b, MESSAGE_STATUS, 0, "", "load:0.5\nqueue:1\n");
		carry(&x, buf_slice(&b));
	}
	same_states(&x, buf_slice(&b));
	buf_clear(&body);
	buf_clear(&b);
	finish(&x);
}

/* Devices that are asked one behind the other, each with a message of its own:
 * what counters grew by is measured by the time of their own last message.  The
 * bytes of some cycles, of which a device comes up to `late` s late. */
static size_t
devices_in_turn(uint32_t late)
{
	enum {
		DEVICES = 20,
		LEAVES = 10,
	};
	struct ends x = begin();
	struct buf body = { 0 };
	uint64_t before[DEVICES] = { 0 }, total[DEVICES][LEAVES] = { 0 }, time;
	uint32_t seed = 14;
	size_t bytes = 0, n;

	for (uint64_t cycle = 1; cycle < 40; cycle++)
		for (uint32_t d = 0; d < DEVICES; d++) {
			time = 1000000 + 300 * cycle + draw(&seed, late + 1);
			buf_reset(&body);
			for (uint32_t k = 0; k < LEAVES; k++) {
				if (before[d] != 0)
					total[d][k] += (time - before[d]) *
						(20000 + 1000 * d + 100 * k) +
					    draw(&seed, 100);
				buf_printf(&body, "T%u:%llu\n", d * 100 + k,
				    (unsigned long long)total[d][k]);
			}
			before[d] = time;
			last.timestamp = time - 60; /* put_message() adds */
			n = carry_values(&x, &body);
			bytes += cycle > 20 ? n : 0;
		}
	same_after_values(&x, &body);
	buf_clear(&body);
	finish(&x);
	return bytes;
}

static void
each_device_has_its_own_time(void **state)
{
	size_t regular = devices_in_turn(0), jitter = devices_in_turn(20);

	(void)state;
	/* 8 bits of each time more; of a value less than 5, of 1/65536 */
	assert_in_range(jitter, regular, regular + regular * 3 / 5);
}

/* What 100 leaves cost of some cycles. */
static size_t
leaves_of(const char *path)
{
	struct ends x = begin();
	struct buf b = { 0 }, body = { 0 };
	uint32_t seed = 15;
	size_t bytes = 0, n;

	for (int k = 0; k < 100; k++) {
		buf_printf(&body,
		    "%slevel2-token:T%d\nlevel2-path:", k > 0 ? ";\n" : "", k);
		for (const char *p = path; *p != '\0'; p++)
			if (*p == '%')
				buf_put_u64(&body, (uint64_t)k);
			else
				buf_put_char(&body, *p);
		buf_put_char(&body, '\n');
	}
	put_message(&b, MESSAGE_CONFIG, 1, "", body.p);
	carry(&x, buf_slice(&b));
	for (int i = 0; i < 20; i++) {
		buf_reset(&body);
		for (int k = 0; k < 100; k++)
			buf_printf(&body, "T%d:%u\n", k,
			    1000 + draw(&seed, 9) * (k % 2 ? 1 : 40));
		n = carry_values(&x, &body);
		bytes += i > 2 ? n : 0;
	}
	buf_clear(&b);
	buf_clear(&body);
	finish(&x);
	return bytes;
}

static void
a_number_in_a_name_makes_no_other_kin(void **state)
{
	(void)state;
	assert_int_equal(leaves_of("/a/%/in"), leaves_of("/a/in-%"));
	assert_true(leaves_of("/a/%/in") < leaves_of("/in/%"));
}

/* Of devices with two octet counters, packets behind each, and a load; what a
 * cycle costs once names have told which is which. */
static size_t
cost_of_names(const char *const name[5])
{
	struct ends x = begin();
	uint64_t octets[80][2] = { 0 }, packets[80][2] = { 0 };
	struct buf body = { 0 }, b = { 0 };
	uint32_t seed = 5;
	size_t sum = 0;

	for (int i = 0; i < 400; i++)
		buf_printf(&body, "%slevel2-token:T%d\nlevel2-path:/d%d/%s\n",
		    i > 0 ? ";\n" : "", i, i / 5, name[i % 5]);
	put_message(&b, MESSAGE_CONFIG, 1, "", body.p);
	carry(&x, buf_slice(&b));
	buf_clear(&b);
	for (int c = 0; c < 60; c++) {
		size_t n;

		buf_reset(&body);
		for (int d = 0; d < 80; d++) {
			for (int k = 0; k < 2; k++) {
				uint32_t more = 1000000U * (unsigned)(d + 1) +
				    draw(&seed, 300000U * (unsigned)(d + 1));

				octets[d][k] += more;
				packets[d][k] += more / 500 + draw(&seed, 8);
				buf_printf(&body, "T%d:%llu\nT%d:%llu\n",
				    5 * d + 2 * k,
				    (unsigned long long)octets[d][k],
				    5 * d + 2 * k + 1,
				    (unsigned long long)packets[d][k]);
			}
			buf_printf(&body, "T%d:%u\n", 5 * d + 4,
			    draw(&seed, 100));
		}
		n = carry_values(&x, &body);
		sum += c >= 30 ? n : 0;
	}
	buf_clear(&body);
	finish(&x);
	return sum;
}

static void
numbers_alone_may_name_the_leaves(void **state)
{
	static const char *const words[] = { "in", "pin", "out", "pout",
		"load" };
	static const char *const numbers[] = { "v1", "v2", "v3", "v4", "v5" };
	size_t by_words = cost_of_names(words);

	(void)state;
	assert_in_range(cost_of_names(numbers), by_words * 98 / 100,
	    by_words * 102 / 100);
}

static void
what_repeats_costs_little(void **state)
{
	static const char config[] =
	    "level2-token:T1\nlevel2-path:/a/b\n;\n"
	    "level2-token:T2\nlevel2-path:/a/c\nrrd-create-dstype:COUNTER";
	struct ends x = begin();
	struct buf b = { 0 };

	(void)state;
	put_message(&b, MESSAGE_CONFIG, 1, "", config);
	carry(&x, buf_slice(&b));
	for (int i = 0; i < 40; i++) {
		buf_reset(&b);
		put_message(&b, MESSAGE_CONFIG, 1, "", config);
		put_message(&b, MESSAGE_DATA, 1, "x", "T1:1\nT2:5\n");
		put_message(&b, MESSAGE_DATA, 1, "y", "T1:1\n");
		put_message(&b, MESSAGE_STATUS, 0, "", "load:0.5\nqueue:1\n");
		if (i > 30)
			assert_in_range(carry(&x, buf_slice(&b)), 1, 9);
		else
			carry(&x, buf_slice(&b));
	}
	buf_clear(&b);
	finish(&x);
}

/* -- hostile ---------------------------------------------------------------- */

static void
refused_or_exact(struct slice in, size_t size, struct codec_state *s)
{
	struct buf out = { 0 };
	struct err e = { 0 };
	int rc = s != NULL ? history->decode(s, in, size, &out, &e)
			   : codec->decode(in, size, &out, &e);

	assert_int_equal(out.n, rc == 0 ? size : 0);
	if (rc == -1)
		assert_int_equal(e.kind, ERR_INPUT);
	assert_true(out.cap <= 4 * size + 4096);
	buf_clear(&out);
}

static void
hostile_bytes_are_refused_or_have_the_size(void **state)
{
	struct buf b = { 0 }, good = { 0 }, bad = { 0 };
	struct err e = { 0 };
	size_t end[9];
	uint32_t seed = 3;
	struct slice in;

	(void)state;
	fill(&b, 4, 1, 8, end);
	in = (struct slice){ b.p + end[6], end[8] - end[6] };
	assert_int_equal(codec->encode(in, 6, &good, &e), 0);
	for (size_t n = 0; n < good.n; n += 7) {
		struct buf out = { 0 };

		assert_int_equal(
		    codec->decode((struct slice){ good.p, n }, in.n, &out, &e),
		    -1);
		assert_int_equal(out.n, 0);
		buf_clear(&out);
	}
	for (int i = 0; i < 300; i++) {
		struct codec_state *s = history->state_new();
		uint32_t n = 1 + draw(&seed, 300);

		history->learn(s, (struct slice){ b.p, end[6] });
		buf_reset(&bad);
		if (i % 3 == 0) {
			while (n-- > 0)
				buf_put_char(&bad, (char)draw(&seed, 256));
			bad.p[0] = (char)0xc2;
		} else {
			buf_put(&bad, buf_slice(&good));
			bad.p[5 + draw(&seed, (uint32_t)bad.n - 5)] ^=
			    (char)(1 << draw(&seed, 8));
		}
		refused_or_exact(buf_slice(&bad), in.n, NULL);
		refused_or_exact(buf_slice(&bad), draw(&seed, 100000), s);
		history->state_free(s);
	}
	buf_put_char(&good, 'x');
	refused_or_exact(buf_slice(&good), in.n, NULL);
	refused_or_exact(SLICE("\xc0"), 0, NULL);
	refused_or_exact(SLICE("\xc0"
			       "ab"),
	    1, NULL);
	refused_or_exact(SLICE("\xc1"), 10, NULL);
	refused_or_exact(SLICE("\xc2yes"), 3, NULL);
	refused_or_exact(SLICE("MsgID:1\n"), 8, NULL);
	buf_clear(&b);
	buf_clear(&good);
	buf_clear(&bad);
}

/* What cannot become smaller goes as it is, and is learnt. */
static void
what_is_no_smaller_is_stored(void **state)
{
	struct ends x = begin();
	struct buf b = { 0 };
	uint32_t seed = 11;

	(void)state;
	for (int i = 0; i < 5; i++) {
		buf_reset(&b);
		for (int k = 0; k < 500; k++)
			buf_put_char(&b, (char)draw(&seed, 256));
		assert_int_equal(carry(&x, buf_slice(&b)), b.n + 1);
		assert_in_range(carry(&x, buf_slice(&b)), 1, 20);
	}
	same_states(&x, buf_slice(&b));
	finish(&x);
	buf_clear(&b);
}

static double
cpu_s(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Empty ones, to a state that knows so many tokens; what they take. */
static double
configs_after(unsigned tokens)
{
	struct codec_state *s = history->state_new();
	struct buf b = { 0 }, body = { 0 };
	double begin;

	for (unsigned i = 0; i < tokens; i++)
		buf_printf(&body, "T%07u:1\n", i);
	put_message(&b, MESSAGE_DATA, 1, "", body.p);
	history->learn(s, buf_slice(&b));
	buf_reset(&b);
	for (int i = 0; i < 3000; i++)
		put_message(&b, MESSAGE_CONFIG, 1, "", "");
	begin = cpu_s();
	history->learn(s, buf_slice(&b));
	begin = cpu_s() - begin;
	history->state_free(s);
	buf_clear(&body);
	buf_clear(&b);
	return begin;
}

/* A batch of short ones, which costs its sender little. */
static void
a_config_costs_what_is_in_it(void **state)
{
	double few = configs_after(1);

	(void)state;
	assert_true(configs_after(131072) < 5 * few + 0.1);
}

static void
damage_is_seen_when_it_stands_alone(void **state)
{
	struct buf b = { 0 }, good = { 0 }, out = { 0 };
	struct err e = { 0 };
	size_t end[3];

	(void)state;
	fill(&b, 6, 1, 2, end);
	assert_int_equal(codec->encode(buf_slice(&b), 6, &good, &e), 0);
	for (size_t i = 0; i < good.n; i += 1 + i / 64) {
		good.p[i] ^= 0x10;
		assert_int_equal(codec->decode(buf_slice(&good), b.n, &out, &e),
		    -1);
		good.p[i] ^= 0x10;
	}
	buf_put_char(&good, '\0');
	assert_int_equal(codec->decode(buf_slice(&good), b.n, &out, &e), -1);
	buf_clear(&b);
	buf_clear(&good);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(cut_streams_come_back),
		cmocka_unit_test(changed_streams_come_back),
		cmocka_unit_test(a_message_may_have_no_values),
		cmocka_unit_test(encoding_decoding_and_learning_move_alike),
		cmocka_unit_test(how_messages_are_batched_does_not_matter),
		cmocka_unit_test(a_seed_is_enough),
		cmocka_unit_test(another_state_does_not_go_unseen),
		cmocka_unit_test(every_value_is_text),
		cmocka_unit_test(units_are_found_and_given_up),
		cmocka_unit_test(units_have_decimals_and_signs),
		cmocka_unit_test(twins_cost_little),
		cmocka_unit_test(extreme_steps_come_back),
		cmocka_unit_test(tokens_come_go_and_change_places),
		cmocka_unit_test(each_device_has_its_own_time),
		cmocka_unit_test(a_number_in_a_name_makes_no_other_kin),
		cmocka_unit_test(numbers_alone_may_name_the_leaves),
		cmocka_unit_test(what_repeats_costs_little),
		cmocka_unit_test(hostile_bytes_are_refused_or_have_the_size),
		cmocka_unit_test(what_is_no_smaller_is_stored),
		cmocka_unit_test(a_config_costs_what_is_in_it),
		cmocka_unit_test(damage_is_seen_when_it_stands_alone),
	};

	codec = codec_find(SLICE("columnar"));
	history = codec->history;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
