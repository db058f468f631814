/*
 * The collector "exec": a command that prints lines of `path:value`, split at
 * the last colon; the path counts from the collector's subtree, with or without
 * a leading "/".  A bad line costs its leaf a U and a remark.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/proc.h"
#include "common/message/limits.h"
#include "common/message/names.h"
#include "spoke/collectors/collectors.h"

enum {
	EXEC_OUTPUT_MAX = 32 << 20,
	EXEC_COMPLAINTS = 20,    /* remarks on lines of one cycle */
	EXEC_REMARKS = 64 << 10, /* bytes, of these and standard error */
	EXEC_SHOWN = 200,        /* bytes of a bad line */
};

struct exec {
	const struct config_collector *cc;
	const char *param[3];
	struct reading *reading;
	size_t n, cap;
	unsigned bad;
	struct buf remarks;
	char problem[256];
	uint64_t timestamp_s;
	collector_done *done;
	void *arg;
};

static void *
exec_open(const struct config_collector *cc, struct err *e)
{
	struct exec *x;

	if (*cc->command == NULL) {
		err_set(e, ERR_CONFIG, "%s:%d: collector %s has no command",
		    cc->file, cc->line, cc->name);
		return NULL;
	}
	x = mem_alloc(sizeof(*x));
	x->cc = cc;
	buf_init(&x->remarks, EXEC_REMARKS);
	x->param[0] = "rrd-create-dstype";
	x->param[1] = cc->kind;
	return x;
}

static void
forget(struct exec *x)
{
	for (size_t i = 0; i < x->n; i++) {
		union {
			const char *lent;
			char *ours;
		} path = { .lent = x->reading[i].path },
		  value = { .lent = x->reading[i].value };

		free(path.ours);
		free(value.ours);
	}
	x->n = 0;
	x->bad = 0;
	buf_reset(&x->remarks);
}

static void
complain(struct exec *x, const char *what, struct slice line)
{
	char text[EXEC_SHOWN];

	if (x->bad++ < EXEC_COMPLAINTS)
		(void)buf_printf(&x->remarks, "%s collector=%s line=\"%s\"\n",
		    what, x->cc->name, log_escape(text, sizeof(text), line));
}

/* "a/b" as "/a/b", owned by the caller; false when it is no path. */
static bool
path_below_root(struct slice rest, char **out)
{
	char *full = mem_alloc(rest.n + 2);

	full[0] = '/';
	memcpy(full + 1, rest.p, rest.n);
	if (!name_is_path((struct slice){ full, rest.n + 1 })) {
		free(full);
		return false;
	}
	*out = full;
	return true;
}

static void
take_line(struct exec *x, struct slice line)
{
	struct slice path = line, value;
	char *full;

	while (path.n > 0 && path.p[path.n - 1] != ':')
		path.n--;
	if (path.n == 0) {
		complain(x, "no colon, line left out", line);
		return;
	}
	value = (struct slice){ line.p + path.n, line.n - path.n };
	path.n--;
	(void)slice_skip(&path, SLICE("/"));
	if (path.n > LIMIT_PATH || !path_below_root(path, &full)) {
		complain(x, "not a path, line left out", line);
		return;
	}
	if (!name_is_value(value)) {
		complain(x, "not a value, U taken", line);
		value = SLICE("U");
	}
	if (x->n == x->cap) {
		x->cap = x->cap > 0 ? 2 * x->cap : 64;
		x->reading =
		    mem_resize(x->reading, x->cap, sizeof(*x->reading));
	}
	x->reading[x->n++] = (struct reading){ .path = full,
		.value = slice_dup(value),
		.param = x->param };
}

static void
take_output(struct exec *x, struct slice out)
{
	struct slice line;

	while (slice_cut(&out, '\n', &line))
		take_line(x, line);
	if (out.n > 0) /* the last line without its LF is half a line */
		complain(x, "line without an end left out", out);
	if (x->bad > EXEC_COMPLAINTS)
		(void)buf_printf(&x->remarks,
		    "more bad lines collector=%s count=%u\n", x->cc->name,
		    x->bad - EXEC_COMPLAINTS);
}

static void
take_stderr(struct exec *x, struct slice errs)
{
	char text[EXEC_SHOWN * 2];
	struct slice line;

	while (errs.n > 0) {
		if (!slice_cut(&errs, '\n', &line)) {
			line = errs;
			errs.n = 0;
		}
		if (line.n > 0)
			(void)buf_printf(&x->remarks,
			    "collector=%s stderr=\"%s\"\n", x->cc->name,
			    log_escape(text, sizeof(text), line));
	}
}

static void
on_ended(void *arg, const struct proc_result *r)
{
	struct exec *x = arg;
	struct collected c = { .timestamp_s = x->timestamp_s };

	take_stderr(x, r->errs);
	if (r->exit_status != 0 || r->timed_out || r->overflowed) {
		proc_describe(r, x->problem, sizeof(x->problem));
		c.failed = true;
		c.problem = x->problem;
	} else {
		take_output(x, r->out);
	}
	c.reading = x->reading;
	c.n = x->n;
	c.remarks = buf_slice(&x->remarks);
	x->done(x->arg, &c);
}

static int
exec_run(void *self, const struct collector_run *r, struct err *e)
{
	struct exec *x = self;
	const struct proc_opts o = { .argv = x->cc->command,
		.output_max = EXEC_OUTPUT_MAX,
		.deadline_ms = r->deadline_ms };

	forget(x);
	x->done = r->done;
	x->arg = r->arg;
	x->timestamp_s = (uint64_t)wall_s(clock_wall());
	return proc_start(r->loop, &o, on_ended, x, e);
}

static void
exec_close(void *self)
{
	struct exec *x = self;

	if (x == NULL)
		return;
	forget(x);
	free(x->reading);
	buf_clear(&x->remarks);
	free(x);
}

const struct collector_ops collector_exec = {
	.type = "exec",
	.open = exec_open,
	.run = exec_run,
	.close = exec_close,
};
