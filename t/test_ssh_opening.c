/*
 * What a server does before it has let us in: which versions are ours, and how long
 * it is waited for.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/ssh/ssh_opening.h"

/* --- Versions ----------------------------------------------------------------- */

struct row {
	const char *said;
	bool told, other;
	const char *version;
};

static void
it_says_which_version_it_speaks(void **state)
{
	static const struct row rows[] = {
		{ "SSH-2.0-OpenSSH_9.2\r\n", true, false, "2.0" },
		{ "SSH-2.0-x\n\0\0\1\2binary", true, false, "2.0" },
		{ "SSH-1.99-OpenSSH_3.4\r\n", true, false, "1.99" },
		{ "Welcome\r\nto SSH-1.5-x\r\nSSH-2.0-x\r\n", true, false,
		    "2.0" },
		{ "SSH-1.5-OpenSSH-1.2.3\r\n", true, true, "1.5" },
		{ "Welcome\r\nSSH-1.3-x\r\n", true, true, "1.3" },
		{ "SSH-3.0-x\r\nSSH-2.0-x\r\n", true, true, "3.0" },
		{ "SSH-\r\n", true, true, "" },
		{ "SSH-20\r\n", true, true, "20" },
		{ "SSH-1.5-x", false, false, "1.5" }, /* no line yet */
		{ "ssh-1.5-x\r\n", false, false, "" },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", false, false, "" },
		{ "", false, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ssh_opening whole = { 0 }, single = { 0 };
		struct slice said = slice_str(rows[i].said);

		ssh_opening_heard(&whole, said);
		for (size_t n = 0; n < said.n; n++)
			ssh_opening_heard(&single,
			    (struct slice){ said.p + n, 1 });
		assert_memory_equal(&whole, &single, sizeof(whole));
		assert_int_equal(whole.told, rows[i].told);
		assert_int_equal(whole.other, rows[i].other);
		assert_true(
		    slice_eq_str(ssh_opening_version(&whole), rows[i].version));
		assert_int_equal(whole.received, said.n);
	}
}

static void
it_says_how_long_its_first_packet_is(void **state)
{
#define ROW(text, much)                          \
	{                                        \
		{ text, sizeof(text) - 1 }, much \
	}
	static const struct {
		struct slice said;
		bool too_long;
	} rows[] = {
		ROW("SSH-2.0-x\r\n\0\0\4\5\6\x14", false),
		ROW("SSH-2.0-x\r\n\0\0\x9c\x40\6", false), /* 40,000 */
		ROW("SSH-2.0-x\r\n\0\0\x9c\x41\6", true),
		ROW("SSH-2.0-x\r\n\xff\xff\xff\xf0", true),
		ROW("Welcome\r\nSSH-2.0-x\n\xff\xff\xff\xf0x", true),
		ROW("SSH-2.0-x\r\n\xff\xff\xff", false), /* not all of it */
		ROW("\xff\xff\xff\xff\xff\xff\xff\xff", false),
		ROW("SSH-2.0-x\r\n", false),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ssh_opening whole = { 0 }, single = { 0 };
		struct slice said = rows[i].said;

		ssh_opening_heard(&whole, said);
		for (size_t n = 0; n < said.n; n++)
			ssh_opening_heard(&single,
			    (struct slice){ said.p + n, 1 });
		assert_memory_equal(&whole, &single, sizeof(whole));
		assert_int_equal(ssh_opening_is_too_long(&whole),
		    rows[i].too_long);
	}
}

static void
a_line_without_end_is_none(void **state)
{
	static char much[100000];
	struct ssh_opening o = { 0 };

	(void)state;
	memset(much, 'S', sizeof(much));
	ssh_opening_heard(&o, (struct slice){ much, sizeof(much) });
	assert_false(o.told);
	assert_int_equal(o.received, sizeof(much));
	ssh_opening_heard(&o, SLICE("\nSSH-1.5-x\n"));
	assert_true(o.other);
}

static void
who_is_turned_away_is_told_so_first(void **state)
{
	struct ssh_opening o = { 0 };

	(void)state;
	ssh_opening_heard(&o, SLICE("Exceeded MaxStartup"));
	assert_false(ssh_opening_is_turned_away(&o));
	ssh_opening_heard(&o, SLICE("s\r\n"));
	assert_true(ssh_opening_is_turned_away(&o));
	assert_false(o.told);
}

/* --- Pace ---------------------------------------------------------------------- */

static struct mono
at(int64_t ms)
{
	return mono_add_ms((struct mono){ 1 }, ms);
}

static void
who_goes_on_is_waited_for(void **state)
{
	struct ssh_patience p = { at(0), 50 };

	(void)state;
	assert_int_equal(ssh_patience_ask(&p, 50 + SSH_PROGRESS_MIN, at(30000)),
	    SSH_GOES_ON);
	assert_int_equal(ssh_patience_ask(&p, 50 + 2 * SSH_PROGRESS_MIN,
			     at(SSH_LOGIN_MS - 1)),
	    SSH_GOES_ON);
	assert_int_equal(
	    ssh_patience_ask(&p, 50 + 3 * SSH_PROGRESS_MIN, at(SSH_LOGIN_MS)),
	    SSH_LATE);
}

static void
who_is_silent_or_drips_is_not(void **state)
{
	struct ssh_patience p = { at(0), 50 };

	(void)state;
	assert_int_equal(ssh_patience_ask(&p, 50, at(30000)), SSH_SILENT);
	assert_int_equal(ssh_patience_ask(&p, 49 + SSH_PROGRESS_MIN, at(30000)),
	    SSH_SLOW);
	assert_int_equal(ssh_patience_ask(&p, 49 + SSH_PROGRESS_MIN, at(60000)),
	    SSH_SILENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_which_version_it_speaks),
		cmocka_unit_test(it_says_how_long_its_first_packet_is),
		cmocka_unit_test(a_line_without_end_is_none),
		cmocka_unit_test(who_is_turned_away_is_told_so_first),
		cmocka_unit_test(who_goes_on_is_waited_for),
		cmocka_unit_test(who_is_silent_or_drips_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
