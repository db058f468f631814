/*
 * libxml2, loaded when a tree is written or read.
 */
#ifndef XMLCONFIG_LIBXML2_H
#define XMLCONFIG_LIBXML2_H

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

#include "common/base/library.h"

/* clang-format off */
#define LIBXML2_FUNCTIONS(F) \
	F(CreatePushParserCtxt) F(CtxtUseOptions) F(FreeParserCtxt) \
	F(FreeTextWriter) F(NewTextWriter) F(OutputBufferClose) \
	F(OutputBufferCreateIO) F(ParseChunk) F(SAX2GetLineNumber) \
	F(SetExternalEntityLoader) F(StopParser) F(TextWriterEndDocument) \
	F(TextWriterEndElement) F(TextWriterSetIndent) \
	F(TextWriterSetIndentString) F(TextWriterStartDocument) \
	F(TextWriterStartElement) F(TextWriterWriteAttribute)
/* clang-format on */

/* Its functions, without the "xml". */
struct libxml2 {
#define LIBXML2_POINTER(name) __typeof__(xml##name) *name;
	LIBXML2_FUNCTIONS(LIBXML2_POINTER)
#undef LIBXML2_POINTER
};
extern struct libxml2 xml2;

/* See library_load. */
int libxml2_load(struct err *e);

#endif
