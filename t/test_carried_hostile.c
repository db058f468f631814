/*
 * Carried files in hands that are not to be trusted: files that are none, that
 * are not what they say, that others signed.
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
#include "transport/carried/staging.h"
#include "transport/carried/underway.h"

/* --- Files that are none ------------------------------------------ */

static void
make_symlink(const char *name)
{
	assert_int_equal(symlinkat("../outbox/mark", hub.staging, name), 0);
}

static void
make_hard_link(const char *name)
{
	world_stage(".other", SLICE("x"));
	assert_int_equal(linkat(hub.staging, ".other", hub.staging, name, 0),
	    0);
}

static void
make_directory(const char *name)
{
	assert_int_equal(mkdirat(hub.staging, name, 0700), 0);
}

static void
make_fifo(const char *name)
{
	assert_int_equal(mkfifoat(hub.staging, name, 0600), 0);
}

static void
make_socket(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s",
	    hub.staging, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
}

static void
make_device(const char *name)
{
	if (mknodat(hub.staging, name, S_IFCHR | 0600, (1 << 8) | 5) == -1)
		make_fifo(name); /* not root */
}

static void
make_sparse(const char *name)
{
	int fd = openat(hub.staging, name, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
	close(fd);
}

static void
make_setuid(const char *name)
{
	world_stage(name, SLICE("x"));
	assert_int_equal(fchmodat(hub.staging, name, 04600, 0), 0);
}

static void
make_foreign(const char *name)
{
	world_stage(name, SLICE("x"));
	if (geteuid() == 0)
		assert_int_equal(fchownat(hub.staging, name, 4242, 4242, 0), 0);
}

static void
what_is_no_plain_file_is_put_away(void **state)
{
	static void (*const make[])(const char *) = { make_symlink,
		make_hard_link, make_directory, make_fifo, make_socket,
		make_device, make_sparse, make_setuid, make_foreign };

	(void)state;
	world_fill(&spoke, 1);
	world_run(&spoke);
	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
		make[i](world_file_of(1, 2));
		alarm(20); /* none of them blocks */
		world_run(&hub);
		alarm(0);
		assert_int_equal(hub.r.quarantined, 1);
		assert_false(world_is_staged(world_file_of(1, 2)));
		assert_string_equal(world_at_hub(), "");
	}
	/* an acknowledgement, too */
	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
		make[i]("ack");
		alarm(20);
		world_run(&hub);
		alarm(0);
		assert_int_equal(hub.r.counts.strange_acks, 1);
		unlinkat(hub.staging, "ack", i == 2 ? AT_REMOVEDIR : 0);
		unlinkat(hub.staging, ".other", 0);
	}
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2");
}

static void
names_that_are_not_ours_stay(void **state)
{
	static const char *const names[] = { "-rf", "*", "a b", "a\nb",
		".tmp-1-1", "ack.gz", "ack.sig.sig", "mark",
		"00000000000000000001-00000000000000000002.msgs.gz.",
		"00000000000000000001-00000000000000000002.msgs.GZ",
		"00000000000000000001-00000000000000000002.msgs.lz4",
		"00000000000000000001-00000000000000000002.msgs.gz.gz",
		"0000000000000000001-00000000000000000002.msgs",
		"00000000000000000002-00000000000000000001.msgs",
		"00000000000000000000-00000000000000000001.msgs",
		"00000000000000000001.open",
		"99999999999999999999-99999999999999999999.msgs",
		"+0000000000000000001-00000000000000000002.msgs" };
	size_t n = sizeof(names) / sizeof(names[0]);
	char longest[256];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[255] = '\0';
	for (size_t i = 0; i < n; i++)
		scratch_write(hub.staging, names[i], SLICE("x"));
	scratch_write(hub.staging, longest, SLICE("x"));
	world_run(&hub);
	assert_int_equal(hub.r.ignored, n); /* a temporary is nobody's */
	for (size_t i = 0; i < n; i++)
		assert_true(world_is_staged(names[i]));
	assert_int_equal(hub.r.quarantined, 0);
}

