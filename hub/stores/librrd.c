/*
 * librrd; see librrd.h.
 */
#include "config.h"

#include "hub/stores/librrd.h"

static struct librrd rrd;

static const struct library_function functions[] = {
#define FUNCTION(name) { "rrd_" #name, &rrd.name },
	LIBRRD_FUNCTIONS(FUNCTION)
};

static const struct library library = {
	.name = "librrd",
	.soname = LIBRRD_SONAME,
	.package = "librrd8",
	.functions = functions,
	.n = sizeof(functions) / sizeof(functions[0]),
};

const struct librrd *
librrd(struct err *e)
{
	return library_load(&library, e) == 0 ? &rrd : NULL;
}

int
librrd_failed(const char *doing, struct err *e)
{
	const char *why = rrd.get_error();

	return err_set(e, ERR_TEMP, "%s: %s", doing,
	    why[0] != '\0' ? why : "librrd says no reason: is the disk full");
}
