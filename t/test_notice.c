/*
 * What a person is told: once when it begins, once when it is over, whatever
 * the number of programs that see it.  A real child stands where sendmail
 * does and appends what it reads to a file.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/operator/mail.h"
#include "common/operator/mailer.h"
#include "common/operator/notice.h"
#include "t/scratch.h"

static int dir = -1;
static char script[160];
static const char *const to[] = { "noc@example.net", NULL };
static const char *sendmail[] = { "/bin/sh", "-c", script, NULL };
static struct notice_mail mail = { .node = "hub",
	.to = to,
	.sendmail = sendmail,
	.gather_s = 60,
	.repeat_s = 3600 };
static const struct notice gap = { "alps", "gap", "7 is missing",
	"hubctl gaps alps" };

static int
make_dir(void **state)
{
	(void)state;
	dir = scratch_open();
	snprintf(script, sizeof(script), "cat >> %s/mail", scratch_path);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	scratch_close(dir);
	return 0;
}

static struct wall
at(int64_t s)
{
	return (struct wall){ s * 1000 };
}

static struct notices *
opened(void)
{
	struct notices *n;
	struct err e = { 0 };

	assert_int_equal(notices_open(dir, &mail, &n, &e), 0);
	return n;
}

/* How often text is in the mail sent so far. */
static unsigned
mailed(const char *text)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	unsigned n = 0;

	if (durable_read_file(dir, "mail", 1 << 20, &b, &e) == 0)
		for (const char *p = b.p; (p = strstr(p, text)) != NULL; p++)
			n++;
	buf_clear(&b);
	return n;
}

static void
raise_in_a_run(int64_t now_s)
{
	struct notices *n = opened();

	notice_raise(n, &gap, at(now_s));
	notices_flush(n, at(now_s));
	notices_close(n);
}

static void
clear_in_a_run(int64_t now_s)
{
	struct notices *n = opened();

	notice_clear(n, gap.association, gap.key, at(now_s));
	notices_flush(n, at(now_s));
	notices_close(n);
}

static void
an_outage_seen_every_minute_is_mailed_once(void **state)
{
	struct notices *n;

	(void)state;
	for (int64_t t = 1000; t < 1000 + 3600; t += 60)
		raise_in_a_run(t);
	assert_int_equal(mailed("Subject:"), 1);
	assert_int_equal(mailed("began: alps: 7 is missing"), 1);
	assert_int_equal(mailed("next: hubctl gaps alps"), 1);
	n = opened();
	assert_true(notice_is_raised(n, "alps", "gap"));
	assert_true(notice_clear(n, "alps", "gap", at(4700)));
	assert_false(notice_clear(n, "alps", "gap", at(4700)));
	notices_flush(n, at(4700));
	notices_close(n);
	assert_int_equal(mailed("over: alps: 7 is missing"), 1);
	n = opened();
	assert_false(notice_is_raised(n, "alps", "gap"));
	notices_flush(n, at(9999));
	notices_close(n);
	assert_int_equal(mailed("Subject:"), 2);
}

static void
reminders_come_at_growing_intervals(void **state)
{
	(void)state;
	for (int64_t t = 0; t < 86400; t += 600)
		raise_in_a_run(t);
	/* after 1 min; then 1 h, 2 h, 4 h, 8 h later */
	assert_int_equal(mailed("began: "), 1);
	assert_int_equal(mailed("lasts: "), 4);
}

/* Raised at 1000, over at 1030, before the gathering time has passed. */
static void
be_brief(const struct notice *what)
{
	struct notices *n = opened();

	notice_raise(n, what, at(1000));
	notices_flush(n, at(1000));
	notice_clear(n, what->association, what->key, at(1030));
	notices_flush(n, at(1030));
	assert_int_equal(mailed("Subject:"), 0);
	notices_flush(n, at(99999));
	notices_flush(n, at(199999));
	notices_close(n);
}

static void
a_short_outage_is_not_mailed(void **state)
{
	const struct notice down = { "alps", "delivery", "no route", "x" };

	(void)state;
	be_brief(&down);
	assert_int_equal(mailed("Subject:"), 0);
}

