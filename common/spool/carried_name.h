/*
 * Names of the files that are carried: "<first>-<last>.msgs", with a codec's
 * suffix or without, the signature of each, with ".sig" behind it, and "ack",
 * which holds its own.
 */
#ifndef COMMON_SPOOL_CARRIED_NAME_H
#define COMMON_SPOOL_CARRIED_NAME_H

#include "common/codec/codec.h"
#include "common/spool/segment.h"

enum {
	CARRIED_NAME_SIZE = SEGMENT_NAME_SIZE + 16,
};

#define CARRIED_ACK "ack"

struct carried_name {
	struct segment_name segment;
	const struct codec_ops *codec; /* NULL: it is the acknowledgement */
	bool signature;
};

/* Letter by letter; false: it is none, or of a codec that is not in this
 * build. */
bool carried_name_parse(const char *name, struct carried_name *out);
const char *carried_name_text(const struct carried_name *n,
    char out[CARRIED_NAME_SIZE]);

#endif
