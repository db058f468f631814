/*
 * The verb status; see status.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/command/json.h"
#include "common/command/status.h"

static void
print_json(const struct status *s, int64_t mail_fails_s)
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
	json_put_number(&b, "refused", true, (int64_t)s->refused);
	json_put_number(&b, "to_spoke_waiting", s->to_spoke_waiting >= 0,
	    s->to_spoke_waiting);
	json_put_number(&b, "mail_fails_since", mail_fails_s != 0,
	    mail_fails_s);
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

static void
print_head(void)
{
	(void)printf("%-16s %-5s %-5s %-13s %12s %10s %12s %8s  %s\n",
	    "ASSOCIATION", "VIA", "MODE", "STATE", "ACKED", "WAITING", "BYTES",
	    "LAG", "LAST DELIVERY");
}

static void
print_line(const struct status *s)
{
	char date[32], lag[24] = "-";

	if (s->lag_s >= 0)
		(void)snprintf(lag, sizeof(lag), "%" PRId64, s->lag_s);
	(void)printf("%-16s %-5s %-5s %-13s %12" PRIu64 " %10" PRIu64
		     " %12" PRIu64 " %8s  %s\n",
	    s->a->name, config_transport_name(s->a->transport),
	    config_mode_name(s->a->mode), s->state, s->acked,
	    s->waiting_messages, s->waiting_bytes, lag,
	    date_of(s->last_delivery_s, date, sizeof(date)));
}

int
status_look_at_all(const struct status_source *s, struct ground *g,
    status_each *each, void *arg, struct err *e)
{
	char *says = s->ask != NULL ? s->ask(g) : NULL;
	struct status_look l = { .ground = g, .says = says };
	const struct association *const *list = ground_list(g, e);
	struct notices *n = NULL;
	struct status found;
	int rc =
	    list == NULL ? -1 : notices_open(g->node.state_dir, NULL, &n, e);

	l.notices = n;
	if (rc == 0)
		each(arg, &l, NULL);
	for (; rc == 0 && *list != NULL; list++) {
		found = (struct status){ .a = *list };
		rc = s->look(&l, *list, &found, e);
		if (rc == 0)
			each(arg, &l, &found);
		else
			err_wrap(e, "association %s", (*list)->name);
	}
	notices_close(n);
	free(says);
	return rc;
}

/* What is told to nobody otherwise. */
static void
print_mail(const struct notices *n)
{
	const char *text = notice_text(n, "", NOTICE_MAIL);
	char date[32];

	if (text != NULL)
		(void)printf("%s, since %s\n", text,
		    date_of(notice_since_s(n, "", NOTICE_MAIL), date,
			sizeof(date)));
}

static void
print_one(void *arg, const struct status_look *l, const struct status *s)
{
	bool json = l->ground->options.json;

	(void)arg;
	if (s == NULL && !json)
		print_mail(l->notices);
	if (s == NULL && !json && l->ground->list[0] != NULL)
		print_head();
	else if (s != NULL && json)
		print_json(s, notice_since_s(l->notices, "", NOTICE_MAIL));
	else if (s != NULL)
		print_line(s);
}

int
status_command(const struct status_source *s, const struct options *opts,
    int argc, char **argv)
{
	struct ground g = ground_make(s->role, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, GROUND_READING, &e) == 0)
		rc = status_look_at_all(s, &g, print_one, NULL, &e);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
