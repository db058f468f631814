/*
 * A tree as Torrus reads it; see xml_document.h.  libxml2 escapes, but checks
 * neither UTF-8 nor XML's characters (S9): that is done here before.  Elements
 * and attributes have names of ours only.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/base/durable.h"
#include "common/message/names.h"
#include "xmlconfig/libxml2.h"
#include "xmlconfig/xml_document.h"

enum {
	RANKS = 32, /* more than there are parameters */
	OUTPUT_CHUNK = 256 << 10,
};

/* Parameters that leaves have in common, by rank (names_param). */
struct shared {
	uint32_t ranks; /* a bit for each */
	struct slice value[RANKS];
};

struct writer {
	xmlTextWriterPtr xml;
	struct buf out; /* what libxml2 made and the file has not yet */
	int fd;
	struct err *e;
	bool failed;        /* e says why, or libxml2 had no memory */
	struct xml_sum sum; /* of what was meant */

	const struct tree *t;
	struct buf dir;    /* of the tree, a subtree is put behind it */
	size_t top;        /* paths of all leaves are the same up to here */
	struct shared all; /* what all leaves share */
};

static const xmlChar *
xml(const char *s)
{
	return (const xmlChar *)s;
}

/* --- Output ------------------------------------------------------------ */

static void
flush_output(struct writer *w)
{
	if (!w->failed && io_write_full(w->fd, buf_slice(&w->out), w->e) == -1)
		w->failed = true;
	buf_reset(&w->out);
}

/* libxml2's write callback.  It would put an error on stderr: ours is kept. */
static int
take_output(void *ctx, const char *p, int n)
{
	struct writer *w = ctx;

	buf_put(&w->out, (struct slice){ p, (size_t)n });
	if (w->out.n >= OUTPUT_CHUNK)
		flush_output(w);
	return n;
}

static void
refuse(struct writer *w, const char *what, const char *why)
{
	if (!w->failed)
		err_set(w->e, ERR_INPUT, "%s: %s", what, why);
	w->failed = true;
}

/* What libxml2 says of a call: it writes on after an error. */
static void
took(struct writer *w, int rc)
{
	if (rc >= 0 || w->failed)
		return;
	err_set(w->e, ERR_TEMP, "libxml2 does not write");
	w->failed = true;
}

static void
start(struct writer *w, const char *element)
{
	took(w, xml2.TextWriterStartElement(w->xml, xml(element)));
}

static void
end(struct writer *w)
{
	took(w, xml2.TextWriterEndElement(w->xml));
}

static void
put_attribute(struct writer *w, const char *name, struct slice value)
{
	xml_sum_add(&w->sum, value);
	took(w, xml2.TextWriterWriteAttribute(w->xml, xml(name), xml(value.p)));
}

/* Whether a text has characters beyond U+00FF: UTF-8 begins them with C4 and
 * more. */
static bool
is_wide(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0xc4)
			return true;
	return false;
}

/*
 * Torrus 3.00 dies of a character beyond U+00FF (in Git::ObjectStore).  Bytes
 * it passes on to its pages and graphs as they are, and these take them for
 * UTF-8: such a text becomes one character for each byte.
 */
static void
wide_attribute(struct writer *w, const char *name, struct slice text)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c < 0x80) {
			buf_put_char(&b, (char)c);
		} else {
			buf_put_char(&b, (char)(0xc0 | c >> 6));
			buf_put_char(&b, (char)(0x80 | (c & 0x3f)));
		}
	}
	put_attribute(w, name, buf_slice(&b));
	buf_clear(&b);
}

/* The value ends in a NUL at p[n].  It is text without controls (which are not
 * XML's characters, or would come back as blanks). */
static void
attribute(struct writer *w, const char *name, struct slice value)
{
	if (!name_is_text(value))
		refuse(w, name, "not text that XML can hold");
	else if (is_wide(value))
		wide_attribute(w, name, value);
	else
		put_attribute(w, name, value);
}

static void
param(struct writer *w, const char *name, struct slice value)
{
	if (memchr(value.p, '%', value.n) != NULL ||
	    memchr(value.p, '$', value.n) != NULL)
		refuse(w, name, "Torrus would expand % or $");
	start(w, "param");
	attribute(w, "name", slice_str(name));
	attribute(w, "value", value);
	end(w);
}

