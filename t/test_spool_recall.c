/*
 * The seed of a coding state: the same from the sender's and the receiver's
 * spool, and nothing rather than something else.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/spool/recall.h"
#include "t/test_spool_helper.h"

enum {
	OUT = SPOOL_OUTBOX | SPOOL_SENT,
	IN = SPOOL_INBOX | SPOOL_ARCHIVE,
};

static const struct codec_history with_config = { .config = true,
	.messages = 3,
	.enough = 1 << 20 };
static const struct codec_history without = { .messages = 3,
	.enough = 1 << 20 };

static int top;
static struct stream_id stream;

static struct spool_point
place(unsigned dirs, uint64_t msgid)
{
	return (struct spool_point){ stream, msgid,
		helper_digest(top, dirs, msgid) };
}

/* "1C 5D 6D": the numbers of what was found, and what they are; "-": it cannot
 * be had. */
static const char *
found(unsigned dirs, const struct codec_history *h,
    const struct spool_point *at)
{
	static char text[256];
	struct buf seed = { 0 };
	struct slice rest;
	struct message m;
	struct err e = { 0 };
	size_t n = 0;
	int rc = spool_recall(top, dirs, at, h, &seed, &e);

	assert_int_not_equal(rc, -1);
	(void)snprintf(text, sizeof(text), "%s", rc == 1 ? "" : "-");
	assert_true(rc == 1 || seed.n == 0);
	rest = buf_slice(&seed);
	while (message_cut(&rest, &m))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u%c",
		    n > 0 ? " " : "", (unsigned)m.msgid,
		    message_type_name(m.type)[0]);
	assert_int_equal(rest.n, 0);
	buf_clear(&seed);
	return text;
}

static const char *
found_at(unsigned dirs, const struct codec_history *h, uint64_t msgid)
{
	struct spool_point at = place(dirs, msgid);

	return found(dirs, h, &at);
}

static void
put_values(struct outbox *o, uint64_t generation, const char *body)
{
	struct message m = { .type = MESSAGE_DATA,
		.timestamp = 1700000000,
		.generation = generation,
		.part = 1,
		.parts = 1,
		.body = slice_str(body) };
	struct err e = { 0 };

	assert_int_equal(outbox_put(o, &m, &e), 0);
}

static void
put_data(struct outbox *o, uint64_t generation)
{
	put_values(o, generation, "T1:7\n");
}

/* 1: CONFIG of generation 1, 2-4 DATA, 5-6 CONFIG of generation 2 in two parts,
 * 7-11 DATA, 12-13 the same CONFIG again, 14 DATA. */
static void
fill(void)
{
	struct outbox *o;
	struct err e = { 0 };

	top = helper_dir();
	o = helper_filled(top, 3);
	for (uint32_t part = 1; part <= 2; part++)
		assert_int_equal(helper_put_config(o, 2, part, 2, &e), 0);
	for (unsigned i = 5; i < 10; i++)
		put_data(o, 2);
	for (uint32_t part = 1; part <= 2; part++)
		assert_int_equal(helper_put_config(o, 2, part, 2, &e), 0);
	put_data(o, 2);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	stream = outbox_state(o)->stream;
	outbox_close(o);
}

static void
the_seed_is_what_stands_before_the_place(void **state)
{
	static const struct {
		uint64_t at;
		const char *with, *without;
	} rows[] = {
		{ 1, "1C", "" },
		{ 2, "1C 2D", "2D" },
		{ 4, "1C 2D 3D 4D", "2D 3D 4D" },
		{ 5, "1C 3D 4D", "3D 4D" }, /* half a set is none */
		{ 6, "5C 6C 4D", "4D" },    /* of another generation */
		{ 7, "5C 6C 7D", "7D" },
		{ 11, "5C 6C 9D 10D 11D", "9D 10D 11D" },
		{ 12, "5C 6C 10D 11D", "10D 11D" },
		{ 13, "12C 13C 11D", "11D" },
		{ 14, "12C 13C 14D", "14D" },
	};

	(void)state;
	fill();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(found_at(OUT, &with_config, rows[i].at),
		    rows[i].with);
		assert_string_equal(found_at(OUT, &without, rows[i].at),
		    rows[i].without);
	}
	helper_dir_done(top);
}

