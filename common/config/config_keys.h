/*
 * What may stand in the file: for each block its keys, each with its type,
 * default and range, and where its value belongs.  Reading and printing both
 * follow these tables; doc/axletree.conf.5 says the same to people.
 */
#ifndef COMMON_CONFIG_CONFIG_KEYS_H
#define COMMON_CONFIG_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config/config.h"

enum key_type {
	KEY_TEXT,      /* const char *: one line of UTF-8, not empty */
	KEY_NAME,      /* const char *: letters of a path component */
	KEY_FILE,      /* const char *: absolute, or counted from the file */
	KEY_DIRECTORY, /* const char *: absolute */
	KEY_PATH,      /* const char *: a tree's path; "/" becomes "" */
	KEY_WORD,      /* const char *: one of choices */
	KEY_CHOICE,    /* an enum: the index in choices */
	KEY_BOOL,      /* bool: yes or no */
	KEY_NUMBER,    /* int: min..max */
	KEY_DURATION,  /* int64_t, seconds: min..max, or 0 where zero_too */
	KEY_SIZE,      /* uint64_t, bytes: the same */
	KEY_LIST,      /* config_list of texts */
	KEY_COMMAND,   /* config_list, not empty; see config.h */
};

struct key {
	const char *name; /* NULL ends a table */
	enum key_type type;
	size_t offset;           /* in the block's struct */
	const char *def;         /* NULL: none, left as zero */
	const char *const *defs; /* of a list, NULL-terminated; NULL: empty */
	const char *const *choices; /* NULL-terminated */
	int64_t min, max;
	bool zero_too; /* 0 is allowed though it is below min */
	bool required;
};

struct block {
	const char *name; /* NULL ends a table */
	bool titled;      /* any number, each with a name of its own */
	const struct key *key;
	/* their keys share the outer struct, but a titled one's; NULL: none */
	const struct block *inner;
};

/* All blocks of a file. */
extern const struct block config_blocks[];
const struct block *config_block(const char *name); /* must be there */
const struct block *config_inner(const char *name); /* of an association */

#endif
