/*
 * spoke messages: what was spooled.
 */
#include "config.h"

#include "common/base/log.h"
#include "common/command/messages.h"
#include "common/spool/outbox.h"
#include "common/spool/reader.h"
#include "spoke/commands/commands.h"

enum {
	MESSAGES_WAIT_MS = 5000 /* for the outbox, to have all of it sealed */
};

/* Where somebody else has the lock, what he writes now is left for the next
 * time. */
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

int
command_messages(const struct options *opts, int argc, char **argv)
{
	static const struct messages_verb spooled = { CONFIG_SPOKE,
		SPOOL_OUTBOX | SPOOL_SENT, seal };

	return messages_command(&spooled, opts, argc, argv);
}
