/*
 * Associations whose files are carried (rsync, dir): nobody opens a session, so
 * verbs and the daemon look after them.
 */
#ifndef SPOKE_CARRIED_H
#define SPOKE_CARRIED_H

#include "common/command/ground.h"

/* Take what was carried here, and make ready what is to go: before a verb's
 * work and behind it.  Trouble is told, and costs the verb nothing.  Returns the exit
 * status of what was refused, or 0: not for a verb whose input may be wrong as well,
 * whose caller would give it again. */
int carried_look(struct ground *g, const struct association *a);
int carried_look_all(struct ground *g); /* each of which we are the spoke */

#endif
