/*
 * The progress of a delivery; see progress.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/spool/peek.h"
#include "transport/commands/progress.h"

enum {
	QUIET_MS = 1000, /* work that is shorter shows nothing */
	BAR = 24,
};

void
progress_begin(struct progress *p, const struct ground *g,
    const struct association *a)
{
	struct peek peek = { .last = 0 };
	struct err ignored; /* then there is no bar, just numbers */
	int dir;

	*p = (struct progress){ .association = a->name, .begun = clock_mono() };
	if (g->options.quiet || isatty(STDERR_FILENO) != 1)
		return;
	p->ground = g;
	dir = node_open_association(&g->node, a, &ignored);
	if (dir != -1 && a->role == CONFIG_SPOKE &&
	    peek_outbox(dir, &peek, &ignored) == 0) {
		p->acked = peek.acked;
		p->total = peek.waiting_messages;
	}
	if (dir != -1)
		close(dir);
}

/* "[######......] 120/240 messages"; the numbers alone where the end of it is not
 * known, or is another one now that the stream began anew. */
static void
put_bar(const struct progress *p, const struct delivery_sofar *now,
    struct buf *out)
{
	uint64_t done = now->acked > p->acked ? now->acked - p->acked : 0;
	size_t full;

	if (p->total == 0 || done > p->total || now->counts.sent > p->total) {
		buf_printf(out, "%" PRIu64 " messages",
		    now->counts.sent + now->counts.taken);
		return;
	}
	full = (size_t)(done * BAR / p->total);
	buf_put_char(out, '[');
	for (size_t i = 0; i < BAR; i++)
		buf_put_char(out, i < full ? '#' : '.');
	buf_printf(out, "] %" PRIu64 "/%" PRIu64 " messages", done, p->total);
}

static void
wipe(struct progress *p)
{
	if (p->shown)
		(void)fputs("\r\033[K", stderr);
	p->shown = false;
}

static void
show(void *arg, const struct delivery_sofar *now)
{
	struct progress *p = arg;
	struct buf line = { .limit = 0 };

	if (now == NULL) {
		wipe(p);
		return;
	}
	if (mono_ms_since(clock_mono(), p->begun) < QUIET_MS)
		return;
	buf_printf(&line, "\r%s: %s ", p->ground->options.program,
	    p->association);
	put_bar(p, now, &line);
	buf_printf(&line, "  %" PRIu64 " KiB\033[K", now->bytes / 1024);
	(void)fwrite(line.p, 1, line.n, stderr);
	(void)fflush(stderr);
	buf_clear(&line);
	p->shown = true;
}

struct delivery_show
progress_show(struct progress *p)
{
	return (struct delivery_show){ p->ground != NULL ? show : NULL, p };
}
