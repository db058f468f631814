/*
 * Keys and known hosts as text: what is understood, what is refused and on
 * which line; and the lines of authorized_keys that are printed.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transport/ssh/authorize.h"
#include "transport/ssh/authorized_keys.h"
#include "transport/ssh/ssh_key.h"
#include "transport/ssh/ssh_known_hosts.h"

/* Public keys, made for this test and used nowhere. */
#define KEY_A \
	"AAAAC3NzaC1lZDI1NTE5AAAAICRoPgHZHphGnGNk9gnSDATShMpqAF1adrDp74wMUqBP"
#define KEY_B \
	"AAAAC3NzaC1lZDI1NTE5AAAAIFnqi516gnIdl44ygXYQ8TM8n7UBTFJAUJ1hAmKqJXmG"
#define KEY_EC                                                                 \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJr28xD/gPvH5QkQ" \
	"HKIRVbvHT5gYMrsMrgwSmXzkld5gcwz9t0RNg7KYepVuG864jgugnG4ExSHNnHz1oNHO" \
	"Qhc="
#define KEY_RSA                                                                \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgQDRINqQoH23qS0riSZXsucFLXpPF/UAZjjP0m7w" \
	"nIoilk1d0nnqcHEHsEpW+/V+HKHrck5u+8NXjmAmM3m0dgFwYbols9tv7hLQBfFSL2rc" \
	"XzFnCZoE8UuFMgIRvEe0/doxcu2E4bHiiNlvxBnDnPktMoIeWqlXT9xftJHJ91EUew=="
#define A   "ssh-ed25519 " KEY_A
#define B   "ssh-ed25519 " KEY_B
#define EC  "ecdsa-sha2-nistp256 " KEY_EC
#define RSA "ssh-rsa " KEY_RSA
/* noc.example.net and [noc.example.net]:2222, by ssh-keygen -H. */
#define HASHED "|1|0ibUwfxd0mYAHTsPL20/m7ufe2U=|gDKd8y3JJTHBTZ2QLwg1ITRn/3U= "
#define HASHED_2222 \
	"|1|JdrW67wmebgMvvlv1CGODLE7YqQ=|Xc31HuMcLHslIzEqH5ZPYDgL/yQ= "

/* --- Base64 ------------------------------------------------------------------- */

static void
base64_is_strict_and_comes_back(void **state)
{
	/* RFC 4648, 10 */
	static const char *const good[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfd", "//79" },
	};
	static const char *const bad[] = { "Z", "Zg",
		"Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n",
		"Zm 9", "Zm-_", "Zm9v=" };
	struct buf out = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		buf_reset(&out);
		assert_true(base64_decode(slice_str(good[i][1]), &out));
		assert_true(slice_eq_str(buf_slice(&out), good[i][0]));
		buf_reset(&out);
		base64_encode(slice_str(good[i][0]), &out);
		assert_true(slice_eq_str(buf_slice(&out), good[i][1]));
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		buf_reset(&out);
		assert_false(base64_decode(slice_str(bad[i]), &out));
	}
	buf_clear(&out);
	buf_init(&out, 2);
	assert_false(base64_decode(SLICE("Zm9v"), &out));
	buf_clear(&out);
}

/* --- Public keys ------------------------------------------------------------- */

static void
public_keys_are_one_line_of_a_good_kind(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind; /* ERR_NONE: accepted */
	} rows[] = {
		{ A, ERR_NONE },
		{ A "\n", ERR_NONE },
		{ A " a comment, of words\n", ERR_NONE },
		{ EC " x\n", ERR_NONE },
		{ "", ERR_INPUT },
		{ "\n", ERR_INPUT },
		{ "ssh-ed25519", ERR_INPUT },
		{ "ssh-ed25519 ", ERR_INPUT },
		{ "ssh-ed25519 AAAA", ERR_INPUT },
		{ "ssh-ed25519  " KEY_A, ERR_INPUT },
		{ "ssh-rsa " KEY_A, ERR_INPUT },
		{ "ssh-ed25519 " KEY_EC, ERR_INPUT },
		{ "ecdsa-sha2-nistp384 " KEY_EC, ERR_INPUT },
		{ "ssh-ed25519 " KEY_A "AAAA", ERR_INPUT },
		{ "no-pty " A, ERR_INPUT },
		{ A "\n" B "\n", ERR_INPUT },
		{ A "\n\n", ERR_INPUT },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n", ERR_INPUT },
		{ RSA " r\n", ERR_DENIED },
		{ "ssh-xyz AAAAB3NzaC14eXo=", ERR_DENIED },
	};
	struct ssh_public_key k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err e = { .kind = ERR_NONE };

		ssh_key_check_public(slice_str(rows[i].text), &k, &e);
		if (e.kind != rows[i].kind)
			fail_msg("%s: %s", rows[i].text, e.msg);
	}
	assert_int_equal(
	    ssh_key_check_public(SLICE(A " by me\n"), &k, &(struct err){ 0 }),
	    0);
	assert_true(slice_eq_str(k.name, "ssh-ed25519"));
	assert_true(slice_eq_str(k.base64, KEY_A));
	assert_true(slice_eq_str(k.comment, "by me"));
}

