/*
 * The collector "host": what a person wants to know of a Linux machine, read
 * anew in each cycle.  Nothing here waits: network file systems, which may
 * hang, are never asked.  The families are in host_*.c.
 */
#include "config.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/message/limits.h"
#include "common/message/names.h"
#include "spoke/collectors/collectors.h"
#include "spoke/collectors/host.h"

enum {
	HOST_FILE_MAX = 4 << 20, /* bytes of a file in /proc */
	HOST_PARAMS = 7,         /* that a leaf may have */
};

struct host_leaf {
	char *path, *title;
	char value[LIMIT_VALUE + 1];
	const char *param[2 * HOST_PARAMS + 1];
	size_t n_param;
};

static void
leaf_free(struct host_leaf *l)
{
	free(l->path);
	free(l->title);
	free(l);
}

static void
leaf_param(struct host_leaf *l, const char *name, const char *value)
{
	l->param[l->n_param++] = name;
	l->param[l->n_param++] = value;
}

/* A title may hold a mount point: what no parameter may hold is replaced. */
static char *
make_title(const char *device, const char *legend)
{
	char *title = mem_printf("%s %s", device, legend);

	for (char *p = title; *p != '\0'; p++)
		if (strchr("%$:;\\", *p) != NULL)
			*p = '_';
	if (!name_is_text(slice_str(title)))
		for (char *p = title; *p != '\0'; p++)
			if (*p < ' ' || *p > '~')
				*p = '_';
	return title;
}

/* In the order of the allow-list. */
static void
describe(struct host_leaf *l, const struct host_group *g,
    const struct host_metric *m)
{
	leaf_param(l, "rrd-create-dstype",
	    m->kind == HOST_COUNTER ? "COUNTER" : "GAUGE");
	if (m->kind == HOST_COUNTER)
		leaf_param(l, "rrd-create-min", "0");
	leaf_param(l, "vertical-label", m->unit);
	leaf_param(l, "graph-legend", m->legend);
	if (g->title == NULL)
		return;
	l->title = make_title(g->title, m->legend);
	leaf_param(l, "graph-title", l->title);
	leaf_param(l, "node-display-name", l->title);
}

void
host_add(struct host *h, const struct host_group *g,
    const struct host_metric *m, struct slice value)
{
	struct host_leaf *l;

	if (m == NULL || m->name == NULL)
		return;
	if (!name_is_value(value))
		value = SLICE("U");
	l = mem_alloc(sizeof(*l));
	l->path = mem_printf("%s/%s", g->path, m->name);
	memcpy(l->value, value.p, value.n);
	describe(l, g, m);
	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 256;
		h->leaf = mem_resize(h->leaf, h->cap, sizeof(*h->leaf));
	}
	h->leaf[h->n++] = l;
}

void
host_add_u64(struct host *h, const struct host_group *g,
    const struct host_metric *m, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	host_add(h, g, m, (struct slice){ text, (size_t)n });
}

void
host_add_columns(struct host *h, const struct host_group *g,
    const struct host_metric *table, struct slice line)
{
	for (; table->from != NULL; table++) {
		struct slice word = host_word(&line);

		if (word.n == 0)
			return;
		host_add(h, g, table, word);
	}
}

const struct host_metric *
host_find(const struct host_metric *table, struct slice from)
{
	for (; table->from != NULL; table++)
		if (slice_eq_str(from, table->from))
			return table;
	return NULL;
}

bool
host_read(const struct host *h, const char *path, struct buf *out)
{
	struct err ignored = { 0 }; /* what is not there is not measured */
	int fd = openat(h->root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok;

	buf_reset(out);
	if (fd == -1)
		return false;
	ok = io_read_upto(fd, HOST_FILE_MAX, out, &ignored) == 0;
	close(fd);
	return ok;
}

struct slice
host_word(struct slice *line)
{
	struct slice word;

	while (line->n > 0 && (*line->p == ' ' || *line->p == '\t')) {
		line->p++;
		line->n--;
	}
	word = *line;
	while (line->n > 0 && *line->p != ' ' && *line->p != '\t') {
		line->p++;
		line->n--;
	}
	word.n -= line->n;
	return word;
}

void
host_component(struct slice name, char out[HOST_COMPONENT_SIZE])
{
	size_t n = 0;

	if (slice_eq_str(name, "/"))
		name = SLICE("root");
	else
		(void)slice_skip(&name, SLICE("/"));
	for (size_t i = 0; i < name.n && n < HOST_COMPONENT_SIZE - 1; i++) {
		char c = name.p[i];

		if (c == '/')
			c = '-';
		else if (!name_is_component((struct slice){ &c, 1 }) &&
		    c != '.' && c != '-')
			c = '_';
		/* no "..", and neither "." nor "-" in front */
		if ((c == '.' && (n == 0 || out[n - 1] == '.')) ||
		    (c == '-' && n == 0))
			c = '_';
		out[n++] = c;
	}
	if (n == 0)
		out[n++] = '_';
	out[n] = '\0';
}

static bool
matches(config_list globs, const char *name)
{
	for (; globs != NULL && *globs != NULL; globs++)
		if (fnmatch(*globs, name, 0) == 0)
			return true;
	return false;
}

bool
host_wanted(const struct host *h, const char *name, bool by_default)
{
	if (matches(h->exclude, name))
		return false;
	return by_default || matches(h->include, name);
}

static void
forget(struct host *h)
{
	for (size_t i = 0; i < h->n; i++)
		leaf_free(h->leaf[i]);
	h->n = 0;
}

void *
host_open_at(const struct config_collector *cc, const char *root, struct err *e)
{
	struct host *h;
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1) {
		err_sys(e, "open %s", root);
		return NULL;
	}
	h = mem_alloc(sizeof(*h));
	h->root = fd;
	h->include = cc->include;
	h->exclude = cc->exclude;
	return h;
}

static void *
host_open(const struct config_collector *cc, struct err *e)
{
	return host_open_at(cc, "/", e);
}

/* What the leaves hold, as readings, once the list does not grow any more. */
static void
list_readings(struct host *h)
{
	h->reading =
	    mem_resize(h->reading, h->n > 0 ? h->n : 1, sizeof(*h->reading));
	for (size_t i = 0; i < h->n; i++)
		h->reading[i] = (struct reading){ .path = h->leaf[i]->path,
			.value = h->leaf[i]->value,
			.param = h->leaf[i]->param };
}

/* Nothing here waits for a loop or a deadline. */
static int
host_run(void *self, const struct collector_run *r, struct err *e)
{
	struct host *h = self;
	struct collected c = { .complete = true };

	(void)e;
	forget(h);
	c.timestamp_s = (uint64_t)wall_s(clock_wall());
	host_system(h);
	host_network(h);
	host_disks(h);
	host_filesystems(h);
	host_sensors(h);
	list_readings(h);
	c.reading = h->reading;
	c.n = h->n;
	if (h->n == 0) {
		c.failed = true;
		c.problem = "nothing could be read from /proc";
	}
	r->done(r->arg, &c);
	return 0;
}

static void
host_close(void *self)
{
	struct host *h = self;

	if (h == NULL)
		return;
	forget(h);
	free(h->leaf);
	free(h->reading);
	close(h->root);
	free(h);
}

const struct collector_ops collector_host = {
	.type = "host",
	.open = host_open,
	.run = host_run,
	.close = host_close,
};
