/*
 * A node's account and its directories: what is made, what is refused.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/config/node.h"

enum {
	STRANGER = 4242
};

/* A fresh directory, and a node whose three lie in it. */
struct ground {
	char top[64];
	char *state, *spool, *run;
	struct config c;
};

static int
set_up(void **out)
{
	struct ground *g = mem_alloc(sizeof(*g));

	snprintf(g->top, sizeof(g->top), "/tmp/axletree-test_node.XXXXXX");
	if (mkdtemp(g->top) == NULL)
		return -1;
	g->state = mem_printf("%s/state", g->top);
	g->spool = mem_printf("%s/spool", g->top);
	g->run = mem_printf("%s/run", g->top);
	g->c.file = "test.conf";
	g->c.node = (struct config_node){ "n", g->state, g->spool, g->run, NULL,
		1, NULL, 0 };
	*out = g;
	return 0;
}

static int
tear_down(void **state)
{
	struct ground *g = *state;
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, g->top, NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execv("/bin/rm", argv);
		_exit(127);
	}
	free(g->state);
	free(g->spool);
	free(g->run);
	free(g);
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
refused(const struct ground *g, const char *what)
{
	struct node n;
	struct err e;

	assert_int_equal(node_open(&g->c, &n, &e), -1);
	assert_int_equal(err_exit_code(&e), 78);
	if (strstr(e.msg, what) == NULL)
		fail_msg("%s", e.msg);
}

static void
missing_directories_are_made(void **state)
{
	const struct ground *g = *state;
	const struct association a = { .name = "alps" };
	struct node n;
	struct err e;
	int dir;

	umask(077);
	assert_int_equal(node_open(&g->c, &n, &e), 0);
	assert_int_equal(mode_of(g->state), 0700);
	assert_int_equal(mode_of(g->spool), 0700);
	assert_int_equal(mode_of(g->run) & 07, 0);
	dir = node_open_association(&n, &a, &e);
	assert_true(dir != -1);
	assert_int_equal(faccessat(dir, "quarantine", W_OK, 0), 0);
	assert_int_equal(faccessat(dir, "outbox", W_OK, 0), 0);
	close(dir);
	dir = node_open_association(&n, &a, &e);
	assert_true(dir != -1);
	close(dir);
	node_close(&n);
	assert_int_equal(n.state_dir, -1);
	node_close(&n);
}

static void
directories_that_others_may_write_are_refused(void **state)
{
	const struct ground *g = *state;

	assert_int_equal(mkdir(g->state, 0700), 0);
	assert_int_equal(chmod(g->state, 0707), 0);
	refused(g, "others may write it");
	assert_int_equal(chmod(g->state, 01777), 0);
	refused(g, "others may write it");
	assert_int_equal(chmod(g->state, 0700), 0);
	assert_int_equal(chmod(g->top, 0777), 0);
	refused(g, "others may write it");
	assert_int_equal(chmod(g->top, 0700), 0);
}

static void
symbolic_links_are_refused(void **state)
{
	const struct ground *g = *state;
	char *behind = mem_printf("%s/link/spool", g->top);
	char *link = mem_printf("%s/link", g->top);
	struct ground other = *g;

	assert_int_equal(symlink(".", link), 0);
	other.c.node.spool = behind;
	refused(&other, "is a symbolic link");
	other.c.node.spool = link;
	refused(&other, "is a symbolic link");
	free(behind);
	free(link);
}

static void
association_refused(const struct ground *g, const char *what)
{
	const struct association a = { .name = "alps" };
	struct node n;
	struct err e;

	assert_int_equal(node_open(&g->c, &n, &e), 0);
	assert_int_equal(node_open_association(&n, &a, &e), -1);
	assert_int_equal(err_exit_code(&e), 78);
	if (strstr(e.msg, what) == NULL)
		fail_msg("%s", e.msg);
	node_close(&n);
}

static void
parts_of_a_spool_are_as_the_whole(void **state)
{
	const struct ground *g = *state;
	char *spool = mem_printf("%s/alps", g->spool);
	char *inbox = mem_printf("%s/inbox", spool);

	assert_int_equal(mkdir(g->spool, 0700), 0);
	assert_int_equal(symlink(g->top, spool), 0);
	association_refused(g, "alps: is a symbolic link");
	assert_int_equal(unlink(spool), 0);
	assert_int_equal(mkdir(spool, 0700), 0);
	assert_int_equal(symlink(g->top, inbox), 0);
	association_refused(g, "inbox: is a symbolic link");
	assert_int_equal(unlink(inbox), 0);
	assert_int_equal(mkdir(inbox, 0700), 0);
	assert_int_equal(chmod(inbox, 0777), 0);
	association_refused(g, "inbox: others may write it");
	assert_int_equal(chmod(inbox, 0700), 0);
	/* only who may mount can show this */
	if (mount("none", inbox, "tmpfs", 0, "mode=0700") == 0) {
		association_refused(g, "inbox: is on another file system");
		assert_int_equal(umount(inbox), 0);
	}
	free(inbox);
	free(spool);
}

