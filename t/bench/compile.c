/*
 * From CONFIG bodies to durable XML and a compiled tree, with the memory that
 * it takes; against libxml2 writing and re-reading such XML and SQLite filled
 * with such rows, alone and without a sync.  Medians of 5, each run in a
 * process of its own.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <sqlite3.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "t/bench/bench.h"
#include "xmlconfig/compiled.h"
#include "xmlconfig/index.h"
#include "xmlconfig/translate.h"
#include "xmlconfig/xml.h"

enum {
	RUNS = 5,
	SUBTREE = 50,      /* leaves */
	PART = 50000,      /* leaves in a CONFIG body */
	ASSOCIATIONS = 100 /* in a tree of which one has changed */
};

static char directory[] = "/tmp/axletree-bench.XXXXXX";
static int dir;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "compile: %s\n", what);
	exit(1);
}

static void
must_do(int rc, const struct err *e)
{
	must(rc != -1, e->msg);
}

/* --- What is compiled ---------------------------------------------------- */

/* Two parameters of each leaf's own come of this, and five of a subtree's. */
static void
put_leaf(struct buf *body, unsigned i)
{
	unsigned subtree = i / SUBTREE;

	buf_printf(body,
	    "%slevel2-token:T%u\n"
	    "level2-path:/Routers/RTR%u/Interface_Counters/if%02u/Counter%02u\n"
	    "collector-period:300\n"
	    "rrd-create-dstype:%s\n"
	    "vertical-label:%s\n"
	    "graph-legend:Counter %u\n"
	    "graph-title:Interface %u of router %u\n"
	    "rrd-scaling-base:%s\n",
	    i % PART > 0 ? ";\n" : "", i + 1, subtree / 20, subtree % 20,
	    i % SUBTREE, subtree % 2 > 0 ? "COUNTER" : "GAUGE",
	    subtree % 3 > 0 ? "bps" : "pps", i % SUBTREE, subtree % 20,
	    subtree / 20, subtree % 2 > 0 ? "1000" : "1024");
}

static const struct association alps = { .name = "alps",
	.hub_subtree = "/Sites/Alps" };

/* Returns the nanoseconds of all but the making of the bodies. */
static int64_t
compile(unsigned n)
{
	const struct xml_opts o = { .tree = "main", .directory = "/rrd" };
	const struct compiled_head head = { .generation = 1, .msgid = 1 };
	struct tree *spoke = tree_new(), *hub;
	struct buf body = { 0 };
	struct mono start = clock_mono();
	int64_t making = 0;
	struct err e = { 0 };

	for (unsigned i = 0; i < n;) {
		struct mono begin = clock_mono();

		buf_reset(&body);
		do
			put_leaf(&body, i);
		while (++i < n && i % PART > 0);
		making += clock_mono().ns - begin.ns;
		must_do(tree_add_config(spoke, buf_slice(&body), &e), &e);
	}
	buf_clear(&body);
	must_do(translate_tree(&alps, spoke, &hub, &e), &e);
	tree_free(spoke);
	must_do(xml_write_association(dir, "alps.xml", hub, &o, &e), &e);
	must_do(compiled_write(dir, "alps.sqlite", hub, &head, &e), &e);
	tree_free(hub);
	return clock_mono().ns - start.ns - making;
}

/* One association of many: its files, the index and the tree's file. */
static int64_t
compile_one(unsigned n)
{
	struct index_entry entry[ASSOCIATIONS];
	char name[ASSOCIATIONS][3][32];
	const char *files[ASSOCIATIONS];
	int64_t took = compile(n);
	struct mono start = clock_mono();
	struct err e = { 0 };

	for (unsigned i = 0; i < ASSOCIATIONS; i++) {
		snprintf(name[i][0], sizeof(name[i][0]), "a%02u", i);
		snprintf(name[i][1], sizeof(name[i][1]), "a%02u.sqlite", i);
		snprintf(name[i][2], sizeof(name[i][2]), "/Sites/A%02u", i);
		entry[i] =
		    (struct index_entry){ name[i][0], name[i][1], name[i][2] };
		files[i] = name[i][0];
	}
	must_do(xml_write_tree(dir, "main.xml", files, ASSOCIATIONS, &e), &e);
	must_do(index_write(dir, "index", entry, ASSOCIATIONS, &e), &e);
	return took + clock_mono().ns - start.ns;
}

