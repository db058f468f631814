/*
 * Every limit on what a message may be, in one place: doc/message-format.5.
 */
#ifndef COMMON_MESSAGE_LIMITS_H
#define COMMON_MESSAGE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum {
	LIMIT_MESSAGE = 8 << 20,       /* bytes of a message, default */
	LIMIT_MESSAGE_HARD = 64 << 20, /* and at most, by configuration */
	LIMIT_BODY_LINES = 1000000,
	LIMIT_HEADER_LINES = 32,
	LIMIT_HEADER_LINE = 998, /* bytes, without the LF */
	LIMIT_HEADER_NAME = 32,
	LIMIT_DATA_LINE = 4096,        /* without the LF */
	LIMIT_CONFIG_VALUE = 16 << 10, /* and of STATUS, RESULT, TASK, RESYNC */
	LIMIT_PARAM = 64,              /* bytes of a name in a body */
	LIMIT_PARAMS = 64,             /* in one block of a CONFIG */
	LIMIT_TOKEN = 64,
	LIMIT_VALUE = 32,
	LIMIT_PATH = 512,
	LIMIT_PATH_DEPTH = 32,
	LIMIT_PATH_COMPONENT = 64,
	LIMIT_ASSOCIATION = 32,
	LIMIT_DATASOURCES = 100000, /* in a CONFIG, default */
	LIMIT_DATASOURCES_HARD = 1000000,
	LIMIT_PARTS = 1000,
	LIMIT_WINDOW_MESSAGES = 10000, /* held back before a gap */
	LIMIT_WINDOW_BYTES = 64 << 20,
};

#define LIMIT_MSGID       ((uint64_t)INT64_MAX)
#define LIMIT_TIMESTAMP   UINT64_C(9999999999) /* 10 digits */
#define PLAUSIBLE_FROM_S  INT64_C(946684800)   /* 2000-01-01 UTC */
#define PLAUSIBLE_AHEAD_S 300                  /* later than the hub's now */

#endif