/* --- What rsync has underway ---------------------------------------- */

#define WRITTEN ".00000000000000000001-00000000000000000002.msgs.gz."
#define WAITING \
	UNDERWAY_DELAYED "/00000000000000000001-00000000000000000002.msgs"
#define STRANGER UNDERWAY_DELAYED "/rubbish"

static void
stage_written(unsigned n)
{
	char name[80];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), WRITTEN "aB%04u", i);
		scratch_write(hub.staging, name, SLICE("x"));
	}
}

/* A put is at work. */
static void
stage_put(void)
{
	make_directory(UNDERWAY_DELAYED);
	scratch_write(hub.staging, WAITING, SLICE("x"));
	scratch_write(hub.staging, ".ack.aBc09Z", SLICE("x"));
	stage_written(1);
}

static void
what_rsync_has_underway_is_left_alone(void **state)
{
	(void)state;
	stage_put();
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 0);
	assert_true(world_is_staged(WAITING));
	assert_true(world_is_staged(".ack.aBc09Z"));
	assert_true(world_is_staged(WRITTEN "aB0000"));
}

static void
more_than_rsync_has_is_strange(void **state)
{
	(void)state;
	stage_put();
	scratch_write(hub.staging, STRANGER, SLICE("x"));
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 1);
	stage_written(UNDERWAY_WRITTEN + 3);
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 1 + 4); /* and that of ack */
	make_fifo(".ack.aBc09Y");
	make_symlink(".ack.aBc09X");
	make_directory(UNDERWAY_PARTIAL); /* who is called has none */
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 1 + 4 + 3);
	assert_true(world_is_staged(STRANGER));
}

static void
a_name_of_rsync_says_nothing_of_its_kind(void **state)
{
	(void)state;
	scratch_write(hub.staging, UNDERWAY_DELAYED, SLICE("x"));
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 1);
	assert_int_equal(unlinkat(hub.staging, UNDERWAY_DELAYED, 0), 0);
	assert_int_equal(symlinkat("../outbox", hub.staging, UNDERWAY_DELAYED),
	    0);
	fault->ahead_s = UNDERWAY_STILL_S + 1;
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 1);
	assert_true(world_is_staged("../outbox/mark"));
}

static void
what_a_killed_rsync_left_is_removed(void **state)
{
	(void)state;
	stage_put();
	scratch_write(hub.staging, STRANGER, SLICE("x"));
	scratch_write(hub.staging, ".other.aBc09Z", SLICE("x"));
	stage_written(UNDERWAY_WRITTEN + 3);
	fault->ahead_s = UNDERWAY_STILL_S + 1;
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 1); /* .other */
	assert_false(world_is_staged(UNDERWAY_DELAYED));
	assert_false(world_is_staged(".ack.aBc09Z"));
	assert_false(world_is_staged(WRITTEN "aB0000"));
	assert_true(world_is_staged(".other.aBc09Z"));
	make_directory(UNDERWAY_DELAYED);
	make_directory(STRANGER); /* it cannot be removed so */
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 2);
}

/* Its own runs are bounded and swept by whoever calls. */
static void
who_calls_knows_what_it_left(void **state)
{
	(void)state;
	hub.a.mode = CONFIG_PULL;
	make_directory(UNDERWAY_PARTIAL);
	stage_written(UNDERWAY_WRITTEN + 3);
	fault->ahead_s = UNDERWAY_STILL_S + 1;
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 0);
	assert_true(world_is_staged(UNDERWAY_PARTIAL));
	assert_true(world_is_staged(WRITTEN "aB0000"));
	make_directory(UNDERWAY_DELAYED);
	world_run(&hub);
	assert_int_equal(hub.r.ignored, 1);
}

/* However many lie there, a look is over soon: the next one goes on. */
static void
a_look_refuses_so_many(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= STAGING_REFUSED + 10; i++)
		world_stage(world_file_of(i, i), SLICE("x"));
	world_run(&hub);
	assert_int_equal(hub.r.refused_files, STAGING_REFUSED);
	assert_true(hub.r.more);
	world_run(&hub);
	assert_int_equal(hub.r.refused_files, 10);
	assert_false(hub.r.more);
	world_run(&hub);
	assert_int_equal(hub.r.refused_files, 0);
}

