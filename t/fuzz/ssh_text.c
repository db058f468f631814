/*
 * Fuzz target: keys and known hosts.  The first byte says which: a list of
 * known hosts, a public key's file, a private key's.  A key whose line is
 * printed for authorized_keys is one line, in which nothing follows the
 * command but the key and a plain comment.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "transport/ssh/authorize.h"
#include "transport/ssh/ssh_key.h"
#include "transport/ssh/ssh_known_hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
known_hosts(struct slice text)
{
	enum ssh_verdict verdict = SSH_HOST_UNKNOWN;
	struct ssh_known known;
	struct err e = { .kind = ERR_NONE };
	int line = 0, read, checked;

	read = ssh_known_hosts_read(text, "noc.example.net", &known, &e);
	checked = ssh_known_hosts_check(text, "noc.example.net",
	    SLICE("\0\0\0\1x"), &verdict, &line, &e);
	if (read != checked || (read == -1 && e.kind != ERR_CONFIG))
		abort();
	if (read == 0 && (verdict == SSH_HOST_UNKNOWN) != (line == 0))
		abort();
}

static void
public_key(struct slice text)
{
	struct association a = { .name = "a",
		.role = CONFIG_HUB,
		.mode = CONFIG_PUSH };
	const struct config c = { .file = "/f",
		.association = &a,
		.n_association = 1 };
	struct buf out = { 0 };
	struct err e;
	size_t i;

	if (authorize_line(&c, "a", text, &out, &e) == 0) {
		for (i = 0; i + 1 < out.n; i++)
			if (out.p[i] < ' ' || out.p[i] > '~')
				abort();
		if (out.p[out.n - 1] != '\n')
			abort();
	}
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text;
	struct err e;

	if (size == 0)
		return 0;
	text = (struct slice){ (const char *)data + 1, size - 1 };
	if (data[0] == 'h')
		known_hosts(text);
	else if (data[0] == 'p')
		public_key(text);
	else
		ssh_key_check_private(text, &e);
	return 0;
}
