/*
 * The ingest, message by message: what is stored, what waits and for what, what
 * is refused and told.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/spool/ledger.h"
#include "common/spool/reader.h"
#include "hub/ingest/poison.h"
#include "t/ingest_world.h"
#include "transport/delivery/wire.h"

static void
data_goes_to_the_store_and_the_archive(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\nT2:U\n");
	spool_data(w, 1, NOW_S + 60, "T2:2.50\nT1:-3\n");
	work(w);
	assert_values(w,
	    V("/a", "1700000000", "1") V("/b", "1700000000", "U")
		V("/b", "1700000060", "2.50") V("/a", "1700000060", "-3"));
	assert_int_equal(files_in(w, "inbox"), 0);
	assert_int_equal(files_in(w, "archive"), 2);
	assert_int_equal(status(w).cursor.msgid, 3);
	world_free(w);
}

static void
data_waits_while_its_config_settles(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	spool_config(w, 2, TWO ";\n" LEAF("T3", "/c"));
	spool_data(w, 2, NOW_S + 60, "T3:3\n");
	work(w);
	assert_values(w, V("/a", "1700000000", "1"));
	assert_int_equal(status(w).waits, 2);
	pass(w, 29999);
	assert_values(w, V("/a", "1700000000", "1"));
	pass(w, 1);
	assert_values(w, V("/a", "1700000000", "1") V("/c", "1700000060", "3"));
	assert_int_equal(status(w).waits, 0);
	world_free(w);
}

/* Two changes within one settling: DATA between them is stored by the CONFIG
 * that it was taken under. */
static void
each_data_is_read_by_its_own_config(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_config(w, 2, TWO ";\n" LEAF("T3", "/c"));
	spool_data(w, 2, NOW_S + 60, "T3:3\n");
	spool_config(w, 3, TWO ";\n" LEAF("T4", "/d"));
	spool_data(w, 3, NOW_S + 120, "T4:4\n");
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 3);
	assert_values(w, V("/c", "1700000060", "3") V("/d", "1700000120", "4"));
	world_free(w);
}

static uint64_t
resyncs(struct world *w)
{
	int dir = association_dir(w, "");
	struct spool_reader *r;
	struct message m;
	struct err e;
	uint64_t n = 0;

	check(spool_reader_open(dir, SPOOL_OUTBOX, 1, &r, &e), &e);
	while (spool_reader_next(r, &m, &e) == SPOOL_READ_MESSAGE)
		n += m.type == MESSAGE_RESYNC;
	spool_reader_close(r);
	close(dir);
	return n;
}

static void
fatal_loss_marks_asks_and_stores_later(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 2, NOW_S, "T3:1\n");
	work(w);
	spool_data(w, 2, NOW_S + 60, "T3:2\n");
	work(w);
	assert_values(w, "");
	assert_int_equal(status(w).marked, 2);
	assert_int_equal(resyncs(w), 1);
	sync_now(w);
	world_restart(w);
	assert_int_equal(status(w).marked, 2);
	spool_config(w, 2, TWO ";\n" LEAF("T3", "/c"));
	spool_data(w, 2, NOW_S + 120, "T3:3\n");
	work(w);
	pass(w, 30000);
	assert_values(w,
	    V("/c", "1700000000", "1") V("/c", "1700000060", "2")
		V("/c", "1700000120", "3"));
	assert_int_equal(status(w).marked, 0);
	world_free(w);
}

static void
at_most_one_resync_is_on_its_way(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 2, NOW_S, "T3:1\n");
	work(w);
	spool_data(w, 3, NOW_S + 60, "T3:2\n");
	work(w);
	world_restart(w);
	spool_data(w, 4, NOW_S + 120, "T3:2\n");
	work(w);
	assert_int_equal(resyncs(w), 1);
	world_free(w);
}

struct poison_row {
	const char *name, *config;
};

