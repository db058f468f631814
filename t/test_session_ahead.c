/*
 * What is coded while the channel opens: it goes where the far end has what it
 * acknowledged last, and is forgotten where it has not; either way all arrives
 * once and in order, and a far end that never answers costs little.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "t/peers.h"
#include "transport/session/frame.h"

/* Open the spoke's end alone, and let it do what it can at that time. */
static void
alone(int64_t ms)
{
	peer_close(&hub);
	hub.cut = false;
	peer_open(&spoke, now);
	while (peer_run(&spoke, &hub, mono_add_ms(now, ms)))
		continue;
}

static void
answered(void)
{
	struct buf said = hub.wire;

	hub.wire = (struct buf){ 0 };
	peer_open(&hub, now);
	hub.wire = said;
	peer_join(&spoke, &hub, 4096, 1);
	peers_assert_delivered();
	assert_int_equal(spoke.end, SESSION_END);
	assert_int_equal(spoke.acked.msgid, spoke.out.last);
}

/* A session before, in which the hub took all there was. */
static void
deliver(unsigned messages)
{
	peer_write(&spoke, messages, 500);
	alone(0);
	answered();
	spoke.starts = 0;
}

static void
goes_when_the_far_end_has_what_it_acknowledged(void **state)
{
	static const char *const codecs[] = { "none", "gzip", "zstd",
		"columnar" };

	(void)state;
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		size_t hello;

		peers_renew();
		peer_choose(&spoke, codecs[i]);
		deliver(7);
		peer_write(&spoke, 100, 500);
		alone(0);
		hello = hub.wire.n;
		assert_int_equal(spoke.starts, 1);
		assert_true(session_counts(spoke.session)->fed_bytes == 0);
		assert_true(
		    hello < 300); /* no message goes before the answer */
		answered();
		assert_int_equal(spoke.starts, 1); /* nothing was fed twice */
		assert_int_equal(session_counts(spoke.session)->sent, 100);
		assert_int_equal(session_counts(spoke.session)->acked, 100);
		assert_true(session_counts(spoke.session)->fed_bytes >= 50000);
	}
}

static void
a_restored_hub_is_sent_what_it_lacks(void **state)
{
	(void)state;
	deliver(20);
	hub.in.last = 12;
	peer_write(&spoke, 5, 500);
	alone(0);
	for (uint64_t n = 13; n <= 20; n++)
		buf_clear(&hub.in.raw[n]);
	answered();
	assert_int_equal(spoke.starts, 2);
	assert_int_equal(session_counts(spoke.session)->sent, 13);
	assert_int_equal(spoke.renewals, 0);
}

static void
what_was_taken_already_does_not_go(void **state)
{
	uint64_t fed;

	(void)state;
	deliver(10);
	peer_write(&spoke, 10, 500);
	alone(0);
	answered();
	spoke.acked = (struct spool_point){ spoke.out.stream, 10,
		spoke.out.digest[10] }; /* the spoke did not hear of it */
	peer_write(&spoke, 3, 500);
	alone(0);
	answered();
	fed = session_counts(spoke.session)->fed_bytes;
	assert_int_equal(session_counts(spoke.session)->sent, 3);
	assert_true(fed > 1500 && fed < 3000);
}

static void
a_hub_that_lost_all_gets_a_new_stream(void **state)
{
	(void)state;
	deliver(10);
	peer_write(&spoke, 10, 500);
	alone(0);
	for (; hub.in.last > 0; hub.in.last--)
		buf_clear(&hub.in.raw[hub.in.last]);
	hub.in.stream = peer_stream(0);
	answered();
	assert_int_equal(spoke.renewals, 1);
	assert_int_equal(session_counts(spoke.session)->sent, 20);
}

/* Its HELLO names no columnar: what was coded in that is no use. */
static void
another_compression_is_coded_anew(void **state)
{
	struct frame_hello h = { .version_min = 1,
		.version_max = 1,
		.association = SLICE("alps"),
		.hub = true,
		.push = true,
		.codecs = SLICE("none,gzip") };
	struct slice said;
	struct frame f;
	struct frame_batch b;
	struct err e = { 0 };

	(void)state;
	peer_choose(&spoke, "columnar");
	if (spoke.opts.codec == &codec_none)
		skip();
	peer_write(&spoke, 10, 500);
	alone(0);
	buf_reset(&hub.wire);
	buf_put_str(&spoke.wire, FRAME_OPENING);
	frame_put_hello(&spoke.wire, &h);
	while (peer_read(&spoke, 4096, now) || peer_run(&spoke, &hub, now))
		continue;
	said = buf_slice(&hub.wire);
	assert_int_equal(frame_cut(&said, &f, &e), FRAME_WHOLE);
	assert_int_equal(f.type, FRAME_BATCH);
	assert_int_equal(frame_read_batch(f.payload, &b, &e), 0);
	assert_true(slice_eq_str(b.codec, "gzip"));
	assert_int_equal(b.first, 1);
	assert_int_equal(b.last, 10);
	assert_int_equal(spoke.starts, 2);
}