/* --- Files that are not what they say ------------------------------- */

static void
damaged_segments_go_to_quarantine_and_come_again(void **state)
{
	struct buf good, bad = { 0 };

	(void)state;
	world_fill(&spoke, 1);
	world_run(&spoke);
	good = world_read(&spoke, "outbox", world_file_of(1, 2));
	for (int i = 0; i < 6; i++) {
		buf_reset(&bad);
		buf_put(&bad, buf_slice(&good));
		switch (i) {
		case 0:
			buf_reset(&bad); /* empty */
			break;
		case 1:
			memset(bad.p, 0, bad.n);
			break;
		case 2:
			bad.n /= 2;
			break;
		case 3:
			bad.p[bad.n / 2] ^= 1;
			break;
		case 4:
			buf_put_str(&bad, "more");
			break;
		default:
			bad.p[bad.n - 1] = '\x7f'; /* says that it is huge */
			break;
		}
		world_stage(world_file_of(1, 2), buf_slice(&bad));
		world_run(&hub);
		assert_int_equal(hub.r.quarantined, 1);
		assert_string_equal(world_at_hub(), "");
		assert_false(world_is_staged(world_file_of(1, 2)));
	}
	/* right, under a name of other numbers */
	world_stage(world_file_of(2, 3), buf_slice(&good));
	world_run(&hub);
	assert_string_equal(world_at_hub(), "");
	world_stage(world_file_of(1, 3), buf_slice(&good));
	world_run(&hub);
	assert_int_equal(hub.r.counts.refused, 1);
	assert_string_equal(world_at_hub(), "1 2");
	world_stage(world_file_of(1, 1), buf_slice(&good)); /* had already */
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2");
	buf_clear(&good);
	buf_clear(&bad);
}

/* Flip a bit in the middle of a file of the spoke's outbox. */
static void
damage_what_waits(const char *name)
{
	int dir = openat(spoke.top, "outbox", O_RDONLY | O_DIRECTORY);
	struct buf b = world_read(&spoke, "outbox", name);

	b.p[b.n / 2] ^= 1;
	scratch_write(dir, name, buf_slice(&b));
	buf_clear(&b);
	close(dir);
}

static void
what_is_damaged_before_it_goes_is_made_anew(void **state)
{
	(void)state;
	world_fill(&spoke, 1);
	world_write(&spoke, 1);
	world_run(&spoke);
	/* the next that is wanted: seen before it goes */
	damage_what_waits(world_file_of(1, 2));
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_int_equal(hub.r.quarantined, 0);
	assert_string_equal(world_at_hub(), "1 2 3");
	world_carry(&hub, &spoke);

	/* one behind it: when it was refused, whatever came after it */
	for (int i = 0; i < 3; i++)
		world_write(&spoke, 1);
	world_run(&spoke);
	damage_what_waits(world_file_of(5, 5));
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_int_equal(hub.r.quarantined, 1);
	assert_string_equal(world_at_hub(), "1 2 3 4 gap:6 6");
	world_carry(&hub, &spoke);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_int_equal(hub.r.quarantined, 0);
	assert_string_equal(world_at_hub(), "1 2 3 4 5 6");
}

/* A bomb: decoded only as far as a segment may be, and a ratio allows; a stream
 * that is cut off, and one with bytes behind it. */
