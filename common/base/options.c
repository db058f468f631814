/*
 * Command lines; see options.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/options.h"

/* A flag's value: what is behind "=", or the next word. */
static int
take_value(const struct options_flag *f, const char *inline_value, int argc,
    char **argv, int *i, struct err *e)
{
	if (!f->has_value) {
		if (inline_value != NULL)
			return err_set(e, ERR_USAGE, "--%s takes no value",
			    f->name);
		*f->value = "";
		return 0;
	}
	if (inline_value == NULL) {
		if (*i + 1 >= argc)
			return err_set(e, ERR_USAGE, "--%s needs a value",
			    f->name);
		inline_value = argv[++*i];
	}
	*f->value = inline_value;
	return 0;
}

static bool
flag_is(const struct options_flag *f, const char *word, const char **value)
{
	size_t n = strlen(f->name);

	*value = NULL;
	if (word[1] != '-')
		return f->letter != 0 && word[1] == f->letter &&
		    word[2] == '\0';
	if (strncmp(word + 2, f->name, n) != 0)
		return false;
	if (word[2 + n] == '=')
		*value = word + 2 + n + 1;
	return word[2 + n] == '\0' || word[2 + n] == '=';
}

/* The flags that every program and verb has. */
static bool
common_flag(struct options *o, const char *word)
{
	if (strcmp(word, "-v") == 0)
		o->verbose = true;
	else if (strcmp(word, "-q") == 0)
		o->quiet = true;
	else if (strcmp(word, "--json") == 0)
		o->json = true;
	else
		return false;
	return true;
}

static int
parse_flag(struct options *o, const struct options_flag *flags, int argc,
    char **argv, int *i, struct err *e)
{
	const char *value;

	if (common_flag(o, argv[*i]))
		return 0;
	for (const struct options_flag *f = flags; f != NULL && f->name != NULL;
	     f++)
		if (flag_is(f, argv[*i], &value))
			return take_value(f, value, argc, argv, i, e);
	return err_set(e, ERR_USAGE, "unknown option %s", argv[*i]);
}

int
options_parse(struct options *o, const struct options_flag *flags, int argc,
    char **argv, struct err *e)
{
	int operands = 0;
	bool only_operands = false;

	for (int i = 1; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0)
			only_operands = true;
		else if (only_operands || argv[i][0] != '-' ||
		    argv[i][1] == '\0')
			argv[++operands] = argv[i];
		else if (parse_flag(o, flags, argc, argv, &i, e) == -1)
			return -1;
	}
	return operands;
}

static void
print_help(const struct options_verb *verbs, const char *program)
{
	printf(
	    "usage: %s [-c FILE] [-v] [-q] [--json] COMMAND [ARGUMENT...]\n\n",
	    program);
	for (const struct options_verb *v = verbs; v->name != NULL; v++) {
		printf("  %s %s\n", v->name, v->synopsis);
		printf("      %s\n", v->summary);
	}
	printf("\n  -c FILE  configuration (default " AXLETREE_SYSCONFDIR
	       "/axletree.conf)\n  -v  tell more    -q  tell less    "
	       "--json  one object a line\n"
	       "  --help  this, or how a COMMAND is called    --version\n");
}

static int
usage_error(const char *program, const char *what, const char *word)
{
	(void)fprintf(stderr, "%s: %s%s; see %s --help\n", program, what, word,
	    program);
	return EX_USAGE;
}

static int
run_verb(const struct options_verb *verbs, const struct options *o, int argc,
    char **argv)
{
	for (const struct options_verb *v = verbs; v->name != NULL; v++) {
		if (strcmp(v->name, argv[0]) != 0)
			continue;
		if (argc > 1 && strcmp(argv[1], "--help") == 0) {
			printf("usage: %s %s %s\n  %s\n", o->program, v->name,
			    v->synopsis, v->summary);
			return EX_OK;
		}
		return v->run(o, argc, argv);
	}
	return usage_error(o->program, "unknown command ", argv[0]);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

enum log_target
options_streams(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };
	bool told = fcntl(STDERR_FILENO, F_GETFD) != -1;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			(void)open("/dev/null", modes[fd]); /* is that fd */
	/* a file-size limit is an error, not an end */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* what a caller left open is not for our collectors and mailers */
	(void)close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	return told ? LOG_TARGET_AUTO : LOG_TARGET_SYSLOG;
}

int
options_end(int status)
{
	struct err e = { 0 };

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	err_sys(&e, "standard output");
	if (status != EX_OK)
		return status;
	log_err("%s", e.msg);
	return err_exit_code(&e);
}

static int
parse_and_run(const struct options_verb *verbs, enum log_target target,
    int argc, char **argv)
{
	struct options o = { .program = base_name(argv[0]) };
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-c") == 0) {
			if (i + 1 == argc)
				return usage_error(o.program, "-c needs a FILE",
				    "");
			o.config = argv[++i];
		} else if (strcmp(argv[i], "--help") == 0) {
			print_help(verbs, o.program);
			return EX_OK;
		} else if (strcmp(argv[i], "--version") == 0) {
			printf("%s (Axletree) %s\n", o.program,
			    PACKAGE_VERSION);
			return EX_OK;
		} else if (!common_flag(&o, argv[i])) {
			return usage_error(o.program, "unknown option ",
			    argv[i]);
		}
	}
	log_open(o.program, target,
	    o.quiet         ? LOG_LEVEL_ERR
		: o.verbose ? LOG_LEVEL_DEBUG
			    : LOG_LEVEL_WARN);
	if (i == argc)
		return usage_error(o.program, "no command given", "");
	return run_verb(verbs, &o, argc - i, argv + i);
}

int
options_main(const struct options_verb *verbs, int argc, char **argv)
{
	enum log_target target = options_streams();

	log_open(base_name(argv[0]), target, LOG_LEVEL_WARN);
	return options_end(parse_and_run(verbs, target, argc, argv));
}

/* Seconds of one unit letter; 0: no such unit. */
static int64_t
unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

int
options_duration(const char *text, int64_t *seconds, struct err *e)
{
	struct slice s = slice_str(text);
	int64_t unit = 1;
	uint64_t n;

	if (s.n > 1 && (unit = unit_seconds(s.p[s.n - 1])) != 0)
		s.n--;
	else
		unit = 1;
	if (!slice_u64(s, (uint64_t)(INT64_MAX / 1000 / unit), &n))
		return err_set(e, ERR_USAGE,
		    "\"%s\" is not a duration such as 90s, 5m, 24h, 7d", text);
	*seconds = (int64_t)n * unit;
	return 0;
}

int
options_time(const char *text, int64_t now_s, int64_t *epoch_s, struct err *e)
{
	int64_t back = 0;

	if (text[0] == '-') {
		if (options_duration(text + 1, &back, e) == -1)
			return -1;
		*epoch_s = now_s - back;
		return 0;
	}
	uint64_t v;
	if (!slice_u64(slice_str(text), INT64_MAX, &v))
		return err_set(e, ERR_USAGE,
		    "\"%s\" is neither epoch seconds nor like -1h", text);
	*epoch_s = (int64_t)v;
	return 0;
}
