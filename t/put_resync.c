/*
 * put_resync ASSOCIATION-DIR GENERATION: a RESYNC into an outbox, as a hub
 * would put it there.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/outbox.h"

int
main(int argc, char *argv[])
{
	const struct outbox_opts opts = { .lock_wait_ms = 1000 };
	struct message m = { .type = MESSAGE_RESYNC, .timestamp = 1085528682 };
	struct outbox *o = NULL;
	struct buf body = { 0 };
	struct err e = { 0 };
	int dir, rc = 1;

	if (argc != 3)
		return 64;
	message_put_line(&body, SLICE("generation"), slice_str(argv[2]));
	m.body = buf_slice(&body);
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir != -1 && outbox_open(dir, &opts, &o, &e) == 0 &&
	    outbox_put(o, &m, &e) == 0 && outbox_commit(o, &e) == 0 &&
	    outbox_seal(o, &e) == 0)
		rc = 0;
	else
		fprintf(stderr, "put_resync: %s\n", e.msg);
	outbox_close(o);
	buf_clear(&body);
	if (dir != -1)
		close(dir);
	return rc;
}
