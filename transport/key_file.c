/*
 * Files of keys; see key_file.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "transport/key_file.h"

int
key_file_read(const char *path, mode_t bits, size_t limit, struct buf *out,
    struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int rc = -1;

	buf_init(out, limit);
	if (fd == -1 || fstat(fd, &st) == -1) {
		err_sys(e, "%s", path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
	} else if (!S_ISREG(st.st_mode)) {
		err_set(e, ERR_CONFIG, "%s: is not a regular file", path);
	} else if (st.st_uid != 0 && st.st_uid != geteuid()) {
		err_set(e, ERR_CONFIG,
		    "%s: belongs to uid %u: chown it to the node's account",
		    path, (unsigned)st.st_uid);
	} else if ((st.st_mode & bits) != 0) {
		err_set(e, ERR_CONFIG, "%s: has mode %04o: chmod %s", path,
		    (unsigned)st.st_mode & 07777U,
		    (bits & S_IROTH) != 0 ? "600" : "go-w");
	} else if ((size_t)st.st_size > limit) {
		err_set(e, ERR_CONFIG, "%s: is larger than %zu bytes", path,
		    limit);
	} else {
		rc = io_read_upto(fd, limit, out, e);
	}
	if (fd != -1)
		close(fd);
	return rc;
}