static void
what_was_refused_is_mailed_once_however_soon_it_is_over(void **state)
{
	(void)state;
	be_brief(&gap);
	assert_int_equal(mailed("Subject:"), 1);
	assert_int_equal(mailed("over: alps: 7 is missing"), 1);
}

/* A run that finds the link down, or its key wrong. */
static void
fail_in_a_run(int cause, int64_t now_s, bool tells)
{
	const struct notice down = { "alps", "delivery",
		cause == 75 ? "no route" : "wrong key", "x" };
	struct notices *n = opened();

	assert_int_equal(notice_raise_cause(n, &down, cause, at(now_s)), tells);
	notices_flush(n, at(now_s));
	notices_close(n);
}

/* Each minute in a run of its own it is there, or not; a line says so each time. */
static void
come_and_go(const struct notice *what, int64_t from_s, int64_t to_s)
{
	for (int64_t t = from_s; t < to_s; t += 60) {
		struct notices *n = opened();

		if ((t - from_s) / 60 % 2 == 0)
			assert_true(notice_raise(n, what, at(t)));
		else
			assert_true(notice_clear(n, what->association,
			    what->key, at(t)));
		notices_flush(n, at(t));
		notices_close(n);
	}
}

static void
what_comes_and_goes_is_mailed_at_growing_intervals(void **state)
{
	const struct notice link = { "alps", "delivery", "no route", "x" };
	const struct notice_mail was = mail;
	(void)state;
	mail.gather_s = 300;
	mail.repeat_s = 4 * 3600;
	come_and_go(&gap, 0, 86400);
	assert_in_range(mailed("Subject:"), 4, 16);
	/* The link's are over before they are mailed. */
	come_and_go(&link, 86400, 2 * 86400);
	assert_int_equal(mailed("no route"), 0);
	mail = was;
}

static void
what_comes_back_after_a_calm_is_mailed_at_once(void **state)
{
	const struct notice_mail was = mail;
	struct notices *n;

	(void)state;
	mail.repeat_s = 4 * 3600;
	for (int64_t t = 0; t < 40 * 3700; t += 3700) {
		n = opened();
		assert_true(notice_raise(n, &gap, at(t)));
		notices_flush(n, at(t));
		notices_close(n);
		clear_in_a_run(t + 60);
	}
	assert_int_equal(mailed("Subject:"), 40);
	mail = was;
}

static void
what_comes_back_too_often_and_stays_is_mailed(void **state)
{
	const struct notice_mail was = mail;
	unsigned before;

	(void)state;
	mail.gather_s = 300;
	mail.repeat_s = 4 * 3600;
	come_and_go(&gap, 0, 6 * 3600);
	before = mailed("began: ");
	for (int64_t t = 6 * 3600; t < 10 * 3600; t += 60)
		raise_in_a_run(t);
	assert_int_equal(mailed("began: ") - before, 1);
	mail = was;
}

static void
another_cause_is_told_once_more(void **state)
{
	struct notices *n;

	(void)state;
	fail_in_a_run(75, 1000, true);
	fail_in_a_run(75, 1060, false);
	assert_int_equal(mailed("began: alps: no route"), 1);
	fail_in_a_run(77, 1120, true);
	fail_in_a_run(77, 1180, false);
	assert_int_equal(mailed("Subject:"), 2);
	assert_int_equal(mailed("changed: alps: wrong key"), 1);
	assert_int_equal(mailed("1 began, 0 last, 0 over"), 1);
	assert_int_equal(mailed("0 began, 1 changed, 0 last, 0 over"), 1);
	/* and not again, however often they take turns */
	for (int64_t t = 1240; t < 1900; t += 120) {
		fail_in_a_run(75, t, false);
		fail_in_a_run(77, t + 60, false);
	}
	assert_int_equal(mailed("Subject:"), 2);
	n = opened();
	assert_string_equal(notice_text(n, "alps", "delivery"), "wrong key");
	assert_true(notice_clear(n, "alps", "delivery", at(1900)));
	notices_flush(n, at(1900));
	notices_close(n);
	assert_int_equal(mailed("over: alps: wrong key"), 1);
	/* the next outage has all its causes before it */
	fail_in_a_run(77, 3000, true);
	fail_in_a_run(77, 3060, false);
	assert_int_equal(mailed("began: alps: wrong key"), 1);
}