static void
what_no_segment_decodes_from_is_refused(void **state)
{
	static const char *const suffixes[] = { "gz", "bz2", "zst", "xz",
		"col" };
	struct buf zeros = { 0 };
	char *room = buf_room(&zeros, 8 << 20);
	char name[CARRIED_NAME_SIZE];
	unsigned tried = 0;

	(void)state;
	memset(room, 0, 8 << 20);
	zeros.n = 8 << 20;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		struct carried_name c;
		struct buf bomb = { 0 }, good = { 0 };
		struct err e = { 0 };

		snprintf(name, sizeof(name), "%020d-%020d.msgs.%s", 1, 2,
		    suffixes[i]);
		if (!carried_name_parse(name, &c))
			continue; /* not in this build */
		assert_int_equal(c.codec->encode(buf_slice(&zeros),
				     c.codec->level_default, &bomb, &e),
		    0);
		assert_int_equal(c.codec->encode(SLICE("MsgID:1\n"),
				     c.codec->level_default, &good, &e),
		    0);
		for (int k = 0; k < 3; k++) {
			struct slice s = buf_slice(k == 0 ? &bomb : &good);

			s.n -= k == 1;
			world_stage(name, s);
			world_run(&hub);
			assert_int_equal(hub.r.quarantined, 1);
			assert_int_equal(hub.r.refused_files, 1);
			assert_string_equal(world_at_hub(), "");
			assert_false(world_is_staged(name));
			if (k == 1)
				buf_put_str(&good, "tail");
		}
		buf_clear(&bomb);
		buf_clear(&good);
		tried++;
	}
	assert_true(tried >= 2);
	buf_clear(&zeros);
}

/* One writes a file that is good and bad by turns, while it is read. */
static void
a_file_that_changes_does_no_harm(void **state)
{
	struct buf good, bad = { 0 };
	pid_t pid;

	(void)state;
	world_fill(&spoke, 200);
	world_run(&spoke);
	good = world_read(&spoke, "outbox", world_file_of(1, 201));
	buf_put(&bad, buf_slice(&good));
	memset(bad.p + bad.n / 2, 'x', 20);
	pid = fork();
	if (pid == 0) {
		for (;;) {
			int fd = openat(hub.staging, world_file_of(1, 201),
			    O_WRONLY | O_CREAT, 0600);

			for (int i = 0; i < 100; i++) {
				struct buf *b = i % 2 == 0 ? &bad : &good;

				if (pwrite(fd, b->p, b->n, 0) == -1)
					_exit(1);
			}
			close(fd);
		}
	}
	for (int i = 0; i < 20; i++)
		world_run(&hub);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	world_stage(world_file_of(1, 201), buf_slice(&good));
	world_run(&hub);
	assert_int_equal(hub.r.durable.msgid, 201);
	buf_clear(&good);
	buf_clear(&bad);
}

static void
a_fork_is_told_and_both_are_kept(void **state)
{
	struct buf other = { 0 }, encoded = { 0 };
	struct outbox *o;
	struct stream_id stream;
	struct err e = { 0 };

	(void)state;
	world_fill(&spoke, 1);
	o = helper_outbox(spoke.top, NULL);
	stream = outbox_state(o)->stream;
	outbox_close(o);
	world_round_trip();
	/* another message 2 of the same stream */
	helper_write(&other, stream, 2,
	    helper_digest(spoke.top, SPOOL_OUTBOX | SPOOL_SENT, 1));
	assert_int_equal(codec_find(SLICE("gzip"))
			     ->encode(buf_slice(&other), 6, &encoded, &e),
	    0);
	world_stage(world_file_of(2, 2), buf_slice(&encoded));
	unlinkat(hub.staging, "ack", 0);
	assert_int_equal(world_try(&hub), -1);
	assert_int_equal(hub.err.kind, ERR_INPUT);
	assert_non_null(strstr(hub.err.msg, "fork"));
	assert_int_equal(hub.r.quarantined, 1);
	assert_string_equal(world_at_hub(), "1 2");
	world_write(&spoke, 1); /* it goes on */
	world_round_trip();
	assert_string_equal(world_at_hub(), "1 2 3");
	buf_clear(&other);
	buf_clear(&encoded);
}

/* --- Signatures ------------------------------------------------------ */

