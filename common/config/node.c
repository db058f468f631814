/*
 * A node's account and directories; see node.h.
 */
#include <config.h> /* not the one beside this file */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/config/node.h"

enum {
	MODE_PRIVATE = 0700,
	MODE_RUN = 0750, /* holds sockets for a group */
};

/* --- The account --------------------------------------------------------- */

static void
from_passwd(const struct passwd *pw, struct node_account *out)
{
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	(void)snprintf(out->name, sizeof(out->name), "%s", pw->pw_name);
}

int
node_account(const struct config *c, struct node_account *out, struct err *e)
{
	const struct passwd *pw;
	struct stat st;

	if (c->node.user != NULL) {
		pw = getpwnam(c->node.user);
		if (pw == NULL)
			return err_set(e, ERR_CONFIG,
			    "%s: node { user = %s }: there is no such account",
			    c->file, c->node.user);
		from_passwd(pw, out);
		return 0;
	}
	*out = (struct node_account){ .uid = geteuid(), .gid = getegid() };
	if (stat(c->node.state, &st) == 0) {
		out->uid = st.st_uid;
		out->gid = st.st_gid;
	}
	pw = getpwuid(out->uid);
	if (pw != NULL)
		from_passwd(pw, out);
	return 0;
}

static int
become(const struct node_account *a, struct err *e)
{
	int rc = a->name[0] != '\0' ? initgroups(a->name, a->gid)
				    : setgroups(0, NULL);

	if (rc == -1 || setgid(a->gid) == -1 || setuid(a->uid) == -1)
		return err_sys(e, "become account %u", (unsigned)a->uid);
	if (a->uid != 0 && setuid(0) != -1)
		return err_set(e, ERR_INTERNAL, "root did not let go");
	return 0;
}

/* --- Directories --------------------------------------------------------- */

/* Who may own what: `ours` everything, root what lies above. */
struct walk {
	uid_t ours;
	bool above;
};

/* Nobody but these may change what lies in it, or put another in its place. */
static int
check_directory(int fd, const char *path, struct walk w, struct err *e)
{
	struct stat st;
	bool sticky, group;

	if (fstat(fd, &st) == -1)
		return err_sys(e, "%s", path);
	if (st.st_uid != w.ours && (st.st_uid != 0 || !w.above))
		return err_set(e, ERR_CONFIG,
		    "%s: belongs to uid %u, not to the node's account: "
		    "chown it, or use another directory",
		    path, (unsigned)st.st_uid);
	sticky = w.above && (st.st_mode & S_ISVTX) != 0 && st.st_uid == 0;
	group = (st.st_mode & S_IWGRP) != 0 && st.st_gid != 0 &&
	    st.st_gid != getegid();
	if (!sticky && ((st.st_mode & S_IWOTH) != 0 || group))
		return err_set(e, ERR_CONFIG,
		    "%s: others may write it: chmod go-w, or use another "
		    "directory",
		    path);
	return 0;
}

/* Open one more component; path so far is for complaints.  *fd moves on. */
static int
descend(int *fd, const char *name, const char *path, struct walk w,
    struct err *e)
{
	int next =
	    openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next == -1) {
		int sys = errno;
		struct stat st;

		if (fstatat(*fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode))
			return err_set(e, ERR_CONFIG,
			    "%s: is a symbolic link: name the directory itself",
			    path);
		if (sys == ENOTDIR)
			return err_set(e, ERR_CONFIG,
			    "%s: is not a directory: move it away, or name "
			    "another",
			    path);
		errno = sys;
		return err_sys(e, "%s", path);
	}
	close(*fd);
	*fd = next;
	return check_directory(next, path, w, e);
}

/* Walk to the directory that holds path's last component, checking each. */
static int
open_above(const char *path, uid_t ours, struct slice *last, struct err *e)
{
	struct slice rest = slice_str(path), part;
	char so_far[PATH_MAX], name[NAME_MAX + 1];
	const struct walk w = { ours, true };
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (rest.n > 0 && rest.p[rest.n - 1] == '/')
		rest.n--;
	if (fd == -1)
		return err_sys(e, "/");
	while (slice_cut(&rest, '/', &part)) {
		if (part.n == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)part.n, part.p);
		(void)snprintf(so_far, sizeof(so_far), "%.*s",
		    (int)(part.p + part.n - path), path);
		if (descend(&fd, name, so_far, w, e) == -1) {
			close(fd);
			return -1;
		}
	}
	*last = rest;
	return fd;
}

/* True when it was made; false, and no error, when it is there already. */
static bool
make_at(int fd, const char *name, mode_t mode)
{
	return mkdirat(fd, name, mode) == 0 && fsync(fd) == 0;
}

static int
open_root(const char *path, mode_t mode, struct err *e)
{
	const struct walk w = { geteuid(), false };
	struct slice last = { NULL, 0 };
	char name[NAME_MAX + 1];
	int fd = open_above(path, w.ours, &last, e);

	if (fd == -1)
		return e->sys == ENOENT
		    ? err_wrap(e, "make the directory that is missing")
		    : -1;
	(void)snprintf(name, sizeof(name), "%.*s", (int)last.n, last.p);
	make_at(fd, name, mode);
	if (descend(&fd, name, path, w, e) == -1) {
		close(fd);
		if (e->sys == ENOENT || e->sys == EACCES)
			err_wrap(e, "make it for the node's account");
		return -1;
	}
	return fd;
}

