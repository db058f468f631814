/*
 * The index of a compiled tree; see index.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/base/sealed.h"
#include "xmlconfig/index.h"

enum {
	INDEX_MAX = 16 << 20, /* bytes */
};

int
index_write(int dirfd, const char *name, const struct index_entry *entry,
    size_t n, struct err *e)
{
	struct buf b = { 0 };
	int rc;

	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s %s %s\n", entry[i].association,
		    entry[i].file, entry[i].subtree);
	sealed_close(&b, NULL);
	rc = durable_replace(dirfd, name, buf_slice(&b), e);
	buf_clear(&b);
	return rc;
}

/* A line's three words, each of which becomes a string of its own in text. */
static bool
split_line(struct slice line, char *text, struct index_entry *out)
{
	struct slice association, file;

	if (!slice_cut(&line, ' ', &association) ||
	    !slice_cut(&line, ' ', &file) ||
	    memchr(file.p, '/', file.n) != NULL)
		return false;
	text[association.p + association.n - text] = '\0';
	text[file.p + file.n - text] = '\0';
	text[line.p + line.n - text] = '\0';
	*out = (struct index_entry){ association.p, file.p, line.p };
	return true;
}

static bool
split(struct slice left, struct index *x)
{
	struct slice line;

	while (slice_cut(&left, '\n', &line)) {
		x->entry = mem_resize(x->entry, x->n + 1, sizeof(x->entry[0]));
		if (!split_line(line, x->text, &x->entry[x->n++]))
			return false;
	}
	return left.n == 0;
}

int
index_read(int dirfd, const char *name, struct index *out, struct err *e)
{
	struct index x = { 0 };
	struct buf b = { 0 };
	struct slice left;

	if (durable_read_file(dirfd, name, INDEX_MAX, &b, e) == -1)
		return -1;
	left = buf_slice(&b);
	x.text = b.p;
	if (!sealed_open(&left, NULL) || !split(left, &x)) {
		index_clear(&x);
		return err_set(e, ERR_INPUT, "%s is damaged", name);
	}
	*out = x;
	return 0;
}

void
index_clear(struct index *x)
{
	free(x->entry);
	free(x->text);
	*x = (struct index){ 0 };
}
