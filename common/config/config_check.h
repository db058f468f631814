/*
 * Whether the values of a configuration fit together.  Does no I/O.
 */
#ifndef COMMON_CONFIG_CONFIG_CHECK_H
#define COMMON_CONFIG_CONFIG_CHECK_H

#include "common/config/config.h"

/* Sets each association's role.  ERR_CONFIG: "file:line: block "name": what is
 * wrong". */
int config_check(struct config *c, struct err *e);
/* Are the signing keys named, where they must be? */
int config_check_keys(const struct config *c, struct err *e);

#endif
