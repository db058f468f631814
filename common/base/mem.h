/*
 * Memory that is there or ends the process with EX_OSERR: the spool makes a
 * restart safe.  Sizes from outside meet their limit before they come here.
 */
#ifndef COMMON_BASE_MEM_H
#define COMMON_BASE_MEM_H

#include <stddef.h>

#define MEM_FOUND __attribute__((returns_nonnull))
MEM_FOUND void *mem_alloc(size_t n);                  /* zeroed; n > 0 */
MEM_FOUND void *mem_array(size_t count, size_t size); /* zeroed, checked */
/* new part not zeroed */
MEM_FOUND void *mem_resize(void *p, size_t count, size_t size);
MEM_FOUND char *mem_strdup(const char *s);
MEM_FOUND char *mem_strndup(const char *p, size_t n); /* n bytes and a NUL */
MEM_FOUND char *mem_printf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#endif
