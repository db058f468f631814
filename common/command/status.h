/*
 * What `status` prints of an association, the same for both ends: a line of a
 * table, or with --json an object.
 */
#ifndef COMMON_COMMAND_STATUS_H
#define COMMON_COMMAND_STATUS_H

#include "common/config/config.h"
#include "common/message/message.h"

struct status {
	const struct association *a;
	char state[32];
	struct stream_id stream;
	uint64_t last, acked; /* MsgIDs; 0: none */
	uint64_t waiting_messages, waiting_bytes;
	uint64_t oldest_s; /* Timestamp of the oldest that waits; 0: none */
	int64_t lag_s;     /* -1: unknown */
	int64_t last_delivery_s;   /* epoch; 0: never */
	uint64_t wire_bytes_month; /* both directions, of this month */
	uint64_t gaps, quarantined;
};

/* To standard output. */
void status_print_head(void);
void status_print(const struct status *s);
void status_print_json(const struct status *s);

#endif
