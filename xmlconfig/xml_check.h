/*
 * Reads our own XML back with libxml2's push parser: well-formed, no document
 * type, not too deep, only elements that we write, and what it says as a sum,
 * which is compared with that of what was meant.
 */
#ifndef XMLCONFIG_XML_CHECK_H
#define XMLCONFIG_XML_CHECK_H

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	XML_CHECK_DEPTH = 64
};

/* All zero: nothing yet. */
struct xml_sum {
	size_t leaves;
	uint64_t hash; /* of all attribute values, in order */
};

void xml_sum_add(struct xml_sum *s, struct slice value);
bool xml_sum_eq(const struct xml_sum *a, const struct xml_sum *b);

/* From where fd stands to the end of the file.  ERR_INPUT says what and in
 * which line. */
int xml_check(int fd, struct xml_sum *out, struct err *e);

#endif
