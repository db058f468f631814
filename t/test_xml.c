/*
 * The XML of a tree: what stands in it, what comes back out of it, and that a
 * failure leaves the file of before.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "common/base/mem.h"
#include "common/message/names.h"
#include "t/scratch.h"
#include "t/xml_file.h"
#include "xmlconfig/xml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct xml_opts opts = { .tree = "main", .directory = "/rrd" };

int __real_fsync(int fd);
int __wrap_fsync(int fd);
static int failing_sync; /* the how-manieth fails; 0: none */

int
__wrap_fsync(int fd)
{
	if (failing_sync > 0 && --failing_sync == 0) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

static void
add(struct tree *t, const char *path)
{
	struct err e = { 0 };

	if (tree_add(t, slice_str(path), SLICE(""), &e) == -1)
		fail_msg("%s", e.msg);
}

static void
set(struct tree *t, const char *name, const char *value)
{
	tree_set(t, slice_str(name), slice_str(value));
}

static void
finish(struct tree *t)
{
	struct err e = { 0 };

	if (tree_finish(t, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
write_xml(int dir, const struct tree *t)
{
	struct err e = { 0 };

	if (xml_write_association(dir, "a.xml", t, &opts, &e) == -1)
		fail_msg("%s", e.msg);
	if (xml_file_check(dir, "a.xml", tree_size(t), &e) == -1)
		fail_msg("%s", e.msg);
}

static void
what_leaves_share_stands_on_their_subtree(void **state)
{
	static const char wanted[] =
	    "<?xml version=\"1.0\"?>\n"
	    "<configuration>\n"
	    "\t<datasources>\n"
	    "\t\t<subtree name=\"Sites\">\n"
	    "\t\t\t<subtree name=\"Alps\">\n"
	    "\t\t\t\t<param name=\"ds-type\" value=\"rrd-file\"/>\n"
	    "\t\t\t\t<param name=\"leaf-type\" value=\"rrd-def\"/>\n"
	    "\t\t\t\t<param name=\"rrd-ds\" value=\"value\"/>\n"
	    "\t\t\t\t<param name=\"rrd-cf\" value=\"AVERAGE\"/>\n"
	    "\t\t\t\t<param name=\"collector-period\" value=\"60\"/>\n"
	    "\t\t\t\t<param name=\"data-dir\""
	    " value=\"/rrd/main/Sites/Alps\"/>\n"
	    "\t\t\t\t<subtree name=\"load\">\n"
	    "\t\t\t\t\t<param name=\"data-dir\""
	    " value=\"/rrd/main/Sites/Alps/load\"/>\n"
	    "\t\t\t\t\t<param name=\"vertical-label\" value=\"load\"/>\n"
	    "\t\t\t\t\t<leaf name=\"avg1\">\n"
	    "\t\t\t\t\t\t<param name=\"data-file\" value=\"avg1.rrd\"/>\n"
	    "\t\t\t\t\t\t<param name=\"hidden\" value=\"no\"/>\n"
	    "\t\t\t\t\t</leaf>\n"
	    "\t\t\t\t\t<leaf name=\"avg5\">\n"
	    "\t\t\t\t\t\t<param name=\"data-file\" value=\"avg5.rrd\"/>\n"
	    "\t\t\t\t\t\t<param name=\"graph-legend\""
	    " value=\"5 min &lt;B&#xFC;ro&gt;\"/>\n"
	    "\t\t\t\t\t\t<param name=\"hidden\" value=\"no\"/>\n"
	    "\t\t\t\t\t</leaf>\n"
	    "\t\t\t\t</subtree>\n"
	    "\t\t\t\t<leaf name=\"up\">\n"
	    "\t\t\t\t\t<param name=\"data-file\" value=\"up.rrd\"/>\n"
	    "\t\t\t\t\t<param name=\"vertical-label\" value=\"s\"/>\n"
	    "\t\t\t\t</leaf>\n"
	    "\t\t\t</subtree>\n"
	    "\t\t</subtree>\n"
	    "\t</datasources>\n"
	    "</configuration>\n";
	int dir = scratch_open();
	struct tree *t = tree_new();
	struct buf b;

	(void)state;
	add(t, "/Sites/Alps/up");
	set(t, "collector-period", "60");
	set(t, "vertical-label", "s");
	add(t, "/Sites/Alps/load/avg5");
	set(t, "hidden", "no");
	set(t, "graph-legend", "5 min <B\303\274ro>");
	set(t, "collector-period", "60");
	set(t, "vertical-label", "load");
	add(t, "/Sites/Alps/load/avg1");
	set(t, "collector-period", "60");
	set(t, "vertical-label", "load");
	set(t, "hidden", "no");
	finish(t);
	write_xml(dir, t);
	b = scratch_read(dir, "a.xml");
	assert_string_equal(b.p, wanted);
	buf_clear(&b);
	tree_free(t);
	scratch_close(dir);
}

static void
an_empty_tree_is_a_file(void **state)
{
	int dir = scratch_open();
	struct tree *t = tree_new();
	struct buf b;

	(void)state;
	finish(t);
	write_xml(dir, t);
	b = scratch_read(dir, "a.xml");
	assert_string_equal(b.p,
	    "<?xml version=\"1.0\"?>\n<configuration>\n"
	    "\t<datasources/>\n</configuration>\n");
	buf_clear(&b);
	tree_free(t);
	scratch_close(dir);
}

/* --- Round trips, by another reader ------------------------------------- */

/* The value of a parameter where Torrus would find it: on the node or the
 * nearest node above that has it.  NULL: nowhere.  Owned by libxml2. */
static xmlChar *
effective(const xmlNode *node, const char *name)
{
	const xmlNode *p;

	for (; node != NULL && node->type == XML_ELEMENT_NODE;
	     node = node->parent)
		for (p = node->children; p != NULL; p = p->next) {
			xmlChar *n;
			bool hit;

			if (p->type != XML_ELEMENT_NODE ||
			    strcmp((const char *)p->name, "param") != 0)
				continue;
			n = xmlGetProp(p, (const xmlChar *)"name");
			hit = strcmp((const char *)n, name) == 0;
			xmlFree(n);
			if (hit)
				return xmlGetProp(p, (const xmlChar *)"value");
		}
	return NULL;
}

static void
assert_effective(const xmlNode *leaf, const char *name, const char *wanted)
{
	xmlChar *got = effective(leaf, name);

	if (got == NULL && wanted == NULL)
		return;
	if (got == NULL || wanted == NULL ||
	    strcmp((const char *)got, wanted) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", name,
		    got != NULL ? (const char *)got : "(none)",
		    wanted != NULL ? wanted : "(none)");
	xmlFree(got);
}

/* One leaf as Torrus would see it against what the tree says. */
static void
assert_leaf(const xmlNode *leaf, const struct tree_leaf *l)
{
	char *path = slice_dup(l->path);
	char *slash = strrchr(path, '/');
	char *file = mem_printf("%s.rrd", slash + 1);
	char *dir;

	*slash = '\0';
	dir = mem_printf("/rrd/main%s", path);
	tree_file_name(dir);
	tree_file_name(file);
	assert_effective(leaf, "data-dir", dir);
	assert_effective(leaf, "data-file", file);
	assert_effective(leaf, "ds-type", "rrd-file");
	assert_effective(leaf, "leaf-type", "rrd-def");
	assert_effective(leaf, "rrd-ds", "value");
	assert_effective(leaf, "rrd-cf", "AVERAGE");
	for (int i = 0; names_param(i) != NULL; i++) {
		struct slice v =
		    tree_param(l, slice_str(names_param(i)), SLICE("(none)"));

		assert_effective(leaf, names_param(i),
		    slice_eq_str(v, "(none)") ? NULL : v.p);
	}
	free(path);
	free(file);
	free(dir);
}

/* All leaves of the document below a node whose path this is, in order. */
static size_t
assert_leaves(const xmlNode *node, const struct tree *t, struct buf *path)
{
	size_t n = path->n, found = 0;
	const xmlNode *p;

	for (p = node->children; p != NULL; p = p->next) {
		bool leaf = p->type == XML_ELEMENT_NODE &&
		    strcmp((const char *)p->name, "leaf") == 0;
		xmlChar *name;

		if (!leaf &&
		    (p->type != XML_ELEMENT_NODE ||
			strcmp((const char *)p->name, "subtree") != 0))
			continue;
		name = xmlGetProp(p, (const xmlChar *)"name");
		buf_printf(path, "/%s", (const char *)name);
		xmlFree(name);
		if (leaf) {
			size_t i = tree_find(t, buf_slice(path));
			struct tree_leaf l;

			assert_true(i != SIZE_MAX);
			l = tree_leaf(t, i);
			assert_leaf(p, &l);
			found++;
		} else {
			found += assert_leaves(p, t, path);
		}
		path->n = n;
	}
	return found;
}

static void
assert_says(int dir, const struct tree *t)
{
	struct buf b = scratch_read(dir, "a.xml");
	xmlDocPtr doc = xmlReadMemory(b.p, (int)b.n, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR);
	struct buf path = { 0 };

	assert_non_null(doc);
	assert_null(doc->intSubset);
	for (size_t i = 0; i < b.n; i++)
		assert_true((unsigned char)b.p[i] < 0x80);
	buf_put_str(&path, "");
	assert_int_equal(
	    assert_leaves(xmlDocGetRootElement(doc)->children->next, t, &path),
	    tree_size(t));
	xmlFreeDoc(doc);
	buf_clear(&path);
	buf_clear(&b);
}

/* Text that looks like markup stays text. */
static void
hostile_text_comes_back_as_it_was(void **state)
{
	static const char *const value[] = { "<", ">", "&", "\"", "'", "]]>",
		"&amp;", "&#38;", "&#38", "&&#38;&", "&lt;script&gt;",
		"</param><param name=\"x\" value=\"y\"/>", "<![CDATA[x]]>",
		"<?php x?>", "<!-- x", "-->", "<!DOCTYPE x [", "&x;", "&#0;",
		"<script>alert(1)</script>", "javascript:alert(1)",
		"<xi:include href=\"/etc/passwd\"/>", " ", "  a  b  ", "",
		"\\\\", "a\\", ":", ";", "B\303\274ro", "\302\260C \303\277",
		"=\"1\" onload=\"x", "..", "/", "`id`", "a;b|c" };
	int dir = scratch_open();
	struct tree *t = tree_new();
	char path[32];

	(void)state;
	for (size_t i = 0; i < COUNT(value); i++) {
		snprintf(path, sizeof(path), "/s%zu/l%zu", i % 3, i);
		add(t, path);
		set(t, i % 2 != 0 ? "comment" : "vertical-label", value[i]);
		set(t, "graph-title", value[i % 7]);
	}
	finish(t);
	write_xml(dir, t);
	assert_says(dir, t);
	tree_free(t);
	scratch_close(dir);
}

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

/* Torrus 3.00 dies of characters beyond U+00FF: see wide_attribute. */
static void
wide_text_stands_as_its_bytes(void **state)
{
	int dir = scratch_open();
	struct tree *t = tree_new();
	struct buf b;

	(void)state;
	add(t, "/a");
	set(t, "comment", "B\303\274ro \303\277");
	set(t, "legend", "\304\200 B\303\274ro <\360\237\230\200>");
	finish(t);
	write_xml(dir, t);
	b = scratch_read(dir, "a.xml");
	assert_non_null(strstr(b.p, "value=\"B&#xFC;ro &#xFF;\""));
	assert_non_null(strstr(b.p,
	    "value=\"&#xC4;&#x80; B&#xC3;&#xBC;ro "
	    "&lt;&#xF0;&#x9F;&#x98;&#x80;&gt;\""));
	buf_clear(&b);
	tree_free(t);
	scratch_close(dir);
}

/* A tree of which much is shared, on leaves of all depths. */
static struct tree *
random_tree(uint32_t seed)
{
	static const char *const names[] = { "collector-period",
		"rrd-create-dstype", "vertical-label", "comment", "hidden",
		"graph-legend", "node-display-name" };
	struct tree *t = tree_new();
	uint32_t n = 1 + draw(&seed, 30);
	uint32_t values = 1 + draw(&seed, 3);
	char text[64];

	for (uint32_t i = 0; i < n; i++) {
		struct buf path = { 0 };

		for (uint32_t d = draw(&seed, 4); d > 0; d--)
			buf_printf(&path, "/s%u%s", draw(&seed, 2),
			    d == 2 ? ":0" : "");
		buf_printf(&path, i % 7 == 0 ? "/l:%u" : "/l%u", i);
		add(t, path.p);
		buf_clear(&path);
		for (size_t k = 0; k < COUNT(names); k++)
			if (draw(&seed, 4) > 0) {
				snprintf(text, sizeof(text), "v%u",
				    draw(&seed, values));
				set(t, names[k], text);
			}
	}
	finish(t);
	return t;
}

static void
every_leaf_has_its_own_parameters_and_no_others(void **state)
{
	int dir = scratch_open();

	(void)state;
	for (uint32_t seed = 0; seed < 300; seed++) {
		struct tree *t = random_tree(seed);

		write_xml(dir, t);
		assert_says(dir, t);
		tree_free(t);
	}
	scratch_close(dir);
}

static void
the_order_of_arrival_does_not_show(void **state)
{
	int dir = scratch_open();
	struct buf first = { 0 };
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct tree *t = tree_new();
		size_t order[64];
		struct buf b;

		for (size_t i = 0; i < COUNT(order); i++) {
			size_t k = draw(&seed, (uint32_t)i + 1);

			order[i] = order[k];
			order[k] = i;
		}
		for (size_t i = 0; i < COUNT(order); i++) {
			char path[32];

			snprintf(path, sizeof(path), "/s%zu/l%zu", order[i] % 4,
			    order[i]);
			add(t, path);
			set(t, round % 2 != 0 ? "comment" : "legend", "x");
			set(t, round % 2 != 0 ? "legend" : "comment", "x");
		}
		finish(t);
		write_xml(dir, t);
		b = scratch_read(dir, "a.xml");
		if (round == 0)
			first = b;
		else {
			assert_true(slice_eq(buf_slice(&b), buf_slice(&first)));
			buf_clear(&b);
		}
		tree_free(t);
	}
	buf_clear(&first);
	scratch_close(dir);
}

/* --- Refusals ----------------------------------------------------------- */

static void
assert_old_file(int dir)
{
	struct buf b = scratch_read(dir, "a.xml");

	assert_string_equal(b.p, "as it was");
	buf_clear(&b);
	assert_int_equal(scratch_count(dir), 1);
}

static void
what_xml_or_torrus_cannot_hold_is_refused(void **state)
{
	static const char *const value[] = { "\001", "a\tb", "a\nb", "\177",
		"\302\205", "\303", "\300\200", "\355\240\200", "\357\277\276",
		"\357\277\277", "\377\376", "\342\200\256", "%x%", "100%",
		"$x" };
	int dir = scratch_open();

	(void)state;
	for (size_t i = 0; i < COUNT(value); i++) {
		struct tree *t = tree_new();
		struct err e = { 0 };

		add(t, "/a/b");
		set(t, "comment", value[i]);
		finish(t);
		scratch_write(dir, "a.xml", SLICE("as it was"));
		if (xml_write_association(dir, "a.xml", t, &opts, &e) == 0)
			fail_msg("value %zu was written", i);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_non_null(strstr(e.msg, "a.xml: "));
		assert_old_file(dir);
		tree_free(t);
	}
	scratch_close(dir);
}

static void
a_directory_that_torrus_would_expand_is_refused(void **state)
{
	static const struct xml_opts bad[] = {
		{ .tree = "main", .directory = "/rrd/$x" },
		{ .tree = "main", .directory = "/rrd/%x%" },
		{ .tree = "ma\001in", .directory = "/rrd" },
	};
	int dir = scratch_open();
	struct tree *t = tree_new();

	(void)state;
	add(t, "/a/b");
	finish(t);
	scratch_write(dir, "a.xml", SLICE("as it was"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = { 0 };

		assert_int_equal(
		    xml_write_association(dir, "a.xml", t, &bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_old_file(dir);
	}
	tree_free(t);
	scratch_close(dir);
}

static void
a_failure_leaves_the_file_of_before(void **state)
{
	const struct rlimit small = { .rlim_cur = 4096, .rlim_max = SIZE_MAX };
	struct rlimit before;
	int dir = scratch_open();
	struct tree *t = tree_new();
	struct err e = { 0 };
	char path[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/a/l%d", i);
		add(t, path);
	}
	finish(t);
	scratch_write(dir, "a.xml", SLICE("as it was"));

	failing_sync = 1;
	assert_int_equal(xml_write_association(dir, "a.xml", t, &opts, &e), -1);
	assert_int_equal(e.sys, EIO);
	assert_old_file(dir);

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(xml_write_association(dir, "a.xml", t, &opts, &e), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(e.sys, EFBIG);
	assert_old_file(dir);
	tree_free(t);
	scratch_close(dir);
}

/* Documents that no file of ours can be. */
static void
only_files_of_ours_are_valid(void **state)
{
	static const struct {
		const char *text, *says; /* NULL: valid, with one leaf */
	} row[] = {
		{ "<?xml version=\"1.0\"?><configuration>\n\t"
		  "<leaf name=\"x\"/></configuration>",
		    NULL },
		{ "<leaf a='&amp;&lt;&#233;'/>", NULL },
		{ "<subtree><subtree/></subtree>", "0 leaves, not 1" },
		{ "<subtree><leaf/><leaf/></subtree>", "2 leaves, not 1" },
		{ "", "not well-formed" },
		{ "<leaf>", "not well-formed" },
		{ "<leaf/><leaf/>", "not well-formed" },
		{ "<leaf a=\"1\" a=\"2\"/>", "not well-formed" },
		{ "<leaf a=\"&x;\"/>", "not well-formed" },
		{ "<leaf a=\"\001\"/>", "not well-formed" },
		{ "<leaf a=\"\377\"/>", "not ASCII" },
		{ "<leaf>x</leaf>", "text between elements" },
		{ "<leaf><![CDATA[x]]></leaf>", "text between elements" },
		{ "<template/>", "not an element of ours" },
		{ "<x:leaf xmlns:x=\"u\"/>", "not an element of ours" },
		{ "<!DOCTYPE leaf><leaf/>", "a document type" },
		{ "<!DOCTYPE leaf SYSTEM \"/etc/hostname\"><leaf/>",
		    "a document type" },
		{ "<!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\">"
		  "<!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><leaf x=\"&b;\"/>",
		    "a document type" },
	};
	int dir = scratch_open();

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = { 0 };
		int rc;

		scratch_write(dir, "f", slice_str(row[i].text));
		rc = xml_file_check(dir, "f", 1, &e);
		if ((rc == 0) != (row[i].says == NULL))
			fail_msg("%s: %s", row[i].text, e.msg);
		if (rc == 0)
			continue;
		assert_int_equal(e.kind, ERR_INPUT);
		if (strstr(e.msg, row[i].says) == NULL)
			fail_msg("%s: %s", row[i].text, e.msg);
	}
	scratch_close(dir);
}

static void
elements_are_at_most_64_deep(void **state)
{
	int dir = scratch_open();

	(void)state;
	for (int depth = 63; depth <= 66; depth++) {
		struct buf b = { 0 };
		struct err e = { 0 };

		for (int i = 1; i < depth; i++)
			buf_put_str(&b, "<subtree>");
		buf_put_str(&b, "<leaf/>");
		for (int i = 1; i < depth; i++)
			buf_put_str(&b, "</subtree>");
		scratch_write(dir, "f", buf_slice(&b));
		assert_int_equal(xml_file_check(dir, "f", 1, &e),
		    depth <= 64 ? 0 : -1);
		buf_clear(&b);
	}
	scratch_close(dir);
}

static void
the_deepest_tree_fits(void **state)
{
	int dir = scratch_open();
	struct tree *t = tree_new();
	struct buf path = { 0 };

	(void)state;
	for (int i = 0; i < LIMIT_PATH_DEPTH; i++)
		buf_printf(&path, "/d%d", i);
	add(t, path.p);
	add(t, "/top");
	finish(t);
	write_xml(dir, t);
	assert_says(dir, t);
	buf_clear(&path);
	tree_free(t);
	scratch_close(dir);
}

/* --- The tree's file, and directories ----------------------------------- */

static void
a_tree_includes_its_associations(void **state)
{
	static const char *const files[] = { "alps.xml", "jura.xml" };
	int dir = scratch_open();
	struct err e = { 0 };
	struct buf b;

	(void)state;
	assert_int_equal(xml_write_tree(dir, "main.xml", files, 2, &e), 0);
	b = scratch_read(dir, "main.xml");
	assert_string_equal(b.p,
	    "<?xml version=\"1.0\"?>\n<configuration>\n"
	    "\t<include filename=\"alps.xml\"/>\n"
	    "\t<include filename=\"jura.xml\"/>\n"
	    "</configuration>\n");
	buf_clear(&b);
	assert_int_equal(xml_write_tree(dir, "jura.xml", files, 2, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(scratch_count(dir), 1);
	scratch_close(dir);
}

static void
every_data_dir_is_made(void **state)
{
	int dir = scratch_open();
	struct xml_opts o = { .tree = "main", .directory = scratch_path };
	struct tree *t = tree_new();
	struct err e = { 0 };
	struct stat st;

	(void)state;
	add(t, "/a/b/c/d/x");
	add(t, "/a/b/y");
	add(t, "/a/b-/z");
	add(t, "/q");
	add(t, "/c:1/d/e:2:3");
	finish(t);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(xml_make_dirs(t, &o, &e), 0);
		assert_int_equal(fstatat(dir, "main/a/b/c/d", &st, 0), 0);
		assert_true(S_ISDIR(st.st_mode));
		assert_int_equal(fstatat(dir, "main/a/b-", &st, 0), 0);
		assert_int_equal(fstatat(dir, "main/q", &st, 0), -1);
	}
	assert_int_equal(fstatat(dir, "main/c,1/d", &st, 0), 0);
	o.directory = "/proc/nowhere";
	assert_int_equal(xml_make_dirs(t, &o, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	tree_free(t);
	scratch_close(dir);
}

static void
allowed_parameters_are_names_of_xml(void **state)
{
	(void)state;
	for (int i = 0; names_param(i) != NULL; i++)
		assert_int_equal(
		    xmlValidateNCName((const xmlChar *)names_param(i), 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_leaves_share_stands_on_their_subtree),
		cmocka_unit_test(an_empty_tree_is_a_file),
		cmocka_unit_test(hostile_text_comes_back_as_it_was),
		cmocka_unit_test(wide_text_stands_as_its_bytes),
		cmocka_unit_test(
		    every_leaf_has_its_own_parameters_and_no_others),
		cmocka_unit_test(the_order_of_arrival_does_not_show),
		cmocka_unit_test(what_xml_or_torrus_cannot_hold_is_refused),
		cmocka_unit_test(
		    a_directory_that_torrus_would_expand_is_refused),
		cmocka_unit_test(a_failure_leaves_the_file_of_before),
		cmocka_unit_test(only_files_of_ours_are_valid),
		cmocka_unit_test(elements_are_at_most_64_deep),
		cmocka_unit_test(the_deepest_tree_fits),
		cmocka_unit_test(a_tree_includes_its_associations),
		cmocka_unit_test(every_data_dir_is_made),
		cmocka_unit_test(allowed_parameters_are_names_of_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
