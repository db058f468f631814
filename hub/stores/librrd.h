/*
 * librrd, loaded when it is first used: with what it draws with it is fifty
 * libraries and 5 ms, which no other command, and no session, has to wait for.
 */
#ifndef AXLETREE_HUB_STORES_LIBRRD_H
#define AXLETREE_HUB_STORES_LIBRRD_H

#include <rrd.h>

#include "common/base/err.h"

/* Its functions, without the "rrd_". */
struct librrd {
	__typeof__(rrd_clear_error) *clear_error;
	__typeof__(rrd_create_r2) *create_r2;
	__typeof__(rrd_fetch_r) *fetch_r;
	__typeof__(rrd_first_r) *first_r;
	__typeof__(rrd_freemem) *freemem;
	__typeof__(rrd_get_error) *get_error;
	__typeof__(rrd_graph_v) *graph_v;
	__typeof__(rrd_info_free) *info_free;
	__typeof__(rrd_last_r) *last_r;
	__typeof__(rrd_test_error) *test_error;
	__typeof__(rrd_updatex_r) *updatex_r;
};

/* NULL where it is not installed.  To be called before a program confines
 * itself or starts a thread.  Stays to the end of the program. */
const struct librrd *librrd(struct err *e);

#endif
