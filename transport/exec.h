/*
 * Transport exec: the standard input and output of any command (ssh, rsh,
 * kubectl exec, a modem's script) are the stream.
 */
#ifndef TRANSPORT_EXEC_H
#define TRANSPORT_EXEC_H

#include "transport/transport.h"

extern const struct transport_ops transport_exec;

#endif
