/*
 * Fuzz target: the body of a CONFIG, from the message parser to XML.  What is
 * accepted lies inside the association's subtree, reads back as it was meant
 * by our reader and by libxml2's own, is ASCII without a document type, and
 * names only parameters of the allow-list and the hub's own.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "common/base/durable.h"
#include "common/message/names.h"
#include "xmlconfig/translate.h"
#include "xmlconfig/xml_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config_translate rules[] = {
	{ "/Hosts/alps-gw", "/Gateway" },
	{ "/Hosts", "" },
	{ "/Up", "/../../Other" },
};
static const struct association alps = {
	.name = "alps",
	.hub_subtree = "/Sites/Alps",
	.translate = rules,
	.n_translate = sizeof(rules) / sizeof(rules[0]),
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* A message around the body as the parser takes it; false: it does not. */
static bool
parse(struct slice body, struct buf *whole, struct message *m)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	struct message out = { .msgid = 1,
		.type = MESSAGE_CONFIG,
		.timestamp = 1085528682,
		.generation = 1,
		.part = 1,
		.parts = 1,
		.body = body };
	enum message_verdict v;
	struct err e;

	memset(out.stream.b, 1, sizeof(out.stream.b));
	must(message_write(whole, &out, &e) == 0);
	v = message_parse(p, buf_slice(whole), m, &e);
	message_parser_free(p);
	return v == MESSAGE_WHOLE && m->raw.n == whole->n;
}

static void
check_param(const xmlNode *node)
{
	static const char *const ours[] = { "ds-type", "leaf-type", "rrd-ds",
		"rrd-cf", "data-dir", "data-file" };
	xmlChar *name = xmlGetProp(node, (const xmlChar *)"name");
	bool known;

	must(name != NULL);
	known = names_param_rank(slice_str((const char *)name)) >= 0;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		known |= strcmp((const char *)name, ours[i]) == 0;
	must(known && node->children == NULL);
	xmlFree(name);
}

static void
check_node(const xmlNode *node)
{
	for (; node != NULL; node = node->next) {
		must(node->type == XML_ELEMENT_NODE || xmlIsBlankNode(node));
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (strcmp((const char *)node->name, "param") == 0)
			check_param(node);
		check_node(node->children);
	}
}

static void
check_text(struct slice s)
{
	xmlDocPtr doc = xmlReadMemory(s.p, (int)s.n, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

	for (size_t i = 0; i < s.n; i++)
		must((unsigned char)s.p[i] < 0x80);
	must(doc != NULL && doc->intSubset == NULL);
	check_node(doc->children);
	xmlFreeDoc(doc);
}

static void
check_xml(const struct tree *t)
{
	struct xml_document d = { .t = t, .directory = "/rrd/main" };
	struct xml_sum meant, found;
	struct buf text = { 0 };
	struct err e;
	int fd = memfd_create("xml", MFD_CLOEXEC);

	must(fd != -1);
	must(xml_document_write(&d, fd, &meant, &e) == 0);
	must(meant.leaves == tree_size(t));
	must(lseek(fd, 0, SEEK_SET) == 0);
	must(xml_check(fd, &found, &e) == 0);
	must(xml_sum_eq(&found, &meant));
	must(io_pread_upto(fd, SIZE_MAX / 8, 0, &text, &e) == 0);
	check_text(buf_slice(&text));
	buf_clear(&text);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree *spoke = tree_new(), *hub = NULL;
	struct slice body = { (const char *)data, size };
	struct buf whole = { 0 };
	struct message m;
	struct err e;

	if (parse(body, &whole, &m) &&
	    tree_add_config(spoke, m.body, &e) == 0 &&
	    translate_tree(&alps, spoke, &hub, &e) == 0) {
		for (size_t i = 0; i < tree_size(hub); i++) {
			struct slice path = tree_leaf(hub, i).path;

			must(name_is_path(path));
			must(slice_starts(path, SLICE("/Sites/Alps/")));
			must(tree_find(hub, path) == i);
		}
		check_xml(hub);
	}
	tree_free(hub);
	tree_free(spoke);
	buf_clear(&whole);
	return 0;
}
