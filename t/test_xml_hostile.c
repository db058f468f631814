/*
 * XML that is not ours, made to cost time or memory, or to have a file read: it
 * is refused at once.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/scratch.h"
#include "t/xml_file.h"
#include "xmlconfig/xml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	CPU_S = 5 /* for each, sanitizers included */
};

static double
cpu_s(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

static void
refused(int dir, const char *name, struct slice text, const char *says)
{
	struct err e = { 0 };
	double start = cpu_s();

	scratch_write(dir, "f", text);
	if (xml_file_check(dir, "f", 1, &e) == 0)
		fail_msg("%s: was taken", name);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(err_exit_code(&e), 65);
	if (strstr(e.msg, says) == NULL)
		fail_msg("%s: %s", name, e.msg);
	if (cpu_s() - start > CPU_S)
		fail_msg("%s: %.1f s", name, cpu_s() - start);
}

static void
any_document_type_is_refused_at_once(void **state)
{
	static const char *const texts[] = {
		"<!DOCTYPE c><c/>",
		/* billion laughs */
		"<!DOCTYPE c [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;'>"
		"<!ENTITY c '&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;'>]>"
		"<configuration>&d;</configuration>",
		/* a file, the network, a parameter entity */
		"<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
		"<configuration>&x;</configuration>",
		"<!DOCTYPE c [<!ENTITY x SYSTEM 'http://127.0.0.1/x'>]>"
		"<configuration>&x;</configuration>",
		"<!DOCTYPE c [<!ENTITY % x SYSTEM 'file:///etc/hostname'> %x;]>"
		"<configuration/>",
		"<!DOCTYPE c PUBLIC 'p' 'http://127.0.0.1/c.dtd'>"
		"<configuration/>",
		"<!DOCTYPE c [<!ATTLIST leaf name CDATA 'x'>]><leaf/>",
	};
	int dir = scratch_open();

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		refused(dir, texts[i], slice_str(texts[i]), "a document type");
	scratch_close(dir);
}

/* One large entity, named often: quadratic in what it expands to. */
static void
a_large_entity_is_never_read(void **state)
{
	struct buf b = { 0 };
	int dir = scratch_open();

	(void)state;
	buf_put_str(&b, "<!DOCTYPE c [<!ENTITY a '");
	for (int i = 0; i < 50000; i++)
		buf_put_char(&b, 'a');
	buf_put_str(&b, "'>]><configuration>");
	for (int i = 0; i < 50000; i++)
		buf_put_str(&b, "&a;");
	buf_put_str(&b, "</configuration>");
	refused(dir, "quadratic blow-up", buf_slice(&b), "a document type");
	buf_clear(&b);
	scratch_close(dir);
}

static void
depth_attributes_and_text_are_bounded(void **state)
{
	static const int depths[] = { 300, 100000 };
	static const int attributes[] = { 40000, 200000 };
	struct buf b = { 0 };
	int dir = scratch_open();

	(void)state;
	for (size_t i = 0; i < COUNT(depths); i++) {
		buf_reset(&b);
		for (int k = 0; k < depths[i]; k++)
			buf_put_str(&b, "<subtree>");
		refused(dir, "depth", buf_slice(&b), "");
	}
	for (size_t i = 0; i < COUNT(attributes); i++) {
		buf_reset(&b);
		buf_put_str(&b, "<leaf");
		for (int k = 0; k < attributes[i]; k++)
			buf_printf(&b, " a%d=\"\"", k);
		buf_put_str(&b, "/>");
		refused(dir, "attributes", buf_slice(&b), "");
	}
	buf_reset(&b);
	buf_put_str(&b, "<leaf>");
	for (int k = 0; k < 11 << 20; k++)
		buf_put_char(&b, 'x');
	buf_put_str(&b, "</leaf>");
	refused(dir, "11 MiB of text", buf_slice(&b), "");
	buf_clear(&b);
	scratch_close(dir);
}

static void
other_encodings_and_instructions_are_refused(void **state)
{
	const struct {
		const char *name;
		struct slice text;
	} rows[] = {
		{ "UTF-16", SLICE("\xff\xfe<\0l\0e\0a\0f\0/\0>\0") },
		{ "UTF-16 without a mark", SLICE("<\0l\0e\0a\0f\0/\0>\0") },
		{ "UTF-16 by name",
		    SLICE(
			"<?xml version=\"1.0\" encoding=\"UTF-16\"?><leaf/>") },
		{ "UTF-7",
		    SLICE(
			"<?xml version=\"1.0\" encoding=\"UTF-7\"?><leaf/>") },
		{ "Latin-1",
		    SLICE("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
			  "<leaf/>") },
		{ "NUL", SLICE("<leaf\0/>") },
		{ "NUL in a name", SLICE("<leaf a=\"x\0y\"/>") },
		{ "XInclude",
		    SLICE("<xi:include xmlns:xi="
			  "\"http://www.w3.org/2001/XInclude\" "
			  "href=\"/etc/hostname\" parse=\"text\"/>") },
		{ "a style sheet",
		    SLICE("<?xml-stylesheet href=\"http://127.0.0.1/x\"?>"
			  "<leaf/>") },
		{ "an instruction", SLICE("<leaf><?php x?></leaf>") },
	};
	int dir = scratch_open();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refused(dir, rows[i].name, rows[i].text, "");
	scratch_close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_document_type_is_refused_at_once),
		cmocka_unit_test(a_large_entity_is_never_read),
		cmocka_unit_test(depth_attributes_and_text_are_bounded),
		cmocka_unit_test(other_encodings_and_instructions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