/* --- Private keys -------------------------------------------------------------- */

static void
put_string(struct buf *b, struct slice s)
{
	buf_put_char(b, 0);
	buf_put_char(b, 0);
	buf_put_char(b, (char)(s.n >> 8));
	buf_put_char(b, (char)(s.n & 0xff));
	buf_put(b, s);
}

/* The head of OpenSSH's format, as far as it is read; no key is in it. */
static void
private_file(const char *cipher, const char *public_base64, size_t cut,
    struct buf *out)
{
	struct buf body = { 0 }, blob = { 0 };

	assert_true(base64_decode(slice_str(public_base64), &blob));
	buf_put(&body, SLICE("openssh-key-v1\0"));
	put_string(&body, slice_str(cipher));
	put_string(&body, SLICE("none"));
	put_string(&body, SLICE(""));
	buf_put(&body, SLICE("\0\0\0\1"));
	put_string(&body, buf_slice(&blob));
	assert_true(cut < body.n);
	body.n -= cut;
	buf_reset(out);
	buf_put_str(out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(buf_slice(&body), out);
	buf_put_str(out, "\n-----END OPENSSH PRIVATE KEY-----\n");
	buf_clear(&body);
	buf_clear(&blob);
}

static void
private_keys_are_judged_by_their_head(void **state)
{
	static const struct {
		const char *cipher, *key;
		size_t cut;
		enum err_kind kind;
		const char *words;
	} rows[] = {
		{ "none", KEY_A, 0, ERR_NONE, "" },
		{ "none", KEY_EC, 0, ERR_NONE, "" },
		{ "none", KEY_RSA, 0, ERR_DENIED, "is an RSA key" },
		{ "aes256-ctr", KEY_A, 0, ERR_CONFIG, "has a passphrase" },
		{ "aes256-ctr", KEY_RSA, 0, ERR_DENIED, "is an RSA key" },
		{ "none", "AAAAB3NzaC14eXo=", 0, ERR_DENIED, "not used here" },
		{ "none", KEY_A, 1, ERR_CONFIG, "is damaged" },
		{ "none", KEY_A, 52, ERR_CONFIG, "is damaged" },
		{ "none", KEY_A, 60, ERR_CONFIG, "is damaged" },
		{ "none", KEY_A, 80, ERR_CONFIG, "is damaged" },
	};
	struct buf file = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err e = { .kind = ERR_NONE };

		private_file(rows[i].cipher, rows[i].key, rows[i].cut, &file);
		ssh_key_check_private(buf_slice(&file), &e);
		assert_int_equal(e.kind, rows[i].kind);
		assert_non_null(strstr(e.msg, rows[i].words));
	}
	buf_clear(&file);
}

static void
other_private_files_are_judged_by_their_first_line(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
		{ "-----BEGIN EC PRIVATE KEY-----\nMHcC\n", ERR_NONE },
		{ "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
		    ERR_CONFIG },
		{ "-----BEGIN RSA PRIVATE KEY-----\n", ERR_DENIED },
		{ "-----BEGIN PRIVATE KEY-----\n", ERR_CONFIG },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n", ERR_CONFIG },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END", ERR_CONFIG },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END\n",
		    ERR_CONFIG },
		{ A, ERR_CONFIG },
		{ "", ERR_CONFIG },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err e = { .kind = ERR_NONE };

		ssh_key_check_private(slice_str(rows[i].text), &e);
		assert_int_equal(e.kind, rows[i].kind);
	}
}

/* --- Known hosts ---------------------------------------------------------------- */

static void
hosts_are_named_as_in_the_file(void **state)
{
	struct buf name = { 0 };

	(void)state;
	ssh_host_name("NOC.example.net", 22, &name);
	assert_true(slice_eq_str(buf_slice(&name), "noc.example.net"));
	buf_reset(&name);
	ssh_host_name("2001:DB8::1", 2222, &name);
	assert_true(slice_eq_str(buf_slice(&name), "[2001:db8::1]:2222"));
	buf_clear(&name);
}

