/*
 * The configuration file: what is read, what is refused and on which line.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/config/config.h"
#include "common/config/config_keys.h"
#include "common/config/config_text.h"
#include "common/config/config_value.h"
#include "t/config_rows.h"

/* --- What is read ---------------------------------------------------------- */

static const char example[] =
    "node \"alps-gw\" {                      # this machine; roles follow from the associations\n"
    "    state = \"/var/lib/axletree\"       # cursors, tokens, trees, RRD files\n"
    "    spool = \"/var/spool/axletree\"\n"
    "    run   = \"/run/axletree\"           # sockets, locks\n"
    "}\n"
    "operator {\n"
    "    mail     = {\"noc@example.net\"}\n"
    "    sendmail = {\"/usr/sbin/sendmail\", \"-t\", \"-oi\"}     # argv, no shell\n"
    "    gather = 5m   repeat = 4h\n"
    "}\n"
    "association \"alps\" {                  # the draft's attributes; the same block on both ends\n"
    "    hub = \"noc\"   spoke = \"alps-gw\"\n"
    "    transport = ssh   mode = push     # ssh exec http rsync dir; push pull\n"
    "    compression = columnar   level = 6\n"
    "    hub-tree = \"main\"   hub-subtree = \"/Sites/Alps\"   spoke-tree = \"local\"\n"
    "    translate \"/Hosts/alps-gw\" { to = \"/Gateway\" }\n"
    "    config-interval = 24h   retain = 7d   spool-size = 1G   spool-full = refuse\n"
    "    ssh {\n"
    "        host = \"noc.example.net\"   port = 22   user = \"axletree\"\n"
    "        identity = \"alps.key\"   known-hosts = \"known_hosts\"\n"
    "    }\n"
    "}\n"
    "collector \"self\" {\n"
    "    type = host   tree = \"local\"   subtree = \"/Hosts/alps-gw\"   period = 60s\n"
    "}\n"
    "collector \"ups\" {\n"
    "    type = exec   tree = \"local\"   subtree = \"/Power\"   period = 60s\n"
    "    command = {\"/usr/libexec/ups-values\"}   kind = GAUGE\n"
    "}\n"
    "hub {\n"
    "    settle = 30s   settle-max = 5m\n"
    "}\n"
    "store \"rrd\" { type = rrd   directory = \"/var/lib/axletree/rrd\" }\n";

static void
the_example_reads_as_it_is_printed(void **state)
{
	struct config *c = accept(example);
	const struct association *a = config_association(c, "alps");
	char path[256];

	(void)state;
	assert_string_equal(c->node.id, "alps-gw");
	assert_string_equal(c->node.run, "/run/axletree");
	assert_null(c->node.user);
	assert_string_equal(c->oper.mail[0], "noc@example.net");
	assert_null(c->oper.mail[1]);
	assert_string_equal(c->oper.sendmail[2], "-oi");
	assert_int_equal(c->oper.gather_s, 300);
	assert_int_equal(c->oper.repeat_s, 14400);
	assert_non_null(a);
	assert_int_equal(a->role, CONFIG_SPOKE);
	assert_true(config_dials(a));
	assert_int_equal(a->level, 6);
	assert_string_equal(a->compression, "columnar");
	assert_string_equal(a->hub_subtree, "/Sites/Alps");
	assert_int_equal(a->n_translate, 1);
	assert_string_equal(a->translate[0].from, "/Hosts/alps-gw");
	assert_string_equal(a->translate[0].to, "/Gateway");
	assert_int_equal(a->spool_size, 1 << 30);
	assert_int_equal(a->retain_s, 7 * 86400);
	assert_int_equal(a->ssh.port, 22);
	snprintf(path, sizeof(path), "%s/alps.key", scratch_path);
	assert_string_equal(a->ssh.identity, path);
	assert_int_equal(a->line, 11);
	assert_int_equal(c->n_collector, 2);
	assert_string_equal(c->collector[1].command[0],
	    "/usr/libexec/ups-values");
	assert_int_equal(c->collector[1].line, 26);
	assert_int_equal(c->hub.settle_max_s, 300);
	assert_string_equal(config_store_for(c)->directory,
	    "/var/lib/axletree/rrd");
	assert_string_equal(config_store_for(c)->rra[5], "MAX:1d:5y");
	assert_null(config_store_for(c)->rra[6]);
	assert_null(config_association(c, "alp"));
	config_free(c);
}