#ifdef HAVE_LIBSODIUM
static void
make_key(const char *name)
{
	char path[128];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", scratch_path, name);
	if (signature_keygen(path, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
use_keys(struct world_end *n, const char *sign, const char *verify)
{
	snprintf(n->sign, sizeof(n->sign), "%s/%s", scratch_path, sign);
	snprintf(n->verify, sizeof(n->verify), "%s/%s.pub", scratch_path,
	    verify);
	n->a.sign_key = n->sign;
	n->a.verify_key = n->verify;
}

static void
sign_both(void)
{
	make_key("s");
	make_key("h");
	make_key("x");
	use_keys(&spoke, "s", "h");
	use_keys(&hub, "h", "s");
}

static void
signed_files_are_taken(void **state)
{
	(void)state;
	sign_both();
	world_fill(&spoke, 2);
	world_run(&spoke);
	assert_int_equal(world_carry(&spoke, &hub), 3); /* ack holds its own */
	world_round_trip();
	assert_string_equal(world_at_hub(), "1 2 3");
	assert_int_equal(world_acked(&spoke), 3);
}

/* The hub gets files that the spoke made with other keys, for another name or
 * in another role. */
static void
others_are_refused(void **state)
{
	static const struct {
		const char *sign, *association;
		enum config_role role;
	} rows[] = {
		{ "x", "alps", CONFIG_SPOKE }, /* a stranger */
		{ "h", "alps", CONFIG_SPOKE }, /* ourselves */
		{ "s", "tarn", CONFIG_SPOKE }, /* for another association */
		{ "s", "alps", CONFIG_HUB },   /* for the other direction */
	};

	(void)state;
	sign_both();
	world_fill(&spoke, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text, covered = { 0 }, signature = { 0 };
		struct signature_keys keys;
		char name[CARRIED_NAME_SIZE + 8];
		struct err e = { 0 };

		use_keys(&spoke, rows[i].sign, "h");
		assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), 0);
		use_keys(&spoke, "s", "h");
		world_run(&spoke);
		text = world_read(&spoke, "outbox", world_file_of(1, 2));
		signature_prefix(&covered, rows[i].association,
		    rows[i].role == CONFIG_SPOKE ? CONFIG_HUB : CONFIG_SPOKE);
		buf_put(&covered, buf_slice(&text));
		signature_put(&keys, buf_slice(&covered), &signature);
		snprintf(name, sizeof(name), "%s.sig", world_file_of(1, 2));
		world_stage(name, buf_slice(&signature));
		world_stage(world_file_of(1, 2), buf_slice(&text));
		world_run(&hub);
		assert_int_equal(hub.r.quarantined, 1);
		assert_string_equal(world_at_hub(), "");
		assert_false(world_is_staged(name));
		buf_clear(&text);
		buf_clear(&covered);
		buf_clear(&signature);
	}
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2");
}

static void
one_of_a_pair_waits_and_is_told(void **state)
{
	char sig[CARRIED_NAME_SIZE + 8];
	struct buf signature;

	(void)state;
	sign_both();
	world_fill(&spoke, 1);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	snprintf(sig, sizeof(sig), "%s.sig", world_file_of(1, 2));
	signature = world_read(&hub, "staging", sig);
	unlinkat(hub.staging, sig, 0);
	world_run(&hub);
	assert_int_equal(hub.r.quarantined + hub.r.unsigned_files, 0);
	assert_true(world_is_staged(world_file_of(1, 2)));
	fault->ahead_s = 601;
	world_run(&hub);
	assert_int_equal(hub.r.unsigned_files, 1);
	assert_true(world_is_staged(world_file_of(1, 2)));
	fault->ahead_s = 0;
	world_stage(sig, buf_slice(&signature));
	world_run(&hub);
	assert_string_equal(world_at_hub(), "1 2");
	world_stage(sig, buf_slice(&signature));
	world_run(&hub);
	assert_int_equal(hub.r.unsigned_files, 0);
	fault->ahead_s = 601;
	world_run(&hub);
	assert_int_equal(hub.r.unsigned_files, 1);
	buf_clear(&signature);
}

static void
an_unsigned_acknowledgement_is_none(void **state)
{
	struct slice text, signature;
	struct buf ack, mixed = { 0 };
	struct err e = { 0 };

	(void)state;
	sign_both();
	world_fill(&spoke, 1);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_run(&hub);
	world_carry(&hub, &spoke);
	ack = world_read(&spoke, "staging", "ack");
	text = buf_slice(&ack);
	carried_ack_cut(&text, &signature);
	assert_true(signature.n > 80);
	/* without it, with half of it, with that of another text */
	buf_put(&mixed, text);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(durable_replace(spoke.staging, "ack",
				     buf_slice(&mixed), &e),
		    0);
		world_run(&spoke);
		assert_int_equal(world_acked(&spoke), 0);
		assert_int_equal(spoke.r.unbelieved_acks, 1);
		buf_reset(&mixed);
		buf_put(&mixed, (struct slice){ ack.p, ack.n - 10 });
		if (i == 1) {
			buf_reset(&mixed);
			buf_put_str(&mixed,
			    "none\nsend none\nacked 0\n"
			    "heard none\n");
			sealed_close(&mixed, SEALED_END);
			buf_put_str(&mixed, CARRIED_ACK_SIGNED);
			buf_put(&mixed, signature);
		}
	}
	world_carry(&hub, &spoke);
	world_run(&spoke);
	assert_int_equal(world_acked(&spoke), 2);
	assert_int_equal(spoke.r.unbelieved_acks, 0);
	buf_clear(&ack);
	buf_clear(&mixed);
}

