/*
 * Children on a libuv loop; see proc.h.  A proc is done when three things have
 * happened: it exited, its stdout closed, its stderr closed.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/proc.h"

enum {
	PROC_OUTPUT_MAX = 1 << 20,
	PROC_ERRORS_MAX = 4096,
	PROC_DEADLINE_MS = 60000,
	PROC_GRACE_MS = 2000,
	PROC_LINGER_MS = 500,
	PROC_READ = 64 << 10,
	PROC_LOOK_MS = 100,
};

enum proc_pipe {
	PIPE_IN,
	PIPE_OUT,
	PIPE_ERR,
	PIPE_COUNT,
};

struct proc {
	uv_process_t process;
	uv_pipe_t pipe[PIPE_COUNT];
	uv_timer_t timer, look;
	uv_signal_t term, interrupt;
	uv_write_t write;
	struct buf input, out, errs;
	char *room;                /* what libuv reads into */
	size_t errors, errors_max; /* stderr so far, and before it is killed */
	unsigned open;             /* handles not yet closed */
	bool killed;               /* TERM was sent */
	bool streams;              /* its stdin and stdout are not ours */
	struct proc_result result;
	bool (*enough)(void *arg, pid_t child);
	void *enough_arg;
	proc_done *done;
	void *arg;
};

#define PLAIN_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

const char *const proc_plain_env[] = { "PATH=" PLAIN_PATH, "LANG=C", "LC_ALL=C",
	"TZ=UTC", NULL };

/* 1: it can be run, 0: it is not there, -1: it cannot be run. */
static int
is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 1 : -1;
}

int
proc_find(const char *program, struct err *e)
{
	struct slice rest = SLICE(PLAIN_PATH ":"), dir;
	char path[PATH_MAX];
	int found = 0;

	if (strchr(program, '/') != NULL)
		found = is_program(program);
	else
		while (found == 0 && slice_cut(&rest, ':', &dir)) {
			(void)snprintf(path, sizeof(path), "%.*s/%s",
			    (int)dir.n, dir.p, program);
			found = is_program(path);
		}
	if (found == 0)
		return err_set(e, ERR_MISSING,
		    "%s: there is no such program: install it, or name "
		    "another",
		    program);
	if (found == -1)
		return err_set(e, ERR_CONFIG,
		    "%s: is no program that the node's account may run",
		    program);
	return 0;
}

static void
proc_free(struct proc *p)
{
	buf_clear(&p->input);
	buf_clear(&p->out);
	buf_clear(&p->errs);
	free(p->room);
	free(p);
}

static void
on_closed(uv_handle_t *h)
{
	struct proc *p = h->data;

	if (--p->open > 0)
		return;
	if (p->done != NULL) {
		p->result.out = buf_slice(&p->out);
		p->result.errs = buf_slice(&p->errs);
		p->done(p->arg, &p->result);
	}
	proc_free(p);
}

static void
close_handle(uv_handle_t *h)
{
	if (!uv_is_closing(h))
		uv_close(h, on_closed);
}

/* The timer lives as long as anything may still hang. */
static void
close_timer_if_over(struct proc *p)
{
	if (uv_is_closing((uv_handle_t *)&p->process) &&
	    uv_is_closing((uv_handle_t *)&p->pipe[PIPE_OUT]) &&
	    uv_is_closing((uv_handle_t *)&p->pipe[PIPE_ERR])) {
		close_handle((uv_handle_t *)&p->timer);
		close_handle((uv_handle_t *)&p->look);
		close_handle((uv_handle_t *)&p->term);
		close_handle((uv_handle_t *)&p->interrupt);
	}
}

static void
kill_group(struct proc *p, int sig)
{
	if (p->process.pid > 0)
		kill(-p->process.pid, sig); /* gone already: nothing to do */
}

static void
on_grace_over(uv_timer_t *t)
{
	struct proc *p = t->data;

	kill_group(p, SIGKILL);
	/* who left the group with our pipes open is not waited for */
	close_handle((uv_handle_t *)&p->pipe[PIPE_OUT]);
	close_handle((uv_handle_t *)&p->pipe[PIPE_ERR]);
	close_timer_if_over(p);
}

static void
terminate(struct proc *p)
{
	if (p->killed)
		return;
	p->killed = true;
	kill_group(p, SIGTERM);
	uv_timer_start(&p->timer, on_grace_over, PROC_GRACE_MS, PROC_GRACE_MS);
}

static void
on_deadline(uv_timer_t *t)
{
	struct proc *p = t->data;

	p->result.timed_out = true;
	terminate(p);
}

static void
on_look(uv_timer_t *t)
{
	struct proc *p = t->data;

	if (p->killed || !p->enough(p->enough_arg, p->process.pid))
		return;
	p->result.enough = true;
	terminate(p);
}

static void
on_stop(uv_signal_t *h, int sig)
{
	struct proc *p = h->data;

	p->result.stopped = sig;
	terminate(p);
}

