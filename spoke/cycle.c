/*
 * A cycle's collectors on one loop; see cycle.h.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "spoke/cycle.h"

static void
note_counters(struct cycle_job *j)
{
	j->anew = mem_array(j->c.n, sizeof(*j->anew));
	for (size_t i = 0; i < j->c.n; i++)
		j->anew[i] = counters_anew(j->counters, j->c.reading[i].path,
		    j->c.reading[i].value);
}

static void
on_collected(void *arg, const struct collected *c)
{
	struct cycle_job *j = arg;

	j->c = *c;
	j->done = true;
	note_counters(j);
}

/* It could not even begin. */
static void
fail(struct cycle_job *j)
{
	j->c = (struct collected){ .failed = true,
		.timestamp_s = (uint64_t)wall_s(clock_wall()),
		.problem = j->problem.msg };
	j->done = true;
}

static void
begin(struct cycle_job *j, uv_loop_t *loop, int run_dir)
{
	const struct collector_run run = { loop, j->cc->period_s * 1000 / 2,
		on_collected, j };

	j->counters = counters_open(run_dir, j->cc->name);
	j->ops = collector_find(j->cc->type);
	if (j->ops == NULL) {
		err_set(&j->problem, ERR_CONFIG, "no collector of type %s",
		    j->cc->type);
		fail(j);
		return;
	}
	j->self = j->ops->open(j->cc, &j->problem);
	if (j->self == NULL || j->ops->run(j->self, &run, &j->problem) == -1)
		fail(j);
}

int
cycle_run(struct cycle_job *job, size_t n, int run_dir, struct err *e)
{
	uv_loop_t loop;
	int rc = uv_loop_init(&loop);

	if (rc != 0)
		return err_set(e, ERR_TEMP, "event loop: %s", uv_strerror(rc));
	for (size_t i = 0; i < n; i++)
		begin(&job[i], &loop, run_dir);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	for (size_t i = 0; i < n; i++)
		if (!job[i].done) {
			err_set(&job[i].problem, ERR_INTERNAL, "no answer");
			fail(&job[i]);
		}
	return 0;
}

struct readings
cycle_readings(const struct cycle_job *job)
{
	return (struct readings){ job->cc, &job->c, job->anew };
}

void
cycle_end(struct cycle_job *job, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cycle_job *j = &job[i];
		struct err e = { 0 };

		if (!j->c.failed && counters_save(j->counters, &e) == -1)
			log_warn("counters not kept: %s", e.msg);
		counters_close(j->counters);
		if (j->ops != NULL)
			j->ops->close(j->self);
		free(j->anew);
	}
}