/* The newest, up to the one with which it is enough. */
static void
enough_is_not_read_beyond(void **state)
{
	struct codec_history h = { .messages = 5 };
	size_t one;
	struct message m;
	struct err e = { 0 };
	struct spool_reader *r;

	(void)state;
	fill();
	assert_int_equal(spool_reader_open(top, OUT, 7, &r, &e), 0);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_MESSAGE);
	one = m.raw.n; /* 8 and 9 have as many bytes, 10 and 11 one more */
	spool_reader_close(r);
	h.enough = 1;
	assert_string_equal(found_at(OUT, &h, 9), "9D");
	h.enough = one;
	assert_string_equal(found_at(OUT, &h, 9), "9D");
	h.enough = one + 1;
	assert_string_equal(found_at(OUT, &h, 9), "8D 9D");
	h.enough = 2 * one;
	assert_string_equal(found_at(OUT, &h, 9), "8D 9D");
	h.enough = 2 * one + 1;
	assert_string_equal(found_at(OUT, &h, 9), "7D 8D 9D");
	helper_dir_done(top);
}

/* 1: CONFIG, then DATA of so many kinds in turn, `cycles` times. */
static void
fill_kinds(unsigned kinds, unsigned cycles)
{
	struct outbox *o;
	struct err e = { 0 };

	top = helper_dir();
	o = helper_filled(top, 0);
	for (unsigned i = 0; i < kinds * cycles; i++) {
		char body[32];

		(void)snprintf(body, sizeof(body), "T%u:%u\n", i % kinds, i);
		put_values(o, 1, body);
	}
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	stream = outbox_state(o)->stream;
	outbox_close(o);
}

/* How many DATA the seed before `at` has, which end there. */
static uint64_t
how_many(const struct codec_history *h, uint64_t msgid)
{
	struct spool_point at = place(OUT, msgid);
	struct buf seed = { 0 };
	struct slice rest;
	struct message m;
	struct err e = { 0 };
	uint64_t n = 0, first = 0;

	assert_int_equal(spool_recall(top, OUT, &at, h, &seed, &e), 1);
	rest = buf_slice(&seed);
	for (; message_cut(&rest, &m); n++) {
		first = n == 0 ? m.msgid : first;
		assert_int_equal(m.msgid, first + n);
	}
	assert_int_equal(first + n - 1, msgid);
	buf_clear(&seed);
	return n;
}

/* However often the spool must be looked at for it. */
static void
of_each_kind_there_are_enough(void **state)
{
	struct codec_history h = { .messages = 4,
		.of_each = 3,
		.enough = 1 << 20 };

	(void)state;
	fill_kinds(120, 5);
	assert_int_equal(how_many(&h, 601), 360);
	assert_int_equal(how_many(&h, 500), 360);
	h.messages = 400; /* numbers */
	assert_int_equal(how_many(&h, 601), 400);
	h.messages = 4;
	h.of_each = 9; /* more than there are */
	assert_int_equal(how_many(&h, 601), 600);
	h.of_each = 2;
	assert_int_equal(how_many(&h, 601), 240);
	h.enough = 10000;
	h.of_each = 3;
	assert_in_range(how_many(&h, 601), 20, 100);
	helper_dir_done(top);
}

static void
what_is_looked_at_has_an_end(void **state)
{
	const struct codec_history h = { .messages = 4,
		.of_each = 1000,
		.enough = 64 << 20 };

	(void)state;
	fill_kinds(100, 170);
	assert_int_equal(how_many(&h, 17001), CODEC_SEED_MESSAGES);
	helper_dir_done(top);
}

/* All of the outbox goes to an inbox, in one commit; what is `left_out` is
 * lost. */
