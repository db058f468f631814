/*
 * The collector "host" over a small /proc and /sys made for it, and over this
 * machine's.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/message/names.h"
#include "spoke/collectors/collectors.h"
#include "spoke/collectors/host.h"

static const char *const none[] = { NULL };

struct run {
	void *self;
	bool done;
	struct collected c;
};

static void
keep(void *arg, const struct collected *c)
{
	struct run *r = arg;

	r->c = *c;
	r->done = true;
}

static struct run
collect(const char *root, const char *const *include,
    const char *const *exclude)
{
	struct config_collector cc = { .name = "self",
		.type = "host",
		.include = include,
		.exclude = exclude };
	struct run r = { 0 };
	const struct collector_run once = { NULL, 1000, keep, &r };
	struct err e = { 0 };

	r.self = host_open_at(&cc, root, &e);
	assert_non_null(r.self);
	assert_int_equal(collector_host.run(r.self, &once, &e), 0);
	assert_true(r.done);
	return r;
}

static struct run
collect_made(const char *const *include, const char *const *exclude)
{
	char *root = mem_printf("%s/t/data/host", getenv("top_srcdir"));
	struct run r = collect(root, include, exclude);

	free(root);
	return r;
}

static void
finish(struct run *r)
{
	collector_host.close(r->self);
}

static const struct reading *
find(const struct run *r, const char *path)
{
	for (size_t i = 0; i < r->c.n; i++)
		if (strcmp(r->c.reading[i].path, path) == 0)
			return &r->c.reading[i];
	return NULL;
}

/* The same, which must be there. */
static struct reading
get(const struct run *r, const char *path)
{
	const struct reading *l = find(r, path);

	if (l == NULL) {
		fail_msg("no %s", path);
		abort();
	}
	return *l;
}

static const char *
param(struct reading r, const char *name)
{
	for (const char *const *p = r.param; *p != NULL; p += 2)
		if (strcmp(p[0], name) == 0)
			return p[1];
	return NULL;
}

static void
each_file_becomes_leaves(void **state)
{
	static const struct {
		const char *path, *value, *kind;
	} rows[] = {
		{ "/cpu/total/user", "21486", "COUNTER" },
		{ "/cpu/total/steal", "11", "COUNTER" },
		{ "/cpu/1/idle", "194188", "COUNTER" },
		{ "/system/interrupts", "669170", "COUNTER" },
		{ "/system/context_switches", "1482824", "COUNTER" },
		{ "/system/forks", "103831", "COUNTER" },
		{ "/system/uptime", "2152.03", "GAUGE" },
		{ "/system/entropy", "256", "GAUGE" },
		{ "/system/open_files", "710", "GAUGE" },
		{ "/processes/running", "2", "GAUGE" },
		{ "/processes/blocked", "1", "GAUGE" },
		{ "/processes/total", "104", "GAUGE" },
		{ "/load/avg1", "0.36", "GAUGE" },
		{ "/load/avg15", "0.23", "GAUGE" },
		{ "/memory/total", "25276510208", "GAUGE" },
		{ "/memory/faults", "28092384", "COUNTER" },
		{ "/swap/free", "1073152000", "GAUGE" },
		{ "/swap/out", "4", "COUNTER" },
		{ "/pressure/cpu/some", "30188803", "COUNTER" },
		{ "/pressure/cpu/full", "7", "COUNTER" },
		{ "/sockets/tcp_time_wait", "5", "GAUGE" },
		{ "/sockets/udp", "2", "GAUGE" },
		{ "/network/ip_in", "99", "COUNTER" },
		{ "/network/tcp_established", "4", "GAUGE" },
		{ "/interfaces/eth0/in_octets", "18446744073709551615",
		    "COUNTER" },
		{ "/interfaces/eth0/in_multicast", "9", "COUNTER" },
		{ "/interfaces/eth0/out_octets", "372145", "COUNTER" },
		{ "/interfaces/eth0/collisions", "5", "COUNTER" },
		{ "/disks/vda/sectors_written", "4108176", "COUNTER" },
		{ "/disks/vda/in_flight", "2", "GAUGE" },
		{ "/disks/sda/read_time", "4", "COUNTER" },
		{ "/temperatures/coretemp_Core_0", "42.500", "GAUGE" },
		{ "/temperatures/coretemp_temp2", "-5.125", "GAUGE" },
	};
	struct run r = collect_made(none, none);

	(void)state;
	assert_true(r.c.complete && !r.c.failed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct reading l = get(&r, rows[i].path);

		assert_string_equal(l.value, rows[i].value);
		assert_string_equal(param(l, "rrd-create-dstype"),
		    rows[i].kind);
		assert_non_null(param(l, "vertical-label"));
	}
	finish(&r);
}

