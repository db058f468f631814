/*
 * Coroutines by ucontext(3), a scheduler that chooses by chance, virtual
 * clocks; see fiber.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/sim/disk.h"
#include "t/sim/fiber.h"
#include "t/sim/net.h"
#include "t/sim/rng.h"

/* The sanitizer's own swapcontext maps shadow memory at each switch; told of
 * the fibers by the two calls below, it need not: ask the C library's. */
#if defined(__SANITIZE_ADDRESS__)
#include <dlfcn.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

static int
swap(ucontext_t *from, ucontext_t *to)
{
	static int (*plain)(ucontext_t *, const ucontext_t *);

	if (plain == NULL) {
		void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

		*(void **)&plain = dlsym(libc, "swapcontext");
	}
	return plain(from, to);
}
#else
#define swap                                swapcontext
#define __asan_unpoison_memory_region(p, n) ((void)0)

static void
__sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size)
{
	(void)save, (void)bottom, (void)size;
}
static void
__sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size)
{
	(void)save, (void)bottom, (void)size;
}
#endif

enum {
	STACK_SIZE = 1 << 20,
	HOSTS = 4,
	PREEMPT_PERCENT = 20, /* of the system calls */
};

struct fiber {
	bool used, waiting;
	int pid, host;
	const char *name;
	void (*run)(void *arg);
	void *arg;
	void (*over)(void *arg, bool killed);
	bool (*ready)(void *arg);
	void *ready_arg;
	int64_t until_ns;
	ucontext_t context;
	char *stack;
	void *fake_stack; /* the sanitizer's */
};

static struct {
	struct fiber fiber[FIBER_MAX];
	struct fiber *self;
	ucontext_t scheduler;
	const void *scheduler_stack;
	size_t scheduler_size;
	int next_pid;
	int64_t now_ns;
	int64_t wall_offset_ms[HOSTS];
	uint64_t kill_after;
	int killed;
	struct fiber *dying; /* ended in its own context: clean up outside */
	bool dying_killed;
} world;

/* Stacks are used again: a history starts many processes. */
static char *spare[FIBER_MAX];

static char *
take_stack(void)
{
	for (int i = 0; i < FIBER_MAX; i++) {
		char *stack = spare[i];

		if (stack == NULL)
			continue;
		spare[i] = NULL;
		return stack;
	}
	return mem_alloc(STACK_SIZE);
}

static void
give_back(char *stack)
{
	/* what a killed process had on it is nobody's any more */
	__asan_unpoison_memory_region(stack, STACK_SIZE);
	for (int i = 0; i < FIBER_MAX; i++) {
		if (spare[i] != NULL)
			continue;
		spare[i] = stack;
		return;
	}
	free(stack);
}

static void
release(struct fiber *f, bool killed)
{
	int pid = f->pid;
	void (*over)(void *, bool) = f->over;
	void *arg = f->arg;

	give_back(f->stack);
	*f = (struct fiber){ 0 };
	disk_end_process(pid);
	net_end_process(pid);
	if (over != NULL)
		over(arg, killed);
}

void
fibers_reset(int64_t start_ns)
{
	for (int i = 0; i < FIBER_MAX; i++)
		if (world.fiber[i].used)
			give_back(world.fiber[i].stack);
	memset(&world, 0, sizeof(world));
	world.now_ns = start_ns;
	world.next_pid = 1;
	world.killed = -1;
}

static void
leave(struct fiber *f, bool for_ever)
{
	__sanitizer_start_switch_fiber(for_ever ? NULL : &f->fake_stack,
	    world.scheduler_stack, world.scheduler_size);
	swap(&f->context, &world.scheduler);
	__sanitizer_finish_switch_fiber(f->fake_stack, &world.scheduler_stack,
	    &world.scheduler_size);
}

static void
trampoline(void)
{
	struct fiber *f = world.self;

	__sanitizer_finish_switch_fiber(NULL, &world.scheduler_stack,
	    &world.scheduler_size);
	f->run(f->arg);
	world.dying = f;
	world.dying_killed = false;
	leave(f, true);
	abort(); /* nobody comes back here */
}

/* A context of its own keeps getcontext, which may return twice, away from
 * anybody's variables. */
static void
prepare_context(struct fiber *f)
{
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&f->context, trampoline, 0);
}

static struct fiber *
free_fiber(void)
{
	for (int i = 0; i < FIBER_MAX; i++)
		if (!world.fiber[i].used)
			return &world.fiber[i];
	abort();
}

