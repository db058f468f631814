/*
 * The verb messages; see messages.h.
 */
#include "config.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/command/messages.h"
#include "common/spool/outbox.h"
#include "common/spool/reader.h"

enum {
	MESSAGES_WAIT_MS = 5000 /* for the outbox, to have all of it sealed */
};

struct range {
	uint64_t first, last; /* MsgIDs */
};

/* "FROM" or "FROM-TO"; NULL: all. */
static int
parse_range(const char *text, struct range *out, struct err *e)
{
	struct slice rest, first;

	*out = (struct range){ 1, LIMIT_MSGID };
	if (text == NULL)
		return 0;
	rest = slice_str(text);
	if (!slice_cut(&rest, '-', &first))
		first = rest;
	if (!slice_u64(first, LIMIT_MSGID, &out->first) || out->first == 0 ||
	    !slice_u64(rest, LIMIT_MSGID, &out->last) || out->last < out->first)
		return err_set(e, ERR_USAGE, "%s: not FROM or FROM-TO", text);
	return 0;
}

static int
print_all(struct spool_reader *r, const struct range *want, struct err *e)
{
	uint64_t bad = 0;
	struct message m;

	for (;;) {
		switch (spool_reader_next(r, &m, e)) {
		case SPOOL_READ_MESSAGE:
			if (m.msgid > want->last)
				return 0;
			if (io_write_full(STDOUT_FILENO, m.raw, e) == -1)
				return err_wrap(e, "standard output");
			break;
		case SPOOL_READ_GAP:
			break;
		case SPOOL_READ_BAD:
			log_err("damaged message=%" PRIu64 ": %s", m.msgid,
			    e->msg);
			bad++;
			break;
		case SPOOL_READ_END:
			if (bad == 0)
				return 0;
			return err_set(e, ERR_INPUT,
			    "%" PRIu64 " damaged messages left out", bad);
		case SPOOL_READ_FAILED:
			return -1;
		}
	}
}

/* Readers see what is sealed.  Where somebody else has the lock, what he writes
 * now is left for the next time. */
static void
seal(int dir)
{
	const struct outbox_opts opts = { .lock_wait_ms = MESSAGES_WAIT_MS };
	struct outbox *o = NULL;
	struct err e = { 0 };

	if (outbox_open(dir, &opts, &o, &e) == -1 || outbox_seal(o, &e) == -1)
		log_warn("the newest messages may be missing: %s", e.msg);
	outbox_close(o);
}

/* ours: those that this end writes. */
static int
print(const struct ground *g, const struct association *a, bool ours,
    const struct range *want, struct err *e)
{
	unsigned dirs =
	    ours ? SPOOL_OUTBOX | SPOOL_SENT : SPOOL_INBOX | SPOOL_ARCHIVE;
	struct spool_reader *r = NULL;
	int dir = node_open_association(&g->node, a, e), rc = -1;

	if (dir == -1)
		return -1;
	if (ours)
		seal(dir);
	if (spool_reader_open(dir, dirs, want->first, &r, e) == 0)
		rc = print_all(r, want, e);
	spool_reader_close(r);
	close(dir);
	return rc;
}

int
messages_command(enum config_role role, const struct options *opts, int argc,
    char **argv)
{
	const char *to_spoke = NULL;
	const struct options_flag flags[] = {
		{ "to-spoke", 0, false, &to_spoke },
		{ 0 },
	};
	const struct association *a = NULL;
	struct ground g = ground_make(role, opts, argc, argv);
	struct range want;
	struct err e = { 0 };
	int rc = -1;

	g.flags = flags;
	if (ground_open(&g, GROUND_READING, &e) == 0)
		a = ground_operand(&g, 2, &e);
	if (a != NULL &&
	    parse_range(g.operands == 2 ? argv[2] : NULL, &want, &e) == 0)
		rc = print(&g, a, (role == CONFIG_HUB) == (to_spoke != NULL),
		    &want, &e);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
