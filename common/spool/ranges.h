/*
 * Finding a number among ranges of numbers.
 */
#ifndef COMMON_SPOOL_RANGES_H
#define COMMON_SPOOL_RANGES_H

#include <stddef.h>
#include <stdint.h>

/* Of n structs of `size` bytes that begin with uint64_t first, last and stand
 * in ascending order, apart from each other: the index of the first that ends
 * at or after number; n where none does. */
size_t ranges_find(const void *at, size_t n, size_t size, uint64_t number);

#endif
