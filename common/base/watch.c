/*
 * Watching directories; see watch.h.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/watch.h"

struct watched {
	int wd;
	size_t key;
};

struct watch {
	uv_poll_t poll;
	int fd;
	watch_seen *seen;
	void *arg;
	struct watched *at; /* wd ascending: the kernel counts them up */
	size_t n;
};

static void
tell(struct watch *w, const struct inotify_event *ev)
{
	size_t low = 0, high = w->n;

	if ((ev->mask & IN_Q_OVERFLOW) != 0) {
		w->seen(w->arg, SIZE_MAX);
		return;
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->at[mid].wd < ev->wd)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < w->n && w->at[low].wd == ev->wd)
		w->seen(w->arg, w->at[low].key);
}

static void
on_readable(uv_poll_t *p, int status, int events)
{
	struct watch *w = p->data;
	_Alignas(struct inotify_event) char in[16 << 10];
	ssize_t got;

	(void)status;
	(void)events;
	while ((got = read(w->fd, in, sizeof(in))) > 0) {
		const char *at = in;

		while (at < in + got) {
			const struct inotify_event *ev =
			    (const struct inotify_event *)(const void *)at;

			tell(w, ev);
			at += sizeof(*ev) + ev->len;
		}
	}
}

int
watch_instance(struct err *e)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd == -1 && errno == EMFILE)
		return err_set(e, ERR_TEMP,
		    "too few inotify instances: raise "
		    "fs.inotify.max_user_instances");
	return fd == -1 ? err_sys(e, "inotify") : fd;
}

int
watch_open(uv_loop_t *loop, watch_seen *seen, void *arg, struct watch **out,
    struct err *e)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->seen = seen;
	w->arg = arg;
	w->fd = watch_instance(e);
	if (w->fd == -1) {
		free(w);
		return -1;
	}
	w->poll.data = w;
	if (uv_poll_init(loop, &w->poll, w->fd) != 0 ||
	    uv_poll_start(&w->poll, UV_READABLE, on_readable) != 0) {
		err_set(e, ERR_TEMP, "inotify: cannot be polled");
		watch_close(w);
		return -1;
	}
	*out = w;
	return 0;
}

int
watch_add(struct watch *w, int dirfd, uint32_t mask, size_t key, struct err *e)
{
	char path[64];
	int wd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	wd = inotify_add_watch(w->fd, path, mask | IN_ONLYDIR);
	if (wd == -1) {
		if (errno == ENOSPC)
			return err_set(e, ERR_TEMP,
			    "too few inotify watches: raise "
			    "fs.inotify.max_user_watches");
		return err_sys(e, "watch a directory");
	}
	if (w->n > 0 && wd <= w->at[w->n - 1].wd)
		return 0; /* it was added before */
	w->at = mem_resize(w->at, w->n + 1, sizeof(*w->at));
	w->at[w->n++] = (struct watched){ wd, key };
	return 0;
}

static void
on_closed(uv_handle_t *h)
{
	struct watch *w = h->data;

	close(w->fd);
	free(w->at);
	free(w);
}

void
watch_close(struct watch *w)
{
	if (w != NULL)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}
