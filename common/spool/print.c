/*
 * Messages of a spool for people; see print.h.
 */
#include "config.h"

#include "common/spool/print.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"

int
print_range_parse(const char *text, struct print_range *out, struct err *e)
{
	struct slice rest, first;

	*out = (struct print_range){ 1, LIMIT_MSGID };
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

int
print_messages(struct spool_reader *r, const struct print_range *want,
    struct err *e)
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
