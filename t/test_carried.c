/*
 * Two nodes whose spools are carried as files: what is taken, what is believed
 * of an acknowledgement, and what a cut or a failure at any call leaves.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/sealed.h"
#include "common/spool/carried_name.h"
#include "t/carried_world.h"
#include "transport/carried/carried_ack.h"
#include "transport/carried/signature.h"

/* --- What goes well --------------------------------------------------------------- */

static void
what_is_carried_is_taken_and_acknowledged(void **state)
{
	(void)state;
	world_fill(&spoke, 4);
	world_run(&spoke);
	assert_int_equal(world_carry(&spoke, &hub), 2);
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2 3 4 5");
	assert_int_equal(hub.r.counts.taken, 5);
	assert_int_equal(hub.r.durable.msgid, 5);
	assert_string_equal(helper_names(hub.top, "staging"), "ack");
	assert_int_equal(world_acked(&spoke), 0);
	world_carry(&hub, &spoke);
	world_run(&spoke);
	assert_int_equal(world_acked(&spoke), 5);
	assert_string_equal(helper_names(spoke.top, "outbox"), "ack mark");
	/* and again: nothing changes */
	world_round_trip();
	assert_int_equal(hub.r.counts.taken, 0);
	assert_string_equal(world_at_hub(), "1 2 3 4 5");
}

static void
every_compression_is_carried(void **state)
{
	const struct codec_ops *const *c = codec_all();

	(void)state;
	for (size_t i = 0; c[i] != NULL; i++) {
		spoke.a.compression = c[i]->name;
		world_write(&spoke, 50);
		world_round_trip();
		assert_int_equal(world_acked(&spoke), 50 * (i + 1));
	}
}

/* Made ready, and looked for, is not moved. */
static void
what_moves_is_counted_once(void **state)
{
	static const char name[] =
	    "00000000000000000001-00000000000000000051.msgs";
	struct buf plain, ready;

	(void)state;
	world_fill(&spoke, 50);
	world_run(&spoke);
	assert_false(spoke.r.moved);
	assert_int_equal(spoke.r.counts.out_bytes, 0);
	plain = world_read(&spoke, "outbox", name);
	ready = world_read(&spoke, "outbox", world_file_of(1, 51));
	world_carry(&spoke, &hub);
	for (int again = 0; again < 2; again++) {
		world_run(&hub);
		assert_int_equal(hub.r.moved, again == 0);
		assert_int_equal(hub.r.counts.in_bytes,
		    again == 0 ? ready.n : 0);
	}
	world_carry(&hub, &spoke);
	for (int again = 0; again < 2; again++) {
		world_run(&spoke);
		assert_int_equal(spoke.r.moved, again == 0);
		assert_int_equal(spoke.r.counts.out_bytes,
		    again == 0 ? ready.n : 0);
		assert_int_equal(spoke.r.counts.fed_bytes,
		    again == 0 ? plain.n : 0);
	}
	buf_clear(&plain);
	buf_clear(&ready);
}

static void
both_directions_at_once(void **state)
{
	(void)state;
	world_fill(&spoke, 1);
	world_fill(&hub, 2);
	world_run(&spoke);
	world_run(&hub);
	world_carry(&spoke, &hub);
	world_carry(&hub, &spoke);
	world_run(&spoke);
	world_run(&hub);
	world_carry(&spoke, &hub);
	world_carry(&hub, &spoke);
	world_run(&spoke);
	world_run(&hub);
	assert_int_equal(world_acked(&spoke), 2);
	assert_int_equal(world_acked(&hub), 3);
	assert_string_equal(helper_read(spoke.top, SPOOL_INBOX, 1), "1 2 3");
}

static void
a_gap_is_named_and_filled(void **state)
{
	struct buf second;
	struct carried_ack ack = { 0 };
	struct buf text;
	struct err e = { 0 };

	(void)state;
	world_fill(&spoke, 1);
	world_write(&spoke, 2);
	world_write(&spoke, 2);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	second = world_read(&hub, "staging", world_file_of(3, 4));
	unlinkat(hub.staging, world_file_of(3, 4), 0);
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2 gap:5 5 6");
	text = world_read(&hub, "outbox", "ack");
	assert_int_equal(carried_ack_parse(buf_slice(&text), &ack, &e), 0);
	assert_int_equal(ack.have.msgid, 2);
	assert_int_equal(ack.missing.n, 1);
	assert_int_equal(ack.missing.at[0].first, 3);
	assert_int_equal(ack.missing.at[0].last, 4);
	carried_ack_clear(&ack);
	buf_clear(&text);
	world_stage(world_file_of(3, 4), buf_slice(&second));
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2 3 4 5 6");
	buf_clear(&second);
}

