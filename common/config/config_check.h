/*
 * Whether the values of a configuration fit together.  Does no I/O.
 */
#ifndef COMMON_CONFIG_CONFIG_CHECK_H
#define COMMON_CONFIG_CONFIG_CHECK_H

#include "common/config/config.h"

/* Sets each association's role.  ERR_CONFIG: "file:line: block "name": what is
 * wrong". */
int config_check(struct config *c, struct err *e);
/* The same, of what is this node's alone: at first the node itself and who is told,
 * then, when roles are known, collectors and stores. */
int config_check_own(const struct config *c, struct err *e);
int config_check_parts(const struct config *c, struct err *e);
/* One of two paths is the other, or holds it. */
bool config_overlap(const char *a, const char *b);
/* Are the signing keys named, where they must be? */
int config_check_keys(const struct config *c, struct err *e);

#endif
