/*
 * Transport http: the child, and bytes between it and the program; see http.h.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "common/base/mem.h"
#include "common/base/sandbox.h"
#include "transport/channel_child.h"
#include "transport/http/http.h"

enum {
	CPU_S = 600, /* of a session that is not kept */
	LEAVE_MS = 8000,
	READ_MAX = 64 << 10,
	WAIT_MOST_MS = 60000,
};

/* --- The program's side ------------------------------------------------------- */

static void
read_local(struct http *h)
{
	static char room[READ_MAX];
	size_t most = http_requester_room(&h->requester);
	ssize_t n;

	while (most > 0) {
		n = recv(h->local, room, most < READ_MAX ? most : READ_MAX, 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			http_requester_put_end(&h->requester);
			if (channel_child_is_orphan(h->local))
				http_requester_orphan(&h->requester);
			h->leaving = clock_mono();
			return;
		}
		http_requester_put(&h->requester,
		    (struct slice){ room, (size_t)n }, clock_mono());
		most = http_requester_room(&h->requester);
	}
}

static void
write_local(struct http *h)
{
	ssize_t n;

	while (h->in.n > 0 && !h->gone) {
		n = send(h->local, h->in.p, h->in.n, MSG_NOSIGNAL);
		if (n > 0)
			buf_drop(&h->in, (size_t)n);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			h->gone = true;
	}
	if (h->gone)
		buf_reset(&h->in);
}

/* --- The far side ----------------------------------------------------------------- */

/* As many requests as may be under way; *over: both have ended. */
static int
start_requests(struct http *h, struct mono *wake, bool *over)
{
	enum http_todo todo = HTTP_NOTHING;
	size_t which;

	*wake = (struct mono){ INT64_MAX };
	while (h->in.n < HTTP_IN_MOST &&
	    (todo = http_requester_next(&h->requester, clock_mono(), &which,
		 wake)) == HTTP_START)
		if (http_exchange_begin(&h->exchange[which], h->e) == -1)
			return -1;
	*over = todo == HTTP_OVER;
	return 0;
}

/* Somebody took the connection, and closed it: it may have had too many. */
static bool
was_closed(CURLcode code, const struct err *e)
{
	return e->kind == ERR_TEMP &&
	    (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
		code == CURLE_SEND_ERROR || code == CURLE_SSL_CONNECT_ERROR);
}

static int
on_exchange_over(struct http *h, struct http_exchange *x, CURLcode code)
{
	struct mono now = clock_mono();
	bool again, met;

	if (http_exchange_over(x, code, &again, h->e) == 0) {
		http_requester_answered(&h->requester, x->which, &x->answer,
		    now);
		return 0;
	}
	met = was_closed(code, h->e);
	if (!http_requester_failed(&h->requester, x->which, met, now) ||
	    !again) {
		if (met && !h->requester.answered)
			h->e->sys = ECONNABORTED;
		return -1;
	}
	err_clear(h->e);
	return 0;
}

