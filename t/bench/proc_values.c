/*
 * Numbers of /proc; see proc_values.h.  A leaf is the n-th number of the line
 * that begins with some word; lines come and go, leaves do not.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "t/bench/proc_values.h"

static const char *const files[] = {
	"/proc/stat",
	"/proc/meminfo",
	"/proc/vmstat",
	"/proc/loadavg",
	"/proc/uptime",
	"/proc/diskstats",
	"/proc/net/dev",
	"/proc/net/snmp",
	"/proc/net/netstat",
	"/proc/net/sockstat",
	"/proc/softirqs",
	"/proc/interrupts",
	"/proc/schedstat",
	"/proc/pressure/cpu",
	"/proc/pressure/io",
	"/proc/pressure/memory",
};
enum {
	FILES = sizeof(files) / sizeof(files[0]),
	START_S = 1790000000,
};

struct leaf {
	char *path;
	char *value; /* the last that was read, or NULL */
};

struct proc_values {
	struct leaf *leaf;
	size_t n, cap;
	bool fixed; /* no more leaves */
	struct buf text, body;
	struct message last;
	uint64_t begin_s;
};

static uint64_t
now_s(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static void
read_file(const char *name, struct buf *out)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	buf_reset(out);
	if (fd == -1)
		return;
	do {
		char *room = buf_room(out, 4096);

		n = read(fd, room, 4096);
		if (n > 0)
			out->n += (size_t)n;
	} while (n > 0);
	close(fd);
}

/* *hint: where it probably is. */
static void
set_leaf(struct proc_values *p, const char *path, struct slice value,
    size_t *hint)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->leaf[(*hint + i) % p->n].path, path) != 0)
		i++;
	if (i < p->n) {
		i = (*hint + i) % p->n;
	} else if (p->fixed) {
		return;
	} else {
		if (p->n == p->cap) {
			p->cap = p->cap == 0 ? 64 : p->cap * 2;
			p->leaf = mem_resize(p->leaf, p->cap, sizeof(*p->leaf));
		}
		i = p->n++;
		p->leaf[i] = (struct leaf){ .path = mem_strdup(path) };
	}
	free(p->leaf[i].value);
	p->leaf[i].value = slice_dup(value);
	*hint = i + 1;
}

static bool
is_number(struct slice s)
{
	bool digits = s.n > 0 && s.n <= LIMIT_VALUE, point = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && !point && i > 0 && i + 1 < s.n)
			point = true;
		else if (s.p[i] < '0' || s.p[i] > '9')
			digits = false;
	}
	return digits;
}

/* The next word, between blanks and what kernels put between numbers. */
static struct slice
next_word(struct slice *line)
{
	static const char between[] = " \t:/=";
	struct slice w;

	while (line->n > 0 && memchr(between, line->p[0], 5) != NULL) {
		line->p++;
		line->n--;
	}
	w = (struct slice){ line->p, 0 };
	while (w.n < line->n && memchr(between, w.p[w.n], 5) == NULL)
		w.n++;
	line->p += w.n;
	line->n -= w.n;
	return w;
}

static void
read_line(struct proc_values *p, const char *file, unsigned at,
    struct slice line, size_t *hint)
{
	char path[256], name[64]; /* of the line */
	struct slice w;
	unsigned n = 0;

	(void)snprintf(name, sizeof(name), "%u", at);
	while (w = next_word(&line), w.n > 0) {
		if (is_number(w)) {
			snprintf(path, sizeof(path), "%s/%s/%u", file, name,
			    n++);
			set_leaf(p, path, w, hint);
		} else if (n == 0 && w.n < sizeof(name)) {
			snprintf(name, sizeof(name), "%u-", at);
			for (size_t i = 0, k = strlen(name);
			     i < w.n && k + 1 < sizeof(name); i++) {
				bool good = (w.p[i] >= '0' && w.p[i] <= '9') ||
				    (w.p[i] >= 'A' && w.p[i] <= 'Z') ||
				    (w.p[i] >= 'a' && w.p[i] <= 'z');

				name[k++] = good ? w.p[i] : '_';
				name[k] = '\0';
			}
		}
	}
}

static void
read_all(struct proc_values *p)
{
	size_t hint = 0;

	for (size_t i = 0; i < p->n; i++) {
		free(p->leaf[i].value);
		p->leaf[i].value = NULL;
	}
	for (int f = 0; f < FILES; f++) {
		struct slice rest, line;
		unsigned at = 0;

		read_file(files[f], &p->text);
		rest = buf_slice(&p->text);
		while (slice_cut(&rest, '\n', &line))
			read_line(p, files[f], at++, line, &hint);
	}
}

struct proc_values *
proc_values_new(void)
{
	struct proc_values *p = mem_alloc(sizeof(*p));

	read_all(p);
	p->fixed = true;
	p->begin_s = now_s();
	p->last.stream.b[0] = 0x70;
	p->last.generation = 1;
	if (p->n > 0)
		return p;
	proc_values_free(p);
	return NULL;
}

void
proc_values_free(struct proc_values *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->leaf[i].path);
		free(p->leaf[i].value);
	}
	free(p->leaf);
	buf_clear(&p->text);
	buf_clear(&p->body);
	free(p);
}

size_t
proc_values_count(const struct proc_values *p)
{
	return p->n;
}

static void
append(struct proc_values *p, enum message_type type, struct buf *out)
{
	struct message *m = &p->last;
	struct err e = { 0 };

	m->prev = m->digest;
	m->msgid++;
	m->type = type;
	m->timestamp = START_S + now_s() - p->begin_s;
	m->part = m->parts = 1;
	m->body = buf_slice(&p->body);
	if (message_write(out, m, &e) == -1) {
		fprintf(stderr, "proc: %s\n", e.msg);
		exit(1);
	}
	buf_reset(&p->body);
}

void
proc_values_config(struct proc_values *p, struct buf *out)
{
	for (size_t i = 0; i < p->n; i++)
		buf_printf(&p->body, "%slevel2-token:T%04zu\nlevel2-path:%s\n",
		    i > 0 ? ";\n" : "", i + 1, p->leaf[i].path);
	append(p, MESSAGE_CONFIG, out);
}

void
proc_values_cycle(struct proc_values *p, struct buf *out)
{
	read_all(p);
	for (size_t i = 0; i < p->n; i++)
		buf_printf(&p->body, "T%04zu:%s\n", i + 1,
		    p->leaf[i].value != NULL ? p->leaf[i].value : "U");
	append(p, MESSAGE_DATA, out);
}