/* What the kernel says of a directory on another machine. */
static const char *on_nfs; /* the last component of its path */

int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);

int
__wrap_fstatfs(int fd, struct statfs *fs)
{
	char link[64], path[256] = "";
	int rc = __real_fstatfs(fd, fs);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (rc == 0 && on_nfs != NULL &&
	    readlink(link, path, sizeof(path) - 1) > 0 &&
	    strcmp(strrchr(path, '/') + 1, on_nfs) == 0)
		fs->f_type = NFS_SUPER_MAGIC;
	return rc;
}

static void
directories_on_nfs_are_refused(void **state)
{
	static const char *const names[] = { "state", "spool", "run" };
	const struct ground *g = *state;
	struct node n;
	struct err e;

	for (size_t i = 0; i < 3; i++) {
		on_nfs = names[i];
		refused(g, "is on NFS, where locks cannot be trusted");
	}
	on_nfs = NULL;
	assert_int_equal(node_open(&g->c, &n, &e), 0);
	node_close(&n);
}

static void
directories_of_strangers_are_refused(void **state)
{
	const struct ground *g = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(g->spool, 0700), 0);
	assert_int_equal(chown(g->spool, STRANGER, STRANGER), 0);
	refused(g, "belongs to uid 4242");
	assert_int_equal(chown(g->spool, 0, 0), 0);
	assert_int_equal(chown(g->top, STRANGER, STRANGER), 0);
	refused(g, "belongs to uid 4242");
}

static void
a_missing_parent_is_named(void **state)
{
	struct ground other = *(const struct ground *)*state;
	struct node n;
	struct err e;

	other.c.node.state = "/tmp/axletree-none/below/state";
	assert_int_equal(node_open(&other.c, &n, &e), -1);
	assert_non_null(strstr(e.msg, "/tmp/axletree-none"));
	assert_int_equal(err_exit_code(&e), 66);
}

/* In a child, for there is no way back. */
static int
entered(const struct ground *g, int (*check)(const struct ground *g))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(check(g));
	assert_true(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int
enter_and_open(const struct ground *g)
{
	struct rlimit core;
	struct node n;
	struct err e;

	if (node_enter(&g->c, &e) == -1) {
		fprintf(stderr, "%s\n", e.msg);
		return err_exit_code(&e);
	}
	if (geteuid() != STRANGER || getegid() != STRANGER || setuid(0) != -1)
		return 1;
	if (getrlimit(RLIMIT_CORE, &core) == -1 || core.rlim_max != 0)
		return 2;
	if (umask(077) != 077)
		return 3;
	if (node_open(&g->c, &n, &e) == -1) {
		fprintf(stderr, "%s\n", e.msg);
		return err_exit_code(&e);
	}
	return 0;
}

static void
root_becomes_the_owner_of_state(void **state)
{
	const struct ground *g = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(g->top, 0755), 0);
	assert_int_equal(mkdir(g->state, 0700), 0);
	assert_int_equal(chown(g->state, STRANGER, STRANGER), 0);
	assert_int_equal(entered(g, enter_and_open), 0);
	assert_int_equal(mode_of(g->run), 0750);
}

static int
as_another(const struct ground *g)
{
	struct err e;

	if (setuid(STRANGER + 1) == -1)
		return 1;
	return node_enter(&g->c, &e) == -1 ? err_exit_code(&e) : 0;
}

static void
any_other_account_is_refused(void **state)
{
	const struct ground *g = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(g->top, 0755), 0);
	assert_int_equal(mkdir(g->state, 0700), 0);
	assert_int_equal(chown(g->state, STRANGER, STRANGER), 0);
	assert_int_equal(entered(g, as_another), 77);
}

static int
enter_as_nobody_known(const struct ground *g)
{
	struct ground other = *g;
	struct err e;

	other.c.node.user = "no-such-account";
	return node_enter(&other.c, &e) == -1 ? err_exit_code(&e) : 0;
}

static void
an_unknown_account_is_a_wrong_configuration(void **state)
{
	assert_int_equal(entered(*state, enter_as_nobody_known), 78);
}

int
main(void)
{
#define GROUND(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		GROUND(missing_directories_are_made),
		GROUND(directories_that_others_may_write_are_refused),
		GROUND(symbolic_links_are_refused),
		GROUND(parts_of_a_spool_are_as_the_whole),
		GROUND(directories_on_nfs_are_refused),
		GROUND(directories_of_strangers_are_refused),
		GROUND(a_missing_parent_is_named),
		GROUND(root_becomes_the_owner_of_state),
		GROUND(any_other_account_is_refused),
		GROUND(an_unknown_account_is_a_wrong_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
