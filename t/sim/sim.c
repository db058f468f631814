/*
 * The simulator: sim SEEDS [FIRST [COMPRESSION]], else both ends change theirs
 * now and then.  Histories are run by children, a hundred
 * each, so that what a killed process leaves in memory goes with them.  A seed
 * that fails is printed; `SIM_VERBOSE=1 sim 1 SEED` tells more.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "t/sim/world.h"

enum {
	BATCH = 100,
	WORKERS = 2,
};

struct shared {
	struct world_counts counts[WORKERS];
	uint64_t failed[WORKERS];
};

const char *__asan_default_options(void);

/* What a killed process held is never freed: that is what killed means. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=0:"
	       "quarantine_size_mb=1:malloc_context_size=3:max_malloc_fill_size=0";
}

static const char *compression;

/* Whoever asked for histories and is killed needs them no more: nobody is left
 * computing. */
static void
end_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* fork(2), of a child that does not outlive us. */
static pid_t
fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		end_with_parent();
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

static void
run_batch(uint64_t from, uint64_t to, struct world_counts *counts,
    uint64_t *failed)
{
	char why[256];

	for (uint64_t seed = from; seed < to; seed++) {
		if (world_run(seed, compression, counts, why, sizeof(why)))
			continue;
		(*failed)++;
		printf("# seed %llu: %s\n", (unsigned long long)seed, why);
		fflush(stdout);
	}
}

/* Every WORKERS-th batch, each in a child of its own. */
static void
run_worker(struct shared *s, unsigned me, uint64_t first, uint64_t seeds)
{
	for (uint64_t at = (uint64_t)me * BATCH; at < seeds;
	     at += (uint64_t)WORKERS * BATCH) {
		uint64_t to = at + BATCH < seeds ? at + BATCH : seeds;
		int status = 0;
		pid_t pid = fork_child();

		if (pid == 0) {
			run_batch(first + at, first + to, &s->counts[me],
			    &s->failed[me]);
			_exit(0);
		}
		if (pid == -1 || waitpid(pid, &status, 0) != pid ||
		    status != 0) {
			printf("# seeds %llu to %llu: the child died (%d)\n",
			    (unsigned long long)(first + at),
			    (unsigned long long)(first + to - 1), status);
			s->failed[me]++;
		}
	}
	fflush(stdout);
	_exit(0);
}

static void
silence(void)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd != -1 && getenv("SIM_VERBOSE") == NULL)
		dup2(fd, STDERR_FILENO);
}

int
main(int argc, char **argv)
{
	uint64_t seeds = 2000, first = 1;
	struct world_counts all = { 0 };
	uint64_t failed = 0;
	struct shared *s;

	if ((argc > 1 && !slice_u64(slice_str(argv[1]), UINT32_MAX, &seeds)) ||
	    (argc > 2 && !slice_u64(slice_str(argv[2]), UINT64_MAX, &first))) {
		fprintf(stderr, "usage: sim [SEEDS [FIRST [COMPRESSION]]]\n");
		return 64;
	}
	if (argc > 3)
		compression = argv[3];
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return 71;
	end_with_parent();
	silence();
	log_open("sim", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
	for (unsigned i = 0; i < WORKERS; i++)
		if (fork_child() == 0)
			run_worker(s, i, first, seeds);
	while (wait(NULL) > 0)
		;
	for (unsigned i = 0; i < WORKERS; i++) {
		failed += s->failed[i];
		all.cycles += s->counts[i].cycles;
		all.sessions += s->counts[i].sessions;
		all.kills += s->counts[i].kills;
		all.power_cuts += s->counts[i].power_cuts;
		all.values += s->counts[i].values;
	}
	printf("# %llu histories, %llu failed: %llu cycles, %llu sessions, "
	       "%llu kills, %llu power cuts, %llu values stored\n",
	    (unsigned long long)seeds, (unsigned long long)failed,
	    (unsigned long long)all.cycles, (unsigned long long)all.sessions,
	    (unsigned long long)all.kills, (unsigned long long)all.power_cuts,
	    (unsigned long long)all.values);
	return failed > 0;
}
