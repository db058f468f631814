/*
 * Waiting for one child; see reap.h.  pidfd_open(2) wakes at once; a kernel
 * before 5.3 is asked again and again.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/reap.h"

enum {
	STEP_MS = 5, /* between two questions, where nothing wakes us */
};

static bool
has_ended(pid_t child, int *status)
{
	pid_t got = waitpid(child, status, WNOHANG);

	return got == child || (got == -1 && errno == ECHILD);
}

bool
reap_within(pid_t child, int wait_ms, int *status)
{
	const struct mono begun = clock_mono();
	struct pollfd end = { .events = POLLIN };
	int ignored;
	bool ended;

	if (status == NULL)
		status = &ignored;
	*status = 0;
	end.fd = (int)syscall(SYS_pidfd_open, child, 0);
	while (!(ended = has_ended(child, status))) {
		int64_t left = wait_ms - mono_ms_since(clock_mono(), begun);

		if (left <= 0)
			break;
		(void)poll(&end, 1,
		    (int)(end.fd == -1 && left > STEP_MS ? STEP_MS : left));
	}
	if (end.fd != -1)
		close(end.fd);
	return ended;
}
