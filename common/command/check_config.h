/*
 * The verb check-config, of spoke and hubctl alike.
 */
#ifndef COMMON_COMMAND_CHECK_CONFIG_H
#define COMMON_COMMAND_CHECK_CONFIG_H

#include "common/base/options.h"

int command_check_config(const struct options *o, int argc, char **argv);

#endif
