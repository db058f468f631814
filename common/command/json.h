/*
 * Text of others in JSON.
 */
#ifndef COMMON_COMMAND_JSON_H
#define COMMON_COMMAND_JSON_H

#include "common/base/buf.h"

/* "s", quoted and escaped; s is UTF-8. */
void json_put_text(struct buf *b, struct slice s);
/* ,"name":v or ,"name":null */
void json_put_number(struct buf *b, const char *name, bool known, int64_t v);

#endif
