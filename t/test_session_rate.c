/*
 * The rate of a session, in virtual time: both directions together keep it in
 * the long run, whoever sends and whatever the far end does; and a session that
 * is asked to leave ends in order.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "t/peers.h"

enum {
	SOCKET = 32 << 10 /* what a pipe holds */
};

static struct mono begun;

/* Both send as it is, over pipes. */
static void
begin(void)
{
	spoke.wire_max = hub.wire_max = SOCKET;
	spoke.opts.codec = hub.opts.codec = &codec_none;
	begun = now;
}

static int
setup(void **state)
{
	(void)peers_setup(state);
	begin();
	return 0;
}

static bool
either_moves(void)
{
	return peer_turns(&spoke, &hub, 64 << 10, now);
}

static bool
both_ended(void)
{
	return spoke.end != SESSION_NOTHING && hub.end != SESSION_NOTHING;
}

static void
pass_time(int64_t step_ms)
{
	struct mono a = session_wake(spoke.session);
	struct mono b = session_wake(hub.session);

	if (both_ended())
		return;
	if (step_ms > 0)
		now = mono_add_ms(now, step_ms);
	else
		now = a.ns < b.ns ? a : b;
}

/* Until both ended, in steps of step_ms or from one wake-up to the next. */
static void
join(int64_t step_ms)
{
	while (!both_ended()) {
		while (either_moves())
			continue;
		pass_time(step_ms);
	}
}

static uint64_t
on_the_wire(void)
{
	const struct session_counts *c = session_counts(spoke.session);

	return c->in_bytes + c->out_bytes;
}

static void
the_rate_is_kept(void **state)
{
	static const struct {
		unsigned up, down; /* messages each way */
		size_t size;
		uint64_t spoke_rate, hub_rate;
		int64_t step_ms;
	} rows[] = {
		{ 2000, 0, 4000, 65536, 0, 0 },
		{ 0, 2000, 4000, 65536, 0, 0 }, /* the far end has no rate */
		{ 1000, 1000, 4000, 65536, 0, 0 },
		{ 1000, 1000, 4000, 65536, 65536, 0 },
		{ 1000, 1000, 4000, 0, 65536, 0 },
		{ 2000, 0, 4000, 65536, 0, 1 },
		{ 1000, 0, 100, 600, 0, 1 }, /* less than a byte a step */
		{ 500, 500, 100, 1024, 0, 0 },
		{ 4000, 0, 8000, 1 << 20, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t rate = rows[i].spoke_rate != 0 ? rows[i].spoke_rate
							: rows[i].hub_rate;
		uint64_t bytes;
		int64_t ms;

		peers_renew();
		begin();
		if (rows[i].up > 0)
			peer_write(&spoke, rows[i].up, rows[i].size);
		if (rows[i].down > 0)
			peer_write(&hub, rows[i].down, rows[i].size);
		spoke.opts.rate = rows[i].spoke_rate;
		hub.opts.rate = rows[i].hub_rate;
		peers_open();
		join(rows[i].step_ms);
		if (spoke.end != SESSION_END)
			print_message("row %zu: %s; %s\n", i, spoke.why.msg,
			    hub.why.msg);
		assert_int_equal(spoke.end, SESSION_END);
		assert_int_equal(hub.end, SESSION_END);
		assert_true(peer_same(&spoke.out, &hub.in));
		assert_true(peer_same(&hub.out, &spoke.in));
		bytes = on_the_wire();
		ms = mono_ms_since(now, begun);
		/* the first second's worth goes at once, and a pipe's worth
		 * may be read behind it */
		assert_true(bytes * 1000 / rate <=
		    (uint64_t)ms + 2000 + (uint64_t)SOCKET * 1000 / rate);
		assert_true((uint64_t)ms <= bytes * 1030 / rate + 2000);
	}
}

/* What ssh adds on the wire is taken off what the session may send. */
static void
overhead_counts(void **state)
{
	uint64_t last = 0, extra = 0, bytes;
	int64_t ms;

	(void)state;
	peer_write(&spoke, 1000, 4000);
	spoke.opts.rate = 65536;
	peers_open();
	while (!both_ended()) {
		while (either_moves()) {
			uint64_t more = (on_the_wire() - last) / 4;

			if (more > 0)
				session_overhead(spoke.session, more);
			extra += more;
			last = on_the_wire();
		}
		pass_time(0);
	}
	assert_int_equal(spoke.end, SESSION_END);
	bytes = on_the_wire() + extra;
	ms = mono_ms_since(now, begun);
	assert_in_range(ms, bytes * 1000 / 65536 - 2000,
	    bytes * 1030 / 65536 + 2000);
}

/* A small packet is mostly its head. */
static void
writes_are_not_small(void **state)
{
	uint64_t writes = 0, out = 0;

	(void)state;
	peer_write(&spoke, 500, 4000);
	spoke.opts.rate = 65536;
	peers_open();
	while (spoke.end == SESSION_NOTHING) {
		while (either_moves())
			continue;
		if (session_counts(spoke.session)->out_bytes != out)
			writes++;
		out = session_counts(spoke.session)->out_bytes;
		now = mono_add_ms(now, 1);
	}
	assert_in_range(writes, 1, out / 8000);
}

static void
who_leaves_has_all_acknowledged(void **state)
{
	uint64_t at;

	(void)state;
	spoke.opts.keep = hub.opts.keep = true;
	spoke.opts.rate = 25000;
	peer_write(&spoke, 500, 1000);
	peers_open();
	for (int i = 0; i < 3000; i++) {
		while (either_moves())
			continue;
		now = mono_add_ms(now, 1);
	}
	assert_int_equal(spoke.end, SESSION_NOTHING);
	session_leave(spoke.session, now);
	session_leave(spoke.session, now);
	begun = now;
	join(1);
	assert_int_equal(spoke.end, SESSION_END);
	assert_int_equal(hub.end, SESSION_END);
	at = spoke.acked.msgid;
	assert_in_range(at, 20, 499); /* it did not wait for the rest */
	assert_int_equal(hub.in.last, at);
	assert_true(mono_ms_since(now, begun) <= 8000);
}

static void
who_is_not_let_go_goes(void **state)
{
	(void)state;
	spoke.opts.keep = hub.opts.keep = true;
	peer_write(&spoke, 5, 1000);
	peers_open();
	while (either_moves())
		continue;
	session_leave(spoke.session, now);
	while (spoke.end == SESSION_NOTHING) { /* the hub hears nothing more */
		(void)peer_run(&spoke, &hub, now);
		if (spoke.end == SESSION_NOTHING)
			now = session_wake(spoke.session);
	}
	assert_int_equal(spoke.end, SESSION_FAILED);
	assert_int_equal(spoke.why.kind, ERR_TEMP);
	assert_in_range(mono_ms_since(now, begun), 8000, 8600);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, peers_teardown)
	const struct CMUnitTest tests[] = {
		T(the_rate_is_kept),
		T(overhead_counts),
		T(writes_are_not_small),
		T(who_leaves_has_all_acknowledged),
		T(who_is_not_let_go_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
