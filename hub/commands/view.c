/*
 * An association as it stands; see view.h.
 */
#include "config.h"

#include "hub/commands/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/ledger.h"
#include "common/spool/listing.h"
#include "hub/control.h"
#include "transport/delivery/wire.h"

char *
view_ask_hubd(const struct ground *g)
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

/* Its line is "<association> <state> ...". */
static void
state_of(struct view *v, const struct notices *n, const char *hubd_says)
{
	static const char *const raised[] = { "fork", "stream", "config",
		"ingest", "gap", "damage", "refused", "data", "delivery",
		"clock", "budget-spent" };
	struct slice rest = slice_str(hubd_says == NULL ? "" : hubd_says), line,
		     name, state;

	(void)snprintf(v->s.state, sizeof(v->s.state), "%s",
	    hubd_says == NULL ? "down" : "ok");
	for (size_t i = 0; i < sizeof(raised) / sizeof(raised[0]); i++) {
		if (notice_is_raised(n, v->s.a->name, raised[i])) {
			(void)snprintf(v->s.state, sizeof(v->s.state), "%s",
			    raised[i]);
			return;
		}
	}
	while (slice_cut(&rest, '\n', &line))
		if (slice_cut(&line, ' ', &name) &&
		    slice_eq_str(name, v->s.a->name) &&
		    slice_cut(&line, ' ', &state) &&
		    !slice_eq_str(state, "stable"))
			(void)snprintf(v->s.state, sizeof(v->s.state), "%.*s",
			    (int)state.n, state.p);
}

static void
peek(int dir, struct segment_name s, bool last, uint64_t *time)
{
	struct buf keep = { 0 };
	struct err ignored; /* a damaged one does not tell */
	struct message m;

	if ((last ? segment_peek_last(dir, s, &m, &keep, &ignored)
		  : segment_peek_first(dir, s, &m, &keep, &ignored)) == 0)
		*time = m.timestamp;
	buf_clear(&keep);
}

static void
look_at_newest(struct view *v, int dir, struct segment_name s)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	peek(dir, s, true, &v->newest_s);
	if (fstatat(dir, segment_name_text(s, name), &st,
		AT_SYMLINK_NOFOLLOW) == 0)
		v->s.last_delivery_s = st.st_mtim.tv_sec;
}

static void
count_inbox(struct view *v, int dir, const struct listing *l,
    const struct ledger *lost)
{
	v->s.last = v->s.acked = v->cursor.msgid;
	for (size_t i = 0; i < l->n; i++) {
		struct segment_name s = l->at[i].name;
		uint64_t next = ledger_skip(lost, v->s.last + 1);

		if (s.last == 0 || s.last <= v->cursor.msgid)
			continue;
		if (s.first > next + 1)
			v->s.gaps++;
		else if (v->s.gaps == 0)
			v->s.acked = s.last;
		if (v->s.waiting_messages == 0)
			peek(dir, s, false, &v->s.oldest_s);
		v->s.waiting_messages +=
		    s.last - (s.first > v->s.last ? s.first - 1 : v->s.last);
		v->s.waiting_bytes += listing_size(dir, s);
		v->s.last = s.last;
	}
}

static int
look_at_inbox(struct view *v, int dir, struct err *e)
{
	struct listing l = { 0 };
	struct ledger lost = { 0 };
	struct err ignored; /* without it there are only more gaps */
	int inbox = durable_open_dir(dir, "inbox", e);
	int rc = inbox == -1 ? -1 : listing_read(&l, inbox, 0, e);

	(void)ledger_read(dir, "ledger", &lost, &ignored);
	if (rc == 0) {
		count_inbox(v, inbox, &l, &lost);
		if (v->s.waiting_messages > 0)
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

	if (rc == 0 && l.n > 0 && v->s.last_delivery_s == 0)
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
			v->s.quarantined++;
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
		v->s.lag_s = lag_s > 0 ? lag_s : 0;
}

int
view_look(const struct ground *g, const struct notices *n,
    const char *hubd_says, const struct association *a, struct view *out,
    struct err *e)
{
	struct cursor_place place = { .state_dir = g->node.state_dir,
		.association = a->name };
	struct err ignored; /* without a cursor there is nothing to tell */
	struct wire wire;
	int rc = -1, dir = node_open_association(&g->node, a, e);

	if (dir == -1)
		return -1;
	*out = (struct view){ .s = { .a = a, .lag_s = -1 } };
	place.association_dir = dir;
	(void)cursor_find(&place, &out->cursor, &ignored);
	out->s.stream = out->cursor.stream;
	if (look_at_inbox(out, dir, e) == 0 &&
	    look_at_archive(out, dir, e) == 0 &&
	    count_quarantine(out, dir, e) == 0 &&
	    wire_read(g->node.state_dir, a->name, &wire, e) == 0) {
		out->s.wire_bytes_month = wire_of_month(&wire, clock_wall());
		rc = 0;
	}
	find_lag(out);
	state_of(out, n, hubd_says);
	close(dir);
	return rc == 0 ? 0 : err_wrap(e, "association %s", a->name);
}
