/*
 * Two slots of 512 bytes; see slots.h.  A slot is one line
 * "axletree-slot <serial> <length> <crc32, 8 hex>", the body, and NULs.  The
 * CRC covers "<serial> <length>" and the body.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/crc.h"
#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/base/slots.h"

enum {
	SLOT_SIZE = 512,
	SLOT_COUNT = 2,
};

struct slots {
	int dirfd;
	char *name;
	bool there; /* the file exists */
	bool damaged;
	uint64_t serial; /* of the body; 0: none */
	unsigned newest; /* the slot that holds it */
	struct buf body;
};

static uint32_t
slot_crc(struct slice head, struct slice body)
{
	return crc_add(crc_add(0, head), body);
}

static bool
slot_parse(struct slice in, uint64_t *serial, struct slice *body)
{
	struct slice line, number, length, head;
	uint64_t n, crc;

	if (!slice_skip(&in, SLICE("axletree-slot ")))
		return false;
	head.p = in.p;
	if (!slice_cut(&in, '\n', &line) || !slice_cut(&line, ' ', &number) ||
	    !slice_cut(&line, ' ', &length))
		return false;
	head.n = (size_t)(length.p + length.n - head.p);
	if (!slice_u64(number, UINT64_MAX, serial) ||
	    !slice_u64(length, SLOTS_BODY_MAX, &n) ||
	    !slice_hex(line, 8, &crc) || n > in.n)
		return false;
	*body = (struct slice){ in.p, (size_t)n };
	return slot_crc(head, *body) == crc;
}

/* False when the body is too large: the buf has a slot's room. */
static bool
slot_format(struct buf *out, uint64_t serial, struct slice body)
{
	struct buf head = { 0 };
	bool fits;

	buf_printf(&head, "%llu %zu", (unsigned long long)serial, body.n);
	fits = body.n <= SLOTS_BODY_MAX &&
	    buf_printf(out, "axletree-slot %s %08x\n", head.p,
		(unsigned)slot_crc(buf_slice(&head), body)) &&
	    buf_put(out, body);
	buf_clear(&head);
	while (fits && out->n % SLOT_SIZE != 0)
		fits = buf_put_char(out, '\0');
	return fits;
}

static void
slots_load(struct slots *s, struct slice file)
{
	s->there = true;
	s->damaged = true;
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		struct slice slot, body;
		uint64_t serial;

		if (file.n < (size_t)(i + 1) * SLOT_SIZE)
			break;
		slot =
		    (struct slice){ file.p + (size_t)i * SLOT_SIZE, SLOT_SIZE };
		if (!slot_parse(slot, &serial, &body) || serial <= s->serial)
			continue;
		s->damaged = false;
		s->serial = serial;
		s->newest = i;
		buf_reset(&s->body);
		buf_put(&s->body, body);
	}
}

int
slots_open(int dirfd, const char *name, struct slots **out, struct err *e)
{
	struct slots *s;
	struct buf file;
	struct err why = { 0 };
	int rc;

	buf_init(&file, (size_t)SLOT_COUNT * SLOT_SIZE + 1);
	rc =
	    durable_read_file(dirfd, name, SLOT_COUNT * SLOT_SIZE, &file, &why);
	if (rc == -1 && why.kind != ERR_INPUT && why.sys != ENOENT) {
		*e = why;
		return -1;
	}
	s = mem_alloc(sizeof(*s));
	s->dirfd = dirfd;
	s->name = mem_strdup(name);
	s->newest = SLOT_COUNT - 1;
	if (rc == 0 || why.kind == ERR_INPUT)
		slots_load(s, buf_slice(&file));
	buf_clear(&file);
	*out = s;
	return 0;
}

bool
slots_get(const struct slots *s, struct slice *body)
{
	if (s->serial == 0)
		return false;
	*body = buf_slice(&s->body);
	return true;
}

bool
slots_damaged(const struct slots *s)
{
	return s->damaged;
}

/* Overwrite the older slot in place. */
static int
write_slot(const struct slots *s, struct slice slot, struct err *e)
{
	uint64_t at = (uint64_t)(1 - s->newest) * SLOT_SIZE;
	int rc, fd;

	fd = openat(s->dirfd, s->name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_sys(e, "open %s", s->name);
	rc = io_pwrite_full(fd, slot, at, e);
	if (rc == 0)
		rc = durable_data_sync(fd, e);
	if (close(fd) == -1 && rc == 0)
		rc = err_sys(e, "close");
	return rc;
}

/* The whole file anew: the first time, and after a slot that failed, since a
 * sync that failed once is never asked again (W7). */
static int
write_file(struct slots *s, struct slice slot, struct err *e)
{
	struct buf file = { 0 };
	int rc;

	buf_put(&file, slot);
	buf_put(&file, slot);
	rc = durable_replace(s->dirfd, s->name, buf_slice(&file), e);
	buf_clear(&file);
	if (rc == 0)
		s->newest = 0;
	return rc;
}

int
slots_put(struct slots *s, struct slice body, struct err *e)
{
	struct buf slot;
	struct err first = { 0 };
	int rc = -1;

	buf_init(&slot, SLOT_SIZE);
	if (!slot_format(&slot, s->serial + 1, body)) {
		err_set(e, ERR_INTERNAL, "%s: %zu bytes", s->name, body.n);
		goto out;
	}
	if (s->there && !s->damaged &&
	    write_slot(s, buf_slice(&slot), &first) == 0) {
		s->newest = 1 - s->newest;
	} else if (write_file(s, buf_slice(&slot), e) == -1) {
		goto out;
	}
	s->there = true;
	s->damaged = false;
	s->serial++;
	buf_reset(&s->body);
	buf_put(&s->body, body);
	rc = 0;
out:
	buf_clear(&slot);
	return rc;
}

void
slots_close(struct slots *s)
{
	if (s == NULL)
		return;
	buf_clear(&s->body);
	free(s->name);
	free(s);
}