static void
what_is_left_out_has_its_default(void **state)
{
	struct config *c = accept(LINKED "}");
	const struct association *a = &c->association[0];

	(void)state;
	assert_string_equal(c->node.state, "/var/lib/axletree");
	assert_string_equal(c->oper.sendmail[0], "/usr/sbin/sendmail");
	assert_null(c->oper.mail[0]);
	assert_int_equal(a->role, CONFIG_HUB);
	assert_false(config_dials(a));
	assert_int_equal(a->transport, CONFIG_SSH);
	assert_int_equal(a->mode, CONFIG_PUSH);
	assert_string_equal(a->compression, "zstd");
	assert_int_equal(a->level, -1);
	assert_int_equal(a->archive_retain_s, 0);
	assert_int_equal(a->budget_full, CONFIG_REFUSE);
	assert_false(a->keep);
	assert_null(a->sign_key);
	assert_null(a->ssh.host);
	assert_null(a->exec_command[0]);
	assert_null(config_store_for(c));
	config_free(c);
}

static void
nothing_is_expanded(void **state)
{
	static const char *const text[] = {
		"\"${HOME}\"",
		"'${HOME}'",
		"\"`id`\"",
		"\"!cmd\"",
		"\"a$$b\"",
	};
	char all[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text) / sizeof(*text); i++) {
		struct config *c;
		size_t n = strlen(text[i]) - 2;

		snprintf(all, sizeof(all), LINKED "rsync { put = %s } }",
		    text[i]);
		c = accept(all);
		assert_int_equal(strlen(c->association[0].rsync_put), n);
		assert_memory_equal(c->association[0].rsync_put, text[i] + 1,
		    n);
		config_free(c);
	}
}

static void
bare_words_and_appended_lists_are_read(void **state)
{
	struct config *c = accept(
	    NODE "operator { mail = {a@x, b@x}\n mail += c@x }\n"
		 "collector c { type = host subtree = \"/\" period = 1h\n"
		 "include = {\"eth*\"} }");

	(void)state;
	assert_string_equal(c->oper.mail[2], "c@x");
	assert_null(c->oper.mail[3]);
	assert_string_equal(c->collector[0].subtree, "");
	assert_string_equal(c->collector[0].include[0], "eth*");
	config_free(c);
}

static void
an_empty_list_takes_the_place_of_the_default(void **state)
{
	struct config *c = accept(NODE "operator { sendmail = {} }");

	(void)state;
	assert_null(c->oper.sendmail[0]);
	config_free(c);
}

/* What config_print says, owned by the caller. */
static char *
printed(const struct config *c)
{
	struct err e = { 0 };
	char path[256], *text = mem_alloc(65536);
	int fd;

	snprintf(path, sizeof(path), "%s/printed", scratch_path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd != -1);
	assert_int_equal(config_print(c, fd, &e), 0);
	assert_true(pread(fd, text, 65535, 0) > 0);
	close(fd);
	return text;
}

static void
what_is_printed_reads_as_the_same(void **state)
{
	static const char *const text[] = {
		example,
		LINKED "}",
		NODE
		"web { listen = \"[::1]:1\" }\n"
		"operator { sendmail = {} mail = {} }\n"
		"collector c { type = exec subtree = \"/\" command = {\"x\", "
		"\"\"} }",
		LINKED "rsync { put = \"a\\\\b\\\"c ${HOME} d\" } }",
		LINKED " archive-retain = 90m\n rate = 1500 transport = dir "
		       "sign-key = k verify-key = v bare = yes\n"
		       "translate \"/\" { to = /X } dir { path = d } }",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text) / sizeof(*text); i++) {
		struct config *c = accept(text[i]);
		char *once = printed(c), *twice;

		config_free(c);
		c = accept(once);
		twice = printed(c);
		config_free(c);
		assert_string_equal(once, twice);
		free(once);
		free(twice);
	}
}

static void
values_print_as_they_are_written(void **state)
{
	struct config *c = accept(LINKED " archive-retain = 90m rate = 1536\n"
					 "budget = 50M keep = yes mode = pull\n"
					 "ssh { host = h } }");
	char *text = printed(c);

	(void)state;
	config_free(c);
	assert_non_null(strstr(text, "\tarchive-retain = 90m\n"));
	assert_non_null(strstr(text, "\tconfig-interval = 1d\n"));
	assert_non_null(strstr(text, "\trate = 1536\n"));
	assert_non_null(strstr(text, "\tbudget = 50M\n"));
	assert_non_null(strstr(text, "\tkeep = yes\n"));
	assert_non_null(strstr(text, "\t\thost = \"h\"\n"));
	assert_non_null(strstr(text, "\tlevel = 3\n"));
	assert_null(strstr(text, "sign-key"));
	free(text);
}

/* --- What is refused --------------------------------------------------------- */

