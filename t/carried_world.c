/*
 * Two nodes and a test that carries; see carried_world.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/spool/carried_name.h"
#include "t/carried_world.h"

/* --- Faults ------------------------------------------------------------------- */

struct world_fault *fault;

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
int __real_syncfs(int fd);
int __wrap_syncfs(int fd);
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

int
__wrap_syncfs(int fd)
{
	return strikes() ? -1 : __real_syncfs(fd);
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

struct world_end spoke, hub;
int scratch;

static void
open_end(struct world_end *n)
{
	struct err e = { 0 };

	if (node_open(&n->config, &n->node, &e) == -1)
		fail_msg("%s", e.msg);
	n->top = node_open_association(&n->node, &n->a, &e);
	assert_true(n->top != -1);
	n->staging = durable_open_dir(n->top, "staging", &e);
}

void
world_make_end(struct world_end *n, const char *name, enum config_role role)
{
	char top[64];

	*n = (struct world_end){ .top = -1 };
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

void
world_close_end(struct world_end *n)
{
	node_close(&n->node);
	close(n->top);
	close(n->staging);
}

int
world_setup(void **state)
{
	(void)state;
	if (fault == NULL)
		fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(fault, 0, sizeof(*fault));
	fault->test = getpid();
	scratch = scratch_open();
	world_make_end(&spoke, "spoke", CONFIG_SPOKE);
	world_make_end(&hub, "hub", CONFIG_HUB);
	return 0;
}

int
world_teardown(void **state)
{
	(void)state;
	world_close_end(&spoke);
	world_close_end(&hub);
	scratch_close(scratch);
	return 0;
}

int
world_try(struct world_end *n)
{
	const struct carry_opts o = { .config = &n->config,
		.node = &n->node,
		.association = &n->a,
		.wait_ms = 1000,
		.drops = n->drops,
		.keep = n->keep };

	return carry_run(&o, &n->r, &n->err);
}

void
world_run(struct world_end *n)
{
	if (world_try(n) == -1)
		fail_msg("%s", n->err.msg);
}

void
world_fill(struct world_end *n, unsigned data)
{
	outbox_close(helper_filled(n->top, data));
}

void
world_write(struct world_end *n, unsigned data)
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
goes(const struct world_end *from, const char *name)
{
	struct carried_name n;

	return carried_name_parse(name, &n) &&
	    (n.codec != &codec_none || n.signature ||
		strcmp(from->a.compression, "none") == 0);
}

/* Copy what is to be carried: from an outbox into a staging directory. */
unsigned
world_carry(const struct world_end *from, const struct world_end *to)
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
void
world_round_trip(void)
{
	world_run(&spoke);
	world_carry(&spoke, &hub);
	world_run(&hub);
	world_carry(&hub, &spoke);
	world_run(&spoke);
}

uint64_t
world_acked(const struct world_end *n)
{
	struct outbox *o = helper_outbox(n->top, NULL);
	uint64_t msgid = outbox_state(o)->acked.msgid;

	outbox_close(o);
	return msgid;
}

uint64_t
world_lost(const struct world_end *n)
{
	struct outbox *o = helper_outbox(n->top, NULL);
	uint64_t msgid =
	    ledger_skip(outbox_lost(o), outbox_state(o)->acked.msgid + 1);

	outbox_close(o);
	return msgid;
}

const char *
world_at_hub(void)
{
	return helper_read(hub.top, SPOOL_INBOX, 1);
}

/* The file that carries first..last of the spoke. */
const char *
world_file_of(uint64_t first, uint64_t last)
{
	static char name[CARRIED_NAME_SIZE];

	snprintf(name, sizeof(name), "%020" PRIu64 "-%020" PRIu64 ".msgs.gz",
	    first, last);
	return name;
}

struct buf
world_read(const struct world_end *n, const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return scratch_read(n->top, path);
}

void
world_stage(const char *name, struct slice bytes)
{
	struct err e = { 0 };

	if (durable_replace(hub.staging, name, bytes, &e) == -1)
		fail_msg("%s", e.msg);
}

bool
world_is_staged(const char *name)
{
	struct stat st;

	return fstatat(hub.staging, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
