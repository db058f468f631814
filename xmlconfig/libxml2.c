/*
 * libxml2; see libxml2.h.
 */
#include "config.h"

#include "xmlconfig/libxml2.h"

struct libxml2 xml2;

static const struct library_function functions[] = {
#define FUNCTION(name) { "xml" #name, &xml2.name },
	LIBXML2_FUNCTIONS(FUNCTION)
};

static const struct library library = {
	.name = "libxml2",
	.soname = LIBXML2_SONAME,
	.package = "libxml2",
	.functions = functions,
	.n = sizeof(functions) / sizeof(functions[0]),
};

int
libxml2_load(struct err *e)
{
	return library_load(&library, e);
}