static void
another_cause_before_the_mail_is_in_it(void **state)
{
	(void)state;
	fail_in_a_run(75, 1000, true);
	fail_in_a_run(77, 1030, true);
	fail_in_a_run(77, 1090, false);
	assert_int_equal(mailed("Subject:"), 1);
	assert_int_equal(mailed("began: alps: wrong key"), 1);
	fail_in_a_run(75, 1200, false);
	fail_in_a_run(75, 1300, false);
	assert_int_equal(mailed("Subject:"), 1);
}

static void
a_state_of_an_older_program_is_not_told_again(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(
	    durable_replace(dir, "notices",
		SLICE("mails\t0\t0\n"
		      "on\t900\t9000\t3600\talps\tdelivery\tno route\tx\n"),
		&e),
	    0);
	fail_in_a_run(75, 1000, false);
	fail_in_a_run(77, 1100, true);
	fail_in_a_run(77, 1200, false);
	assert_int_equal(mailed("Subject:"), 1);
}

static void
two_programs_do_not_lose_each_others_states(void **state)
{
	const struct notice fork = { "bern", "fork", "two of 5", "x" };
	struct notices *a = opened(), *b = opened();

	(void)state;
	notice_raise(a, &gap, at(1000));
	notice_raise(b, &fork, at(1000));
	notices_flush(a, at(1000));
	notices_flush(b, at(1000));
	notices_close(a);
	notices_close(b);
	a = opened();
	assert_true(notice_is_raised(a, "alps", "gap"));
	assert_true(notice_is_raised(a, "bern", "fork"));
	notices_close(a);
}

static void
mail_that_fails_stays_due(void **state)
{
	struct notices *n;

	(void)state;
	snprintf(script, sizeof(script), "exit 75");
	raise_in_a_run(1000);
	n = opened();
	assert_int_equal(notice_since_s(n, "", NOTICE_MAIL), 0);
	notices_close(n);
	raise_in_a_run(1100);
	raise_in_a_run(1170);
	assert_int_equal(mailed("Subject:"), 0);
	n = opened();
	assert_int_equal(notice_since_s(n, "", NOTICE_MAIL), 1100);
	assert_non_null(strstr(notice_text(n, "", NOTICE_MAIL), "75"));
	notices_close(n);
	snprintf(script, sizeof(script), "cat >> %s/mail", scratch_path);
	raise_in_a_run(1300);
	assert_int_equal(mailed("began: alps: "), 1);
	n = opened();
	assert_false(notice_is_raised(n, "", NOTICE_MAIL));
	notices_close(n);
	for (int64_t t = 1400; t < 2000; t += 100)
		raise_in_a_run(t);
	assert_int_equal(mailed("no mail can be sent"), 2); /* began, over */
}

static void
mail_that_nobody_gets_any_more_does_not_fail(void **state)
{
	struct notices *n;
	struct notice_mail none = mail;
	static const char *nobody[] = { NULL };
	struct err e = { 0 };

	(void)state;
	snprintf(script, sizeof(script), "exit 75");
	raise_in_a_run(1000);
	raise_in_a_run(1100);
	n = opened();
	assert_true(notice_is_raised(n, "", NOTICE_MAIL));
	notices_close(n);
	none.to = nobody;
	assert_int_equal(notices_open(dir, &none, &n, &e), 0);
	notices_flush(n, at(1200));
	notices_close(n);
	n = opened();
	assert_false(notice_is_raised(n, "", NOTICE_MAIL));
	notices_close(n);
}

static void
raise_another_in_a_run(int64_t now_s)
{
	static unsigned count;
	struct notices *n = opened();
	struct notice what = gap;
	char key[16];

	snprintf(key, sizeof(key), "k%u", count++);
	what.key = key;
	notice_raise(n, &what, at(now_s));
	notices_flush(n, at(now_s));
	notices_close(n);
}

