/*
 * One XML document, written through libxml2 into an open file: the leaves of a
 * tree with what they share on their subtrees, or a list of other files.
 */
#ifndef XMLCONFIG_XML_DOCUMENT_H
#define XMLCONFIG_XML_DOCUMENT_H

#include "xmlconfig/tree.h"
#include "xmlconfig/xml_check.h"

/* Borrowed. */
struct xml_document {
	const struct tree *t;  /* finished; NULL: files instead */
	const char *directory; /* where the tree's RRD files are */
	const char *const *files;
	size_t n_files;
};

/* *meant is what xml_check must find.  ERR_INPUT: text that XML or Torrus
 * cannot take. */
int xml_document_write(const struct xml_document *d, int fd,
    struct xml_sum *meant, struct err *e);

#endif
