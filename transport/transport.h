/*
 * Ways of moving a spool: one interface, a registry, a file for each.  A stream
 * transport gives two descriptors; whatever makes them (libssh2, a command)
 * runs in a child of its own, so the delivery sees plain bytes.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include <sys/types.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/config/config.h"

/* What a channel's child tells its parent as it goes, in memory of both. */
struct channel_shared {
	uint64_t wire; /* bytes so far, in both directions */
	/* The far end is being called: it cannot be heard, and whether it is
	 * silent is the transport's to judge. */
	bool opening;
};

/* What a listener sees of an association as it goes, in memory that it shares with
 * the sessions: who takes bytes of it counts them, and no other does. */
struct channel_meter {
	_Atomic uint64_t seen, taken;
};

/* Bytes, in both directions, that nobody had taken. */
uint64_t channel_meter_take(struct channel_meter *m);

struct channel {
	int read_fd, write_fd; /* may be one descriptor; non-blocking */
	pid_t child;           /* 0: none (stdin and stdout) */
	int report_fd;         /* the child's struct err, or -1 */
	/* Both NULL: the transport does not know what goes over the wire. */
	const volatile struct channel_shared *shared;
	struct channel_meter *meter; /* of who is called */
};

/* What a channel's child tells at its end through report_fd, as it lies in
 * memory: both are one program. */
struct channel_report {
	struct err err;
};

struct outbound_opts;
struct delivery_result;

/* In a child of ours, which sees this association and has given up all else:
 * carry bytes between `local`, which is non-blocking, and the far end until
 * both have ended, at most until the deadline. */
typedef int transport_carry(const struct association *a, struct mono deadline,
    int local, struct channel_shared *shared, struct err *e);

/* A stream is carried by a child or dialed; files are exchanged.  One of the
 * three, the others are NULL. */
/* The transport does not see what carries its stream. */
#define WIRE_UNKNOWN UINT64_MAX

struct transport_ops {
	const char *name;
	transport_carry *carry;
	/* As transport_dial. */
	int (*dial)(const struct association *a, struct mono deadline,
	    struct channel *out, struct err *e);
	/* Take what the far end, or the carried directory, has for us, and leave
	 * there what we have for it; of that the oldest are dropped until no
	 * more than keep bytes wait, once the far end's acknowledgement was
	 * heard.  -1 as delivery_run; r and *wire_bytes are filled in either
	 * case. */
	int (*exchange)(const struct outbound_opts *o, uint64_t keep,
	    struct delivery_result *r, uint64_t *wire_bytes, struct err *e);
	/* Can the files be read that the configuration names for who dials?
	 * NULL: there are none. */
	int (*check)(const struct association *a, struct err *e);
};

const struct transport_ops *transport_find(const char *name); /* or NULL */
/* Open a channel to the far end of a, by a transport of streams.  Returns at
 * once: that the far end is down, refuses us or is not the right one shows as
 * the end of the stream, and channel_close has the cause: ERR_TEMP with
 * ECONNABORTED where the far end says that too many came at once, so that another
 * try may get through, ERR_TEMP with ETIME where it is there and we gave it up, for
 * it was silent or too slow, ERR_DENIED with EKEYREJECTED where it has another key
 * than we know.  The child is cut at the deadline; ns 0: never. */
int transport_dial(const struct transport_ops *t, const struct association *a,
    struct mono deadline, struct channel *out, struct err *e);
/* This process's stdin and stdout, whose places /dev/null takes. */
int channel_stdio(struct channel *out, struct err *e);
/* Close, end and reap the child, which has 10 s to take its leave, or 1 s where
 * we were asked to end.  -1 with what it reported: the cause of an early end of the
 * stream, also that the far side ended with a status other than 0.  After 0 e->msg
 * has the last line of the far side's stderr, or nothing: rsh ends well whatever its
 * command did.  *wire_bytes (may be NULL): bytes on the wire in both directions, or
 * WIRE_UNKNOWN. */
int channel_close(struct channel *c, bool stopped, uint64_t *wire_bytes,
    struct err *e);
/* For transports: judge how a far side ended, by its exit status and its stderr, of
 * which the last line is shown.  -1 unless status is 0: the kind is that of one of
 * our own statuses, else `unknown`. */
int channel_far_end(int status, struct slice errs, enum err_kind unknown,
    struct err *e);
/* The last line, for a person: escaped, and cut. */
void channel_far_words(struct slice text, char *out, size_t size);

#endif
