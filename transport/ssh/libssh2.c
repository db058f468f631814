/*
 * libssh2; see libssh2.h.
 */
#include "config.h"

#include "transport/ssh/libssh2.h"

struct libssh2 ssh2;

static const struct library_function functions[] = {
#define FUNCTION(name) { "libssh2_" #name, &ssh2.name },
	LIBSSH2_FUNCTIONS(FUNCTION)
};

static const struct library library = {
	.name = "libssh2",
	.soname = LIBSSH2_SONAME,
	.package = "libssh2-1",
	.functions = functions,
	.n = sizeof(functions) / sizeof(functions[0]),
};

int
libssh2_load(struct err *e)
{
	return library_load(&library, e);
}
