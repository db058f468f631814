/*
 * Our own XML read back; see xml_check.h.  What libxml2 thinks of a document
 * that was stopped is not to be trusted, so the first complaint is kept here.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "common/base/mem.h"
#include "xmlconfig/xml_check.h"

enum {
	CHUNK = 64 << 10
};

struct reader {
	xmlParserCtxtPtr parser;
	struct xml_sum sum;
	unsigned depth;
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
	r->line = xmlSAX2GetLineNumber(r->parser);
	xmlStopParser(r->parser);
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
		if (slice_starts(value, SLICE("#38;")))
			value = (struct slice){ value.p + 4, value.n - 4 };
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
	if (prefix != NULL || n_spaces > 0 || n_defaulted > 0 ||
	    !is_ours((const char *)name))
		complain(r, "not an element of ours");
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
	for (int i = 0; i < n; i++)
		if (ch[i] != '\t' && ch[i] != '\n')
			complain(ctx, "text between elements");
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

static int
feed(struct reader *r, int fd, struct err *e)
{
	char *chunk = mem_alloc(CHUNK);
	ssize_t n;
	int rc = 0;

	while ((n = read_chunk(fd, chunk)) > 0 && r->complaint == NULL)
		if (xmlParseChunk(r->parser, chunk, (int)n, 0) != 0)
			complain(r, "not well-formed");
	if (n == -1)
		rc = err_sys(e, "read");
	else if (r->complaint == NULL &&
	    xmlParseChunk(r->parser, NULL, 0, 1) != 0)
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
		.serror = not_well_formed,
	};
	struct reader r = { 0 };
	int rc = -1;

	xmlSetExternalEntityLoader(load_nothing);
	r.parser = xmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (r.parser == NULL)
		return err_set(e, ERR_TEMP, "no XML parser to be had");
	xmlCtxtUseOptions(r.parser, XML_PARSE_NONET);
	rc = feed(&r, fd, e);
	if (rc == 0 && r.complaint != NULL)
		rc = err_set(e, ERR_INPUT, "line %d: %s", r.line, r.complaint);
	if (rc == 0)
		*out = r.sum;
	xmlFreeParserCtxt(r.parser);
	return rc;
}
