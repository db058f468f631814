/*
 * Simulated processes: each is a coroutine that runs real code.  The wrapped
 * system calls (disk.c, net.c, clock.c) are its only way out, and every one of
 * them is a point where it may be preempted or killed.  Time is virtual: it
 * moves when everybody waits.
 */
#ifndef T_SIM_FIBER_H
#define T_SIM_FIBER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	FIBER_MAX = 64
};

/* Forget all; the time begins at start_ns. */
void fibers_reset(int64_t start_ns);
/* A process on a host.  Returns its pid.  over is called when it has ended by
 * itself or was killed; may be NULL. */
int fiber_spawn(int host, const char *name, void (*run)(void *arg), void *arg,
    void (*over)(void *arg, bool killed));
void fiber_kill(int pid);
void fibers_kill_host(int host);
bool fiber_alive(int pid);
/* Kill whoever makes the n-th system call from now on; 0: nobody. */
void fibers_kill_after(uint64_t calls);
/* The pid that fibers_kill_after killed last, -1: none. */
int fibers_killed(void);

/* Run until nobody can go on before until_ns, or everybody has ended. */
void fibers_run(int64_t until_ns);

/* For the wrapped calls.  Outside a fiber they do nothing. */
int fiber_self(void);  /* pid, 0 outside */
int fiber_host(void);  /* of the running one, -1 outside */
void fiber_step(void); /* one system call was made */
/* Until ready says yes or the time has come; ready may be NULL. */
void fiber_wait(bool (*ready)(void *arg), void *arg, int64_t until_ns);

/* Virtual time, the same for all; wall clocks are each host's own. */
int64_t sim_now_ns(void);
void sim_set_wall_offset(int host, int64_t offset_ms);

#endif
