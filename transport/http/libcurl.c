/*
 * libcurl; see libcurl.h.
 */
#include "config.h"

#include "transport/http/libcurl.h"

struct libcurl curl;

static const struct library_function functions[] = {
#define FUNCTION(name) { "curl_" #name, &curl.name },
	LIBCURL_FUNCTIONS(FUNCTION)
};

static const struct library library = {
	.name = "libcurl",
	.soname = LIBCURL_SONAME,
	.package = "libcurl4",
	.functions = functions,
	.n = sizeof(functions) / sizeof(functions[0]),
};

int
libcurl_load(struct err *e)
{
	return library_load(&library, e);
}
