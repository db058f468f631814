/*
 * See silence.h.  What came last is the newest segment, where the messages of every
 * way in end; when it came, its file says.  As `hubctl check` has it.
 */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/listing.h"
#include "hub/silence.h"

struct silence_of {
	int64_t due_s; /* nothing has to be looked at before */
	bool seen;     /* or something came, and the notice is raised */
};

void
silence_begin(struct silence *s, size_t n)
{
	silence_clear(s);
	s->of = mem_array(n + 1, sizeof(*s->of));
	s->n = n;
	silence_seen(s, SIZE_MAX);
}

void
silence_seen(struct silence *s, size_t i)
{
	for (size_t k = 0; k < s->n; k++)
		if (i == k || i == SIZE_MAX)
			s->of[k].seen = true;
}

void
silence_clear(struct silence *s)
{
	free(s->of);
	*s = (struct silence){ 0 };
}

/* 0: there is none. */
static int64_t
newest_s(int association_dir, const char *part)
{
	struct listing l = { 0 };
	char name[SEGMENT_NAME_SIZE];
	struct err ignored; /* nothing is said of what cannot be read */
	int64_t s = 0;
	struct stat st;
	int dir = durable_open_dir(association_dir, part, &ignored);

	if (dir == -1)
		return 0;
	if (listing_read(&l, dir, 0, &ignored) == 0 && l.n > 0 &&
	    fstatat(dir, segment_name_text(l.at[l.n - 1].name, name), &st,
		AT_SYMLINK_NOFOLLOW) == 0)
		s = st.st_mtim.tv_sec;
	listing_clear(&l);
	close(dir);
	return s;
}

static int64_t
came_s(const struct node *n, const struct association *a)
{
	struct err ignored; /* as above */
	int dir = node_open_association(n, a, &ignored);
	int64_t s = 0, archived_s = 0;

	if (dir == -1)
		return 0;
	s = newest_s(dir, "inbox");
	if (s == 0)
		archived_s = newest_s(dir, "archive");
	close(dir);
	return s > archived_s ? s : archived_s;
}

static void
tell(const struct silence_look *l, const struct association *a, int64_t s)
{
	char date[32] = "", text[96], next[64];
	const time_t t = (time_t)s;
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)snprintf(text, sizeof(text),
	    "nothing came since %s, for longer than silent-after", date);
	(void)snprintf(next, sizeof(next), "hubctl status %s", a->name);
	(void)notice_raise(l->notices,
	    &(struct notice){ a->name, SILENCE_KEY, text, next }, l->now);
}

void
silence_look(struct silence *s, size_t i, const struct association *a,
    const struct silence_look *l)
{
	const int64_t now_s = wall_s(l->now), most_s = a->silent_after_s;
	struct silence_of *of = &s->of[i];
	bool raised = notice_is_raised(l->notices, a->name, SILENCE_KEY);
	int64_t last_s;

	/* a clock that was set back must not make it wait for longer */
	if (now_s < of->due_s && of->due_s - now_s <= most_s &&
	    !(raised && of->seen))
		return;
	of->seen = false;
	last_s = came_s(l->node, a);
	of->due_s = (last_s == 0 || last_s > now_s ? now_s : last_s) + most_s;
	if (last_s == 0) /* it was not set up yet; or it is told elsewhere */
		return;
	if (of->due_s < now_s) {
		tell(l, a, last_s);
		of->due_s = now_s + most_s; /* or when it is seen */
	} else if (raised) {
		(void)notice_clear(l->notices, a->name, SILENCE_KEY, l->now);
	}
}