/* The name attribute of a subtree or leaf: cut out of a path, so without a NUL
 * of its own. */
static void
name_attribute(struct writer *w, struct slice name)
{
	char text[LIMIT_PATH_COMPONENT + 1];

	assert(name.n <= LIMIT_PATH_COMPONENT); /* tree_add looked */
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	attribute(w, "name", (struct slice){ text, name.n });
}

/* --- What leaves share ------------------------------------------------- */

static uint32_t
bit(int rank)
{
	return UINT32_C(1) << rank;
}

/* Torrus hands a subtree's parameters down, but takes those from "comment" on
 * for the subtree's own, or shows them there: they stay on the leaf. */
static uint32_t
inherited(void)
{
	int rank = names_param_rank(SLICE("comment"));

	assert(rank > 0 && names_param(RANKS) == NULL);
	return bit(rank) - 1;
}

/* Keep of s what l has with the same value. */
static void
keep_shared(struct shared *s, const struct tree_leaf *l)
{
	struct slice left = l->params, value;
	uint32_t kept = 0;
	int rank;

	while (tree_next_ranked(&left, &rank, &value))
		if ((s->ranks & bit(rank)) != 0 &&
		    slice_eq(value, s->value[rank]))
			kept |= bit(rank);
	s->ranks = kept;
}

/* What the leaves of a subtree share, of the ranks that are asked for; nothing
 * of a leaf alone. */
static void
find_shared(const struct tree *t, struct tree_span span, uint32_t ranks,
    struct shared *s)
{
	struct slice left, value;
	int rank;

	s->ranks = 0;
	if (span.end - span.first < 2)
		return;
	left = tree_leaf(t, span.first).params;
	while (tree_next_ranked(&left, &rank, &value)) {
		s->ranks |= bit(rank) & ranks;
		s->value[rank] = value;
	}
	while (++span.first < span.end && s->ranks != 0) {
		struct tree_leaf l = tree_leaf(t, span.first);

		keep_shared(s, &l);
	}
}

static void
shared_params(struct writer *w, const struct shared *s)
{
	for (int rank = 0; rank < RANKS; rank++)
		if ((s->ranks & bit(rank)) != 0)
			param(w, names_param(rank), s->value[rank]);
}

/* --- The tree ---------------------------------------------------------- */

/* What every leaf of ours is to Torrus, on the top of our part of the tree. */
static void
top_params(struct writer *w)
{
	param(w, "ds-type", SLICE("rrd-file"));
	param(w, "leaf-type", SLICE("rrd-def"));
	param(w, "rrd-ds", SLICE("value"));
	param(w, "rrd-cf", SLICE("AVERAGE"));
	shared_params(w, &w->all);
}

/* The directory of the leaves right below the subtree whose path this is. */
static void
data_dir(struct writer *w, struct slice subtree)
{
	size_t n = w->dir.n;

	buf_put(&w->dir, subtree);
	tree_file_name(w->dir.p + n);
	param(w, "data-dir", buf_slice(&w->dir));
	w->dir.n = n;
}

static void
data_file(struct writer *w, struct slice name)
{
	char file[LIMIT_PATH_COMPONENT + sizeof(".rrd")];

	memcpy(file, name.p, name.n);
	memcpy(file + name.n, ".rrd", sizeof(".rrd"));
	tree_file_name(file);
	param(w, "data-file", slice_str(file));
}

/* handed: the ranks of what stands above it already. */
static void
write_leaf(struct writer *w, const struct tree_child *leaf, uint32_t handed)
{
	struct tree_leaf l = tree_leaf(w->t, leaf->span.first);
	struct slice left = l.params, value;
	int rank;

	start(w, "leaf");
	w->sum.leaves++;
	name_attribute(w, leaf->name);
	if (leaf->name.n + 1 == l.path.n) { /* no subtree says it for us */
		top_params(w);
		data_dir(w, SLICE(""));
	}
	data_file(w, leaf->name);
	while (tree_next_ranked(&left, &rank, &value))
		if ((handed & bit(rank)) == 0)
			param(w, names_param(rank), value);
	end(w);
}

