/*
 * spoke status: what waits and what was delivered, a line an association.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "spoke/commands/view.h"

/* A number, or null where 0 stands for "none". */
static void
put_or_null(struct buf *b, const char *name, uint64_t v)
{
	buf_printf(b, ",\"%s\":", name);
	if (v == 0)
		buf_put_str(b, "null");
	else
		buf_put_u64(b, v);
}

static void
print_json(const struct view *v)
{
	char stream[STREAM_TEXT_SIZE];
	struct buf b = { 0 };

	/* no name of ours has a letter that JSON would want escaped */
	buf_printf(&b,
	    "{\"association\":\"%s\",\"role\":\"%s\",\"mode\":\"%s\","
	    "\"transport\":\"%s\",\"state\":\"%s\",\"stream\":",
	    v->a->name, config_role_name(v->a->role),
	    config_mode_name(v->a->mode),
	    config_transport_name(v->a->transport), v->state);
	if (stream_is_zero(v->peek.stream))
		buf_put_str(&b, "null");
	else
		buf_printf(&b, "\"%s\"", stream_text(v->peek.stream, stream));
	put_or_null(&b, "last_msgid", v->peek.last);
	put_or_null(&b, "acked_msgid", v->peek.acked);
	buf_printf(&b,
	    ",\"waiting_messages\":%" PRIu64 ",\"waiting_bytes\":%" PRIu64,
	    v->peek.waiting_messages, v->peek.waiting_bytes);
	put_or_null(&b, "oldest_s", v->peek.oldest_s);
	buf_printf(&b, ",\"lag_s\":%" PRId64, v->lag_s);
	put_or_null(&b, "last_delivery", (uint64_t)v->wire.last_s);
	buf_printf(&b,
	    ",\"wire_bytes_month\":%" PRIu64 ",\"gaps\":%" PRIu64
	    ",\"quarantined\":%" PRIu64 "}",
	    v->wire_bytes_month, v->peek.lost, v->peek.quarantined);
	(void)puts(b.p);
	buf_clear(&b);
}

static const char *
date_of(int64_t epoch_s, char *out, size_t size)
{
	time_t s = (time_t)epoch_s;
	struct tm tm;

	if (epoch_s == 0 || gmtime_r(&s, &tm) == NULL ||
	    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, size, "never");
	return out;
}

static void
print_text(const struct view *v)
{
	char date[32];

	(void)printf("%-16s %-5s %-5s %-10s %10" PRIu64 " %12" PRIu64
		     " %8" PRId64 "  %s\n",
	    v->a->name, config_transport_name(v->a->transport),
	    config_mode_name(v->a->mode), v->state, v->peek.waiting_messages,
	    v->peek.waiting_bytes, v->lag_s,
	    date_of(v->wire.last_s, date, sizeof(date)));
}

int
command_status(const struct options *opts, int argc, char **argv)
{
	const struct association *const *list = NULL;
	struct notices *n = NULL;
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, GROUND_READING, &e) == -1 ||
	    notices_open(g.node.state_dir, NULL, &n, &e) == -1)
		goto out;
	list = ground_list(&g, &e);
	if (list == NULL)
		goto out;
	rc = 0;
	if (!g.options.json && *list != NULL)
		(void)printf("%-16s %-5s %-5s %-10s %10s %12s %8s  %s\n",
		    "ASSOCIATION", "VIA", "MODE", "STATE", "WAITING", "BYTES",
		    "LAG", "LAST DELIVERY");
	for (; *list != NULL && rc == 0; list++) {
		struct view v;

		rc = view_look(&g, n, *list, &v, &e);
		if (rc == 0 && g.options.json)
			print_json(&v);
		else if (rc == 0)
			print_text(&v);
	}
out:
	notices_close(n);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