/* Hostile content: each is archived and recorded, the tree before it stays. */
static const struct poison_row poison_rows[] = {
	{ "two tokens on one path", ONE ";\n" LEAF("T2", "/a") },
	{ "leaf and subtree of one name", ONE ";\n" LEAF("T2", "/a/b") },
	{ "names that differ in case only", TWO ";\n" LEAF("T3", "/A") },
	{ "a subtree named as the file of a leaf",
	    ONE ";\n" LEAF("T2", "/a.rrd/b") },
	{ "a parameter of the hub", TWO "data-dir:/tmp\n" },
	{ "a minimum above its maximum",
	    TWO "rrd-create-min:10\nrrd-create-max:1\n" },
	{ "what Torrus would expand", TWO "comment:%snmp-community%\n" },
	{ "what Torrus would take for a variable", TWO "comment:$def\n" },
};

static void
poisoned_config_keeps_the_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(poison_rows) / sizeof(poison_rows[0]);
	     i++) {
		struct world *w = world_with_two();
		struct poison p;
		struct err e;

		spool_config(w, 2, poison_rows[i].config);
		spool_data(w, 2, NOW_S, "T1:1\n");
		spool_data(w, 1, NOW_S + 60, "T1:2\n");
		work(w);
		pass(w, 30000);
		if (status(w).generation != 1 || status(w).marked != 1 ||
		    !raised(w, "config"))
			fail_msg("%s: was not refused", poison_rows[i].name);
		check(poison_read(w->node.state_dir, "alps", &p, &e), &e);
		assert_int_equal(p.n, 1);
		assert_int_equal(p.record[0].msgid, 2);
		poison_clear(&p);
		assert_values(w, V("/a", "1700000060", "2"));
		assert_int_equal(resyncs(w), 0);
		assert_int_equal(status(w).cursor.msgid, 4);
		world_free(w);
	}
}

static void
unknown_token_costs_the_whole_message(void **state)
{
	struct world *w = world_with_two();
	struct wire counted;
	struct err e;

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\nT9:2\n");
	spool_data(w, 1, NOW_S + 60, "T1:3\n");
	work(w);
	assert_values(w, V("/a", "1700000060", "3"));
	assert_true(raised(w, "data"));
	assert_int_equal(status(w).counts.poison, 1);
	check(wire_read(w->node.state_dir, "alps", &counted, &e), &e);
	assert_int_equal(counted.refused, 1);
	world_free(w);
}

static void
dropping_most_waits_for_a_person(void **state)
{
	struct world *w = world_new();
	struct err e;

	(void)state;
	spool_config(w, 1, TWO ";\n" LEAF("T3", "/c"));
	work(w);
	pass(w, 30000);
	spool_config(w, 2, ONE);
	spool_data(w, 2, NOW_S, "T1:1\n");
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 1);
	assert_int_equal(status(w).marked, 1);
	assert_true(raised(w, "config"));
	sync_now(w);
	world_restart(w);
	assert_int_equal(ingest_accept(w->ingest, "alps", "fork", &e), 1);
	check(ingest_accept(w->ingest, "alps", "config", &e), &e);
	assert_int_equal(ingest_accept(w->ingest, "alps", "config", &e), 1);
	world_restart(w); /* the word is kept */
	spool_data(w, 2, NOW_S + 60, "T1:2\n");
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 2);
	assert_values(w, V("/a", "1700000000", "1") V("/a", "1700000060", "2"));
	assert_false(raised(w, "config"));
	world_free(w);
}

static void
dropping_half_does_not_wait(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_config(w, 2, ONE);
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 2);
	world_free(w);
}

static void
emptying_waits_for_a_person(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_config(w, 2, "");
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 1);
	assert_true(raised(w, "config"));
	world_free(w);
}

static void
implausible_time_stamps_wait_for_the_clock(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 1, NOW_S + 331, "T1:1\n"); /* 30 s went by */
	spool_data(w, 1, NOW_S + 1200, "T1:2\n");
	spool_data(w, 1, 946684799, "T1:9\n");
	spool_data(w, 1, NOW_S + 330, "T2:3\n");
	work(w);
	assert_values(w, V("/b", "1700000330", "3"));
	assert_int_equal(status(w).withheld, 3);
	sync_now(w);
	world_restart(w);
	pass(w, 60000);
	assert_values(w, V("/b", "1700000330", "3") V("/a", "1700000331", "1"));
	assert_int_equal(status(w).withheld, 2);
	pass(w, 900000);
	assert_int_equal(status(w).withheld, 1);
	assert_false(raised(w, "clock"));
	pass(w, INT64_C(86400000));
	assert_true(raised(w, "clock"));
	assert_values(w,
	    V("/b", "1700000330", "3") V("/a", "1700000331", "1")
		V("/a", "1700001200", "2"));
	world_free(w);
}

