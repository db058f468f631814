/*
 * Fuzz target: the configuration file.  What is accepted prints as a file that
 * is accepted, and prints the same again.
 */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/durable.h"
#include "common/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfuse 3.3 forgets the arguments of a call in which it finds an error. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfuse.so\n";
}

static int
file_of(struct slice s)
{
	struct err e;
	int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd == -1 || fchmod(fd, 0600) == -1 ||
	    io_write_full(fd, s, &e) == -1)
		abort();
	return fd;
}

static struct config *
read_from(int fd, struct err *e)
{
	struct config *c = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (config_read(path, &c, e) == -1)
		return NULL;
	return c;
}

static struct buf
print(const struct config *c)
{
	struct buf out = { 0 };
	struct err e;
	int fd = file_of((struct slice){ NULL, 0 });

	if (config_print(c, fd, &e) == -1 ||
	    io_pread_upto(fd, 4 << 20, 0, &out, &e) == -1)
		abort();
	close(fd);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = file_of((struct slice){ (const char *)data, size });
	struct err e = { 0 };
	struct config *c = read_from(fd, &e), *again;
	struct buf first, second;

	close(fd);
	if (c == NULL) {
		if (e.kind == ERR_NONE || e.msg[0] == '\0')
			abort();
		return 0;
	}
	first = print(c);
	config_free(c);
	fd = file_of(buf_slice(&first));
	again = read_from(fd, &e);
	close(fd);
	if (again == NULL) {
		fprintf(stderr, "%s\n%s\n", e.msg, first.p);
		abort();
	}
	second = print(again);
	config_free(again);
	if (!slice_eq(buf_slice(&first), buf_slice(&second)))
		abort();
	buf_clear(&first);
	buf_clear(&second);
	return 0;
}
