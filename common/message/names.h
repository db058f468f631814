/*
 * The letters that names from outside may have: tokens, paths, values,
 * associations, parameters.  Accepted names are safe as file names below a
 * directory descriptor.
 */
#ifndef COMMON_MESSAGE_NAMES_H
#define COMMON_MESSAGE_NAMES_H

#include <stdbool.h>

#include "common/base/buf.h"

bool name_is_association(struct slice s); /* [a-z0-9][a-z0-9_-]{0,31}, not
                                             reserved */
bool name_is_token(struct slice s);       /* [A-Za-z0-9_.-]{1,64} */
bool name_is_component(struct slice s);   /* of a path */
bool name_is_path(struct slice s);        /* "/a/b", no trailing slash */
bool name_is_value(struct slice s);       /* "U" or a plain decimal */
bool name_is_text(struct slice s); /* UTF-8 without controls, C1, surrogates,
                                      noncharacters, bidi or zero-width */
/* A CONFIG parameter that a spoke may set (the allow-list), in the order in
 * which they are written; names_param_rank returns -1 for any other. */
int names_param_rank(struct slice name);
const char *names_param(int rank); /* NULL past the last */

#endif