static void
config_in_parts_is_one(void **state)
{
	struct world *w = world_new();
	struct message m = { .type = MESSAGE_CONFIG,
		.generation = 1,
		.parts = 2,
		.part = 1 };

	(void)state;
	spool(w, m, ONE);
	work(w);
	m.part = 2;
	spool(w, m, LEAF("T2", "/b"));
	spool_data(w, 1, NOW_S, "T1:1\nT2:2\n");
	work(w);
	sync_now(w);
	world_restart(w);
	pass(w, 30000);
	assert_values(w, V("/a", "1700000000", "1") V("/b", "1700000000", "2"));
	world_free(w);
}

/* What came of it is passed over, DATA of it is marked, and the whole of it,
 * which is asked for, lets that be stored. */
static void
config_without_its_first_part_comes_again(void **state)
{
	struct world *w = world_with_two();
	struct message m = { .type = MESSAGE_CONFIG,
		.generation = 2,
		.parts = 2 };

	(void)state;
	m.part = 2;
	spool(w, m, LEAF("T3", "/c"));
	spool_data(w, 2, NOW_S, "T1:6\nT3:60\n");
	work(w);
	spool_data(w, 2, NOW_S + 1, "T1:10\n");
	work(w);
	assert_values(w, "");
	assert_int_equal(status(w).marked, 2);
	m.part = 1;
	spool(w, m, TWO);
	m.part = 2;
	spool(w, m, LEAF("T3", "/c"));
	spool_data(w, 2, NOW_S + 2, "T1:12\n");
	work(w);
	pass(w, 30000);
	assert_values(w,
	    V("/a", "1700000000", "6") V("/c", "1700000000", "60")
		V("/a", "1700000001", "10") V("/a", "1700000002", "12"));
	assert_int_equal(status(w).marked, 0);
	world_free(w);
}

/* While the hub is down. */
static void
lose_tree(struct world *w)
{
	assert_int_equal(renameat(w->node.state_dir, "trees/main",
			     w->node.state_dir, "trees/lost"),
	    0);
	world_restart(w);
}

/* The archive has the configuration, whoever lost the compiled one. */
static void
tree_that_is_lost_is_made_from_the_archive(void **state)
{
	struct world *w = world_with_two();
	struct message m = { .type = MESSAGE_CONFIG,
		.generation = 2,
		.parts = 2,
		.part = 1 };

	(void)state;
	spool(w, m, TWO);
	m.part = 2;
	spool(w, m, LEAF("T3", "/c"));
	work(w);
	pass(w, 30000);
	spool_data(w, 2, NOW_S, "T1:1\nT3:3\n");
	work(w);
	spool_config(w, 3, ""); /* waits for a person */
	work(w);
	spool_config(w, 4, ONE "data-dir:/tmp\n"); /* poison */
	work(w);
	m.generation = 5; /* without its end */
	m.part = 1;
	spool(w, m, ONE);
	work(w);
	sync_now(w);
	lose_tree(w);
	spool_data(w, 2, NOW_S + 1, "T1:2\nT3:4\n");
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 2);
	assert_int_equal(status(w).marked, 0);
	assert_int_equal(status(w).state, SETTLING_STABLE);
	assert_values(w,
	    V("/a", "1700000000", "1") V("/c", "1700000000", "3")
		V("/a", "1700000001", "2") V("/c", "1700000001", "4"));
	world_free(w);
}

/* And what was not synced is stored, each under its own CONFIG. */
static void
tree_that_is_lost_with_values_not_synced_costs_none(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	sync_now(w);
	spool_data(w, 1, NOW_S, "T1:1\nT2:2\n");
	work(w);
	spool_config(w, 2, ONE ";\n" LEAF("T3", "/c"));
	spool_data(w, 2, NOW_S + 1, "T1:3\nT3:4\n");
	work(w);
	lose_tree(w);
	work(w);
	pass(w, 30000);
	assert_int_equal(status(w).generation, 2);
	assert_int_equal(status(w).marked, 0);
	assert_values(w,
	    V("/a", "1700000000", "1") V("/b", "1700000000", "2")
		V("/a", "1700000001", "3") V("/c", "1700000001", "4"));
	world_free(w);
}

