/*
 * One file that others placed: opened beneath the directory and never followed,
 * copied under a limit, and who signed the copy.  See staging_impl.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "transport/carried/staging_impl.h"

int
staging_trouble(const struct staging *s, struct err *e)
{
	if (s->o.foreign && e->kind == ERR_SYS)
		e->kind = ERR_TEMP;
	return -1;
}

/* Nothing on the way is a link, and nothing leads out (S7). */
static int
open_beneath(int dir, const char *name)
{
	const struct open_how how = {
		.flags =
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static int
check_kind(const struct staging *s, const struct stat *st, size_t max,
    struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_INPUT, "not a plain file");
	if (st->st_nlink > 1)
		return err_set(e, ERR_INPUT, "it has several links");
	if ((st->st_mode & (S_ISUID | S_ISGID)) != 0)
		return err_set(e, ERR_INPUT, "it is setuid or setgid");
	if (!s->o.foreign && st->st_uid != geteuid())
		return err_set(e, ERR_INPUT, "it belongs to another account");
	if (st->st_size < 0 || (uint64_t)st->st_size > max)
		return err_set(e, ERR_INPUT, "more than %zu bytes", max);
	return 0;
}

/* Somebody writes it: it comes again, whole. */
static bool
has_changed(int fd, const struct stat *before)
{
	struct stat st;

	return fstat(fd, &st) == -1 || st.st_size != before->st_size ||
	    st.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

/* Append a copy of it: whatever happens to the file from now on. */
static enum staged_found
read_copy(const struct staging *s, const char *name, size_t max,
    struct buf *out, struct err *e)
{
	int fd = open_beneath(s->o.dir, name);
	enum staged_found found = STAGED_READ;
	size_t before = out->n;
	struct stat st;

	if (fd == -1) {
		err_sys(e, "open %s", name);
		if (e->sys == ENOENT)
			return STAGED_GONE;
		if (e->sys == ELOOP || e->sys == ENXIO || e->sys == EXDEV)
			return STAGED_BAD; /* a link, a socket */
		(void)staging_trouble(s, e);
		return STAGED_FAILED;
	}
	if (fstat(fd, &st) == -1) {
		err_sys(e, "look at %s", name);
		found = STAGED_FAILED;
	} else if (check_kind(s, &st, max, e) == -1) {
		found = STAGED_BAD;
	} else if (io_read_upto(fd, max + 1, out, e) == -1) {
		(void)staging_trouble(s, e);
		found = STAGED_FAILED;
	} else if (out->n - before > max) { /* it grew */
		err_set(e, ERR_INPUT, "more than %zu bytes", max);
		found = STAGED_BAD;
	} else if (has_changed(fd, &st)) {
		err_set(e, ERR_TEMP, "%s is being written", name);
		found = STAGED_GONE;
	}
	if (found != STAGED_READ)
		out->n = before;
	close(fd);
	return found;
}

/* Who signed what lies in *copy, prefix and file?  STAGED_GONE: not yet known. */
static enum staged_found
check_signature(const struct staging *s, struct carried_name name,
    struct slice copy, struct err *e)
{
	char text_name[CARRIED_NAME_SIZE];
	struct buf text = { 0 };
	enum staged_found found;

	if (!s->o.keys->verifies)
		return STAGED_READ;
	name.signature = true;
	found = read_copy(s, carried_name_text(&name, text_name),
	    SIGNATURE_FILE_MAX, &text, e);
	if (found == STAGED_READ &&
	    !signature_is_good(s->o.keys, copy, buf_slice(&text))) {
		err_set(e, ERR_DENIED,
		    "it is not signed by the key that verify-key names, for "
		    "this association and direction");
		found = STAGED_BAD;
	}
	buf_clear(&text);
	return found;
}

enum staged_found
staging_read(const struct staging *s, struct carried_name name, size_t max,
    struct buf *out, size_t *from, struct err *e)
{
	char text[CARRIED_NAME_SIZE];
	enum staged_found found;

	buf_reset(out);
	signature_prefix(out, s->o.association->name, s->o.association->role);
	*from = out->n;
	found = read_copy(s, carried_name_text(&name, text), max, out, e);
	if (found == STAGED_READ)
		found = check_signature(s, name, buf_slice(out), e);
	return found;
}
