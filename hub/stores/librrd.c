/*
 * Loading librrd; see librrd.h.
 */
#include "config.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "hub/stores/librrd.h"

static const struct {
	const char *name;
	size_t at; /* in struct librrd */
} functions[] = {
	{ "rrd_clear_error", offsetof(struct librrd, clear_error) },
	{ "rrd_create_r2", offsetof(struct librrd, create_r2) },
	{ "rrd_fetch_r", offsetof(struct librrd, fetch_r) },
	{ "rrd_first_r", offsetof(struct librrd, first_r) },
	{ "rrd_freemem", offsetof(struct librrd, freemem) },
	{ "rrd_get_error", offsetof(struct librrd, get_error) },
	{ "rrd_graph_v", offsetof(struct librrd, graph_v) },
	{ "rrd_info_free", offsetof(struct librrd, info_free) },
	{ "rrd_last_r", offsetof(struct librrd, last_r) },
	{ "rrd_test_error", offsetof(struct librrd, test_error) },
	{ "rrd_updatex_r", offsetof(struct librrd, updatex_r) },
};

static int
load(struct librrd *out, struct err *e)
{
	void *lib = dlopen(LIBRRD_SONAME, RTLD_NOW | RTLD_LOCAL);

	if (lib == NULL)
		return err_set(e, ERR_MISSING,
		    "librrd is not installed: apt-get install librrd8: %s",
		    dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *found = dlsym(lib, functions[i].name);

		if (found == NULL)
			return err_set(e, ERR_MISSING, "librrd: %s", dlerror());
		memcpy((char *)out + functions[i].at, &found, sizeof(found));
	}
	return 0;
}

const struct librrd *
librrd(struct err *e)
{
	static struct librrd loaded; /* one library in a process */

	if (loaded.clear_error == NULL && load(&loaded, e) == -1) {
		loaded = (struct librrd){ 0 };
		return NULL;
	}
	return &loaded;
}
