/*
 * Associations whose files are carried (rsync, dir): nobody opens a session, so
 * verbs and the daemon look after them.
 */
#ifndef SPOKE_CARRIED_H
#define SPOKE_CARRIED_H

#include "common/command/ground.h"

/* Take what was carried here, and make ready what is to go: before a verb's work
 * and after it.  Trouble is told, and does not fail the verb.  Returns the exit
 * status for files that were refused, or 0.  A verb that reads input of its own
 * ignores it: its caller would take that for a fault of the input. */
int carried_look(struct ground *g, const struct association *a);
int carried_look_all(struct ground *g); /* each of which we are the spoke */

#endif