static void
a_flood_of_changes_is_at_most_twenty_mails_an_hour(void **state)
{
	(void)state;
	mail.gather_s = 0;
	for (int64_t t = 3600; t < 7100; t += 70)
		raise_another_in_a_run(t);
	mail.gather_s = 60;
	assert_int_equal(mailed("Subject:"), 20);
}

/* Runs of a minute each, whose clock is off by off_s from a real one. */
static void
fail_each_minute(int64_t from_s, int64_t to_s, int64_t off_s)
{
	for (int64_t t = from_s; t < to_s; t += 60)
		raise_in_a_run(t + off_s);
}

static void
a_clock_that_goes_back_tells_nothing_again(void **state)
{
	enum {
		T = 1795852800,
		H = 3600,
		D = 24 * H,
	};
	static const int64_t gather_s[] = { 0, 2, 60 };
	static const int64_t off_s[] = { -3 * H, -40 * D, -1, -90 };

	(void)state;
	mail.repeat_s = 4 * H;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 4; k++) {
			mail.gather_s = gather_s[i];
			unlinkat(dir, "notices", 0);
			unlinkat(dir, "mail", 0);
			fail_each_minute(T, T + 300, 0);
			assert_int_equal(mailed("Subject:"), 1);
			fail_each_minute(T + 300, T + 3 * H, off_s[k]);
			assert_int_equal(mailed("Subject:"), 1);
			/* the reminder is not later for it */
			fail_each_minute(T + 3 * H, T + 5 * H, off_s[k]);
			assert_int_equal(mailed("Subject:"), 2);
			assert_int_equal(mailed("lasts: "), 1);
			/* and when it is right again, one at most */
			fail_each_minute(T + 5 * H, T + 8 * H, 0);
			assert_in_range(mailed("Subject:"), 2, 3);
		}
	mail.gather_s = 60;
	mail.repeat_s = H;
}

static void
a_clock_that_goes_forward_and_returns_reminds_once(void **state)
{
	enum {
		T = 1795852800,
		H = 3600,
		D = 24 * H,
	};

	(void)state;
	mail.repeat_s = 4 * H;
	fail_each_minute(T, T + 300, 0);
	fail_each_minute(T + 300, T + 600, 4000 * D);
	assert_int_equal(mailed("Subject:"), 2);
	fail_each_minute(T + 600, T + 7 * H, 0);
	assert_int_equal(mailed("Subject:"), 2);
	/* as it would have been: the next interval is eight hours */
	fail_each_minute(T + 7 * H, T + 9 * H, 0);
	assert_int_equal(mailed("Subject:"), 3);
	/* it ends in time, and the next begins in time */
	fail_each_minute(T + 9 * H, T + 9 * H + 60, 4000 * D);
	clear_in_a_run(T + 9 * H + 120);
	assert_int_equal(mailed("over: "), 1);
	raise_in_a_run(T + 9 * H + 180);
	raise_in_a_run(T + 9 * H + 240);
	assert_int_equal(mailed("began: "), 2);
	mail.repeat_s = H;
}

static void
twenty_mails_an_hour_are_all_whatever_the_clock_does(void **state)
{
	(void)state;
	mail.gather_s = 0;
	/* forty minutes, in the middle of which a new hour begins */
	for (int64_t t = 7200 - 1200; t < 7200 + 1200; t += 60)
		raise_another_in_a_run(t);
	assert_int_equal(mailed("Subject:"), 20);
	for (int64_t t = 100; t < 100 + 1150; t += 60)
		raise_another_in_a_run(t);
	assert_int_equal(mailed("Subject:"), 20);
	/* an hour after the first it goes on, one for all */
	raise_another_in_a_run(100 + 3600);
	assert_int_equal(mailed("Subject:"), 21);
	mail.gather_s = 60;
}