/* A writer that is killed on its way into any call leaves the old pair or the new
 * one: whoever looks then finds nobody to suspect. */
static void
a_writer_that_is_killed_leaves_nothing_strange(void **state)
{
	unsigned at = 0;
	bool over = false;

	(void)state;
	sign_both();
	world_fill(&spoke, 1);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_round_trip();
	while (!over) {
		world_write(&spoke, 1);
		fault->n = 0;
		fault->what = 0; /* it ends there */
		fault->at = ++at;
		(void)world_try(&spoke);
		over = fault->n < at;
		fault->at = 0;
		world_carry(&spoke, &hub);
		world_run(&hub);
		assert_int_equal(hub.r.unbelieved_acks + hub.r.refused_files,
		    0);
		/* and what the hub says when that one was killed */
		fault->n = 0;
		fault->at = at;
		(void)world_try(&hub);
		fault->at = 0;
		world_carry(&hub, &spoke);
		world_run(&spoke);
		assert_int_equal(
		    spoke.r.unbelieved_acks + spoke.r.refused_files, 0);
	}
	assert_true(at > 10);
	world_round_trip();
	assert_int_equal(world_acked(&spoke), at + 2);
}

/* In the hub's staging directory, signed by the spoke. */
static void
stage_signed(const char *name, struct slice bytes)
{
	struct buf covered = { 0 }, signature = { 0 };
	struct signature_keys keys;
	char sig[CARRIED_NAME_SIZE + 8];
	struct err e = { 0 };

	assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), 0);
	signature_prefix(&covered, "alps", CONFIG_HUB);
	buf_put(&covered, bytes);
	if (strcmp(name, "ack") == 0) {
		buf_put(&signature, bytes);
		buf_put_str(&signature, CARRIED_ACK_SIGNED);
		signature_put(&keys, buf_slice(&covered), &signature);
		world_stage(name, buf_slice(&signature));
	} else {
		signature_put(&keys, buf_slice(&covered), &signature);
		snprintf(sig, sizeof(sig), "%s.sig", name);
		world_stage(sig, buf_slice(&signature));
		world_stage(name, bytes);
	}
	buf_clear(&covered);
	buf_clear(&signature);
}

