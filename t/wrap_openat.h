/*
 * openat in place of the system's (-Wl,--wrap=openat), its mode an argument like
 * any other: 0 where nothing is created.
 */
#ifndef T_WRAP_OPENAT_H
#define T_WRAP_OPENAT_H

#include <sys/types.h>

/* The test's: what is called. */
int wrapped_openat(int dir, const char *name, int flags, mode_t mode);
/* The system's. */
int __real_openat(int dir, const char *name, int flags, ...);

#endif
