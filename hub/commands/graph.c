/*
 * hubctl graph: a picture of a leaf's values, by librrd, with the leaf's own
 * title, labels, limits and colours.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "hub/commands/leaf.h"
#include "hub/stores/rrd_view.h"

enum {
	WIDTH = 600,
	HEIGHT = 200,
	PIXELS_MAX = 8192,
	PIXELS_MIN = 10, /* librrd's own */
};

struct request {
	const char *path, *tree, *out;
	bool svg;
	int64_t from_s, to_s;
	unsigned width, height;
};

static int
read_pixels(const char *name, const char *text, unsigned *out, struct err *e)
{
	uint64_t v;

	if (text == NULL)
		return 0;
	if (!slice_u64(slice_str(text), PIXELS_MAX, &v) || v < PIXELS_MIN)
		return err_set(e, ERR_USAGE, "%s %s is not between %d and %d",
		    name, text, PIXELS_MIN, PIXELS_MAX);
	*out = (unsigned)v;
	return 0;
}

static int
read_out(struct request *r, struct err *e)
{
	const char *dot = r->out == NULL ? NULL : strrchr(r->out, '.');

	if (dot != NULL && strcmp(dot, ".svg") == 0)
		r->svg = true;
	else if (dot == NULL || strcmp(dot, ".png") != 0)
		return err_set(e, ERR_USAGE,
		    "graph needs -o FILE.png or -o FILE.svg");
	return 0;
}

static int
parse(const struct options *o, int argc, char **argv, struct request *r,
    struct err *e)
{
	const char *from = NULL, *to = NULL, *width = NULL, *height = NULL;
	const struct options_flag flags[] = {
		{ "output", 'o', true, &r->out },
		{ "from", 0, true, &from },
		{ "to", 0, true, &to },
		{ "width", 0, true, &width },
		{ "height", 0, true, &height },
		{ "tree", 0, true, &r->tree },
		{ .name = NULL },
	};
	struct options common = *o;
	int operands = options_parse(&common, flags, argc, argv, e);

	if (operands == -1)
		return -1;
	if (operands != 1)
		return err_set(e, ERR_USAGE, "graph takes the path of a leaf");
	r->path = argv[1];
	r->width = WIDTH;
	r->height = HEIGHT;
	if (read_out(r, e) == -1 ||
	    read_pixels("--width", width, &r->width, e) == -1 ||
	    read_pixels("--height", height, &r->height, e) == -1 ||
	    leaf_window(from, to, &r->from_s, &r->to_s, e) == -1)
		return -1;
	if (r->from_s == r->to_s)
		return err_set(e, ERR_USAGE, "--from is --to");
	return 0;
}

/* The leaf's parameters that a drawing takes; freed by the caller. */
struct texts {
	char *title, *legend, *label, *lower, *upper, *style, *color, *base,
	    *logarithmic;
};

static void
read_texts(const struct leaf *l, struct texts *t)
{
	t->title = leaf_param(l, "graph-title");
	t->legend = leaf_param(l, "graph-legend");
	t->label = leaf_param(l, "vertical-label");
	t->lower = leaf_param(l, "graph-lower-limit");
	t->upper = leaf_param(l, "graph-upper-limit");
	t->style = leaf_param(l, "line-style");
	t->color = leaf_param(l, "line-color");
	t->base = leaf_param(l, "rrd-scaling-base");
	t->logarithmic = leaf_param(l, "graph-logarithmic");
}

static void
free_texts(struct texts *t)
{
	free(t->title);
	free(t->legend);
	free(t->label);
	free(t->lower);
	free(t->upper);
	free(t->style);
	free(t->color);
	free(t->base);
	free(t->logarithmic);
}

static int
draw(const struct leaf *l, const struct request *r, struct buf *image,
    struct err *e)
{
	struct texts t;
	struct rrd_view_picture d;
	int rc;

	if (l->file == NULL)
		return err_set(e, ERR_CONFIG, "no store \"rrd\" to draw from");
	if (access(l->file, F_OK) == -1)
		return err_set(e, ERR_MISSING, "nothing is stored yet of %s",
		    l->path);
	read_texts(l, &t);
	d = (struct rrd_view_picture){
		.path = l->file,
		.from_s = r->from_s,
		.to_s = r->to_s,
		.width = r->width,
		.height = r->height,
		.svg = r->svg,
		.title = t.title != NULL ? t.title : l->path,
		.legend =
		    t.legend != NULL ? t.legend : strrchr(l->path, '/') + 1,
		.vertical_label = t.label,
		.lower_limit = t.lower,
		.upper_limit = t.upper,
		.line_style = t.style,
		.line_color = t.color,
		.base = t.base,
		.logarithmic =
		    t.logarithmic != NULL && strcmp(t.logarithmic, "yes") == 0,
	};
	rc = rrd_view_draw(&d, image, e);
	free_texts(&t);
	return rc;
}

static int
write_image(const char *path, struct slice image, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc;

	if (fd == -1) {
		err_sys(e, "create %s", path);
		e->kind = ERR_CREATE;
		return -1;
	}
	rc = io_write_full(fd, image, e);
	if (close(fd) == -1 && rc == 0)
		rc = err_sys(e, "close");
	return rc == -1 ? err_wrap(e, "%s", path) : 0;
}

int
command_graph(const struct options *o, int argc, char **argv)
{
	struct request r = { .out = NULL };
	struct leaf l = { .config = NULL };
	struct buf image = { .limit = 0 };
	struct err e = { .kind = ERR_NONE };
	int rc = parse(o, argc, argv, &r, &e);

	if (rc == 0) {
		rc = leaf_open(o, r.tree, r.path, &l, &e);
		if (rc == 0)
			rc = draw(&l, &r, &image, &e);
		if (rc == 0)
			rc = write_image(r.out, buf_slice(&image), &e);
		leaf_close(&l);
		buf_clear(&image);
	}
	if (rc == 0)
		return EX_OK;
	log_err("%s", e.msg);
	return err_exit_code(&e);
}
