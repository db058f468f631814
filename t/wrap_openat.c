/*
 * openat in place of the system's; see wrap_openat.h.
 */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>

#include "t/wrap_openat.h"

int __wrap_openat(int dir, const char *name, int flags, ...);

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return wrapped_openat(dir, name, flags, mode);
}
