/*
 * XML files read back; see xml_file.h.
 */
#include "config.h"

#include <unistd.h>

#include "common/base/durable.h"
#include "t/xml_file.h"
#include "xmlconfig/xml_check.h"

int
xml_file_check(int dirfd, const char *name, size_t leaves, struct err *e)
{
	struct xml_sum found = { 0 };
	int fd = durable_open_file(dirfd, name, e);
	int rc = -1;

	if (fd == -1)
		return -1;
	rc = xml_check(fd, &found, e);
	close(fd);
	if (rc == 0 && found.leaves != leaves)
		rc = err_set(e, ERR_INPUT, "%zu leaves, not %zu", found.leaves,
		    leaves);
	return rc == 0 ? 0 : err_wrap(e, "%s", name);
}
