/*
 * Two sessions joined by pipes in memory: whatever the pipes do, everything
 * arrives once and in order.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "t/peers.h"

/* Of what both send: the initial state of a test. */
static char gzip[] = "gzip", zstd[] = "zstd", columnar[] = "columnar";

static void
join(size_t chunk, uint64_t seed)
{
	peers_open();
	peer_join(&spoke, &hub, chunk, seed);
}

static void
assert_ended(void)
{
	peers_assert_delivered();
	assert_int_equal(spoke.end, SESSION_END);
	assert_int_equal(hub.end, SESSION_END);
}

static void
nothing_to_send_ends_at_once(void **state)
{
	(void)state;
	join(4096, 1);
	assert_ended();
	assert_true(session_counts(spoke.session)->out_bytes < 250);
}

/* Several batches may become durable at once: no sooner are they acknowledged. */
static void
what_is_durable_late_is_acknowledged_late(void **state)
{
	(void)state;
	hub.lazy = true;
	peer_write(&spoke, 60, 50000);
	peer_write_lost(&spoke, 2);
	peer_write(&spoke, 60, 50000);
	spoke.damage = hub.damage = 100;
	hub.damages = 1;
	peers_open();
	for (int i = 0; i < 10000 && hub.end == SESSION_NOTHING; i++) {
		peer_turns(&spoke, &hub, 200000, now);
		assert_true(spoke.acked.msgid <= hub.durable);
	}
	assert_ended();
	assert_int_equal(hub.durable, 122);
	assert_int_equal(spoke.acked.msgid, 122);
}

static void
both_directions_arrive_whatever_the_chunks(void **state)
{
	static const size_t chunks[] = { 1, 2, 7, 100, 1000, 65536 };

	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		peers_renew();
		peer_write(&spoke, 40, 500);
		peer_write(&hub, 5, 100);
		join(chunks[i], i);
		assert_ended();
		assert_int_equal(spoke.acked.msgid, 40);
		assert_int_equal(session_counts(spoke.session)->sent, 40);
		assert_int_equal(session_counts(spoke.session)->acked, 40);
		assert_int_equal(session_counts(hub.session)->taken, 40);
	}
}

static void
full_outboxes_and_pipes_of_4_kib_end(void **state)
{
	(void)state;
	peer_write(&spoke, 3000, 1000);
	peer_write(&hub, 3000, 1000);
	spoke.wire_max = hub.wire_max = 4096;
	join(4096, 3);
	assert_ended();
}

static void
a_second_session_sends_only_what_is_new(void **state)
{
	(void)state;
	peer_write(&spoke, 10, 100);
	join(4096, 1);
	assert_ended();
	peer_write(&spoke, 3, 100);
	join(4096, 2);
	assert_ended();
	assert_int_equal(session_counts(spoke.session)->sent, 3);
	assert_int_equal(spoke.renewals, 0);
}

static void
an_acknowledgement_that_was_lost_is_in_the_opening(void **state)
{
	(void)state;
	peer_write(&spoke, 10, 100);
	join(4096, 1);
	spoke.acked = (struct spool_point){ 0 };
	join(4096, 2);
	assert_ended();
	assert_int_equal(session_counts(spoke.session)->sent, 0);
	assert_int_equal(spoke.acked.msgid, 10);
}

static void
lost_ranges_are_recorded_and_passed(void **state)
{
	(void)state;
	peer_write_lost(&spoke, 2);
	peer_write(&spoke, 3, 100);
	peer_write_lost(&spoke, 1000);
	peer_write(&spoke, 1, 100);
	peer_write_lost(&spoke, 1);
	join(50, 1);
	assert_ended();
	assert_int_equal(hub.records, 3);
	assert_int_equal(spoke.acked.msgid, 1007);
}

static void
a_large_message_travels_alone(void **state)
{
	(void)state;
	spoke.opts.message_max = hub.opts.message_max = 20 << 20;
	peer_write(&spoke, 2, 100);
	peer_write(&spoke, 1, 9 << 20);
	peer_write(&spoke, 2, 100);
	join(1 << 20, 1);
	assert_ended();
	assert_true(hub.largest > 9 << 20);
	assert_int_equal(hub.largest, hub.in.raw[3].n);
}

/* The receiver's disk is new, or was put back; or the sender's was. */
static void
what_does_not_fit_together_begins_a_new_stream(void **state)
{
	(void)state;
	peer_write(&spoke, 5, 100);
	join(4096, 1);
	assert_ended();

	peer_clear(&hub); /* lost its disk */
	peer_init(&hub, SESSION_HUB, false);
	join(4096, 2);
	assert_ended();
	assert_int_equal(spoke.renewals, 1);

	spoke.out.last = 3; /* the spoke's backup: the hub is ahead */
	spoke.acked.msgid = 2;
	spoke.acked.digest = spoke.out.digest[2];
	join(4096, 3);
	assert_ended();
	assert_int_equal(spoke.renewals, 2);

	spoke.out.last = 1; /* and one that went on differently */
	spoke.acked = (struct spool_point){ .stream = spoke.out.stream };
	peer_write(&spoke, 7, 200);
	join(4096, 4);
	assert_ended();
	assert_int_equal(spoke.renewals, 3);

	spoke.out.last = 2; /* the same, with as many as the hub has */
	spoke.acked = (struct spool_point){ .stream = spoke.out.stream };
	for (uint64_t i = 3; i <= 8; i++)
		buf_clear(&spoke.out.raw[i]);
	peer_write(&spoke, 6, 300);
	join(4096, 5);
	assert_ended();
	assert_int_equal(spoke.renewals, 4);
}

