/*
 * Reading an RRD file for people: its consolidated values, and a graph of
 * them.  Not for several threads.
 */
#ifndef HUB_STORES_RRD_VIEW_H
#define HUB_STORES_RRD_VIEW_H

#include "common/base/buf.h"
#include "hub/stores/store.h"

struct rrd_view_points {
	struct store_point *point; /* in order of time */
	size_t n;
	uint32_t step_s; /* between them; 0: there are none */
};

struct rrd_view_window {
	int64_t from_s, to_s; /* epoch */
	size_t tail;          /* points; 0: all */
};

/* What the finest archive that covers from_s..to_s has for it: each point
 * stands for the step that ends at its time.  Steps that touch the window,
 * without those that are not complete.  tail > 0: only the last ones; from_s
 * is then -1 for as far back as that takes.  A file that is not there has
 * none.  Owned: rrd_view_points_clear. */
int rrd_view_read(const char *path, const struct rrd_view_window *w,
    struct rrd_view_points *out, struct err *e);
void rrd_view_points_clear(struct rrd_view_points *p);

struct rrd_view_picture {
	const char *path; /* of the file */
	int64_t from_s, to_s;
	unsigned width, height; /* of the plot, in pixels */
	bool svg;               /* else PNG */
	/* Texts of the leaf, as they are; empty or NULL: none. */
	const char *title, *legend, *vertical_label;
	const char *lower_limit, *upper_limit; /* numbers */
	const char *line_style, *line_color; /* LINE1 to LINE3, AREA; #rrggbb */
	const char *base;                    /* 1000, 1024 */
	bool logarithmic;
};
/* The picture's bytes, appended to out. */
int rrd_view_draw(const struct rrd_view_picture *d, struct buf *out,
    struct err *e);
#endif
