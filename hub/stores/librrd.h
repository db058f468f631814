/*
 * librrd, loaded when a store is opened or a file is looked at.
 */
#ifndef AXLETREE_HUB_STORES_LIBRRD_H
#define AXLETREE_HUB_STORES_LIBRRD_H

#include <rrd.h>

#include "common/base/library.h"

/* clang-format off */
#define LIBRRD_FUNCTIONS(F) \
	F(clear_error) F(create_r2) F(fetch_r) F(first_r) F(freemem) \
	F(get_error) F(graph_v) F(info_free) F(last_r) F(test_error) \
	F(updatex_r)
/* clang-format on */

/* Its functions, without the "rrd_". */
struct librrd {
#define LIBRRD_POINTER(name) __typeof__(rrd_##name) *name;
	LIBRRD_FUNCTIONS(LIBRRD_POINTER)
#undef LIBRRD_POINTER
};

/* NULL where it is not installed.  See library_load. */
const struct librrd *librrd(struct err *e);
/* Its last call failed: ERR_TEMP, with what it says; of a file that it cannot write
 * it says nothing. */
int librrd_failed(const char *doing, struct err *e);

#endif