/* --- The floor ----------------------------------------------------------- */

static const xmlChar *
xml(const char *s)
{
	return (const xmlChar *)s;
}

static void
floor_param(xmlTextWriterPtr w, const char *name, const char *value)
{
	xmlTextWriterStartElement(w, xml("param"));
	xmlTextWriterWriteAttribute(w, xml("name"), xml(name));
	xmlTextWriterWriteAttribute(w, xml("value"), xml(value));
	xmlTextWriterEndElement(w);
}

static void
floor_write(const char *path, unsigned n)
{
	xmlTextWriterPtr w = xmlNewTextWriterFilename(path, 0);
	char name[32];

	must(w != NULL, path);
	xmlTextWriterStartDocument(w, NULL, NULL, NULL);
	xmlTextWriterSetIndent(w, 1);
	xmlTextWriterStartElement(w, xml("configuration"));
	for (unsigned i = 0; i < n; i++) {
		if (i % SUBTREE == 0) {
			snprintf(name, sizeof(name), "if%u", i / SUBTREE);
			xmlTextWriterStartElement(w, xml("subtree"));
			xmlTextWriterWriteAttribute(w, xml("name"), xml(name));
			floor_param(w, "data-dir", "/rrd/main/Routers/RTR/if");
			floor_param(w, "rrd-create-dstype", "COUNTER");
			floor_param(w, "vertical-label", "bps");
			floor_param(w, "graph-title", "Interface of router");
			floor_param(w, "rrd-scaling-base", "1000");
		}
		snprintf(name, sizeof(name), "Counter%02u.rrd", i % SUBTREE);
		xmlTextWriterStartElement(w, xml("leaf"));
		xmlTextWriterWriteAttribute(w, xml("name"), xml(name));
		floor_param(w, "data-file", name);
		floor_param(w, "graph-legend", name);
		xmlTextWriterEndElement(w);
		if (i % SUBTREE == SUBTREE - 1)
			xmlTextWriterEndElement(w);
	}
	xmlTextWriterEndDocument(w);
	xmlFreeTextWriter(w);
}

static void
floor_read(const char *path)
{
	static char chunk[64 << 10];
	xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC };
	xmlParserCtxtPtr p = xmlCreatePushParserCtxt(&sax, NULL, NULL, 0, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	must(fd != -1 && p != NULL, path);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		xmlParseChunk(p, chunk, (int)n, 0);
	must(xmlParseChunk(p, chunk, 0, 1) == 0, "floor's XML");
	xmlFreeParserCtxt(p);
	close(fd);
}