static void
gap_holds_what_is_behind_it(void **state)
{
	struct world *w = world_with_two();
	struct buf missing = { 0 };

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	buf_put(&missing, buf_slice(&w->segment));
	buf_reset(&w->segment);
	spool_data(w, 1, NOW_S + 60, "T1:2\n");
	work(w);
	assert_values(w, "");
	assert_true(raised(w, "gap"));
	assert_int_equal(files_in(w, "inbox"), 1);
	world_restart(w);
	settle(w);
	assert_values(w, "");
	buf_put(&w->segment, buf_slice(&missing));
	w->segment_first = w->msgid = 2;
	work(w);
	w->msgid = 3;
	settle(w);
	assert_values(w, V("/a", "1700000000", "1") V("/a", "1700000060", "2"));
	assert_false(raised(w, "gap"));
	buf_clear(&missing);
	world_free(w);
}

/* The sender says that these messages are lost. */
static void
lose(struct world *w, uint64_t first, uint64_t last)
{
	struct ledger ledger = { 0 };
	int dir = association_dir(w, "");
	struct err e;

	ledger_add(&ledger, w->stream,
	    (struct ledger_range){ first, last, LEDGER_LOST, 0 });
	check(ledger_write(dir, "ledger", &ledger, &e), &e);
	ledger_clear(&ledger);
	close(dir);
}

static void
lost_numbers_are_passed(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	buf_reset(&w->segment);
	spool_data(w, 1, NOW_S + 60, "T1:2\n");
	work(w);
	assert_values(w, "");
	lose(w, 2, 2);
	settle(w);
	assert_values(w, V("/a", "1700000060", "2"));
	assert_false(raised(w, "gap"));
	world_free(w);
}

/* What the sender said is lost is not called missing. */
static void
a_gap_is_told_by_its_own_numbers(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	spool_data(w, 1, NOW_S + 60, "T1:2\n");
	buf_reset(&w->segment);
	spool_data(w, 1, NOW_S + 120, "T1:3\n");
	lose(w, 3, 3);
	work(w);
	assert_values(w, "");
	assert_string_equal(notice_text(w->notices, "alps", "gap"),
	    "messages 2-2 are missing");
	world_free(w);
}

static void
fork_stops_until_a_person_speaks(void **state)
{
	struct world *w = world_with_two();
	uint32_t digest = w->digest;
	struct err e;

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	spool_data(w, 1, NOW_S + 60, "T1:2\n");
	work(w);
	w->msgid = 1;
	w->digest = digest;
	spool_data(w, 1, NOW_S, "T1:7\n");
	work(w);
	assert_true(raised(w, "fork"));
	assert_true(status(w).stopped);
	world_restart(w);
	settle(w);
	assert_true(status(w).stopped);
	check(ingest_accept(w->ingest, "alps", NULL, &e), &e);
	settle(w);
	assert_false(status(w).stopped);
	assert_int_equal(files_in(w, "inbox"), 0);
	assert_int_equal(files_in(w, "quarantine"), 2);
	sync_now(w);
	world_free(w);
}

static void
duplicate_segment_has_no_effect(void **state)
{
	struct world *w = world_with_two();
	struct buf again = { 0 };

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	buf_put(&again, buf_slice(&w->segment));
	work(w);
	buf_put(&w->segment, buf_slice(&again));
	work(w);
	assert_values(w, V("/a", "1700000000", "1"));
	assert_int_equal(files_in(w, "inbox"), 0);
	assert_int_equal(files_in(w, "quarantine"), 0);
	assert_int_equal(files_in(w, "archive"), 2);
	buf_clear(&again);
	world_free(w);
}