static void
a_stream_that_the_receiver_does_not_know_replaces_its_own(void **state)
{
	(void)state;
	peer_write(&spoke, 5, 100);
	join(4096, 1);
	peer_clear(&spoke); /* lost its disk */
	peer_init(&spoke, SESSION_SPOKE, true);
	spoke.out.stream = peer_stream(0x77);
	peer_write(&spoke, 2, 100);
	join(4096, 2);
	assert_ended();
	assert_int_equal(spoke.renewals, 0);
}

/* The link is cut when `limit` bytes have gone in either direction, then taken
 * up again. */
static void
cut_at(size_t limit, size_t chunk)
{
	size_t moved = 0, n;

	peers_open();
	for (;;) {
		peer_run(&spoke, &hub, now);
		peer_run(&hub, &spoke, now);
		n = spoke.wire.n + hub.wire.n;
		if (n == 0 || moved >= limit)
			break;
		n = spoke.wire.n < limit - moved ? spoke.wire.n : limit - moved;
		n = n < chunk ? n : chunk;
		peer_read(&spoke, n, now);
		moved += n;
		n = hub.wire.n < limit - moved ? hub.wire.n : limit - moved;
		n = n < chunk ? n : chunk;
		peer_read(&hub, n, now);
		moved += n;
	}
	join(4096, limit);
	assert_ended();
}

static void
a_cut_at_every_byte_is_taken_up_again(void **state)
{
	size_t total;

	(void)state;
	peer_write(&spoke, 6, 60);
	peer_write(&hub, 2, 20);
	join(4096, 1);
	total = session_counts(spoke.session)->out_bytes +
	    session_counts(hub.session)->out_bytes;
	assert_true(total > 600);
	for (size_t i = 0; i <= total; i++) {
		peers_renew();
		peer_write(&spoke, 3, 60);
		peer_write_lost(&spoke, 1);
		peer_write(&spoke, 2, 60);
		peer_write(&hub, 2, 20);
		cut_at(i, i % 3 == 0 ? 1 : 50);
		assert_int_equal(spoke.renewals + hub.renewals, 0);
	}
}

static void
damage_is_asked_for_again(void **state)
{
	(void)state;
	peer_write(&spoke, 2000, 100);
	hub.damage = 700;
	hub.damages = 2;
	join(65536, 1);
	assert_ended();
	assert_int_equal(spoke.seeks, 2);
	assert_int_equal(session_counts(hub.session)->refused, 2);
}

static void
damage_that_stays_ends_the_session(void **state)
{
	(void)state;
	peer_write(&spoke, 20, 100);
	hub.damage = 7;
	hub.damages = 100;
	join(65536, 1);
	assert_int_equal(hub.end, SESSION_FAILED);
	assert_int_equal(hub.why.kind, ERR_INPUT);
	assert_non_null(strstr(hub.why.msg, "message 7 came damaged 3 times"));
	assert_int_equal(spoke.end, SESSION_FAILED);
	assert_int_equal(spoke.why.kind, ERR_INPUT);
	assert_int_equal(spoke.acked.msgid, 6); /* what was good is kept */
}

static void
a_codec_that_the_peer_lacks_falls_back(void **state)
{
	struct codec_ops odd = codec_none;

	(void)state;
	odd.name = "odd";
	odd.suffix = ".odd";
	spoke.opts.codec = &odd;
	peer_write(&spoke, 20, 2000);
	join(65536, 1);
	assert_ended();
	assert_string_equal(spoke.warning,
	    "the far end does not know compression odd: sending gzip");
	assert_true(session_counts(spoke.session)->out_bytes < 30000);
}

static void
what_does_not_shrink_goes_as_it_is(void **state)
{
	(void)state;
	peer_write(&spoke, 1, 10);
	spoke.opts.codec = hub.opts.codec = &codec_none;
	join(65536, 1);
	assert_ended();
}

static void
a_kept_session_stays_and_delivers_later(void **state)
{
	(void)state;
	spoke.opts.keep = hub.opts.keep = true;
	peers_open();
	for (int s = 0; s < 2000; s++) {
		now = mono_add_ms(now, 1000);
		while (peer_turns(&spoke, &hub, 4096, now))
			continue;
		assert_int_equal(spoke.end, SESSION_NOTHING);
		assert_int_equal(hub.end, SESSION_NOTHING);
		if (s == 1990)
			peer_write(&spoke, 1, 100);
	}
	assert_int_equal(hub.in.last, 1);
	assert_int_equal(spoke.acked.msgid, 1);
	/* 66 keep-alives of 6 bytes, a hello, a message */
	assert_true(session_counts(spoke.session)->out_bytes < 1000);
}

int
main(void)
{
#define T(name)                                                   \
	PEERS_TEST_WITH(name, gzip), PEERS_TEST_WITH(name, zstd), \
	    PEERS_TEST_WITH(name, columnar)
	const struct CMUnitTest tests[] = {
		T(nothing_to_send_ends_at_once),
		T(both_directions_arrive_whatever_the_chunks),
		T(what_is_durable_late_is_acknowledged_late),
		T(full_outboxes_and_pipes_of_4_kib_end),
		T(a_second_session_sends_only_what_is_new),
		T(an_acknowledgement_that_was_lost_is_in_the_opening),
		T(lost_ranges_are_recorded_and_passed),
		T(a_large_message_travels_alone),
		T(what_does_not_fit_together_begins_a_new_stream),
		T(a_stream_that_the_receiver_does_not_know_replaces_its_own),
		T(a_cut_at_every_byte_is_taken_up_again),
		T(damage_is_asked_for_again),
		T(damage_that_stays_ends_the_session),
		T(a_codec_that_the_peer_lacks_falls_back),
		T(what_does_not_shrink_goes_as_it_is),
		T(a_kept_session_stays_and_delivers_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
