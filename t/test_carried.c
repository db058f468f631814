/*
 * Two nodes whose spools are carried as files, by hand and by hands that are
 * not to be trusted: what is taken, what is refused, what is believed.
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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/carried_name.h"
#include "common/spool/checked.h"
#include "t/scratch.h"
#include "t/test_spool_helper.h"
#include "transport/carried_ack.h"
#include "transport/carry.h"
#include "transport/signature.h"

/* --- Faults ------------------------------------------------------------------- */

/* Shared with the child that works. */
static struct {
	unsigned at;     /* the call that fails, from 1; 0: none */
	unsigned n;      /* calls so far */
	int what;        /* errno; 0: the process ends */
	pid_t test;      /* in which nothing fails */
	int64_t ahead_s; /* of the clock */
} * fault;

static bool
strikes(void)
{
	if (fault == NULL || fault->at == 0 || getpid() == fault->test ||
	    ++fault->n != fault->at)
		return false;
	if (fault->what == 0)
		_exit(1);
	errno = fault->what;
	return true;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags);
int __wrap_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
struct wall __real_clock_wall(void);
struct wall __wrap_clock_wall(void);

int
__wrap_fsync(int fd)
{
	return strikes() ? -1 : __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	return strikes() ? -1 : __real_fdatasync(fd);
}

int
__wrap_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags)
{
	if (strikes())
		return -1;
	return __real_renameat2(dir, name, to_dir, to, flags);
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	return strikes() ? -1 : __real_unlinkat(dir, name, flags);
}

struct wall
__wrap_clock_wall(void)
{
	struct wall w = __real_clock_wall();

	if (fault != NULL)
		w.ms += fault->ahead_s * 1000;
	return w;
}

/* --- Two ends ------------------------------------------------------------------- */

/* A node with the one association alps. */
struct end {
	char state[128], spool[128], run[128], sign[128], verify[128];
	struct config config;
	struct association a;
	struct node node;
	int top, outbox, staging;
	struct delivery_result r;
	struct err err;
};

static struct end spoke, hub;
static int scratch;

static void
open_end(struct end *n)
{
	struct err e = { 0 };

	if (node_open(&n->config, &n->node, &e) == -1)
		fail_msg("%s", e.msg);
	n->top = node_open_association(&n->node, &n->a, &e);
	assert_true(n->top != -1);
	n->staging = durable_open_dir(n->top, "staging", &e);
	n->outbox = -1;
}

static void
make_end(struct end *n, const char *name, enum config_role role)
{
	char top[64];

	*n = (struct end){ .top = -1 };
	snprintf(top, sizeof(top), "%s/%s", scratch_path, name);
	assert_int_equal(mkdir(top, 0700), 0);
	snprintf(n->state, sizeof(n->state), "%s/state", top);
	snprintf(n->spool, sizeof(n->spool), "%s/spool", top);
	snprintf(n->run, sizeof(n->run), "%s/run", top);
	n->config = (struct config){ .file = "test.conf",
		.node = { .id = name,
		    .state = n->state,
		    .spool = n->spool,
		    .run = n->run },
		.association = &n->a,
		.n_association = 1 };
	n->a = (struct association){ .name = "alps",
		.role = role,
		.transport = CONFIG_RSYNC,
		.mode = CONFIG_PUSH,
		.compression = "gzip",
		.level = -1,
		.spool_size = 1 << 30,
		.retain_s = 7 * 86400 };
	open_end(n);
}

static void
close_end(struct end *n)
{
	node_close(&n->node);
	close(n->top);
	close(n->staging);
}

static int
setup(void **state)
{
	(void)state;
	if (fault == NULL)
		fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(fault, 0, sizeof(*fault));
	fault->test = getpid();
	scratch = scratch_open();
	make_end(&spoke, "spoke", CONFIG_SPOKE);
	make_end(&hub, "hub", CONFIG_HUB);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close_end(&spoke);
	close_end(&hub);
	scratch_close(scratch);
	return 0;
}

static int
run_only(struct end *n)
{
	const struct carry_opts o = { .config = &n->config,
		.node = &n->node,
		.association = &n->a,
		.wait_ms = 1000 };

	return carry_run(&o, &n->r, &n->err);
}

