/*
 * A look at an outbox from outside; see peek.h.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/listing.h"
#include "common/spool/mark.h"
#include "common/spool/peek.h"
#include "common/spool/walk.h"

static int
read_mark(int outbox, struct peek *out, struct err *e)
{
	struct slots *s = NULL;
	struct mark m;

	if (slots_open(outbox, "mark", &s, e) == -1)
		return -1;
	if (mark_get(s, &m)) {
		out->stream = m.acked.stream;
		out->acked = m.acked.msgid;
		out->last = m.next > 0 ? m.next - 1 : 0;
	}
	slots_close(s);
	return 0;
}

/* The Timestamps of the first message of a segment from `from` on, and of the
 * first that is no CONFIG, where they are not known yet. */
static void
look_for_oldest(int fd, uint64_t from, struct peek *out)
{
	struct buf keep = { 0 };
	struct err ignored = { 0 }; /* its end, or damaged: it is not known */
	struct message m;

	while (out->measured_s == 0 &&
	    segment_find(fd, from++, &m, &keep, &ignored) >= 0) {
		if (out->oldest_s == 0)
			out->oldest_s = m.timestamp;
		if (m.type != MESSAGE_CONFIG)
			out->measured_s = m.timestamp;
	}
	buf_clear(&keep);
}

/* Behind what is damaged there may be good ones, which whoever opens the spool
 * saves: so something waits. */
static void
look_behind(int fd, struct segment_scan *scan)
{
	struct walk *w = walk_new();
	enum walk_found found;
	struct message m;
	struct err ignored; /* what cannot be read is none */

	walk_begin(w, fd, 0);
	while ((found = walk_next(w, &m, &ignored)) == WALK_MESSAGE ||
	    found == WALK_BAD)
		if (found == WALK_MESSAGE && m.msgid > scan->last)
			scan->last = m.msgid;
	walk_free(w);
}

static int
look_at(int outbox, const struct listed *l, struct peek *out, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];
	struct segment_scan scan = { .last = l->name.last };
	int fd = durable_open_file(outbox, segment_name_text(l->name, name), e);
	int rc = 0;

	if (fd == -1) {
		if (e->sys != ENOENT)
			return -1;
		err_clear(e); /* acknowledged or sealed meanwhile */
		return 0;
	}
	if (l->name.last == 0)
		rc = segment_scan(fd, &scan, e);
	if (rc == 0 && scan.damaged)
		look_behind(fd, &scan);
	if (rc == 0 && scan.last > out->acked) {
		out->waiting_bytes += listing_size(outbox, l->name);
		look_for_oldest(fd,
		    l->name.first > out->acked ? l->name.first : out->acked + 1,
		    out);
		if (scan.last > out->last)
			out->last = scan.last;
	}
	close(fd);
	return rc;
}

static int
look_at_segments(int outbox, struct peek *out, struct err *e)
{
	struct listing l = { 0 };
	int rc = listing_read(&l, outbox, 0, e);

	for (size_t i = 0; i < l.n && rc == 0; i++)
		if (l.at[i].name.last == 0 || l.at[i].name.last > out->acked)
			rc = look_at(outbox, &l.at[i], out, e);
	out->waiting_bytes += l.carried;
	listing_clear(&l);
	return rc;
}

static void
count_lost(int outbox, struct peek *out)
{
	struct ledger l = { 0 };
	struct err ignored = { 0 }; /* its owner moves it to quarantine */

	if (ledger_read(outbox, "lost", &l, &ignored) == -1)
		return;
	if (stream_eq(l.stream, out->stream)) {
		out->lost = ledger_count(&l, 1, UINT64_MAX);
		out->waiting_messages -=
		    ledger_count(&l, out->acked + 1, UINT64_MAX);
	}
	ledger_clear(&l);
}

/* Each has its reason beside it, in a file of its name and ".why". */
static int
count_quarantined(int association_dir, struct peek *out, struct err *e)
{
	int dir = durable_open_dir(association_dir, "quarantine", e);
	struct names l = { 0 };
	int rc;

	if (dir == -1)
		return -1;
	rc = durable_list(dir, &l, e);
	for (size_t i = 0; i < l.n; i++) {
		size_t n = strlen(l.name[i]);

		out->quarantined +=
		    n < 4 || strcmp(l.name[i] + n - 4, ".why") != 0;
	}
	names_free(&l);
	close(dir);
	return rc;
}

int
peek_outbox(int association_dir, struct peek *out, struct err *e)
{
	int outbox = durable_open_dir(association_dir, "outbox", e);
	int rc = -1;

	*out = (struct peek){ 0 };
	if (outbox == -1) {
		if (e->sys != ENOENT)
			return -1;
		err_clear(e);
		return 0;
	}
	if (read_mark(outbox, out, e) == 0 &&
	    look_at_segments(outbox, out, e) == 0) {
		out->waiting_messages = out->last - out->acked;
		count_lost(outbox, out);
		rc = count_quarantined(association_dir, out, e);
	}
	close(outbox);
	return rc;
}
