/*
 * An association as it stands; see view.h.
 */
#include "config.h"

#include "hub/commands/view.h"
#include "hub/silence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/spool/cursor.h"
#include "common/spool/ledger.h"
#include "common/spool/listing.h"
#include "common/spool/peek.h"
#include "hub/control.h"
#include "transport/delivery/outcome.h"
#include "transport/delivery/wire.h"

static char *
ask_hubd(const struct ground *g)
{
	const char *const word[] = { "status", NULL };
	struct buf reply = { 0 };
	struct err ignored; /* then none runs, or it is stuck */
	int status = 0;

	if (control_ask(g->config->node.run, word, CONTROL_LOOK_S, &reply,
		&status, &ignored) == -1 ||
	    status != 0) {
		buf_clear(&reply);
		return NULL;
	}
	if (reply.p == NULL)
		(void)buf_put_str(&reply, "");
	return buf_steal(&reply);
}

struct view {
	struct status *s;
	struct spool_point cursor; /* ingested */
	uint64_t newest_s;         /* Timestamp of the newest message, or 0 */
};

/* Its line is "<association> <state> ...". */
static bool
find_word(const char *hubd_says, const char *association, struct slice *state)
{
	struct slice rest = slice_str(hubd_says), line, name;

	while (slice_cut(&rest, '\n', &line))
		if (slice_cut(&line, ' ', &name) &&
		    slice_eq_str(name, association) &&
		    slice_cut(&line, ' ', state))
			return true;
	return false;
}

/* An association that stopped has its reason raised. */
static bool
is_at_work(struct slice state)
{
	return slice_eq_str(state, "settling") ||
	    slice_eq_str(state, "draining") || slice_eq_str(state, "compiling");
}

static void
set_state(struct status *s, const struct status_look *l)
{
	static const char *const raised[] = { "fork", OUTCOME_FORK_TO_HUB,
		"stream", "config", OUTCOME_FORK_TO_SPOKE, "ingest", "leftover",
		"gap", "damage", "refused", "data", "leaf", OUTCOME_FAILED,
		SILENCE_KEY, OUTCOME_LOST, OUTCOME_DAMAGED, "clock",
		"budget-spent" };
	struct slice state = SLICE("ok"), word;

	if (l->says == NULL) { /* it may compile, or hang */
		state = lock_is_held(l->ground->node.state_dir, NODE_HUB_LOCK)
		    ? SLICE("busy")
		    : SLICE("down");
	} else if (find_word(l->says, s->a->name, &word) &&
	    !slice_eq_str(word, "stable")) {
		state = word;
		s->trouble = !is_at_work(word);
	}
	for (size_t i = 0; i < sizeof(raised) / sizeof(raised[0]); i++)
		if (notice_is_raised(l->notices, s->a->name, raised[i])) {
			state = slice_str(raised[i]);
			s->trouble = true;
			break;
		}
	(void)snprintf(s->state, sizeof(s->state), "%.*s", (int)state.n,
	    state.p);
}

/* Of the last one, the time of a measurement: a CONFIG's is that of a change. */
static void
peek_time(int dir, struct segment_name s, bool last, uint64_t *time)
{
	struct buf keep = { 0 };
	struct err ignored; /* a damaged one does not tell */
	struct message m;

	if ((last ? segment_peek_last(dir, s, &m, &keep, &ignored)
		  : segment_peek_first(dir, s, &m, &keep, &ignored)) == 0 &&
	    !(last && m.type == MESSAGE_CONFIG))
		*time = m.timestamp;
	buf_clear(&keep);
}

static void
look_at_newest(struct view *v, int dir, struct segment_name s)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	peek_time(dir, s, true, &v->newest_s);
	if (fstatat(dir, segment_name_text(s, name), &st,
		AT_SYMLINK_NOFOLLOW) == 0)
		v->s->last_delivery_s = st.st_mtim.tv_sec;
}

