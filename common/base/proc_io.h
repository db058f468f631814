/*
 * How much a group of processes moved.
 */
#ifndef COMMON_BASE_PROC_IO_H
#define COMMON_BASE_PROC_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes that its processes, and those that they waited for, have read and written,
 * to files, pipes and sockets.  False where /proc does not tell. */
bool proc_group_io(pid_t group, uint64_t *bytes);

#endif