static void
receive(uint64_t left_out)
{
	struct inbox *in = helper_inbox(top, NULL);
	struct spool_reader *r;
	struct message m;
	struct err e = { 0 };

	assert_int_equal(inbox_begin_stream(in, stream, &e), 0);
	assert_int_equal(spool_reader_open(top, OUT, 1, &r, &e), 0);
	while (spool_reader_next(r, &m, &e) == SPOOL_READ_MESSAGE) {
		if (m.msgid == left_out) {
			assert_int_equal(inbox_commit(in, &e), 0);
			assert_int_equal(
			    inbox_lost(in, left_out, left_out, LEDGER_LOST, &e),
			    0);
		} else if (inbox_put(in, &m, &e) != INBOX_TAKEN) {
			fail_msg("message %u: %s", (unsigned)m.msgid, e.msg);
		}
	}
	spool_reader_close(r);
	assert_int_equal(inbox_commit(in, &e), 0);
	assert_int_equal(inbox_seal(in, &e), 0);
	inbox_close(in);
}

static void
both_ends_find_the_same(void **state)
{
	char ours[256];

	(void)state;
	fill();
	receive(0);
	for (uint64_t n = 1; n <= 14; n++)
		for (int k = 0; k < 2; k++) {
			const struct codec_history *h =
			    k == 0 ? &with_config : &without;

			(void)snprintf(ours, sizeof(ours), "%s",
			    found_at(OUT, h, n));
			assert_string_equal(found_at(IN, h, n), ours);
		}
	helper_dir_done(top);
}

static void
what_is_lost_is_passed_over(void **state)
{
	struct spool_point lost = { .msgid = 10 };

	(void)state;
	fill();
	receive(10);
	assert_string_equal(found_at(IN, &with_config, 11), "5C 6C 9D 11D");
	lost.stream = stream;
	assert_string_equal(found(IN, &with_config, &lost), "5C 6C 8D 9D");
	helper_dir_done(top);
}

static void
another_place_has_none(void **state)
{
	struct spool_point at;

	(void)state;
	fill();
	at = place(OUT, 9);
	at.digest ^= 1;
	assert_string_equal(found(OUT, &with_config, &at), "-");
	at = place(OUT, 14);
	at.msgid = 15; /* not there */
	assert_string_equal(found(OUT, &without, &at), "-");
	at = place(OUT, 9);
	at.stream = helper_stream(9);
	assert_string_equal(found(OUT, &without, &at), "-");
	assert_string_equal(found(IN, &without, &at), "-");
	helper_dir_done(top);
}

static void
a_configuration_that_is_gone_is_no_other(void **state)
{
	static const char *const gone[] = {
		"outbox/00000000000000000012-00000000000000000014.msgs",
		"outbox/00000000000000000005-00000000000000000011.msgs",
		"outbox/00000000000000000001-00000000000000000004.msgs",
	};

	(void)state;
	fill();
	assert_int_equal(unlinkat(top, gone[0], 0), 0);
	assert_string_equal(found_at(OUT, &with_config, 11),
	    "5C 6C 9D 10D 11D");
	helper_spoil(top, gone[1], 200, "#"); /* a part of the CONFIG */
	assert_string_equal(found_at(OUT, &with_config, 11), "1C 9D 10D 11D");
	assert_int_equal(unlinkat(top, gone[2], 0), 0);
	assert_string_equal(found_at(OUT, &with_config, 11), "-");
	assert_string_equal(found_at(OUT, &without, 11), "9D 10D 11D");
	helper_dir_done(top);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_is_what_stands_before_the_place),
		cmocka_unit_test(enough_is_not_read_beyond),
		cmocka_unit_test(of_each_kind_there_are_enough),
		cmocka_unit_test(what_is_looked_at_has_an_end),
		cmocka_unit_test(both_ends_find_the_same),
		cmocka_unit_test(what_is_lost_is_passed_over),
		cmocka_unit_test(another_place_has_none),
		cmocka_unit_test(a_configuration_that_is_gone_is_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