/* As root, on behalf of the account: what is missing below a directory of
 * root's is made as its.  Elsewhere it makes it for itself, later. */
static int
make_for(const struct node_account *a, const char *path, mode_t mode,
    struct err *e)
{
	struct slice last = { NULL, 0 };
	struct stat st = { 0 };
	char name[NAME_MAX + 1];
	int fd = open_above(path, a->uid, &last, e), rc = 0;

	if (fd == -1)
		return -1;
	(void)snprintf(name, sizeof(name), "%.*s", (int)last.n, last.p);
	if (fstat(fd, &st) == 0 && st.st_uid == 0 && make_at(fd, name, mode) &&
	    fchownat(fd, name, a->uid, a->gid, AT_SYMLINK_NOFOLLOW) == -1)
		rc = err_sys(e, "chown %s", path);
	close(fd);
	return rc;
}

/* Of what the operator wrote: where. */
static int
at_node(const struct config *c, struct err *e)
{
	return e->kind == ERR_CONFIG && c->node.file != NULL
	    ? err_wrap(e, "%s:%d: node", c->node.file, c->node.line)
	    : -1;
}

/* --- What programs call -------------------------------------------------- */

enum {
	DESCRIPTORS_MIN = 64 /* libuv ends a process that has none for it */
};

static int
enough_descriptors(struct err *e)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == -1)
		return err_sys(e, "limit of descriptors");
	if (l.rlim_cur < DESCRIPTORS_MIN && l.rlim_max >= DESCRIPTORS_MIN) {
		l.rlim_cur = DESCRIPTORS_MIN;
		return setrlimit(RLIMIT_NOFILE, &l) == 0
		    ? 0
		    : err_sys(e, "limit of descriptors");
	}
	if (l.rlim_cur < DESCRIPTORS_MIN)
		return err_set(e, ERR_TEMP,
		    "only %llu descriptors are allowed: raise ulimit -n to %d "
		    "or more",
		    (unsigned long long)l.rlim_cur, DESCRIPTORS_MIN);
	return 0;
}

/* -1: neither the account nor root, who may become it. */
static int
is_other(const struct node_account *a, struct err *e)
{
	if (geteuid() == a->uid || geteuid() == 0)
		return 0;
	return err_set(e, ERR_DENIED,
	    "this node runs as %s: sudo -u %s, or as root",
	    a->name[0] != '\0' ? a->name : "another account",
	    a->name[0] != '\0' ? a->name : "ACCOUNT");
}

int
node_become(const struct config *c, struct err *e)
{
	struct node_account a = { 0 };

	if (node_account(c, &a, e) == -1 || is_other(&a, e) == -1)
		return -1;
	return geteuid() == a.uid ? 0 : become(&a, e);
}

int
node_enter(const struct config *c, struct err *e)
{
	const struct rlimit none = { 0, 0 };
	struct node_account a = { 0 };

	umask(077);
	(void)setlocale(LC_ALL, "C");
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return err_sys(e, "no core files");
	if (enough_descriptors(e) == -1)
		return -1;
	if (node_account(c, &a, e) == -1)
		return -1;
	if (is_other(&a, e) == -1)
		return -1;
	if (geteuid() == a.uid)
		return 0;
	umask(0); /* modes are exact here */
	if (make_for(&a, c->node.state, MODE_PRIVATE, e) == -1 ||
	    make_for(&a, c->node.spool, MODE_PRIVATE, e) == -1 ||
	    make_for(&a, c->node.run, MODE_RUN, e) == -1)
		return at_node(c, e);
	umask(077);
	return become(&a, e);
}

/* A lock on NFS does not die with its process on every server. */
static int
check_local(int fd, const char *path, struct err *e)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return err_sys(e, "%s", path);
	if (fs.f_type == NFS_SUPER_MAGIC)
		return err_set(e, ERR_CONFIG,
		    "%s: is on NFS, where locks cannot be trusted: use a local "
		    "disk",
		    path);
	return 0;
}

/* One that is not there is made by who begins. */
static int
check_root(const char *path, struct err *e)
{
	const struct walk w = { geteuid(), false };
	struct slice last = { NULL, 0 };
	char name[NAME_MAX + 1];
	int rc = -1, fd = open_above(path, w.ours, &last, e);

	(void)snprintf(name, sizeof(name), "%.*s", (int)last.n,
	    last.n > 0 ? last.p : "");
	if (fd != -1 && descend(&fd, name, path, w, e) == 0 &&
	    check_local(fd, path, e) == 0)
		rc = 0;
	if (fd != -1)
		close(fd);
	if (rc == -1 && e->kind == ERR_CONFIG)
		return -1;
	err_clear(e);
	return 0;
}