#define NOC "noc.example.net "

static void
a_shown_key_gets_its_verdict(void **state)
{
	static const struct {
		const char *file;
		enum ssh_verdict verdict;
		int line;
	} rows[] = {
		{ "", SSH_HOST_UNKNOWN, 0 },
		{ "# " NOC A "\n\n \t\n", SSH_HOST_UNKNOWN, 0 },
		{ NOC A, SSH_HOST_MATCH, 1 },
		{ "\n" NOC A " comment of words\n", SSH_HOST_MATCH, 2 },
		{ "  " NOC " \t ssh-ed25519 \t" KEY_A " \n", SSH_HOST_MATCH,
		    1 },
		{ NOC B "\n", SSH_HOST_CHANGED, 1 },
		{ NOC EC "\n", SSH_HOST_CHANGED, 1 },
		{ NOC RSA "\n", SSH_HOST_CHANGED, 1 },
		{ NOC B "\n" NOC A "\n", SSH_HOST_MATCH, 2 },
		{ NOC A "\n" NOC B "\n", SSH_HOST_MATCH, 1 },
		{ "x.example.net " A "\n", SSH_HOST_UNKNOWN, 0 },
		{ "[noc.example.net]:2222 " A "\n", SSH_HOST_UNKNOWN, 0 },
		{ "a,b,noc.example.net,c " A "\n", SSH_HOST_MATCH, 1 },
		{ "NOC.Example.NET " A "\n", SSH_HOST_MATCH, 1 },
		{ "*.example.net " A "\n", SSH_HOST_MATCH, 1 },
		{ "n?c.*.n*t " A "\n", SSH_HOST_MATCH, 1 },
		{ "* " A "\n", SSH_HOST_MATCH, 1 },
		{ "n?.example.net " A "\n", SSH_HOST_UNKNOWN, 0 },
		{ "*,!noc.* " A "\n", SSH_HOST_UNKNOWN, 0 },
		{ "!noc.*,* " A "\n", SSH_HOST_UNKNOWN, 0 },
		{ "!x.* " A "\n", SSH_HOST_UNKNOWN, 0 },
		{ HASHED A "\n", SSH_HOST_MATCH, 1 },
		{ HASHED B "\n", SSH_HOST_CHANGED, 1 },
		{ HASHED_2222 A "\n", SSH_HOST_UNKNOWN, 0 },
		{ "@revoked " NOC A "\n", SSH_HOST_REVOKED, 1 },
		{ "@revoked * " A "\n" NOC A "\n", SSH_HOST_REVOKED, 1 },
		{ NOC A "\n@revoked * " A "\n" NOC A, SSH_HOST_REVOKED, 2 },
		{ NOC A "\n@revoked " HASHED A "\n", SSH_HOST_REVOKED, 2 },
		{ NOC A "\n@revoked * " B "\n", SSH_HOST_MATCH, 1 },
		{ NOC A "\n@revoked x " A "\n", SSH_HOST_MATCH, 1 },
		{ "@revoked\t" NOC A "\n", SSH_HOST_REVOKED, 1 },
		{ "@cert-authority * " A "\n", SSH_HOST_UNKNOWN, 0 },
		{ NOC "ssh-xyz AAAAB3NzaC14eXo=\n" NOC A, SSH_HOST_MATCH, 2 },
		/* as ssh does */
		{ NOC A "\r\n", SSH_HOST_MATCH, 1 },
		{ "# x\r\n\r\n" NOC A " comment\r\n", SSH_HOST_MATCH, 3 },
		{ HASHED A " \r\n", SSH_HOST_MATCH, 1 },
		{ NOC B "\r\n", SSH_HOST_CHANGED, 1 },
		{ "@revoked * " A "\r\n" NOC A "\r\n", SSH_HOST_REVOKED, 1 },
		{ NOC A "\r", SSH_HOST_MATCH, 1 },
	};
	struct buf key = { 0 };
	size_t i;

	(void)state;
	assert_true(base64_decode(SLICE(KEY_A), &key));
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum ssh_verdict verdict;
		struct err e;
		int line;

		if (ssh_known_hosts_check(slice_str(rows[i].file),
			"noc.example.net", buf_slice(&key), &verdict, &line,
			&e) == -1)
			fail_msg("%s: %s", rows[i].file, e.msg);
		if (verdict != rows[i].verdict || line != rows[i].line)
			fail_msg("%s: verdict %d by line %d", rows[i].file,
			    (int)verdict, line);
	}
	buf_clear(&key);
}

