/*
 * Notices that something happened in one of several directories (inotify), so
 * that nothing is polled.
 */
#ifndef COMMON_BASE_WATCH_H
#define COMMON_BASE_WATCH_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/err.h"

struct watch;

/* A descriptor of inotify(7), or -1: there may be none to be had. */
int watch_instance(struct err *e);

/* In the directory that was added with this key; SIZE_MAX: in any, some
 * events were lost. */
typedef void watch_seen(void *arg, size_t key);

int watch_open(uv_loop_t *loop, watch_seen *seen, void *arg, struct watch **out,
    struct err *e);
/* mask: IN_CREATE, ... of inotify(7). */
int watch_add(struct watch *w, int dirfd, uint32_t mask, size_t key,
    struct err *e);
void watch_close(struct watch *w); /* freed by the loop */

#endif