static void
floor_fill(const char *path, unsigned n)
{
	static const char params[] = "graph-legend\0Counter\0vertical-label\0b";
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	char leaf[128];

	must(sqlite3_open(path, &db) == SQLITE_OK &&
		sqlite3_exec(db,
		    "PRAGMA page_size = 8192; PRAGMA journal_mode = OFF;"
		    "PRAGMA synchronous = OFF; BEGIN;"
		    "CREATE TABLE leaf (id INTEGER PRIMARY KEY, path TEXT,"
		    " token TEXT, params BLOB)",
		    NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(db, "INSERT INTO leaf VALUES (?,?,?,?)", -1,
		    &st, NULL) == SQLITE_OK,
	    "floor's tables");
	for (unsigned i = 0; i < n; i++) {
		int len = snprintf(leaf, sizeof(leaf),
		    "/Sites/Alps/Routers/RTR%u/Interface_Counters/if%u/C%u",
		    i / 1000, i / SUBTREE, i);

		sqlite3_bind_int64(st, 1, i + 1);
		sqlite3_bind_text(st, 2, leaf, len, SQLITE_STATIC);
		sqlite3_bind_text(st, 3, leaf, 8, SQLITE_STATIC);
		sqlite3_bind_blob(st, 4, params, sizeof(params), SQLITE_STATIC);
		must(sqlite3_step(st) == SQLITE_DONE, "floor's rows");
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK,
	    "floor's commit");
	sqlite3_close(db);
}

static int64_t
run_floor(unsigned n)
{
	struct mono start = clock_mono();
	char path[64];

	snprintf(path, sizeof(path), "%s/floor.xml", directory);
	floor_write(path, n);
	floor_read(path);
	snprintf(path, sizeof(path), "%s/floor.sqlite", directory);
	floor_fill(path, n);
	return clock_mono().ns - start.ns;
}

/* --- Measuring ----------------------------------------------------------- */

struct result {
	int64_t ns;
	int64_t rss_kib; /* at the most */
};

static void
remove_files(void)
{
	static const char *const name[] = { "alps.xml", "alps.sqlite",
		"main.xml", "index", "floor.xml", "floor.sqlite" };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		unlinkat(dir, name[i], 0);
}

static struct result
run_once(int64_t (*run)(unsigned), unsigned n)
{
	struct result r = { 0, 0 };
	struct rusage usage;
	int end[2], status;
	pid_t pid;

	must(pipe(end) == 0, "pipe");
	remove_files();
	sync(); /* what others left to write is not ours to wait for */
	pid = fork();
	if (pid == 0) {
		r.ns = run(n);
		getrusage(RUSAGE_SELF, &usage);
		r.rss_kib = usage.ru_maxrss;
		_exit(write(end[1], &r, sizeof(r)) != sizeof(r));
	}
	close(end[1]);
	must(pid > 0 && read(end[0], &r, sizeof(r)) == sizeof(r), "a run");
	close(end[0]);
	waitpid(pid, &status, 0);
	return r;
}

static int
compare(const void *a, const void *b)
{
	const struct result *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

/* In turns: the most seconds are `goal` times the floor's. */
static void
report(const char *what, int64_t (*run)(unsigned), unsigned n, double goal)
{
	struct result ours[RUNS], least[RUNS];

	for (int i = 0; i < RUNS; i++) {
		least[i] = run_once(run_floor, n);
		ours[i] = run_once(run, n);
	}
	qsort(least, RUNS, sizeof(least[0]), compare);
	qsort(ours, RUNS, sizeof(ours[0]), compare);
	printf("%s: %ld MB\n", what, (long)(ours[RUNS / 2].rss_kib / 1024));
	bench_row(&(struct bench_row){ .what = what,
	    .reached = (double)ours[RUNS / 2].ns / 1e9,
	    .floor = (double)least[RUNS / 2].ns / 1e9,
	    .unit = "s",
	    .goal = goal });
	if (n < 1000000)
		return;
	bench_row(&(struct bench_row){
	    .what = "XML and compiled tree, 1,000,000 leaves, memory",
	    .reached = (double)ours[RUNS / 2].rss_kib / 1024,
	    .unit = "MB",
	    .goal = 500 });
}

/* The goals are 0.4 s, 6 s and 0.3 s where the floor takes 0.15 s, 2.5 s and,
 * for the hundredth of 1,000,000 leaves, 0.025 s. */
int
main(void)
{
	struct err e = { 0 };

	must(mkdtemp(directory) != NULL, directory);
	dir = durable_open_dir(AT_FDCWD, directory, &e);
	must_do(dir, &e);
	report("XML and compiled tree, 60,000 leaves", compile, 60000,
	    0.4 / 0.15);
	report("XML and compiled tree, 1,000,000 leaves", compile, 1000000,
	    6 / 2.5);
	report("one of 100 associations changed, 1,000,000 leaves in all",
	    compile_one, 1000000 / ASSOCIATIONS, 0.3 / 0.025);
	remove_files();
	rmdir(directory);
	return 0;
}