int
fiber_spawn(int host, const char *name, void (*run)(void *), void *arg,
    void (*over)(void *, bool))
{
	struct fiber *f = free_fiber();

	*f = (struct fiber){ .used = true,
		.pid = world.next_pid++,
		.host = host,
		.name = name,
		.run = run,
		.arg = arg,
		.over = over };
	f->stack = take_stack();
	prepare_context(f);
	return f->pid;
}

static struct fiber *
by_pid(int pid)
{
	for (int i = 0; i < FIBER_MAX; i++)
		if (world.fiber[i].used && world.fiber[i].pid == pid)
			return &world.fiber[i];
	return NULL;
}

bool
fiber_alive(int pid)
{
	return by_pid(pid) != NULL;
}

void
fiber_kill(int pid)
{
	struct fiber *f = by_pid(pid);

	if (f != NULL)
		release(f, true);
}

void
fibers_kill_host(int host)
{
	for (int i = 0; i < FIBER_MAX; i++)
		if (world.fiber[i].used && world.fiber[i].host == host)
			release(&world.fiber[i], true);
}

void
fibers_kill_after(uint64_t calls)
{
	world.kill_after = calls;
	world.killed = -1;
}

int
fibers_killed(void)
{
	return world.killed;
}

int
fiber_self(void)
{
	return world.self != NULL ? world.self->pid : 0;
}

int
fiber_host(void)
{
	return world.self != NULL ? world.self->host : -1;
}

void
fiber_step(void)
{
	struct fiber *f = world.self;

	if (f == NULL)
		return;
	if (world.kill_after > 0 && --world.kill_after == 0) {
		world.killed = f->pid;
		world.dying = f;
		world.dying_killed = true;
		leave(f, true);
	}
	if (rng_chance(PREEMPT_PERCENT))
		leave(f, false);
}

void
fiber_wait(bool (*ready)(void *), void *arg, int64_t until_ns)
{
	struct fiber *f = world.self;

	if (f == NULL)
		return;
	f->waiting = true;
	f->ready = ready;
	f->ready_arg = arg;
	f->until_ns = until_ns;
	leave(f, false);
	f->waiting = false;
}

static bool
can_run(const struct fiber *f)
{
	return f->used &&
	    (!f->waiting || f->until_ns <= world.now_ns ||
		(f->ready != NULL && f->ready(f->ready_arg)));
}

static struct fiber *
choose(void)
{
	struct fiber *able[FIBER_MAX];
	size_t n = 0;

	for (int i = 0; i < FIBER_MAX; i++)
		if (can_run(&world.fiber[i]))
			able[n++] = &world.fiber[i];
	return n > 0 ? able[rng_below(n)] : NULL;
}

static void
enter(struct fiber *f)
{
	void *fake = NULL;

	world.self = f;
	__sanitizer_start_switch_fiber(&fake, f->stack, STACK_SIZE);
	swap(&world.scheduler, &f->context);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
	world.self = NULL;
	if (world.dying != NULL) {
		f = world.dying;
		world.dying = NULL;
		release(f, world.dying_killed);
	}
}

/* Nobody can go on now: when can the first? */
static int64_t
next_event(void)
{
	int64_t next = net_next_event_ns();

	for (int i = 0; i < FIBER_MAX; i++)
		if (world.fiber[i].used && world.fiber[i].until_ns < next)
			next = world.fiber[i].until_ns;
	return next;
}

void
fibers_run(int64_t until_ns)
{
	for (;;) {
		struct fiber *f = choose();

		if (f != NULL) {
			enter(f);
			continue;
		}
		int64_t next = next_event();
		if (next > until_ns || next == INT64_MAX) {
			if (until_ns != INT64_MAX)
				world.now_ns = until_ns;
			return;
		}
		world.now_ns = next;
	}
}

int64_t
sim_now_ns(void)
{
	return world.now_ns;
}

void
sim_set_wall_offset(int host, int64_t offset_ms)
{
	world.wall_offset_ms[host] = offset_ms;
}

/* The clocks of the real code, by --wrap. */
struct mono __wrap_clock_mono(void);
struct wall __wrap_clock_wall(void);

struct mono
__wrap_clock_mono(void)
{
	return (struct mono){ world.now_ns };
}

struct wall
__wrap_clock_wall(void)
{
	int host = fiber_host();

	return (struct wall){ world.now_ns / 1000000 +
		(host >= 0 ? world.wall_offset_ms[host] : 0) };
}
