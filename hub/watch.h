/*
 * Notices that something was named, or written to its end, in one of several
 * directories (inotify), so that nothing is polled.
 */
#ifndef HUB_WATCH_H
#define HUB_WATCH_H

#include <uv.h>

#include "common/base/err.h"

struct watch;

/* In the directory that was added with this key; SIZE_MAX: in any, some
 * events were lost. */
typedef void watch_seen(void *arg, size_t key);

int watch_open(uv_loop_t *loop, watch_seen *seen, void *arg, struct watch **out,
    struct err *e);
int watch_add(struct watch *w, int dirfd, size_t key, struct err *e);
void watch_close(struct watch *w); /* freed by the loop */

#endif