static void
run(struct end *n)
{
	if (run_only(n) == -1)
		fail_msg("%s", n->err.msg);
}

static void
fill(struct end *n, unsigned data)
{
	outbox_close(helper_filled(n->top, data));
}

static void
write_data(struct end *n, unsigned data)
{
	struct outbox *o = helper_outbox(n->top, NULL);
	struct err e = { 0 };

	for (unsigned i = 1; i <= data; i++)
		assert_int_equal(helper_put_data(o, i, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	outbox_close(o);
}

static bool
goes(const struct end *from, const char *name)
{
	struct carried_name n;

	return carried_name_parse(name, &n) &&
	    (n.codec != &codec_none || n.signature ||
		strcmp(from->a.compression, "none") == 0);
}

/* Copy what is to be carried: from an outbox into a staging directory. */
static unsigned
carry(const struct end *from, const struct end *to)
{
	struct err e = { 0 };
	int dir = durable_open_dir(from->top, "outbox", &e);
	struct names names;
	unsigned n = 0;

	assert_int_equal(durable_list(dir, &names, &e), 0);
	for (size_t i = 0; i < names.n; i++) {
		struct buf b = { 0 };

		if (!goes(from, names.name[i]))
			continue;
		assert_int_equal(
		    durable_read_file(dir, names.name[i], 64 << 20, &b, &e), 0);
		assert_int_equal(durable_replace(to->staging, names.name[i],
				     buf_slice(&b), &e),
		    0);
		buf_clear(&b);
		n++;
	}
	names_free(&names);
	close(dir);
	return n;
}

/* There, and its acknowledgement back. */
static void
round_trip(void)
{
	run(&spoke);
	carry(&spoke, &hub);
	run(&hub);
	carry(&hub, &spoke);
	run(&spoke);
}

static uint64_t
acked(const struct end *n)
{
	struct outbox *o = helper_outbox(n->top, NULL);
	uint64_t msgid = outbox_state(o)->acked.msgid;

	outbox_close(o);
	return msgid;
}

static const char *
at_hub(void)
{
	return helper_read(hub.top, SPOOL_INBOX, 1);
}

/* The file that carries first..last of the spoke. */
static const char *
file_of(uint64_t first, uint64_t last)
{
	static char name[CARRIED_NAME_SIZE];

	snprintf(name, sizeof(name), "%020" PRIu64 "-%020" PRIu64 ".msgs.gz",
	    first, last);
	return name;
}

static struct buf
read_at(const struct end *n, const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return scratch_read(n->top, path);
}

static void
stage(const char *name, struct slice bytes)
{
	struct err e = { 0 };

	if (durable_replace(hub.staging, name, bytes, &e) == -1)
		fail_msg("%s", e.msg);
}

static bool
is_staged(const char *name)
{
	struct stat st;

	return fstatat(hub.staging, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- What goes well --------------------------------------------------------------- */

static void
what_is_carried_is_taken_and_acknowledged(void **state)
{
	(void)state;
	fill(&spoke, 4);
	run(&spoke);
	assert_int_equal(carry(&spoke, &hub), 2);
	run(&hub);
	assert_string_equal(at_hub(), "1 2 3 4 5");
	assert_int_equal(hub.r.counts.taken, 5);
	assert_int_equal(hub.r.durable.msgid, 5);
	assert_string_equal(helper_names(hub.top, "staging"), "ack");
	assert_int_equal(acked(&spoke), 0);
	carry(&hub, &spoke);
	run(&spoke);
	assert_int_equal(acked(&spoke), 5);
	assert_string_equal(helper_names(spoke.top, "outbox"), "ack mark");
	/* and again: nothing changes */
	round_trip();
	assert_int_equal(hub.r.counts.taken, 0);
	assert_string_equal(at_hub(), "1 2 3 4 5");
}

static void
every_compression_is_carried(void **state)
{
	const struct codec_ops *const *c = codec_all();

	(void)state;
	for (size_t i = 0; c[i] != NULL; i++) {
		spoke.a.compression = c[i]->name;
		write_data(&spoke, 50);
		round_trip();
		assert_int_equal(acked(&spoke), 50 * (i + 1));
	}
}

static void
both_directions_at_once(void **state)
{
	(void)state;
	fill(&spoke, 1);
	fill(&hub, 2);
	run(&spoke);
	run(&hub);
	carry(&spoke, &hub);
	carry(&hub, &spoke);
	run(&spoke);
	run(&hub);
	carry(&spoke, &hub);
	carry(&hub, &spoke);
	run(&spoke);
	run(&hub);
	assert_int_equal(acked(&spoke), 2);
	assert_int_equal(acked(&hub), 3);
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
	fill(&spoke, 1);
	write_data(&spoke, 2);
	write_data(&spoke, 2);
	run(&spoke);
	carry(&spoke, &hub);
	second = read_at(&hub, "staging", file_of(3, 4));
	unlinkat(hub.staging, file_of(3, 4), 0);
	run(&hub);
	assert_string_equal(at_hub(), "1 2 gap:5 5 6");
	text = read_at(&hub, "outbox", "ack");
	assert_int_equal(carried_ack_parse(buf_slice(&text), &ack, &e), 0);
	assert_int_equal(ack.have.msgid, 2);
	assert_int_equal(ack.missing.n, 1);
	assert_int_equal(ack.missing.at[0].first, 3);
	assert_int_equal(ack.missing.at[0].last, 4);
	carried_ack_clear(&ack);
	buf_clear(&text);
	stage(file_of(3, 4), buf_slice(&second));
	run(&hub);
	assert_string_equal(at_hub(), "1 2 3 4 5 6");
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
	round_trip();
	assert_int_equal(hub.r.lost > 0, 1);
	assert_int_equal(hub.r.durable.msgid, 600);
	assert_int_equal(acked(&spoke), 600);
}

/* --- What is believed of an acknowledgement ----------------------------------------- */

static void
an_old_acknowledgement_moves_nothing(void **state)
{
	struct buf old;
	struct err e = { 0 };

	(void)state;
	fill(&spoke, 1);
	run(&hub); /* it says: none */
	old = read_at(&hub, "outbox", "ack");
	round_trip();
	write_data(&spoke, 1);
	round_trip();
	assert_int_equal(acked(&spoke), 3);
	assert_int_equal(
	    durable_replace(spoke.staging, "ack", buf_slice(&old), &e), 0);
	run(&spoke);
	assert_false(spoke.r.renewed);
	assert_int_equal(spoke.r.counts.strange_acks, 1);
	assert_int_equal(acked(&spoke), 3);
	buf_clear(&old);
}

static void
remove_end(struct end *n, const char *name, enum config_role role)
{
	int top;

	close_end(n);
	top = openat(scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	helper_dir_done(top);
	make_end(n, name, role);
}

static void
a_receiver_without_a_memory_is_filled_again(void **state)
{
	(void)state;
	fill(&spoke, 3);
	round_trip();
	remove_end(&hub, "hub", CONFIG_HUB);
	run(&hub);
	carry(&hub, &spoke); /* none, and it has heard nothing of us */
	run(&spoke);
	assert_false(spoke.r.renewed);
	round_trip(); /* now it has */
	assert_true(spoke.r.renewed);
	round_trip();
	assert_string_equal(at_hub(), "1 2 3 4");
	assert_int_equal(acked(&spoke), 4);
}

static void
an_acknowledgement_of_another_message_is_none(void **state)
{
	struct carried_ack a = { 0 };
	struct buf text = { 0 };
	struct outbox *o;
	struct err e = { 0 };

	(void)state;
	fill(&spoke, 3);
	run(&spoke);
	o = helper_outbox(spoke.top, NULL);
	a.have = outbox_state(o)->last;
	a.have.stream = outbox_state(o)->stream;
	outbox_close(o);
	a.have.msgid--; /* with the digest of the last */
	carried_ack_put(&text, &a);
	assert_int_equal(
	    durable_replace(spoke.staging, "ack", buf_slice(&text), &e), 0);
	run(&spoke);
	assert_int_equal(acked(&spoke), 0);
	buf_clear(&text);
}

/* --- Files that are none (HOSTILE 106, 107) ------------------------------------------ */

static void
make_symlink(const char *name)
{
	assert_int_equal(symlinkat("../outbox/mark", hub.staging, name), 0);
}

static void
make_hard_link(const char *name)
{
	stage(".other", SLICE("x"));
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
	stage(name, SLICE("x"));
	assert_int_equal(fchmodat(hub.staging, name, 04600, 0), 0);
}

static void
make_foreign(const char *name)
{
	stage(name, SLICE("x"));
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
	fill(&spoke, 1);
	run(&spoke);
	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
		make[i](file_of(1, 2));
		alarm(20); /* none of them blocks */
		run(&hub);
		alarm(0);
		assert_int_equal(hub.r.quarantined, 1);
		assert_false(is_staged(file_of(1, 2)));
		assert_string_equal(at_hub(), "");
	}
	/* a signature and an acknowledgement, too */
	for (size_t i = 0; i < 4; i++) {
		make[i]("ack");
		alarm(20);
		run(&hub);
		alarm(0);
		assert_int_equal(hub.r.counts.strange_acks, 1);
		unlinkat(hub.staging, "ack", i == 2 ? AT_REMOVEDIR : 0);
		unlinkat(hub.staging, ".other", 0);
	}
	carry(&spoke, &hub);
	run(&hub);
	assert_string_equal(at_hub(), "1 2");
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
	run(&hub);
	assert_int_equal(hub.r.ignored, n); /* a temporary is nobody's */
	for (size_t i = 0; i < n; i++)
		assert_true(is_staged(names[i]));
	assert_int_equal(hub.r.quarantined, 0);
}

/* --- Files that are not what they say (HOSTILE 108, 123) ------------------------------- */

static void
damaged_segments_go_to_quarantine_and_come_again(void **state)
{
	struct buf good, bad = { 0 };

	(void)state;
	fill(&spoke, 1);
	run(&spoke);
	good = read_at(&spoke, "outbox", file_of(1, 2));
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
		stage(file_of(1, 2), buf_slice(&bad));
		run(&hub);
		assert_int_equal(hub.r.quarantined, 1);
		assert_string_equal(at_hub(), "");
		assert_false(is_staged(file_of(1, 2)));
	}
	/* right, under a name of other numbers */
	stage(file_of(2, 3), buf_slice(&good));
	run(&hub);
	assert_string_equal(at_hub(), "");
	stage(file_of(1, 3), buf_slice(&good));
	run(&hub);
	assert_int_equal(hub.r.counts.refused, 1);
	assert_string_equal(at_hub(), "1 2");
	stage(file_of(1, 1), buf_slice(&good)); /* had already */
	run(&hub);
	assert_string_equal(at_hub(), "1 2");
	buf_clear(&good);
	buf_clear(&bad);
}

/* A bomb: decoded only as far as a segment may be, and a ratio allows. */
static void
a_bomb_is_refused(void **state)
{
	struct buf zeros = { 0 }, bomb = { 0 };
	char *room = buf_room(&zeros, 32 << 20);
	struct err e = { 0 };

	(void)state;
	memset(room, 0, 32 << 20);
	zeros.n = 32 << 20;
	assert_int_equal(
	    codec_find(SLICE("gzip"))->encode(buf_slice(&zeros), 9, &bomb, &e),
	    0);
	stage(file_of(1, 2), buf_slice(&bomb));
	run(&hub);
	assert_int_equal(hub.r.quarantined, 1);
	buf_clear(&zeros);
	buf_clear(&bomb);
}

/* One writes a file that is good and bad by turns, while it is read. */
static void
a_file_that_changes_does_no_harm(void **state)
{
	struct buf good, bad = { 0 };
	pid_t pid;

	(void)state;
	fill(&spoke, 200);
	run(&spoke);
	good = read_at(&spoke, "outbox", file_of(1, 201));
	buf_put(&bad, buf_slice(&good));
	memset(bad.p + bad.n / 2, 'x', 20);
	pid = fork();
	if (pid == 0) {
		for (;;) {
			int fd = openat(hub.staging, file_of(1, 201),
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
		run(&hub);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	stage(file_of(1, 201), buf_slice(&good));
	run(&hub);
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
	fill(&spoke, 1);
	o = helper_outbox(spoke.top, NULL);
	stream = outbox_state(o)->stream;
	outbox_close(o);
	round_trip();
	/* another message 2 of the same stream */
	helper_write(&other, stream, 2,
	    helper_digest(spoke.top, SPOOL_OUTBOX | SPOOL_SENT, 1));
	assert_int_equal(codec_find(SLICE("gzip"))
			     ->encode(buf_slice(&other), 6, &encoded, &e),
	    0);
	stage(file_of(2, 2), buf_slice(&encoded));
	unlinkat(hub.staging, "ack", 0);
	assert_int_equal(run_only(&hub), -1);
	assert_int_equal(hub.err.kind, ERR_INPUT);
	assert_non_null(strstr(hub.err.msg, "fork"));
	assert_int_equal(hub.r.quarantined, 1);
	assert_string_equal(at_hub(), "1 2");
	write_data(&spoke, 1); /* it goes on */
	round_trip();
	assert_string_equal(at_hub(), "1 2 3");
	buf_clear(&other);
	buf_clear(&encoded);
}

/* --- Signatures (HOSTILE 109, 110) ------------------------------------------------------ */

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
use_keys(struct end *n, const char *sign, const char *verify)
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
	fill(&spoke, 2);
	run(&spoke);
	assert_int_equal(carry(&spoke, &hub), 4);
	round_trip();
	assert_string_equal(at_hub(), "1 2 3");
	assert_int_equal(acked(&spoke), 3);
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
	fill(&spoke, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text, covered = { 0 }, signature = { 0 };
		struct signature_keys keys;
		char name[CARRIED_NAME_SIZE + 8];
		struct err e = { 0 };

		use_keys(&spoke, rows[i].sign, "h");
		assert_int_equal(signature_keys_read(&spoke.a, &keys, &e), 0);
		use_keys(&spoke, "s", "h");
		run(&spoke);
		text = read_at(&spoke, "outbox", file_of(1, 2));
		signature_prefix(&covered, rows[i].association,
		    rows[i].role == CONFIG_SPOKE ? CONFIG_HUB : CONFIG_SPOKE);
		buf_put(&covered, buf_slice(&text));
		signature_put(&keys, buf_slice(&covered), &signature);
		snprintf(name, sizeof(name), "%s.sig", file_of(1, 2));
		stage(name, buf_slice(&signature));
		stage(file_of(1, 2), buf_slice(&text));
		run(&hub);
		assert_int_equal(hub.r.quarantined, 1);
		assert_string_equal(at_hub(), "");
		assert_false(is_staged(name));
		buf_clear(&text);
		buf_clear(&covered);
		buf_clear(&signature);
	}
	carry(&spoke, &hub);
	run(&hub);
	assert_string_equal(at_hub(), "1 2");
}

static void
one_of_a_pair_waits_and_is_told(void **state)
{
	char sig[CARRIED_NAME_SIZE + 8];
	struct buf signature;

	(void)state;
	sign_both();
	fill(&spoke, 1);
	run(&spoke);
	carry(&spoke, &hub);
	snprintf(sig, sizeof(sig), "%s.sig", file_of(1, 2));
	signature = read_at(&hub, "staging", sig);
	unlinkat(hub.staging, sig, 0);
	run(&hub);
	assert_int_equal(hub.r.quarantined + hub.r.unsigned_files, 0);
	assert_true(is_staged(file_of(1, 2)));
	fault->ahead_s = 601;
	run(&hub);
	assert_int_equal(hub.r.unsigned_files, 1);
	assert_true(is_staged(file_of(1, 2)));
	fault->ahead_s = 0;
	stage(sig, buf_slice(&signature));
	run(&hub);
	assert_string_equal(at_hub(), "1 2");
	stage(sig, buf_slice(&signature));
	run(&hub);
	assert_int_equal(hub.r.unsigned_files, 0);
	fault->ahead_s = 601;
	run(&hub);
	assert_int_equal(hub.r.unsigned_files, 1);
	buf_clear(&signature);
}

static void
an_unsigned_acknowledgement_is_none(void **state)
{
	(void)state;
	sign_both();
	fill(&spoke, 1);
	run(&spoke);
	carry(&spoke, &hub);
	run(&hub);
	carry(&hub, &spoke);
	unlinkat(spoke.staging, "ack.sig", 0);
	run(&spoke);
	assert_int_equal(acked(&spoke), 0);
	carry(&hub, &spoke);
	run(&spoke);
	assert_int_equal(acked(&spoke), 2);
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

/* --- Cuts and failures -------------------------------------------------------------- */

/* Whatever fails, and wherever a process ends: done again, all is there once. */
static void
each_call_may_be_the_last(int what)
{
	unsigned step = getenv("CAMPAIGN") != NULL ? 1 : 5;

	for (unsigned at = 1;; at += step) {
		bool over;

		setup(NULL);
		fill(&spoke, 1);
		write_data(&spoke, 2);
		fill(&hub, 1);
		fault->what = what;
		fault->at = at;
		(void)run_only(&spoke);
		carry(&spoke, &hub);
		(void)run_only(&hub);
		carry(&hub, &spoke);
		(void)run_only(&spoke);
		carry(&spoke, &hub);
		(void)run_only(&hub);
		over = fault->n < at;
		fault->at = 0;
		for (int i = 0; i < 2; i++) {
			run(&spoke);
			carry(&spoke, &hub);
			run(&hub);
			carry(&hub, &spoke);
		}
		assert_string_equal(at_hub(), "1 2 3 4");
		assert_string_equal(helper_read(spoke.top, SPOOL_INBOX, 1),
		    "1 2");
		run(&spoke);
		assert_int_equal(acked(&spoke), 4);
		carry(&spoke, &hub);
		run(&hub);
		assert_int_equal(acked(&hub), 2);
		assert_int_equal(spoke.r.quarantined + hub.r.quarantined, 0);
		teardown(NULL);
		if (over)
			break;
	}
	setup(NULL);
}

static void
each_call_may_be_the_last_of_its_process(void **state)
{
	(void)state;
	teardown(NULL);
	each_call_may_be_the_last(0);
}

static void
each_call_may_fail(void **state)
{
	(void)state;
	teardown(NULL);
	each_call_may_be_the_last(EIO);
}

static void
a_full_disk_keeps_what_is_staged(void **state)
{
	(void)state;
	fill(&spoke, 3);
	run(&spoke);
	carry(&spoke, &hub);
	hub.a.spool_size = 200; /* no room for them */
	assert_int_equal(run_only(&hub), -1);
	assert_int_equal(hub.err.kind, ERR_TEMP);
	assert_true(is_staged(file_of(1, 4)));
	hub.a.spool_size = 1 << 30;
	round_trip();
	assert_string_equal(at_hub(), "1 2 3 4");
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
		checked_close(&text);
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
		checked_close(&text);
		if (carried_ack_parse(buf_slice(&text), &a, &e) == 0)
			fail_msg("taken: %s", bad[i]);
		buf_clear(&text);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_carried_is_taken_and_acknowledged),
		TEST(every_compression_is_carried),
		TEST(both_directions_at_once),
		TEST(a_gap_is_named_and_filled),
		TEST(what_the_sender_lost_is_passed),
		TEST(an_old_acknowledgement_moves_nothing),
		TEST(a_receiver_without_a_memory_is_filled_again),
		TEST(an_acknowledgement_of_another_message_is_none),
		TEST(what_is_no_plain_file_is_put_away),
		TEST(names_that_are_not_ours_stay),
		TEST(damaged_segments_go_to_quarantine_and_come_again),
		TEST(a_bomb_is_refused),
		TEST(a_file_that_changes_does_no_harm),
		TEST(a_fork_is_told_and_both_are_kept),
#ifdef HAVE_LIBSODIUM
		TEST(signed_files_are_taken),
		TEST(others_are_refused),
		TEST(one_of_a_pair_waits_and_is_told),
		TEST(an_unsigned_acknowledgement_is_none),
		TEST(keys_are_as_they_should_be),
#endif
		TEST(each_call_may_be_the_last_of_its_process),
		TEST(each_call_may_fail),
		TEST(a_full_disk_keeps_what_is_staged),
		cmocka_unit_test(acks_are_read_to_the_byte),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
