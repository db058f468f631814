/*
 * Time programs in turns, so that what else the machine does slows all alike:
 *
 *	turns RUNS <LINES
 *
 * A line is NAME, what to run before (or "-") and what to time, separated by
 * tabs; words by blanks, without quoting.  Prints each name and the median of
 * its wall times in milliseconds.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/bench/bench.h"

enum {
	LINES = 16,
	WORDS = 32,
	RUNS_MAX = 1000,
};

struct line {
	char *name;
	char *before[WORDS + 1], *timed[WORDS + 1];
	double *took_ms;
};

static void
split(char *text, char *word[WORDS + 1])
{
	size_t n = 0;

	for (char *p = strsep(&text, " "); p != NULL && n < WORDS;
	     p = strsep(&text, " "))
		word[n++] = p;
	word[n] = NULL;
}

static void
run(char *const argv[])
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "turns: %s: status 0x%x\n", argv[0],
		    (unsigned)status);
		exit(1);
	}
}

static double
time_one(const struct line *l)
{
	struct mono start;

	if (strcmp(l->before[0], "-") != 0)
		run(l->before);
	start = clock_mono();
	run(l->timed);
	return (double)(clock_mono().ns - start.ns) / 1e6;
}

static size_t
read_lines(struct line line[LINES], size_t runs)
{
	static char text[LINES][4096];
	size_t n = 0;

	while (n < LINES && fgets(text[n], sizeof(text[n]), stdin) != NULL) {
		char *rest = text[n];

		rest[strcspn(rest, "\n")] = '\0';
		line[n].name = strsep(&rest, "\t");
		split(strsep(&rest, "\t"), line[n].before);
		split(rest, line[n].timed);
		line[n++].took_ms = mem_array(runs, sizeof(double));
	}
	return n;
}

int
main(int argc, char *argv[])
{
	struct line line[LINES];
	uint64_t runs;
	size_t n;

	if (argc != 2 || !slice_u64(slice_str(argv[1]), RUNS_MAX, &runs) ||
	    runs == 0)
		return 64;
	n = read_lines(line, runs);
	for (size_t r = 0; r < runs; r++)
		for (size_t i = 0; i < n; i++)
			line[i].took_ms[r] = time_one(&line[i]);
	for (size_t i = 0; i < n; i++) {
		printf("%s %.3f\n", line[i].name,
		    bench_median(line[i].took_ms, runs));
		free(line[i].took_ms);
	}
	return 0;
}
