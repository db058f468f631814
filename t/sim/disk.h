/*
 * A simulated disk for each host, beneath the real code by the linker's --wrap.
 * What a power cut keeps follows POSIX and not a file system's habits: data
 * only by a sync of the file, names only by a sync of the directory; anything
 * else is kept, lost or torn by chance.  A rename within one directory is
 * atomic; one between two never loses both names unless the directory that
 * lost it was synced and the other was not.
 */
#ifndef T_SIM_DISK_H
#define T_SIM_DISK_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum {
	DISK_FD_FIRST = 100000, /* descriptors of ours begin here */
	DISK_FD_MAX = 4096,
};

/* Forget all disks. */
void disk_reset(void);
/* A descriptor of the root of a host's disk, for the running process. */
int disk_open_root(int host);
/* Every name on a host's disk, with its size, for a person. */
void disk_dump(int host);
/* The power of a host fails; its processes are gone already. */
void disk_power_cut(int host);
/* A new disk in place of a host's; its processes are gone already. */
void disk_replace_disk(int host);
/* Each write-path call fails with this probability (percent), by an errno that
 * fits it. */
void disk_set_faults(int host, unsigned percent);
/* A process has ended: its descriptors close and its locks go. */
void disk_end_process(int pid);

/* As the system's calls of that name; calls.c is what the real code meets. */
bool disk_has_fd(int fd);
int disk_openat(int dirfd, const char *name, int flags);
int disk_close(int fd);
long disk_read(int fd, void *p, size_t n, int64_t off); /* off -1: read(2) */
long disk_write(int fd, const void *p, size_t n, int64_t off);
int disk_fsync(int fd);
int disk_ftruncate(int fd, uint64_t n);
int disk_fstat(int fd, struct stat *st);
int disk_fstatat(int dirfd, const char *name, struct stat *st);
int disk_mkdirat(int dirfd, const char *name);
int disk_unlinkat(int dirfd, const char *name, int flags);
int disk_renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned flags);
int disk_flock(int fd, int operation);
/* fcntl's F_SETLK (set) and F_GETLK, for writing. */
int disk_record_lock(int fd, bool set, struct flock *l);
int disk_dup(int fd);
void *disk_fdopendir(int fd);
struct dirent *disk_readdir(void *listing);
void disk_closedir(void *listing);

#endif
