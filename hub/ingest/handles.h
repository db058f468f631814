/*
 * From the tokens of one configuration to the handles of a store's series.
 * Quick for DATA that lists its tokens in the same order every time, whatever
 * that order is; some 25 bytes a token.  Does no I/O.
 */
#ifndef HUB_INGEST_HANDLES_H
#define HUB_INGEST_HANDLES_H

#include "common/base/buf.h"

struct handles;

struct handles *handles_new(void);
void handles_add(struct handles *t, struct slice token, uint32_t handle);
/* Once, after the last handles_add.  False: one was added twice. */
bool handles_finish(struct handles *t);
/* Before the first token of a message. */
void handles_rewind(struct handles *t);
/* False: the configuration has no such token. */
bool handles_find(struct handles *t, struct slice token, uint32_t *handle);
size_t handles_count(const struct handles *t);
void handles_free(struct handles *t);

#endif
