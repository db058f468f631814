/*
 * Loading libcurl, and its functions as calls of what was loaded; see
 * libcurl.h.  Those that end something do nothing where it was not loaded.
 */
#include "config.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "transport/http/libcurl.h"

/* Macros that check types, where a call is written. */
#undef curl_easy_getinfo
#undef curl_easy_setopt

static struct {
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_free) *free;
	__typeof__(curl_global_cleanup) *global_cleanup;
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_multi_add_handle) *multi_add_handle;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
	__typeof__(curl_multi_info_read) *multi_info_read;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_perform) *multi_perform;
	__typeof__(curl_multi_poll) *multi_poll;
	__typeof__(curl_multi_remove_handle) *multi_remove_handle;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_url) *url;
	__typeof__(curl_url_cleanup) *url_cleanup;
	__typeof__(curl_url_get) *url_get;
	__typeof__(curl_url_set) *url_set;
} loaded;

#define FUNCTION(name)                      \
	{                                   \
		"curl_" #name, &loaded.name \
	}

static const struct {
	const char *name;
	void *at; /* a pointer to the function's */
} functions[] = {
	FUNCTION(easy_cleanup),
	FUNCTION(easy_getinfo),
	FUNCTION(easy_init),
	FUNCTION(easy_setopt),
	FUNCTION(easy_strerror),
	FUNCTION(free),
	FUNCTION(global_cleanup),
	FUNCTION(global_init),
	FUNCTION(multi_add_handle),
	FUNCTION(multi_cleanup),
	FUNCTION(multi_info_read),
	FUNCTION(multi_init),
	FUNCTION(multi_perform),
	FUNCTION(multi_poll),
	FUNCTION(multi_remove_handle),
	FUNCTION(slist_append),
	FUNCTION(slist_free_all),
	FUNCTION(url),
	FUNCTION(url_cleanup),
	FUNCTION(url_get),
	FUNCTION(url_set),
};

int
libcurl_load(struct err *e)
{
	void *lib;

	if (loaded.url_set != NULL) /* the last one */
		return 0;
	lib = dlopen(LIBCURL_SONAME, RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return err_set(e, ERR_MISSING,
		    "libcurl is not installed: apt-get install libcurl4: %s",
		    dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *found = dlsym(lib, functions[i].name);

		if (found == NULL)
			return err_set(e, ERR_MISSING, "libcurl: %s",
			    dlerror());
		memcpy(functions[i].at, &found, sizeof(found));
	}
	return 0;
}

CURLcode
curl_global_init(long flags)
{
	return loaded.global_init(flags);
}

void
curl_global_cleanup(void)
{
	if (loaded.global_cleanup != NULL)
		loaded.global_cleanup();
}

const char *
curl_easy_strerror(CURLcode code)
{
	return loaded.easy_strerror(code);
}

void
curl_free(void *p)
{
	if (loaded.free != NULL)
		loaded.free(p);
}

/* --- A transfer ----------------------------------------------------------- */

CURL *
curl_easy_init(void)
{
	return loaded.easy_init();
}

void
curl_easy_cleanup(CURL *c)
{
	if (loaded.easy_cleanup != NULL)
		loaded.easy_cleanup(c);
}

/* What an option takes, its number says. */
CURLcode
curl_easy_setopt(CURL *c, CURLoption option, ...)
{
	int type = (int)option - (int)option % 10000;
	CURLcode rc;
	va_list ap;

	va_start(ap, option);
	if (type == CURLOPTTYPE_LONG)
		rc = loaded.easy_setopt(c, option, va_arg(ap, long));
	else if (type == CURLOPTTYPE_OFF_T)
		rc = loaded.easy_setopt(c, option, va_arg(ap, curl_off_t));
	else
		rc = loaded.easy_setopt(c, option, va_arg(ap, void *));
	va_end(ap);
	return rc;
}

CURLcode
curl_easy_getinfo(CURL *c, CURLINFO info, ...)
{
	CURLcode rc;
	va_list ap;

	va_start(ap, info);
	rc = loaded.easy_getinfo(c, info, va_arg(ap, void *));
	va_end(ap);
	return rc;
}

/* --- Several at once ------------------------------------------------------ */

CURLM *
curl_multi_init(void)
{
	return loaded.multi_init();
}

CURLMcode
curl_multi_cleanup(CURLM *m)
{
	return loaded.multi_cleanup != NULL ? loaded.multi_cleanup(m)
					    : CURLM_BAD_HANDLE;
}

CURLMcode
curl_multi_add_handle(CURLM *m, CURL *c)
{
	return loaded.multi_add_handle(m, c);
}

CURLMcode
curl_multi_remove_handle(CURLM *m, CURL *c)
{
	return loaded.multi_remove_handle(m, c);
}

CURLMcode
curl_multi_perform(CURLM *m, int *running)
{
	return loaded.multi_perform(m, running);
}

CURLMcode
curl_multi_poll(CURLM *m, struct curl_waitfd fds[], unsigned int n, int ms,
    int *ready)
{
	return loaded.multi_poll(m, fds, n, ms, ready);
}

CURLMsg *
curl_multi_info_read(CURLM *m, int *left)
{
	return loaded.multi_info_read(m, left);
}

/* --- Lists and addresses -------------------------------------------------- */

struct curl_slist *
curl_slist_append(struct curl_slist *list, const char *text)
{
	return loaded.slist_append(list, text);
}

void
curl_slist_free_all(struct curl_slist *list)
{
	if (loaded.slist_free_all != NULL)
		loaded.slist_free_all(list);
}

CURLU *
curl_url(void)
{
	return loaded.url();
}

void
curl_url_cleanup(CURLU *u)
{
	if (loaded.url_cleanup != NULL)
		loaded.url_cleanup(u);
}

#if LIBCURL_VERSION_NUM >= 0x080100
typedef const CURLU read_url;
#else
typedef CURLU read_url;
#endif

CURLUcode
curl_url_get(read_url *u, CURLUPart what, char **part, unsigned int flags)
{
	return loaded.url_get(u, what, part, flags);
}

CURLUcode
curl_url_set(CURLU *u, CURLUPart what, const char *part, unsigned int flags)
{
	return loaded.url_set(u, what, part, flags);
}
