/*
 * hubd takes segments away while a session looks at them: it moves some from
 * inbox/ to archive/ before any one of the files that are opened meanwhile, and
 * what is found is the same.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/spool/listing.h"
#include "common/spool/recall.h"
#include "t/test_spool_helper.h"
#include "t/wrap_openat.h"

enum {
	IN = SPOOL_INBOX | SPOOL_ARCHIVE,
	SEGMENTS =
	    6, /* of a message each; the first and the fourth are CONFIG */
	NEWEST_CONFIG = 4,
};

static int top;
static struct spool_point at[SEGMENTS + 1];

static struct {
	unsigned
	    before; /* the openat before which hubd comes, from 1; 0: never */
	unsigned n; /* calls so far */
	uint64_t upto; /* what it takes */
} hubd;

/* As hubd does: the cursor, then the files. */
static void
ingest(uint64_t upto)
{
	int inbox, archive;
	struct listing l = { 0 };
	struct err e = { 0 };

	assert_int_equal(cursor_write(top, "alps", &at[upto], &e), 0);
	inbox = listing_dir(top, "inbox", &e);
	archive = listing_dir(top, "archive", &e);
	assert_int_equal(listing_read(&l, inbox, 0, &e), 0);
	for (size_t i = 0; i < l.n; i++) {
		char name[SEGMENT_NAME_SIZE];

		segment_name_text(l.at[i].name, name);
		if (l.at[i].name.last <= upto)
			assert_int_equal(
			    durable_move(inbox, name, archive, name, &e), 0);
	}
	listing_clear(&l);
	close(inbox);
	close(archive);
}

int
wrapped_openat(int dir, const char *name, int flags, mode_t mode)
{
	if (hubd.before > 0 && ++hubd.n == hubd.before) {
		hubd.before = 0;
		ingest(hubd.upto);
	}
	return __real_openat(dir, name, flags, mode);
}

static void
put(struct outbox *o, unsigned n)
{
	struct err e = { 0 };

	if (n == 1 || n == NEWEST_CONFIG)
		assert_int_equal(helper_put_config(o, n, 1, 1, &e), 0);
	else
		assert_int_equal(helper_put_data(o, n, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
}

/* As a session leaves it; the first `ingested` are in archive/. */
static void
fill(uint64_t ingested)
{
	struct outbox *o;
	struct inbox *i;
	struct err e = { 0 };

	top = helper_dir_in_memory();
	o = helper_outbox(top, NULL);
	for (unsigned n = 1; n <= SEGMENTS; n++)
		put(o, n);
	at[0].stream = outbox_state(o)->stream;
	outbox_close(o);
	i = helper_inbox(top, NULL);
	assert_int_equal(inbox_begin_stream(i, at[0].stream, &e), 0);
	inbox_close(i);
	for (uint64_t n = 1; n <= SEGMENTS; n++) {
		at[n] = (struct spool_point){ at[0].stream, n,
			helper_digest(top, SPOOL_OUTBOX, n) };
		assert_int_not_equal(at[n].digest, 0);
	}
	assert_int_equal(unlinkat(top, "inbox", AT_REMOVEDIR), 0);
	assert_int_equal(renameat(top, "outbox", top, "inbox"), 0);
	assert_int_equal(unlinkat(top, "inbox/mark", 0), 0);
	ingest(ingested);
}

static void
check_inbox(void)
{
	const struct cursor_place place = { top, top, "alps" };
	const struct inbox_opts opts = { .place = &place };
	struct inbox *i = NULL;
	struct err e = { 0 };
	uint64_t first, last;

	if (inbox_open(top, &opts, &i, &e) == -1)
		fail_msg("%s", e.msg);
	hubd.before = 0;
	assert_string_equal(e.msg, "");
	assert_int_equal(e.kind, ERR_NONE);
	assert_int_equal(inbox_durable(i).msgid, SEGMENTS);
	assert_int_equal(inbox_durable(i).digest, at[SEGMENTS].digest);
	assert_true(stream_eq(inbox_durable(i).stream, at[0].stream));
	assert_true(inbox_missing(i, 1, &first, &last));
	assert_int_equal(first, SEGMENTS + 1);
	assert_int_equal(inbox_state(i)->held, 0);
	assert_int_equal(inbox_state(i)->quarantined, 0);
	inbox_close(i);
}

static void
check_recall(void)
{
	const struct codec_history h = { .config = true,
		.messages = SEGMENTS,
		.enough = 1 << 20 };
	static const uint64_t expected[] = { NEWEST_CONFIG, 2, 3, 5, 6 };
	struct buf seed = { 0 };
	struct slice rest;
	struct message m;
	struct err e = { 0 };
	size_t n = 0;

	assert_int_equal(spool_recall(top, IN, &at[SEGMENTS], &h, &seed, &e),
	    1);
	hubd.before = 0;
	for (rest = buf_slice(&seed); message_cut(&rest, &m); n++) {
		assert_true(n < sizeof(expected) / sizeof(expected[0]));
		assert_int_equal(m.msgid, expected[n]);
	}
	assert_int_equal(n, sizeof(expected) / sizeof(expected[0]));
	buf_clear(&seed);
}

/* hubd comes at each moment, and takes one segment or more. */
static void
at_each_moment(void (*check)(void))
{
	for (uint64_t upto = 1; upto <= SEGMENTS; upto++) {
		bool came = true;

		for (unsigned k = 1; came; k++) {
			fill(upto / 2);
			hubd.upto = upto;
			hubd.n = 0;
			hubd.before = k;
			check();
			came = hubd.n >= k;
			assert_true(came || k > SEGMENTS / 2);
			helper_dir_done(top);
		}
	}
}

static void
an_inbox_opens_while_its_segments_move(void **state)
{
	(void)state;
	at_each_moment(check_inbox);
}

static void
a_seed_is_the_same_while_segments_move(void **state)
{
	(void)state;
	at_each_moment(check_recall);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inbox_opens_while_its_segments_move),
		cmocka_unit_test(a_seed_is_the_same_while_segments_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