/* All of it is true, and signed; but a newer stream took its place. */
static void
what_a_replaced_stream_said_is_ignored(void **state)
{
	struct carried_ack said = { 0 };
	struct buf old, text = { 0 };
	struct stream_id now;
	struct outbox *o;
	struct err e = { 0 };

	(void)state;
	sign_both();
	world_fill(&spoke, 1);
	world_write(&spoke, 1);
	world_run(&spoke);
	old = world_read(&spoke, "outbox", world_file_of(3, 3));
	world_round_trip();
	o = helper_outbox(spoke.top, NULL);
	said.send = outbox_state(o)->last;
	said.send.stream = outbox_state(o)->stream;
	carried_ranges_add(&said.lost, 1, 2);
	carried_ack_put(&text, &said);
	carried_ack_clear(&said);
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	now = outbox_state(o)->stream;
	outbox_close(o);
	world_round_trip();
	assert_true(hub.r.replaced);

	world_write(&spoke, 1);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	stage_signed("ack", buf_slice(&text));
	world_run(&hub);
	assert_int_equal(hub.r.counts.strange_acks, 1);
	assert_int_equal(hub.r.unbelieved_acks + hub.r.lost, 0);
	assert_false(hub.r.replaced);
	assert_true(stream_eq(hub.r.durable.stream, now));
	assert_string_equal(world_at_hub(), "1 2 3 4");

	/* nor do those behind a segment of it wait */
	world_write(&spoke, 1);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	stage_signed("ack", buf_slice(&text));
	stage_signed(world_file_of(4, 4), buf_slice(&old));
	stage_signed(world_file_of(3, 3), buf_slice(&old));
	world_run(&hub);
	assert_int_equal(hub.r.quarantined, 2);
	assert_string_equal(world_at_hub(), "1 2 3 4 5");
	buf_clear(&old);
	buf_clear(&text);
}

/* What waits is not left signed with the key that was. */
static void
another_key_signs_what_waits(void **state)
{
	(void)state;
	sign_both();
	use_keys(&spoke, "x", "h");
	world_fill(&spoke, 1);
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_run(&hub);
	assert_int_equal(hub.r.quarantined, 1);
	use_keys(&spoke, "s", "h");
	world_write(&spoke, 1);
	world_round_trip();
	assert_int_equal(hub.r.refused_files + hub.r.unbelieved_acks, 0);
	assert_string_equal(world_at_hub(), "1 2 3");
	assert_int_equal(world_acked(&spoke), 3);
}

static void
keys_are_as_they_should_be(void **state)
{
	struct signature_keys keys;
	struct err e = { 0 };

	(void)state;
	sign_both();
	assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), 0);
	assert_true(keys.signs && keys.verifies);
	assert_int_equal(chmod(spoke.sign, 0640), 0);
	assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(chmod(spoke.sign, 0600), 0);
	assert_int_equal(chmod(spoke.verify, 0666), 0);
	assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), -1);
	assert_int_equal(chmod(spoke.verify, 0644), 0);
	spoke.a.verify_key = spoke.sign; /* a secret one */
	assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), -1);
	assert_non_null(strstr(e.msg, "is a secret key"));
	spoke.a.verify_key = spoke.verify;
	spoke.a.sign_key = spoke.verify;
	assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), -1);
	spoke.a.sign_key = "/nonexistent";
	assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_int_equal(signature_keygen(spoke.sign, &e), -1);
	assert_int_equal(e.kind, ERR_CREATE);
}
#endif

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_plain_file_is_put_away),
		TEST(names_that_are_not_ours_stay),
		TEST(what_rsync_has_underway_is_left_alone),
		TEST(more_than_rsync_has_is_strange),
		TEST(a_name_of_rsync_says_nothing_of_its_kind),
		TEST(what_a_killed_rsync_left_is_removed),
		TEST(who_calls_knows_what_it_left),
		TEST(a_look_refuses_so_many),
		TEST(damaged_segments_go_to_quarantine_and_come_again),
		TEST(what_is_damaged_before_it_goes_is_made_anew),
		TEST(what_no_segment_decodes_from_is_refused),
		TEST(a_file_that_changes_does_no_harm),
		TEST(a_fork_is_told_and_both_are_kept),
#ifdef HAVE_LIBSODIUM
		TEST(signed_files_are_taken),
		TEST(others_are_refused),
		TEST(one_of_a_pair_waits_and_is_told),
		TEST(an_unsigned_acknowledgement_is_none),
		TEST(a_writer_that_is_killed_leaves_nothing_strange),
		TEST(what_a_replaced_stream_said_is_ignored),
		TEST(another_key_signs_what_waits),
		TEST(keys_are_as_they_should_be),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
