/*
 * What a session asks of its shell.  Part of transport/session/session.c.
 */
#include "config.h"

#include <stdio.h>

#include "transport/session/session_impl.h"

/* What came: once, until the shell has done it. */
static bool
take_action(struct session *s, struct session_action *a)
{
	struct receiver *r = &s->receiver;

	if (s->told)
		return false;
	if (r->state == RECEIVER_TAKING) {
		*a = (struct session_action){ .kind = SESSION_TAKE,
			.bytes = buf_slice(&r->plain),
			.at = { r->batch.stream, r->batch.last,
			    r->batch.digest },
			.first = r->batch.first,
			.last = r->batch.last };
	} else if (r->state == RECEIVER_RECORDING) {
		*a = (struct session_action){ .kind = SESSION_RECORD,
			.at = { r->lost.stream, r->lost.last, 0 },
			.first = r->lost.first,
			.last = r->lost.last };
	} else {
		return false;
	}
	s->told = true;
	return true;
}

bool
session_awaits_shell(const struct session *s)
{
	return s->receiver.state == RECEIVER_SEEDING || s->sender.seed_due ||
	    s->receiver.state == RECEIVER_TAKING ||
	    s->receiver.state == RECEIVER_RECORDING ||
	    s->state == STATE_RENEWING || s->start_due || s->acked_due ||
	    s->seek_due != 0 || s->warning[0] != '\0';
}

bool
session_due_action(struct session *s, struct session_action *a)
{
	if (s->warning[0] != '\0') {
		a->kind = SESSION_WARN;
		(void)snprintf(a->err.msg, sizeof(a->err.msg), "%s",
		    s->warning);
		a->text = a->err.msg;
		s->warning[0] = '\0';
	} else if (s->renew_due) {
		a->kind = SESSION_RENEW;
		a->why = s->begins;
		s->renew_due = false;
	} else if (s->start_due) {
		a->kind = SESSION_START;
		a->at = s->sender.acked;
		s->start_due = false;
	} else if (s->acked_due) {
		a->kind = SESSION_ACKED;
		a->at = s->sender.acked;
		s->acked_due = false;
	} else if (s->seek_due != 0) {
		a->kind = SESSION_SEEK;
		a->first = s->seek_due;
		s->seek_due = 0;
	} else if (s->sender.seed_due) {
		a->kind = SESSION_SEED_OUT;
		a->at = sender_seed_place(&s->sender);
		a->seed = s->sender.codec->history;
	} else if (s->receiver.state == RECEIVER_SEEDING) {
		a->kind = SESSION_SEED_IN;
		a->at = s->receiver.in;
		a->seed = s->receiver.codec->history;
	} else {
		return take_action(s, a);
	}
	return true;
}

bool
session_send_action(const struct session *s, struct session_action *a)
{
	struct slice bytes = buf_slice(&s->out);

	bytes.n = session_write_most(s, bytes.n);
	if (bytes.n == 0)
		return false;
	a->kind = SESSION_SEND;
	a->bytes = bytes;
	return true;
}