static void
what_the_sender_lost_is_passed(void **state)
{
	struct outbox_opts small = { .size_max = 64 << 10,
		.full = SPOOL_FULL_DROP_OLDEST };
	struct outbox *o = helper_outbox(spoke.top, &small);
	struct err e = { 0 };

	(void)state;
	spoke.a.spool_size = small.size_max;
	spoke.a.spool_full = CONFIG_DROP_OLDEST;
	for (unsigned i = 1; i <= 600; i++) {
		assert_int_equal(helper_put_data(o, i, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
	}
	assert_true(outbox_state(o)->dropped > 0);
	outbox_close(o);
	world_round_trip();
	assert_int_equal(hub.r.lost > 0, 1);
	assert_int_equal(hub.r.durable.msgid, 600);
	assert_int_equal(world_acked(&spoke), 600);
}

/* drop N: until so many bytes wait. */
static void
drop(uint64_t bytes)
{
	struct outbox *o = helper_outbox(spoke.top, NULL);
	struct err e = { 0 };

	assert_int_equal(outbox_drop_oldest(o, bytes, &e), 0);
	outbox_close(o);
}

/* What the last exchange brought is not acknowledged yet when it is dropped: the
 * hub stands in what is lost, and is told of the rest. */
static void
what_was_dropped_since_it_was_sent_is_no_new_stream(void **state)
{
	uint64_t lost;

	(void)state;
	world_fill(&spoke, 1);
	world_round_trip();
	for (int i = 0; i < 3; i++)
		world_write(&spoke, 2);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_int_equal(hub.r.durable.msgid, 8);
	for (int i = 0; i < 10; i++)
		world_write(&spoke, 2);
	drop(1000);
	lost = world_lost(&spoke);
	assert_true(lost > 8 && lost < 28);
	assert_int_equal(world_acked(&spoke), 2);
	world_carry(&hub, &spoke);
	world_run(&spoke);
	assert_int_equal(spoke.r.renewed, START_ON);
	assert_int_equal(spoke.r.counts.strange_acks, 0);
	assert_int_equal(world_acked(&spoke), 8);
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_false(hub.r.replaced);
	assert_int_equal(hub.r.lost, lost - 8);
	assert_int_equal(hub.r.durable.msgid, 28);
	world_carry(&hub, &spoke);
	world_run(&spoke);
	assert_int_equal(world_acked(&spoke), 28);
}

/* What is acknowledged when the budget lets some go does not wait. */
static void
what_the_budget_drops_was_not_acknowledged(void **state)
{
	(void)state;
	world_fill(&spoke, 1);
	for (int i = 0; i < 3; i++)
		world_write(&spoke, 2);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_run(&hub);
	world_carry(&hub, &spoke);
	for (int i = 0; i < 3; i++)
		world_write(&spoke, 2);
	spoke.drops = true;
	world_run(&spoke);
	assert_int_equal(world_acked(&spoke), 8);
	assert_int_equal(world_lost(&spoke), 13); /* the newest stays */
	spoke.drops = false;
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_int_equal(hub.r.lost, 5);
	assert_int_equal(hub.r.durable.msgid, 14);
}

/* An old copy of the spool was put back, gave the numbers out again, and dropped
 * them: what the hub has under them is not ours. */
static void
what_an_old_copy_dropped_is_a_new_stream(void **state)
{
	static const struct {
		const char *what;
		bool heard;  /* the hub read that we knew of more */
		bool midway; /* the hub stands where no digest was kept */
		enum start_verdict renewed;
	} rows[] = {
		{ "told by the digest", false, false, START_COPY },
		{ "told by what the hub heard", true, true, START_COPY },
		{ "not to be told", false, true, START_ON },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct carried_ack ack = { 0 };
		struct buf text, said = { 0 };
		struct err e = { 0 };

		if (i > 0) {
			world_teardown(state);
			world_setup(state);
		}
		world_fill(&spoke, 1);
		world_round_trip();
		for (int k = 0; k < 13; k++)
			world_write(&spoke, 2);
		drop(1000);
		text = world_read(&hub, "outbox", "ack");
		assert_int_equal(carried_ack_parse(buf_slice(&text), &ack, &e),
		    0);
		ack.have.msgid = rows[i].midway ? 7 : 8;
		ack.have.digest = 0x0badcafe;
		ack.heard = rows[i].heard ? 6 : 2;
		carried_ack_put(&said, &ack);
		assert_int_equal(
		    durable_replace(spoke.staging, "ack", buf_slice(&said), &e),
		    0);
		world_run(&spoke);
		if (spoke.r.renewed != rows[i].renewed)
			fail_msg("%s", rows[i].what);
		carried_ack_clear(&ack);
		buf_clear(&text);
		buf_clear(&said);
	}
}

static const char *
bare_data(unsigned first, unsigned last)
{
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = first; i <= last; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "MsgID:%u\nType:%s\nTimestamp:1700000000\n\n%s.\n", i,
		    i == 1 ? "CONFIG" : "DATA",
		    i == 1 ? "level2-token:T1\nlevel2-path:/A\n" : "T1:7\n");
	return text;
}

static void
stage_bare(unsigned first, unsigned last, const char *text)
{
	char name[CARRIED_NAME_SIZE];

	snprintf(name, sizeof(name), "%020u-%020u.msgs", first, last);
	world_stage(name, slice_str(text));
}

static void
bare_segments_are_taken_where_they_may(void **state)
{
	static const char last[] =
	    "00000000000000000005-00000000000000000006.msgs";
	struct buf gz = { 0 };
	struct err e = { 0 };

	(void)state;
	stage_bare(1, 2, bare_data(1, 2));
	world_run(&hub);
	assert_int_equal(hub.r.refused_files, 1);
	assert_string_equal(world_at_hub(), "");
	hub.a.bare = true;
	stage_bare(1, 2, bare_data(1, 2));
	stage_bare(5, 6, bare_data(5, 6));
	world_run(&hub);
	assert_int_equal(hub.r.counts.taken, 2);
	assert_int_equal(hub.r.refused_files, 0);
	assert_string_equal(world_at_hub(), "1 2");
	assert_true(world_is_staged(last)); /* it waits */
	assert_int_equal(codec_find(SLICE("gzip"))
			     ->encode(slice_str(bare_data(2, 4)), 6, &gz, &e),
	    0);
	world_stage(world_file_of(2, 4), buf_slice(&gz));
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2 3 4 5 6");
	assert_int_equal(hub.r.counts.taken, 4);
	assert_false(world_is_staged(last));
	buf_clear(&gz);
}

static void
bare_segments_are_what_they_say(void **state)
{
	struct err e = { 0 };

	(void)state;
	hub.a.bare = true;
	stage_bare(1, 3, bare_data(1, 3));
	world_run(&hub);
	stage_bare(4, 5, bare_data(4, 4)); /* one is missing */
	world_run(&hub);
	assert_int_equal(hub.r.refused_files, 1);
	assert_string_equal(world_at_hub(), "1 2 3 4");
	stage_bare(4, 5, bare_data(5, 5)); /* begins with another */
	world_run(&hub);
	assert_int_equal(hub.r.refused_files, 1);
	stage_bare(3, 3,
	    "MsgID:3\nType:DATA\nTimestamp:1700000000\n\nT1:8\n.\n");
	world_run(&hub); /* a fork */
	assert_int_equal(hub.r.refused_files, 1);
	assert_string_equal(world_at_hub(), "1 2 3 4");
	stage_bare(5, 5, bare_data(5, 5));
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2 3 4"); /* it waits */
	assert_int_equal(hub.r.refused_files, 0);
	assert_int_equal(inbox_end_fork(hub.top, &e), 1);
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2 3 4 5");
}

/* --- What is believed of an acknowledgement ----------------------------------------- */

static void
an_old_acknowledgement_moves_nothing(void **state)
{
	struct buf old;
	struct err e = { 0 };

	(void)state;
	world_fill(&spoke, 1);
	world_run(&hub); /* it says: none */
	old = world_read(&hub, "outbox", "ack");
	world_round_trip();
	world_write(&spoke, 1);
	world_round_trip();
	assert_int_equal(world_acked(&spoke), 3);
	assert_int_equal(
	    durable_replace(spoke.staging, "ack", buf_slice(&old), &e), 0);
	world_run(&spoke);
	assert_int_equal(spoke.r.renewed, START_ON);
	assert_int_equal(spoke.r.counts.strange_acks, 1);
	assert_int_equal(world_acked(&spoke), 3);
	buf_clear(&old);
}

static void
remove_end(struct world_end *n, const char *name, enum config_role role)
{
	int top;

	world_close_end(n);
	top = openat(scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	helper_dir_done(top);
	world_make_end(n, name, role);
}

static void
a_receiver_without_a_memory_is_filled_again(void **state)
{
	(void)state;
	world_fill(&spoke, 3);
	world_round_trip();
	remove_end(&hub, "hub", CONFIG_HUB);
	world_run(&hub);
	world_carry(&hub, &spoke); /* none, and it has heard nothing of us */
	world_run(&spoke);
	assert_int_equal(spoke.r.renewed, START_ON);
	world_round_trip(); /* now it has */
	assert_int_equal(spoke.r.renewed, START_UNKNOWN);
	world_round_trip();
	assert_string_equal(world_at_hub(), "1 2 3 4");
	assert_int_equal(world_acked(&spoke), 4);
}

static void
an_acknowledgement_of_another_message_is_none(void **state)
{
	struct carried_ack a = { 0 };
	struct buf text = { 0 };
	struct outbox *o;
	struct err e = { 0 };

	(void)state;
	world_fill(&spoke, 3);
	world_run(&spoke);
	o = helper_outbox(spoke.top, NULL);
	a.have = outbox_state(o)->last;
	a.have.stream = outbox_state(o)->stream;
	outbox_close(o);
	a.have.msgid--; /* with the digest of the last */
	carried_ack_put(&text, &a);
	assert_int_equal(
	    durable_replace(spoke.staging, "ack", buf_slice(&text), &e), 0);
	world_run(&spoke);
	assert_int_equal(world_acked(&spoke), 0);
	buf_clear(&text);
}

/* --- Cuts and failures -------------------------------------------------------------- */

/* Whatever fails, and wherever a process ends: done again, all is there once. */
static void
each_call_may_be_the_last(int what)
{
	unsigned step = getenv("CAMPAIGN") != NULL ? 1 : 5;

	for (unsigned at = 1;; at += step) {
		bool over;

		world_setup(NULL);
		world_fill(&spoke, 1);
		world_write(&spoke, 2);
		world_fill(&hub, 1);
		fault->what = what;
		fault->at = at;
		(void)world_try(&spoke);
		world_carry(&spoke, &hub);
		(void)world_try(&hub);
		world_carry(&hub, &spoke);
		(void)world_try(&spoke);
		world_carry(&spoke, &hub);
		(void)world_try(&hub);
		over = fault->n < at;
		fault->at = 0;
		for (int i = 0; i < 2; i++) {
			world_run(&spoke);
			world_carry(&spoke, &hub);
			world_run(&hub);
			world_carry(&hub, &spoke);
		}
		assert_string_equal(world_at_hub(), "1 2 3 4");
		assert_string_equal(helper_read(spoke.top, SPOOL_INBOX, 1),
		    "1 2");
		world_run(&spoke);
		assert_int_equal(world_acked(&spoke), 4);
		world_carry(&spoke, &hub);
		world_run(&hub);
		assert_int_equal(world_acked(&hub), 2);
		assert_int_equal(spoke.r.quarantined + hub.r.quarantined, 0);
		world_teardown(NULL);
		if (over)
			break;
	}
	world_setup(NULL);
}

static void
each_call_may_be_the_last_of_its_process(void **state)
{
	(void)state;
	world_teardown(NULL);
	each_call_may_be_the_last(0);
}

static void
each_call_may_fail(void **state)
{
	(void)state;
	world_teardown(NULL);
	each_call_may_be_the_last(EIO);
}

/* Names are given one by one, but not with a sync each; whatever fails, it is
 * whole in the end. */
static void
a_backlog_is_made_ready_with_few_syncs(void **state)
{
	enum {
		SEGMENTS = 30,
		OTHERS = 30 /* calls that have nothing to do with it */
	};
	unsigned calls = 0;

	(void)state;
	for (unsigned at = 1000000; at == 1000000 || at < calls; at += 7) {
		for (int i = 0; i < SEGMENTS; i++)
			world_write(&spoke, 1);
		fault->n = 0;
		fault->what = EIO;
		fault->at = at;
		(void)world_try(&spoke);
		if (at == 1000000) {
			calls = fault->n;
			assert_in_range(calls, SEGMENTS, SEGMENTS + OTHERS);
			at = 1;
		}
		fault->at = 0;
		world_round_trip();
		assert_int_equal(hub.r.quarantined, 0);
		assert_int_equal(hub.r.counts.taken, SEGMENTS);
		world_run(&spoke);
	}
}

static void
a_full_disk_keeps_what_is_staged(void **state)
{
	(void)state;
	world_fill(&spoke, 3);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	hub.a.spool_size = 200; /* no room for them */
	assert_int_equal(world_try(&hub), -1);
	assert_int_equal(hub.err.kind, ERR_TEMP);
	assert_true(world_is_staged(world_file_of(1, 4)));
	hub.a.spool_size = 1 << 30;
	world_round_trip();
	assert_string_equal(world_at_hub(), "1 2 3 4");
}

/* --- The file ack ---------------------------------------------------------------------- */

static void
acks_are_read_to_the_byte(void **state)
{
	static const char *const good[] = {
		"none\nsend none\nacked 0\nheard none\n",
		"7c9e6679f3b44a0e9d6f2b1c8a5e4d30 9 crc32=3f9a01c7\n"
		"missing 11-12\nmissing 14-14\n"
		"send 1b2c0a44f3b44a0e9d6f2b1c8a5e4d31 42 crc32=0badcafe\n"
		"acked 40\nlost 17-19\n"
		"heard 7c9e6679f3b44a0e9d6f2b1c8a5e4d30 8\n",
	};
	static const char *const bad[] = { "", "none\n",
		"none\nsend none\nacked 0\n",
		"none\nsend none\nacked 0\nheard none\nmore\n",
		"none\nsend none\nacked 1\nheard none\n",
		"none\nsend none\nacked 00\nheard none\n",
		"none\nmissing 1-2\nsend none\nacked 0\nheard none\n",
		"none\nsend none\nacked 0\nlost 1-2\nheard none\n",
		"none\r\nsend none\nacked 0\nheard none\n",
		" none\nsend none\nacked 0\nheard none\n",
		"7c9e6679f3b44a0e9d6f2b1c8a5e4d30 9 crc32=3f9a01c7\n"
		"missing 9-12\nsend none\nacked 0\nheard none\n",
		"7c9e6679f3b44a0e9d6f2b1c8a5e4d30 9 crc32=3f9a01c7\n"
		"missing 11-12\nmissing 12-13\nsend none\nacked 0\n"
		"heard none\n",
		"7c9e6679f3b44a0e9d6f2b1c8a5e4d30 9 crc32=3f9a01c7\n"
		"missing 12-11\nsend none\nacked 0\nheard none\n",
		"00000000000000000000000000000000 9 crc32=3f9a01c7\n"
		"send none\nacked 0\nheard none\n",
		"7C9E6679F3B44A0E9D6F2B1C8A5E4D30 9 crc32=3f9a01c7\n"
		"send none\nacked 0\nheard none\n",
		"7c9e6679f3b44a0e9d6f2b1c8a5e4d30 9223372036854775808 "
		"crc32=3f9a01c7\nsend none\nacked 0\nheard none\n",
		"none\nsend none\nacked 0\nheard "
		"7c9e6679f3b44a0e9d6f2b1c8a5e4d30\n" };
	struct carried_ack a;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buf text = { 0 }, again = { 0 };

		buf_put_str(&text, good[i]);
		sealed_close(&text, SEALED_END);
		assert_int_equal(carried_ack_parse(buf_slice(&text), &a, &e),
		    0);
		carried_ack_put(&again, &a);
		assert_true(slice_eq(buf_slice(&text), buf_slice(&again)));
		carried_ack_clear(&a);
		for (size_t k = 0; k < text.n; k++) { /* each byte counts */
			text.p[k] ^= 1;
			assert_int_equal(
			    carried_ack_parse(buf_slice(&text), &a, &e), -1);
			text.p[k] ^= 1;
			assert_int_equal(
			    carried_ack_parse((struct slice){ text.p, k }, &a,
				&e),
			    -1);
		}
		buf_clear(&text);
		buf_clear(&again);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf text = { 0 };

		buf_put_str(&text, bad[i]);
		sealed_close(&text, SEALED_END);
		if (carried_ack_parse(buf_slice(&text), &a, &e) == 0)
			fail_msg("taken: %s", bad[i]);
		buf_clear(&text);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_carried_is_taken_and_acknowledged),
		TEST(every_compression_is_carried),
		TEST(what_moves_is_counted_once),
		TEST(both_directions_at_once),
		TEST(a_gap_is_named_and_filled),
		TEST(what_the_sender_lost_is_passed),
		TEST(what_was_dropped_since_it_was_sent_is_no_new_stream),
		TEST(what_the_budget_drops_was_not_acknowledged),
		TEST(what_an_old_copy_dropped_is_a_new_stream),
		TEST(bare_segments_are_taken_where_they_may),
		TEST(bare_segments_are_what_they_say),
		TEST(an_old_acknowledgement_moves_nothing),
		TEST(a_receiver_without_a_memory_is_filled_again),
		TEST(an_acknowledgement_of_another_message_is_none),
		TEST(each_call_may_be_the_last_of_its_process),
		TEST(each_call_may_fail),
		TEST(a_backlog_is_made_ready_with_few_syncs),
		TEST(a_full_disk_keeps_what_is_staged),
		cmocka_unit_test(acks_are_read_to_the_byte),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