static void
a_line_that_is_not_understood_spoils_the_file(void **state)
{
	static const char *const bad[] = {
		"noc.example.net",
		"noc.example.net ssh-ed25519",
		"noc.example.net " KEY_A,
		NOC "ssh-ed25519 AAAA",
		NOC "ssh-ed25519 " KEY_A "=",
		NOC "ssh-ed25519 " KEY_EC,
		NOC "ssh-ed25519\r " KEY_A,
		NOC "ssh-ed25519 " KEY_A "\r\r",
		NOC "ssh-rsa " KEY_A,
		"@revokd " NOC A,
		"@ " NOC A,
		"@revoked " A,
		"@revoked",
		"|1|0ibUwfxd0mYAHTsPL20/m7ufe2U= " A,
		"|2|0ibUwfxd0mYAHTsPL20/m7ufe2U=|gDKd8y3JJTHBTZ2QLwg1ITRn/3U= " A,
		"|1|AAAA|gDKd8y3JJTHBTZ2QLwg1ITRn/3U= " A,
		"| " A,
		"noc.example.net 1024 35 1234567890",
		"\x01",
	};
	struct ssh_known known = { 0 };
	char file[1024];
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(file, sizeof(file), NOC A "\n\n%s\n" NOC A "\n",
		    bad[i]);
		if (ssh_known_hosts_read(slice_str(file), "noc.example.net",
			&known, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(err_exit_code(&e), 78);
		assert_memory_equal(e.msg, "line 3: ", 8);
		assert_false(known.ed25519);
	}
}

static void
the_kinds_of_key_of_a_host_are_known(void **state)
{
	struct ssh_known k;
	struct err e;

	(void)state;
	assert_int_equal(ssh_known_hosts_read(
			     SLICE(NOC EC "\nx " A "\n@revoked " NOC A "\n"),
			     "noc.example.net", &k, &e),
	    0);
	assert_true(k.ecdsa256);
	assert_false(k.ed25519);
}

/* --- Lines of authorized_keys --------------------------------------------------- */

static struct association alps = {
	.name = "alps",
	.hub = "noc",
	.spoke = "alps-gw",
	.file = "/etc/axletree.conf",
	.line = 7,
};
static const struct config one = {
	.file = "/etc/axletree.conf",
	.association = &alps,
	.n_association = 1,
};

static void
the_printed_line_allows_one_thing(void **state)
{
	struct buf out = { 0 };
	struct err e;

	(void)state;
	alps.role = CONFIG_HUB;
	alps.mode = CONFIG_PUSH;
	assert_int_equal(
	    authorize_line(&one, "alps", SLICE(A " root@alps\n"), &out, &e), 0);
	assert_string_equal(out.p,
	    "restrict,command=\"" AXLETREE_BINDIR
	    "/hubctl -c /etc/axletree.conf receive alps\" " A " root@alps\n");
	buf_reset(&out);
	alps.role = CONFIG_SPOKE;
	alps.mode = CONFIG_PULL;
	assert_int_equal(
	    authorize_line(&one, "alps", SLICE(A " \x1b[2J"), &out, &e), 0);
	assert_string_equal(out.p,
	    "restrict,command=\"" AXLETREE_BINDIR
	    "/spoke -c /etc/axletree.conf serve alps\" " A "\n");
	buf_clear(&out);
}

static void
what_cannot_be_authorized_prints_nothing(void **state)
{
	struct config odd = one;
	struct buf out = { 0 };
	struct err e;

	(void)state;
	alps.role = CONFIG_HUB;
	alps.mode = CONFIG_PUSH;
	assert_int_equal(authorize_line(&one, "andes", SLICE(A), &out, &e), -1);
	assert_int_equal(err_exit_code(&e), 78);
	assert_int_equal(authorize_line(&one, "alps", SLICE(RSA), &out, &e),
	    -1);
	assert_int_equal(err_exit_code(&e), 77);
	assert_int_equal(authorize_line(&one, "alps", SLICE("x"), &out, &e),
	    -1);
	assert_int_equal(err_exit_code(&e), 65);
	odd.file = "/etc/a b.conf";
	assert_int_equal(authorize_line(&odd, "alps", SLICE(A), &out, &e), -1);
	odd.file = "/etc/$(id).conf";
	assert_int_equal(authorize_line(&odd, "alps", SLICE(A), &out, &e), -1);
	odd.file = "/etc/a\"b.conf";
	assert_int_equal(authorize_line(&odd, "alps", SLICE(A), &out, &e), -1);
	assert_int_equal(
	    authorize_file(&one, "alps", "/nonexistent/key.pub", &out, &e), -1);
	assert_int_equal(err_exit_code(&e), 66);
	alps.mode = CONFIG_PULL;
	assert_int_equal(authorize_line(&one, "alps", SLICE(A), &out, &e), -1);
	assert_int_equal(err_exit_code(&e), 78);
	assert_non_null(strstr(e.msg, "authorize its key on alps-gw"));
	assert_int_equal(out.n, 0);
	buf_clear(&out);
}

/* What is wrong with the text as a file of authorized keys, for the key A. */
static void
assert_problems(const char *text, const char *wanted)
{
	struct buf line = { 0 }, problems = { 0 };
	struct err e;

	alps.role = CONFIG_HUB;
	alps.mode = CONFIG_PUSH;
	assert_int_equal(authorize_line(&one, "alps", SLICE(A), &line, &e), 0);
	authorized_keys_check(slice_str(text), buf_slice(&line), &problems);
	buf_put_char(&problems, '\0');
	if (strncmp(problems.p, wanted, strlen(wanted)) != 0 ||
	    (*wanted == '\0' && *problems.p != '\0'))
		fail_msg("%s\n  gets: %s\nwanted: %s", text, problems.p,
		    wanted);
	buf_clear(&line);
	buf_clear(&problems);
}

static void
a_line_that_allows_more_is_found(void **state)
{
#define COMMAND                      \
	"command=\"" AXLETREE_BINDIR \
	"/hubctl -c /etc/axletree.conf receive alps\""
	static const char *const rows[][2] = {
		{ "restrict," COMMAND " " A "\n", "" },
		{ "# ours\n\n" B "\n  restrict," COMMAND " " A " alps@gw\r\n",
		    "" },
		{ COMMAND ",restrict " A, "" },
		{ "from=\"10.0.0.*,!10.0.0.1\",restrict," COMMAND
		  ",expiry-time=\"20300101\" " A,
		    "" },
		{ "", "the key is not in it" },
		{ "# restrict," COMMAND " " A "\n" B "\n",
		    "the key is not in it" },
		{ "restrict," COMMAND " " B "\n", "the key is not in it" },
		{ A "\n", "line 1: without \"restrict\"" },
		{ "\n" COMMAND " " A "\n", "line 2: without \"restrict\"" },
		{ "restrict " A "\n", "line 1: without \"command\"" },
		{ "restrict,command=\"\" " A "\n",
		    "line 1: without \"command\"" },
		{ "restrict,command=\"/bin/sh\" " A "\n",
		    "line 1: the command is another: /bin/sh" },
		{ "restrict,command=\"" AXLETREE_BINDIR
		  "/hubctl -c /etc/axletree.conf receive jura\" " A "\n",
		    "line 1: the command is another: " },
		{ "restrict,command=\"a\\\" b\x1b\" " A "\n",
		    "line 1: the command is another: a\\\\\" b\\x1b" },
		{ "restrict,pty," COMMAND " " A "\n",
		    "line 1: the option pty is not ours" },
		{ "restrict,environment=\"A=,restrict b\"," COMMAND " " A "\n",
		    "line 1: the option environment=\"A=,restrict b\"" },
		{ "restrict," COMMAND " " A "\n" A "\n",
		    "line 2: the key stands in line 1 already" },
		{ A "\nrestrict," COMMAND " " A "\n",
		    "line 1: without \"restrict\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_problems(rows[i][0], rows[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_strict_and_comes_back),
		cmocka_unit_test(public_keys_are_one_line_of_a_good_kind),
		cmocka_unit_test(private_keys_are_judged_by_their_head),
		cmocka_unit_test(
		    other_private_files_are_judged_by_their_first_line),
		cmocka_unit_test(hosts_are_named_as_in_the_file),
		cmocka_unit_test(a_shown_key_gets_its_verdict),
		cmocka_unit_test(a_line_that_is_not_understood_spoils_the_file),
		cmocka_unit_test(the_kinds_of_key_of_a_host_are_known),
		cmocka_unit_test(the_printed_line_allows_one_thing),
		cmocka_unit_test(what_cannot_be_authorized_prints_nothing),
		cmocka_unit_test(a_line_that_allows_more_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
