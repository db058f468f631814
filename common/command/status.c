/*
 * What `status` prints; see status.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/command/json.h"
#include "common/command/status.h"

void
status_print_json(const struct status *s)
{
	char stream[STREAM_TEXT_SIZE];
	struct buf b = { 0 };

	/* no name of ours has a letter that JSON would want escaped */
	(void)buf_printf(&b,
	    "{\"association\":\"%s\",\"role\":\"%s\",\"mode\":\"%s\","
	    "\"transport\":\"%s\",\"state\":\"%s\",\"stream\":",
	    s->a->name, config_role_name(s->a->role),
	    config_mode_name(s->a->mode),
	    config_transport_name(s->a->transport), s->state);
	if (stream_is_zero(s->stream))
		(void)buf_put_str(&b, "null");
	else
		(void)buf_printf(&b, "\"%s\"", stream_text(s->stream, stream));
	json_put_number(&b, "last_msgid", s->last != 0, (int64_t)s->last);
	json_put_number(&b, "acked_msgid", s->acked != 0, (int64_t)s->acked);
	json_put_number(&b, "waiting_messages", true,
	    (int64_t)s->waiting_messages);
	json_put_number(&b, "waiting_bytes", true, (int64_t)s->waiting_bytes);
	json_put_number(&b, "oldest_s", s->oldest_s != 0, (int64_t)s->oldest_s);
	json_put_number(&b, "lag_s", s->lag_s >= 0, s->lag_s);
	json_put_number(&b, "last_delivery", s->last_delivery_s != 0,
	    s->last_delivery_s);
	json_put_number(&b, "wire_bytes_month", true,
	    (int64_t)s->wire_bytes_month);
	json_put_number(&b, "gaps", true, (int64_t)s->gaps);
	json_put_number(&b, "quarantined", true, (int64_t)s->quarantined);
	(void)buf_put_char(&b, '}');
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

void
status_print_head(void)
{
	(void)printf("%-16s %-5s %-5s %-10s %12s %10s %12s %8s  %s\n",
	    "ASSOCIATION", "VIA", "MODE", "STATE", "ACKED", "WAITING", "BYTES",
	    "LAG", "LAST DELIVERY");
}

void
status_print(const struct status *s)
{
	char date[32], lag[24] = "-";

	if (s->lag_s >= 0)
		(void)snprintf(lag, sizeof(lag), "%" PRId64, s->lag_s);
	(void)printf("%-16s %-5s %-5s %-10s %12" PRIu64 " %10" PRIu64
		     " %12" PRIu64 " %8s  %s\n",
	    s->a->name, config_transport_name(s->a->transport),
	    config_mode_name(s->a->mode), s->state, s->acked,
	    s->waiting_messages, s->waiting_bytes, lag,
	    date_of(s->last_delivery_s, date, sizeof(date)));
}
