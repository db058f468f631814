/*
 * From the tokens of one configuration to the handles of a store's series.
 * Quick for DATA that lists its tokens in the same order every time, whatever
 * that order is; some 25 bytes a token.  Does no I/O.
 */
#ifndef HUB_INGEST_TOKENS_H
#define HUB_INGEST_TOKENS_H

#include "common/base/buf.h"

struct tokens;

struct tokens *tokens_new(void);
void tokens_add(struct tokens *t, struct slice token, uint32_t handle);
/* Once, after the last tokens_add.  False: one was added twice. */
bool tokens_finish(struct tokens *t);
/* Before the first token of a message. */
void tokens_rewind(struct tokens *t);
/* False: not in the configuration. */
bool tokens_find(struct tokens *t, struct slice token, uint32_t *handle);
size_t tokens_count(const struct tokens *t);
void tokens_free(struct tokens *t);

#endif