static void
bad_grammar_is_refused_with_its_line(void **state)
{
	static const struct row rows[] = {
		{ "", "c:1: there is no node block" },
		{ "# nothing\n", "c:1: there is no node block" },
		{ NODE "foo = 1", "c:3: no such option 'foo'" },
		{ NODE "operator {\n\n foo = 1 }",
		    "c:5: no such option 'foo'" },
		{ NODE "operator {\n /* a\n comment */\n foo = 1 }",
		    "c:6: no such option 'foo'" },
		{ NODE "hub { settle 30s }",
		    "c:3: missing equal sign after option 'settle'" },
		{ NODE "hub { settle = }", "c:3: unexpected token '}'" },
		{ NODE "hub { settle = 30s",
		    "c:3: a block begins here and does not end" },
		{ NODE "hub { settle = {30s} }", "c:3: unexpected token '{'" },
		{ NODE "}", "c:3: unexpected" },
		{ NODE "hub \"x\" { }", "c:3: missing opening brace" },
		{ NODE "hub { settle = \"30s }\n\n",
		    "c:3: a string begins here and does not end" },
		{ NODE "\n/* x", "c:4: a comment begins here" },
		{ NODE "hub { settle = 1s*2 }", "c:3: a '*' stands bare" },
		{ NODE "hub { settle = 1s+2 }", "c:3: a '+' stands bare" },
		{ "node n { state = /a/ }", "c:1: a slash ends a word here" },
		{ NODE "hub|settle = 30s", "c:3: " },
		{ NODE "hub { settle = 1s\n settle = 2s }",
		    "c:4: settle is given twice" },
		{ NODE "hub { settle = 1s }\nhub { settle-max = 2m }",
		    "c:4: hub is given twice" },
		{ NODE "operator { mail = {a@x}\n mail = {b@x} }",
		    "c:4: mail is given twice" },
		{ NODE "node \"m\" { }", "c:3: node \"m\": a file is of one" },
		{ LINKED "}\nassociation \"a\" { }",
		    "c:4: found duplicate title 'a'" },
		{ LINKED
		    "\n translate /x { to = \"/\" }\n translate /x { to = /y } }",
		    "c:5: found duplicate title '/x'" },
		{ NODE "hub {\n settle = \"1s\x1b[2J\" }",
		    "c:4: a control character (0x1b)" },
	};

	(void)state;
	REFUSE(rows);
}

static void
bad_bytes_are_refused_with_their_line(void **state)
{
	static const char nul[] = NODE "hub {\0}";
	char *text = mem_alloc(CONFIG_TEXT_MAX + 2);

	(void)state;
	assert_string_equal(refuse(nul, sizeof(nul) - 1),
	    "c:3: a control character (0x00)");
	assert_non_null(
	    strstr(refuse_text(NODE "hub {\r\n}"), "c:3: a carriage return"));
	assert_non_null(
	    strstr(refuse_text("\xef\xbb\xbf" NODE), "c:1: begins "));
	memset(text, ' ', CONFIG_TEXT_MAX + 1);
	assert_non_null(
	    strstr(refuse(text, CONFIG_TEXT_MAX + 1), "is larger than"));
	memcpy(text, NODE, strlen(NODE));
	assert_non_null(strstr(refuse(text, strlen(NODE) + 4097),
	    "c:3: the line is longer than 4096 bytes"));
	text[strlen(NODE) + 4096] = '\0';
	config_free(accept(text));
	free(text);
}