/* As a shell does that finds a gap: it may be that the far end lacks nothing. */
static void
a_shell_may_take_it_back(void **state)
{
	(void)state;
	deliver(5);
	peer_write(&spoke, 5, 500);
	alone(0);
	session_misled(spoke.session);
	assert_int_equal(session_room(spoke.session), 0);
	answered();
	assert_int_equal(spoke.starts, 2);
	assert_int_equal(session_counts(spoke.session)->sent, 5);
}

static void
a_far_end_that_does_not_answer_costs_little(void **state)
{
	(void)state;
	peer_choose(&spoke, "none");
	peer_write(&spoke, 2000, 4000);
	spoke.endless = true;
	alone(0);
	assert_in_range(spoke.next, 262, 524); /* 1 MiB, and a batch */
	assert_int_equal(session_room(spoke.session), 0);
	assert_true(session_wake(spoke.session).ns > mono_add_ms(now, 1000).ns);
	alone(100); /* it is late by then: not worth it */
	assert_in_range(spoke.next, 1, 100);
	assert_int_equal(session_room(spoke.session), 0);
	assert_int_equal(session_counts(spoke.session)->fed_bytes, 0);
	assert_int_equal(session_counts(spoke.session)->sent, 0);
}

/* What waits to go was not sent, and cannot have been taken. */
static void
an_acknowledgement_before_it_went_is_strange(void **state)
{
	struct frame_hello h = { .version_min = 1,
		.version_max = 1,
		.association = SLICE("alps"),
		.hub = true,
		.push = true,
		.codecs = SLICE("none") };
	struct spool_point at;

	(void)state;
	peer_choose(&spoke, "none");
	peer_write(&spoke, 600, 1000);
	hub.wire_max = 4096;
	alone(0);
	assert_in_range(spoke.next, 501, 601);
	at = (struct spool_point){ spoke.out.stream, 500,
		spoke.out.digest[500] };
	buf_put_str(&spoke.wire, FRAME_OPENING);
	frame_put_hello(&spoke.wire, &h);
	frame_put_ack(&spoke.wire, &at);
	while (peer_read(&spoke, 4096, now) || peer_run(&spoke, &hub, now))
		continue;
	assert_true(session_is_open(spoke.session));
	assert_int_equal(session_counts(spoke.session)->strange_acks, 1);
	assert_int_equal(spoke.acked.msgid, 0);
	assert_int_equal(session_counts(spoke.session)->sent, 0);
}

/* What was coded and has not now to go is not waited for. */
static void
who_leaves_takes_it_back(void **state)
{
	uint64_t fed;

	(void)state;
	peer_choose(&spoke, "none");
	spoke.opts.keep = hub.opts.keep = true;
	peer_write(&spoke, 1000, 1000);
	alone(0);
	fed = spoke.next - 1;
	hub.wire_max = 4096;
	peer_open(&hub, now);
	peer_open(&spoke, now);
	for (int i = 0; i < 40; i++)
		peer_turns(&spoke, &hub, 4096, now);
	assert_true(session_is_open(spoke.session));
	session_leave(spoke.session, now);
	peer_join(&spoke, &hub, 4096, 1);
	assert_int_equal(spoke.end, SESSION_END);
	assert_in_range(spoke.acked.msgid, 1, fed - 1);
	assert_int_equal(hub.in.last, spoke.acked.msgid);
	assert_int_equal(session_counts(spoke.session)->sent,
	    spoke.acked.msgid);
}

/* Nor is it sent behind what must be sent again. */
static void
a_refused_message_takes_back_what_is_behind_it(void **state)
{
	(void)state;
	peer_choose(&spoke, "none");
	peer_write(&spoke, 1000, 1000);
	alone(0);
	hub.damage = 5;
	hub.damages = 1;
	hub.wire_max = 4096;
	answered();
	assert_int_equal(spoke.seeks, 1);
	assert_in_range(session_counts(spoke.session)->out_bytes, 1100000,
	    2000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PEERS_TEST(goes_when_the_far_end_has_what_it_acknowledged),
		PEERS_TEST(a_restored_hub_is_sent_what_it_lacks),
		PEERS_TEST(what_was_taken_already_does_not_go),
		PEERS_TEST(a_hub_that_lost_all_gets_a_new_stream),
		PEERS_TEST(another_compression_is_coded_anew),
		PEERS_TEST(a_shell_may_take_it_back),
		PEERS_TEST(an_acknowledgement_before_it_went_is_strange),
		PEERS_TEST(who_leaves_takes_it_back),
		PEERS_TEST(a_refused_message_takes_back_what_is_behind_it),
		PEERS_TEST(a_far_end_that_does_not_answer_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
