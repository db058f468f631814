/*
 * A main for fuzz targets where there is no libFuzzer: runs every file that
 * the command line names, or that lies in a directory it names, once.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fail(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The input lies in memory of exactly its size: a read past it is seen. */
static void
replay_file(int fd, off_t size, const char *name)
{
	size_t n = (size_t)size, got = 0;
	uint8_t *data = malloc(n > 0 ? n : 1);
	ssize_t r;

	if (data == NULL)
		fail(name);
	while (got < n) {
		r = read(fd, data + got, n - got);
		if (r <= 0)
			fail(name);
		got += (size_t)r;
	}
	LLVMFuzzerTestOneInput(data, n);
	free(data);
}

static unsigned long replay_at(int dirfd, const char *name);

static unsigned long
replay_directory(int fd, const char *name)
{
	unsigned long inputs = 0;
	const struct dirent *entry;
	DIR *dir = fdopendir(fd);

	if (dir == NULL)
		fail(name);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			inputs += replay_at(dirfd(dir), entry->d_name);
	closedir(dir);
	return inputs;
}

static unsigned long
replay_at(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		fail(name);
	if (S_ISDIR(st.st_mode))
		return replay_directory(fd, name);
	replay_file(fd, st.st_size, name);
	close(fd);
	return 1;
}

int
main(int argc, char *argv[])
{
	unsigned long inputs = 0;
	int i;

	for (i = 1; i < argc; i++)
		inputs += replay_at(AT_FDCWD, argv[i]);
	printf("%lu inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
