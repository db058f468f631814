/*
 * XML files that tests wrote, or had written, read back.
 */
#ifndef T_XML_FILE_H
#define T_XML_FILE_H

#include "common/base/err.h"

/* As xml_check does, which the writer calls before a file gets its name, and with
 * so many leaves. */
int xml_file_check(int dirfd, const char *name, size_t leaves, struct err *e);

#endif