static int
hear_answers(struct http *h)
{
	int running = 0, left;
	CURLMsg *m;

	if (curl.multi_perform(h->multi, &running) != CURLM_OK)
		return err_set(h->e, ERR_TEMP, "curl does not go on");
	while ((m = curl.multi_info_read(h->multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		char *p = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
		if (on_exchange_over(h, (struct http_exchange *)(void *)p,
			code) == -1)
			return -1;
	}
	return 0;
}

static void
await(struct http *h, struct mono wake)
{
	struct curl_waitfd f = { .fd = h->local };
	int64_t ms = WAIT_MOST_MS;
	unsigned n = 0;

	if (http_requester_room(&h->requester) > 0)
		f.events |= CURL_WAIT_POLLIN;
	if (h->in.n > 0)
		f.events |= CURL_WAIT_POLLOUT;
	if (f.events != 0 && !h->gone)
		n = 1;
	if (wake.ns != INT64_MAX)
		ms = mono_ms_since(wake, clock_mono()) + 1;
	if (h->leaving.ns != 0 && ms > 1000)
		ms = 1000;
	curl.multi_poll(h->multi, &f, n, ms < 0 ? 0 : (int)ms, NULL);
}

static int
pump(struct http *h)
{
	struct mono wake;
	bool over = false;

	for (;;) {
		read_local(h);
		write_local(h);
		if (start_requests(h, &wake, &over) == -1)
			return -1;
		for (size_t i = 0; i < HTTP_POSTS; i++)
			http_exchange_resume(&h->exchange[i], &wake);
		if (over && h->in.n == 0)
			return 0;
		if (h->leaving.ns != 0 &&
		    mono_ms_since(clock_mono(), h->leaving) > LEAVE_MS)
			return err_set(h->e, ERR_TEMP,
			    "the far side did not end when we had");
		await(h, wake);
		if (hear_answers(h) == -1)
			return -1;
		http_look_at_sockets(h);
	}
}

/* --- The child ---------------------------------------------------------------------- */

static int
draw_id(char *out, struct err *e)
{
	unsigned char b[(HTTP_ID_SIZE - 1) / 2];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return err_sys(e, "getrandom");
	for (size_t i = 0; i < sizeof(b); i++) {
		out[2 * i] = "0123456789abcdef"[b[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[b[i] & 15];
	}
	out[HTTP_ID_SIZE - 1] = '\0';
	return 0;
}

static int
begin(struct http *h, struct err *e)
{
	/* It connects again as often as it must, but to nothing local. */
	const struct sandbox_opts so = { .inet_sockets = true };
	struct sandbox_state got;
	char id[HTTP_ID_SIZE];

	if (http_files(h, e) == -1)
		return -1;
	channel_child_cpu(h->a->keep ? RLIM_INFINITY : CPU_S);
	if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (h->multi = curl.multi_init()) == NULL)
		return err_set(e, ERR_TEMP, "libcurl does not start");
	if (http_look_up(h, e) == -1 || draw_id(id, e) == -1)
		return -1;
	http_requester_init(&h->requester, id, clock_mono());
	http_requester_rate(&h->requester, h->a->rate);
	for (size_t i = 0; i < HTTP_POSTS; i++) {
		h->exchange[i].h = h;
		h->exchange[i].which = i;
		if (http_exchange_open(&h->exchange[i], e) == -1)
			return -1;
	}
	return sandbox_enter(&so, &got, e);
}

static void
end(struct http *h)
{
	for (size_t i = 0; i < HTTP_POSTS; i++)
		http_exchange_close(&h->exchange[i]);
	if (h->multi != NULL)
		curl.multi_cleanup(h->multi);
	http_look_at_sockets(h);
	curl.slist_free_all(h->resolved);
	http_requester_clear(&h->requester);
	buf_clear(&h->in);
	http_files_clear(h);
	curl.global_cleanup();
}

static int
carry(const struct association *a, struct mono deadline, int local,
    struct channel_shared *shared, struct err *e)
{
	struct http *h;
	int rc;

	if (libcurl_load(e) == -1)
		return err_wrap(e, "%s", a->http_url);
	h = mem_alloc(sizeof(*h));
	*h = (struct http){ .a = a,
		.deadline = deadline,
		.local = local,
		.wire = &shared->wire,
		.e = e };
	for (size_t i = 0; i < HTTP_SOCKETS; i++)
		h->socket[i] = -1;
	rc = begin(h, e);
	if (rc == 0)
		rc = pump(h);
	if (rc == -1)
		err_wrap(e, "%s", a->http_url);
	end(h);
	free(h);
	return rc;
}

static int
check(const struct association *a, struct err *e)
{
	struct http h = { .a = a };
	int rc = http_files(&h, e);

	http_files_clear(&h);
	return rc;
}

const struct transport_ops transport_http = {
	.name = "http",
	.carry = carry,
	.check = check,
};
