/*
 * Transport dir: a directory that both ends see, one after the other or at once:
 * a mounted share, or a stick that is walked between machines which never meet.
 */
#ifndef TRANSPORT_CARRIED_DIR_H
#define TRANSPORT_CARRIED_DIR_H

#include "transport/transport.h"

extern const struct transport_ops transport_dir;

#endif
