/*
 * Sessions whose batches are coded upon those before them: the state is the
 * same at both ends or it is noticed, and everything arrives once, in order and
 * to the bit.
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

#ifdef HAVE_ZSTD
static char upon[] = "zstd";
#else
static char upon[] = "columnar";
#endif
static char columnar[] = "columnar";

static void
join(void)
{
	static uint64_t seed;

	peers_open();
	peer_join(&spoke, &hub, 4096, ++seed);
	peers_assert_delivered();
	assert_int_equal(spoke.end, SESSION_END);
	assert_int_equal(hub.end, SESSION_END);
}

/* A session that stays open. */
static void
begin(void)
{
	spoke.opts.keep = hub.opts.keep = true;
	peers_open();
}

static void
settle(void)
{
	while (peer_turns(&spoke, &hub, 4096, now))
		;
	peers_assert_delivered();
	assert_int_equal(spoke.end, SESSION_NOTHING);
	assert_int_equal(hub.end, SESSION_NOTHING);
}

static uint64_t
refused(void)
{
	return session_counts(hub.session)->refused;
}

static uint64_t
spoken(void)
{
	return session_counts(spoke.session)->out_bytes;
}

/* The bodies of all messages of peer_write are alike, so upon the one before
 * they cost nearly nothing. */
static void
a_new_session_goes_on_from_what_the_receiver_has(void **state)
{
	uint64_t first;

	(void)state;
	peer_write(&spoke, 1, 5000);
	join();
	first = spoken();
	peer_write(&spoke, 1, 5000);
	join();
	assert_in_range(spoken(), 1, first / 4);
	assert_int_equal(spoke.seeds, 1);
	assert_int_equal(hub.seeds, 1);
	assert_int_equal(refused(), 0);
}

static void
a_session_with_nothing_to_send_recalls_nothing(void **state)
{
	(void)state;
	peer_write(&spoke, 3, 500);
	join();
	join();
	assert_int_equal(spoke.seeds + hub.seeds, 0); /* 1 begins empty */
}

static void
a_kept_session_keeps_its_state(void **state)
{
	uint64_t before;

	(void)state;
	begin();
	for (int i = 0; i < 49; i++) {
		peer_write(&spoke, 1 + (unsigned)i % 3, 5000);
		peer_write(&hub, 1, 300);
		settle();
	}
	before = spoken();
	peer_write(&spoke, 1, 5000);
	settle();
	assert_in_range(spoken() - before, 1, 500);
	assert_int_equal(spoke.seeds + hub.seeds, 0);
	assert_int_equal(refused(), 0);
}

/* What goes as it is between moves the state as well. */
static void
batches_that_do_not_shrink_may_lie_between(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 20; i++) {
		peer_write(&spoke, 1, 2000);
		settle();
		peer_write_status(&spoke);
		settle();
		if (i % 5 == 0)
			peer_write_lost(&spoke, 3);
	}
	peer_write(&spoke, 1, 2000);
	settle();
	assert_int_equal(refused(), 0);
	assert_int_equal(spoke.seeds, hub.seeds);
}

static void
acknowledgements_do_not_matter(void **state)
{
	(void)state;
	peer_write(&spoke, 10, 2000);
	join();
	spoke.acked = (struct spool_point){ 0 };
	peer_write(&spoke, 1, 2000);
	join();
	assert_int_equal(refused(), 0);
	assert_int_equal(hub.seeds, 1);
}

static void
a_state_that_the_sender_cannot_make_begins_empty(void **state)
{
	(void)state;
	peer_write(&spoke, 5, 2000);
	join();
	spoke.unseeded = 1;
	begin();
	for (int i = 0; i < 5; i++) {
		peer_write(&spoke, 1, 2000);
		settle();
	}
	assert_int_equal(spoke.seeds, 1);
	assert_int_equal(hub.seeds, 0);
	assert_int_equal(refused(), 0);
}

static void
a_state_that_the_receiver_cannot_make_begins_empty(void **state)
{
	uint64_t before;

	(void)state;
	peer_write(&spoke, 5, 2000);
	join();
	hub.unseeded = 1;
	begin();
	for (int i = 0; i < 5; i++) {
		before = spoken();
		peer_write(&spoke, 1, 2000);
		settle();
	}
	assert_in_range(spoken() - before, 1, 400);
	assert_int_equal(spoke.seeks, 1);
	assert_int_equal(hub.seeds, 1);
	assert_int_equal(refused(), 0); /* nothing of it was taken for damage */
}

/* The seed of one end lacks its newest messages: what it decodes is not what
 * was encoded, and is not taken. */
static void
a_state_that_differs_is_noticed(void **state)
{
	(void)state;
	for (int at_hub = 0; at_hub < 2; at_hub++) {
		peers_renew();
		peer_write(&spoke, 6, 2000);
		peer_write(&hub, 6, 2000);
		join();
		hub.stale = at_hub == 1 ? 1 : 0;
		spoke.stale = at_hub == 1 ? 0 : 1;
		peer_write(&spoke, 3, 2000);
		peer_write(&hub, 3, 2000);
		join();
		assert_int_equal(spoke.seeks, 1);
		assert_int_equal(hub.seeks, 1);
	}
}