static void
what_is_fleeting_is_left_out(void **state)
{
	static const char *const absent[] = { "/interfaces/lo/in_octets",
		"/interfaces/veth12/in_octets", "/disks/loop0/reads",
		"/disks/ram0/reads", "/disks/sda/writes",
		"/filesystems/data/used", "/filesystems/mnt/used",
		"/filesystems/var-lib-docker-volumes-x/used",
		"/filesystems/no_where/used", "/temperatures/coretemp_temp3" };
	struct run r = collect_made(none, none);

	(void)state;
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		if (find(&r, absent[i]) != NULL)
			fail_msg("there is %s", absent[i]);
	assert_non_null(find(&r, "/filesystems/root/used"));
	assert_non_null(find(&r, "/filesystems/var-lib/used"));
	finish(&r);
}

static void
globs_choose_devices(void **state)
{
	static const char *const include[] = { "veth*", "loop0", "/data",
		"/mnt", NULL };
	static const char *const exclude[] = { "vd?", "/var/*", NULL };
	struct run r = collect_made(include, exclude);

	(void)state;
	assert_non_null(find(&r, "/interfaces/veth12/in_octets"));
	assert_non_null(find(&r, "/disks/loop0/reads"));
	assert_non_null(find(&r, "/filesystems/data/size"));
	assert_null(find(&r, "/filesystems/mnt/size")); /* it could hang */
	assert_null(find(&r, "/disks/vda/reads"));
	assert_null(find(&r, "/filesystems/var-lib/size"));
	assert_non_null(find(&r, "/filesystems/root/size"));
	finish(&r);
}

static void
names_become_components(void **state)
{
	static const struct {
		const char *name, *component;
	} rows[] = {
		{ "/", "root" },
		{ "/var/lib", "var-lib" },
		{ "eth0.1@x", "eth0.1_x" },
		{ "..", "_." },
		{ "a..b", "a._b" },
		{ "-rf", "_rf" },
		{ "/.snapshots", "_snapshots" },
		{ "", "_" },
		{ "\xc3\xa4 b", "___b" },
		{ "0123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789",
		    "0123456789012345678901234567890123456789"
		    "012345678901234567890123" },
	};
	char out[HOST_COMPONENT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		host_component(slice_str(rows[i].name), out);
		assert_string_equal(out, rows[i].component);
		assert_true(name_is_component(slice_str(out)));
	}
}

static void
names_that_differ_in_case_alone_are_told_apart(void **state)
{
	struct run r = collect_made(none, none);
	const struct reading second = get(&r, "/interfaces/Eth0_2/in_octets");

	(void)state;
	assert_string_equal(second.value, "7");
	assert_string_equal(param(second, "node-display-name"), "Eth0 in");
	finish(&r);
}

static void
all_readings_of_this_machine_are_well_formed(void **state)
{
	struct run r = collect("/", none, none);

	(void)state;
	assert_false(r.c.failed);
	assert_true(r.c.n > 50);
	for (size_t i = 0; i < r.c.n; i++) {
		const struct reading *l = &r.c.reading[i];
		int rank = -1;

		assert_true(name_is_path(slice_str(l->path)));
		assert_true(name_is_value(slice_str(l->value)));
		for (const char *const *p = l->param; *p != NULL; p += 2) {
			assert_true(names_param_rank(slice_str(p[0])) > rank);
			rank = names_param_rank(slice_str(p[0]));
			assert_true(name_is_text(slice_str(p[1])));
			assert_null(strpbrk(p[1], "%$:"));
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(l->path, r.c.reading[k].path);
	}
	finish(&r);
}

static void
a_machine_without_proc_is_a_failure(void **state)
{
	struct run r;
	char *root = mem_printf("%s/t/data/host/data", getenv("top_srcdir"));

	(void)state;
	r = collect(root, none, none);
	free(root);
	assert_true(r.c.failed);
	assert_non_null(r.c.problem);
	finish(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_becomes_leaves),
		cmocka_unit_test(what_is_fleeting_is_left_out),
		cmocka_unit_test(globs_choose_devices),
		cmocka_unit_test(names_become_components),
		cmocka_unit_test(
		    names_that_differ_in_case_alone_are_told_apart),
		cmocka_unit_test(all_readings_of_this_machine_are_well_formed),
		cmocka_unit_test(a_machine_without_proc_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
