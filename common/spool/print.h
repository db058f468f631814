/*
 * Messages of a spool for people: what the verb `messages` of either end does
 * with its operands and its output.
 */
#ifndef COMMON_SPOOL_PRINT_H
#define COMMON_SPOOL_PRINT_H

#include "common/spool/reader.h"

struct print_range {
	uint64_t first, last; /* MsgIDs */
};

/* "FROM" or "FROM-TO"; NULL: all.  ERR_USAGE. */
int print_range_parse(const char *text, struct print_range *out, struct err *e);
/* To standard output, as they stand: text that can be parsed again.  Damaged
 * ones are logged and left out, and are ERR_INPUT in the end. */
int print_messages(struct spool_reader *r, const struct print_range *want,
    struct err *e);

#endif
