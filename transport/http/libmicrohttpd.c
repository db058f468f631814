/*
 * libmicrohttpd and libgnutls; see libmicrohttpd.h.
 */
#include "config.h"

#include "transport/http/libmicrohttpd.h"

struct libmicrohttpd mhd;
struct libgnutls gnutls;

static const struct library_function mhd_functions[] = {
#define FUNCTION(name) { "MHD_" #name, &mhd.name },
	LIBMICROHTTPD_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static const struct library_function gnutls_functions[] = {
#define FUNCTION(name) { "gnutls_" #name, &gnutls.name },
	LIBGNUTLS_FUNCTIONS(FUNCTION)
};

static const struct library libraries[] = {
	{ "libmicrohttpd", LIBMICROHTTPD_SONAME, "libmicrohttpd12",
	    mhd_functions, sizeof(mhd_functions) / sizeof(mhd_functions[0]) },
	{ "libgnutls", LIBGNUTLS_SONAME, "libgnutls30", gnutls_functions,
	    sizeof(gnutls_functions) / sizeof(gnutls_functions[0]) },
};

int
libmicrohttpd_load(struct err *e)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (library_load(&libraries[i], e) == -1)
			return -1;
	return 0;
}
