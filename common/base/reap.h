/*
 * The end of a child that is to end, waited for and no longer than it takes.
 */
#ifndef COMMON_BASE_REAP_H
#define COMMON_BASE_REAP_H

#include <stdbool.h>
#include <sys/types.h>

/* Its status (NULL: never mind) once it has ended, within wait_ms; a child that
 * somebody else reaped has ended with status 0.  False: it still runs. */
bool reap_within(pid_t child, int wait_ms, int *status);

#endif
