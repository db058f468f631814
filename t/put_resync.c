/*
 * put_resync ASSOCIATION-DIR GENERATION [MANY BYTES]: a RESYNC into an outbox, as a
 * hub would put it there; or so many, with so much that nobody reads in each.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/outbox.h"

static int
put_many(struct outbox *o, struct message *m, uint64_t many, struct err *e)
{
	for (uint64_t n = 0; n < many; n++)
		if (outbox_put(o, m, e) == -1)
			return -1;
	return outbox_commit(o, e) == 0 ? outbox_seal(o, e) : -1;
}

int
main(int argc, char *argv[])
{
	const struct outbox_opts opts = { .lock_wait_ms = 1000 };
	struct message m = { .type = MESSAGE_RESYNC, .timestamp = 1085528682 };
	struct outbox *o = NULL;
	struct buf body = { 0 };
	struct err e = { 0 };
	uint64_t many = 1, bytes = 0;
	int dir, rc = 1;

	if (argc != 3 &&
	    (argc != 5 || !slice_u64(slice_str(argv[3]), 100000, &many) ||
		!slice_u64(slice_str(argv[4]), 100000, &bytes)))
		return 64;
	message_put_line(&body, SLICE("generation"), slice_str(argv[2]));
	for (uint64_t n = 0; n + 70 < bytes; n += 70)
		(void)buf_printf(&body, "filler:%062d\n", 0);
	m.body = buf_slice(&body);
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir != -1 && outbox_open(dir, &opts, &o, &e) == 0 &&
	    put_many(o, &m, many, &e) == 0)
		rc = 0;
	else
		fprintf(stderr, "put_resync: %s\n", e.msg);
	outbox_close(o);
	buf_clear(&body);
	if (dir != -1)
		close(dir);
	return rc;
}
