/*
 * Files that others place; see carried_file.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "transport/carried/carried_file.h"

int
carried_file_trouble(const struct carried_place *at, struct err *e)
{
	if (at->foreign && e->kind == ERR_SYS)
		e->kind = ERR_TEMP;
	return -1;
}

int
carried_file_decode(const struct codec_ops *codec, struct slice in, size_t max,
    struct buf *out, struct err *e)
{
	size_t size = 0;

	if (codec->measure == NULL)
		return err_set(e, ERR_INPUT, "%s is not for files",
		    codec->name);
	if (codec->measure(in, max, &size, e) == -1)
		return -1;
	return codec->decode(in, size, out, e);
}

/* --- Names --------------------------------------------------------------------- */

bool
carried_file_name(const struct carried_place *at, const char *shown,
    struct carried_name *out)
{
	size_t n = strlen(shown);
	char low[CARRIED_NAME_SIZE];
	struct stat st;

	if (carried_name_parse(shown, out))
		return true;
	if (!at->foreign || n >= sizeof(low))
		return false;
	for (size_t i = 0; i <= n; i++) {
		bool upper = shown[i] >= 'A' && shown[i] <= 'Z';

		low[i] = (char)(upper ? shown[i] - 'A' + 'a' : shown[i]);
	}
	return carried_name_parse(low, out) &&
	    fstatat(at->dir, low, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- Bytes --------------------------------------------------------------------- */

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
check_kind(const struct carried_place *at, const struct stat *st, size_t max,
    struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_INPUT, "not a plain file");
	if (st->st_nlink > 1)
		return err_set(e, ERR_INPUT, "it has several links");
	if ((st->st_mode & (S_ISUID | S_ISGID)) != 0)
		return err_set(e, ERR_INPUT, "it is setuid or setgid");
	if (!at->foreign && st->st_uid != geteuid())
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

static enum carried_found
not_opened(const struct carried_place *at, const char *name, struct err *e)
{
	err_sys(e, "open %s", name);
	if (e->sys == ENOENT)
		return CARRIED_GONE;
	if (e->sys == ELOOP || e->sys == ENXIO || e->sys == EXDEV)
		return CARRIED_BAD; /* a link, a socket */
	(void)carried_file_trouble(at, e);
	return CARRIED_FAILED;
}

enum carried_found
carried_file_read(const struct carried_place *at, struct carried_name name,
    size_t max, struct buf *out, struct err *e)
{
	char text[CARRIED_NAME_SIZE];
	int fd = open_beneath(at->dir, carried_name_text(&name, text));
	enum carried_found found = CARRIED_READ;
	size_t before = out->n;
	struct stat st;

	if (fd == -1)
		return not_opened(at, text, e);
	if (fstat(fd, &st) == -1) {
		err_sys(e, "look at %s", text);
		(void)carried_file_trouble(at, e);
		found = CARRIED_FAILED;
	} else if (check_kind(at, &st, max, e) == -1) {
		found = CARRIED_BAD;
	} else if (io_read_upto(fd, max + 1, out, e) == -1) {
		(void)carried_file_trouble(at, e);
		found = CARRIED_FAILED;
	} else if (out->n - before > max) { /* it grew */
		err_set(e, ERR_INPUT, "more than %zu bytes", max);
		found = CARRIED_BAD;
	} else if (has_changed(fd, &st)) {
		err_set(e, ERR_TEMP, "%s is being written", text);
		found = CARRIED_GONE;
	}
	if (found != CARRIED_READ)
		out->n = before;
	close(fd);
	return found;
}
