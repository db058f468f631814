/*
 * What the parts of a look at carried files share: carry.c opens, takes and tells
 * its parent, carry_hear.c hears what the other end says, carry_say.c makes ready
 * what is to go.
 */
#ifndef TRANSPORT_CARRIED_CARRY_IMPL_H
#define TRANSPORT_CARRIED_CARRY_IMPL_H

#include "common/spool/inbox.h"
#include "common/spool/outbox.h"
#include "transport/carried/carried_ack.h"
#include "transport/carried/carry.h"
#include "transport/carried/signature.h"
#include "transport/carried/staging.h"

struct carry {
	const struct carry_opts *o;
	struct delivery_result *r;
	struct signature_keys keys;
	int top, lock, outbox_dir;
	int in_dir, out_dir; /* what comes lies there, what goes is put there */
	struct inbox *in;
	struct staging *staging;
	bool heard; /* ack is the other end's */
	struct carried_ack ack;
	uint64_t after; /* what goes begins behind it */
};

/* The directories are of a carried one, and not below our own. */
bool carry_is_foreign(const struct carry *c);
/* Its acknowledgement, if any, is in c->ack then, and what it says is done. */
int carry_hear(struct carry *c, struct err *e);
/* What is to go lies there then, and our acknowledgement behind it. */
int carry_answer(struct carry *c, struct err *e);

#endif