static void
on_linger_over(uv_timer_t *t)
{
	struct proc *p = t->data;

	close_handle((uv_handle_t *)&p->pipe[PIPE_ERR]);
	close_timer_if_over(p);
}

static void
on_exit_child(uv_process_t *h, int64_t status, int sig)
{
	struct proc *p = h->data;

	p->result.exit_status = sig != 0 ? -1 : (int)status;
	p->result.signal = sig;
	close_handle((uv_handle_t *)h);
	close_handle((uv_handle_t *)&p->pipe[PIPE_IN]);
	if (p->streams && !p->killed)
		uv_timer_start(&p->timer, on_linger_over, PROC_LINGER_MS, 0);
	close_timer_if_over(p);
}

static void
on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct proc *p = h->data;

	(void)suggested;
	b->base = p->room;
	b->len = PROC_READ;
}

/* The end of stderr is what a person wants to see. */
static void
keep_tail(struct buf *b, struct slice in)
{
	if (in.n > PROC_ERRORS_MAX) {
		in.p += in.n - PROC_ERRORS_MAX;
		in.n = PROC_ERRORS_MAX;
	}
	if (b->n + in.n > PROC_ERRORS_MAX)
		buf_drop(b, b->n + in.n - PROC_ERRORS_MAX);
	buf_put(b, in);
}

static void
on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct proc *p = s->data;
	struct slice in = { b->base, n > 0 ? (size_t)n : 0 };

	if (n < 0) {
		close_handle((uv_handle_t *)s);
		close_timer_if_over(p);
	} else if (s == (uv_stream_t *)&p->pipe[PIPE_ERR]) {
		keep_tail(&p->errs, in);
		if (in.n > p->errors_max - p->errors) {
			p->result.overflowed = true;
			terminate(p);
		} else {
			p->errors += in.n;
		}
	} else if (!buf_put(&p->out, in)) {
		p->result.overflowed = true;
		terminate(p);
	}
}

static void
on_written(uv_write_t *w, int status)
{
	struct proc *p = w->data;

	(void)status; /* a child may close its stdin: its exit tells */
	close_handle((uv_handle_t *)&p->pipe[PIPE_IN]);
}

static void
setup_handles(struct proc *p, uv_loop_t *loop)
{
	uv_timer_init(loop, &p->timer);
	uv_timer_init(loop, &p->look);
	p->timer.data = p->look.data = p;
	p->process.data = p;
	for (int i = 0; i < PIPE_COUNT; i++) {
		uv_pipe_init(loop, &p->pipe[i], 0);
		p->pipe[i].data = p;
	}
	uv_signal_init(loop, &p->term);
	uv_signal_init(loop, &p->interrupt);
	p->term.data = p->interrupt.data = p;
	p->open = PIPE_COUNT + 5; /* timers, signals, the process */
}

