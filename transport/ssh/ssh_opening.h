/*
 * What a server does before it has let us in: the line that says which protocol it
 * speaks, how long its first packet is, and its pace.  Does no I/O.
 */
#ifndef TRANSPORT_SSH_SSH_OPENING_H
#define TRANSPORT_SSH_SSH_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"

enum {
	SSH_SILENCE_MS = 30000,
	SSH_PROGRESS_MIN = 100, /* bytes in that time, or it is too slow */
	SSH_LOGIN_MS = 120000,  /* in all; it is sshd's LoginGraceTime, too */
	SSH_OPENING_LINE = 24,  /* of a line, so much is looked at */
	SSH_LENGTH_BYTES = 4,
	SSH_PACKET_MOST = 40000, /* libssh2 takes no longer one */
};

/* All zero at first. */
struct ssh_opening {
	char first[SSH_OPENING_LINE]; /* its first bytes */
	uint64_t received;            /* bytes, all */
	char line[SSH_OPENING_LINE];  /* the one that comes, its beginning */
	size_t line_n;
	bool told;  /* its version came */
	bool other; /* it is not ours: ssh_opening_version() */
	/* of the packet behind that line, as far as they came */
	uint32_t length;
	unsigned length_n;
};

/* More that it said. */
void ssh_opening_heard(struct ssh_opening *o, struct slice bytes);
/* What it says to speak: digits and dots, or whatever stands there. */
struct slice ssh_opening_version(const struct ssh_opening *o);
/* Its first packet has a length that none has. */
bool ssh_opening_is_too_long(const struct ssh_opening *o);
/* OpenSSH has no place for us: MaxStartups. */
bool ssh_opening_is_turned_away(const struct ssh_opening *o);

/* A step of libssh2 that takes longer than SSH_SILENCE_MS is given up by it, but
 * not forgotten.  Where many log in at once each of them is slow, and all would
 * give up together, nearly done: so it is the far end's silence that counts. */
struct ssh_patience {
	struct mono begun;
	uint64_t received; /* when it was looked at last */
};
enum ssh_pace {
	SSH_GOES_ON, /* begin the step again */
	SSH_SILENT,
	SSH_SLOW,
	SSH_LATE, /* SSH_LOGIN_MS have passed */
};
/* Such a step was given up. */
enum ssh_pace ssh_patience_ask(struct ssh_patience *p, uint64_t received,
    struct mono now);

#endif
