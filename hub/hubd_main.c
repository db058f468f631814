/*
 * hubd: the hub's daemon.  For now it can only say who it is.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("hubd " PACKAGE_VERSION);
		return EX_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		(void)puts("usage: hubd [--help | --version]");
		return EX_OK;
	}
	(void)fputs("usage: hubd [--help | --version]\n", stderr);
	return EX_USAGE;
}