static void
damage_begins_the_state_anew(void **state)
{
	(void)state;
	peer_write(&spoke, 3, 2000);
	join();
	begin();
	for (int i = 0; i < 12; i++) {
		peer_write(&spoke, 2, 2000);
		if (i % 3 == 1) {
			hub.damage = spoke.out.last;
			hub.damages = 1 + (unsigned)i / 6;
		}
		settle();
	}
	assert_int_equal(refused(), spoke.seeks);
	assert_true(refused() >= 5);
}

/* When it comes to nothing every time the sender gives it up. */
static void
a_state_that_never_holds_is_given_up(void **state)
{
	unsigned seeks;

	(void)state;
	begin();
	for (int i = 0; i < 10; i++) {
		peer_write(&spoke, 2, 2000);
		hub.damage = spoke.out.last;
		hub.damages = 1;
		seeks = spoke.seeks;
		settle();
		assert_int_equal(spoke.seeks, seeks + 1);
	}
	hub.damages = 0;
	seeks = spoke.seeds;
	peer_write(&spoke, 2, 2000);
	settle();
	assert_int_equal(spoke.seeds, seeks);
}

/* Each end sends as it is configured, and so does the next session. */
static void
compressions_may_change_from_session_to_session(void **state)
{
	const struct codec_ops *const *all = codec_all();
	uint32_t x = 7;
	size_t n = 0;

	(void)state;
	while (all[n] != NULL)
		n++;
	for (int i = 0; i < 60; i++) {
		x = x * 1664525 + 1013904223;
		peer_choose(&spoke, all[(x >> 8) % n]->name);
		peer_choose(&hub, all[(x >> 16) % n]->name);
		peer_write(&spoke, (x >> 24) % 4, 1000);
		peer_write(&hub, (x >> 26) % 3, 300);
		if (x % 5 == 0)
			peer_write_status(&spoke);
		join();
		assert_int_equal(spoke.seeks + hub.seeks, 0);
	}
}

/* Cut when `limit` bytes have gone, as often as it takes. */
static void
cut_again_and_again(size_t limit)
{
	for (unsigned tries = 0; spoke.end != SESSION_END; tries++) {
		size_t left = limit + (size_t)tries * 40;

		assert_in_range(tries, 0, 200);

		peers_open();
		for (bool moved = true; moved && left > 0;) {
			size_t n;

			moved = peer_run(&spoke, &hub, now);
			moved = peer_run(&hub, &spoke, now) || moved;
			n = spoke.wire.n < left ? spoke.wire.n : left;
			moved = peer_read(&spoke, n, now) || moved;
			left -= n;
			n = hub.wire.n < left ? hub.wire.n : left;
			moved = peer_read(&hub, n, now) || moved;
			left -= n;
			if (spoke.end == SESSION_END)
				break;
		}
	}
	join(); /* what the hub did not hear */
}

static void
a_link_that_is_always_cut_delivers_all_the_same(void **state)
{
	(void)state;
	for (size_t limit = 200; limit < 1500; limit += 7) {
		peers_renew();
		peer_write(&spoke, 4, 300);
		peer_write_status(&spoke);
		peer_write_lost(&spoke, 1);
		peer_write(&spoke, 4, 300);
		peer_write(&hub, 2, 100);
		cut_again_and_again(limit);
		assert_int_equal(spoke.seeks + hub.seeks, 0);
		assert_int_equal(spoke.renewals, 0);
	}
}

/* A backup that was put back, at the sender and at the receiver. */
static void
restored_backups_do_no_harm(void **state)
{
	(void)state;
	peer_write(&spoke, 8, 1000);
	join();
	spoke.out.last = 5;
	spoke.acked =
	    (struct spool_point){ spoke.out.stream, 5, spoke.out.digest[5] };
	for (uint64_t i = 6; i <= 8; i++)
		buf_clear(&spoke.out.raw[i]);
	peer_write(&spoke, 2, 1500);
	join();
	assert_int_equal(spoke.renewals, 1);

	peer_write(&spoke, 4, 1000);
	join();
	for (uint64_t i = hub.in.last - 2; i <= hub.in.last; i++)
		buf_clear(&hub.in.raw[i]);
	hub.in.last -= 3;
	peer_write(&spoke, 1, 1000);
	join();
	assert_int_equal(spoke.renewals, 1); /* all was held still */
}

int
main(void)
{
#define T(name) PEERS_TEST_WITH(name, upon), PEERS_TEST_WITH(name, columnar)
	const struct CMUnitTest tests[] = {
		T(a_new_session_goes_on_from_what_the_receiver_has),
		T(a_session_with_nothing_to_send_recalls_nothing),
		T(a_kept_session_keeps_its_state),
		T(batches_that_do_not_shrink_may_lie_between),
		T(acknowledgements_do_not_matter),
		T(a_state_that_the_sender_cannot_make_begins_empty),
		T(a_state_that_the_receiver_cannot_make_begins_empty),
		T(a_state_that_differs_is_noticed),
		T(damage_begins_the_state_anew),
		T(a_state_that_never_holds_is_given_up),
		T(compressions_may_change_from_session_to_session),
		T(a_link_that_is_always_cut_delivers_all_the_same),
		T(restored_backups_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