static void
damage_costs_its_message_alone(void **state)
{
	struct world *w = world_with_two();
	struct buf whole = { 0 };

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	buf_put(&whole, buf_slice(&w->segment));
	spool_data(w, 1, NOW_S + 60, "T1:2\n");
	w->segment.p[whole.n + 20] ^= 1;
	buf_reset(&whole);
	spool_data(w, 1, NOW_S + 120, "T1:3\n");
	work(w);
	assert_values(w, V("/a", "1700000000", "1"));
	assert_true(raised(w, "damage"));
	assert_int_equal(files_in(w, "quarantine"), 2);
	assert_int_equal(status(w).cursor.msgid, 2);
	assert_int_equal(files_in(w, "inbox"), 1);
	buf_clear(&whole);
	world_free(w);
}

static void
new_stream_replaces_the_old_one(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 1, NOW_S, "T1:1\n");
	spool_config(w, 2, TWO ";\n" LEAF("T3", "/c"));
	spool_data(w, 2, NOW_S + 60, "T3:2\n"); /* waits when the end comes */
	work(w);
	begin_anew(w);
	spool_config(w, 1, TWO);
	spool_data(w, 1, NOW_S + 120, "T1:3\n");
	work(w);
	assert_true(raised(w, "stream"));
	assert_values(w, V("/a", "1700000000", "1") V("/c", "1700000060", "2"));
	world_restart(w);
	pass(w, 30000);
	assert_values(w,
	    V("/a", "1700000000", "1") V("/c", "1700000060", "2")
		V("/a", "1700000120", "3"));
	assert_int_equal(status(w).cursor.msgid, 2);
	assert_false(raised(w, "stream"));
	assert_int_equal(files_in(w, "archive"), 2); /* the old, one segment */
	world_free(w);
}

/* /a was 1200 s ahead of the clock when its stream ended. */
static void
values_that_wait_for_the_clock_outlive_their_stream(void **state)
{
	struct world *w = world_with_two();

	(void)state;
	spool_data(w, 1, NOW_S + 1200, "T1:1\nT2:1\n");
	spool_data(w, 1, 946684799, "T1:9\n"); /* its time never comes */
	work(w);
	begin_anew(w);
	spool_config(w, 1, LEAF("T7", "/a"));
	spool_data(w, 1, NOW_S + 1260, "T7:2\n");
	work(w);
	pass(w, 30000);
	assert_values(w, "");
	assert_int_equal(status(w).withheld, 2);
	sync_now(w);
	world_restart(w);
	begin_anew(w); /* and another time */
	spool_config(w, 1, LEAF("T8", "/a"));
	work(w);
	pass(w, 30000);
	world_restart(w);
	assert_int_equal(status(w).withheld, 2);
	pass(w, 820000);
	assert_values(w, V("/a", "1700001200", "1") V("/b", "1700001200", "1"));
	pass(w, 60000);
	assert_values(w,
	    V("/a", "1700001200", "1") V("/b", "1700001200", "1")
		V("/a", "1700001260", "2"));
	assert_int_equal(status(w).withheld, 0);
	sync_now(w);
	world_restart(w);
	assert_int_equal(status(w).withheld, 0);
	world_free(w);
}

/* What is read again under an older CONFIG does not change how later values
 * are stored. */
static void
values_are_of_the_kind_that_their_configuration_says(void **state)
{
	const char *const counter =
	    LEAF("T1", "/a") "rrd-create-dstype:COUNTER\n";
	struct world *w = world_with_two();

	(void)state;
	spool_config(w, 2, counter);
	spool_data(w, 2, NOW_S, "T1:1\n");
	spool_data(w, 2, NOW_S + 1200, "T1:3\n"); /* waits for the clock */
	spool_config(w, 3, ONE);
	spool_data(w, 3, NOW_S + 60, "T1:2\n");
	work(w);
	pass(w, 30000);
	assert_values(w,
	    V("/a", "1700000000", "1 COUNTER") V("/a", "1700000060", "2"));
	pass(w, 900000);
	spool_data(w, 3, NOW_S + 1230, "T1:4\n");
	work(w);
	assert_values(w,
	    V("/a", "1700000000", "1 COUNTER") V("/a", "1700000060", "2")
		V("/a", "1700001200", "3 COUNTER") V("/a", "1700001230", "4"));
	world_free(w);
}