static int
spawn(struct proc *p, uv_loop_t *loop, const struct proc_opts *o)
{
	uv_stdio_container_t io[PIPE_COUNT];
	uv_process_options_t po = { 0 };
	/* libuv's types lack the const that it keeps */
	union {
		const char *const *ours;
		char **theirs;
	} argv = { .ours = o->argv },
	  env = { .ours = o->env != NULL ? o->env : proc_plain_env };

	for (int i = 0; i < PIPE_COUNT; i++) {
		/* seen from the child */
		io[i].flags = UV_CREATE_PIPE |
		    (i == PIPE_IN ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
		io[i].data.stream = (uv_stream_t *)&p->pipe[i];
		if (o->stream != NULL && i != PIPE_ERR) {
			io[i].flags = UV_INHERIT_FD;
			io[i].data.fd = o->stream[i];
		}
	}
	po.exit_cb = on_exit_child;
	po.file = o->argv[0];
	po.args = argv.theirs;
	po.env = env.theirs;
	po.flags = UV_PROCESS_DETACHED; /* a group of its own */
	po.stdio = io;
	po.stdio_count = PIPE_COUNT;
	return uv_spawn(loop, &p->process, &po);
}

static void
close_all(struct proc *p)
{
	close_handle((uv_handle_t *)&p->process);
	close_handle((uv_handle_t *)&p->timer);
	close_handle((uv_handle_t *)&p->look);
	close_handle((uv_handle_t *)&p->term);
	close_handle((uv_handle_t *)&p->interrupt);
	for (int i = 0; i < PIPE_COUNT; i++)
		close_handle((uv_handle_t *)&p->pipe[i]);
}

static void
feed_input(struct proc *p, struct slice input)
{
	uv_buf_t b;

	buf_put(&p->input, input);
	b = uv_buf_init(p->input.p, (unsigned)p->input.n);
	p->write.data = p;
	if (input.n == 0 ||
	    uv_write(&p->write, (uv_stream_t *)&p->pipe[PIPE_IN], &b, 1,
		on_written) != 0)
		close_handle((uv_handle_t *)&p->pipe[PIPE_IN]);
}

static void
mind_signals(struct proc *p, const struct proc_opts *o)
{
	struct sigaction now;

	if (o->term_ends)
		uv_signal_start(&p->term, on_stop, SIGTERM);
	if (o->int_ends && sigaction(SIGINT, NULL, &now) == 0 &&
	    now.sa_handler != SIG_IGN)
		uv_signal_start(&p->interrupt, on_stop, SIGINT);
}

int
proc_start(uv_loop_t *loop, const struct proc_opts *o, proc_done *done,
    void *arg, struct err *e)
{
	struct proc *p = mem_alloc(sizeof(*p));
	int rc;

	buf_init(&p->out, o->output_max > 0 ? o->output_max : PROC_OUTPUT_MAX);
	p->errors_max = o->errors_max > 0 ? o->errors_max : SIZE_MAX;
	p->room = mem_alloc(PROC_READ);
	setup_handles(p, loop);
	mind_signals(p, o); /* or one behind the spawn would leave the child */
	rc = spawn(p, loop, o);
	if (rc != 0) {
		err_set(e,
		    rc == UV_ENOENT || rc == UV_EACCES ? ERR_CONFIG : ERR_TEMP,
		    "run %s: %s", o->argv[0], uv_strerror(rc));
		close_all(p); /* done is NULL still: nobody is called */
		return -1;
	}
	p->done = done;
	p->arg = arg;
	p->streams = o->stream != NULL;
	p->enough = o->enough;
	p->enough_arg = o->enough_arg;
	if (p->enough != NULL)
		uv_timer_start(&p->look, on_look, PROC_LOOK_MS, PROC_LOOK_MS);
	uv_timer_start(&p->timer, on_deadline,
	    (uint64_t)(o->deadline_ms > 0 ? o->deadline_ms : PROC_DEADLINE_MS),
	    0);
	if (p->streams) {
		close(o->stream[PIPE_IN]);
		close(o->stream[PIPE_OUT]);
		close_handle((uv_handle_t *)&p->pipe[PIPE_IN]);
		close_handle((uv_handle_t *)&p->pipe[PIPE_OUT]);
	} else {
		feed_input(p, o->input);
		uv_read_start((uv_stream_t *)&p->pipe[PIPE_OUT], on_alloc,
		    on_read);
	}
	uv_read_start((uv_stream_t *)&p->pipe[PIPE_ERR], on_alloc, on_read);
	return 0;
}

struct proc_waiter {
	struct proc_result *result;
	struct buf *out, *errs;
};

static void
on_done(void *arg, const struct proc_result *r)
{
	struct proc_waiter *w = arg;

	*w->result = *r;
	if (w->out != NULL)
		buf_put(w->out, r->out);
	if (w->errs != NULL)
		buf_put(w->errs, r->errs);
	w->result->out = w->result->errs = (struct slice){ 0 };
}

int
proc_run(const struct proc_opts *o, struct proc_result *r, struct buf *out,
    struct buf *errs, struct err *e)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct proc_waiter w = { r, out, errs };
	struct sigaction before;
	uv_loop_t loop;
	int rc = uv_loop_init(&loop);

	if (rc != 0)
		return err_set(e, ERR_TEMP, "event loop: %s", uv_strerror(rc));
	/* A child that ends without reading its input must not end us. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	rc = proc_start(&loop, o, on_done, &w, e);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	(void)sigaction(SIGPIPE, &before, NULL);
	return rc;
}

void
proc_describe(const struct proc_result *r, char *out, size_t size)
{
	if (r->enough)
		(void)snprintf(out, size, "was ended: it is enough");
	else if (r->timed_out)
		(void)snprintf(out, size, "did not end in time");
	else if (r->overflowed)
		(void)snprintf(out, size, "wrote too much");
	else if (r->signal != 0)
		(void)snprintf(out, size, "killed by signal %d", r->signal);
	else
		(void)snprintf(out, size, "exit %d", r->exit_status);
}

static void
stop_signal(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (uv_handle_get_type(h) == UV_SIGNAL)
		uv_signal_stop((uv_signal_t *)h);
}

/* A terminal's, which goes to the whole group. */
static bool
stays_ignored(int number)
{
	struct sigaction now;

	return (number == SIGHUP || number == SIGINT || number == SIGQUIT) &&
	    sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void
proc_own_signals(uv_loop_t *inherited)
{
	sigset_t none;

	if (inherited != NULL) {
		/* its pipe of signals is not to be shared */
		(void)uv_loop_fork(inherited);
		uv_walk(inherited, stop_signal, NULL);
	}
	/* SIGCHLD may be libuv's own, which installs it once a process */
	for (int i = 1; i < NSIG; i++)
		if (i != SIGCHLD && !stays_ignored(i))
			(void)signal(i, SIG_DFL); /* KILL: no */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* as in options_streams */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