/* Whether some, and whether all, of a subtree's leaves lie right below it. */
static void
look_below(const struct tree *t, struct tree_span span, bool *some, bool *all)
{
	struct tree_child child;

	*some = false;
	*all = true;
	while ((!*some || *all) && tree_next_child(t, &span, &child)) {
		*some |= child.is_leaf;
		*all &= child.is_leaf;
	}
}

static void write_children(struct writer *w, struct tree_span span,
    uint32_t handed);

static void
write_subtree(struct writer *w, const struct tree_child *child)
{
	struct tree_span below = child->span;
	struct shared s = { .ranks = 0 };
	bool some, all;

	start(w, "subtree");
	name_attribute(w, child->name);
	if (w->top > 1 ? below.at == w->top : below.at == child->name.n + 2)
		top_params(w);
	look_below(w->t, below, &some, &all);
	if (some) {
		struct slice path = tree_leaf(w->t, below.first).path;

		path.n = below.at - 1;
		data_dir(w, path);
	}
	if (all) /* what is handed down reaches none but these */
		find_shared(w->t, below, inherited() & ~w->all.ranks, &s);
	shared_params(w, &s);
	write_children(w, below, w->all.ranks | s.ranks);
	end(w);
}

/* handed: the ranks of what the subtree hands down.  As deep as paths are. */
static void
write_children(struct writer *w, struct tree_span span, uint32_t handed)
{
	struct tree_child child;

	while (!w->failed && tree_next_child(w->t, &span, &child))
		if (child.is_leaf)
			write_leaf(w, &child, handed);
		else
			write_subtree(w, &child);
}

/* Up to where, behind a slash, the paths of all leaves are the same. */
static size_t
common_prefix(const struct tree *t)
{
	struct slice a = tree_leaf(t, 0).path;
	struct slice b = tree_leaf(t, tree_size(t) - 1).path;
	size_t n = 0;

	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	while (n > 1 && a.p[n - 1] != '/')
		n--;
	return n;
}

static void
write_datasources(struct writer *w)
{
	struct tree_span all = { 0, tree_size(w->t), 1 };

	start(w, "datasources");
	if (all.end > 0) {
		w->top = common_prefix(w->t);
		find_shared(w->t, all, inherited(), &w->all);
		write_children(w, all, w->all.ranks);
	}
	end(w);
}

static void
write_includes(struct writer *w, const char *const *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		start(w, "include");
		attribute(w, "filename", slice_str(files[i]));
		end(w);
	}
}

/* --- Documents -------------------------------------------------------- */

static int
write_document(struct writer *w, const struct xml_document *d)
{
	xmlOutputBufferPtr out =
	    xml2.OutputBufferCreateIO(take_output, NULL, w, NULL);

	if (out != NULL)
		w->xml = xml2.NewTextWriter(out); /* takes out */
	if (w->xml == NULL) {
		xml2.OutputBufferClose(out);
		return err_set(w->e, ERR_TEMP, "no XML writer to be had");
	}
	/* one encoding is known to all: what is not ASCII becomes a character
	 * reference in an attribute, and all else is ASCII */
	took(w, xml2.TextWriterStartDocument(w->xml, NULL, NULL, NULL));
	took(w, xml2.TextWriterSetIndent(w->xml, 1));
	took(w, xml2.TextWriterSetIndentString(w->xml, xml("\t")));
	start(w, "configuration");
	if (d->t != NULL)
		write_datasources(w);
	else
		write_includes(w, d->files, d->n_files);
	end(w);
	took(w, xml2.TextWriterEndDocument(w->xml));
	xml2.FreeTextWriter(w->xml); /* flushes into take_output */
	flush_output(w);
	return w->failed ? -1 : 0;
}

int
xml_document_write(const struct xml_document *d, int fd, struct xml_sum *meant,
    struct err *e)
{
	struct writer w = { .fd = fd, .e = e, .t = d->t };
	int rc;

	if (libxml2_load(e) == -1)
		return -1;
	if (d->t != NULL)
		buf_put_str(&w.dir, d->directory);
	rc = write_document(&w, d);
	if (rc == 0)
		*meant = w.sum;
	buf_clear(&w.dir);
	buf_clear(&w.out);
	return rc;
}