static void
new_stream_without_config_waits_for_a_person(void **state)
{
	struct world *w = world_with_two();
	struct err e;

	(void)state;
	begin_anew(w);
	spool_data(w, 1, NOW_S, "T1:1\n");
	work(w);
	assert_true(status(w).stopped);
	check(ingest_accept(w->ingest, "alps", "stream", &e), &e);
	settle(w);
	assert_int_equal(status(w).cursor.msgid, 1);
	assert_int_equal(status(w).marked, 1);
	world_free(w);
}

/* Two messages of a stream that nobody sends any more: they were dropped. */
static void
spool_lost(struct world *w)
{
	spool_config(w, 1, TWO);
	spool_data(w, 1, NOW_S, "T1:9\n");
	buf_reset(&w->segment);
}

/* Whether the hub knew a stream before, or none. */
static void
a_stream_may_begin_with_what_is_lost(void **state)
{
	(void)state;
	for (int knew = 0; knew <= 1; knew++) {
		struct world *w = knew ? world_with_two() : world_new();

		if (knew)
			begin_anew(w);
		spool_lost(w);
		spool_data(w, 1, NOW_S + 60, "T1:1\n");
		lose(w, 1, 2);
		work(w);
		assert_false(status(w).stopped);
		assert_int_equal(status(w).cursor.msgid, 3);
		assert_int_equal(status(w).marked, 1);
		assert_int_equal(resyncs(w), 1);
		assert_int_equal(files_in(w, "quarantine"), 0);
		assert_int_equal(raised(w, "stream"), knew);
		world_restart(w);
		spool_data(w, 1, NOW_S + 120, "T1:2\n");
		work(w);
		spool_config(w, 1, TWO);
		work(w);
		pass(w, 30000);
		assert_values(w,
		    V("/a", "1700000060", "1") V("/a", "1700000120", "2"));
		assert_int_equal(status(w).marked, 0);
		assert_false(raised(w, "stream"));
		world_free(w);
	}
}

/* Such as a beginning that was damaged here: the sender has it still. */
static void
the_beginning_of_a_new_stream_is_awaited(void **state)
{
	(void)state;
	for (int knew = 0; knew <= 1; knew++) {
		struct world *w = knew ? world_with_two() : world_new();
		struct buf first = { 0 };

		if (knew)
			begin_anew(w);
		spool_config(w, 1, TWO);
		buf_put(&first, buf_slice(&w->segment));
		buf_reset(&w->segment);
		w->msgid = 2; /* which is lost */
		spool_data(w, 1, NOW_S + 60, "T1:1\n");
		lose(w, 2, 2);
		work(w);
		assert_true(raised(w, "gap"));
		assert_int_equal(files_in(w, "inbox"), 1);
		buf_put(&w->segment, buf_slice(&first));
		w->segment_first = w->msgid = 1;
		work(w);
		w->msgid = 3;
		pass(w, 30000);
		assert_values(w, V("/a", "1700000060", "1"));
		assert_false(raised(w, "gap"));
		assert_int_equal(files_in(w, "quarantine"), 0);
		buf_clear(&first);
		world_free(w);
	}
}

/* What nobody says that it is sent: a stranger. */
static void
a_stream_that_begins_nowhere_is_put_away(void **state)
{
	struct world *w = world_with_two();
	struct stream_id known = w->stream;

	(void)state;
	begin_anew(w);
	spool_lost(w);
	spool_data(w, 1, NOW_S + 60, "T1:1\n");
	work(w);
	assert_int_equal(files_in(w, "quarantine"), 2);
	assert_true(stream_eq(status(w).cursor.stream, known));
	world_free(w);
}

