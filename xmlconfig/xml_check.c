/*
 * Our own XML read back; see xml_check.h.  What libxml2 thinks of a document
 * that was stopped is not to be trusted, so the first complaint is kept here.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "xmlconfig/libxml2.h"
#include "xmlconfig/xml_check.h"

enum {
	CHUNK = 64 << 10,
	/* of a tag: its longest value, each byte of it as a reference */
	TAG_MAX = 128 << 10,
	ATTRIBUTES_MAX = 4,
};

struct reader {
	xmlParserCtxtPtr parser;
	struct xml_sum sum;
	unsigned depth;
	size_t since;          /* bytes behind the last ">" */
	const char *complaint; /* the first, a literal; NULL: none */
	int line;
};

/* Against a library's mistakes, not a person's intentions; a CRC of so many
 * short texts would take longer than to read them. */
void
xml_sum_add(struct xml_sum *s, struct slice value)
{
	uint64_t h = s->hash ^ value.n, word;

	while (value.n > 0) {
		size_t n = value.n < sizeof(word) ? value.n : sizeof(word);

		word = 0;
		memcpy(&word, value.p, n);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
		value = (struct slice){ value.p + n, value.n - n };
	}
	s->hash = h;
}

bool
xml_sum_eq(const struct xml_sum *a, const struct xml_sum *b)
{
	return a->leaves == b->leaves && a->hash == b->hash;
}

static void
complain(struct reader *r, const char *what)
{
	if (r->complaint != NULL)
		return;
	r->complaint = what;
	r->line = xml2.SAX2GetLineNumber(r->parser);
	xml2.StopParser(r->parser);
}

static bool
is_ours(const char *element)
{
	static const char *const ours[] = { "param", "leaf", "subtree",
		"include", "datasources", "configuration" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(element, ours[i]) == 0)
			return true;
	return false;
}

/* A parser that is not to replace entities leaves each ampersand, and it alone,
 * as a reference: "&#38;". */
static void
add_value(struct xml_sum *s, struct slice value)
{
	struct slice before;
	struct buf b = { 0 };

	if (memchr(value.p, '&', value.n) == NULL) {
		xml_sum_add(s, value);
		return;
	}
	while (slice_cut(&value, '&', &before)) {
		buf_put(&b, before);
		buf_put_char(&b, '&');
		(void)slice_skip(&value, SLICE("#38;"));
	}
	buf_put(&b, value);
	xml_sum_add(s, buf_slice(&b));
	buf_clear(&b);
}

/* Attributes come as name, prefix, URI, value, and the value's end. */
static void
/* NOLINTNEXTLINE(readability-function-size): libxml2's signature */
start_element(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int n_spaces, const xmlChar **spaces, int n_attributes,
    int n_defaulted, const xmlChar **attribute)
{
	struct reader *r = ctx;

	(void)uri;
	(void)spaces;
	if (++r->depth > XML_CHECK_DEPTH)
		complain(r, "elements are nested too deep");
	if (n_attributes > ATTRIBUTES_MAX)
		complain(r, "too many attributes");
	/* one that makes other letters of the bytes that were looked at */
	if (r->parser->encoding != NULL)
		complain(r, "names an encoding");
	if (prefix != NULL || n_spaces > 0 || n_defaulted > 0 ||
	    !is_ours((const char *)name))
		complain(r, "not an element of ours");
	if (r->complaint != NULL)
		return; /* the attributes went when the parser was stopped */
	r->sum.leaves += strcmp((const char *)name, "leaf") == 0;
	for (int i = 0; i < n_attributes; i++, attribute += 5)
		add_value(&r->sum,
		    (struct slice){ (const char *)attribute[3],
			(size_t)(attribute[4] - attribute[3]) });
}

static void
end_element(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
	struct reader *r = ctx;

	(void)name;
	(void)prefix;
	(void)uri;
	r->depth--;
}

static void
document_type(void *ctx, const xmlChar *name, const xmlChar *external,
    const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	complain(ctx, "a document type");
}

static void
text(void *ctx, const xmlChar *ch, int n)
{
	for (int i = 0; i < n; i++) {
		if (ch[i] == '\t' || ch[i] == '\n')
			continue;
		complain(ctx, "text between elements");
		return; /* the text went when the parser was stopped */
	}
}

static void
instruction(void *ctx, const xmlChar *target, const xmlChar *data)
{
	(void)target;
	(void)data;
	complain(ctx, "a processing instruction");
}

static void
not_well_formed(void *ctx, xmlErrorPtr error)
{
	if (error->level > XML_ERR_WARNING)
		complain(ctx, "not well-formed");
}

static xmlParserInputPtr
load_nothing(const char *url, const char *id, xmlParserCtxtPtr parser)
{
	(void)url;
	(void)id;
	(void)parser;
	return NULL;
}

static ssize_t
read_chunk(int fd, char *p)
{
	ssize_t n;

	do
		n = read(fd, p, CHUNK);
	while (n == -1 && errno == EINTR);
	return n;
}

/* Before the library sees it: ours is ASCII, in short tags.  The library looks
 * for each attribute among all others of its tag. */
static void
look_at(struct reader *r, const char *p, size_t n)
{
	const char *first = memchr(p, '>', n), *last = memrchr(p, '>', n);
	unsigned char all = 0;

	for (size_t i = 0; i < n; i++)
		all |= (unsigned char)p[i];
	if (all >= 0x80 || memchr(p, '\0', n) != NULL)
		complain(r, "a byte that is not ASCII");
	if (r->since + (first != NULL ? (size_t)(first - p) : n) > TAG_MAX)
		complain(r, "a tag without end");
	r->since = last != NULL ? (size_t)(p + n - last) : r->since + n;
}

static int
feed(struct reader *r, int fd, struct err *e)
{
	char *chunk = mem_alloc(CHUNK);
	ssize_t n;
	int rc = 0;

	while ((n = read_chunk(fd, chunk)) > 0 && r->complaint == NULL) {
		look_at(r, chunk, (size_t)n);
		if (r->complaint == NULL &&
		    xml2.ParseChunk(r->parser, chunk, (int)n, 0) != 0)
			complain(r, "not well-formed");
	}
	if (n == -1)
		rc = err_sys(e, "read");
	else if (r->complaint == NULL &&
	    xml2.ParseChunk(r->parser, NULL, 0, 1) != 0)
		complain(r, "not well-formed");
	free(chunk);
	return rc;
}

int
xml_check(int fd, struct xml_sum *out, struct err *e)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = start_element,
		.endElementNs = end_element,
		.internalSubset = document_type,
		.externalSubset = document_type,
		.characters = text,
		.ignorableWhitespace = text,
		.cdataBlock = text,
		.processingInstruction = instruction,
		.serror = not_well_formed,
	};
	struct reader r = { 0 };
	int rc = -1;

	if (libxml2_load(e) == -1)
		return -1;
	xml2.SetExternalEntityLoader(load_nothing);
	r.parser = xml2.CreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (r.parser == NULL)
		return err_set(e, ERR_TEMP, "no XML parser to be had");
	xml2.CtxtUseOptions(r.parser, XML_PARSE_NONET);
	rc = feed(&r, fd, e);
	if (rc == 0 && r.complaint != NULL)
		rc = err_set(e, ERR_INPUT, "line %d: %s", r.line, r.complaint);
	if (rc == 0)
		*out = r.sum;
	xml2.FreeParserCtxt(r.parser);
	return rc;
}