int
node_check(const struct config *c, struct err *e)
{
	return check_root(c->node.state, e) == -1 ||
		check_root(c->node.spool, e) == -1 ||
		check_root(c->node.run, e) == -1
	    ? at_node(c, e)
	    : 0;
}

int
node_check_stores(const struct config *c, struct err *e)
{
	for (size_t i = 0; i < c->n_store; i++) {
		const struct config_store *s = &c->store[i];

		if (check_root(s->directory, e) == -1)
			return err_wrap(e, "%s:%d: store \"%s\"", s->file,
			    s->line, s->name);
	}
	return 0;
}

int
node_open(const struct config *c, struct node *out, struct err *e)
{
	struct node n = { -1, -1, -1 };

	n.state_dir = open_root(c->node.state, MODE_PRIVATE, e);
	if (n.state_dir == -1 || check_local(n.state_dir, c->node.state, e))
		goto fail;
	n.spool_dir = open_root(c->node.spool, MODE_PRIVATE, e);
	if (n.spool_dir == -1 || check_local(n.spool_dir, c->node.spool, e))
		goto fail;
	n.run_dir = open_root(c->node.run, MODE_RUN, e);
	if (n.run_dir == -1 || check_local(n.run_dir, c->node.run, e))
		goto fail;
	*out = n;
	return 0;
fail:
	node_close(&n);
	return at_node(c, e);
}

void
node_sweep(const struct node *n)
{
	static const char *const below[] = { "cursors", "lowwater", "poison",
		"schedule", "tokens", "wire", "write" };
	struct err ignored = { 0 };

	(void)durable_sweep(n->state_dir, &ignored);
	(void)durable_sweep(n->run_dir, &ignored);
	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
		int dir = durable_open_dir(n->state_dir, below[i], &ignored);

		if (dir == -1) /* not made yet */
			continue;
		(void)durable_sweep(dir, &ignored);
		close(dir);
	}
}

/* Files are renamed from one part to another, and renaming is what makes them
 * whole. */
static int
check_file_system(int above, int fd, const char *name, struct err *e)
{
	struct stat a, b;

	if (fstat(above, &a) == -1 || fstat(fd, &b) == -1)
		return err_sys(e, "%s", name);
	if (a.st_dev != b.st_dev)
		return err_set(e, ERR_CONFIG,
		    "%s: is on another file system: a spool needs one", name);
	return 0;
}

/* One of the parts: made, or opened as it is found. */
static int
open_part(int dir, const char *name, bool *made, struct err *e)
{
	const struct walk w = { geteuid(), false };
	int fd;

	if (mkdirat(dir, name, MODE_PRIVATE) == 0)
		*made = true;
	else if (errno != EEXIST)
		return err_sys(e, "make directory %s", name);
	fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(e, "%s", name);
	if (descend(&fd, name, name, w, e) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Is there anything in one of them? */
static int
any_used(const int *part, size_t n, bool *used, struct err *e)
{
	for (*used = false; n > 0 && !*used; n--, part++) {
		struct names l;

		if (durable_list(*part, &l, e) == -1)
			return -1;
		*used = l.n > 0;
		names_free(&l);
	}
	return 0;
}

/* W5, W8: a directory that is found may be as new as one of ours.  But who
 * writes into one has been here before, and so has synced all of them: only
 * while all are empty, or when one had to be made, it is done again. */
static int
open_parts(int spool_dir, int dir, bool made, struct err *e)
{
	static const char *const name[] = { "outbox", "sent", "inbox",
		"archive", "staging", "quarantine" };
	enum {
		PARTS = sizeof(name) / sizeof(*name)
	};
	int part[PARTS], rc = -1;
	bool used = false;
	size_t n;

	for (n = 0; n < PARTS; n++) {
		part[n] = open_part(dir, name[n], &made, e);
		if (part[n] == -1)
			goto out;
		if (check_file_system(dir, part[n], name[n], e) == -1) {
			n++;
			goto out;
		}
	}
	if (!made && any_used(part, n, &used, e) == -1)
		goto out;
	for (size_t i = 0; i < n && !used; i++)
		if (durable_sync(part[i], e) == -1)
			goto out;
	if (!used &&
	    (durable_sync(dir, e) == -1 || durable_sync(spool_dir, e) == -1))
		goto out;
	rc = 0;
out:
	while (n-- > 0)
		close(part[n]);
	return rc;
}

int
node_open_association(const struct node *n, const struct association *a,
    struct err *e)
{
	bool made = false;
	int dir = open_part(n->spool_dir, a->name, &made, e);

	if (dir == -1)
		return err_wrap(e, "spool");
	if (open_parts(n->spool_dir, dir, made, e) == -1) {
		err_wrap(e, "spool of %s", a->name);
		close(dir);
		return -1;
	}
	return dir;
}

void
node_close(struct node *n)
{
	if (n->state_dir != -1)
		close(n->state_dir);
	if (n->spool_dir != -1)
		close(n->spool_dir);
	if (n->run_dir != -1)
		close(n->run_dir);
	*n = (struct node){ -1, -1, -1 };
}