static void
damaged_state_files_are_derived_anew(void **state)
{
	static const struct {
		const char *name;
		const char *bytes; /* NULL: it is gone */
	} rows[] = {
		{ "cursors/alps", "rubbish\n" },
		{ "cursors/alps", "" },
		{ "cursors/alps", NULL },
		{ "lowwater/alps", "rubbish\n" },
		{ "lowwater/alps", NULL },
		{ "poison/alps", "rubbish\n" },
		{ "poison/alps", NULL },
		{ "trees/main/alps.sqlite", "rubbish\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_with_two();
		struct err e;

		spool_data(w, 1, NOW_S, "T1:1\nT9:1\n");
		spool_data(w, 1, NOW_S + 30, "T1:1\n");
		work(w);
		sync_now(w);
		if (rows[i].bytes == NULL)
			assert_int_equal(
			    unlinkat(w->node.state_dir, rows[i].name, 0), 0);
		else
			check(durable_replace(w->node.state_dir, rows[i].name,
				  slice_str(rows[i].bytes), &e),
			    &e);
		world_restart(w);
		spool_config(w, 1, TWO);
		spool_data(w, 1, NOW_S + 60, "T1:2\n");
		work(w);
		pass(w, 30000);
		assert_values(w,
		    V("/a", "1700000030", "1") V("/a", "1700000060", "2"));
		world_free(w);
	}
}

static void
files_of_those_that_left_the_tree_go(void **state)
{
	static const struct {
		const char *name;
		bool goes;
	} rows[] = {
		{ "trees/main/jura.xml", true },
		{ "trees/main/jura.sqlite", true },
		{ "trees/main/jura.txt", false }, /* none of ours */
		{ "trees/main/Notes.xml", false },
		{ "trees/main/jura.old.xml", false },
	};
	static const char *const kept[] = { "trees/main/main.xml",
		"trees/main/index", "trees/main/alps.xml",
		"trees/main/alps.sqlite" };
	struct world *w = world_with_two();
	int dir = w->node.state_dir;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(durable_replace(dir, rows[i].name, SLICE("x"), &e), &e);
	spool_config(w, 2, TWO ";\n" LEAF("T3", "/c"));
	work(w);
	pass(w, 30000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(faccessat(dir, rows[i].name, F_OK, 0),
		    rows[i].goes ? -1 : 0);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		assert_int_equal(faccessat(dir, kept[i], F_OK, 0), 0);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_goes_to_the_store_and_the_archive),
		cmocka_unit_test(data_waits_while_its_config_settles),
		cmocka_unit_test(each_data_is_read_by_its_own_config),
		cmocka_unit_test(fatal_loss_marks_asks_and_stores_later),
		cmocka_unit_test(at_most_one_resync_is_on_its_way),
		cmocka_unit_test(poisoned_config_keeps_the_tree),
		cmocka_unit_test(unknown_token_costs_the_whole_message),
		cmocka_unit_test(dropping_most_waits_for_a_person),
		cmocka_unit_test(dropping_half_does_not_wait),
		cmocka_unit_test(emptying_waits_for_a_person),
		cmocka_unit_test(implausible_time_stamps_wait_for_the_clock),
		cmocka_unit_test(config_in_parts_is_one),
		cmocka_unit_test(config_without_its_first_part_comes_again),
		cmocka_unit_test(tree_that_is_lost_is_made_from_the_archive),
		cmocka_unit_test(files_of_those_that_left_the_tree_go),
		cmocka_unit_test(
		    tree_that_is_lost_with_values_not_synced_costs_none),
		cmocka_unit_test(gap_holds_what_is_behind_it),
		cmocka_unit_test(lost_numbers_are_passed),
		cmocka_unit_test(a_gap_is_told_by_its_own_numbers),
		cmocka_unit_test(fork_stops_until_a_person_speaks),
		cmocka_unit_test(duplicate_segment_has_no_effect),
		cmocka_unit_test(damage_costs_its_message_alone),
		cmocka_unit_test(new_stream_replaces_the_old_one),
		cmocka_unit_test(
		    values_that_wait_for_the_clock_outlive_their_stream),
		cmocka_unit_test(
		    values_are_of_the_kind_that_their_configuration_says),
		cmocka_unit_test(new_stream_without_config_waits_for_a_person),
		cmocka_unit_test(a_stream_may_begin_with_what_is_lost),
		cmocka_unit_test(the_beginning_of_a_new_stream_is_awaited),
		cmocka_unit_test(a_stream_that_begins_nowhere_is_put_away),
		cmocka_unit_test(damaged_state_files_are_derived_anew),
	};

	log_open("test_ingest", LOG_TARGET_SYSLOG, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
