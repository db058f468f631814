/*
 * What /proc tells of a group of processes; see proc_io.h.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/proc_io.h"

enum {
	TEXT_MAX = 1024, /* of its files; a name is 16 bytes of it */
};

/* proc_pid_stat(5), proc_pid_io(5).  Empty: it is gone, or another's. */
static struct slice
read_text(int proc, const char *pid, const char *file, char room[TEXT_MAX])
{
	struct slice text = { room, 0 };
	char path[64];
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "%.20s/%s", pid, file);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, room, TEXT_MAX);
		close(fd);
	}
	if (n > 0)
		text.n = (size_t)n;
	return text;
}

/* "PID (name) STATE PARENT GROUP ..."; the name may have blanks and brackets. */
static bool
is_of_group(struct slice stat, pid_t group)
{
	const char *end = stat.n == 0 ? NULL : memrchr(stat.p, ')', stat.n);
	struct slice word = { 0 };
	uint64_t v = 0;

	if (end == NULL)
		return false;
	stat.n -= (size_t)(end - stat.p);
	stat.p = end;
	for (int i = 0; i < 4; i++)
		if (!slice_cut(&stat, ' ', &word))
			return false;
	return slice_u64(word, INT32_MAX, &v) && (pid_t)v == group;
}

/* "rchar: 123" and "wchar: 45". */
static uint64_t
sum(struct slice io)
{
	struct slice line;
	uint64_t bytes = 0, v = 0;

	while (slice_cut(&io, '\n', &line)) {
		if ((slice_skip(&line, SLICE("rchar: ")) ||
			slice_skip(&line, SLICE("wchar: "))) &&
		    slice_u64(line, UINT64_MAX / 4, &v))
			bytes += v;
	}
	return bytes;
}

bool
proc_group_io(pid_t group, uint64_t *bytes)
{
	char room[TEXT_MAX];
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	uint64_t all = 0;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' &&
		    is_of_group(read_text(dirfd(dir), d->d_name, "stat", room),
			group))
			all +=
			    sum(read_text(dirfd(dir), d->d_name, "io", room));
	if (dir != NULL)
		(void)closedir(dir);
	*bytes = all;
	return all > 0;
}