static void
a_damaged_file_does_not_stop_anyone(void **state)
{
	struct err e = { 0 };
	struct notices *n;

	(void)state;
	assert_int_equal(durable_replace(dir, "notices",
			     SLICE("new\tx\n\xff\0\nmails\t\ton\t1\t1"), &e),
	    0);
	n = opened();
	assert_true(notice_raise(n, &gap, at(1)));
	notices_flush(n, at(1));
	notices_close(n);
}

/* The confined process only records; its child mails. */
static void
a_mailer_sends_what_another_recorded(void **state)
{
	struct notice_mail now = mail;
	struct notices *n;
	struct mailer m;
	struct err e = { 0 };

	(void)state;
	now.gather_s = 0;
	assert_int_equal(mailer_start(dir, &now, &m, &e), 0);
	now.elsewhere = true;
	assert_int_equal(notices_open(dir, &now, &n, &e), 0);
	notice_raise(n, &gap, clock_wall());
	notices_flush(n, clock_wall());
	mailer_wake(&m);
	mailer_stop(&m, 30000);
	assert_int_equal(mailed("began: alps: 7 is missing"), 1);

	now.elsewhere = false;
	assert_int_equal(mailer_start(dir, &now, &m, &e), 0);
	notice_clear(n, "alps", "gap", clock_wall());
	notices_flush(n, clock_wall());
	notices_close(n);
	mailer_stop(&m, 30000); /* its last look */
	assert_int_equal(mailed("over: alps: 7 is missing"), 1);
	assert_int_equal(mailed("Subject:"), 2);
}

static void
nothing_from_outside_becomes_a_header(void **state)
{
	struct mail_item item = { MAIL_BEGAN,
		{ "alps", "gap", "x\r\n\r\nBcc: evil@example.org\x1b[2J", "y" },
		0 };
	struct buf out = { 0 };

	(void)state;
	mail_compose(&out, &mail, &item, 1);
	assert_null(strstr(out.p, "\nBcc:"));
	assert_null(strchr(out.p, '\r'));
	assert_null(strchr(out.p, '\x1b'));
	assert_non_null(strstr(out.p, "To: noc@example.net\n"));
	buf_clear(&out);
}

/* A peer's byte is escaped where it comes in, once. */
static void
what_is_escaped_stays_as_it_is(void **state)
{
	static const char text[] = "it said \\xb0 and \\\\";
	struct notices *n = opened();

	(void)state;
	notice_raise(n, &(struct notice){ "alps", "gap", text, "x" }, at(0));
	assert_string_equal(notice_text(n, "alps", "gap"), text);
	notices_flush(n, at(mail.gather_s));
	notices_close(n);
	assert_int_equal(mailed("it said \\xb0 and \\\\\n"), 1);
}

static void
commands_name_their_configuration(void **state)
{
	static const struct {
		const char *config, *command, *wanted;
	} rows[] = {
		{ NULL, "spoke status", "spoke status" },
		{ "/srv/a.conf", "spoke status",
		    "spoke -c /srv/a.conf status" },
		{ "/srv/a.conf", "hubctl", "hubctl -c /srv/a.conf" },
		{ "/srv/a.conf", "restart hubd", "restart hubd" },
		{ "/a b/it's", "hubctl gaps alps",
		    "hubctl -c '/a b/it'\\''s' gaps alps" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct notices *n;
		char *got;

		mail.config = rows[i].config;
		n = opened();
		got = notices_command(n, rows[i].command);
		assert_string_equal(got, rows[i].wanted);
		free(got);
		notices_close(n);
	}
	mail.config = NULL;
}

static void
a_mail_has_a_limit_and_counts_the_rest(void **state)
{
	enum {
		MANY = 2000
	};
	static struct mail_item item[MANY];
	struct buf out = { 0 };
	char text[700];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < MANY; i++)
		item[i] = (struct mail_item){ MAIL_BEGAN,
			{ "alps", "gap", text, "y" }, 0 };
	mail_compose(&out, &mail, item, MANY);
	assert_true(out.n <= MAIL_MAX);
	assert_non_null(strstr(out.p, " more: run the status command\n"));
	buf_clear(&out);
}

/* --- Another configuration ------------------------------------------------ */