static void
bad_values_are_refused_with_their_line(void **state)
{
	static const struct row rows[] = {
		{ NODE "hub {\n settle = 30x }",
		    "c:4: settle = 30x: a duration is a number" },
		{ NODE "hub { settle = -1s }",
		    "c:3: settle = -1s: a duration" },
		{ NODE "hub { settle = 01s }",
		    "c:3: settle = 01s: a duration" },
		{ NODE "hub { settle = 1.5m }", "c:3: settle = 1.5m: a dur" },
		{ NODE "hub { settle = 9223372036854775807d }",
		    "c:3: settle = 9223372036854775807d: a duration" },
		{ NODE "hub { settle = \"\" }", "c:3: settle: is empty" },
		{ NODE "hub { settle = 3601s }",
		    "c:3: settle = 3601s: must be 0 to 1h" },
		{ NODE "hub { settle = 6m\nsettle-max = 5m }",
		    "c:4: settle-max is shorter than settle" },
		{ NODE "hub { settle-max = 29s }",
		    "c:3: settle-max is shorter than settle" },
		{ LINKED "\n spool-size = 1T }",
		    "c:4: spool-size = 1T: a size is a number" },
		{ LINKED " spool-size = 2048G }",
		    "c:3: spool-size = 2048G: must be 64K to 1024G" },
		{ LINKED " rate = 1023 }",
		    "c:3: rate = 1023: must be 0 or 1K to" },
		{ LINKED " archive-retain = 1s }",
		    "c:3: archive-retain = 1s: must be 0 or 1h to" },
		{ LINKED " keep = maybe }",
		    "c:3: keep = maybe: must be yes or" },
		{ LINKED " mode = shove }",
		    "c:3: mode = shove: must be one of push pull" },
		{ LINKED " compression = lzma }",
		    "c:3: compression = lzma: must be one of none" },
		{ LINKED " compression = gzip level = 10 }",
		    "c:3: association \"a\": level = 10: must be 1 to 9 for gzip" },
		{ LINKED " level = 20 }",
		    "c:3: association \"a\": level = 20: must be 1 to 19 for "
		    "zstd" },
		{ LINKED " level = 0 }",
		    "c:3: association \"a\": level = 0: must be 1 to 19 for zstd" },
		{ LINKED " compression = bzip2 level = 99 }",
		    "c:3: association \"a\": level = 99: must be 1 to 9 for bzip2" },
		{ LINKED " compression = xz level = 10 }",
		    "c:3: association \"a\": level = 10: must be 0 to 9 for xz" },
		{ LINKED " compression = columnar level = 0 }",
		    "c:3: association \"a\": level = 0: must be 1 to 9 for columnar" },
		{ LINKED " ssh { port = 65536 } }",
		    "c:3: port = 65536: must be 1 to 65535" },
		{ LINKED " ssh { port = 0 } }", "c:3: port = 0: must be 1" },
		{ LINKED " sign-key = \"../k\" }",
		    "c:3: sign-key = ../k: \"..\" is not" },
		{ LINKED " sign-key = \"k/..\" }", "c:3: sign-key = k/..: " },
		{ "node n { state = var }",
		    "c:1: state = var: must be absolute" },
		{ "node n { state = /a/../b }",
		    "c:1: state = /a/../b: \"..\"" },
		{ "node \"a/b\" { }", "c:1: node \"a/b\": a name is" },
		{ NODE "store s { type = rrd }",
		    "c:3: store \"s\": directory is missing" },
		{ NODE "store s { type = rrd directory = rrd }",
		    "c:3: directory = rrd: must be absolute" },
		{ NODE
		    "store s { type = rrd directory = /r rra = {\"X:1x:2d\"} }",
		    "c:3: store \"s\": rra = X:1x:2d: must be like" },
		{ NODE "store s { type = tape directory = /r }",
		    "c:3: type = tape: must be one of rrd" },
		{ NODE "collector c { type = host subtree = a }",
		    "c:3: subtree = a: a path is like" },
		{ NODE "collector c { type = host subtree = \"/a/\" }",
		    "c:3: subtree = /a/: a path is like" },
		{ NODE "collector c { type = exec subtree = /a }",
		    "c:3: collector \"c\": type = exec: needs command" },
		{ NODE "collector c { type = host subtree = /a command = x }",
		    "c:3: collector \"c\": command belongs to" },
		{ NODE "collector c { type = exec subtree = /a command = x "
		       "kind = STRING }",
		    "c:3: kind = STRING: must be one of GAUGE" },
		{ NODE "collector c { type = host subtree = /a period = 60s\n"
		       " offset = 60s }",
		    "c:3: collector \"c\": offset must be less" },
		{ NODE "operator { mail = {\"-oQ/tmp\"} }",
		    "c:3: operator: mail = -oQ/tmp: must be one plain" },
		{ NODE "operator { mail = {\"a@b\\nBcc: c@d\"} }",
		    "c:3: mail: has a control character" },
		{ NODE "operator { mail = {\"\xff\"} }", "c:3: is not UTF-8" },
	};

	(void)state;
	REFUSE(rows);
}

