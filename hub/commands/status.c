/*
 * hubctl status: what was received and ingested, a line an association.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hub/commands/json.h"
#include "hub/commands/view.h"

static bool
lag_of(const struct view *v, int64_t *lag_s)
{
	int64_t now_s = wall_s(clock_wall());

	*lag_s = now_s - (int64_t)v->newest_s;
	if (*lag_s < 0)
		*lag_s = 0;
	return v->newest_s != 0;
}

static void
print_json(const struct view *v)
{
	const struct association *a = v->a;
	char stream[STREAM_TEXT_SIZE];
	struct buf b = { 0 };
	int64_t lag_s;
	bool has_lag = lag_of(v, &lag_s);

	(void)buf_printf(&b,
	    "{\"association\":\"%s\",\"role\":\"%s\",\"mode\":\"%s\","
	    "\"transport\":\"%s\",\"state\":\"%s\",\"stream\":",
	    a->name, config_role_name(a->role), config_mode_name(a->mode),
	    config_transport_name(a->transport), v->state);
	if (stream_is_zero(v->cursor.stream))
		(void)buf_put_str(&b, "null");
	else
		(void)buf_printf(&b, "\"%s\"",
		    stream_text(v->cursor.stream, stream));
	json_put_number(&b, "last_msgid", v->last != 0, (int64_t)v->last);
	json_put_number(&b, "acked_msgid", v->durable != 0,
	    (int64_t)v->durable);
	json_put_number(&b, "waiting_messages", true,
	    (int64_t)v->waiting_messages);
	json_put_number(&b, "waiting_bytes", true, (int64_t)v->waiting_bytes);
	json_put_number(&b, "oldest_s", v->oldest_s != 0, (int64_t)v->oldest_s);
	json_put_number(&b, "lag_s", has_lag, lag_s);
	json_put_number(&b, "last_delivery", v->last_delivery != 0,
	    v->last_delivery);
	json_put_number(&b, "wire_bytes_month", false, 0);
	json_put_number(&b, "gaps", true, (int64_t)v->gaps);
	json_put_number(&b, "quarantined", true, (int64_t)v->quarantined);
	(void)buf_put_char(&b, '}');
	puts(b.p);
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
	char date[32], lag[24] = "-";
	int64_t lag_s;

	if (lag_of(v, &lag_s))
		(void)snprintf(lag, sizeof(lag), "%" PRId64, lag_s);
	printf("%-16s %-5s %-5s %-12s %12" PRIu64 " %12" PRIu64 " %8s  %s\n",
	    v->a->name, config_transport_name(v->a->transport),
	    config_mode_name(v->a->mode), v->state, v->cursor.msgid,
	    v->waiting_messages, lag,
	    date_of(v->last_delivery, date, sizeof(date)));
}

static int
print_all(const struct ground *g, struct err *e)
{
	char *hubd_says = view_ask_hubd(g);
	const struct association *a;
	struct notices *n = NULL;
	size_t at = 0;
	struct view v;
	int rc = notices_open(g->node.state_dir, NULL, &n, e);

	if (rc == 0 && !g->options.json)
		printf("%-16s %-5s %-5s %-12s %12s %12s %8s  %s\n",
		    "ASSOCIATION", "VIA", "MODE", "STATE", "INGESTED",
		    "WAITING", "LAG", "LAST DELIVERY");
	while (rc == 0 && (a = ground_next(g, &at, e)) != NULL) {
		rc = view_look(g, n, hubd_says, a, &v, e);
		if (rc == 0 && g->options.json)
			print_json(&v);
		else if (rc == 0)
			print_text(&v);
	}
	notices_close(n);
	free(hubd_says);
	return e->kind == ERR_NONE ? rc : -1;
}

int
command_status(const struct options *opts, int argc, char **argv)
{
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, &e) == 0)
		rc = print_all(&g, &e);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
