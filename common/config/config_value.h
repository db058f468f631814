/*
 * Values of the file: from text into the struct that a key belongs to, and
 * back into text.  Does no I/O.
 */
#ifndef COMMON_CONFIG_CONFIG_VALUE_H
#define COMMON_CONFIG_CONFIG_VALUE_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/config/config_keys.h"

/* Memory that lives as long as a configuration. */
struct config_pool {
	void **p;
	size_t n, cap;
};
/* Takes p, which is from mem_*; returns it. */
void *config_pool_take(struct config_pool *pool, void *p);
void config_pool_clear(struct config_pool *pool);

struct config_given {
	const char *const *text; /* n of them; one where it is no list */
	size_t n;
	const char *directory; /* of the file: relative names count from it */
	struct config_pool *pool;
};

/* Check and store below base.  Complaints begin with the key. */
int config_value_parse(const struct key *k, const struct config_given *given,
    void *base, struct err *e);
/* "key = value", or nothing where there is no value. */
void config_value_print(const struct key *k, const void *base, struct buf *out);
/* "1s to 30d", "0 or 64K to 1G": of numbers, durations and sizes. */
void config_value_range(const struct key *k, struct buf *out);
/* In double quotes, so that the file's grammar reads the same text. */
void config_value_quote(const char *text, struct buf *out);

/* "AVERAGE:5m:14d", "MAX:1x:2d": function, resolution (x: periods), length. */
bool config_is_rra(const char *text);

#endif