static void
bad_associations_are_refused(void **state)
{
#define TWO(rest) LINKED "}\nassociation \"b\" { hub = n spoke = t " rest
#define NAMED(name) \
	NODE "association \"" name "\" { hub = n spoke = s hub-subtree = /A }"
	static const struct row rows[] = {
		{ NODE "association a { hub = x spoke = y hub-subtree = /A }",
		    "c:3: association \"a\": this node, n, is neither" },
		{ NODE "association a { hub = n spoke = n hub-subtree = /A }",
		    "c:3: association \"a\": hub and spoke are both" },
		{ NODE "association a { spoke = n hub-subtree = /A }",
		    "c:3: association \"a\": hub is missing" },
		{ NODE "\nassociation a\n{ hub = n\n hub-subtree = /A }",
		    "c:5: association \"a\": spoke is missing" },
		{ NODE "association a { hub = n spoke = s }",
		    "c:3: association \"a\": hub-subtree is missing" },
		{ NAMED(".."), "c:3: association \"..\": a name is" },
		{ NAMED("a/b"), "c:3: association \"a/b\": a name is" },
		{ NAMED("A"), "c:3: association \"A\": a name is" },
		{ NAMED("-x"), "c:3: association \"-x\": a name is" },
		{ NAMED(""), "c:3: association \"\": a name is" },
		{ NAMED("hub"), "c:3: association \"hub\": a name is" },
		{ NAMED("a\\nb"), "c:3: association \"a" },
		{ NAMED("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		    "c:3: association \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": a" },
		{ NODE "association a { hub = n spoke = s hub-tree = a\n"
		       "hub-subtree = /A mode = push }",
		    "c:3: association \"a\": hub-tree has the same name" },
		{ TWO("hub-subtree = /A }"),
		    "c:4: association \"b\": hub-subtree /A overlaps /A of" },
		{ TWO("hub-subtree = /A/B }"),
		    "c:4: association \"b\": hub-subtree /A/B overlaps /A" },
		{ TWO("hub-subtree = \"/\" }"),
		    "c:4: association \"b\": hub-subtree / overlaps /A" },
		{ NODE "association a { hub = n spoke = s hub-subtree = /A\n"
		       "mode = pull }",
		    "c:3: association \"a\": transport = ssh: this node conn" },
		{ NODE "association a { hub = n spoke = s hub-subtree = /A\n"
		       "mode = pull ssh { host = \"-oProxyCommand=x\" } }",
		    "c:3: association \"a\": ssh: host and user are" },
		{ NODE "association a { hub = h spoke = n hub-subtree = /A\n"
		       "transport = exec }",
		    "c:3: association \"a\": transport = exec: needs" },
		{ NODE "association a { hub = h spoke = n hub-subtree = /A\n"
		       "transport = dir dir { path = /x } }",
		    "c:3: association \"a\": transport = dir: what is carried" },
		{ NODE "association a { hub = h spoke = n hub-subtree = /A\n"
		       "ssh { host = h identity = k } }\n"
		       "association b { hub = i spoke = n hub-subtree = /B\n"
		       "ssh { host = i identity = k } }",
		    "c:5: association \"b\": has a key of association \"a\"" },
		{ LINKED " translate \"/(a+)+$\" { to = /X } }",
		    "c:3: translate \"/(a+)+$\": a path is like" },
		{ LINKED " translate /A { to = \"/(b)\" } }",
		    "c:3: to = /(b): a path is like" },
		{ LINKED " exec { env = {\"=x\"} } }",
		    "c:3: association \"a\": exec: env = =x: must be" },
	};

	(void)state;
	REFUSE(rows);
	config_free(accept(TWO("hub-subtree = /AB }")));
	config_free(accept(TWO("hub-subtree = /A hub-tree = other }")));
}

/* Who connects over http to whom, and who is known by what. */
static void
http_needs_both_ends_to_be_safe(void **state)
{
#define DIALED(rest)                                                \
	NODE "association a { hub = h spoke = n hub-subtree = /A\n" \
	     "transport = http http { " rest " } }"
#define ANSWERED(rest)                                              \
	NODE "association a { hub = n spoke = s hub-subtree = /A\n" \
	     "transport = http " rest
#define TLS "certificate = c key = k"
	static const struct row rows[] = {
		{ DIALED(""),
		    "c:3: association \"a\": transport = http: needs" },
		{ DIALED("url = \"http://h/\" token = t"),
		    "c:3: association \"a\": http: url begins with https://" },
		{ DIALED("url = \"ftp://h/\" token = t ca = c"),
		    "c:3: association \"a\": http: url is https://" },
		{ DIALED("url = \"https://u:p@h/\" token = t ca = c"),
		    "c:3: association \"a\": http: url is https://" },
		{ DIALED("url = \"https://h/?x\" token = t ca = c"),
		    "c:3: association \"a\": http: url is https://" },
		{ DIALED("url = \"https://h:0/\" token = t ca = c"),
		    "c:3: association \"a\": http: url is https://" },
		{ DIALED("url = \"https://h:65536/\" token = t ca = c"),
		    "c:3: association \"a\": http: url is https://" },
		{ DIALED("url = \"https:///x\" token = t ca = c"),
		    "c:3: association \"a\": http: url is https://" },
		{ DIALED("url = \"https://[::1/\" token = t ca = c"),
		    "c:3: association \"a\": http: url is https://" },
		{ DIALED("url = \"https://h/\" token = t"),
		    "c:3: association \"a\": http: needs ca" },
		{ DIALED("url = \"https://h/\" ca = c"),
		    "c:3: association \"a\": http: needs token" },
		{ DIALED("url = \"http://127.0.0.1/\" certificate = c key = k"),
		    "c:3: association \"a\": http: needs token" },
		{ DIALED("url = \"https://h/\" ca = c certificate = c"),
		    "c:3: association \"a\": http: certificate and key need each other" },
		{ ANSWERED("http { token = t } }"),
		    "c:3: association \"a\": transport = http: the other end connects" },
		{ ANSWERED("}\nweb { listen = \":1\" " TLS " }"),
		    "c:3: association \"a\": transport = http: needs http { token" },
		{ NODE "web { listen = \"127.0.0.1\" }", "c: web: listen is" },
		{ NODE "web { listen = \"127.0.0.1:\" }", "c: web: listen is" },
		{ NODE "web { listen = \"::1:80\" }", "c: web: listen is" },
		{ NODE "web { listen = \"x y:80\" }", "c: web: listen is" },
		{ NODE "web { listen = \":80\" }",
		    "c: web: listen: needs certificate and key" },
		{ NODE "web { listen = \"10.0.0.1:80\" }",
		    "c: web: listen: needs certificate and key" },
		{ NODE "web { spoke-listen = \":80\" }",
		    "c: web: listen: needs certificate and key" },
		{ NODE "web { listen = \":80\" certificate = c }",
		    "c: web: certificate and key need each other" },
		{ NODE "web { listen = \"127.0.0.1:80\" client-ca = c }",
		    "c: web: client-ca needs certificate and key" },
		{ ANSWERED("http { token = t } }\n"
			   "web { listen = \"127.0.0.1:80\" }\n"
			   "association b { hub = n spoke = s "
			   "hub-subtree = /B\n"
			   "transport = http http { token = t } }"),
		    "c:6: association \"b\": has a key of association \"a\"" },
	};
	static const char *const good[] = {
		DIALED("url = \"https://h\" token = t ca = c"),
		DIALED("url = \"https://h:8443/x/\" token = t ca = c"),
		DIALED(
		    "url = \"https://[::1]:1\" ca = c certificate = c key = k"),
		DIALED("url = \"http://127.0.0.1:80\" token = t"),
		DIALED("url = \"http://[::1]/\" token = t"),
		DIALED("url = \"http://localhost:1/\" token = t"),
		ANSWERED("http { token = t } }\n"
			 "web { listen = \"127.0.0.1:80\" }"),
		ANSWERED(
		    "http { token = t } }\nweb { listen = \":80\" " TLS " }"),
		ANSWERED(
		    "}\nweb { listen = \"[::]:80\" " TLS " client-ca = c }"),
	};

	(void)state;
	REFUSE(rows);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		config_free(accept(good[i]));
}

/* hubd and spoke daemon are two programs. */
static void
both_of_a_node_are_called_where_each_listens(void **state)
{
#define BOTH_CALLED(listens)                                        \
	NODE "association a { hub = n spoke = s hub-subtree = /A\n" \
	     "transport = http http { token = t } }\n"              \
	     "association b { hub = h spoke = n mode = pull "       \
	     "hub-subtree = /B\n"                                   \
	     "transport = http http { token = u } }\n"              \
	     "web { " listens " }"
	static const struct row rows[] = {
		{ BOTH_CALLED("listen = \"127.0.0.1:80\""),
		    "c:5: association \"b\": spoke daemon would listen where "
		    "hubd does for association \"a\": needs web { spoke-listen" },
		{ BOTH_CALLED("listen = \"127.0.0.1:80\" "
			      "spoke-listen = \"127.0.0.1:80\""),
		    "c:5: association \"b\": spoke daemon would listen" },
		{ BOTH_CALLED("listen = \":80\" "
			      "spoke-listen = \"10.0.0.1:80\" " TLS),
		    "c:5: association \"b\": spoke daemon would listen" },
		{ BOTH_CALLED("spoke-listen = \"127.0.0.1:81\""),
		    "c:3: association \"a\": transport = http: the other end "
		    "connects" },
	};
	static const char *const good[] = {
		BOTH_CALLED("listen = \"127.0.0.1:80\" "
			    "spoke-listen = \"127.0.0.1:81\""),
		BOTH_CALLED("listen = \"127.0.0.1:80\" "
			    "spoke-listen = \"[::1]:80\""),
	};

	(void)state;
	REFUSE(rows);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		config_free(accept(good[i]));
}

#ifdef HAVE_LIBSODIUM
/* One key may sign for several; who is believed differs from one to the other. */
static void
each_association_verifies_with_a_key_of_its_own(void **state)
{
#define CARRIED_TWO(transport, keys_a, keys_b)                      \
	NODE "association a { hub = n spoke = s hub-subtree = /A\n" \
	     "transport = " transport " " keys_a " }\n"             \
	     "association b { hub = n spoke = t hub-subtree = /B\n" \
	     "transport = " transport " " keys_b " }"
	static const struct row rows[] = {
		{ CARRIED_TWO("dir dir { path = /x }",
		      "sign-key = k verify-key = v",
		      "sign-key = l verify-key = v"),
		    "c:5: association \"b\": has a key of association \"a\"" },
		{ CARRIED_TWO("rsync", "verify-key = v", "verify-key = v"),
		    "c:5: association \"b\": has a key of association \"a\"" },
	};

	(void)state;
	REFUSE(rows);
	config_free(accept(CARRIED_TWO("dir dir { path = /x }",
	    "sign-key = k verify-key = v", "sign-key = k verify-key = w")));
}
#endif

/* --- Files ---------------------------------------------------------------------- */

static void
included_files_are_read_and_named(void **state)
{
	struct config *c;

	(void)state;
	put("one", "hub { settle = 2s }\ninclude('two')\n");
	put("two", "\noperator { gather = 3s }\n");
	c = accept("include(\"one\")\n" NODE);
	assert_int_equal(c->hub.settle_s, 2);
	assert_int_equal(c->oper.gather_s, 3);
	config_free(c);
	put("two", "\nhub { settle = 3s }\n");
	assert_non_null(strstr(refuse_text("include(one)\n" NODE),
	    "two:2: settle is given twice"));
	put("two", "\nhub {");
	assert_non_null(strstr(refuse_text("include(one)\n" NODE),
	    "two:2: a block begins here"));
}

static void
bad_includes_are_refused(void **state)
{
	static const struct row rows[] = {
		{ NODE "include(c)", "c:3: " },
		{ NODE "include(\"../c\")", "c:3: include = ../c: \"..\"" },
		{ NODE "include(\"/dev/null\")",
		    "c:3: include: /dev/null: is not a regular file" },
		{ NODE "include(\"/tmp\")",
		    "c:3: include: /tmp: is not a reg" },
		{ NODE "include(fifo)", "c:3: include: " },
		{ NODE "include(loop)", "loop:1: " },
		{ NODE "include(a, b)", "c:3: include takes one file" },
		{ NODE "include()", "c:3: include takes one file" },
		{ NODE "hub { include(c) }", "c:3: no such option 'include'" },
		{ NODE "include(deep1)", "deep8:1: too many files" },
	};
	char path[256], name[16], text[32];
	int i;

	(void)state;
	snprintf(path, sizeof(path), "%s/fifo", scratch_path);
	assert_int_equal(mkfifo(path, 0600), 0);
	put("loop", "include(loop)");
	for (i = 1; i <= 9; i++) {
		snprintf(name, sizeof(name), "deep%d", i);
		snprintf(text, sizeof(text), "include(deep%d)", i + 1);
		put(name, text);
	}
	REFUSE(rows);
	put("deep8", "");
	config_free(accept(NODE "include(deep1)"));
}

static void
others_may_not_write_the_file(void **state)
{
	static const mode_t bad[] = { 0622, 0602, 0620, 0666 };
	struct config *c;
	struct err e;
	const char *path = put("w", NODE);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(chmod(path, bad[i]), 0);
		assert_int_equal(config_read(path, &c, &e), -1);
		assert_int_equal(err_exit_code(&e), 78);
		assert_non_null(strstr(e.msg, "chmod go-w"));
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(config_read(path, &c, &e), 0);
	config_free(c);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(path, 4242, 4242), 0);
	assert_int_equal(config_read(path, &c, &e), -1);
	assert_int_equal(err_exit_code(&e), 78);
	assert_non_null(strstr(e.msg, "belongs to uid 4242"));
}

