/*
 * The letters that names and texts from outside may have: tokens, paths,
 * values, associations, parameters.  Associations and paths are safe as file
 * names below a directory descriptor; tokens are never used as such.
 */
#ifndef COMMON_MESSAGE_NAMES_H
#define COMMON_MESSAGE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

/* [a-z0-9][a-z0-9_-]{0,31}, not reserved */
bool name_is_association(struct slice s);
bool name_is_token(struct slice s);     /* [A-Za-z0-9_.-]{1,64} */
bool name_is_component(struct slice s); /* of a path */
bool name_is_path(struct slice s);      /* "/a/b", no trailing slash */
bool name_is_value(struct slice s);     /* "U" or a plain decimal */
/* UTF-8 without controls, C1, surrogates, noncharacters, bidi or zero-width;
 * may be empty */
bool name_is_text(struct slice s);
bool name_is_param(struct slice s); /* [a-z][a-z0-9-]{0,63}, not xml... */
bool name_is_field(struct slice s); /* [A-Za-z][A-Za-z0-9_.-]{0,63} */

/* A CONFIG parameter that a spoke may set (the allow-list), in the order in
 * which they are written; names_param_rank returns -1 for any other. */
int names_param_rank(struct slice name);
const char *names_param(int rank); /* NULL past the last */

/* What a byte may be part of, for loops that cannot call a function a byte. */
enum {
	NAMES_DIGIT = 1,
	NAMES_TOKEN = 2,
	NAMES_COMPONENT = 4,
	NAMES_PARAM = 8,
	NAMES_PRINT = 16, /* ASCII, the blank included */
};
extern const uint8_t names_class[256];

#endif
