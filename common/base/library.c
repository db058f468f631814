/*
 * Libraries loaded at their first use; see library.h.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "common/base/library.h"

/* The last one: whoever has it has all. */
static bool
is_loaded(const struct library *l)
{
	void *last;

	memcpy(&last, l->functions[l->n - 1].at, sizeof(last));
	return last != NULL;
}

/* dlerror(3) has no codes.  What is there and cannot be loaded, as for want of
 * memory, is not to be installed again. */
static int
cannot_open(const struct library *l, const char *why, struct err *e)
{
	if (strstr(why, "No such file") != NULL)
		return err_set(e, ERR_MISSING,
		    "%s is not installed: apt-get install %s: %s", l->name,
		    l->package, why);
	err_set(e, ERR_SYS, "%s cannot be loaded: %s", l->name, why);
	e->sys = ENOMEM;
	return -1;
}

int
library_load(const struct library *l, struct err *e)
{
	void *lib;

	if (is_loaded(l))
		return 0;
	lib = dlopen(l->soname, RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return cannot_open(l, dlerror(), e);
	for (size_t i = 0; i < l->n; i++) {
		void *found = dlsym(lib, l->functions[i].name);

		if (found == NULL)
			return err_set(e, ERR_MISSING, "%s: %s", l->name,
			    dlerror());
		memcpy(l->functions[i].at, &found, sizeof(found));
	}
	return 0;
}