static void
a_missing_file_has_its_own_status(void **state)
{
	struct config *c;
	struct err e;

	(void)state;
	assert_int_equal(config_read("/nonexistent/axletree.conf", &c, &e), -1);
	assert_int_equal(err_exit_code(&e), 66);
}

static void
failed_reads_leave_the_next_alone(void **state)
{
	int i;

	(void)state;
	put("one", "hub { settle = }");
	for (i = 0; i < 20; i++)
		refuse_text(NODE "include(one)");
	the_example_reads_as_it_is_printed(state);
}

static void
spans_of_archives_are_checked(void **state)
{
	static const char *const good[] = { "AVERAGE:1x:2d", "MIN:5m:14d",
		"MAX:1h:90d", "LAST:90:5y" };
	static const char *const bad[] = { "", "AVERAGE", "AVERAGE:1x",
		"average:1x:2d", "AVERAGE:0x:2d", "AVERAGE:1x:0d",
		"AVERAGE:1x:2d:3", "AVERAGE:x:2d", "AVERAGE:1x:2x",
		"AVERAGE::", "AVERAGE:1x:99999999999999999999d" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(config_is_rra(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(config_is_rra(bad[i]));
}

/* --- The page ------------------------------------------------------------------- */

static char *
page(void)
{
	const char *top = getenv("top_srcdir");
	struct buf path = { 0 }, text = { 0 };
	struct err e;

	buf_printf(&path, "%s/doc/axletree.conf.5", top == NULL ? "." : top);
	if (durable_read_file(AT_FDCWD, path.p, 1 << 20, &text, &e) == -1)
		fail_msg("%s", e.msg);
	buf_clear(&path);
	return buf_steal(&text);
}

static void
says_the_range(const char *line, const struct key *k)
{
	struct buf wanted = { 0 };

	buf_put_str(&wanted, " ; ");
	config_value_range(k, &wanted);
	if (strstr(line, wanted.p) == NULL)
		fail_msg("%s: not the range%s", line, wanted.p);
	buf_clear(&wanted);
}

static void
says_the_key(const char *section, const struct block *b, const struct key *k)
{
	char wanted[64], line[256];
	const char *end = strstr(section, "\n.Ss "), *at;

	snprintf(wanted, sizeof(wanted), "\n.It Ic %s Ar ", k->name);
	at = strstr(section, wanted);
	if (at == NULL || (end != NULL && at > end))
		fail_msg("%s: the page has no %s", b->name, k->name);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 1, "\n"),
	    at + 1);
	if (k->def != NULL) {
		snprintf(wanted, sizeof(wanted), " Pq %s", k->def);
		if (strstr(line, wanted) == NULL)
			fail_msg("%s: not the default: %s", line, k->def);
	}
	if (k->type == KEY_DURATION || k->type == KEY_SIZE ||
	    (k->type == KEY_NUMBER && k->def != NULL))
		says_the_range(line, k);
}

static size_t
says_the_blocks(const char *text, const struct block *b)
{
	char heading[64];
	const struct key *k;
	size_t n = 0;

	for (; b != NULL && b->name != NULL; b++) {
		const char *section;

		snprintf(heading, sizeof(heading), "\n.Ss %s\n", b->name);
		section = strstr(text, heading);
		if (section == NULL)
			fail_msg("the page has no block %s", b->name);
		for (k = b->key; k->name != NULL; k++, n++)
			says_the_key(section + strlen(heading) - 1, b, k);
		n += says_the_blocks(text, b->inner);
	}
	return n;
}

static void
the_page_has_each_key_with_default_and_range(void **state)
{
	char *text = page(), *at = text;
	size_t said = 0;

	(void)state;
	while ((at = strstr(at, "\n.It Ic ")) != NULL) {
		at++;
		said++;
	}
	assert_int_equal(says_the_blocks(text, config_blocks), said);
	free(text);
}

static void
the_examples_of_the_page_are_accepted(void **state)
{
	char *text = page(), *at = text, *end;
	int n = 0;

	(void)state;
	while ((at = strstr(at, "\n.Bd -literal")) != NULL) {
		at = strchr(at + 1, '\n');
		end = strstr(at, "\n.Ed\n");
		assert_non_null(end);
		*end = '\0';
		config_free(accept(at));
		at = end + 1;
		n++;
	}
	assert_true(n >= 2);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_reads_as_it_is_printed),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(nothing_is_expanded),
		cmocka_unit_test(bare_words_and_appended_lists_are_read),
		cmocka_unit_test(an_empty_list_takes_the_place_of_the_default),
		cmocka_unit_test(what_is_printed_reads_as_the_same),
		cmocka_unit_test(values_print_as_they_are_written),
		cmocka_unit_test(bad_grammar_is_refused_with_its_line),
		cmocka_unit_test(bad_bytes_are_refused_with_their_line),
		cmocka_unit_test(bad_values_are_refused_with_their_line),
		cmocka_unit_test(bad_associations_are_refused),
		cmocka_unit_test(http_needs_both_ends_to_be_safe),
		cmocka_unit_test(both_of_a_node_are_called_where_each_listens),
#ifdef HAVE_LIBSODIUM
		cmocka_unit_test(
		    each_association_verifies_with_a_key_of_its_own),
#endif
		cmocka_unit_test(included_files_are_read_and_named),
		cmocka_unit_test(bad_includes_are_refused),
		cmocka_unit_test(others_may_not_write_the_file),
		cmocka_unit_test(a_missing_file_has_its_own_status),
		cmocka_unit_test(failed_reads_leave_the_next_alone),
		cmocka_unit_test(spans_of_archives_are_checked),
		cmocka_unit_test(the_page_has_each_key_with_default_and_range),
		cmocka_unit_test(the_examples_of_the_page_are_accepted),
	};

	return cmocka_run_group_tests(tests, scratch_group_setup,
	    scratch_group_teardown);
}
