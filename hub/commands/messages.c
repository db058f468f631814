/*
 * hubctl messages: what was received, as text that can be parsed again.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/spool/reader.h"
#include "hub/commands/commands.h"

struct range {
	uint64_t first, last;
};

static int
parse_range(const char *text, struct range *out, struct err *e)
{
	struct slice rest = slice_str(text), first;
	bool has_last = slice_cut(&rest, '-', &first);

	if (!has_last)
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

int
command_messages(const struct options *opts, int argc, char **argv)
{
	struct range want = { 1, LIMIT_MSGID };
	const struct association *a = NULL;
	struct spool_reader *r = NULL;
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct err e = { 0 };
	int dir = -1, rc = -1;

	if (ground_open(&g, &e) == 0)
		a = ground_operand(&g, 2, &e);
	if (a == NULL ||
	    (g.operands == 2 && parse_range(argv[2], &want, &e) == -1))
		goto out;
	dir = node_open_association(&g.node, a, &e);
	if (dir == -1)
		goto out;
	if (spool_reader_open(dir, SPOOL_INBOX | SPOOL_ARCHIVE, want.first, &r,
		&e) == 0)
		rc = print_all(r, &want, &e);
out:
	spool_reader_close(r);
	if (dir != -1)
		close(dir);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
