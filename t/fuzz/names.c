/*
 * Names, values and numbers: each check of names.h says what a regular
 * expression says, and accepted paths and associations stay beneath a
 * directory (openat2(2)).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/message/limits.h"
#include "common/message/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMPONENT "[0-9A-Za-z_:][0-9A-Za-z_.:-]{0,63}"

static struct rule {
	const char *name;
	bool (*is)(struct slice s);
	size_t max;
	const char *must;  /* match */
	const char *never; /* match, or NULL */
	regex_t must_re, never_re;
} rules[] = {
	{ .name = "association",
	    .is = name_is_association,
	    .max = LIMIT_ASSOCIATION,
	    .must = "^[a-z0-9][a-z0-9_-]*$",
	    .never = "^(hub|spoke|con|prn|aux|nul|com[0-9]|lpt[0-9])$" },
	{ .name = "token",
	    .is = name_is_token,
	    .max = LIMIT_TOKEN,
	    .must = "^[A-Za-z0-9_.-]+$" },
	{ .name = "component",
	    .is = name_is_component,
	    .max = LIMIT_PATH_COMPONENT,
	    .must = "^" COMPONENT "$",
	    .never = "\\.\\." },
	{ .name = "path",
	    .is = name_is_path,
	    .max = LIMIT_PATH,
	    .must = "^(/" COMPONENT "){1,32}$",
	    .never = "\\.\\." },
	{ .name = "value",
	    .is = name_is_value,
	    .max = LIMIT_VALUE,
	    .must = "^(U|-?[0-9]+(\\.[0-9]+)?)$" },
	{ .name = "parameter",
	    .is = name_is_param,
	    .max = LIMIT_PARAM,
	    .must = "^[a-z][a-z0-9-]*$",
	    .never = "^xml" },
	{ .name = "field",
	    .is = name_is_field,
	    .max = LIMIT_PARAM,
	    .must = "^[A-Za-z][A-Za-z0-9_.-]*$" },
};

static void
must(bool what, const char *name)
{
	if (what)
		return;
	fprintf(stderr, "names: not so: %s\n", name);
	abort();
}

static void
compile_rules(void)
{
	static bool done;

	for (size_t i = 0; !done && i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct rule *r = &rules[i];

		must(regcomp(&r->must_re, r->must, REG_EXTENDED) == 0 &&
			(r->never == NULL ||
			    regcomp(&r->never_re, r->never, REG_EXTENDED) == 0),
		    "regular expression");
	}
	done = true;
}

static bool
matches(const struct rule *r, const char *text, size_t n)
{
	return n <= r->max && memchr(text, '\0', n) == NULL &&
	    regexec(&r->must_re, text, 0, NULL, 0) == 0 &&
	    (r->never == NULL || regexec(&r->never_re, text, 0, NULL, 0) != 0);
}

/* There is nothing of that name there, and no other complaint. */
static void
check_beneath(const char *name)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	int dirfd = open("/proc/self/fdinfo", O_DIRECTORY | O_CLOEXEC);
	long fd = syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	int error = errno;

	must(dirfd != -1, "directory");
	must(fd != -1 || error == ENOENT || error == ENOTDIR || error == ENOSYS,
	    "stays beneath");
	if (fd != -1)
		close((int)fd);
	close(dirfd);
}

/* What is accepted is printed as it was; what is not, is no number. */
static void
check_number(struct slice s, const char *text)
{
	static const char most[] = "18446744073709551615";
	struct buf printed = { 0 };
	uint64_t v;

	if (slice_u64(s, UINT64_MAX, &v)) {
		buf_put_u64(&printed, v);
		must(slice_eq(buf_slice(&printed), s), "number");
		buf_clear(&printed);
	} else {
		must(s.n == 0 || strspn(text, "0123456789") != s.n ||
			text[0] == '0' || s.n > 20 ||
			(s.n == 20 && strcmp(text, most) > 0),
		    "no number");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = { (const char *)data, size };
	char *text = slice_dup(s);

	compile_rules();
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		must(rules[i].is(s) == matches(&rules[i], text, size),
		    rules[i].name);
	if (name_is_path(s))
		check_beneath(text + 1);
	if (name_is_association(s))
		check_beneath(text);
	check_number(s, text);
	(void)name_is_text(s);
	free(text);
	return 0;
}