/* It has alps, without a budget, and no collector ups. */
static enum notice_fit
judged(const void *arg, const char *association, const char *key)
{
	(void)arg;
	if (association[0] == '\0')
		return strcmp(key, NOTICE_COLLECTOR "ups") == 0 ? NOTICE_GONE
								: NOTICE_FITS;
	if (strcmp(association, "alps") != 0)
		return NOTICE_GONE;
	return strcmp(key, "budget-spent") == 0 ? NOTICE_ENDS : NOTICE_FITS;
}

static void
raise_of(const char *association, const char *key, int64_t now_s)
{
	struct notices *n = opened();
	const struct notice what = { association, key, association, "x" };

	assert_true(notice_raise(n, &what, at(now_s)));
	notices_flush(n, at(now_s));
	notices_close(n);
}

static void
fit_in_a_run(int64_t now_s)
{
	struct notices *n = opened();

	notices_fit(n, judged, NULL, at(now_s));
	notices_flush(n, at(now_s));
	assert_false(notice_is_raised(n, "jura", "gap"));
	assert_false(notice_is_raised(n, "bern", "refused"));
	assert_false(notice_is_raised(n, "alps", "budget-spent"));
	assert_true(notice_is_raised(n, "alps", "gap"));
	assert_true(notice_is_raised(n, "", "store"));
	assert_false(notice_is_raised(n, "", NOTICE_COLLECTOR "ups"));
	notices_close(n);
}

static void
what_no_configuration_has_is_not_told_any_more(void **state)
{
	(void)state;
	raise_of("jura", "gap", 1000);
	raise_of("alps", "budget-spent", 1000);
	raise_in_a_run(1000);
	raise_of("", "store", 1000);
	raise_of("", NOTICE_COLLECTOR "ups", 1000);
	raise_of("bern", "refused", 1060); /* mails all */
	assert_int_equal(mailed("began: jura"), 1);
	raise_of("lugano", "delivery", 1061); /* is not mailed yet */
	fit_in_a_run(1062);
	assert_int_equal(mailed("over: alps: alps"), 1);
	fit_in_a_run(100000);
	assert_int_equal(mailed("lugano"), 0);
	assert_int_equal(mailed("over: jura"), 0);
	assert_int_equal(mailed("lasts: jura"), 0);
	assert_int_equal(mailed("over: bern"), 0);
	assert_int_equal(mailed("lasts: alps: 7 is missing"), 2);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(an_outage_seen_every_minute_is_mailed_once),
		TEST(reminders_come_at_growing_intervals),
		TEST(a_short_outage_is_not_mailed),
		TEST(what_was_refused_is_mailed_once_however_soon_it_is_over),
		TEST(what_comes_and_goes_is_mailed_at_growing_intervals),
		TEST(what_comes_back_after_a_calm_is_mailed_at_once),
		TEST(what_comes_back_too_often_and_stays_is_mailed),
		TEST(another_cause_is_told_once_more),
		TEST(another_cause_before_the_mail_is_in_it),
		TEST(a_state_of_an_older_program_is_not_told_again),
		TEST(two_programs_do_not_lose_each_others_states),
		TEST(mail_that_fails_stays_due),
		TEST(mail_that_nobody_gets_any_more_does_not_fail),
		TEST(a_flood_of_changes_is_at_most_twenty_mails_an_hour),
		TEST(a_clock_that_goes_back_tells_nothing_again),
		TEST(a_clock_that_goes_forward_and_returns_reminds_once),
		TEST(twenty_mails_an_hour_are_all_whatever_the_clock_does),
		TEST(a_damaged_file_does_not_stop_anyone),
		TEST(a_mailer_sends_what_another_recorded),
		TEST(nothing_from_outside_becomes_a_header),
		TEST(what_is_escaped_stays_as_it_is),
		TEST(commands_name_their_configuration),
		TEST(what_no_configuration_has_is_not_told_any_more),
		TEST(a_mail_has_a_limit_and_counts_the_rest),
	};

	log_open("test", LOG_TARGET_STDERR, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