static void
count_inbox(struct view *v, int dir, const struct listing *l,
    const struct ledger *lost)
{
	v->s->last = v->s->acked = v->cursor.msgid;
	for (size_t i = 0; i < l->n; i++) {
		struct segment_name s = l->at[i].name;
		uint64_t next = ledger_skip(lost, v->s->last + 1);

		if (s.last == 0 || s.last <= v->cursor.msgid)
			continue;
		if (s.first > next + 1)
			v->s->gaps++;
		else if (v->s->gaps == 0)
			v->s->acked = s.last;
		if (v->s->waiting_messages == 0)
			peek_time(dir, s, false, &v->s->oldest_s);
		v->s->waiting_messages +=
		    s.last - (s.first > v->s->last ? s.first - 1 : v->s->last);
		v->s->waiting_bytes += listing_size(dir, s);
		v->s->last = s.last;
	}
}

static int
look_at_inbox(struct view *v, int dir, const struct cursor_place *place,
    struct err *e)
{
	struct listing l = { 0 };
	struct ledger lost = { 0 };
	struct err ignored; /* without these there is less to tell */
	int inbox = durable_open_dir(dir, "inbox", e);
	int rc = inbox == -1 ? -1 : listing_read(&l, inbox, 0, e);

	(void)ledger_read(dir, "ledger", &lost, &ignored);
	/* behind the listing: what is not in it any more is ingested */
	(void)cursor_find(place, &v->cursor, &ignored);
	v->s->stream = v->cursor.stream;
	if (rc == 0) {
		count_inbox(v, inbox, &l, &lost);
		if (v->s->waiting_messages > 0)
			look_at_newest(v, inbox, l.at[l.n - 1].name);
	}
	ledger_clear(&lost);
	listing_clear(&l);
	if (inbox != -1)
		close(inbox);
	return rc;
}

static int
look_at_archive(struct view *v, int dir, struct err *e)
{
	struct listing l = { 0 };
	int archive = durable_open_dir(dir, "archive", e);
	int rc = archive == -1 ? -1 : listing_read(&l, archive, 0, e);

	if (rc == 0 && l.n > 0 && v->s->last_delivery_s == 0)
		look_at_newest(v, archive, l.at[l.n - 1].name);
	listing_clear(&l);
	if (archive != -1)
		close(archive);
	return rc;
}

/* Files in quarantine/, without those that say why. */
static int
count_quarantine(struct view *v, int dir, struct err *e)
{
	struct names names = { .n = 0 };
	int q = durable_open_dir(dir, "quarantine", e);
	int rc = q == -1 ? -1 : durable_list(q, &names, e);

	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		size_t n = strlen(names.name[i]);

		if (n < 4 || strcmp(names.name[i] + n - 4, ".why") != 0)
			v->s->quarantined++;
	}
	names_free(&names);
	if (q != -1)
		close(q);
	return rc;
}

static void
find_lag(struct view *v)
{
	int64_t lag_s = wall_s(clock_wall()) - (int64_t)v->newest_s;

	/* a clock that is wrong tells no age */
	if (v->newest_s >= PLAUSIBLE_FROM_S && lag_s >= -PLAUSIBLE_AHEAD_S)
		v->s->lag_s = lag_s > 0 ? lag_s : 0;
}

/* What the spoke does not have yet, as far as we know. */
static void
look_at_outbox(struct view *v, int dir)
{
	struct err ignored; /* then it is not known */
	struct peek p;

	v->s->to_spoke_waiting = peek_outbox(dir, &p, &ignored) == 0
	    ? (int64_t)p.waiting_messages
	    : -1;
}

static int
look(const struct status_look *l, const struct association *a,
    struct status *out, struct err *e)
{
	const struct node *node = &l->ground->node;
	struct cursor_place place = { .state_dir = node->state_dir,
		.association = a->name };
	struct view v = { .s = out };
	struct wire wire;
	int rc = -1, dir = node_open_association(node, a, e);

	if (dir == -1)
		return -1;
	out->lag_s = -1;
	place.association_dir = dir;
	if (look_at_inbox(&v, dir, &place, e) == 0 &&
	    look_at_archive(&v, dir, e) == 0 &&
	    count_quarantine(&v, dir, e) == 0 &&
	    wire_read(node->state_dir, a->name, &wire, e) == 0) {
		out->wire_bytes_month = wire_of_month(&wire, clock_wall());
		out->refused = wire.refused;
		out->gaps += wire.lost;
		rc = 0;
	}
	look_at_outbox(&v, dir);
	find_lag(&v);
	set_state(out, l);
	close(dir);
	return rc;
}

const struct status_source view_source = { .role = CONFIG_HUB,
	.ask = ask_hubd,
	.look = look };
